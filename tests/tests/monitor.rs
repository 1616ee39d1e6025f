//! The monitor stream of a real failsh, as real clients see it: those who read, those who do
//! not, and those who do worse.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fail_client::monitor::{Monitor, MonitorError};
use fail_wire::monitor::{HealthView, ServiceView, Update};
use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use failover_tests::wait::{self, LIMIT};
use nix::sys::signal::Signal;

/// As many as one failsh serves.
const CLIENTS_MAX: usize = fail_core::limits::MONITOR_CLIENTS_MAX;

fn watch(at: SocketAddr) -> Monitor {
    Monitor::connect(&[at], LIMIT).unwrap()
}

fn next(monitor: &mut Monitor) -> Update {
    monitor.next(Instant::now() + LIMIT).unwrap()
}

/// Everything up to the end of the first telling.
fn all(monitor: &mut Monitor) -> Vec<Update> {
    let mut updates = Vec::new();
    loop {
        match next(monitor) {
            Update::Ready => return updates,
            update => updates.push(update),
        }
    }
}

/// The next view of this service that is as it should be.
fn service(monitor: &mut Monitor, name: &str, good: impl Fn(&ServiceView) -> bool) -> ServiceView {
    let end = Instant::now() + LIMIT;
    let mut last = None;
    while Instant::now() < end {
        match next(monitor) {
            Update::Service(view) if view.name == name && good(&view) => return *view,
            Update::Service(view) if view.name == name => last = Some(view),
            _ => {}
        }
    }
    panic!("service {name} was last seen as {last:?}")
}

fn health(monitor: &mut Monitor) -> HealthView {
    find(monitor, "the health", |update| match update {
        Update::Health(view) => Some(view),
        _ => None,
    })
}

/// The first update in which this finds something.
fn find<T>(monitor: &mut Monitor, what: &str, mut look: impl FnMut(Update) -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        if let Some(found) = look(next(monitor)) {
            return found;
        }
    }
    panic!("{what} did not come")
}

fn services(names: &[&str]) -> String {
    let one = |name: &&str| format!("failsvc {name} start {{return UP}} {REST}\n");
    names.iter().map(one).collect()
}

#[test]
fn everything_is_told_once_and_then_what_is_new() {
    let policy = services(&["web", "dns", "mail"])
        + "failhost hostb address 127.0.0.1 port 9\nfailhost hosta address 127.0.0.1 port 9\n\
           failsvc web slaves {hosta hostb}\n";
    let failsh = Failsh::serving(&policy);
    failsh.wait_for_lines(3, "RECOVER -> UP");
    let mut monitor = watch(failsh.monitor());
    let mut told = Vec::new();
    for update in all(&mut monitor) {
        told.push(match update {
            Update::Hello(hello) => {
                assert_eq!((hello.stream, hello.policy), (1, 1));
                assert_eq!(hello.pid, failsh.running.0.id());
                "hello".to_string()
            }
            Update::Service(view) => format!("service {}", view.name),
            Update::Host(view) => format!("host {}", view.name),
            Update::Health(_) => "health".to_string(),
            other => format!("{other:?}"),
        });
    }
    let expected = [
        "hello",
        "service dns",
        "service mail",
        "service web",
        "host hosta",
        "host hostb",
        "health",
    ];
    assert_eq!(told, expected);

    failsh.faild.failc(&["hold", "web", "new", "disk"]).done();
    let held = service(&mut monitor, "web", |view| {
        view.marks.contains(&"held".to_string())
    });
    assert_eq!(held.state.as_deref(), Some("UP"));
    // And once a second how it does.
    health(&mut monitor);
    health(&mut monitor);

    failsh.write(&services(&["web", "dns", "new"]));
    failsh.signal(Signal::SIGHUP);
    let mut missing = BTreeSet::from(["gone mail", "gone hosta", "gone hostb", "new"]);
    find(&mut monitor, "what has changed", |update| {
        match update {
            Update::Gone { name, .. } => missing.remove(format!("gone {name}").as_str()),
            Update::Service(view) => missing.remove(view.name.as_str()),
            _ => false,
        };
        missing.is_empty().then_some(())
    });
    let hello = all(&mut watch(failsh.monitor())).remove(0);
    assert!(matches!(hello, Update::Hello(hello) if hello.policy == 2));
}

