//! What the hosts of a chaos run are told: the policy, and how long things may take with it.
//!
//! The bounds are those of `fail-sim` (`bounds.rs` there says why each is what it is), for
//! these settings; what scripts took longer than they should on a busy machine is added by
//! the checker, from what the recordings show.

use std::net::Ipv4Addr;

use fail_core::time::Span;

/// The services: the first is served by the first host if it can, the second by the last.
pub const SERVICES: [&str; 2] = ["alpha", "beta"];

/// The key of the hosts, which may read.
pub const SHARED: &str = "key-of-the-hosts";

/// The key of those who may change a host's states, on that host.
pub const OWN: &str = "key-of-the-owner";

const INTERVAL_MS: u64 = 300;
const TIMES: u64 = 6;
const SPACING_MS: u64 = 40;
const CHECK_MS: u64 = 500;
const RETRY_MS: u64 = 1_000;
const RETRY_MAX_MS: u64 = 4_000;
const TIMEOUT_S: u64 = 5;

/// A script of ours: a few commands. What takes longer is added to the bounds.
pub const SCRIPT_MS: u64 = 500;

/// A save to memory, on a machine that does other things as well.
const SAVE_MS: u64 = 50;

/// How often a host is asked before it is given up.
pub const QUESTIONS: usize = TIMES as usize + 1;

/// An answer that comes within this is never too late.
pub const IN_TIME: Span = Span::from_millis(20);

/// The longest that a script runs before it is told to end.
pub const TIMEOUT: Span = Span::from_secs(TIMEOUT_S);

/// The first wait before a service leaves FAIL by itself.
pub const RETRY: Span = Span::from_millis(RETRY_MS);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// T of one server.
    pub stop: Span,
    /// From a master's return until it serves.
    pub hand_back: Span,
    /// From any disturbance until all is as it should be, also where it failed in between.
    pub settled: Span,
}

/// With scripts that take so long at most.
pub fn bounds(script: Span) -> Bounds {
    const MS: u64 = 1_000_000;
    let overdue = INTERVAL_MS / 2 * MS;
    let give_up = overdue + TIMES * SPACING_MS * MS + overdue;
    let publish = (2 * SAVE_MS + 10) * MS;
    let round = INTERVAL_MS * MS + give_up + 20 * MS;
    let check = script.0 + 40 * MS;
    let stop = 2 * round + 2 * publish + 2 * script.0 + check;
    let hand_back = 2 * round + 2 * give_up + 2 * script.0 + 3 * publish + 2 * check;
    let retried = RETRY_MAX_MS * MS + 2 * (CHECK_MS * MS + check) + 2 * round + 2 * publish;
    Bounds {
        stop: Span(stop),
        hand_back: Span(hand_back),
        settled: Span(stop + hand_back + 2 * round + publish + check + retried),
    }
}

/// The address of a service, by its place in [`SERVICES`].
pub fn service_address(place: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, [100, 101][place.min(1)])
}

/// The address of a host.
pub fn host_address(host: usize) -> Ipv4Addr {
    // At most eight hosts.
    Ipv4Addr::new(10, 77, 0, u8::try_from(host + 1).unwrap_or(u8::MAX))
}

/// The name of a host.
pub fn host_name(host: usize) -> String {
    format!("h{}", host + 1)
}

/// The hosts of a service, the highest first.
pub fn rank(place: usize, hosts: usize) -> Vec<usize> {
    match place {
        0 => (0..hosts).collect(),
        _ => (0..hosts).rev().collect(),
    }
}

/// Every script says in a file of the host when it begins and when it ends, with the number of
/// its failsh: what no recording has made up. The first service moves its address with ip(8),
/// the second with the package of failover-ip(n).
const SCRIPTS: &str = r#"
package require failover::ip
proc note {text} {
    set uptime [open /proc/uptime]
    set at [lindex [read $uptime] 0]
    close $uptime
    set truth [open $::truth a]
    puts $truth "$at [pid] $text"
    close $truth
}
proc noted {task body} {
    set service $::fail::service
    # Where a cancel can not come between: neither waits.
    try {
        note "$service $task begin"
        eval $body
    } finally {
        note "$service $task end"
    }
}
proc shown {address} { exec ip -4 -o address show dev eth0 to $address }
"#;

/// The policy of a host. A broken one has stop scripts that forget the address.
pub fn policy(host: usize, hosts: usize, truth: &str, broken: bool) -> String {
    let mut text = format!("set truth {{{truth}}}\n{SCRIPTS}");
    for other in (0..hosts).filter(|other| *other != host) {
        let (name, address) = (host_name(other), host_address(other));
        text += &format!("failhost {name} address {address} community {SHARED}\n");
    }
    for (place, service) in SERVICES.iter().enumerate() {
        let rank = rank(place, hosts);
        let names = |hosts: &[usize]| {
            let names: Vec<String> = hosts.iter().map(|host| host_name(*host)).collect();
            names.join(" ")
        };
        let me = rank.iter().position(|of| *of == host).unwrap_or(0);
        let (masters, slaves) = (names(&rank[..me]), names(&rank[me + 1..]));
        let ip = service_address(place);
        let (start, mut stop, check) = match place {
            0 => (
                format!("exec ip address replace {ip}/24 dev eth0"),
                format!(
                    "if {{[shown {ip}] ne {{}}}} {{ exec ip address delete {ip}/24 dev eth0 }}"
                ),
                format!("expr {{[shown {ip}] ne {{}}}}"),
            ),
            _ => (
                format!("ip::add {ip}/24 eth0 -probe no"),
                format!("ip::del {ip}/24 eth0"),
                format!("ip::has {ip}/24 eth0"),
            ),
        };
        if broken {
            stop = "set forgotten yes".to_string();
        }
        text += &format!(
            "failsvc {service} masters {{{masters}}} slaves {{{slaves}}} \
             interval {INTERVAL_MS}ms confirm {{{TIMES} {SPACING_MS}ms}} timeout {TIMEOUT_S}s \
             checkinterval {CHECK_MS}ms rise 1 fall 2 retry {{{RETRY_MS}ms 2 {RETRY_MAX_MS}ms}} \
             start {{noted start {{{start}}}; return UP}} \
             stop {{noted stop {{{stop}}}; return RECOVER}} \
             check {{if {{[noted check {{{check}}}]}} {{return UP}}; return RECOVER}}\n"
        );
    }
    text
}
