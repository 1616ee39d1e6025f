//! When what is asked: the grid, what is asked out of turn, and how many at once.

use super::story::{Play, Story, group, name, s, target};
use crate::limits;
use crate::time::Span;
use crate::watch::{In, State, Target};

fn many(count: usize) -> Vec<Target> {
    (0..count)
        .map(|n| target(&format!("web-{n}"), &[]))
        .collect()
}

#[test]
fn thousands_are_spread_over_the_interval() {
    let mut story = Story::new(many(1_000));
    let begun = story.now.mono;
    story.run(s(10));
    let firsts: std::collections::BTreeMap<_, _> = story
        .asked
        .iter()
        .rev()
        .map(|(at, name)| (name.clone(), *at))
        .collect();
    assert_eq!(firsts.len(), 1_000, "all within an interval");
    let mut seconds = [0; 10];
    for at in firsts.values() {
        seconds[((*at - begun).0 / 1_000_000_000).min(9) as usize] += 1;
    }
    assert!(
        seconds.iter().all(|n| (50..=150).contains(n)),
        "{seconds:?}"
    );
}

#[test]
fn each_is_asked_once_in_an_interval_always_at_the_same_place() {
    let mut story = Story::new(many(20)).all_up();
    story.run(s(100));
    for n in 0..20 {
        let name = format!("web-{n}");
        let asked = story.asked.iter().filter(|(_, of)| *of == name);
        let places: std::collections::BTreeSet<u64> =
            asked.map(|(at, _)| at.0 % 10_000_000_000).collect();
        assert_eq!((places.len(), story.asked(&name)), (1, 10), "{name}");
    }
}

#[test]
fn the_first_check_of_one_that_is_asked_once_a_day_comes_within_a_minute() {
    let mut targets = many(50);
    targets
        .iter_mut()
        .for_each(|target| target.pace.interval = s(86_400));
    let mut story = Story::new(targets);
    story.run(s(70));
    assert!((0..50).all(|n| story.state(&format!("web-{n}")) == "up"));
}

#[test]
fn a_round_that_still_runs_skips_its_turn() {
    let mut www = target("www", &[]);
    www.pace.timeout = s(60);
    let mut story = Story::new(vec![www]).all_up();
    story.checks.insert("www".to_string(), Play::Ends(s(25)));
    story.run(s(120));
    assert!(story.asked("www") <= 5, "{}", story.asked("www"));
    assert_eq!(story.running, 1);
}

#[test]
fn no_more_checks_are_under_way_than_the_limit_and_the_first_due_is_the_first_asked() {
    let mut targets = many(limits::CHECKS_MAX + 300);
    targets
        .iter_mut()
        .for_each(|target| target.pace.timeout = s(30));
    let mut story = Story::new(targets);
    for n in 0..limits::CHECKS_MAX + 300 {
        story.checks.insert(format!("web-{n}"), Play::Ends(s(20)));
    }
    story.run(s(15));
    assert_eq!(story.running, limits::CHECKS_MAX);
    assert_eq!(story.watch.health().running, limits::CHECKS_MAX);
    story.run(s(45));
    assert!(story.running <= limits::CHECKS_MAX);
    let asked: std::collections::BTreeSet<_> = story.asked.iter().map(|(_, name)| name).collect();
    assert_eq!(asked.len(), limits::CHECKS_MAX + 300, "nobody is forgotten");
    assert!(
        story.watch.health().late_p99 > 1_000.0,
        "and it is told how late they were"
    );
}

#[test]
fn somebody_who_wants_it_checked_now_need_not_wait() {
    let mut targets = vec![target("www", &[]), group("all", &["www"], 1)];
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets).all_up();
    story.give(In::Ask(name("www")));
    assert_eq!(story.running, 1);
    story.run(s(1));
    story.give(In::Ask(name("all")));
    assert_eq!(story.running, 1, "what a group is made of");
    story.run(s(1));
    assert_eq!(story.asked("www"), 2);
    story.give(In::Ask(name("nobody")));
    assert_eq!(story.running, 0);
}

#[test]
fn of_one_that_is_hidden_the_one_that_hides_it_is_asked() {
    let mut targets = vec![target("router", &[]), target("www", &["router"])];
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets).all_up();
    story.bad.insert("router".to_string(), "gone");
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Dependency);
    story.bad.clear();
    story.forget();
    story.give(In::Ask(name("www")));
    story.run(Span::from_millis(20));
    assert_eq!((story.asked("router"), story.asked("www")), (1, 0));
}
