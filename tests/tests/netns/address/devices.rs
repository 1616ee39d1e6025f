//! Devices that are down, gone, or have no neighbours; addresses that are there already.

use super::super::lab::{BOUND, plugged};
use super::super::process::{run, wait};
use super::{Hands, settled, shown};

#[test]
fn what_is_there_already_and_what_is_gone_already_is_no_error() {
    let Some((_switch, parts)) = plugged("twice", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    settled(a);
    let mut hands = Hands::of(a);
    for (ip, prefix) in [("10.78.0.100", 24), ("fd78::64", 64)] {
        let words = format!("{ip}/{prefix} eth0");
        assert_eq!(hands.done(&format!("has {ip}")), "0");
        for _ in 0..2 {
            hands.done(&format!("add {words} -probe 20ms"));
            assert_eq!(hands.done(&format!("has {ip} eth0")), "1");
            assert_eq!(hands.done(&format!("has {ip}")), "1");
            assert_eq!(hands.done(&format!("has {ip} lo")), "0");
        }
        let other = hands.fails(&format!("add {ip}/{} eth0", prefix + 1));
        assert_eq!(other, format!("PREFIX {ip} eth0"));
        for _ in 0..2 {
            hands.done(&format!("del {words}"));
            assert_eq!(shown(a, "eth0", ip), None);
        }
    }
    hands.done("del 10.78.0.100/24 eth9");
    assert_eq!(hands.done("has 10.78.0.100 eth9"), "0");
}

#[test]
fn the_first_address_of_a_network_takes_no_others_with_it() {
    let Some((_switch, parts)) = plugged("first", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    let sysctl = ["-q", "-w"];
    for name in ["all", "eth0"] {
        let off = format!("net.ipv4.conf.{name}.promote_secondaries=0");
        run(a.command("sysctl").args(sysctl).arg(off));
    }
    let mut hands = Hands::of(a);
    for (no, label) in [(100, "eth0"), (101, "eth0:web"), (102, "eth0:mail")] {
        hands.done(&format!(
            "add 10.78.0.{no}/24 eth0 -probe no -label {label}"
        ));
    }
    a.ip("address add 10.79.0.1/24 dev eth0");
    assert_eq!(shown(a, "eth0", "10.78.0.102").unwrap()["secondary"], true);
    hands.done("del 10.78.0.100 eth0");
    let list = hands.done("list eth0");
    let mut v4: Vec<&str> = list.lines().filter(|line| line.contains("10.7")).collect();
    v4.sort_unstable();
    assert_eq!(
        v4,
        [
            "10.78.0.101/24\teth0\teth0:web\tpermanent",
            "10.78.0.102/24\teth0\teth0:mail\tsecondary permanent",
            "10.79.0.1/24\teth0\teth0\tpermanent",
        ]
    );
    assert_eq!(
        shown(a, "eth0", "10.78.0.101").unwrap()["broadcast"],
        "10.78.0.255"
    );
}

#[test]
fn a_device_that_serves_nobody_is_refused() {
    let Some((switch, parts)) = plugged("down", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    let mut hands = Hands::of(a);
    assert_eq!(hands.done("link eth0"), "up");
    for words in [
        "add 10.78.0.100/24 eth9",
        "announce 10.78.0.100 eth9",
        "link eth9",
        "list eth9",
    ] {
        assert_eq!(hands.fails(words), "NODEV eth9", "{words}");
    }
    assert_eq!(
        hands.fails("announce 10.78.0.100 eth0"),
        "NOTHERE 10.78.0.100 eth0"
    );

    hands.done("add 10.78.0.99/24 eth0 -probe no");
    switch.ip("link set hosta down");
    for (state, code) in [("nocarrier", "NOCARRIER eth0"), ("down", "DOWN eth0")] {
        wait(&format!("eth0 to be {state}"), BOUND, || {
            match hands.done("link eth0") {
                seen if seen == state => Ok(()),
                seen => Err(seen),
            }
        });
        for words in [
            "add 10.78.0.100/24 eth0",
            "add 10.78.0.100/24 eth0 -probe no",
        ] {
            assert_eq!(hands.fails(words), code, "{words}");
            assert_eq!(shown(a, "eth0", "10.78.0.100"), None);
        }
        assert_eq!(hands.fails("probe 10.78.0.100 eth0"), code);
        assert_eq!(hands.fails("announce 10.78.0.99 eth0"), code);
        hands.done("add 10.78.0.101/24 eth0 -force");
        assert!(shown(a, "eth0", "10.78.0.101").is_some());
        hands.done("del 10.78.0.101 eth0");
        a.ip("link set eth0 down");
    }
}

#[test]
fn where_nobody_listens_nobody_is_asked() {
    let Some((_switch, parts)) = plugged("quiet", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    a.ip("link set eth0 arp off");
    let mut hands = Hands::of(a);
    for device in ["lo", "eth0"] {
        for (ip, prefix) in [("10.78.0.100", 32), ("fd78::64", 128)] {
            let then = std::time::Instant::now();
            hands.done(&format!("add {ip}/{prefix} {device} -probe 10s"));
            assert!(then.elapsed() < BOUND / 2, "{device} was asked");
            hands.done(&format!("announce {ip} {device}"));
            assert_eq!(hands.done(&format!("probe {ip} {device} -wait 10s")), "");
            assert!(shown(a, device, ip).is_some());
            hands.done(&format!("del {ip} {device}"));
        }
    }
}

#[test]
fn a_device_that_goes_while_its_neighbours_are_asked_is_an_error() {
    let Some((_switch, parts)) = plugged("goes", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    let mut hands = Hands::of(a);
    for (words, code) in [
        ("link set eth0 down", "DOWN eth0"),
        ("link set eth0 up", ""),
        ("link del eth0", "DOWN eth0"),
    ] {
        if code.is_empty() {
            a.ip(words);
            continue;
        }
        let no = hands.order("add 10.78.0.100/24 eth0 -probe 9s");
        // An order that is answered at once shows that the one before it has been begun.
        hands.done_beside("has 10.78.0.100", no);
        a.ip(words);
        let (answered, result) = hands.answer();
        assert_eq!(
            (answered, super::code(&result).as_str()),
            (no, code),
            "{words}"
        );
    }
}

#[test]
fn what_is_taken_away_does_not_come_up_later() {
    let Some((_switch, parts)) = plugged("cancel", &["hosta"]) else {
        return;
    };
    let a = &parts[0];
    let mut hands = Hands::of(a);
    let add = hands.order("add 10.78.0.100/24 eth0 -probe 500ms");
    let other = hands.order("add 10.78.0.101/24 eth0 -probe 500ms");
    let del = hands.order("del 10.78.0.100/24 eth0");
    let (first, result) = hands.answer();
    assert_eq!((first, super::code(&result).as_str()), (add, "CANCELLED"));
    let (second, result) = hands.answer();
    assert_eq!((second, result), (del, Ok(String::new())));
    assert_eq!(hands.answer(), (other, Ok(String::new())));
    assert_eq!(shown(a, "eth0", "10.78.0.100"), None);
}
