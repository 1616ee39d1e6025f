//! `scripts/chaos` for a moment: the same faults each time, and all that is promised holds. And
//! once with stop scripts that forget the address, which has to be found.

use std::path::PathBuf;
use std::process::Command;

use failover_tests::{program, skipped, tree};

/// It could not be had here.
const NOT_HERE: Option<i32> = Some(77);

/// Long enough for all programs to start, a storm and a rest, on a machine that does other
/// things as well; what hangs is ended by this.
const LIMIT: &str = "240";

fn chaos(arguments: &[&str]) -> Option<program::Outcome> {
    if !nix::unistd::geteuid().is_root() {
        skipped("chaos needs root, for network namespaces");
        return None;
    }
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", LIMIT]);
    command.arg(tree::path("scripts/chaos")).args(arguments);
    // Where the programs of this run are built.
    let target = program::folder().parent().unwrap();
    command.env("CARGO_TARGET_DIR", target);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let outcome = program::Outcome {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    if outcome.code == NOT_HERE {
        skipped(&format!("chaos: {}", outcome.err.trim()));
        return None;
    }
    Some(outcome)
}

#[test]
fn a_storm_passes_and_everything_that_is_promised_holds() {
    let arguments = ["--minutes", "0.2", "--hosts", "3", "--seed", "1"];
    let Some(outcome) = chaos(&arguments) else {
        return;
    };
    let out = outcome.done();
    println!("{out}");
    assert!(out.contains("3 hosts, seed 1"), "{out}");
    assert!(
        !out.contains(", 0 rounds") && !out.contains("\n0 faults"),
        "{out}"
    );
}

#[test]
fn stop_scripts_that_forget_the_address_are_found() {
    let arguments = [
        "--minutes",
        "0.2",
        "--hosts",
        "2",
        "--seed",
        "3",
        "--broken",
    ];
    let Some(outcome) = chaos(&arguments) else {
        return;
    };
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    // It is named: the address, and where it is.
    let out = &outcome.out;
    let on_both = ["alpha: 10.77.0.100", "beta: 10.77.0.101"];
    let on_both = on_both.map(|of| format!("VIOLATION settled: {of} is on h1 and h2"));
    assert!(on_both.iter().any(|said| out.contains(said)), "{out}");
    assert!(out.contains(": runs stop: "), "no story in {out}");
    let told_to_people = |line: &&str| !line.contains(['{', '[']) && !line.contains("Ok(");
    assert!(out.lines().all(|line| told_to_people(&line)), "{out}");
    let kept = outcome
        .out
        .lines()
        .find_map(|line| line.strip_prefix("recordings and logs are kept in "));
    let kept = PathBuf::from(kept.expect("the folder with the recordings"));
    assert!(kept.join("h1/rec").is_dir(), "{}", kept.display());
    std::fs::remove_dir_all(kept).unwrap();
}

#[test]
fn chaos_prints_the_same_help_as_its_script() {
    let help = |program: PathBuf| {
        let mut command = Command::new(program);
        command.arg("--help");
        program::run(command).done()
    };
    let said = help(program::folder().join("chaos"));
    assert!(said.contains("--broken"), "{said}");
    assert_eq!(help(tree::path("scripts/chaos")), said);
}

#[test]
fn a_bad_argument_of_chaos_ends_with_64() {
    let mut command = Command::new(tree::path("scripts/chaos"));
    let target = program::folder().parent().unwrap();
    command
        .args(["--hosts", "9"])
        .env("CARGO_TARGET_DIR", target);
    let said = program::run(command).failed(64);
    assert!(said.contains("--hosts 9"), "{said}");
}
