//! faild killed with -9 while it is written to, again and again: every change that was
//! acknowledged is there after the restart.
//!
//! `scripts/durability` does it 1,000 times; here it is done [`KILLS`] times, or as often as
//! the environment says in `FAILOVER_KILLS`, or until `FAILOVER_CHANGES` were acknowledged.
//! What a power failure does is another matter, since the kernel survives here: see `order`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fail_client::{Client, Options};
use fail_wire::{Change, Marks, Name, Reason, State};
use failover_tests::chance::Chance;
use failover_tests::faild::{Faild, client};
use failover_tests::folder::Folder;

/// Kills in an ordinary run of the tests.
const KILLS: u64 = 100;

/// Services, each with a writer of its own, so that changes share saves.
const WRITERS: usize = 4;

/// What one writer knows about its service.
#[derive(Debug, Clone, Default)]
struct Known {
    version: u64,
    reason: String,
    /// A change that was sent and not answered: done or not.
    open: Option<String>,
    acknowledged: u64,
}

fn name(writer: usize) -> Name {
    Name::new(&format!("service{writer}")).unwrap()
}

/// Changes its service until the faild is dead.
fn write(
    client: &mut Client,
    writer: usize,
    known: &mut Known,
    acks: &AtomicU64,
    dead: &AtomicBool,
) {
    let (record, nonce) = loop {
        match client.read_one(&name(writer)) {
            Ok(found) => break found,
            Err(_) if dead.load(Ordering::Relaxed) => return,
            Err(_) => {}
        }
    };
    assert_eq!(record.version, known.version);
    while !dead.load(Ordering::Relaxed) {
        let reason = format!("{writer} writes {}", known.version + 1);
        known.open = Some(reason.clone());
        let change = Change {
            nonce,
            version: known.version,
            name: name(writer),
            state: Some(State::Up),
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new(&reason),
            interval_ms: 0,
        };
        match client.change_exactly(&change) {
            Ok(record) => {
                assert_eq!(record.reason.as_str(), reason);
                known.version = record.version;
                known.reason = reason;
                known.open = None;
                known.acknowledged += 1;
                acks.fetch_add(1, Ordering::Relaxed);
            }
            // Killed meanwhile, or slow: the same change again.
            Err(error) => assert_eq!(error.code(), None, "{error}"),
        }
    }
}

/// Holds what a restarted faild says against what was acknowledged. Gives how many changes
/// are lost, and says which.
fn check(faild: &Faild, known: &mut [Known]) -> u64 {
    let mut lost = 0;
    let answer = faild.client("public").read(&[]).unwrap();
    let records: BTreeMap<Name, _> = answer
        .records
        .into_iter()
        .map(|record| (record.name.clone(), record))
        .collect();
    for (writer, known) in known.iter_mut().enumerate() {
        let found = records.get(&name(writer));
        let (version, reason) = found.map_or((0, ""), |r| (r.version, r.reason.as_str()));
        let open = known.open.take();
        if version == known.version + 1 && open.as_deref() == Some(reason) {
            // Done, though nobody could be told.
            known.version = version;
            known.reason = reason.to_string();
        }
        if (version, reason) != (known.version, known.reason.as_str()) {
            let (was, why) = (known.version, &known.reason);
            println!(
                "service{writer}: version {version} ({reason}) is there, and {was} ({why}) was \
                 acknowledged"
            );
            lost += was.saturating_sub(version).max(1);
            known.version = version;
            known.reason = reason.to_string();
        }
    }
    lost
}

/// A number in the environment.
fn asked_for(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("it is a number"))
}

#[test]
fn every_acknowledged_change_survives_kill_9() {
    let changes = asked_for("FAILOVER_CHANGES").unwrap_or(0);
    let least = match changes {
        0 => asked_for("FAILOVER_KILLS").unwrap_or(KILLS),
        _ => 0,
    };
    let folder = Folder::new();
    let state = folder.file("state");
    let mut chance = Chance::new(1847);
    let mut known = vec![Known::default(); WRITERS];
    let began = Instant::now();
    let mut writing = Duration::ZERO;
    let (mut kills, mut lost) = (0, 0);
    let sum = |known: &[Known]| known.iter().map(|known| known.acknowledged).sum::<u64>();
    while kills < least || sum(&known) < changes {
        kills += 1;
        let mut faild = Faild::start(&["-s", &state]);
        lost += check(&faild, &mut known);
        let (acks, dead) = (AtomicU64::new(0), AtomicBool::new(false));
        let enough = chance.below(8) as u64;
        let address = faild.address;
        let patience = Options {
            timeout: Duration::from_millis(10),
            tries: 1,
            ..Options::default()
        };
        let started = Instant::now();
        std::thread::scope(|scope| {
            for (writer, known) in known.iter_mut().enumerate() {
                let (acks, dead) = (&acks, &dead);
                scope.spawn(move || {
                    let mut client = client(address, "public", patience);
                    write(&mut client, writer, known, acks, dead);
                });
            }
            // At any moment of a save: so many acknowledgements and then some turns later.
            while acks.load(Ordering::Relaxed) < enough
                && started.elapsed() < Duration::from_secs(5)
            {
                std::thread::yield_now();
            }
            for _ in 0..chance.below(2000) {
                std::hint::spin_loop();
            }
            faild.kill();
            writing += started.elapsed();
            dead.store(true, Ordering::Relaxed);
        });
    }
    let mut faild = Faild::start(&["-s", &state]);
    lost += check(&faild, &mut known);
    assert_eq!(faild.end(), Some(0));
    let left: Vec<String> = folder.names();
    let acknowledged = sum(&known);
    println!(
        "{kills} kills in {:.1?}, {acknowledged} acknowledged changes, {lost} lost; {:.0} changes \
         a second while it ran",
        began.elapsed(),
        acknowledged as f64 / writing.as_secs_f64(),
    );
    assert_eq!(lost, 0, "acknowledged changes are lost");
    assert!(acknowledged >= kills, "it was hardly written to");
    assert_eq!(left, ["state"], "nothing damaged, nothing unfinished");
}
