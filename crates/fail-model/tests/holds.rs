//! What holds for every order of events, in worlds small enough for every day; and what can
//! not hold, as a story.

mod check;

use check::{check_run, two_up};
use fail_model::runs::{self, CUT};
use fail_model::sketch::Sketch;

/// More states than any of the small worlds has.
const STATES_MAX: usize = 1_000_000;

#[test]
fn every_property_holds_in_every_small_world() {
    for run in runs::all().iter().filter(|run| !run.large) {
        let report = check_run(&run.which, STATES_MAX);
        if let Some((flaw, story)) = report.flaws.first() {
            panic!("{:?}: {flaw} does not hold:\n{story}", run.which);
        }
        assert!(!report.cut_short, "{:?}: too many states", run.which);
        assert!(report.healed > 100, "{:?}: hardly a state", run.which);
        println!(
            "{:?}: {} states, {:?}",
            run.which, report.states, report.took
        );
    }
}

/// The shortest story of two hosts that are `UP`, as `failover(7)` tells it from
/// `tests/golden/split.txt`. `FAILOVER_GOLDEN=write` writes it anew.
#[test]
fn a_cut_makes_two_servers_and_the_page_tells_how() {
    let world = Sketch {
        serving: true,
        budget: CUT,
        ..Sketch::of(2)
    };
    let story = two_up(&world).expect("without a quorum a cut makes two servers");
    let is = format!("hosta is UP, hostb is RECOVER\n{story}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/split.txt");
    if std::env::var("FAILOVER_GOLDEN").is_ok() {
        std::fs::write(path, &is).unwrap();
    }
    let was = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        is, was,
        "the story is no longer as tests/golden/split.txt has it"
    );
}

#[test]
fn what_is_asked_again_makes_no_two_servers() {
    let world = Sketch {
        again: 1,
        budget: fail_model::Budget {
            losses: 1,
            ..runs::FAILURE
        },
        ..Sketch::of(2)
    };
    assert_eq!(
        two_up(&world),
        None,
        "one loss is made good by asking again"
    );
}
