//! Walks through every world of `fail_model::runs`, shows what each property needs to fail,
//! and prints what was proved as a table. `scripts/model` runs it.

#[path = "../tests/check/mod.rs"]
mod check;

use std::process::ExitCode;

use check::{Report, check, check_run, two_up};
use fail_model::mutants::MUTANTS;
use fail_model::runs::{self, CRASH, CUT, FAILURE, Which};
use fail_model::sketch::Sketch;
use fail_model::{Budget, Flaw};

const USAGE: &str = "usage: model [--full]";

/// A world with more states is given up: 8 GB are not enough for it.
const STATES_MAX: usize = 40_000_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let full = match args.as_slice() {
        [] => false,
        [word] if word == "--full" => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    println!(
        "model   hosts again begin    losses crashes deaths cuts failures hands   states   healed depth  seconds  proved"
    );
    let mut well = true;
    for run in runs::all().iter().filter(|run| full || !run.large) {
        let report = check_run(&run.which, STATES_MAX);
        println!("{}", row(&run.which, &report));
        for (flaw, story) in &report.flaws {
            println!("{flaw} does not hold:\n{story}");
        }
        well &= report.flaws.is_empty() && !report.cut_short;
    }
    println!("\nA broken rule, and what sees it:");
    for (what, rule) in MUTANTS {
        let seen = seen_by(rule);
        println!("  {what:46} {seen}");
        well &= !seen.is_empty();
    }
    println!("\nWhat can not be promised, in the fewest steps:");
    let world = Sketch {
        serving: true,
        budget: CUT,
        ..Sketch::of(2)
    };
    let story = two_up(&world);
    well &= story.is_some();
    let story = story.unwrap_or_default();
    story.lines().for_each(|line| println!("  {line}"));
    ExitCode::from(u8::from(!well))
}

fn row(which: &Which, report: &Report) -> String {
    let (model, hosts, again, serving, failback, left) = match which {
        Which::Sketch(w) => (
            "sketch",
            w.hosts,
            w.again.into(),
            w.serving,
            w.failback,
            w.budget,
        ),
        Which::Real(w) => ("real", w.hosts, w.again, w.serving, true, w.budget),
    };
    let begin = if serving { "serving" } else { "boot" };
    let Budget {
        losses,
        crashes,
        deaths,
        cuts,
        failures,
        hands,
    } = left;
    let proved = match (report.cut_short, report.flaws.is_empty(), failback) {
        (true, ..) => "nothing: too many states",
        (false, false, _) => "not all",
        (false, true, true) => "all",
        (false, true, false) => "all, with failback no",
    };
    format!(
        "{model:7} {hosts:5} {again:5} {begin:8} {losses:6} {crashes:7} {deaths:6} {cuts:4} \
         {failures:8} {hands:5} {:8} {:8} {:5} {:8.1}  {proved}",
        report.states,
        report.healed,
        report.depth,
        report.took.as_secs_f64()
    )
}

/// Which properties a broken rule breaks, with the number of hosts.
fn seen_by(rule: fail_core::decide::Rule) -> String {
    let mut seen: Vec<(Flaw, usize)> = Vec::new();
    let worlds = [
        (2, false, CRASH),
        (2, false, CUT),
        (2, false, FAILURE),
        (3, true, CRASH),
        (3, false, runs::CALM),
    ];
    for (hosts, serving, budget) in worlds {
        if hosts > 2 && !seen.is_empty() {
            break;
        }
        let world = Sketch {
            rule,
            serving,
            budget,
            ..Sketch::of(hosts)
        };
        let report = check(&world, STATES_MAX);
        seen.extend(report.flaws.iter().map(|(flaw, _)| (*flaw, hosts)));
    }
    seen.sort();
    seen.dedup();
    let words = seen
        .iter()
        .map(|(flaw, hosts)| format!("{flaw} ({hosts} hosts)"));
    words.collect::<Vec<_>>().join(", ")
}
