//! A target whose dependency is down is not checked, and nothing is said about it.

use std::collections::BTreeSet;

use super::story::{Play, Story, name, s, target};
use crate::time::Span;
use crate::watch::{In, State, Target};

/// A router, and so many behind it.
fn behind(count: usize) -> Vec<Target> {
    let mut targets = vec![target("router", &[])];
    targets.extend((0..count).map(|n| target(&format!("web-{n}"), &["router"])));
    targets
}

fn all_bad(story: &mut Story, why: &'static str) {
    let names: Vec<String> = story
        .watch
        .targets()
        .iter()
        .map(|t| t.name.to_string())
        .collect();
    story.bad.extend(names.into_iter().map(|name| (name, why)));
}

#[test]
fn a_dead_router_in_front_of_fifty_is_one_message() {
    // Whenever it dies: the fifty are asked at other times than the router.
    for second in 0..10 {
        let mut story = Story::new(behind(50)).all_up();
        story.run(s(second));
        all_bad(&mut story, "timeout");
        let took = story.until_state("router", State::Down);
        assert!(took < s(20), "{took}");
        story.run(s(600));
        assert_eq!(story.news(), ["router down"]);
        assert_eq!(story.told[0].2.hides, 50);
        assert_eq!(story.state("web-7"), "dependency");
        assert_eq!(story.view("web-7").blocked, ["router"]);
        assert_eq!(story.view("web-7").why, "router is down");
        let lines: Vec<_> = story
            .log
            .iter()
            .filter(|text| text.contains("web-"))
            .collect();
        assert_eq!(lines, Vec::<&String>::new());
        assert!(
            story
                .log
                .iter()
                .any(|text| text.contains("50 targets are not asked because of it"))
        );
    }
}

#[test]
fn the_router_is_asked_at_once_when_one_behind_it_is_bad() {
    let mut targets = behind(1);
    // The router's own turn comes once in an hour only.
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets).all_up();
    all_bad(&mut story, "timeout");
    let took = story.until_state("router", State::Down);
    assert!(took < s(30), "{took}");
    story.run(s(60));
    assert_eq!(story.news(), ["router down"]);
}

#[test]
fn one_behind_a_good_router_is_down_as_soon_as_the_router_has_answered() {
    let mut targets = behind(1);
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets).all_up();
    story.bad.insert("web-0".to_string(), "refused");
    story.checks.insert("router".to_string(), Play::Ends(s(3)));
    story.run_until("three are bad", |story| story.view("web-0").streak == 3);
    assert_eq!(story.state("web-0"), "up", "until the router has answered");
    assert_eq!(story.until_state("web-0", State::Down), s(3));
    assert_eq!(story.news(), ["web-0 down"]);
}

#[test]
fn a_check_of_the_router_that_was_under_way_is_no_proof() {
    let mut targets = behind(1);
    targets[0].pace.interval = s(3_600);
    targets[1].pace.fall = 1;
    let mut story = Story::new(targets).all_up();
    // It is asked while the router is well, and the answer takes long.
    story.checks.insert("router".to_string(), Play::Ends(s(4)));
    story.give(In::Ask(name("router")));
    all_bad(&mut story, "timeout");
    story.give(In::Ask(name("web-0")));
    story.run(s(600));
    assert_eq!(story.news(), ["router down"]);
}

#[test]
fn what_is_hidden_is_not_asked_and_what_was_under_way_is_dropped() {
    let mut story = Story::new(behind(3)).all_up();
    all_bad(&mut story, "timeout");
    for n in 0..3 {
        story.checks.insert(format!("web-{n}"), Play::Hangs);
    }
    story.until_state("router", State::Down);
    assert_eq!(story.running, 0, "what hung was dropped");
    story.forget();
    story.run(s(600));
    assert!(story.asked.iter().all(|(_, name)| name == "router"));
}

#[test]
fn when_the_router_is_back_those_behind_it_are_asked_at_once_and_nothing_is_said() {
    let mut story = Story::new(behind(5)).all_up();
    all_bad(&mut story, "timeout");
    story.until_state("router", State::Down);
    story.run(s(60));
    story.bad.clear();
    story.until_state("router", State::Up);
    story.forget();
    assert_eq!(
        story.until_state("web-3", State::Up),
        // Asked twice, and the router once more.
        Span::from_millis(2_020)
    );
    story.run(s(60));
    assert_eq!(story.news(), Vec::<String>::new());
}

