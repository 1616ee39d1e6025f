//! The watch is watched: a rule or a world that is broken on purpose is caught, and as a
//! violation of just the property that it breaks.

use fail_core::decide::{Rule, Verdict, decide};
use fail_core::policy::{Lonely, On, Retry, Service, Trap};
use fail_core::time::Span;
use fail_sim::rng::Rng;
use fail_sim::setup::{Setup, Theme};
use fail_sim::watch::Property;
use fail_sim::world::Broken;
use fail_sim::{Options, Report, run_setup};
use fail_wire::State;

/// A cluster that is drawn but for its theme and its scripts.
fn run(options: Options, theme: Theme, wild: bool) -> Report {
    let mut setup = Setup::draw(&mut Rng::new(options.seed), options.hosts);
    (setup.theme, setup.wild) = (theme, wild);
    setup.script_max = setup.script_max.max(200_000_000);
    for svc in &mut setup.services {
        for settings in [&mut svc.settings, &mut svc.other] {
            settings.timeout = settings.timeout.max(Span(3 * setup.script_max));
            // What is to be broken has to be there.
            change_settings(options.broken, settings);
        }
    }
    if options.broken == Broken::LosesTraps {
        setup.traps = vec![Trap {
            pattern: "*".to_string(),
            on: On::Any,
            script: "trap".to_string(),
        }];
    }
    run_setup(options, setup)
}

fn change_settings(broken: Broken, settings: &mut Service) {
    match broken {
        Broken::StartsUnasked
        | Broken::ChecksAllUp
        | Broken::ChecksAllFail
        | Broken::LooksAway
        | Broken::CancelsAtOnce => {
            settings.check = Some("check".to_string());
            settings.check_interval = Span::from_millis(100);
        }
        Broken::Impatient | Broken::GivesUp => {
            settings.retry = Some(Retry {
                initial: Span::from_millis(600),
                factor_milli: 2000,
                maximum: Span::from_millis(1500),
            });
        }
        Broken::GivesBack => settings.failback = false,
        Broken::KeepsAlone => {
            settings.lonely = Lonely::Stop;
            settings.interval = Span::from_millis(100);
        }
        _ => {}
    }
}

/// Of some worlds at least one shows the violation, and none shows another one.
fn caught(property: Property, theme: Theme, wild: bool, change: impl Fn(&mut Options)) {
    caught_or(property, &[], theme, wild, change);
}

