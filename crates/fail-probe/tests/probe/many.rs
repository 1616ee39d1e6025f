//! Many checks side by side in the one thread of a [`Prober`].

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use fail_conf::hcfile::check::Check;
use fail_core::watch::Verdict;
use fail_probe::{Prober, Stall};

use crate::ask::*;
use crate::bad::*;

/// Checks whose servers flood.
const FLOODS: u64 = 10;

/// Checks that hang.
const HANG: u64 = 1000;

/// For so long. Others are done before.
const HELD: Duration = Duration::from_secs(10);

fn hanging(at: std::net::SocketAddr) -> Check {
    Check::Tcp {
        host: host(at),
        send: None,
        expect: Some("something".to_string()),
        tls: None,
    }
}

#[test]
fn a_thousand_silent_servers_hold_up_nobody() {
    // Both ends of each are here.
    let limit = std::process::Command::new("sh")
        .args(["-c", "ulimit -n"])
        .output()
        .unwrap();
    let limit = String::from_utf8(limit.stdout).unwrap();
    if limit
        .trim()
        .parse::<u64>()
        .is_ok_and(|limit| limit < 2 * HANG + 200)
    {
        return skipped(&format!("only {} files may be open here", limit.trim()));
    }
    let (tell, told) = channel();
    let prober = Prober::start(move |number, finding| {
        let _ = tell.send((number, finding));
    })
    .unwrap();
    let servers: Vec<_> = (0..10).map(|_| silent("127.0.0.1")).collect();
    for (number, at) in (0..HANG).zip(servers.iter().cycle()) {
        prober.check(number, line(hanging(*at), terms()), HELD);
    }
    // These are asked while all the others hang.
    let web = web("127.0.0.1", |_| reply("200 OK", "", "Welcome"));
    for number in HANG..HANG + 50 {
        let mut check = http(format!("http://{web}/"));
        check.matches = vec!["Welcome".to_string()];
        prober.check(number, line(Check::Http(Box::new(check)), terms()), LIMIT);
    }
    for _ in 0..50 {
        let (number, finding) = told.recv_timeout(LIMIT).unwrap();
        assert!(number >= HANG, "{number} ended before: {finding:?}");
        good(finding);
    }
    let mut found = BTreeMap::new();
    while found.len() < usize::try_from(HANG).unwrap() {
        let (number, finding) = told.recv_timeout(LIMIT).unwrap();
        assert_eq!(finding.verdict, Verdict::Bad, "{finding:?}");
        assert!(
            finding.why.starts_with("no answer within 10s: waited for "),
            "{finding:?}"
        );
        assert!(finding.took.as_millis() >= 10_000, "{finding:?}");
        assert!(
            found.insert(number, finding).is_none(),
            "{number} was told twice"
        );
    }
}

#[test]
fn servers_that_flood_cost_their_own_checks_only() {
    let (tell, told) = channel();
    let prober = Prober::start(move |number, finding| {
        let _ = tell.send((number, finding));
    })
    .unwrap();
    let long = 10 * LIMIT;
    for number in 0..FLOODS {
        let heads = if number % 2 == 0 { CONTINUE } else { EARLY };
        let (at, _) = endless("127.0.0.1", "", heads.repeat(1000));
        let check = Check::Http(Box::new(http(format!("http://{at}/"))));
        prober.check(number, line(check, terms()), long);
    }
    let web = web("127.0.0.1", |_| reply("200 OK", "", "Welcome"));
    for number in FLOODS..FLOODS + 50 {
        let check = Check::Http(Box::new(http(format!("http://{web}/"))));
        prober.check(number, line(check, terms()), long);
    }
    for _ in 0..FLOODS + 50 {
        let (number, finding) = told.recv_timeout(long).unwrap();
        if number >= FLOODS {
            // Long before its deadline.
            assert!(finding.took.0 < u64::try_from(LIMIT.as_nanos()).unwrap());
            good(finding);
        } else {
            // Not by its deadline.
            let why = bad(finding);
            assert!(why.ends_with("than anybody would"), "{number}: {why}");
        }
    }
}

#[test]
fn a_thread_that_stands_still_is_noticed() {
    let (tell, told) = channel();
    let (release, released) = channel::<()>();
    let released = std::sync::Mutex::new(released);
    // This holds up the thread until it is released.
    let prober = Prober::start(move |number, _| {
        let _ = tell.send(number);
        let _ = released.lock().unwrap().recv();
    })
    .unwrap();
    let at = refusing("127.0.0.1");
    prober.check(1, line(tcp(at), terms()), LIMIT);
    assert_eq!(told.recv_timeout(LIMIT), Ok(1));
    let until = |wanted: &dyn Fn(Stall) -> bool| {
        let end = Instant::now() + LIMIT;
        while !prober.stalled().is_some_and(wanted) {
            assert!(Instant::now() < end, "it is not noticed");
            std::thread::yield_now();
        }
    };
    until(&|stall| stall == Stall::Now);
    drop(release);
    until(&|stall| matches!(stall, Stall::Over(time) if !time.is_zero()));
}

#[test]
fn who_is_dropped_is_not_answered() {
    let (tell, told) = channel();
    let prober = Prober::start(move |number, _| {
        let _ = tell.send(number);
    })
    .unwrap();
    let at = silent("::1");
    prober.check(1, line(hanging(at), terms()), SHORT);
    prober.check(2, line(hanging(at), terms()), SHORT);
    prober.drop_check(1);
    assert_eq!(told.recv_timeout(LIMIT), Ok(2));
    // With its thread goes what it was told with.
    drop(prober);
    assert_eq!(
        told.recv_timeout(LIMIT),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[test]
fn what_takes_too_long_is_judged() {
    let at = web("127.0.0.1", |_| reply("200 OK", "", ""));
    let check = || Check::Http(Box::new(http(format!("http://{at}/"))));
    let judged = |slow, within| {
        let mut terms = terms();
        terms.slow = slow;
        terms.within = within;
        fail_probe::probe_once(&line(check(), terms), LIMIT).unwrap()
    };
    let (short, long) = (
        fail_core::time::Span(1),
        fail_core::time::Span::from_secs(3600),
    );
    let told = |why: String| why.starts_with("took ") && why.ends_with("; status 200, 0 bytes");
    assert!(good(judged(Some(long), Some(long))).starts_with("status 200"));
    assert!(told(warning(judged(Some(short), Some(long)))));
    assert!(told(bad(judged(None, Some(short)))));
}