#[test]
fn one_that_died_behind_the_dead_router_is_said_when_the_router_is_back() {
    let mut story = Story::new(behind(3)).all_up();
    all_bad(&mut story, "timeout");
    story.until_state("router", State::Down);
    story.run(s(60));
    story.bad.clear();
    story.bad.insert("web-1".to_string(), "refused");
    story.run(s(120));
    assert_eq!(story.news(), ["router down", "router up", "web-1 down"]);
}

#[test]
fn one_that_was_down_before_its_router_says_nothing_twice() {
    let mut story = Story::new(behind(1)).all_up();
    story.bad.insert("web-0".to_string(), "refused");
    story.until_state("web-0", State::Down);
    all_bad(&mut story, "timeout");
    story.until_state("web-0", State::Dependency);
    story.bad.remove("router");
    story.run(s(120));
    assert_eq!(story.news(), ["web-0 down", "router down", "router up"]);
    story.bad.clear();
    story.run(s(60));
    assert_eq!(story.news().last().unwrap(), "web-0 up");
}

#[test]
fn a_chain_of_dependencies_is_one_message_from_its_bottom() {
    let mut targets = vec![target("t-0", &[])];
    targets.extend((1..6).map(|n| target(&format!("t-{n}"), &[&format!("t-{}", n - 1)])));
    for second in 0..10 {
        let mut story = Story::new(targets.clone()).all_up();
        story.run(s(second));
        for n in 2..6 {
            story.bad.insert(format!("t-{n}"), "timeout");
        }
        story.run(s(300));
        assert_eq!(story.news(), ["t-2 down"], "died at {second}");
        assert_eq!(story.view("t-5").blocked, ["t-2"]);
        story.bad.clear();
        story.run(s(300));
        assert_eq!(story.news(), ["t-2 down", "t-2 up"]);
        assert_eq!(story.state("t-5"), "up");
    }
}

#[test]
fn with_need_it_is_hidden_when_too_few_are_up() {
    let mut web = target("web", &["a", "b", "c"]);
    web.need = Some(2);
    let targets = vec![target("a", &[]), target("b", &[]), target("c", &[]), web];
    let mut story = Story::new(targets).all_up();
    story.bad.insert("a".to_string(), "gone");
    story.until_state("a", State::Down);
    story.run(s(60));
    assert_eq!(story.state("web"), "up");
    story.bad.insert("web".to_string(), "gone");
    story.until_state("web", State::Down);
    story.bad.insert("b".to_string(), "gone");
    story.until_state("b", State::Down);
    assert_eq!(story.state("web"), "dependency");
    assert_eq!(story.view("web").why, "a and b are down");
    assert_eq!(story.news(), ["a down", "web down", "b down"]);
}

#[test]
fn at_the_start_too_a_dead_router_is_one_message() {
    let mut story = Story::empty();
    story.reload(behind(20));
    all_bad(&mut story, "timeout");
    story.run(s(300));
    assert_eq!(story.news(), ["router down"]);
    assert!(story.told[0].2.first);
}

#[test]
fn how_many_are_hidden_is_counted_through_all_levels_and_none_twice() {
    let targets = vec![
        target("router", &[]),
        target("a", &["router"]),
        target("b", &["router"]),
        target("both", &["a", "b"]),
        target("other", &[]),
    ];
    let mut story = Story::new(targets).all_up();
    for bad in ["router", "a", "b", "both"] {
        story.bad.insert(bad.to_string(), "timeout");
    }
    story.run(s(120));
    assert_eq!(story.news(), ["router down"]);
    assert_eq!(story.told[0].2.hides, 3);
}

/// Ten layers, each target behind three of the layer before.
fn layers(wide: usize) -> Vec<Target> {
    let mut targets: Vec<Target> = (0..wide)
        .map(|n| target(&format!("t-0-{n}"), &[]))
        .collect();
    for layer in 1..10 {
        for n in 0..wide {
            let on = |more: usize| format!("t-{}-{}", layer - 1, (n + more * more) % wide);
            let on = [on(0), on(1), on(2)];
            let on: Vec<&str> = on.iter().map(String::as_str).collect();
            targets.push(target(&format!("t-{layer}-{n}"), &on));
        }
    }
    targets
}

