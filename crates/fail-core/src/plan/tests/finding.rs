//! Who is there and who is not: taking over, giving way, doubting oneself.

use fail_wire::{Body, Key, Marks, Packet, State, emit};

use super::story::{LOCAL, Story, at, ms, name, service};
use crate::job::Task;
use crate::machine::Machine;
use crate::plan::In;
use crate::policy::{Confirm, Host, Policy, Service};
use crate::time::Span;

#[test]
fn alone_in_the_world_it_becomes_ready_says_that_it_starts_and_starts() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.run_until("the start is announced", |s| {
        s.record(LOCAL, "web").marks.has(Marks::STARTING)
    });
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    assert_eq!(story.orders.len(), 0);
    story.run_until("it runs", |s| s.orders.len() == 1);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let record = story.record(LOCAL, "web");
    assert_eq!(record.marks, Marks(0));
    assert_eq!(record.reason.as_str(), "start: no master can serve");
    let shape = "service web: RECOVER -> UP (start: no master can serve) after ";
    assert!(
        story.log.iter().any(|line| line.starts_with(shape)),
        "{:?}",
        story.log
    );
}

#[test]
fn a_master_that_can_serve_is_left_to_it() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Recover);
    story.run(Span::from_secs(10));
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    assert_eq!(story.orders.len(), 0);
}

#[test]
fn a_dead_master_is_found_within_one_interval_and_a_burst() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(ms(10_001));
    story.silent.insert(at("hosta"));
    let found = story.run_until("the start runs", |s| s.count(Task::Start) == 1);
    // One interval, 20 ms until the answer is overdue, four more tries 50 ms apart and the
    // last one's time, the announcement, and one more question to a host that is dead.
    let most = ms(1000 + 20 + 4 * 50 + 20 + 10 + 60);
    assert!(found <= most, "{found} > {most}");
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn a_host_whose_way_has_become_slow_while_it_was_dead_is_found_again() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    // Answers came within milliseconds, so that one is overdue after 20.
    story.run(Span::from_secs(10));
    story.silent.insert(at("hosta"));
    story.run_until("it serves here", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(5));
    story.silent.clear();
    story.slow.insert(at("hosta"), ms(90));
    let found = story.run_until("it gives way", |s| s.state(LOCAL, "web") != State::Up);
    // One round whose answer comes too late, and the next one.
    assert!(found <= ms(2_500), "{found}");
}

#[test]
fn a_lost_datagram_costs_nothing() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    for lost in 1..=4 {
        story.lose.insert(at("hosta"), lost);
        story.run(Span::from_secs(3));
    }
    assert_eq!(story.orders.len(), 0);
    assert!(
        !story.log.iter().any(|line| line.contains("unreachable")),
        "{:?}",
        story.log
    );
    story.lose.insert(at("hosta"), 5);
    story.run_until("five lost ones are one too many", |s| {
        s.log
            .iter()
            .any(|line| line == "host hosta: unreachable, asked 5 times")
    });
}

#[test]
fn a_returning_master_waits_for_the_slave_to_give_way() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.set("hostb", "web", State::Up);
    story.run(Span::from_secs(5));
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    assert_eq!(story.orders.len(), 0);
    story.set("hostb", "web", State::Recover);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    assert_eq!(story.count(Task::Reclaim), 0);
}

#[test]
fn a_slave_that_is_about_to_start_is_waited_for() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.set("hostb", "web", State::Recover);
    story.change("hostb", "web", None, Marks::STARTING, Marks(0), "start");
    story.run(Span::from_secs(5));
    assert_eq!(story.orders.len(), 0);
    story.set("hostb", "web", State::Up);
    story.run(Span::from_secs(5));
    assert_eq!(story.orders.len(), 0);
}

#[test]
fn a_slave_seen_starting_after_our_announcement_takes_it_back() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.set("hostb", "web", State::Recover);
    story.run_until("the start is announced", |s| {
        s.record(LOCAL, "web").marks.has(Marks::STARTING)
    });
    story.change("hostb", "web", None, Marks::STARTING, Marks(0), "start");
    story.run(Span::from_secs(5));
    assert_eq!(story.orders.len(), 0);
    assert!(!story.record(LOCAL, "web").marks.has(Marks::STARTING));
}

