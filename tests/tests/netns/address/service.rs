//! Services of `failover::ip` in the policies of real failshs: they move from host to host,
//! and somebody who uses them all the time hardly sees it. No program is started: failsh
//! runs without a PATH.

use std::process::Command;
use std::time::{Duration, Instant};

use failover_tests::{folder::Folder, program};
use serde_json::Value;

use super::super::lab::{BOUND, Namespace, plugged};
use super::super::process::{Process, command, output, run, wait};
use super::{Capture, mac, settled, shown};

const V4: &str = "10.78.0.100";
const V6: &str = "fd78::64";

/// The service of these tests, for a host with this relation to the other one.
fn policy(relation: &str, options: &str) -> String {
    format!(
        "package require failover::ip
         failhost other address [expr {{\"{relation}\" eq \"slaves\" ? \"10.78.0.2\" : \"10.78.0.1\"}}]
         ip::service web {{{V4}/24 {V6}/64}} eth0 {relation} other interval 200ms \\
             confirm {{3 30ms}} checkinterval 100ms {options}"
    )
}

/// A host and what runs on it.
struct Node<'a> {
    namespace: &'a Namespace,
    _folder: Folder,
    no: u8,
    faild: Option<Process>,
    failsh: Option<Process>,
}

impl Node<'_> {
    /// Starts both daemons, and waits until they are ready.
    fn start<'a>(namespace: &'a Namespace, no: u8, policy: &str) -> Node<'a> {
        Node::start_by(namespace, no, policy, &[])
    }

    /// The same, where failsh is started by these words.
    fn start_by<'a>(namespace: &'a Namespace, no: u8, policy: &str, by: &[&str]) -> Node<'a> {
        namespace.ip(&format!("address add 10.78.0.{no}/24 dev eth0"));
        namespace.ip(&format!("address add fd78::{no}/64 dev eth0 nodad"));
        settled(namespace);
        let folder = Folder::new();
        folder.write("policy.tcl", policy);
        let mut faild = namespace.command(program::path("faild"));
        let own = format!("10.78.0.{no}");
        faild.args([
            "-F",
            "-a",
            "127.0.0.1",
            "-a",
            &own,
            "-s",
            &folder.file("state"),
        ]);
        let then = Instant::now();
        let faild = Process::start(&format!("faild {no}"), faild);
        faild.line(then, "is ready", BOUND);
        let mut failsh = namespace.command("env");
        failsh.args(["-i", "PATH=/nowhere"]).args(by);
        failsh.arg(program::path("failsh"));
        failsh.args(["-F", "-d", "plan", "-m", "none", "--socket", "none"]);
        failsh.args(["-s", "127.0.0.1", "-f", &folder.file("policy.tcl")]);
        let failsh = Process::start(&format!("failsh {no}"), failsh);
        failsh.line(then, "is ready", BOUND);
        Node {
            namespace,
            _folder: folder,
            no,
            faild: Some(faild),
            failsh: Some(failsh),
        }
    }

    fn log(&self) -> &Process {
        self.failsh.as_ref().unwrap()
    }

    /// Whether it has all the addresses, or none of them.
    fn owns(&self) -> Option<bool> {
        let [v4, v6] = [V4, V6].map(|ip| shown(self.namespace, "eth0", ip).is_some());
        (v4 == v6).then_some(v4)
    }

    fn failc(&self, words: &[&str]) {
        run(self.namespace.command(program::path("failc")).args(words));
    }

    fn record(&self) -> Value {
        let mut failstat = self.namespace.command(program::path("failstat"));
        let said = output(failstat.args(["--json", "127.0.0.1"])).stdout;
        let all: Value = serde_json::from_slice(&said).unwrap_or_default();
        all["hosts"][0]["services"][0].clone()
    }

    /// Waits until it says this state, for a reason in which these words are.
    fn says(&self, state: &str, words: &str) -> Value {
        wait(
            &format!("host {} to be {state}: {words}", self.no),
            BOUND,
            || {
                let record = self.record();
                let reason = record["reason"].as_str().unwrap_or_default();
                match record["state"] == state && reason.contains(words) {
                    true => Ok(record),
                    false => Err(record.to_string()),
                }
            },
        )
    }

    fn kill(&mut self) -> Instant {
        let then = Instant::now();
        for daemon in [&mut self.failsh, &mut self.faild] {
            daemon.take().unwrap().kill();
        }
        then
    }
}