#[test]
fn events_are_told_one_by_one() {
    let failsh = Failsh::serving(&services(&["web"]));
    failsh.log.wait_for("RECOVER -> UP");
    let mut monitor = watch(failsh.monitor());
    all(&mut monitor);
    failsh.faild.failc(&["away", "web"]).done();
    failsh.wait_for_state("web", "FAIL");
    failsh.faild.failc(&["back", "web"]).done();
    let mut seen = Vec::new();
    find(&mut monitor, "the last event", |update| {
        if let Update::Event(event) = update {
            assert_eq!(event.subject, "web");
            seen.push(event.event);
        }
        seen.ends_with(&["up".to_string()]).then_some(())
    });
    assert_eq!(seen, ["fail", "recover", "up"]);
}

#[test]
fn one_too_many_is_told_which_limit_it_is() {
    let failsh = Failsh::serving(&services(&["web"]));
    let at = failsh.monitor();
    let mut inside: Vec<Monitor> = (0..CLIENTS_MAX).map(|_| watch(at)).collect();
    inside.iter_mut().for_each(|monitor| {
        all(monitor);
    });
    let refused = watch(at).next(Instant::now() + LIMIT).unwrap_err();
    assert!(
        matches!(refused, MonitorError::Refused { .. }),
        "{refused:?}"
    );
    let sentence = refused.to_string();
    assert!(
        sentence.contains("32") && sentence.contains("MONITOR_CLIENTS_MAX"),
        "{sentence}"
    );
    // Who is inside is told of the world as before, and a place that is free is given away.
    health(inside.last_mut().unwrap());
    inside.pop();
    let again = || watch(at).next(Instant::now() + LIMIT).is_ok();
    wait::until("a free place", again, |in_again| *in_again);
}