#[test]
fn after_a_partition_the_master_takes_back_once() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hostb", "web", State::Up);
    story.run(Span::from_secs(5));
    assert_eq!(story.orders.len(), 1, "it keeps serving");
    story.set("hostb", "web", State::Recover);
    story.run(Span::from_secs(5));
    assert_eq!(story.count(Task::Reclaim), 1);
    assert_eq!(story.state(LOCAL, "web"), State::Up);
}

#[test]
fn a_slave_that_served_between_two_looks_is_noticed() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.set("hostb", "web", State::Recover);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(2));
    story.silent.insert(at("hostb"));
    story.run(Span::from_secs(5));
    // It has started, served, seen us and given way before we look again.
    story.change("hostb", "web", None, Marks::STARTING, Marks(0), "start");
    story.set("hostb", "web", State::Up);
    story.set("hostb", "web", State::Recover);
    story.silent.clear();
    story.run(Span::from_secs(5));
    assert_eq!(story.count(Task::Reclaim), 1);
}

#[test]
fn a_slave_that_is_starting_when_we_hear_it_again_will_have_served() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.set("hostb", "web", State::Recover);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.change("hostb", "web", None, Marks::STARTING, Marks(0), "start");
    story.run(Span::from_secs(3));
    assert_eq!(story.count(Task::Reclaim), 0, "not while it is at it");
    story.set("hostb", "web", State::Recover);
    story.run(Span::from_secs(3));
    assert_eq!(story.count(Task::Reclaim), 1);
}

#[test]
fn a_slave_that_served_while_no_failsh_was_here_is_noticed() {
    for (slave_is_younger, reclaims) in [(true, 1), (false, 0)] {
        let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
        let hosts = if slave_is_younger {
            [LOCAL, "hostb"]
        } else {
            ["hostb", LOCAL]
        };
        for host in hosts {
            let state = if host == LOCAL {
                State::Up
            } else {
                State::Recover
            };
            story.set(host, "web", state);
            story.freeze(Span::from_secs(1));
        }
        story.run(Span::from_secs(5));
        assert_eq!(story.count(Task::Reclaim), reclaims);
        assert_eq!(story.orders.len(), reclaims);
    }
}

#[test]
fn a_serving_slave_gives_way_to_a_master() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hosta", "web", State::Recover);
    let gone = story.run_until("it gave way", |s| s.state(LOCAL, "web") == State::Recover);
    assert!(gone <= ms(1000 + 100 + 10), "{gone}");
    assert_eq!(
        story.record(LOCAL, "web").reason.as_str(),
        "stop: a master can serve; masters hosta=RECOVER"
    );
}

#[test]
fn a_master_that_nobody_brings_up_does_not_stand_in_the_way() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.change_as(
        "hosta",
        "web",
        Some(State::Recover),
        Marks(0),
        Marks(0),
        "ready",
        1000,
    );
    story.run(Span::from_secs(2));
    assert_eq!(story.orders.len(), 0);
    // Its failsh is dead: no beat for three intervals.
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn a_master_whose_faild_lost_its_memory_is_believed_for_a_round() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(3));
    story.forget_all("hosta");
    story.run(ms(1000));
    assert_eq!(story.orders.len(), 0);
    assert!(!story.record(LOCAL, "web").marks.has(Marks::STARTING));
    story.run_until("but not for ever", |s| s.count(Task::Start) == 1);
}

#[test]
fn a_master_that_serves_without_supervision_is_not_replaced() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.change_as(
        "hosta",
        "web",
        Some(State::Up),
        Marks(0),
        Marks(0),
        "start",
        1000,
    );
    story.run(Span::from_secs(30));
    assert!(story.record("hosta", "web").marks.has(Marks::UNSUPERVISED));
    assert_eq!(story.orders.len(), 0);
}

#[test]
fn whoever_was_stopped_doubts_himself_first() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(3));
    // Stopped in the middle of a question: its answer is old news when we are back.
    story.run_until("a question is on its way", |s| {
        !s.on_the_way_to("hosta").is_empty()
    });
    story.freeze(Span::from_secs(60));
    story.run(Span::from_secs(3));
    assert_eq!(story.plan.stats().doubted, 1);
    assert_eq!(story.orders.len(), 0);
    assert!(
        !story.log.iter().any(|line| line.contains("unreachable")),
        "{:?}",
        story.log
    );
}

