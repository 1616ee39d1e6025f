//! Every sample comes with rehearsals, and what is expected in them holds.

use std::path::PathBuf;

use failover_tests::{program, tree};

fn rehearsals() -> Vec<PathBuf> {
    let all = tree::files(&tree::path("samples"), "tcl");
    let mut all: Vec<PathBuf> = all
        .into_iter()
        .filter(|file| {
            file.parent()
                .is_some_and(|folder| folder.ends_with("rehearsal"))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_sample_of_a_policy_is_rehearsed_and_holds() {
    let all = rehearsals();
    for sample in ["chain", "minimal", "stack", "symmetric", "web-pair", "wild"] {
        let folder = tree::path("samples").join(sample).join("rehearsal");
        assert!(all.iter().any(|file| file.starts_with(&folder)), "{sample}");
    }
    for file in all {
        let mut command = program::command("failsh");
        command.arg("--rehearse").arg(&file);
        let outcome = program::run_within(super::LONG, command);
        let out = outcome.done();
        // Nothing that was expected waited for something that never came.
        assert!(!out.contains("Never tested"), "{}: {out}", file.display());
    }
}

#[test]
fn a_rehearsal_is_the_same_again_byte_for_byte() {
    let file = tree::path("samples/chain/rehearsal/crash.tcl");
    let run = |seed: &str| {
        let mut command = program::command("failsh");
        command.args(["--full", "--seed", seed, "--rehearse"]);
        command.arg(&file);
        program::run(command).done()
    };
    let first = run("7");
    assert_eq!(run("7"), first);
    assert_ne!(run("8"), first);
}
