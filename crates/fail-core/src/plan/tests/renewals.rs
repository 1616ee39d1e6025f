//! A new policy while services run: what did not change is not disturbed, what changed counts
//! from now on, what came begins, and what went is left as it is.

use fail_wire::{Marks, State};

use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::job::Task;
use crate::plan::Subject;
use crate::policy::{Policy, Retry, Service};
use crate::time::Span;

const NONE: Marks = Marks(0);

/// Services of three kinds, with scripts that break now and then, under loss.
fn storm(renewals: u32) -> Story {
    let checked = Service {
        check: Some("check".to_string()),
        check_interval: ms(700),
        retry: Some(Retry {
            initial: ms(900),
            factor_milli: Retry::FACTOR_MILLI,
            maximum: Span::from_secs(5),
        }),
        ..service(&["hosta"], &["hostb"])
    };
    let quick = Service {
        interval: ms(200),
        delay: Span::from_secs(3),
        ..service(&["hosta", "hostb"], &[])
    };
    let services = [
        ("db", quick),
        ("dns", service(&[], &["hostb", "hostc"])),
        ("mail", checked.clone()),
        ("web", checked),
    ];
    let mut story = Story::new(&services);
    story.loss = 15;
    let steps: [(&str, &str, State); 10] = [
        ("hosta", "web", State::Recover),
        ("hostb", "dns", State::Up),
        ("hosta", "db", State::Up),
        ("hosta", "web", State::Fail),
        ("hostb", "dns", State::Recover),
        (LOCAL, "mail", State::Recover),
        ("hosta", "db", State::Fail),
        ("hosta", "mail", State::Up),
        (LOCAL, "dns", State::Fail),
        (LOCAL, "dns", State::Recover),
    ];
    for (n, (host, service, state)) in steps.into_iter().enumerate() {
        let outcome = match n % 3 {
            0 => Story::error("check: no answer"),
            _ => Ok(State::Up),
        };
        story
            .plays
            .insert(Task::Check, Play::Ends(ms(300), outcome));
        story.set(host, service, state);
        for _ in 0..100 {
            if renewals > 0 {
                (0..renewals / 1000).for_each(|_| story.renew(|_| {}));
            }
            story.run(ms(40));
        }
        if n == 4 {
            story.freeze(Span::from_secs(2));
        }
    }
    story
}

#[test]
fn a_thousand_renewals_with_the_same_policy_are_as_if_none_had_happened() {
    let (without, with) = (storm(0), storm(1000));
    assert!(without.orders.len() > 20, "{}", without.orders.len());
    assert_eq!(without.wants.len(), with.wants.len());
    for (a, b) in without.wants.iter().zip(&with.wants) {
        assert_eq!(a, b);
    }
    assert_eq!(without.plan.stats(), with.plan.stats());
}

fn serving(services: &[(&str, Service)]) -> Story {
    let mut story = Story::new(services);
    for (text, _) in services {
        story.run_until("it serves", |s| s.state(LOCAL, text) == State::Up);
    }
    story.run(ms(1500));
    story
}

/// The times at which this failsh asked a host, in milliseconds.
fn asked(story: &Story, host: &str) -> Vec<u64> {
    let to = format!("Send {{ to: {}", at(host));
    // Whom others hear is asked now and then, beside the rounds.
    let round = |line: &&String| line.contains(&to) && !line.contains("bytes: [70, 79, 1, 6,");
    let lines = story.wants.iter().filter(round);
    let time = |line: &String| line[5..line.find(')').unwrap()].parse::<u64>().unwrap();
    lines.map(|line| time(line) / 1_000_000).collect()
}

