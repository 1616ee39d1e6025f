//! `icmp`: echoes of this host; and in a network of its own of hosts that are dead, that lose
//! half of what they get, and where it is not allowed.

use std::process::Command;

use caps::{CapSet, Capability};
use fail_conf::hcfile::check::Check;
use fail_core::watch::{Finding, Verdict};
use nix::sched::{CloneFlags, unshare};

use crate::server::skipped;
use crate::{LIMIT, check, is, value};

fn echo(host: &str, count: u32, loss: u32) -> Finding {
    let host = host.to_string();
    check(Check::Icmp { host, count, loss }, LIMIT)
}

/// What is good of all that echo.
fn echoes(name: &str) {
    let found = echo(name, 3, 0);
    is(
        &found,
        Verdict::Good,
        &format!("3 of 3 echoes of {name} in "),
    );
    assert_eq!(value(&found, "loss"), 0.0);
    let (least, average) = (value(&found, "rtt_min"), value(&found, "rtt_avg"));
    let most = value(&found, "rtt_max");
    assert!(
        0.0 < least && least <= average && average <= most,
        "{found:?}"
    );
}

/// Runs this in a thread with a network of its own, of which only lo is there. Not where that
/// can not be had.
fn alone(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(move || {
        // It is of this thread alone, and so are the programs that it starts.
        if let Err(e) = unshare(CloneFlags::CLONE_NEWNET) {
            return skipped(&format!("no network namespace: {e}"));
        }
        for tool in ["ip", "nft"] {
            if Command::new(tool).arg("-V").output().is_err() {
                return skipped(&format!("there is no {tool}"));
            }
        }
        run("ip link set lo up");
        run("ip address add 192.0.2.1/24 dev lo");
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn run(line: &str) {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    let done = command.args(words).output().unwrap();
    assert!(done.status.success(), "{line}: {done:?}");
}

/// Who may have the sockets of the kernel for echoes.
fn allow(groups: &str) {
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", groups).unwrap();
}

#[test]
fn this_host_echoes() {
    for name in ["127.0.0.1", "::1"] {
        let found = echo(name, 1, 0);
        match found.verdict {
            Verdict::Unknown => skipped(&found.why),
            _ => echoes(name),
        }
    }
}

#[test]
fn both_kinds_of_sockets_do() {
    alone(|| {
        for groups in ["0 0", "1 0"] {
            allow(groups);
            for name in ["127.0.0.1", "192.0.2.1", "::1"] {
                echoes(name);
            }
        }
    });
}

#[test]
fn where_it_is_not_allowed_it_says_what_to_do() {
    alone(|| {
        allow("1 0");
        caps::drop(None, CapSet::Effective, Capability::CAP_NET_RAW).unwrap();
        let why = "have the group of hc in net.ipv4.ping_group_range, or give hc CAP_NET_RAW";
        is(&echo("127.0.0.1", 1, 0), Verdict::Unknown, why);
        is(&echo("::1", 1, 0), Verdict::Unknown, why);
        allow("0 0");
        echoes("127.0.0.1");
        echoes("::1");
    });
}

#[test]
fn dead_hosts_are_bad() {
    alone(|| {
        // Nobody is at the other end of that.
        run("ip link add dead type veth peer name end");
        run("ip link set dead up");
        run("ip link set end up");
        run("ip route add 198.51.100.0/24 dev dead");
        run("ip route add unreachable 203.0.113.0/24");
        for groups in ["0 0", "1 0"] {
            allow(groups);
            let found = echo("198.51.100.1", 2, 0);
            is(&found, Verdict::Bad, "no echo of 198.51.100.1");
            assert_eq!(value(&found, "loss"), 100.0);
            is(
                &echo("198.51.100.1", 1, 100),
                Verdict::Good,
                "as is allowed",
            );
            let none = echo("203.0.113.1", 1, 0);
            is(&none, Verdict::Bad, "no echo of 203.0.113.1");
            let far = echo("2001:db8::1", 1, 0);
            is(
                &far,
                Verdict::Bad,
                "no echo of 2001:db8::1: network is unreachable",
            );
        }
    });
}

#[test]
fn a_router_that_says_that_nobody_is_there_is_believed() {
    alone(|| {
        run("nft add table inet wall");
        run("nft add chain inet wall in { type filter hook input priority 0 ; }");
        run(
            "nft add rule inet wall in ip daddr 192.0.2.1 icmp type echo-request \
             reject with icmp type host-unreachable",
        );
        for groups in ["0 0", "1 0"] {
            allow(groups);
            let found = echo("192.0.2.1", 2, 0);
            is(
                &found,
                Verdict::Bad,
                "no echo of 192.0.2.1: no route to host",
            );
        }
    });
}

#[test]
fn what_is_lost_is_counted() {
    alone(|| {
        run("nft add table inet wall");
        run("nft add chain inet wall in { type filter hook input priority 0 ; }");
        run("nft add rule inet wall in icmp type echo-request numgen inc mod 2 == 0 drop");
        for groups in ["0 0", "1 0"] {
            allow(groups);
            let found = echo("127.0.0.1", 4, 49);
            is(
                &found,
                Verdict::Bad,
                "2 of 4 echoes of 127.0.0.1 lost, more than 49%",
            );
            assert_eq!(value(&found, "loss"), 50.0);
            let found = echo("127.0.0.1", 4, 50);
            is(&found, Verdict::Good, "2 of 4 echoes of 127.0.0.1 in ");
        }
    });
}

/// Answers all echo requests that come, from an address that nobody has asked.
fn answer_as(from: &str) {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = || Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
    let (mut hears, says) = (socket(), socket());
    let from: std::net::SocketAddr = from.parse().unwrap();
    says.bind(&from.into()).unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 200];
        // The test ends the process, at the latest.
        while let Ok(length) = std::io::Read::read(&mut hears, &mut packet) {
            // Behind the header of IPv4. An answer is the question with 0 for 8, and so is its sum.
            let Some(echo) = packet.get_mut(20..length).filter(|echo| echo[0] == 8) else {
                continue;
            };
            echo[0] = 0;
            let sum = u32::from(u16::from_be_bytes([echo[2], echo[3]])) + 0x0800;
            let sum = u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
            echo[2..4].copy_from_slice(&sum.to_be_bytes());
            let to: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
            let _ = says.send_to(echo, &to.into());
        }
    });
}

#[test]
fn who_was_not_asked_is_no_answer() {
    alone(|| {
        std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").unwrap();
        for (from, verdict, why) in [
            ("127.0.0.77:0", Verdict::Bad, "no echo of 127.0.0.1"),
            (
                "127.0.0.1:0",
                Verdict::Good,
                "2 of 2 echoes of 127.0.0.1 in ",
            ),
        ] {
            answer_as(from);
            for groups in ["0 0", "1 0"] {
                allow(groups);
                is(&echo("127.0.0.1", 2, 0), verdict, why);
            }
        }
    });
}

#[test]
fn a_name_that_is_none_is_unknown() {
    is(
        &echo("no-such-host.invalid", 1, 0),
        Verdict::Unknown,
        "no address of",
    );
}
