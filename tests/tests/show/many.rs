//! Several hundred hosts: one failsh that asks three hundred of them once a second.

use std::time::{Duration, Instant};

use fail_wire::State;

use super::host::{Around, BOUND, Host};
use super::numbers::Cpu;
use super::wanted;
use crate::netns::process::wait;

/// More than a service may name, so there are several of them.
const HOSTS: usize = 300;
const HOSTS_OF_A_SERVICE: usize = 60;

fn address(no: usize) -> String {
    format!("127.0.{}.{}", 1 + no / 100, 1 + no % 100)
}

/// `FAILOVER_MANY_SECONDS=30` for the long one.
#[test]
fn three_hundred_hosts_are_asked_once_a_second_and_on_time() {
    let seconds = wanted("FAILOVER_MANY_SECONDS", 4);
    let mut a = Host::local("a");
    let addresses: Vec<String> = (0..HOSTS).map(address).collect();
    let others = Host::new("the others", &addresses, &Around::default());
    let port = others.address.port();
    let mut policy = String::new();
    for (no, address) in addresses.iter().enumerate() {
        policy += &format!("failhost h{no} address {address} port {port}\n");
    }
    let services: Vec<String> = (0..HOSTS / HOSTS_OF_A_SERVICE)
        .map(|no| format!("s{no}"))
        .collect();
    for (no, service) in services.iter().enumerate() {
        let first = no * HOSTS_OF_A_SERVICE;
        let hosts: Vec<String> = (first..first + HOSTS_OF_A_SERVICE)
            .map(|no| format!("h{no}"))
            .collect();
        policy += &format!(
            "failsvc {service} slaves {{{}}} interval 1s start {{return UP}} stop {{return RECOVER}}\n",
            hosts.join(" ")
        );
    }
    let began = Instant::now();
    a.run(&policy, a.address);
    for service in &services {
        wait(service, BOUND, || match a.record(service).state {
            State::Up => Ok(()),
            state => Err(state.to_string()),
        });
    }
    let settled = began.elapsed();
    let (cpu, cpu_others) = (Cpu::of(a.failsh().pid()), Cpu::of(others.faild.pid()));
    let before = a.transitions();
    let versions = || {
        services
            .iter()
            .map(|s| a.record(s).version)
            .collect::<Vec<_>>()
    };
    let versions_before = versions();
    // Its figures are made once a second.
    let (sent, then) = (a.fresh_health().sent, Instant::now());
    let wanted = sent + seconds * HOSTS as u64;
    let limit = BOUND + 2 * Duration::from_secs(seconds);
    let health = wait("enough questions", limit, || {
        let health = a.fresh_health();
        if health.sent >= wanted {
            Ok(health)
        } else {
            Err(format!("{} sent", health.sent))
        }
    });
    let rate = f64::from(u32::try_from(health.sent - sent).unwrap()) / then.elapsed().as_secs_f64();
    let ms = |us: u64| us as f64 / 1_000.0;
    println!(
        "{HOSTS} hosts, interval 1s, {seconds} s: all {} services UP {settled:.1?} after the start of \
         failsh; {rate:.0} questions a second; failsh took {:.1} %, the faild of {HOSTS} addresses \
         {:.1} % of a processor; failsh was late by p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; \
         doubts {}, dropped {}",
        services.len(),
        cpu.percent(),
        cpu_others.percent(),
        ms(health.late_p50_us),
        ms(health.late_p99_us),
        ms(health.late_max_us),
        health.doubts,
        health.dropped
    );
    assert_eq!(a.transitions(), before, "{:#?}", a.failsh().lines());
    assert_eq!(versions(), versions_before);
    let lost = a.failsh().count(then, "unreachable");
    assert_eq!(lost, 0, "hosts that answer were given up");
}
