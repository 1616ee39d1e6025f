//! Policies made of choices: few hosts and services, so that they meet often.

use std::net::SocketAddr;

use fail_core::event::EventKind;
use fail_core::plan::Plan;
use fail_core::policy::{Confirm, Host, Lonely, On, Policy, Protocol, Retry, Service, Trap};
use fail_core::time::Span;
use fail_wire::Name;

use crate::Choices;

pub const HOSTS: [&str; 2] = ["hosta", "hostb"];
pub const SERVICES: [&str; 2] = ["web", "dns"];

/// All that anybody signs with; the last is a stranger's.
pub const COMMUNITIES: [&str; 3] = ["public", "s3cret", "stranger"];

/// The address of a host.
pub fn host_addr(host: &str) -> SocketAddr {
    let last = HOSTS.iter().position(|known| *known == host).unwrap_or(9);
    SocketAddr::from(([10, 0, 0, last as u8 + 1], 1847))
}

#[expect(clippy::expect_used, reason = "all of them are names")]
fn name(text: &str) -> Name {
    Name::new(text).expect("a plain word is a name")
}

/// A policy that is one: complete, checked and admitted.
pub fn policy(from: &mut Choices) -> Policy {
    let mut policy = Policy::default();
    for text in SERVICES {
        // Mostly the first alone.
        if text == SERVICES[0] || from.once_in(3) {
            policy.services.insert(name(text), service(from));
        }
    }
    for text in HOSTS {
        let address = host_addr(text).ip().to_string();
        let host = Host {
            address: Some(match from.once_in(8) {
                true => "a.name".to_string(),
                false => address,
            }),
            protocol: from.pick(&[Protocol::Udp, Protocol::Udp, Protocol::Tcp]),
            community: COMMUNITIES[from.below(4) / 3].to_string(),
            timeout: from.once_in(4).then(|| Span::from_millis(50)),
            ..Host::default()
        };
        policy.hosts.insert(name(text), host);
    }
    if from.once_in(3) {
        policy.traps.push(Trap {
            pattern: "*".to_string(),
            on: from.pick(&[On::Any, On::Change, On::Event(EventKind::Scripterror)]),
            script: "tell".to_string(),
        });
    }
    assert_eq!(policy.check(), Ok(()));
    assert_eq!(Plan::admits(&policy), Ok(()));
    policy
}

fn service(from: &mut Choices) -> Service {
    let mut service = Service {
        start: Some("start".to_string()),
        stop: Some("stop".to_string()),
        ..Service::default()
    };
    for host in HOSTS {
        match from.below(3) {
            0 => {}
            1 => service.masters.push(name(host)),
            _ => service.slaves.push(name(host)),
        }
    }
    // What is not said is as usual.
    for _ in 0..from.below(5) {
        set(from, &mut service);
    }
    service
}

fn set(from: &mut Choices, service: &mut Service) {
    let ms = Span::from_millis;
    match from.below(12) {
        0 => service.interval = from.pick(&[ms(10), ms(200), Span::from_secs(10)]),
        1 => service.delay = from.pick(&[ms(100), Span::from_secs(5)]),
        2 => service.lonely = Lonely::Keep,
        3 => service.failback = false,
        4 => service.timeout = from.pick(&[ms(1), ms(50), Span::from_secs(3)]),
        5 => service.reclaim = Some("reclaim".to_string()),
        6 => {
            service.check = Some("check".to_string());
            service.check_interval = from.pick(&[ms(10), ms(300), Span::from_secs(10)]);
            service.check_recover = from.flag();
        }
        7 => (service.rise, service.fall) = (1 + from.below(3) as u32, 1 + from.below(3) as u32),
        8 => {
            service.retry = Some(Retry {
                initial: ms(100),
                factor_milli: 2_000,
                maximum: Span::from_secs(1),
            });
        }
        9 => {
            service.confirm = Confirm {
                times: from.below(6) as u32,
                spacing: from.flag().then(|| ms(from.pick(&[1, 5, 20]))),
            };
        }
        10 => service.community = Some(COMMUNITIES[1].to_string()),
        _ => service.interval = Span::from_secs(1),
    }
}
