//! Fifty services whose scripts take up to five seconds each, some of which hang, on one
//! failsh: its polls of 100 ms and what it publishes come on time. Measured in its own
//! figures and from outside, at a tap before each faild; with the scripts and without.
//!
//! One more service, `probe`, is asked about in questions of its own: those of the others also
//! come out of turn, whenever a service is about to start.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fail_wire::{Body, Marks, State};
use failover_tests::chance::Chance;

use super::host::{BOUND, Host, by_hand, name};
use super::numbers::{Cpu, Numbers, head};
use super::tap::{Seen, Tap};
use super::wanted;
use crate::netns::process::wait;

const SERVICES: usize = 50;

/// Each of so many services hangs when it is started, in one of two ways.
const HANGING: usize = 10;

const INTERVAL_US: i64 = 100_000;

/// Between two changes that make scripts run.
const PACE: Duration = Duration::from_millis(25);

const POLICY: &str = "
set log [open FOLDER/ends a]
proc work {most} {
    set ms [expr {int(rand() * $most)}]
    if {rand() < 0.5} {exec sleep [expr {$ms / 1000.0}]} else {after $ms}
}
proc script {task most state} {
    set service $::fail::service
    try {
        work $most
        if {$task eq {check}} {set state $::is($service)}
        set ::is($service) $state
        return $state
    } finally {
        puts $::log \"[clock microseconds] $service $task $state\"
        flush $::log
    }
}
proc hang {service} {
    if {[string match *9 $service] && [string length $service] % 2} {exec sleep 1000} else {vwait ::forever}
}
failhost b address 127.0.0.1 port PORT
failsvc probe interval 100ms confirm 0 slaves b start {return UP} stop {return RECOVER}
";

/// Its name, and what the policy says of it.
fn service(no: usize) -> (String, String) {
    let hangs = no % HANGING == HANGING - 1;
    let name = format!("s{no}");
    let role = if no % 2 == 0 { "masters" } else { "slaves" };
    let start = match hangs {
        true => format!("hang {name}"),
        false => "script start 5000 UP".to_string(),
    };
    let text = format!(
        "set is({name}) RECOVER
         failsvc {name} interval 100ms timeout 6s {role} b start {{{start}}}
         failsvc {name} stop {{script stop 5000 RECOVER}} reclaim {{script reclaim 5000 UP}}
         failsvc {name} check {{script check 5000 UP}} checkinterval 2s\n"
    );
    (name, text)
}

/// Changes states on both hosts until it is told to end, so that scripts run all the time.
fn flip(a: &Host, b: &Host, end: &AtomicBool, count: &AtomicUsize) {
    let (mut at_a, mut at_b, mut chance) = (a.client(), b.client(), Chance::new(7));
    let none = Marks(0);
    while !end.load(Ordering::Relaxed) {
        let service = name(&service(chance.below(SERVICES)).0);
        match chance.below(10) {
            0 => by_hand(&mut at_a, &service, None, Marks::AWAY, none),
            1 => by_hand(&mut at_a, &service, None, none, Marks::AWAY),
            // What is not UP any more is stopped, and started again.
            2..=6 => by_hand(&mut at_a, &service, Some(State::Recover), none, none),
            _ => {
                let states = [State::Up, State::Fail, State::Fail];
                by_hand(&mut at_b, &service, Some(*chance.one(&states)), none, none);
            }
        }
        count.fetch_add(1, Ordering::Relaxed);
        std::thread::park_timeout(PACE);
    }
}

/// How late the polls were for which `is_one` holds, in milliseconds, and how many were left
/// out. In step with the first one, and after one that came a whole interval late in step with
/// that, as failsh promises.
fn lateness(seen: &[Seen], is_one: impl Fn(&Body) -> bool) -> (Numbers, usize) {
    let mut late = Numbers::default();
    let (mut due, mut skipped) = (None, 0);
    for at in seen
        .iter()
        .filter(|seen| is_one(&seen.body))
        .map(|seen| seen.at)
    {
        // Whoever comes earlier than expected shows that the expectation was late.
        let expected = due.map_or(at, |due: i64| due.min(at));
        late.0.push((at - expected) as f64 / 1_000.0);
        due = Some(expected + INTERVAL_US);
        if at >= expected + INTERVAL_US {
            skipped += usize::try_from((at - expected) / INTERVAL_US).unwrap();
            due = Some(at + INTERVAL_US);
        }
    }
    (late, skipped)
}

fn asks_probe(body: &Body) -> bool {
    matches!(body, Body::Query(query)
        if query.after.is_none() && query.names.iter().any(|name| name.as_str() == "probe"))
}

/// From the end of a script, as it noted it itself, to the change that tells its outcome.
fn publications(seen: &[Seen], ends: &str) -> Numbers {
    let mut told: BTreeMap<(&str, State), Vec<i64>> = BTreeMap::new();
    for Seen { at, body } in seen {
        if let Body::Change(change) = body {
            if let Some(state) = change.state {
                told.entry((change.name.as_str(), state))
                    .or_default()
                    .push(*at);
            }
        }
    }
    let mut late = Numbers::default();
    let mut next: BTreeMap<&str, i64> = BTreeMap::new();
    for line in ends.lines().rev() {
        let words: Vec<&str> = line.split(' ').collect();
        let [at, service, task, state] = words[..] else {
            continue;
        };
        let (Ok(at), false) = (at.parse::<i64>(), task == "check") else {
            continue;
        };
        let state = if state == "UP" {
            State::Up
        } else {
            State::Recover
        };
        let end = next.insert(service, at).unwrap_or(i64::MAX);
        let changes = told.get(&(service, state)).into_iter().flatten();
        // Not every script's outcome is news: after a stop the record may say so already,
        // by hand, and what is told by the next script is not this one's.
        if let Some(told) = changes.copied().find(|told| (at..end).contains(told)) {
            late.0.push((told - at) as f64 / 1_000.0);
        }
    }
    late
}

