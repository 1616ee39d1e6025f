//! `scripts/bench` prints a figure for each of its promises. How large they are is nobody's
//! business here.

use std::path::PathBuf;
use std::process::Command;

use failover_tests::program;
use failover_tests::tree;

fn bench(argument: &str) -> program::Outcome {
    let mut command = Command::new(tree::path("scripts/bench"));
    // Where the programs of this run are built.
    let target = program::folder().parent().unwrap();
    command.arg(argument).env("CARGO_TARGET_DIR", target);
    program::run(command)
}

/// The rows of a table, by the beginning of its title: what each is of, and its figures.
fn rows(out: &str, title: &str) -> Vec<(String, Vec<f64>)> {
    let lines = out.lines().skip_while(|line| !line.starts_with(title));
    let rows = lines.skip(2).take_while(|line| line.starts_with("  "));
    let rows = rows.filter_map(|line| {
        let (what, figures) = line.split_at_checked(46)?;
        let figures = figures.replace([',', '%'], "");
        let figures = figures.split_whitespace().map(|word| match word {
            "-" => Some(0.0),
            word => word.parse().ok(),
        });
        Some((what.trim().to_string(), figures.collect::<Option<_>>()?))
    });
    rows.collect()
}

/// The folders for state files beside the programs.
fn left() -> usize {
    let all = tree::list(program::folder()).into_iter();
    let of_bench = |path: &PathBuf| path.is_dir() && tree::name(path).starts_with("bench-");
    all.filter(of_bench).count()
}

#[test]
fn the_bench_prints_each_figure_it_promises() {
    let before = left();
    let out = bench("--smoke").done();
    for (title, of) in [
        (
            "Queries for one service: 353 bytes asked, ",
            &[
                "an echo of these sizes",
                "an echo that verifies and signs",
                "faild, of its 1 service",
                "faild, of one of 20 services",
            ][..],
        ),
        (
            "One of the 2 pages that hold all 20 services: ",
            &[
                "an echo of these sizes",
                "an echo that verifies and signs",
                "faild, of 20 services",
            ],
        ),
        (
            "Changes of 64 services, each on disk before its answer: ",
            &[
                "the file alone: written, synced, renamed",
                "faild, one sender",
                "faild, 64 senders at once",
            ],
        ),
        (
            "Memory and start-up with 100 services",
            &[
                "no service at all, no state file",
                "typical names and reasons",
                "started with its state file",
                "the longest names and reasons",
                "started with its state file",
            ],
        ),
    ] {
        let rows = rows(&out, title);
        let names: Vec<&str> = rows.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(names, of, "{title}:\n{out}");
        for (what, figures) in rows {
            assert_eq!(figures.len(), 4, "{what}:\n{out}");
        }
    }
    let hmac = out.matches("Without HMAC faild would answer").count();
    assert_eq!(hmac, 2, "{out}");
    assert_eq!(left(), before, "it leaves its state files behind");
}

#[test]
fn a_bad_argument_of_the_bench_ends_with_64() {
    let outcome = bench("--smoek");
    assert_eq!(outcome.code, Some(64));
    assert!(outcome.err.contains("--smoek"), "{}", outcome.err);
}
