//! A name server that is silent, when failsh is started and later: the hosts of the policy are
//! names, looked up at a stand-in that answers or does not, in a network namespace with a
//! resolv.conf of its own.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::calm::Pair;
use super::host::{Around, BOUND};
use super::wanted;
use crate::netns::client::enter;
use crate::netns::lab::plugged;
use crate::netns::process::wait;

/// The hosts, and what is the last byte of the addresses that belong to them.
const NAMES: [(&str, u8); 2] = [("a.test", 1), ("b.test", 2)];

/// A name server for these; told to be silent it is there and says nothing.
struct NameServer {
    silent: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    leave: Arc<AtomicBool>,
    settings: PathBuf,
}

impl NameServer {
    /// In the namespace in which this thread is; programs started in it ask this one.
    fn new(namespace: &str) -> NameServer {
        let settings = PathBuf::from("/etc/netns").join(namespace);
        fs::create_dir_all(&settings).unwrap();
        let text = "nameserver 127.0.0.53\noptions timeout:1 attempts:2\n";
        fs::write(settings.join("resolv.conf"), text).unwrap();
        let server = NameServer {
            silent: Arc::default(),
            asked: Arc::default(),
            leave: Arc::default(),
            settings,
        };
        let socket = UdpSocket::bind("127.0.0.53:53").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let (silent, leave) = (Arc::clone(&server.silent), Arc::clone(&server.leave));
        let asked = Arc::clone(&server.asked);
        thread::spawn(move || {
            let mut bytes = [0; 2_048];
            while !leave.load(Ordering::Relaxed) {
                let Ok((len, from)) = socket.recv_from(&mut bytes) else {
                    continue;
                };
                asked.fetch_add(1, Ordering::Relaxed);
                let answer = answer(&bytes[..len]);
                if let (false, Some(answer)) = (silent.load(Ordering::Relaxed), answer) {
                    drop(socket.send_to(&answer, from));
                }
            }
        });
        server
    }

    fn silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        drop(fs::remove_dir_all(&self.settings));
    }
}

/// The answer to a question for an address (RFC 1035, section 4).
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let name_end = 12 + question.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
    let kind = question.get(name_end..name_end + 2)?;
    let (mut name, mut rest) = (String::new(), &question[12..name_end - 1]);
    while let Some((len, after)) = rest.split_first() {
        let (label, after) = after.split_at_checked(usize::from(*len))?;
        name += &format!("{}.", String::from_utf8_lossy(label).to_lowercase());
        rest = after;
    }
    let known = NAMES.iter().find(|(known, _)| name == format!("{known}."));
    let found = known.filter(|_| kind == [0, 1]);
    let code = if known.is_some() { 0 } else { 3 };
    let mut answer = question[..2].to_vec();
    answer.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::from(found.is_some()),
        0,
        0,
        0,
        0,
    ]);
    answer.extend(&question[12..name_end + 4]);
    if let Some((_, last)) = found {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, *last]);
    }
    Some(answer)
}

/// `FAILOVER_NAMES_SECONDS=90` for the long one, in which names are looked up again in vain
/// that were known.
#[test]
fn a_silent_name_server_takes_nothing_over() {
    let Some((_switch, namespaces)) = plugged("names", &["box"]) else {
        return;
    };
    let namespace = namespaces[0].0.clone();
    enter(&namespace);
    let server = NameServer::new(&namespace);
    let around = Around {
        namespace: Some(namespace),
        ..Around::default()
    };
    let mut pair = Pair::with("200ms", &around, NAMES.map(|(name, _)| name));
    assert!(
        server.asked.load(Ordering::Relaxed) > 0,
        "nobody has asked for a name"
    );

    server.silent(true);
    for host in &pair.hosts {
        let then = Instant::now();
        host.failsh().signal(Signal::SIGHUP);
        let told = host.failsh().line(then, "policy read again", BOUND).at;
        println!(
            "the name server is silent: the policy is read again within {:.1?}",
            told - then
        );
    }
    let then = Instant::now();
    let seconds = Duration::from_secs(wanted("FAILOVER_NAMES_SECONDS", 1));
    while then.elapsed() < seconds {
        pair.goes_on(5);
    }
    pair.is_as_it_was(&format!(
        "the name server is silent for {:.0?}",
        then.elapsed()
    ));

    for host in 0..2 {
        let then = Instant::now();
        pair.hosts[host].kill();
        pair.hosts[host].start();
        println!(
            "the name server is silent: failsh is ready after {:.1?}",
            then.elapsed()
        );
        // It found what it had left.
        pair.told[host] = 0;
    }
    for host in &pair.hosts {
        let unknown = "the address of host";
        wait("to wait for the other's address", BOUND, || {
            let warned = host.failsh().count(then, "trying again");
            if warned > 0 {
                Ok(())
            } else {
                Err(unknown.to_string())
            }
        });
    }
    pair.goes_on(10);
    pair.is_as_it_was("the name server is silent when both are started");

    let then = Instant::now();
    server.silent(false);
    for (no, host) in pair.hosts.iter().enumerate() {
        let text = format!("its address is 127.0.0.{}", 2 - no);
        let at = host.failsh().line(then, &text, BOUND).at;
        println!(
            "the name server answers again: the address is known after {:.1?}",
            at - then
        );
    }
    pair.goes_on(10);
    pair.is_as_it_was("the name server answers again");
}
