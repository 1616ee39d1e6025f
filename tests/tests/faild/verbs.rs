//! failc forget, history and watch against a live faild.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use failover_tests::faild::{Faild, free_port};
use failover_tests::lines::Lines;
use failover_tests::program::{self, Running};
use failover_tests::wait;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

fn watch(address: &str, words: &[&str]) -> (Running, Lines) {
    let mut command = program::command("failc");
    command.args(["-s", address, "-t", "300ms", "-n", "2"]);
    let mut running = Running::start(command.args(words).stdout(Stdio::piped()));
    let lines = Lines::of(running.0.stdout.take().unwrap());
    (running, lines)
}

fn subscriptions(faild: &Faild) -> u64 {
    let shown: Value = serde_json::from_str(&faild.failstat(&["--stats", "-j"]).done()).unwrap();
    let counters = &shown["hosts"][0]["counters"];
    counters["subscriptions now"].as_u64().unwrap()
}

#[test]
fn a_forgotten_service_is_one_that_was_never_heard_of() {
    let faild = Faild::start(&[]);
    faild.failc(&["wbe", "UP"]).done();
    let unknown = "wbe FAIL unpublished (unknown)\n";
    assert_eq!(faild.failc(&["forget", "wbe"]).done(), unknown);
    assert_eq!(faild.failc(&["wbe"]).done(), unknown);
    assert!(!faild.failstat(&[]).done().contains("wbe"));
    // Once more does no harm, and with -q there is no state to tell.
    let outcome = faild.failc(&["-q", "forget", "wbe"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(0), ""));
    faild.failc(&["wbe", "RECOVER"]).done();
    faild.log.wait_for("service wbe: forgotten, by 127.0.0.1");
}

#[test]
fn a_service_whose_publisher_is_alive_is_not_forgotten() {
    let faild = Faild::start(&[]);
    let mut client = faild.client("public");
    let name = "web".parse().unwrap();
    let (record, nonce) = client.read_one(&name).unwrap();
    let change = fail_client::Change {
        nonce,
        version: record.version,
        name,
        state: Some(fail_client::State::Up),
        set: fail_client::Marks(0),
        clear: fail_client::Marks(0),
        reason: fail_client::Reason::new("published"),
        interval_ms: 600_000,
    };
    client.change_exactly(&change).unwrap();
    let why = faild.failc(&["forget", "web"]).failed(75);
    assert!(
        why.contains("a failsh that runs publishes the service"),
        "{why}"
    );
    assert!(faild.failc(&["web"]).done().starts_with("web UP "));
}

#[test]
fn history_tells_what_was_when_and_by_whom_the_newest_last() {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "UP"]).done();
    faild.failc(&["hold", "web", "new disk"]).done();
    let out = faild.failc(&["history", "web"]).done();
    let lines: Vec<&str> = out.lines().collect();
    for (line, end) in lines.iter().zip([
        " ago: UP (set by hand) by 127.0.0.1",
        " ago: UP held (held: new disk) by 127.0.0.1",
    ]) {
        assert!(
            line.starts_with("20") && line[19..].starts_with("Z "),
            "{line}"
        );
        assert!(line.ends_with(end), "{line}");
    }
    let out = faild.failc(&["-j", "history", "web"]).done();
    let objects: Vec<Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    let mut last = objects[1].clone();
    assert!(last["at_ms"].as_i64().unwrap() > 1_500_000_000_000);
    for clock in ["at_ms", "age_ms"] {
        last[clock] = Value::Null;
    }
    let expected = json!({
        "service": "web", "version": 2, "state": "UP", "marks": ["held"],
        "reason": "held: new disk", "by": "127.0.0.1", "at_ms": null, "age_ms": null
    });
    assert_eq!(last, expected);

    let outcome = faild.failc(&["history", "dns"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(0), ""));
    assert!(outcome.err.contains("remembers nothing of service \"dns\""));
}

#[test]
fn watch_prints_what_is_and_every_change_until_it_is_told_to_end() {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "FAIL", "it broke"]).done();
    faild.failc(&["dns", "FAIL"]).done();
    let address = faild.address.to_string();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (mut all, lines) = watch(&address, &["watch"]);
        let (mut one, web) = watch(&address, &["-j", "watch", "web"]);
        let first = lines.wait_for(" web FAIL for ");
        assert!(first.ends_with(" (it broke)"), "{first}");
        assert!(
            first.starts_with("20") && first[19..].starts_with("Z "),
            "{first}"
        );
        lines.wait_for(" dns FAIL for ");
        web.wait_for("{\"ready\":true}");
        faild.failc(&["dns", "RECOVER"]).done();
        faild.failc(&["web", "RECOVER", "again"]).done();
        lines.wait_for(" dns RECOVER for ");
        lines.wait_for(" web RECOVER for ");
        let line = web.wait_for("RECOVER");
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["reason"], "again");
        assert!(web.all().iter().all(|line| !line.contains("dns")));

        assert_eq!(subscriptions(&faild), 2);
        for running in [&mut all, &mut one] {
            running.signal(signal);
            assert_eq!(running.wait(), Some(0));
        }
        let number = || subscriptions(&faild);
        wait::until("the end of the subscriptions", number, |n| *n == 0);
        faild.failc(&["web", "FAIL", "it broke"]).done();
        faild.failc(&["dns", "FAIL"]).done();
    }
}