/// Waits until just this host has the addresses.
fn owned_by(nodes: [&Node<'_>; 2], no: u8) {
    wait(&format!("the addresses to be at {no}"), BOUND, || {
        let owns = nodes.map(Node::owns);
        let wanted = nodes.map(|node| Some(node.no == no));
        match owns == wanted {
            true => Ok(()),
            false => Err(format!("{owns:?}")),
        }
    });
}

/// Who pings the addresses all the time.
fn pings(namespace: &Namespace) -> Process {
    namespace.ip("address add 10.78.0.3/24 dev eth0");
    namespace.ip("address add fd78::3/64 dev eth0 nodad");
    settled(namespace);
    let mut ping: Command = namespace.command("python3");
    ping.args(["-c", include_str!("ping.py"), V4, V6]);
    let then = Instant::now();
    let ping = Process::start("ping", ping);
    ping.line(then, "ready", BOUND);
    ping
}

/// The longest time since then without an answer from an address, once it answers again
/// after `until`.
fn outage(ping: &Process, ip: &str, then: Instant, until: Instant) -> Duration {
    ping.line(until, ip, BOUND);
    let lines = ping.lines();
    let answers = lines
        .iter()
        .filter(|line| line.text.starts_with(&format!("{ip} ")));
    let mut at: Vec<Instant> = answers
        .map(|line| line.at)
        .filter(|at| *at >= then)
        .collect();
    at.insert(0, then);
    let gaps = at.windows(2).map(|two| two[1] - two[0]);
    gaps.max().unwrap()
}

#[test]
fn a_service_in_one_line_moves_and_pings_go_on() {
    let Some((_switch, parts)) = plugged("moves", &["hosta", "hostb", "hostc"]) else {
        return;
    };
    let [a, b, c] = &parts[..] else {
        unreachable!()
    };
    let mut one = Node::start(a, 1, &policy("slaves", ""));
    one.says("UP", "");
    let two = Node::start(b, 2, &policy("masters", ""));
    two.says("RECOVER", "");
    owned_by([&one, &two], 1);
    let ping = pings(c);
    for ip in [V4, V6] {
        ping.line(Instant::now(), ip, BOUND);
    }
    for (words, owner) in [(["away", "web"], 2), (["back", "web"], 1)] {
        let then = Instant::now();
        one.failc(&words);
        owned_by([&one, &two], owner);
        let moved = Instant::now();
        for ip in [V4, V6] {
            println!(
                "{words:?}: {ip} was away for {:.0?}",
                outage(&ping, ip, then, moved)
            );
        }
    }
    // The whole host is gone, and its cable with it.
    let then = one.kill();
    a.ip("link set eth0 down");
    wait("the other one to have the addresses", BOUND, || {
        two.owns().filter(|owns| *owns).ok_or("not yet".to_string())
    });
    let moved = Instant::now();
    for ip in [V4, V6] {
        println!(
            "host dead: {ip} was away for {:.0?}",
            outage(&ping, ip, then, moved)
        );
    }
}

#[test]
fn a_host_that_still_answers_is_not_robbed() {
    let Some((_switch, parts)) = plugged("robbed", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let mut one = Node::start(a, 1, &policy("slaves", "retry {300ms 1}"));
    one.says("UP", "");
    let two = Node::start(b, 2, &policy("masters", "retry {300ms 1}"));
    two.says("RECOVER", "");
    // Only the daemons die: the kernel of hosta goes on answering.
    one.kill();
    two.says("FAIL", &format!("{} answers for it", mac(a, "eth0")));
    assert_eq!(two.owns(), Some(false));
    a.ip("link set eth0 down");
    two.says("UP", "");
    assert_eq!(two.owns(), Some(true));
}

#[test]
fn a_check_sees_an_address_or_a_carrier_that_has_gone() {
    let Some((switch, parts)) = plugged("gone", &["hosta", "hostb"]) else {
        return;
    };
    let [a, _] = &parts[..] else { unreachable!() };
    let node = Node::start(a, 1, &policy("slaves", "fall 2"));
    node.says("UP", "");
    a.ip(&format!("address del {V4}/24 dev eth0"));
    node.says("FAIL", &format!("not on eth0: {V4}/24"));
    assert_eq!(node.owns(), Some(false), "stop has cleaned up");
    node.failc(&["web", "RECOVER"]);
    node.says("UP", "");
    switch.ip("link set hosta down");
    node.says("FAIL", "the device eth0 has no carrier");
}

#[test]
fn a_reclaim_announces_the_addresses_again() {
    let Some((_switch, parts)) = plugged("reclaim", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let words = policy("slaves", "-probe no -announce 1");
    let one = Node::start(a, 1, &words);
    one.says("UP", "");
    let capture = Capture::on(b, "eth0");
    // hostb says that it has served as well, and has given way.
    let two = Node::start(b, 2, "failsvc web start {return UP} stop {return RECOVER}");
    wait("the service to be reclaimed", BOUND, || {
        two.failc(&["web", "UP"]);
        two.failc(&["web", "RECOVER"]);
        match one.log().count(Instant::now() - BOUND, "reclaim") {
            0 => Err("it is not".to_string()),
            _ => Ok(()),
        }
    });
    capture.wait("0a4e0064000000000000", 1);
}

#[test]
fn without_the_right_to_do_it_there_is_a_clear_word() {
    let Some((_switch, parts)) = plugged("rights", &["hosta"]) else {
        return;
    };
    if output(&mut command(&["setpriv", "--version"]))
        .status
        .success()
    {
        let drop = "--bounding-set=-net_admin,-net_raw";
        let by = ["/usr/bin/setpriv", drop, "--inh-caps=-all"];
        let node = Node::start_by(&parts[0], 1, &policy("slaves", "retry {}"), &by);
        node.says(
            "FAIL",
            "can not ask the neighbours: failsh may not; it needs CAP_NET_RAW",
        );
        node.failc(&["away", "web"]);
        node.log()
            .line(Instant::now() - BOUND, "CAP_NET_RAW", BOUND);
    } else {
        failover_tests::skipped("no setpriv (Debian: apt-get install util-linux)");
    }
}

#[test]
fn a_mistyped_address_is_an_error_of_the_policy() {
    let folder = Folder::new();
    let file = folder.write(
        "policy.tcl",
        "package require failover::ip\nset x 1\nip::service web 192.0.2.10/33 eth0\n",
    );
    let mut failsh = Command::new(program::path("failsh"));
    let said = output(failsh.args(["--check", "-f", &file]));
    let errors = String::from_utf8_lossy(&said.stderr).into_owned();
    let problem = "ip::service web: bad prefix length \"33\" in 192.0.2.10/33: must be 1 to 32";
    assert!(errors.contains(&format!("{file}:3: {problem}")), "{errors}");

    // A good one in its normal form is a policy that reads the same.
    folder.write("policy.tcl", policy("slaves", ""));
    let check = |file: &str| {
        let mut failsh = Command::new(program::path("failsh"));
        run(failsh.args(["--check", "-f", file]))
    };
    let normal = check(&file);
    assert!(
        normal.starts_with("package require failover::ip\n"),
        "{normal}"
    );
    folder.write("policy.tcl", &normal);
    assert_eq!(check(&file), normal);
}
