//! What another policy would have decided in what really happened.
//!
//! [`Facts`] are gathered from a recording, or while a failsh runs; [`compare`] lets a failsh
//! with the other policy live in them and tells where it does something else. Others do what
//! they did: what they would have done about the difference nobody knows. [`judge`] does so
//! with a recording, in which nothing is guessed as long as the policy asks and orders the
//! same: an unchanged policy decides the same, always.

mod deeds;
mod facts;
mod puppet;
mod questions;
mod timeline;
mod twin;
mod world;

use std::collections::BTreeSet;
use std::io::BufRead;

use fail_core::decide::decide;
use fail_core::plan::Plan;
use fail_core::policy::Policy;
use fail_core::time::{Mono, Now, Span};
use fail_wire::Name;

use deeds::Deeds;
pub use deeds::{Deed, What};
pub use facts::{ByHand, Facts};
use twin::Twin;
use world::World;

use crate::plan::PlanStart;
use crate::read::{BadRecording, End, Reader};
use crate::replay::{self, Replayed, Start, Watch};

/// The same a moment earlier or later is the same: so long at least.
const SAME_WITHIN: Span = Span::from_millis(250);

/// The same so much later is shown as one difference, and not as two.
const SHIFTED_WITHIN: Span = Span::from_secs(3_600);

/// One side of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What was done; nothing: nothing was.
    pub what: Option<What>,
    /// When.
    pub now: Now,
    /// Why, or why nothing was done.
    pub why: String,
}

/// A moment at which something else is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For which service.
    pub service: Name,
    /// What was decided then.
    pub recorded: Side,
    /// And with the other policy.
    pub shadow: Side,
}

impl Moment {
    /// The earlier of both.
    pub fn now(&self) -> Now {
        match self.recorded.now.mono <= self.shadow.now.mono {
            true => self.recorded.now,
            false => self.shadow.now,
        }
    }
}

/// What has come of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// From when on.
    pub from: Now,
    /// Until when.
    pub to: Now,
    /// All services of either policy.
    pub services: usize,
    /// In the order of time.
    pub moments: Vec<Moment>,
    /// What is not known, and what it was taken for.
    pub notes: Vec<String>,
    /// The line of the recording from which on all is left out, since this build decides
    /// otherwise there, whatever the policy.
    pub left_out: Option<u64>,
    /// Why the recording ends where it ends, if it is not whole.
    pub stopped: Option<String>,
}

impl Report {
    /// Whether all of it is known, and the same.
    pub fn is_same(&self) -> bool {
        self.moments.is_empty() && self.left_out.is_none()
    }
}

/// Gathers the facts of a failsh's recording.
///
/// # Errors
/// A line that makes no sense, or the recording of a faild.
pub fn facts<R: BufRead>(reader: &mut Reader<R>) -> Result<(Facts, Replayed), BadRecording> {
    let start = begin(reader)?;
    gather(reader, &start, &mut ())
}

fn begin<R: BufRead>(reader: &Reader<R>) -> Result<PlanStart, BadRecording> {
    match replay::start(reader)?.0 {
        Start::Plan(start) => Ok(*start),
        Start::Node(_) => Err(reader.bad(
            1,
            "the recording of a faild decides nothing; take one of failsh",
        )),
    }
}

fn gather<R: BufRead>(
    reader: &mut Reader<R>,
    start: &PlanStart,
    beside: &mut impl Watch<Plan>,
) -> Result<(Facts, Replayed), BadRecording> {
    let mut both = (
        Facts::new(start.now, start.local.addr, &start.policy),
        beside,
    );
    let replayed = replay::plan(reader, decide, &mut both)?;
    let mut facts = both.0;
    facts.end();
    Ok((facts, replayed))
}

/// Lets a failsh with this policy live in what a recording tells, as long as this build does
/// what was recorded. `seed` makes what is random.
///
/// # Errors
/// A community that can not be used, a line that makes no sense, or the recording of a faild.
pub fn judge<R: BufRead>(
    reader: &mut Reader<R>,
    policy: &Policy,
    seed: &[u8; 32],
) -> Result<Report, String> {
    let bad = |bad: BadRecording| bad.to_string();
    let start = begin(reader).map_err(bad)?;
    let mut twin = Twin::new(&start, policy)?;
    let (facts, replayed) = gather(reader, &start, &mut twin).map_err(bad)?;
    let mut report = match twin.parted {
        None => report(&facts, policy, &twin.deeds, Vec::new()),
        Some(_) => compare(&facts, policy, seed)?,
    };
    if let Some(parted) = twin.parted {
        // Until then it is known to have decided the same.
        report.moments.retain(|moment| moment.now().mono >= parted);
    }
    report.left_out = replayed.difference.map(|difference| difference.line);
    report.stopped = match (replayed.said, replayed.end) {
        (Some(said), _) => Some(said),
        (None, End::Cut) => Some("the last line is not whole, as after a kill".to_string()),
        (None, End::Whole) => None,
    };
    Ok(report)
}

