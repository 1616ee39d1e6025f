//! Two hosts that serve for each other are left as they are by whatever only takes time: a
//! failsh that stands still and goes on, and more busy processes than there are processors.
//! Nothing is taken over, and no record is written at all.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fail_wire::State;
use nix::sys::signal::Signal;

use super::host::{Around, BOUND, Host};
use super::wanted;
use crate::netns::process::wait;

/// What runs in each of them: half of them on a, half on b.
const SERVICES: [&str; 4] = ["one", "two", "three", "four"];

/// Two hosts in a steady state.
pub struct Pair {
    pub hosts: [Host; 2],
    settled: [Vec<(State, u64)>; 2],
    /// How many changes of states each failsh has told.
    pub told: [usize; 2],
}

impl Pair {
    /// At 127.0.0.1 and 127.0.0.2; both ask each other in this interval.
    pub fn new(interval: &str) -> Pair {
        Pair::with(interval, &Around::default(), ["127.0.0.1", "127.0.0.2"])
    }

    /// The same, somewhere else, and under these names.
    pub fn with(interval: &str, around: &Around, names: [&str; 2]) -> Pair {
        let host = |no: usize| {
            let address = format!("127.0.0.{}", no + 1);
            Host::new(["a", "b"][no], &[address], around)
        };
        let mut hosts = [host(0), host(1)];
        let addresses = hosts.each_ref().map(|host| host.address);
        for (me, host) in hosts.iter_mut().enumerate() {
            let (other, name) = (["b", "a"][me], names[1 - me]);
            let port = addresses[1 - me].port();
            let mut policy = format!("failhost {other} address {name} port {port}\n");
            for (no, service) in SERVICES.iter().enumerate() {
                let role = if no % 2 == me { "slaves" } else { "masters" };
                policy += &format!(
                    "failsvc {service} {role} {other} interval {interval} checkinterval 500ms
                     failsvc {service} timeout 2s check {{
                         after 50
                         expr {{[file exists FOLDER/{service}] ? {{UP}} : {{RECOVER}}}}
                     }}
                     failsvc {service} start {{
                         close [open FOLDER/{service} w]
                         exec true
                         return UP
                     }}
                     failsvc {service} stop {{file delete FOLDER/{service}; return RECOVER}}\n"
                );
            }
            host.run(&policy, addresses[me]);
        }
        let mut pair = Pair {
            hosts,
            settled: [Vec::new(), Vec::new()],
            told: [0; 2],
        };
        pair.settle();
        pair
    }

    fn records(&self) -> [Vec<(State, u64)>; 2] {
        let of = |host: &Host| {
            let records = SERVICES.iter().map(|service| host.record(service));
            records
                .map(|record| (record.state, record.version))
                .collect()
        };
        self.hosts.each_ref().map(of)
    }

