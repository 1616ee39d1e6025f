//! From findings to up and down.

use super::story::{Play, Story, line, s, target};
use crate::time::Span;
use crate::watch::{Event, Pace, State, Target, Verdict};

#[test]
fn so_many_good_ones_in_a_row_make_it_up_and_so_many_bad_ones_down() {
    let mut story = Story::new(vec![target("www", &[])]);
    story.run_until("it is asked", |story| story.asked("www") == 1);
    assert_eq!(story.state("www"), "pending");
    story.until_state("www", State::Up);
    assert_eq!(story.asked("www"), 2, "rise is 2");
    let mut story = story.all_up();
    story.bad.insert("www".to_string(), "status 500");
    story.until_state("www", State::Down);
    let asked: Vec<_> = story.asked.iter().map(|(at, _)| *at).collect();
    let bad = &asked[asked.len() - 3..];
    assert_eq!((bad[1] - bad[0], bad[2] - bad[1]), (s(2), s(2)), "retry");
    story.bad.clear();
    story.until_state("www", State::Up);
    assert_eq!(story.news(), ["www down", "www up"]);
}

#[test]
fn one_bad_one_is_asked_again_soon_and_nothing_is_said() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    story.bad.insert("www".to_string(), "timeout");
    story.run_until("one is bad", |story| story.view("www").streak == 1);
    assert_eq!(story.view("www").wanted, 3);
    assert_eq!(story.view("www").why, "fine", "it is up, and why is said");
    story.bad.clear();
    story.run(s(60));
    assert_eq!(story.news(), Vec::<String>::new());
    assert_eq!(story.view("www").streak, 0);
}

#[test]
fn that_it_is_up_as_the_first_that_is_known_is_told_to_wishes_only() {
    let mut www = target("www", &[]);
    let newest = |mut line: crate::watch::Line| {
        line.newest = true;
        line
    };
    www.lines = vec![
        line(&[Event::Change]),
        newest(line(&[Event::Change])),
        line(&[Event::Up]),
        line(&[Event::Down]),
    ];
    let mut story = Story::new(vec![www.clone()]);
    story.run(s(60));
    let told: Vec<_> = story
        .told
        .iter()
        .map(|(_, line, report)| (*line, report.good))
        .collect();
    assert_eq!(told, [(1, true)]);
    assert!(story.told[0].2.first);

    let mut story = Story::new(vec![www]);
    story.bad.insert("www".to_string(), "refused");
    story.run(s(60));
    let told: Vec<_> = story
        .told
        .iter()
        .map(|(_, line, r)| (*line, r.event))
        .collect();
    assert_eq!(
        told,
        [(0, Event::Change), (1, Event::Change), (3, Event::Down)]
    );
    let report = &story.told[0].2;
    assert!(report.first && report.from == State::Pending && report.to == State::Down);
}

#[test]
fn the_worst_of_its_checks_is_what_counts_and_a_warning_is_good() {
    let www = Target {
        checks: 3,
        ..target("www", &[])
    };
    let mut story = Story::new(vec![www]).all_up();
    story
        .verdicts
        .insert(("www".to_string(), 1), Verdict::Warning);
    story.run(s(30));
    let view = story.view("www");
    assert!(view.warning && view.state == "up");
    assert_eq!(view.why, "warning");
    story
        .verdicts
        .insert(("www".to_string(), 2), Verdict::Unknown);
    story.until_state("www", State::Down);
    assert_eq!(story.view("www").why, "unknown");
    let checks = story.view("www").checks.into_iter();
    let verdicts: Vec<String> = checks.filter_map(|check| check.verdict).collect();
    assert_eq!(verdicts, ["good", "warning", "unknown"]);
}

#[test]
fn a_bad_one_without_a_word_is_as_bad_as_any() {
    let www = Target {
        checks: 2,
        ..target("www", &[])
    };
    let mut story = Story::new(vec![www]).all_up();
    story.bad.insert("www".to_string(), "");
    story.verdicts.insert(("www".to_string(), 1), Verdict::Good);
    story.until_state("www", State::Down);
    assert_eq!(story.view("www").why, "");
}

