//! An address that somebody else has, or would like to have.

use std::thread;
use std::time::{Duration, Instant};

use super::super::lab::{BOUND, Namespace, plugged};
use super::super::process::{Process, command, output, run, wait};
use super::{Capture, Hands, code, mac, ms, settled, shown};

const ADDRESSES: [(&str, u8); 2] = [("10.78.0.100", 24), ("fd78::64", 64)];

#[test]
fn an_address_that_somebody_else_answers_for_is_refused_unless_forced() {
    let Some((_switch, parts)) = plugged("taken", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    parts.iter().for_each(settled);
    let (mut on_a, mut on_b) = (Hands::of(a), Hands::of(b));
    for (ip, prefix) in ADDRESSES {
        assert_eq!(on_b.done(&format!("probe {ip} eth0 -wait 50ms")), "");
        on_a.done(&format!("add {ip}/{prefix} eth0 -announce 1"));
        assert_eq!(on_b.done(&format!("probe {ip} eth0")), mac(a, "eth0"));
        // Our own do not answer to ourselves.
        assert_eq!(on_a.done(&format!("probe {ip} eth0 -wait 50ms")), "");

        let then = Instant::now();
        let refused = on_b.fails(&format!("add {ip}/{prefix} eth0 -probe 5s"));
        println!("{ip}: refused after {:?}", ms(then));
        assert_eq!(refused, format!("TAKEN {ip} {}", mac(a, "eth0")));
        assert!(
            ms(then) < Duration::from_secs(4),
            "an answer ends the waiting"
        );
        assert_eq!(shown(b, "eth0", ip), None, "nothing has been changed");

        on_b.done(&format!("add {ip}/{prefix} eth0 -force"));
        assert!(shown(b, "eth0", ip).is_some());
        on_b.done(&format!("del {ip} eth0"));
        on_b.done(&format!("add {ip}/{prefix} eth0 -probe no"));
        assert!(shown(b, "eth0", ip).is_some());
    }
}

/// Another address for each round: on a busy machine an announcement of the last one may still
/// be on its way.
fn fresh(ip: &str, no: usize) -> String {
    let (network, _) = ip.rsplit_once(['.', ':']).unwrap();
    let between = if network.contains(':') { ":" } else { "." };
    format!("{network}{between}{}", 200 + no)
}

#[test]
fn of_two_that_want_an_address_at_the_same_time_one_gets_it() {
    let Some((_switch, parts)) = plugged("both", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    parts.iter().for_each(settled);
    let lower = if mac(a, "eth0") < mac(b, "eth0") {
        0
    } else {
        1
    };
    let mut hands = [Hands::of(a), Hands::of(b)];
    let mut lower_won = 0;
    for (ip, prefix) in ADDRESSES {
        for round in 1..=5 {
            let ip = fresh(ip, round);
            for hands in &mut hands {
                hands.order(&format!("add {ip}/{prefix} eth0 -probe 150ms"));
            }
            let results = [0, 1].map(|host: usize| hands[host].answer().1);
            let got: Vec<usize> = (0..2).filter(|host| results[*host].is_ok()).collect();
            // On a machine with much to do they may be so far apart that the first one wins.
            println!("{ip}, round {round}: {got:?}, the lower one is {lower}");
            assert_eq!(got.len(), 1, "{ip}, round {round}: {results:?}");
            assert!(code(&results[1 - got[0]]).starts_with("TAKEN"));
            lower_won += u32::from(got[0] == lower);
            for hands in &mut hands {
                hands.done(&format!("del {ip} eth0"));
            }
        }
    }
    assert!(lower_won > 0, "the lower hardware address never wins");
}

/// The other one asks from `after` milliseconds later on.
fn staggered(hands: &mut [Hands; 2], ip: &str, prefix: u8, first: usize, after: u64) -> Vec<usize> {
    hands[first].order(&format!("add {ip}/{prefix} eth0 -probe 150ms"));
    thread::park_timeout(Duration::from_millis(after));
    hands[1 - first].order(&format!("add {ip}/{prefix} eth0 -probe 150ms"));
    let results = [0, 1].map(|host: usize| hands[host].answer().1.is_ok());
    (0..2).filter(|host| results[*host]).collect()
}

#[test]
fn however_far_apart_two_of_them_ask_one_gets_it() {
    let Some((_switch, parts)) = plugged("stagger", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    parts.iter().for_each(settled);
    let mut hands = [Hands::of(a), Hands::of(b)];
    for (ip, prefix) in ADDRESSES {
        for first in [0, 1] {
            for (no, after) in (1..).zip([10, 60, 110, 140, 160]) {
                let ip = &fresh(ip, 10 * first + no);
                let got = staggered(&mut hands, ip, prefix, first, after);
                assert_eq!(got.len(), 1, "{ip}, {first} first, {after} ms: {got:?}");
                for hands in &mut hands {
                    hands.done(&format!("del {ip} eth0"));
                }
            }
        }
    }
}

/// Gives a namespace a VLAN on eth0. Says why if it can not.
fn add_vlan(namespace: &Namespace) -> Result<(), String> {
    let add = [
        "link", "add", "link", "eth0", "name", "eth0.5", "type", "vlan", "id", "5",
    ];
    let added = output(command(&["ip", "-n", &namespace.0]).args(add));
    if !added.status.success() {
        return Err(String::from_utf8_lossy(&added.stderr).trim().to_string());
    }
    namespace.ip("link set eth0.5 up");
    Ok(())
}

#[test]
fn a_vlan_is_a_network_of_its_own() {
    let Some((_switch, parts)) = plugged("vlan", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    if let Err(why) = parts.iter().try_for_each(add_vlan) {
        failover_tests::skipped(&format!("no VLAN here: {why}"));
        return;
    }
    let capture = Capture::on(b, "eth0.5");
    let (mut on_a, mut on_b) = (Hands::of(a), Hands::of(b));
    on_a.done("add 10.78.0.100/24 eth0.5 -announce 1");
    capture.wait("0a4e00640000000000000a4e0064", 1);
    // There it is taken, and on the network below it is not: not even while its owner says so
    // all the time.
    assert!(on_b.fails("add 10.78.0.100/24 eth0.5").starts_with("TAKEN"));
    on_a.done("announce 10.78.0.100 eth0.5 -times 100 -spacing 10ms");
    on_b.done("add 10.78.0.100/24 eth0 -probe 300ms");
}

/// Says all the time that 10.78.0.100 is here, on a VLAN or on none.
const CLAIM: &str = "
import socket, sys, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(('eth0', 0))
mac, ip = bytes.fromhex('020000000009'), bytes([10, 78, 0, 100])
tag = bytes.fromhex(sys.argv[1])
arp = b'\\x08\\x06' + bytes.fromhex('0001080006040001') + mac + ip + bytes(6) + ip
print('ready', flush=True)
while True:
    wire.send(b'\\xff' * 6 + mac + tag + arp)
    time.sleep(0.01)
";

#[test]
fn what_is_said_on_a_vlan_that_is_not_ours_does_not_count() {
    let Some((_switch, parts)) = plugged("tagged", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let mut hands = Hands::of(a);
    for (tag, found) in [("81000005", ""), ("", "02:00:00:00:00:09")] {
        let mut command = b.command("python3");
        command.args(["-c", CLAIM, tag]);
        let then = Instant::now();
        let claim = Process::start("claim", command);
        claim.line(then, "ready", BOUND);
        assert_eq!(
            hands.done("probe 10.78.0.100 eth0 -wait 300ms"),
            found,
            "tag {tag}"
        );
    }
}

#[test]
fn a_bridge_is_a_device_as_any_other() {
    let Some((_switch, parts)) = plugged("bridge", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    a.ip("link add br0 type bridge");
    a.ip("link set eth0 master br0");
    a.ip("link set br0 up");
    let (mut on_a, mut on_b) = (Hands::of(a), Hands::of(b));
    wait("a carrier", BOUND, || match on_a.done("link br0") {
        state if state == "up" => Ok(()),
        state => Err(state),
    });
    on_a.done("add 10.78.0.100/24 br0");
    let refused = on_b.fails("add 10.78.0.100/24 eth0");
    assert_eq!(refused, format!("TAKEN 10.78.0.100 {}", mac(a, "br0")));
    on_b.done("add 10.78.0.101/24 eth0");
    assert!(on_a.fails("add 10.78.0.101/24 br0").starts_with("TAKEN"));
}

#[test]
fn a_second_device_of_our_own_on_the_same_network_is_no_stranger() {
    let Some((switch, parts)) = plugged("twins", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let cable = format!(
        "link add name second type veth peer name eth1 netns {}",
        a.0
    );
    switch.ip(&cable);
    switch.ip("link set second master bridge");
    switch.ip("link set second up");
    a.ip("link set eth1 up");
    parts.iter().for_each(settled);
    let (mut on_a, mut on_b) = (Hands::of(a), Hands::of(b));
    for (ip, prefix) in ADDRESSES {
        on_a.done(&format!("add {ip}/{prefix} eth1 -force"));
        let stranger = on_b.done(&format!("probe {ip} eth0"));
        assert!(
            [mac(a, "eth0"), mac(a, "eth1")].contains(&stranger),
            "{stranger}"
        );
        assert_eq!(on_a.done(&format!("probe {ip} eth0")), "");
        on_a.done(&format!("add {ip}/{prefix} eth0"));
    }
}

#[test]
fn without_ipv6_there_is_a_clear_word() {
    let Some((_switch, parts)) = plugged("nov6", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    let off = ["-q", "-w", "net.ipv6.conf.eth0.disable_ipv6=1"];
    run(a.command("sysctl").args(off));
    let mut hands = Hands::of(a);
    let refused = hands.ask("add fd78::64/64 eth0 -probe 50ms");
    let message = refused.as_ref().unwrap_err().message.clone();
    assert!(message.contains("IPv6 is disabled"), "{message}");
    assert_eq!(code(&refused), "SYSTEM EACCES");
}