#[test]
fn a_service_that_came_begins_as_at_start_up_and_the_others_stay_in_step() {
    let mut story = serving(&[("web", service(&[], &["hostb"]))]);
    story.running.insert(name("new"));
    let new = Service {
        delay: Span::from_secs(4),
        check: Some("check".to_string()),
        interval: ms(500),
        ..service(&["hosta"], &["hostb"])
    };
    story.renew(|policy| drop(policy.services.insert(name("new"), new.clone())));
    story.run_until("what runs is adopted", |s| {
        s.state(LOCAL, "new") == State::Up
    });
    story.renew(|policy| {
        drop(
            policy
                .services
                .insert(name("newer"), Service { check: None, ..new }),
        )
    });
    story.run(ms(3900));
    assert!(
        story.record(LOCAL, "newer").marks.has(Marks::UNPUBLISHED),
        "the delay"
    );
    story.run_until("and begins", |s| s.state(LOCAL, "newer") == State::Up);
    assert_eq!(story.state(LOCAL, "web"), State::Up);
    assert_eq!(story.count(Task::Start), 2);
}

#[test]
fn unchanged_services_are_asked_about_in_the_same_step() {
    let mut story = serving(&[("web", service(&[], &["hostb"]))]);
    for round in 0..20 {
        story.run(ms(330));
        story.renew(|policy| {
            let slow = Service {
                interval: Span::from_secs(50),
                ..service(&["hosta"], &[])
            };
            let other = name(&format!("other-{round}"));
            drop(policy.services.insert(other, slow));
        });
    }
    let asked = asked(&story, "hostb");
    let steps: Vec<u64> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    let early = steps.iter().skip(3).filter(|step| **step != 1000).count();
    assert_eq!(early, 0, "{steps:?}");
}

#[test]
fn changed_settings_count_from_now_on_and_nothing_is_restarted() {
    let mut story = serving(&[("web", service(&["hosta"], &["hostb"]))]);
    let orders = story.orders.len();
    story.renew(|policy| {
        let web = policy.services.get_mut(&name("web")).unwrap();
        web.interval = ms(100);
        web.masters = vec![name("hostc")];
        web.start = Some("start in another way".to_string());
    });
    story.run(Span::from_secs(5));
    assert_eq!(story.orders.len(), orders);
    assert!(asked(&story, "hostc").len() >= 49);
    let before = asked(&story, "hosta").len();
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(2));
    assert_eq!(
        asked(&story, "hosta").len(),
        before,
        "it is no master any more"
    );
    assert_eq!(story.count(Task::Stop), 0);
    story.set("hostc", "web", State::Recover);
    let gone = story.run_until("the new one is heard", |s| s.count(Task::Stop) == 1);
    assert!(gone <= ms(110), "{gone}");
}

#[test]
fn a_service_that_went_is_left_as_it_is() {
    let mut story = serving(&[
        ("dns", service(&[], &[])),
        ("web", service(&[], &["hostb"])),
    ]);
    story.renew(|policy| drop(policy.services.remove(&name("web"))));
    let line = "service web: no longer in the policy; it is left as it is, UP";
    assert!(story.log.iter().any(|l| l == line), "{:?}", story.log);
    assert!(story.plan.status(&name("web")).is_none());
    story.run(Span::from_secs(10));
    let record = story.record(LOCAL, "web");
    assert_eq!(
        (record.state, record.marks),
        (State::Up, Marks::UNSUPERVISED)
    );
    assert_eq!(story.count(Task::Stop), 0);
    // And when it comes back it is found as it was left.
    story.renew(|policy| {
        drop(
            policy
                .services
                .insert(name("web"), service(&[], &["hostb"])),
        )
    });
    story.run(Span::from_secs(10));
    assert_eq!((story.count(Task::Start), story.count(Task::Stop)), (2, 0));
    assert_eq!(story.record(LOCAL, "web").marks, NONE);
}