#[test]
fn a_check_that_does_not_answer_is_found_unknown_after_its_deadline() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    story
        .checks
        .insert("www".to_string(), super::story::Play::Hangs);
    let took = story.until_state("www", State::Down);
    assert!(took > s(3 * 7), "three times timeout and grace: {took}");
    assert_eq!(story.view("www").why, "hc did not get round to it");
    assert_eq!(story.dropped, 3);
    story.checks.clear();
    story.until_state("www", State::Up);
}

#[test]
fn the_log_has_one_line_of_fixed_shape_for_each_change() {
    let mut story = Story::new(vec![target("www", &[])]);
    story.run(s(600));
    story.bad.insert("www".to_string(), "http: status 500");
    story.until_state("www", State::Down);
    story.bad.clear();
    story.until_state("www", State::Up);
    let shapes: Vec<&str> = story
        .log
        .iter()
        .map(|text| text.split(" after ").next().unwrap())
        .collect();
    assert_eq!(
        shapes,
        [
            "1 target",
            "target www: pending -> up (fine)",
            "target www: up -> down (http: status 500)",
            "target www: down -> up (fine)",
        ]
    );
    assert!(
        story.log[2].contains(" after 10m") || story.log[2].contains(" after 9m"),
        "{:?}",
        story.log
    );
}

#[test]
fn what_comes_from_a_check_can_not_write_a_line_of_its_own() {
    let mut story = Story::new(vec![target("www", &[])]);
    story.bad.insert(
        "www".to_string(),
        "a\ntarget x: up -> down (b) after 1s\x1b[2J",
    );
    story.until_state("www", State::Down);
    assert!(
        story
            .log
            .iter()
            .all(|text| !text.chars().any(char::is_control))
    );
    assert!(
        story
            .told
            .iter()
            .all(|(_, _, r)| !r.why.chars().any(char::is_control))
    );
}

#[test]
fn while_it_is_down_it_is_asked_less_and_less_often() {
    let backoff = crate::watch::Backoff {
        initial: s(10),
        factor: 200,
        maximum: s(60),
    };
    let mut www = target("www", &[]);
    www.pace = Pace {
        backoff: Some(backoff),
        ..Pace::default()
    };
    let mut story = Story::new(vec![www]).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.forget();
    story.run(s(400));
    let asked: Vec<_> = story.asked.iter().map(|(at, _)| *at).collect();
    let waits: Vec<Span> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(waits[..4], [s(20), s(40), s(60), s(60)]);
    story.bad.clear();
    story.until_state("www", State::Up);
    story.forget();
    story.run(s(100));
    assert!(story.asked("www") >= 9, "and as before when it is up again");
}

#[test]
fn that_it_is_still_down_is_said_again() {
    let mut www = target("www", &[]);
    www.pace.renotify = Some(s(600));
    let mut story = Story::new(vec![www]).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(1_300));
    assert_eq!(story.news(), ["www down", "www renotify", "www renotify"]);
    assert_eq!(story.told[2].2.lasted, s(1_200));
    story.bad.clear();
    story.run(s(1_300));
    assert_eq!(story.news().len(), 4, "not when it is up");
    assert!(story.told[3].2.lasted > s(1_250) && story.told[3].2.lasted < s(1_350));
}

#[test]
fn what_hc_did_not_get_round_to_counts_as_each_check_says() {
    let target = |unknown: &[Verdict]| Target {
        checks: 2,
        unknown: unknown.to_vec(),
        ..target("www", &[])
    };
    for (unknown, state, warns) in [
        (&[Verdict::Good, Verdict::Good][..], "up", false),
        (&[Verdict::Good, Verdict::Warning], "up", true),
        (&[Verdict::Good], "down", false),
        (&[Verdict::Bad, Verdict::Good], "down", false),
    ] {
        let mut story = Story::new(vec![target(unknown)]).all_up();
        story.checks.insert("www".to_string(), Play::Hangs);
        story.run(s(120));
        let view = story.view("www");
        assert_eq!(
            (view.state.as_str(), view.warning),
            (state, warns),
            "{unknown:?}"
        );
        for (n, check) in view.checks.iter().enumerate() {
            let verdict = unknown.get(n).copied().unwrap_or(Verdict::Unknown);
            assert_eq!(check.verdict.as_deref(), Some(verdict.word()));
            assert_eq!(check.why, "hc did not get round to it");
        }
    }
}
