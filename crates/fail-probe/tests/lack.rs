//! A host that has no descriptor left: who is asked is not bad for that. In a process of its own.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::File;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use fail_conf::hcfile::parse_check;
use fail_core::watch::Verdict;
use fail_probe::Prober;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Longer than anything here takes on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Long enough to ask more than once.
const SHORT: Duration = Duration::from_millis(500);

#[test]
fn a_check_without_a_descriptor_waits_for_one_and_accuses_nobody() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = server.local_addr().unwrap();
    let by_address = parse_check(&format!("tcp {at}")).unwrap();
    let by_name = parse_check(&format!("tcp localhost:{} family=4", at.port())).unwrap();
    let (tell, told) = channel();
    let prober = Prober::start(move |number, found| {
        let _ = tell.send((number, found));
    });
    let prober = prober.unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 256, hard).unwrap();
    let all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    prober.check(1, by_address.clone(), LIMIT);
    for (number, line) in [(2, &by_address), (3, &by_name)] {
        prober.check(number, line.clone(), SHORT);
        let (ended, found) = told.recv_timeout(LIMIT).unwrap();
        assert_eq!((ended, found.verdict), (number, Verdict::Unknown));
        assert!(found.why.contains("too many open files"), "{found:?}");
        let lacked = prober.lacked().unwrap();
        assert!(lacked.contains("too many open files"), "{lacked}");
    }
    drop(all);
    let (ended, found) = told.recv_timeout(LIMIT).unwrap();
    assert_eq!((ended, found.verdict), (1, Verdict::Good), "{found:?}");
    assert_eq!(prober.lacked(), None);
}