#[test]
fn the_first_claim_waits_for_the_delay() {
    let slow = Service {
        delay: Span::from_secs(8),
        ..service(&[], &[])
    };
    let mut story = Story::new(&[("web", slow)]);
    story.run(ms(7900));
    assert_eq!(story.orders.len(), 0);
    assert!(
        story
            .plan
            .status(&name("web"))
            .unwrap()
            .why
            .starts_with("wait: delay")
    );
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn only_the_answer_to_an_open_question_counts() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(3));
    story.silent.insert(at("hosta"));
    story.run_until("a question is on its way", |s| {
        !s.on_the_way_to("hosta").is_empty()
    });
    let question = story.on_the_way_to("hosta").remove(0);
    let id = Packet::read(&question).unwrap().request();
    let answer = Body::Answer(fail_wire::Answer {
        nonce: 1,
        more: false,
        records: vec![story.record("hosta", "web")],
    });
    let (right, wrong) = (Key::new("public").unwrap(), Key::new("other").unwrap());
    let before = story.plan.stats().dropped;
    story.inject(at("hostb"), emit(Some(&right), id, &answer));
    story.inject(at("hosta"), emit(Some(&wrong), id, &answer));
    story.inject(at("hosta"), emit(Some(&right), id ^ 1, &answer));
    story.inject(at("hosta"), emit(None, id, &answer));
    story.inject(at("hosta"), question);
    story.inject(at("hosta"), b"garbage".to_vec());
    story.run(ms(1));
    assert_eq!(story.plan.stats().dropped, before + 6);
    story.run_until("nobody was fooled", |s| s.count(Task::Start) == 1);
}

#[test]
fn hundreds_of_services_are_asked_for_in_pages() {
    let services: Vec<(String, Service)> = (0..200)
        .map(|n| (format!("service-{n:03}"), service(&["hosta"], &[])))
        .collect();
    let services: Vec<(&str, Service)> = services
        .iter()
        .map(|(text, s)| (text.as_str(), s.clone()))
        .collect();
    let mut story = Story::new(&services);
    for (text, _) in &services {
        story.set("hosta", text, State::Up);
    }
    story.set("hosta", "service-137", State::Fail);
    story.run(Span::from_secs(5));
    let orders: Vec<&str> = story
        .orders
        .iter()
        .map(|(_, order)| order.service.as_str())
        .collect();
    assert_eq!(orders, ["service-137"]);
    for (text, _) in &services {
        assert_ne!(
            story.state(LOCAL, text),
            State::Fail,
            "{text} was published"
        );
    }
}