/// Lets so many seconds pass, as polls count them.
fn pass(tap: &Tap, seconds: u64) -> Vec<Seen> {
    let (mut seen, mut polls) = (Vec::new(), 0);
    let limit = BOUND + Duration::from_secs(2 * seconds);
    wait("enough polls", limit, || {
        let new = tap.take();
        polls += new.iter().filter(|seen| asks_probe(&seen.body)).count() as u64;
        seen.extend(new);
        if polls >= 10 * seconds {
            Ok(())
        } else {
            Err(format!("{polls} polls"))
        }
    });
    seen
}

struct Phase {
    at_b: Vec<Seen>,
    at_a: Vec<Seen>,
    ends: String,
    cpu: f64,
    health: fail_wire::monitor::HealthView,
}

fn phase(a: &Host, taps: &[Tap; 2], seconds: u64) -> Phase {
    let cpu = Cpu::of(a.failsh().pid());
    taps.iter().for_each(|tap| drop(tap.take()));
    let ends = || fs::read_to_string(a.folder.file("ends")).unwrap_or_default();
    let before = ends().len();
    let at_b = pass(&taps[1], seconds);
    Phase {
        at_b,
        at_a: taps[0].take(),
        ends: ends().split_off(before),
        cpu: cpu.percent(),
        health: a.fresh_health(),
    }
}

/// The rows of a phase. Gives how late half of the polls were at most.
fn tell(what: &str, phase: &Phase) -> f64 {
    let (b, b_skipped) = lateness(&phase.at_b, asks_probe);
    let (a, a_skipped) = lateness(&phase.at_a, asks_probe);
    println!("{}", b.row(&format!("{what}: polls of host b, at b")));
    println!("{}", a.row(&format!("{what}: polls of own faild, there")));
    let told = publications(&phase.at_a, &phase.ends);
    if !told.0.is_empty() {
        println!(
            "{}",
            told.row(&format!("{what}: script's end to publication"))
        );
    }
    let health = &phase.health;
    let ms = |us: u64| us as f64 / 1_000.0;
    println!(
        "{:<34} {:>7} {:>9.2} {:>9.2} {:>9.2}   (max since its start)",
        format!("{what}: failsh's own figures"),
        "1000",
        ms(health.late_p50_us),
        ms(health.late_p99_us),
        ms(health.late_max_us)
    );
    println!(
        "{what}: {} polls left out; failsh took {:.1} % of a processor; doubts {}, pauses {}",
        a_skipped + b_skipped,
        phase.cpu,
        health.doubts,
        health.pauses.len()
    );
    b.percentile(50.0)
}

/// `FAILOVER_LATENESS_SECONDS=60` for the long one: so many seconds without scripts, and as
/// many with them.
#[test]
fn polls_and_publications_stay_on_time_beside_fifty_services_with_slow_scripts() {
    let seconds = wanted("FAILOVER_LATENESS_SECONDS", 4);
    let (mut a, b) = (Host::local("a"), Host::local("b"));
    let taps = [a.address, b.address].map(|to| Tap::new(to, Ipv4Addr::LOCALHOST));
    let mut policy = POLICY.replace("PORT", &taps[1].address.port().to_string());
    let mut to_b = b.client();
    for no in 0..SERVICES {
        let (service, text) = service(no);
        policy += &text;
        // Away first: nothing runs.
        by_hand(
            &mut a.client(),
            &name(&service),
            None,
            Marks::AWAY,
            Marks(0),
        );
        by_hand(
            &mut to_b,
            &name(&service),
            Some(State::Fail),
            Marks(0),
            Marks(0),
        );
    }
    a.run(&policy, taps[0].address);
    let up = || match a.record("probe").state {
        State::Up => Ok(()),
        state => Err(state.to_string()),
    };
    wait("the first service", BOUND, up);
    let idle = phase(&a, &taps, seconds);

    let mut at_a = a.client();
    for no in 0..SERVICES {
        by_hand(
            &mut at_a,
            &name(&service(no).0),
            None,
            Marks(0),
            Marks::AWAY,
        );
    }
    let (end, flips) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (busy, running) = std::thread::scope(|scope| {
        scope.spawn(|| flip(&a, &b, &end, &flips));
        // Whatever fails in here, the other one is told to end.
        let busy = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let scripts = || match a.fresh_health().scripts {
                running if running > 20 => Ok(running),
                running => Err(format!("{running} scripts run")),
            };
            let running = wait("scripts to run", BOUND, scripts);
            (phase(&a, &taps, seconds), running)
        }));
        end.store(true, Ordering::Relaxed);
        busy.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let scripts = busy.health.scripts_run - idle.health.scripts_run;
    println!("{}", head(&format!("100 ms polls, {seconds} s each")));
    let without = tell("without scripts", &idle);
    let with = tell("with scripts", &busy);
    let timed_out = a
        .failsh()
        .count(Instant::now() - Duration::from_secs(3_600), "timed out");
    println!(
        "with scripts: {scripts} scripts were run, {timed_out} hung until their time-out, {running} \
         and {} ran at the beginning and the end; {} changes by hand",
        busy.health.scripts,
        flips.load(Ordering::Relaxed)
    );
    assert!(scripts > 2 * seconds, "only {scripts} scripts were run");
    assert!(
        idle.health.doubts == 0 && without < 50.0,
        "{without} ms without scripts"
    );
    assert!(with < 50.0, "{with} ms with scripts");
}