/// All that are down below, found by a walk through everything, in its order.
fn walk(story: &Story, name: &str, found: &mut Vec<String>, seen: &mut BTreeSet<String>) {
    let place = |on: &String| {
        let mut targets = story.watch.targets().iter();
        targets.position(|target| target.name.as_str() == on)
    };
    let mut depends = story.view(name).depends;
    depends.sort_by_key(place);
    for on in depends {
        if !seen.insert(on.clone()) {
            continue;
        }
        match story.state(&on).as_str() {
            "down" => found.push(on),
            "dependency" => walk(story, &on, found, seen),
            _ => {}
        }
    }
}

#[test]
fn who_hides_what_is_known_through_all_layers_whatever_dies_and_comes_back() {
    let mut targets = layers(12);
    for target in targets.iter_mut().skip(24).step_by(3) {
        target.need = Some(2);
    }
    for target in targets.iter_mut().skip(30).step_by(7) {
        target.checks = 0;
    }
    let names: Vec<String> = targets.iter().map(|t| t.name.to_string()).collect();
    let mut story = Story::new(targets).all_up();
    let mut hidden = 0;
    for round in 0..12 {
        for (n, name) in names
            .iter()
            .enumerate()
            .filter(|(n, _)| (n + round) % 5 == 0)
        {
            // Most of them in the first layer.
            match (n + round) % 3 {
                0 => story.bad.remove(name.as_str()),
                _ if n < 24 || n % 11 == 0 => story.bad.insert(name.clone(), "gone"),
                _ => None,
            };
        }
        story.run(s(40));
        for name in &names {
            let view = story.view(name);
            let (mut found, mut seen) = (vec![], BTreeSet::new());
            if view.state == "dependency" {
                walk(&story, name, &mut found, &mut seen);
                found.truncate(crate::limits::BLOCKED_MAX);
                hidden += 1;
            }
            assert_eq!(view.blocked, found, "{name} in round {round}");
        }
    }
    assert!(hidden > 300, "{hidden}");
}

#[test]
fn who_hides_many_through_many_layers_is_found_by_a_look_at_each_dependency() {
    let targets = layers(40);
    let depends: usize = targets.iter().map(|target| target.depends.len()).sum();
    let mut story = Story::new(targets).all_up();
    story.bad.insert("t-0-0".to_string(), "gone");
    story.watch.looked.set(0);
    story.until_state("t-0-0", State::Down);
    assert!(story.told[0].2.hides > 150, "{}", story.told[0].2.hides);
    assert_eq!(story.view("t-9-0").blocked, ["t-0-0"]);
    let looked = story.watch.looked.get();
    assert!(looked <= 3 * depends, "{looked} for {depends} dependencies");
}

#[test]
fn that_another_died_below_is_told_through_all_layers() {
    let targets = vec![
        target("a", &[]),
        target("b", &[]),
        target("one", &["a", "b"]),
        target("two", &["one"]),
        target("three", &["two"]),
    ];
    let mut story = Story::new(targets).all_up();
    story.bad.insert("a".to_string(), "gone");
    story.until_state("three", State::Dependency);
    story.bad.insert("b".to_string(), "gone");
    story.forget();
    story.until_state("b", State::Down);
    assert!(story.shown.contains(&name("three")));
    assert_eq!(story.view("three").blocked, ["a", "b"]);
    assert_eq!(story.view("three").why, "a and b are down");
}

/// A service at an address that moves to another host, where this hc finds it well.
fn served() -> Vec<Target> {
    let mut here = target("here", &[]);
    here.pace.interval = s(3_600);
    let mut nginx = target("nginx", &["here"]);
    (nginx.pace.rise, nginx.pace.retry) = (1, Span::from_millis(100));
    vec![here, nginx]
}

#[test]
fn what_is_well_again_because_another_host_serves_it_is_not_called_up() {
    let mut story = Story::new(served()).all_up();
    story.bad.insert("nginx".to_string(), "status 500");
    story.until_state("nginx", State::Down);
    story.bad.clear();
    story.bad.insert("here".to_string(), "state DOWN");
    story.run(s(60));
    assert_eq!(story.state("nginx"), "dependency");
    assert_eq!(story.news(), ["nginx down", "here down"]);
    story.bad.clear();
    story.run(s(4_000));
    assert_eq!(story.news()[2..], ["here up", "nginx up"]);
}

#[test]
fn nor_is_it_as_the_first_that_is_known() {
    let mut story = Story::empty();
    story.bad.insert("here".to_string(), "state DOWN");
    story.reload(served());
    story.run(s(120));
    assert_eq!(story.state("nginx"), "dependency");
    let up = story.log.iter().any(|text| text.contains("-> up"));
    assert!(!up, "{:?}", story.log);
}
