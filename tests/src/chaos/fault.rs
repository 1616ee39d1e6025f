//! What can happen to the hosts of a chaos run, how often, and for how long.

use std::time::Duration;

use crate::chance::Chance;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `kill -9` of faild, started again later.
    KillFaild,
    /// `kill -9` of failsh, started again later.
    KillFailsh,
    /// The power of a host is gone; it boots later.
    Crash,
    /// faild is told to end, and started again later.
    EndFaild,
    /// failsh is told to end, and started again later.
    EndFailsh,
    /// faild stands still for a while.
    StopFaild,
    /// failsh stands still for a while.
    StopFailsh,
    /// Both do, as in a virtual machine.
    StopHost,
    /// Two hosts do not hear each other.
    Partition,
    /// One host is not heard by another.
    OneWay,
    /// One host hears nobody and is heard by nobody.
    Isolate,
    /// A host loses part of what it is sent.
    Loss,
    /// What a host sends arrives late.
    Delay,
    /// The disk of a host's faild is full.
    FullDisk,
    /// The wall clock of a host is set.
    Clock,
    /// `failc away`.
    Away,
    /// `failc back`.
    Back,
    /// `failc hold`.
    Hold,
    /// `failc release`.
    Release,
    /// SIGHUP to failsh.
    Reload,
    /// The address is taken away behind failsh's back.
    Dies,
    /// Somebody needs a core for himself.
    Burst,
}

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::KillFaild => "kill faild",
            Kind::KillFailsh => "kill failsh",
            Kind::Crash => "crash",
            Kind::EndFaild => "end faild",
            Kind::EndFailsh => "end failsh",
            Kind::StopFaild => "stop faild",
            Kind::StopFailsh => "stop failsh",
            Kind::StopHost => "stop host",
            Kind::Partition => "partition",
            Kind::OneWay => "one way",
            Kind::Isolate => "isolate",
            Kind::Loss => "loss",
            Kind::Delay => "delay",
            Kind::FullDisk => "full disk",
            Kind::Clock => "set clock",
            Kind::Away => "away",
            Kind::Back => "back",
            Kind::Hold => "hold",
            Kind::Release => "release",
            Kind::Reload => "reload",
            Kind::Dies => "dies",
            Kind::Burst => "burst",
        }
    }
}

/// How often each comes.
pub const KINDS: [(usize, Kind); 22] = [
    (6, Kind::KillFaild),
    (8, Kind::KillFailsh),
    (8, Kind::Crash),
    (4, Kind::EndFaild),
    (4, Kind::EndFailsh),
    (4, Kind::StopFaild),
    (6, Kind::StopFailsh),
    (5, Kind::StopHost),
    (6, Kind::Partition),
    (5, Kind::OneWay),
    (5, Kind::Isolate),
    (5, Kind::Loss),
    (4, Kind::Delay),
    (4, Kind::FullDisk),
    (3, Kind::Clock),
    (4, Kind::Away),
    (4, Kind::Back),
    (3, Kind::Hold),
    (5, Kind::Release),
    (3, Kind::Reload),
    (6, Kind::Dies),
    (3, Kind::Burst),
];

/// A fault before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// On which host.
    pub host: usize,
    /// And towards which other.
    pub other: usize,
    /// Of which service, by its place.
    pub service: usize,
    /// For how long.
    pub long: Duration,
    /// How much: percent lost, milliseconds late, seconds of the clock.
    pub amount: i64,
    /// After it, until the next.
    pub pause: Duration,
}

/// Draws one. It takes the same numbers from chance whatever the kind, so that leaving a kind
/// out that can not be had here changes nothing else.
pub fn draw(chance: &mut Chance, hosts: usize) -> Fault {
    let mut at = chance.below(KINDS.iter().map(|(weight, _)| weight).sum());
    let found = KINDS.iter().find(|(weight, _)| {
        let here = at < *weight;
        at = at.saturating_sub(*weight);
        here
    });
    let kind = found.map_or(Kind::Reload, |(_, kind)| *kind);
    let host = chance.below(hosts);
    let other = (host + 1 + chance.below(hosts - 1)) % hosts;
    let service = chance.below(super::settings::SERVICES.len());
    let short = chance.below(10) < 7;
    let ms = if short {
        50 + chance.below(2_000)
    } else {
        1_500 + chance.below(3_500)
    };
    // Numbers below 7200 fit.
    let some = i64::try_from(chance.below(7_200)).unwrap_or(0);
    let amount = match kind {
        Kind::Loss => 10 + some % 50,
        Kind::Delay => 5 + some % 60,
        _ => some - 3_600,
    };
    Fault {
        kind,
        host,
        other,
        service,
        long: Duration::from_millis(ms as u64),
        amount,
        pause: Duration::from_millis(100 + chance.below(1_400) as u64),
    }
}