#[test]
fn watch_ends_when_nobody_reads_it_though_nothing_changes() {
    let faild = Faild::start(&[]);
    let mut command = program::command("failc");
    command.args(["-s", &faild.address.to_string(), "watch", "web"]);
    let mut running = Running::start(command.stdout(Stdio::piped()));
    // All there is to say is read, and then nobody is there any more.
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    assert_eq!(running.wait(), Some(0));
}

#[test]
fn watch_ends_though_its_reader_does_not_read() {
    let faild = Faild::start(&[]);
    let long = "why ".repeat(49);
    for n in 0..40 {
        faild.failc(&["-q", &format!("s{n}"), "UP", &long]);
    }
    let mut command = program::command("failc");
    command.args(["-s", &faild.address.to_string(), "watch"]);
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let out = running.0.stdout.as_ref().unwrap();
    // The least that a pipe can hold is less than there is to be said.
    fcntl(out, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    wait::until("failc to watch", || subscriptions(&faild), |n| *n == 1);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait(), Some(0));
}

/// A faild on a fixed port, so that another one can take its place.
fn faild_at(port: &str) -> Running {
    let mut command = program::command("faild");
    command.args(["-F", "-a", "127.0.0.3", "-p", port]);
    let mut running = Running::start(command.stderr(Stdio::piped()));
    let log = Lines::of(running.0.stderr.take().unwrap());
    log.wait_for("is ready");
    running
}

/// How long a process has used a processor, in ticks of the system.
fn ticks(running: &Running) -> i64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.pid())).unwrap();
    let (_, after) = stat.rsplit_once(')').unwrap();
    let fields: Vec<i64> = after
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // Of the numbers after the state, which is none, the 11th and the 12th.
    fields[10] + fields[11]
}

#[test]
fn watch_says_that_faild_is_silent_and_that_it_is_back() {
    for tcp in [&[][..], &["-T"]] {
        let port = free_port("127.0.0.3").to_string();
        let faild = faild_at(&port);
        let address = format!("127.0.0.3:{port}");
        let start = |words: &[&str]| watch(&address, &[tcp, words].concat());
        let (people, lines) = start(&["watch", "web"]);
        let (_program, objects) = start(&["-j", "watch", "web"]);
        lines.wait_for("web FAIL unpublished (unknown)");
        objects.wait_for("ready");
        drop(faild);
        let line = lines.wait_for(&address);
        assert!(line.contains("Z no "), "{line}");
        let error: Value = serde_json::from_str(&objects.wait_for("error")).unwrap();
        let error = error["error"].as_str().unwrap();
        assert!(error.contains(&address), "{error}");
        // It waits for the next question and does not turn in circles meanwhile.
        let (before, then) = (ticks(&people), Instant::now());
        wait::until("a while", || then.elapsed().as_secs(), |s| *s >= 2);
        let used = ticks(&people) - before;
        assert!(used < 50, "{used} ticks of 200");

        let _faild = faild_at(&port);
        lines.wait_for(&format!("Z {address} was started anew and answers"));
        objects.wait_for("{\"anew\":true,\"answers\":true}");
        let mut command = program::command("failc");
        command.args(["-s", &address, "web", "FAIL", "it is told again"]);
        program::run(command).done();
        lines.wait_for("(it is told again)");
        objects.wait_for("it is told again");
    }
}

#[test]
fn watch_does_not_wait_for_a_faild_that_does_not_answer_in_the_beginning() {
    let address = format!("127.0.0.3:{}", free_port("127.0.0.3"));
    let mut command = program::command("failc");
    command.args(["-s", &address, "-t", "50ms", "-n", "2", "watch"]);
    let why = program::run(command).failed(69);
    assert!(why.contains(&address), "{why}");
}

#[test]
fn what_has_no_state_can_not_be_quiet_and_takes_no_more_words() {
    for (line, named) in [
        ("-q watch", "watch can not be --quiet"),
        ("-q history web", "history can not be --quiet"),
        ("history web now", "\"now\""),
        ("forget web now", "\"now\""),
        ("watch we*b", "'*'"),
        ("forget we*b", "'*'"),
        ("history we*b", "'*'"),
    ] {
        let mut command = program::command("failc");
        // Nobody is there: it is not asked.
        command.args(["-s", "127.0.0.1:9"]).args(line.split(' '));
        let why = program::run(command).failed(64);
        assert!(why.contains(named), "{line}: {why}");
        assert_eq!(why.lines().count(), 1, "{line}: {why}");
    }
    let outcome = {
        let mut command = program::command("failc");
        command.args(["-n", "1", "-t", "50ms", "-s", "::1:1847", "web"]);
        program::run(command)
    };
    assert_eq!(outcome.code, Some(69), "{outcome:?}");
    assert!(outcome.err.contains("write [::1]:1847"), "{outcome:?}");
}