#[test]
fn the_script_of_a_service_that_went_ends_first_and_what_it_did_is_published() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    let slow = Play::Ends(Span::from_secs(3), Ok(State::Up));
    story.plays.insert(Task::Start, slow);
    story.run_until("it is started", |s| s.count(Task::Start) == 1);
    story.renew(|policy| drop(policy.services.remove(&name("web"))));
    story.run(Span::from_secs(2));
    assert!(story.plan.status(&name("web")).unwrap().busy);
    story.run_until("it is published", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(2));
    assert!(story.plan.status(&name("web")).is_none());
    let (_, last) = story.changed.last().unwrap();
    assert_eq!(*last, Subject::Service(name("web")));
}

#[test]
fn who_went_while_he_was_about_to_start_says_so_no_longer() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("the start is announced", |s| {
        s.record(LOCAL, "web").marks.has(Marks::STARTING)
    });
    story.renew(|policy| drop(policy.services.remove(&name("web"))));
    story.run(Span::from_secs(2));
    assert_eq!(story.orders.len(), 0);
    assert!(!story.record(LOCAL, "web").marks.has(Marks::STARTING));
    assert!(story.plan.status(&name("web")).is_none());
}

#[test]
fn who_went_and_came_back_while_a_script_ran_has_lost_nothing() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    let slow = Play::Ends(Span::from_secs(3), Ok(State::Up));
    story.plays.insert(Task::Start, slow);
    story.run_until("it is started", |s| s.count(Task::Start) == 1);
    let web = story.policy.services[&name("web")].clone();
    story.renew(|policy| drop(policy.services.remove(&name("web"))));
    story.run(Span::from_secs(1));
    story.renew(|policy| drop(policy.services.insert(name("web"), web)));
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hostb", "web", State::Up);
    story.run(Span::from_secs(3));
    story.set("hostb", "web", State::Recover);
    story.run_until("and hears its slave", |s| s.count(Task::Reclaim) == 1);
    assert_eq!(story.count(Task::Start), 1);
}

#[test]
fn a_check_of_a_service_that_went_is_cancelled() {
    let checked = Service {
        check: Some("check".to_string()),
        check_interval: Span::from_secs(1),
        ..service(&[], &[])
    };
    let mut story = serving(&[("web", checked)]);
    story.plays.insert(Task::Check, Play::Hangs);
    let checks = story.count(Task::Check);
    story.run_until("a check runs", |s| s.count(Task::Check) > checks);
    story.renew(|policy| drop(policy.services.remove(&name("web"))));
    assert_eq!(story.cancels.len(), 1);
    story.run(ms(100));
    assert!(story.plan.status(&name("web")).is_none());
}

#[test]
fn a_host_that_moved_is_asked_at_its_new_address_at_once() {
    let services = [
        ("dns", service(&["hostb"], &[])),
        ("web", service(&["hosta"], &[])),
    ];
    let mut story = serving(&services);
    story.silent.insert(at("hosta"));
    story.run_until("it is unreachable", |s| {
        s.log
            .iter()
            .any(|line| line.starts_with("host hosta: unreachable"))
    });
    story.set("hostb", "web", State::Up);
    story.renew(|policy| {
        let hosta = policy.hosts.get_mut(&name("hosta")).unwrap();
        hosta.address = Some(at("hostb").ip().to_string());
    });
    story.run_until("its new address is heard", |s| s.count(Task::Stop) == 1);
}

#[test]
fn a_host_whose_answer_is_awaited_is_asked_anew_with_its_new_key() {
    let mut story = serving(&[("secret", service(&["hosta"], &[]))]);
    story.run_until("a question is on its way", |s| {
        !s.on_the_way_to("hosta").is_empty()
    });
    story.renew(|policy| {
        let hosta = policy.hosts.get_mut(&name("hosta")).unwrap();
        hosta.community = "second".to_string();
    });
    assert_eq!(story.on_the_way_to("hosta").len(), 2);
    let dropped = story.plan.stats().dropped;
    story.run(Span::from_secs(3));
    assert_eq!(
        story.plan.stats().dropped,
        dropped + 1,
        "the old answer is none"
    );
    assert!(!story.log.iter().any(|line| line.contains("unreachable")));
}

