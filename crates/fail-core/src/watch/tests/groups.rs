//! Targets without checks: they are as those that they depend on.

use super::story::{Play, Story, group, ms, name, s, target};
use crate::watch::{In, State};

fn webs() -> Story {
    let targets = vec![
        target("router", &[]),
        target("web-1", &["router"]),
        target("web-2", &["router"]),
        target("web-3", &["router"]),
        group("webs", &["web-1", "web-2", "web-3"], 2),
        target("site", &["webs"]),
    ];
    Story::new(targets).all_up()
}

fn bad(story: &mut Story, names: &[&str]) {
    for name in names {
        story.bad.insert(name.to_string(), "refused");
    }
}

#[test]
fn a_group_is_up_while_enough_are_and_down_when_too_few_can_be() {
    let mut story = webs();
    bad(&mut story, &["web-1"]);
    story.until_state("web-1", State::Down);
    assert_eq!(story.state("webs"), "up");
    story.run(s(30));
    assert_eq!(story.view("webs").why, "2 of 3 up, 2 needed");
    bad(&mut story, &["web-2", "site"]);
    story.until_state("webs", State::Down);
    assert_eq!(story.view("webs").why, "web-1 and web-2 are down");
    assert_eq!(story.state("site"), "dependency");
    assert_eq!(story.view("site").blocked, ["webs"]);
    story.run(s(300));
    assert_eq!(story.news(), ["web-1 down", "web-2 down", "webs down"]);
    story.bad.clear();
    story.run(s(300));
    let end = &story.news()[3..];
    assert!(end.contains(&"webs up".to_string()) && !end.contains(&"site up".to_string()));
    assert_eq!(story.state("site"), "up");
}

#[test]
fn a_group_behind_a_dead_router_is_hidden_as_its_members_are() {
    let mut story = webs();
    bad(&mut story, &["router", "web-1", "web-2", "web-3", "site"]);
    story.run(s(300));
    assert_eq!(story.news(), ["router down"]);
    assert_eq!(
        (story.state("webs"), story.state("site")),
        ("dependency".into(), "dependency".into())
    );
    assert_eq!(story.view("site").blocked, ["router"], "the bottom of it");
    assert_eq!(story.told[0].2.hides, 5);
    story.bad.clear();
    story.run(s(300));
    assert_eq!(story.news(), ["router down", "router up"]);
    assert_eq!(story.state("site"), "up");
}

#[test]
fn who_depends_on_a_group_waits_until_its_members_are_certain() {
    for second in 0..10 {
        let mut story = webs();
        story.run(s(second));
        bad(&mut story, &["router", "web-1", "web-2", "web-3", "site"]);
        let first = story.run_until("something is said", |story| !story.told.is_empty());
        assert!(first < s(60));
        assert_eq!(story.news(), ["router down"]);
    }
    let mut story = webs();
    bad(&mut story, &["site"]);
    let took = story.until_state("site", State::Down);
    assert!(took < s(20), "its members have answered: {took}");
    assert_eq!(story.news(), ["site down"]);
}

#[test]
fn a_group_of_groups_is_no_different() {
    let targets = vec![
        target("a", &[]),
        target("b", &[]),
        group("one", &["a"], 1),
        group("two", &["b"], 1),
        group("any", &["one", "two"], 1),
        target("www", &["any"]),
    ];
    let mut story = Story::new(targets).all_up();
    bad(&mut story, &["a"]);
    story.until_state("one", State::Down);
    assert_eq!(story.state("any"), "up");
    bad(&mut story, &["www"]);
    story.until_state("www", State::Down);
    bad(&mut story, &["b"]);
    story.until_state("any", State::Down);
    assert_eq!(story.state("www"), "dependency");
    assert_eq!(
        story.news(),
        [
            "a down", "one down", "www down", "b down", "two down", "any down"
        ]
    );
}

#[test]
fn a_target_without_checks_and_without_dependencies_is_up() {
    let mut story = Story::new(vec![group("nothing", &[], 0)]);
    story.run(s(1));
    assert_eq!(story.state("nothing"), "up");
}

#[test]
fn a_member_that_is_bad_once_while_another_is_asked_hides_nothing_for_ever() {
    let mut targets = vec![
        target("web-1", &[]),
        target("web-2", &[]),
        group("webs", &["web-1", "web-2"], 2),
        target("site", &["webs"]),
    ];
    for web in &mut targets[..2] {
        web.pace.interval = s(3_600);
    }
    let mut story = Story::new(targets).all_up();
    bad(&mut story, &["site"]);
    let first = story.asked("site");
    story.run_until("site is found bad", |story| story.asked("site") > first);
    story.run(ms(20));
    // web-2 is certain already, and web-1 takes its time.
    story.give(In::Ask(name("web-2")));
    story.run(ms(20));
    story.checks.insert("web-1".to_string(), Play::Ends(s(1)));
    let asked = story.asked("web-1");
    story.run_until("web-1 is asked, as site would be down", |story| {
        story.asked("web-1") > asked
    });
    bad(&mut story, &["web-2"]);
    story.give(In::Ask(name("web-2")));
    story.run(ms(20));
    story.bad.remove("web-2");
    story.run(s(60));
    assert_eq!(story.news(), ["site down"]);
}

#[test]
fn many_that_fail_behind_a_group_have_its_members_asked_once_in_a_while() {
    let names: Vec<String> = (0..40).map(|n| format!("member-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut targets: Vec<_> = names.iter().map(|name| target(name, &[])).collect();
    targets.push(group("members", &names, 20));
    for n in 0..100 {
        let mut behind = target(&format!("behind-{n}"), &["members"]);
        behind.pace.fall = 1;
        targets.push(behind);
    }
    let mut story = Story::new(targets).all_up();
    for n in 0..100 {
        story.bad.insert(format!("behind-{n}"), "refused");
    }
    story.run(s(12));
    assert_eq!(story.news().len(), 100, "all were found down");
    for name in names {
        assert!(story.asked(name) <= 15, "{name}: {}", story.asked(name));
    }
}