    fn settle(&mut self) {
        wait("both hosts to serve what they should", BOUND, || {
            let records = self.records();
            let good = records.iter().enumerate().all(|(me, records)| {
                let right = |no: usize| [State::Recover, State::Up][usize::from(no % 2 == me)];
                records
                    .iter()
                    .enumerate()
                    .all(|(no, (state, _))| *state == right(no))
            });
            if good {
                Ok(())
            } else {
                Err(format!("{records:?}"))
            }
        });
        // What is in a record may not stand in the log yet.
        for (me, host) in self.hosts.iter().enumerate() {
            let mine = |(no, service): (usize, &'static str)| (no % 2 == me).then_some(service);
            for service in SERVICES.into_iter().enumerate().filter_map(mine) {
                wait("its log to say so", BOUND, || {
                    let up = format!("service {service}: RECOVER -> UP");
                    let lines = host.failsh().lines();
                    let said = lines.iter().any(|line| line.text.contains(&up));
                    said.then_some(()).ok_or(up)
                });
            }
        }
        self.settled = self.records();
        self.told = self.hosts.each_ref().map(Host::transitions);
    }

    /// Waits until both have asked for so many seconds again, as far as they say themselves.
    pub fn goes_on(&self, rounds: u64) {
        for host in &self.hosts {
            let sent = host.fresh_health().sent;
            wait("rounds to go on", BOUND, || {
                match host.fresh_health().sent {
                    now if now >= sent + 2 * rounds => Ok(()),
                    now => Err(format!("{now} sent, {sent} before")),
                }
            });
        }
    }

    /// Holds them against what they were when they had settled: same states, same versions,
    /// and nothing was told in between.
    pub fn is_as_it_was(&self, what: &str) {
        assert_eq!(self.records(), self.settled, "{what}");
        for (host, told) in self.hosts.iter().zip(self.told) {
            let lines = host.failsh().lines();
            assert_eq!(
                host.transitions(),
                told,
                "{what}: {} said {lines:#?}",
                host.name
            );
        }
        let health = self.hosts.each_ref().map(Host::fresh_health);
        let of = |host: &Host| {
            host.failsh()
                .count(Instant::now() - 2 * BOUND, "unreachable")
        };
        println!(
            "{what}: no transition, no record written; doubts {:?}, the longest pause {:?} ms, late p99 \
             {:?} ms, hosts given up {:?} times",
            health.each_ref().map(|health| health.doubts),
            health.each_ref().map(|health| health
                .pauses
                .iter()
                .map(|pause| pause.ms)
                .max()
                .unwrap_or(0)),
            health.each_ref().map(|health| health.late_p99_us / 1_000),
            self.hosts.each_ref().map(of)
        );
    }
}

/// The failsh of these hosts stand still until somebody says that they are not there.
fn stop(pair: &Pair, who: &[usize]) {
    let alone = |host: &Host| {
        let records = SERVICES.map(|service| host.record(service));
        let marked = |record: &fail_wire::Record| record.marks.has(fail_wire::Marks::UNSUPERVISED);
        records.iter().all(marked)
    };
    for host in who {
        pair.hosts[*host].failsh().signal(Signal::SIGSTOP);
    }
    for host in who {
        wait("its services to be unsupervised", BOUND, || {
            match alone(&pair.hosts[*host]) {
                true => Ok(()),
                false => Err("not yet".to_string()),
            }
        });
    }
    for host in who {
        pair.hosts[*host].failsh().signal(Signal::SIGCONT);
    }
    pair.goes_on(5);
}

#[test]
fn a_failsh_that_is_stopped_and_continued_changes_nothing_on_either_side() {
    let pair = Pair::new("200ms");
    for who in [&[0][..], &[1], &[0, 1]] {
        stop(&pair, who);
        let names: Vec<&str> = who.iter().map(|no| pair.hosts[*no].name.as_str()).collect();
        pair.is_as_it_was(&format!(
            "failsh of {} stopped and continued",
            names.join(" and ")
        ));
    }
    // And for moments that are shorter than anything is waited for, at any moment.
    let times = wanted("FAILOVER_STOPS", 20);
    for no in 0..times {
        let failsh = pair.hosts[usize::from(no % 2 == 0)].failsh();
        failsh.signal(Signal::SIGSTOP);
        std::thread::park_timeout(Duration::from_millis(37 * (no % 11)));
        failsh.signal(Signal::SIGCONT);
        std::thread::park_timeout(Duration::from_millis(53 * (no % 7)));
    }
    pair.goes_on(5);
    pair.is_as_it_was(&format!("{times} stops of up to 370 ms"));
}

/// Processes that do nothing but run, for so long at most.
struct Busy(Vec<Child>);

impl Busy {
    fn new(count: usize, seconds: u64) -> Busy {
        let one = |_| {
            let mut command = Command::new("timeout");
            command.args([&seconds.to_string(), "sh", "-c", "while :; do :; done"]);
            command.stdin(Stdio::null()).spawn().unwrap()
        };
        Busy((0..count).map(one).collect())
    }

    /// Waits until their time is over.
    fn wait(&mut self) {
        for child in &mut self.0 {
            child.wait().unwrap();
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // `timeout` hands the signal on; who has ended already is not there any more.
        for child in &mut self.0 {
            if child.try_wait().is_ok_and(|ended| ended.is_none()) {
                let pid = i32::try_from(child.id()).unwrap();
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM);
                drop(child.wait());
            }
        }
    }
}

/// `FAILOVER_BUSY_SECONDS=20` for the long one.
#[test]
fn eight_busy_processes_take_nothing_over() {
    let seconds = wanted("FAILOVER_BUSY_SECONDS", 4);
    for interval in ["1s", "200ms"] {
        let pair = Pair::new(interval);
        Busy::new(8, seconds).wait();
        pair.is_as_it_was(&format!(
            "eight busy processes for {seconds} s, interval {interval}"
        ));
    }
}
