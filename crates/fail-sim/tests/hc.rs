//! Hundreds of drawn worlds of hc in every `cargo test`: all properties hold, and the same
//! seed gives the same trace. A world that is broken on purpose is caught, and as a violation
//! of just the property that it breaks. `scripts/sim --hc` runs thousands.

use fail_sim::hc::look::Property;
use fail_sim::hc::{Broken, Options, run};

/// Runs a range of seeds; the first that fails is shown with the end of its trace.
fn all_hold(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let report = run(Options::seed(seed));
        assert_eq!(
            report.violation,
            None,
            "seed {seed}:\n{}\nscripts/sim --hc --seed {seed} --trace",
            report.lines.join("\n")
        );
    }
}

// Two halves, so that two cores share them.

#[test]
fn the_properties_hold_for_seeds_1_to_100() {
    all_hold(1..101);
}

#[test]
fn the_properties_hold_for_seeds_101_to_200() {
    all_hold(101..201);
}

/// What the worlds must have in them, or the properties say nothing.
#[test]
fn enough_happens_in_these_worlds() {
    let mut tally = std::collections::BTreeMap::new();
    for seed in 1..=60 {
        for (what, times) in run(Options::seed(seed)).tally {
            *tally.entry(what).or_insert(0) += times;
        }
    }
    for (what, least) in [
        ("downs said", 500),
        ("ups said", 500),
        ("warnings said", 100),
        ("clears said", 50),
        ("flappings said", 20),
        ("renotifies said", 500),
        ("stalls", 10),
        ("answers missed", 3),
        ("halts", 10),
        ("answers missed in a halt", 3),
        ("gasps", 1_000),
        ("restarts", 10),
        ("reloads", 10),
        ("actions that hang", 100),
        ("checks that do not end", 500),
    ] {
        let seen = tally.get(what).copied().unwrap_or(0);
        assert!(seen >= least, "{what}: {seen}, at least {least}: {tally:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    for seed in [3, 77, 1_000_005] {
        let options = Options {
            all_lines: true,
            ..Options::seed(seed)
        };
        let (one, two) = (run(options), run(options));
        assert_eq!(one.hash, two.hash, "seed {seed}");
        assert!(one.lines == two.lines, "seed {seed}: the hash missed it");
        assert!(
            one.lines.len() > 300,
            "seed {seed}: hardly anything happened"
        );
    }
    assert_ne!(run(Options::seed(1)).hash, run(Options::seed(2)).hash);
}

#[test]
fn a_seed_that_depends_on_memory_gives_another_trace() {
    let options = Options {
        all_lines: true,
        broken: Broken::Address,
        ..Options::seed(1)
    };
    let (one, two) = (run(options), run(options));
    assert_ne!(one.lines[0], two.lines[0]);
    assert_ne!(one.hash, two.hash);
}

/// Of some worlds at least three show the violation, and none shows another one but these.
fn caught(broken: Broken, property: Property, others: &[Property]) {
    let mut found = 0;
    for seed in 1..=400 {
        let report = run(Options {
            broken,
            ..Options::seed(seed)
        });
        let Some(violation) = report.violation else {
            continue;
        };
        if others.contains(&violation.property) {
            continue;
        }
        let lines = report.lines.join("\n");
        assert_eq!(
            violation.property, property,
            "seed {seed}: {violation:?}\n{lines}"
        );
        found += 1;
        // Enough to know that it is no accident.
        if found == 3 {
            break;
        }
    }
    assert_eq!(
        found, 3,
        "too few worlds showed a violation of {property:?}"
    );
}

#[test]
fn an_hc_that_does_not_know_what_depends_on_what_says_too_much() {
    // What is hidden by the file is shown otherwise, too.
    let others = [Property::SaidTruth, Property::Told];
    caught(Broken::HidesDepends, Property::OneMessage, &others);
}

#[test]
fn who_is_down_and_never_told_of_is_missed() {
    // A check that does not end is bad all the same, below one that is called good; and what
    // is down is called good after that.
    let others = [
        Property::SaidTruth,
        Property::OneMessage,
        Property::NeverTrue,
    ];
    caught(Broken::SwallowsBad, Property::Told, &others);
}

#[test]
fn who_is_up_again_and_called_down_for_ever_is_seen() {
    caught(
        Broken::NeverGood,
        Property::SaidTruth,
        &[Property::NeverTrue],
    );
}

#[test]
fn what_was_never_true_is_not_believed() {
    caught(Broken::Lies, Property::NeverTrue, &[]);
}

#[test]
fn who_speaks_after_one_finding_where_several_are_wanted_is_seen() {
    caught(Broken::Hasty, Property::Grounds, &[Property::WarnedTruth]);
}

#[test]
fn an_action_that_is_done_twice_at_once_is_seen() {
    caught(Broken::ActsTwice, Property::OneAtATime, &[]);
}

#[test]
fn an_action_that_never_ends_is_seen() {
    let others = [Property::OneAtATime];
    caught(Broken::ForgetsForget, Property::Ends, &others);
}

#[test]
fn an_hc_that_forgets_over_a_restart_says_things_twice() {
    // What waited is lost, too, and all wishes are made again.
    let others = [
        Property::Counts,
        Property::FlapSaid,
        Property::NeverTrue,
        Property::Missed,
        Property::Heard,
        Property::Wish,
        Property::WishOnce,
        Property::WishTrue,
        Property::WarnedTruth,
        Property::WarnedSaid,
    ];
    caught(Broken::Forgetful, Property::Order, &others);
}

#[test]
fn who_is_asked_all_the_time_is_seen() {
    caught(Broken::Restless, Property::Pace, &[]);
}

#[test]
fn an_hc_that_is_not_told_that_its_checks_stood_still_accuses_the_innocent() {
    let others = [Property::Pace, Property::SaidTruth];
    caught(Broken::Unheard, Property::NeverTrue, &others);
}

#[test]
fn who_is_not_asked_is_missed() {
    let others = [
        Property::Told,
        Property::SaidTruth,
        Property::Ends,
        Property::FlapSaid,
    ];
    caught(Broken::Sleepy, Property::Polled, &others);
}

#[test]
fn a_check_of_what_is_hidden_that_goes_on_is_seen() {
    // One that is given up and goes on, too: it is asked twice at once then.
    caught(
        Broken::ForgetsDrop,
        Property::Hidden,
        &[Property::OneAtATime, Property::Grounds],
    );
}

#[test]
fn a_line_that_is_told_what_it_is_not_about_is_seen() {
    let others = [Property::Counts, Property::Limits, Property::WishTrue];
    caught(Broken::HearsAll, Property::Heard, &others);
}

#[test]
fn a_line_that_is_not_told_what_it_is_about_is_missed() {
    // The wishes are not done either; and another event is told by another name.
    let others = [
        Property::Wish,
        Property::WishOnce,
        Property::WishTrue,
        Property::Heard,
        Property::Counts,
        Property::Limits,
    ];
    caught(Broken::Deaf, Property::Missed, &others);
}

#[test]
fn a_line_that_does_not_go_on_over_a_reload_is_seen() {
    let others = [
        Property::WishOnce,
        Property::Missed,
        Property::Counts,
        Property::Limits,
    ];
    caught(Broken::NewLines, Property::GoesOn, &others);
}

#[test]
fn what_a_line_does_that_is_gone_is_seen() {
    let others = [
        Property::Heard,
        Property::Missed,
        Property::Order,
        Property::Wish,
        Property::Counts,
        Property::Limits,
        Property::OneAtATime,
        Property::WishOnce,
        Property::WishTrue,
    ];
    caught(Broken::OldLines, Property::Gone, &others);
}

#[test]
fn a_wish_that_is_not_what_was_said_is_seen() {
    caught(Broken::TurnsWishes, Property::WishTrue, &[]);
}

#[test]
fn a_wish_that_is_done_again_after_a_restart_is_seen() {
    caught(Broken::LosesWishes, Property::WishOnce, &[]);
}

#[test]
fn a_warning_of_which_nothing_is_said_is_missed() {
    caught(Broken::SwallowsWarnings, Property::WarnedSaid, &[]);
}

#[test]
fn a_warning_that_is_none_is_seen() {
    let others = [Property::WarnedSaid];
    caught(Broken::InventsWarnings, Property::WarnedTruth, &others);
}

#[test]
fn limits_that_are_not_kept_are_seen() {
    // Lines that are slow are not told in the same moment.
    let others = [Property::Heard, Property::Counts];
    caught(Broken::NoLimits, Property::Limits, &others);
}

#[test]
fn what_limits_leave_out_and_nobody_counts_is_missed() {
    caught(Broken::LosesCounts, Property::Counts, &[]);
}

#[test]
fn flapping_that_nobody_speaks_of_is_missed() {
    caught(Broken::NoFlap, Property::FlapSaid, &[]);
}

#[test]
fn flapping_of_which_there_was_none_is_seen() {
    caught(Broken::FlapsEarly, Property::FlapSaid, &[]);
}

#[test]
fn a_target_that_is_said_to_rest_while_it_flaps_is_seen() {
    let others = [Property::FlapSaid];
    caught(Broken::RestsEarly, Property::FlapQuiet, &others);
}

#[test]
fn what_is_said_of_a_target_that_is_worked_on_is_seen() {
    caught(
        Broken::NoWindows,
        Property::Maintenance,
        &[Property::SaidTruth, Property::Told],
    );
}

#[test]
fn a_wish_that_failed_and_is_called_done_is_missed() {
    caught(Broken::SwallowsFailures, Property::Wish, &[]);
}
