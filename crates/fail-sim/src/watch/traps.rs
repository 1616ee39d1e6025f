//! **Traps**: of one trap at most ten for the same event of the same subject are run of one
//! window of ten seconds, never more than 32 run at once, and one that takes too long is told
//! to end, and given up when it does not. What counts is when something happened, by the clock
//! of the host: its trap may wait for a place, and then runs beside those of a later window.
//!
//! **Its mirror**: what happens is told: each event that a monitor is told of has its traps
//! ordered in the same turn, unless there were as many of them lately.

use std::collections::BTreeMap;

use fail_core::event::{Event, EventKind};
use fail_core::glob;
use fail_core::job::Fired;
use fail_core::limits;
use fail_core::plan::{CANCEL_GRACE, Out, TRAP_TIMEOUT};
use fail_core::policy::{On, Trap};
use fail_wire::Name;

use super::{Property, Watch};
use crate::bounds::at_most;
use crate::setup::{MS, host_name};
use crate::world::World;

/// What had traps lately, and how many of them run.
#[derive(Debug, Default)]
pub(super) struct Traps {
    /// When it happened, in milliseconds.
    happened: BTreeMap<(usize, EventKind, Name), Vec<i64>>,
    running: usize,
}

impl Traps {
    /// The failsh of a host has ended, and its traps with it; or its clock was set.
    pub fn ended(&mut self, host: usize) {
        self.happened.retain(|(of, ..), _| *of != host);
    }
}

/// When something happened, as its trap is told.
fn time(event: &Event) -> i64 {
    let time = event.data.iter().find(|(key, _)| *key == "time");
    time.and_then(|(_, time)| time.parse().ok()).unwrap_or(0)
}

fn forget_old(lately: &mut Vec<i64>, now: i64) {
    const WINDOW_MS: i64 = limits::RATE_WINDOW_S as i64 * 1000;
    lately.retain(|at| now - *at < WINDOW_MS);
}

fn wants(trap: &Trap, event: &Event) -> bool {
    let kind = match trap.on {
        On::Any => true,
        On::Change => event.kind.is_change(),
        On::Event(kind) => kind == event.kind,
    };
    kind && glob::matches(&trap.pattern, event.subject.as_str())
}

impl Watch {
    /// The wall clock of a host was set.
    pub fn clock_set(&mut self, host: usize) {
        self.traps.ended(host);
    }

    /// A trap is ordered.
    pub fn fired(&mut self, world: &World, host: usize, fired: &Fired) {
        let event = &fired.event;
        let traps = world.setup.traps.iter();
        let wanted = traps.filter(|trap| wants(trap, event)).count();
        let key = (host, event.kind, event.subject.clone());
        let lately = self.traps.happened.entry(key).or_default();
        let at = world.at;
        forget_old(lately, time(event));
        lately.push(time(event));
        let lately = lately.len();
        // A window may end and the next begin.
        let most = 2 * limits::RATE_MAX as usize * wanted;
        let running = world.hosts[host].traps.len() + 1;
        if lately > most || running > limits::TRAPS_RUNNING_MAX {
            let name = host_name(host);
            let text = format!(
                "{name}: {lately} traps for {} of {}, {running} running",
                event.kind, event.subject
            );
            self.violated(Property::Traps, at, text);
        }
    }

    /// What a failsh wants done, all of one turn.
    pub fn told(&mut self, at: u64, host: usize, outs: &[Out]) {
        let Some(told) = self.reloads.told.get(&host).filter(|told| !told.quiet) else {
            return;
        };
        let (traps, _) = (&self.policy_traps, told);
        let running = self.traps.running;
        let happened = &mut self.traps.happened;
        let mut many = |event: &Event| {
            let key = (host, event.kind, event.subject.clone());
            let lately = happened.entry(key).or_default();
            forget_old(lately, time(event));
            lately.len() >= limits::RATE_MAX as usize
        };
        let mut missing = None;
        for out in outs {
            let Out::Event(event) = out else { continue };
            let wanted = traps.iter().filter(|trap| wants(trap, event)).count();
            let same = |out: &&Out| {
                matches!(out, Out::Trap(fired) if fired.event.kind == event.kind
                    && fired.event.subject == event.subject)
            };
            let ordered = outs.iter().filter(same).count();
            let busy = running + wanted >= limits::TRAPS_RUNNING_MAX / 2;
            if ordered < wanted && !many(event) && !busy {
                missing = Some(format!("{} of {}", event.kind, event.subject));
            }
        }
        if let Some(missing) = missing {
            let text = format!("{}: no trap for {missing}", host_name(host));
            self.violated(Property::Traps, at, text);
        }
    }

    pub(super) fn look_traps(&mut self, world: &World) {
        let running = world.hosts.iter().map(|host| host.traps.len());
        self.traps.running = running.max().unwrap_or(0);
        for (n, host) in world.hosts.iter().enumerate() {
            if !host.plan.runs() {
                continue;
            }
            for (job, run) in &host.traps {
                let since = run.cancelled.unwrap_or(run.began).max(host.plan.since);
                let bound = at_most(match run.cancelled {
                    None => TRAP_TIMEOUT.0,
                    Some(_) => CANCEL_GRACE.0,
                });
                if world.at - since > bound + 20 * MS {
                    let text = format!("{}: the trap {job} is not ended", host_name(n));
                    self.violated(Property::Traps, world.at, text);
                }
            }
        }
    }
}
