//! What another policy would have decided in what really happened.
//!
//! [`Facts`] are gathered from a recording, or while a failsh runs; [`compare`] lets a failsh
//! with the other policy live in them and tells where it does something else. Others do what
//! they did: what they would have done about the difference nobody knows.

mod deeds;
mod facts;
mod puppet;
mod timeline;
mod world;

use std::collections::BTreeSet;
use std::io::BufRead;

use fail_core::decide::decide;
use fail_core::policy::Policy;
use fail_core::time::{Mono, Now, Span};
use fail_wire::Name;

pub use deeds::{Deed, What};
pub use facts::{ByHand, Facts};
use world::World;

use crate::read::{BadRecording, Reader};
use crate::replay::{self, Replayed, Start};

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
}

/// Gathers the facts of a failsh's recording.
///
/// # Errors
/// A line that makes no sense, or the recording of a faild.
pub fn facts<R: BufRead>(reader: &mut Reader<R>) -> Result<(Facts, Replayed), BadRecording> {
    let (Start::Plan(start), _) = replay::start(reader)? else {
        return Err(reader.bad(
            1,
            "the recording of a faild decides nothing; take one of failsh",
        ));
    };
    let mut facts = Facts::new(start.now, start.local.addr);
    let replayed = replay::plan(reader, decide, &mut facts)?;
    facts.end();
    Ok((facts, replayed))
}

/// Lets a failsh with this policy live in what really happened. `seed` makes what is random.
///
/// # Errors
/// A community that can not be used.
pub fn compare(facts: &Facts, policy: &Policy, seed: &[u8; 32]) -> Result<Report, String> {
    let mut world = World::new(facts, policy, seed)?;
    world.run();
    let services = policy.services.keys();
    let services: BTreeSet<&Name> = services
        .chain(facts.deeds.all.iter().map(|deed| &deed.service))
        .chain(facts.deeds.services())
        .collect();
    let mut moments: Vec<Moment> = services
        .iter()
        .flat_map(|name| differences(facts, &world, name))
        .collect();
    moments.sort_by_key(|moment| moment.now().mono);
    Ok(Report {
        from: facts.from,
        to: facts.to,
        services: services.len(),
        moments,
        notes: world.notes(),
    })
}

fn differences(facts: &Facts, world: &World, name: &Name) -> Vec<Moment> {
    let of = |deeds: &deeds::Deeds| -> Vec<Deed> {
        let all = deeds.all.iter();
        all.filter(|deed| deed.service == *name).cloned().collect()
    };
    let (then, mut now) = (of(&facts.deeds), of(&world.deeds));
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
            None => idle(&world.deeds, name, deed.now, within),
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
fn idle(deeds: &deeds::Deeds, name: &Name, now: Now, within: Span) -> Side {
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