/// A process of its own that has begun to read the stream and is stopped.
fn stopped_reader(at: SocketAddr) -> Running {
    let script = format!(
        "exec 3<>/dev/tcp/{}/{}; read line <&3; echo; cat <&3",
        at.ip(),
        at.port()
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    let mut reader = Running::start(&mut command);
    let mut out = reader.0.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    reader.signal(Signal::SIGSTOP);
    reader
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().split_whitespace().next().unwrap();
    number.parse().unwrap()
}

#[test]
fn readers_that_are_stopped_cost_nothing() {
    let names: Vec<String> = (0..100).map(|n| format!("s{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let failsh = Failsh::serving(&services(&names));
    failsh.wait_for_lines(names.len(), "RECOVER -> UP");
    let at = failsh.monitor();
    let pid = failsh.running.0.id();
    let mut watcher = watch(at);
    all(&mut watcher);
    let before = resident_kb(pid);
    let _readers: Vec<_> = (1..CLIENTS_MAX).map(|_| stopped_reader(at)).collect();
    // Every service changes again and again: more than the kernel keeps for who does not read.
    let mut client = failsh.faild.client("public");
    let (mut changes, mut slowest) = (0, Duration::ZERO);
    let end = Instant::now() + Duration::from_secs(6);
    while Instant::now() < end {
        for name in &names {
            let name = fail_wire::Name::new(name).unwrap();
            let reason = format!("{changes} {}", "x".repeat(180));
            let wanted = |_: &_| fail_client::Wanted {
                state: None,
                set: fail_wire::Marks::HELD,
                clear: fail_wire::Marks(0),
                reason: fail_wire::Reason::new(&reason),
            };
            client.change(&name, wanted).unwrap();
            changes += 1;
        }
        let then = Instant::now();
        let last = (changes - 1).to_string() + " ";
        service(&mut watcher, names[99], |view| {
            view.reason.starts_with(&last)
        });
        slowest = slowest.max(then.elapsed());
    }
    let grown = resident_kb(pid).saturating_sub(before);
    let late = health(&mut watcher);
    eprintln!(
        "31 stopped readers, {changes} changes: memory grew by {grown} kB, the slowest news \
         took {slowest:?}, lateness p50 {} us, p99 {} us, max {} us",
        late.late_p50_us, late.late_p99_us, late.late_max_us
    );
    assert!(grown < 20_000, "memory grew by {grown} kB");
    assert!(slowest < Duration::from_secs(2), "news took {slowest:?}");
    assert_eq!(failsh.count("asking anew"), 0, "{:?}", failsh.log.all());
    assert!(!failsh.state("s00").contains("unsupervised"));
}

#[test]
fn whatever_a_client_says_is_not_heard() {
    let failsh = Failsh::serving(&services(&["web"]));
    let at = failsh.monitor();
    // A web browser sees the stream.
    let mut browser = TcpStream::connect(at).unwrap();
    browser
        .write_all(b"GET / HTTP/1.1\r\nHost: hosta\r\n\r\n")
        .unwrap();
    let mut bytes = [0; 16];
    browser.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"{\"type\":\"hello\",");
    // One that says very little very slowly is no trouble either, and more is too much.
    let mut slow = TcpStream::connect(at).unwrap();
    for _ in 0..10 {
        slow.write_all(b"x").unwrap();
    }
    let mut flood = TcpStream::connect(at).unwrap();
    let garbage = b"\xff\0{\"type\":\"release\"}\n".repeat(1000);
    let sent = || flood.write_all(&garbage).is_ok();
    wait::until("the end of its patience", sent, |sent| !sent);
    // Those who come and go.
    for _ in 0..200 {
        drop(TcpStream::connect(at).unwrap());
    }
    // They are not all noticed at once.
    let again = || watch(at).next(Instant::now() + LIMIT).is_ok();
    wait::until("a free place", again, |in_again| *in_again);
    failsh.wait_for_state("web", "UP");
}

/// Runs failsh with these options to its end; or, if it goes on, until it says so.
fn options(options: &[&str]) -> (Option<i32>, String) {
    let (faild, folder) = (Faild::start(&[]), Folder::new());
    let policy = folder.write("p.tcl", services(&["web"]));
    let mut command = program::command("failsh");
    command.args([
        "-F",
        "-s",
        &faild.address.to_string(),
        "-D",
        "none",
        "-f",
        &policy,
    ]);
    command.args(options).stderr(Stdio::piped());
    let mut running = Running::start(&mut command);
    let log = failover_tests::lines::Lines::of(running.0.stderr.take().unwrap());
    let look = || (running.0.try_wait().unwrap(), log.all().join("\n"));
    let (status, said) = wait::until("its start or its end", look, |(status, log)| {
        status.is_some() || log.contains("is ready")
    });
    match status {
        // Its last words may be read after its end is seen.
        Some(status) => (status.code(), log.whole().join("\n")),
        None => (None, said),
    }
}

#[test]
fn where_monitors_are_served_is_said_by_an_option() {
    let none = ["--socket", "none"];
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let port = taken.rsplit(':').next().unwrap();
    for at in [taken.as_str(), port] {
        let (code, log) = options(&[&none[..], &["-m", at]].concat());
        assert_eq!(code, Some(73), "{log}");
        assert!(
            log.contains(&format!("can not listen on {taken}/tcp")),
            "{log}"
        );
    }
    let (code, log) = options(&[&none[..], &["-m", "127.0.0.2:0"]].concat());
    assert_eq!(code, None);
    assert!(log.contains("monitor: listening on 127.0.0.2:"), "{log}");
    let (code, log) = options(&[&none[..], &["-m", "none"]].concat());
    assert_eq!(code, None);
    assert!(!log.contains("monitor:"), "{log}");
    // The usual port is no reason to do without a failsh. Somebody else may have it already.
    let usual = TcpListener::bind(("127.0.0.1", fail_cli::ports::MONITOR));
    let (code, log) = options(&none);
    assert_eq!(code, None);
    let sentence = "can not listen on 127.0.0.1:1848/tcp: address already in use; failsh goes on";
    assert!(log.contains(sentence), "{log}");
    drop(usual);
    // On both addresses of the loopback.
    if TcpListener::bind("[::1]:0").is_ok() {
        let failsh = Failsh::serving("");
        let at = SocketAddr::new("::1".parse().unwrap(), failsh.monitor().port());
        all(&mut watch(at));
    }
}
