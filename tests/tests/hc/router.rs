//! A router in front of 50 targets, in network namespaces of the kernel: when it is dead, that is
//! one message, although those behind it are asked more often and found dead first.

use std::fmt::Write;
use std::time::{Duration, Instant};

use failover_tests::folder::Folder;
use failover_tests::netns::{Namespace, plugged};
use failover_tests::process::Process;
use failover_tests::{program, tree, wait};

/// What a busy machine may take for what takes two seconds.
const BOUND: Duration = Duration::from_secs(30);

const BEHIND: usize = 50;

struct Net {
    switch: Namespace,
    router: Namespace,
    here: Namespace,
    folder: Folder,
}

impl Net {
    /// Here is 10.78.0.1, the router is 10.78.0.2, and behind it are 10.78.1.1 and so on.
    fn new(test: &str) -> Option<Net> {
        let (switch, mut parts) = plugged(test, &["router", "here"])?;
        let (here, router) = (parts.pop()?, parts.pop()?);
        here.ip("address add 10.78.0.1/24 dev eth0");
        router.ip("address add 10.78.0.2/24 dev eth0");
        here.ip("route add 10.78.1.0/24 via 10.78.0.2");
        for no in 1..=BEHIND {
            router.ip(&format!("address add 10.78.1.{no}/32 dev lo"));
        }
        let folder = Folder::new();
        Some(Net {
            switch,
            router,
            here,
            folder,
        })
    }

    /// hc here, whose every target writes into one file what is said of it. Those behind the
    /// router are asked ten times as often as the router.
    fn hc(&self) -> Process {
        let said = self.folder.file("said");
        let tell = self.folder.write(
            "tell",
            format!("#!/bin/sh\necho \"$HC_TARGET $HC_EVENT $HC_HIDES\" >> {said}\n"),
        );
        let mut file = format!(
            "load icmp\nretry = 200ms\ntimeout = 400ms\nfall = 2\nrise = 2\n\
             router:\n    interval 2s\n    icmp 10.78.0.2 count=1 loss=0\n    \
             on down,up exec /bin/sh {tell}\n"
        );
        for no in 1..=BEHIND {
            write!(
                file,
                "t{no}: router\n    interval 200ms\n    icmp 10.78.1.{no} count=1 loss=0\n    \
                 on down,up exec /bin/sh {tell}\n"
            )
            .unwrap();
        }
        let mut hc = self.here.command(program::path("hc"));
        hc.args(["-F", "-f", &self.folder.write("Hcfile", file)]);
        let begin = Instant::now();
        let hc = Process::start("hc", hc);
        // Each has been asked, and is up.
        for no in 1..=BEHIND {
            hc.line(begin, &format!("target t{no}: pending -> up"), BOUND);
        }
        hc.line(begin, "target router: pending -> up", BOUND);
        hc
    }

    /// All that was said, in its order.
    fn said(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.file("said")).unwrap_or_default();
        text.lines().map(String::from).collect()
    }
}

#[test]
fn a_dead_router_in_front_of_50_targets_is_one_message() {
    let Some(net) = Net::new("one-message") else {
        return;
    };
    let hc = net.hc();
    assert_eq!(net.said(), [""; 0]);
    let begin = Instant::now();
    net.switch.ip("link set router down");
    hc.line(begin, "target router: up -> down", BOUND);
    let hidden = format!("{BEHIND} targets are not asked because of it");
    hc.line(begin, &hidden, BOUND);
    let look = || net.said();
    let first = format!("router down {BEHIND}");
    wait::until("the router to be told of", look, |said| {
        *said == [first.clone()]
    });

    let begin = Instant::now();
    net.switch.ip("link set router up");
    hc.line(begin, "target router: down -> up", BOUND);
    wait::until("the router to be told of", look, |said| said.len() == 2);

    // One that dies behind it now is told of, as it alone is dead.
    let begin = Instant::now();
    net.router.ip("address del 10.78.1.7/32 dev lo");
    hc.line(begin, "target t7: up -> down", BOUND);
    wait::until("the one to be told of", look, |said| said.len() == 3);
    assert_eq!(net.said()[1..], ["router up 0", "t7 down 0"]);
}

#[test]
fn what_died_behind_a_dead_router_is_told_of_when_the_router_is_back() {
    let Some(net) = Net::new("behind") else {
        return;
    };
    let hc = net.hc();
    let begin = Instant::now();
    net.switch.ip("link set router down");
    hc.line(begin, "target router: up -> down", BOUND);
    hc.line(begin, "targets are not asked because of it", BOUND);
    net.router.ip("address del 10.78.1.9/32 dev lo");
    net.switch.ip("link set router up");
    hc.line(begin, "target t9: up -> down", BOUND);
    let look = || net.said();
    wait::until("it to be told of", look, |said| said.len() == 3);
    assert_eq!(net.said()[1..], ["router up 0", "t9 down 0"]);
}

#[test]
fn the_sample_is_right() {
    let mut hc = program::command("hc");
    let sample = tree::path("samples/hc");
    hc.args(["--check", "-f", "Hcfile"]).current_dir(sample);
    program::run(hc).done();
}