#[test]
fn a_quick_interval_finds_a_dead_master_quickly() {
    let quick = Service {
        interval: ms(10),
        confirm: Confirm {
            times: 3,
            spacing: Some(ms(5)),
        },
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", quick)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1));
    story.silent.insert(at("hosta"));
    let found = story.run_until("the start runs", |s| s.count(Task::Start) == 1);
    assert!(found <= ms(60), "{found}");
}

#[test]
fn a_silent_host_is_asked_so_often_and_so_far_apart_as_was_said() {
    // Seven times 40 ms; not at all; two times a twentieth of the interval.
    for (times, spacing, asked_for) in [(7, Some(ms(40)), 280), (0, None, 0), (2, None, 100)] {
        let web = Service {
            confirm: Confirm { times, spacing },
            ..service(&["hosta"], &[])
        };
        let mut story = Story::new(&[("web", web)]);
        story.set("hosta", "web", State::Up);
        story.run(Span::from_secs(10));
        story.silent.insert(at("hosta"));
        let text = format!("host hosta: unreachable, asked {} times", times + 1);
        let told = |s: &Story| s.log.iter().any(|line| line.contains(&text));
        let found = story.run_until(&text, told);
        // A whole interval, what an answer may take, and once more that or the spacing.
        let most = ms(1_000 + 20 + asked_for + 50 + 10);
        assert!(found >= ms(asked_for) && found <= most, "{times}: {found}");
    }
}

#[test]
fn a_host_may_be_waited_for_no_longer_than_was_said() {
    let lost_after = |timeout| {
        let web = Service {
            interval: Span::from_secs(10),
            confirm: Confirm {
                times: 0,
                spacing: None,
            },
            ..service(&["hosta"], &[])
        };
        let Story { now, .. } = Story::new(&[]);
        let mut policy = Policy::default();
        policy.services.insert(name("web"), web.clone());
        let hosta = Host {
            address: Some(at("hosta").ip().to_string()),
            timeout,
            ..Host::default()
        };
        policy.hosts.insert(name("hosta"), hosta);
        let nodes = Story::new(&[("web", web)]).into_nodes();
        let mut story = Story::with(now, policy, nodes);
        story.silent.insert(at("hosta"));
        story.run_until("it is lost", |s| {
            s.log.iter().any(|line| line.contains("unreachable"))
        })
    };
    let (usual, short) = (lost_after(None), lost_after(Some(ms(60))));
    assert!(usual >= ms(500) && usual < ms(600), "{usual}");
    assert!(short >= ms(60) && short < ms(120), "{short}");
}

/// The master of web is known by a name.
fn by_name() -> Story {
    let now = Story::new(&[]).now;
    let mut policy = Policy::default();
    policy
        .services
        .insert(name("web"), service(&["hosta"], &[]));
    policy.hosts.insert(
        name("hosta"),
        Host {
            address: Some("a.example".to_string()),
            ..Host::default()
        },
    );
    Story::with(
        now,
        policy,
        Story::new(&[("web", service(&["hosta"], &[]))]).into_nodes(),
    )
}

#[test]
fn a_host_given_by_name_is_unreachable_until_it_is_found() {
    let mut story = by_name();
    story.set("hosta", "web", State::Up);
    story.run(ms(10));
    assert_eq!(story.resolves, [(1, "a.example".to_string())]);
    story.plan.handle(
        story.now,
        In::Resolved {
            no: 1,
            answer: Err("no answer now".to_string()),
        },
    );
    story.run(Span::from_secs(15));
    assert_eq!(story.resolves.len(), 2, "asked again after a while");
    assert_eq!(
        story.orders.len(),
        0,
        "it may live, as long as nobody knows where"
    );
    let why = story.plan.status(&name("web")).unwrap().why;
    assert_eq!(why, "wait: the address of host hosta is not known yet");
    story.run(Span::from_secs(50));
    assert_eq!(story.state(LOCAL, "web"), State::Up, "but not for ever");
    story.plan.handle(
        story.now,
        In::Resolved {
            no: 2,
            answer: Ok(at("hosta")),
        },
    );
    story.run_until("the master is found", |s| {
        s.state(LOCAL, "web") == State::Recover
    });
}

#[test]
fn a_host_that_is_found_is_asked_before_anything_is_decided_about_it() {
    // Also in the middle of a round, in which nobody could ask it.
    for moment in (0..1_000).step_by(100) {
        let mut story = by_name();
        story.set("hosta", "web", State::Up);
        story.run(ms(10));
        story.tell(In::Resolved {
            no: 1,
            answer: Err("no answer now".to_string()),
        });
        story.run(ms(15_000 + moment));
        let before = story.record(LOCAL, "web");
        story.tell(In::Resolved {
            no: 2,
            answer: Ok(at("hosta")),
        });
        story.run(Span::from_secs(5));
        let after = story.record(LOCAL, "web");
        assert_eq!(after.version, before.version, "{moment}: {}", after.reason);
        let why = story.plan.status(&name("web")).unwrap().why;
        assert_eq!(why, "yield: a master can serve; masters hosta=UP");
    }
}

#[test]
fn a_wrong_community_is_told_in_the_log() {
    let mut policy = Policy::default();
    policy
        .services
        .insert(name("web"), service(&["hosta"], &[]));
    let host = Host {
        address: Some(at("hosta").ip().to_string()),
        community: "other".to_string(),
        ..Host::default()
    };
    policy.hosts.insert(name("hosta"), host);
    let stage = Story::new(&[("web", service(&["hosta"], &[]))]);
    let mut story = Story::with(stage.now, policy, stage.into_nodes());
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let line = "host hosta: unreachable, asked 5 times; somebody there says: it does not know this community";
    assert!(story.log.iter().any(|l| l == line), "{:?}", story.log);
}