#[test]
fn a_timeout_that_changed_does_not_count_for_a_script_that_runs() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.plays.insert(Task::Start, Play::Hangs);
    story.run_until("it is started", |s| s.count(Task::Start) == 1);
    story.renew(|policy| {
        let web = policy.services.get_mut(&name("web")).unwrap();
        web.timeout = Span::from_secs(5);
    });
    let ended = story.run_until("it is ended", |s| s.cancels.len() == 1);
    assert!(ended >= Span::from_secs(29), "{ended}");
}

#[test]
fn a_service_with_a_community_of_its_own_is_asked_about_and_published_with_it() {
    let own = Service {
        community: Some("second".to_string()),
        ..service(&["hosta"], &["hostb"])
    };
    // Nobody but `secret` may be changed with that community.
    let mut story = Story::new(&[("secret", own.clone()), ("web", own)]);
    story.run_until("it serves", |s| s.state(LOCAL, "secret") == State::Up);
    story.run(Span::from_secs(5));
    assert!(story.record(LOCAL, "web").marks.has(Marks::UNPUBLISHED));
    let line = "service web: the local faild does not let this community read it";
    assert!(story.log.iter().any(|l| l == line), "{:?}", story.log);
    story.set("hosta", "secret", State::Recover);
    story.run_until("it gives way", |s| {
        s.state(LOCAL, "secret") == State::Recover
    });
}

#[test]
fn a_community_that_nobody_knows_makes_no_other_service_lonely() {
    let own = Service {
        community: Some("wrong".to_string()),
        ..service(&["hosta"], &["hostb"])
    };
    let mut story = Story::new(&[("secret", own), ("web", service(&["hosta"], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(10));
    assert_eq!(story.state(LOCAL, "web"), State::Up);
    let line = "the local faild refuses to answer: it does not know this community";
    assert_eq!(story.log.iter().filter(|l| *l == line).count(), 1);
    let why = story.plan.status(&name("secret")).unwrap().why;
    assert_eq!(why, "the local faild refuses to answer");
    // Another community in the policy, and it goes on.
    story.renew(|policy| {
        let secret = policy.services.get_mut(&name("secret")).unwrap();
        secret.community = Some("second".to_string());
    });
    story.run_until("it serves", |s| s.state(LOCAL, "secret") == State::Up);
}

#[test]
fn a_community_that_is_no_word_is_not_admitted() {
    let mut policy = Policy::default();
    let bad = Service {
        community: Some("two words".to_string()),
        ..service(&[], &[])
    };
    policy.services.insert(name("web"), bad);
    let refused = crate::plan::Plan::admits(&policy).unwrap_err();
    assert!(refused.starts_with("failsvc web: community: "), "{refused}");
    let story = Story::new(&[]);
    let (addr, key) = (at(LOCAL), fail_wire::Key::new("public").unwrap());
    let local = crate::plan::Local {
        addr,
        key,
        protocol: crate::policy::Protocol::Udp,
    };
    assert!(crate::plan::Plan::new(story.now, &[3; 32], local, policy).is_err());
}

#[test]
fn a_policy_may_become_empty_and_full_again() {
    let web = service(&["hosta"], &["hostb"]);
    let mut story = serving(&[("web", web.clone())]);
    story.renew(|policy| policy.services.clear());
    story.run(Span::from_secs(5));
    let asked = story.asked[&at("hosta")];
    story.run(Span::from_secs(5));
    assert_eq!(
        story.asked[&at("hosta")],
        asked,
        "nobody is asked about nothing"
    );
    story.renew(|policy| drop(policy.services.insert(name("web"), web)));
    story.run(Span::from_secs(2));
    assert_eq!(story.state(LOCAL, "web"), State::Up);
    assert_eq!(story.count(Task::Start), 1);
}