/// The same where the fault may show in other ways as well.
fn caught_or(
    property: Property,
    others: &[Property],
    theme: Theme,
    wild: bool,
    change: impl Fn(&mut Options),
) {
    let mut found = 0;
    for seed in 1..=40 {
        let mut options = Options {
            seconds: 20,
            ..Options::seed(seed)
        };
        change(&mut options);
        let report = run(options, theme, wild);
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
    assert!(found > 0, "no world showed a violation of {property:?}");
}

fn rule_caught(rule: Rule, property: Property, theme: Theme) {
    caught(property, theme, false, |options| options.rule = rule);
}

fn world_caught(broken: Broken, property: Property, theme: Theme, wild: bool) {
    caught(property, theme, wild, |options| options.broken = broken);
}

// ===== rules

#[test]
fn a_rule_that_ignores_masters_gives_two_servers() {
    let rule: Rule = |local, _, slaves| decide(local, &[], slaves);
    rule_caught(rule, Property::OneServer, Theme::Network);
}

#[test]
fn a_rule_that_ignores_slaves_gives_two_servers() {
    let rule: Rule = |local, masters, _| decide(local, masters, &[]);
    rule_caught(rule, Property::OneServer, Theme::Wishes);
}

#[test]
fn a_rule_that_never_starts_leaves_a_calm_world_without_server() {
    let rule: Rule = |local, masters, slaves| match decide(local, masters, slaves) {
        Verdict::Start => Verdict::Wait,
        verdict => verdict,
    };
    rule_caught(rule, Property::Settled, Theme::Network);
}

#[test]
fn a_rule_that_does_not_give_way_is_no_hand_back() {
    let rule: Rule = |local, masters, slaves| match decide(local, masters, slaves) {
        Verdict::Stop => Verdict::Keep,
        verdict => verdict,
    };
    // Whoever was sent away and comes back finds two who serve, if a third had taken over.
    let others = [Property::OneServer];
    caught_or(Property::HandBack, &others, Theme::Wishes, false, |o| {
        o.rule = rule;
    });
}

#[test]
fn a_rule_that_stops_for_a_dead_master_stops_early() {
    let rule: Rule = |local, masters, slaves| match local {
        State::Up if !masters.is_empty() => Verdict::Stop,
        _ => decide(local, masters, slaves),
    };
    rule_caught(rule, Property::EarlyStop, Theme::Processes);
}

#[test]
fn a_rule_that_starts_in_fail_does_not_let_fail_stay() {
    let rule: Rule = |local, masters, slaves| match decide(local, masters, slaves) {
        Verdict::Idle => Verdict::Start,
        verdict => verdict,
    };
    caught(Property::FailStays, Theme::People, true, |options| {
        options.rule = rule
    });
}

// ===== worlds

#[test]
fn a_driver_that_runs_each_script_twice_is_seen() {
    world_caught(Broken::RunsTwice, Property::Jobs, Theme::Network, false);
}

#[test]
fn a_driver_that_does_not_end_scripts_is_seen() {
    world_caught(
        Broken::ForgetsCancel,
        Property::JobsEnd,
        Theme::Network,
        true,
    );
}

#[test]
fn a_driver_that_never_rests_is_seen() {
    world_caught(Broken::Restless, Property::Pace, Theme::Network, false);
}

#[test]
fn a_driver_that_wakes_failsh_late_is_seen() {
    world_caught(Broken::Sleepy, Property::Polled, Theme::Network, false);
}

#[test]
fn a_driver_that_acknowledges_before_it_saves_is_seen() {
    world_caught(Broken::SavedEarly, Property::Kept, Theme::Processes, false);
}

#[test]
fn a_person_who_says_fail_without_saying_why_is_seen() {
    world_caught(
        Broken::SilentHand,
        Property::FailReason,
        Theme::Network,
        false,
    );
}

#[test]
fn checks_that_call_everything_well_do_not_find_what_died() {
    world_caught(Broken::ChecksAllUp, Property::Found, Theme::Services, false);
}

#[test]
fn checks_that_call_everything_broken_take_down_what_is_well() {
    world_caught(
        Broken::ChecksAllFail,
        Property::Spared,
        Theme::Network,
        false,
    );
}

#[test]
fn who_does_not_look_what_runs_starts_it_again() {
    world_caught(
        Broken::LooksAway,
        Property::Adopted,
        Theme::Processes,
        false,
    );
}

#[test]
fn what_was_half_started_and_is_not_taken_down_is_seen() {
    world_caught(
        Broken::SkipsCleaning,
        Property::Cleaned,
        Theme::Processes,
        false,
    );
}

#[test]
fn a_start_that_nobody_has_announced_is_seen() {
    // A service that runs already is adopted by its first check, which this one starts.
    let others = [Property::Adopted];
    let change = |options: &mut Options| options.broken = Broken::StartsUnasked;
    caught_or(
        Property::Announced,
        &others,
        Theme::Processes,
        false,
        change,
    );
}

#[test]
fn a_check_that_is_not_waited_for_runs_beside_another_script() {
    world_caught(Broken::CancelsAtOnce, Property::Jobs, Theme::Wishes, false);
}

#[test]
fn who_tries_again_too_early_is_seen() {
    world_caught(Broken::Impatient, Property::Retry, Theme::Network, true);
}

#[test]
fn who_never_tries_again_is_seen() {
    world_caught(Broken::GivesUp, Property::Retried, Theme::Network, true);
}

#[test]
fn who_gives_way_to_a_master_that_is_only_ready_stops_early() {
    world_caught(
        Broken::GivesBack,
        Property::EarlyStop,
        Theme::Processes,
        false,
    );
}

#[test]
fn a_driver_that_starts_anew_with_each_policy_is_seen() {
    world_caught(
        Broken::ReloadForgets,
        Property::Reload,
        Theme::Admins,
        false,
    );
}

#[test]
fn who_calls_a_failsh_released_before_it_is_so_is_seen() {
    world_caught(
        Broken::ReleasedEarly,
        Property::Released,
        Theme::Admins,
        false,
    );
}

#[test]
fn an_order_that_is_never_answered_is_seen() {
    world_caught(
        Broken::ForgetsAnswers,
        Property::Answered,
        Theme::Wishes,
        false,
    );
}

#[test]
fn traps_that_are_lost_are_missed() {
    world_caught(Broken::LosesTraps, Property::Traps, Theme::Network, false);
}

#[test]
fn who_serves_although_nobody_can_hear_his_faild_is_seen() {
    world_caught(
        Broken::KeepsAlone,
        Property::Lonely,
        Theme::Processes,
        false,
    );
    world_caught(Broken::KeepsAlone, Property::Lonely, Theme::Updates, false);
}

#[test]
fn a_past_that_is_written_anew_is_seen() {
    world_caught(Broken::RewritesPast, Property::Past, Theme::People, false);
}

#[test]
fn a_seed_that_depends_on_memory_gives_another_trace() {
    let options = Options {
        seconds: 5,
        all_lines: true,
        broken: Broken::Address,
        ..Options::seed(1)
    };
    let (one, two) = (fail_sim::run(options), fail_sim::run(options));
    assert_ne!(one.hash, two.hash);
    assert_ne!(one.lines, two.lines);
}