/// The same with what a running failsh remembers, where not each message is kept: what it
/// decided with just this policy is known all the same.
///
/// # Errors
/// A community that can not be used, or a policy with which far too much is to be done.
pub fn remembered(facts: &Facts, policy: &Policy, seed: &[u8; 32]) -> Result<Report, String> {
    match facts.had(policy) {
        true => Ok(report(facts, policy, &facts.deeds, Vec::new())),
        false => compare(facts, policy, seed),
    }
}

/// Lets a failsh with this policy live in what really happened. `seed` makes what is random.
///
/// # Errors
/// A community that can not be used, or a policy with which far too much is to be done.
pub fn compare(facts: &Facts, policy: &Policy, seed: &[u8; 32]) -> Result<Report, String> {
    let mut world = World::new(facts, policy, seed)?;
    world.run()?;
    Ok(report(facts, policy, &world.deeds, world.notes()))
}

fn report(facts: &Facts, policy: &Policy, shadow: &Deeds, notes: Vec<String>) -> Report {
    let services = policy.services.keys();
    let services: BTreeSet<&Name> = services
        .chain(facts.deeds.all.iter().map(|deed| &deed.service))
        .chain(facts.deeds.services())
        .collect();
    let mut moments: Vec<Moment> = services
        .iter()
        .flat_map(|name| differences(facts, shadow, name))
        .collect();
    moments.sort_by_key(|moment| moment.now().mono);
    Report {
        from: facts.from,
        to: facts.to,
        services: services.len(),
        moments,
        notes,
        left_out: None,
        stopped: None,
    }
}

fn differences(facts: &Facts, shadow: &Deeds, name: &Name) -> Vec<Moment> {
    let of = |deeds: &Deeds| -> Vec<Deed> {
        let all = deeds.all.iter();
        all.filter(|deed| deed.service == *name).cloned().collect()
    };
    let (then, mut now) = (of(&facts.deeds), of(shadow));
    let interval = facts.deeds.interval(name);
    let within = interval.map_or(SAME_WITHIN, |interval| interval.max(SAME_WITHIN));
    let mut gone: Vec<Deed> = take_same(&then, &mut now, within);
    // What comes at the end may still come on the other side.
    let end = facts.to.mono;
    let late = |deed: &Deed| deed.now.mono + within > end;
    gone.retain(|deed| !late(deed));
    let sure = |deed: &Deed| !late(deed) || gone.iter().any(|gone| gone.what == deed.what);
    now.retain(sure);
    // What is left on both sides and is the same came at another time.
    let mut moments = Vec::new();
    for deed in gone {
        let same =
            |other: &Deed| other.what == deed.what && apart(deed.now, other.now) <= SHIFTED_WITHIN;
        let shadow = match now.iter().position(same) {
            Some(at) => side(now.remove(at)),
            None => idle(shadow, name, deed.now, within),
        };
        moments.push(Moment {
            service: name.clone(),
            recorded: side(deed),
            shadow,
        });
    }
    for deed in now {
        moments.push(Moment {
            service: name.clone(),
            recorded: idle(&facts.deeds, name, deed.now, within),
            shadow: side(deed),
        });
    }
    moments
}

/// Takes from `now` what was done `then`, too, at about the same time. Gives what was not.
fn take_same(then: &[Deed], now: &mut Vec<Deed>, within: Span) -> Vec<Deed> {
    let mut gone = Vec::new();
    for deed in then {
        let same = |other: &Deed| other.what == deed.what && apart(deed.now, other.now) <= within;
        match now.iter().position(same) {
            Some(at) => drop(now.remove(at)),
            None => gone.push(deed.clone()),
        }
    }
    gone
}

fn apart(a: Now, b: Now) -> Span {
    (a.mono - b.mono).max(b.mono - a.mono)
}

fn side(deed: Deed) -> Side {
    Side {
        what: Some(deed.what),
        now: deed.now,
        why: deed.why,
    }
}

/// Nothing was done at this moment, and that is why.
fn idle(deeds: &Deeds, name: &Name, now: Now, within: Span) -> Side {
    let at = Mono(now.mono.0.saturating_add(within.0));
    let why = deeds.why(name, at);
    Side {
        what: None,
        now,
        why: why
            .unwrap_or("the service is not in the policy")
            .to_string(),
    }
}
