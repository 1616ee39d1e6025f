//! **Retry**: a failsh takes a service out of a FAIL that was published only as `retry`
//! allows: after a failure of its own, not before the wait for so many failures is over, and
//! never over what somebody said by hand. (That it publishes nothing else over FAIL is the
//! property of `fail_stays`.)
//!
//! **Its mirror, retried**: with `retry`, a service that failed by itself is RECOVER again
//! within `retried` of [`crate::bounds`].

use std::collections::BTreeMap;

use fail_core::job::{Outcome, Task};
use fail_core::plan::Plan;
use fail_core::policy::Retry;
use fail_wire::{Change, Marks, Name, Record, State};

use super::{Place, Property, Watch};
use crate::bounds::at_least;
use crate::host::Script;
use crate::setup::{MS, SECOND, host_name};
use crate::world::World;

/// Whose a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Its own, for sure.
    Own,
    /// Somebody said so, or wished it.
    Hand,
    /// That is not known.
    Unknown,
}

/// A failure.
#[derive(Debug, Clone, Copy)]
struct Failure {
    at: u64,
    whose: Whose,
    /// How many of its own there were in a row at least.
    count: u32,
    /// When it was over for the failsh.
    left: Option<u64>,
    /// And what `retry` said then.
    retry: Option<Retry>,
}

/// What is known of failures.
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// What each failsh believed last, and since when.
    believed: BTreeMap<Place, (Option<State>, u64)>,
    failures: BTreeMap<Place, Failure>,
    /// What was the matter with the script that ended last, and when it did.
    ended: BTreeMap<Place, (u64, Whose)>,
    /// The last state was said by hand.
    said: BTreeMap<Place, State>,
    /// When there was last a reason not to come back.
    kept: BTreeMap<Place, u64>,
}

impl Retries {
    /// What failed counts no more: somebody has interfered.
    pub fn touched(&mut self, place: &Place) {
        if let Some(failure) = self.failures.get_mut(place) {
            (failure.whose, failure.count) = (Whose::Unknown, 0);
        }
    }

    /// The failsh of a host is a new one.
    pub fn forget(&mut self, host: usize) {
        self.failures.retain(|(of, _), _| *of != host);
        self.believed.retain(|(of, _), _| *of != host);
    }
}

impl Watch {
    /// A script has ended.
    pub(super) fn ended_retry(&mut self, at: u64, place: &Place, script: &Script, out: &Outcome) {
        let by_hand = ["stop: set to FAIL", "stop: away"];
        let own = [
            "stop: clean up, since start",
            "stop: check",
            "stop: a master can serve",
        ];
        let begins = |words: &[&str]| words.iter().any(|word| script.reason.starts_with(word));
        let whose = match script.task {
            Task::Start | Task::Reclaim => Whose::Own,
            Task::Stop if begins(&own) => Whose::Own,
            Task::Stop if begins(&by_hand) => Whose::Hand,
            Task::Stop => Whose::Unknown,
            Task::Check => {
                if script.from == State::Up && *out == Ok(State::Up) {
                    if let Some(failure) = self.retries.failures.get_mut(place) {
                        failure.count = 0;
                    }
                }
                return;
            }
        };
        self.retries.ended.insert(place.clone(), (at, whose));
    }

    /// A failsh has had its turn: what does it believe now?
    pub fn plan_turned(&mut self, at: u64, host: usize, plan: &Plan) {
        for (svc, _) in self.svcs.clone().iter() {
            let place = (host, svc.name.clone());
            let state = plan.status(&svc.name).and_then(|status| status.state);
            let known = self.retries.believed.get(&place).copied();
            let (was, since) = known.unwrap_or((None, at));
            if known.is_some() && was == state {
                continue;
            }
            self.retries.believed.insert(place.clone(), (state, at));
            match (was, state) {
                (_, Some(State::Fail)) => self.failed(at, place, was == Some(State::Up), since),
                (Some(State::Fail), _) => {
                    self.calm.stir(at, &svc.name);
                    let retry = self.retry_of(&place);
                    if let Some(failure) = self.retries.failures.get_mut(&place) {
                        (failure.left, failure.retry) = (Some(at), retry);
                    }
                }
                _ => {}
            }
        }
    }

    fn failed(&mut self, at: u64, place: Place, was_up: bool, since: u64) {
        let ended = self.retries.ended.get(&place);
        let now = ended.filter(|(then, _)| *then == at);
        let whose = now.map_or(Whose::Unknown, |(_, whose)| *whose);
        let before = self.retries.failures.get(&place).map_or(0, |f| f.count);
        // It came back for good, perhaps.
        let before = match was_up && at - since >= at_least(60 * SECOND) {
            true => 0,
            false => before,
        };
        let count = before + u32::from(whose == Whose::Own);
        let failure = Failure {
            at,
            whose,
            count,
            left: None,
            retry: None,
        };
        self.retries.failures.insert(place, failure);
    }

    /// A record has changed.
    pub(super) fn changed_retry(&mut self, place: &Place, change: &Change, by_hand: bool) {
        let Some(state) = change.state else { return };
        match by_hand {
            true => drop(self.retries.said.insert(place.clone(), state)),
            false => drop(self.retries.said.remove(place)),
        }
    }

    /// A failsh wants to publish another state over a FAIL that was published. Gives whether
    /// `retry` allows it; what is wrong with it is reported here.
    pub(super) fn may_leave_fail(&mut self, at: u64, place: &Place, change: &Change) -> bool {
        if !change.reason.as_str().starts_with("retry: ") || change.state != Some(State::Recover) {
            return false;
        }
        let (host, name) = (host_name(place.0), &place.1);
        // The policy may have changed since it came back, before its faild could be told.
        let failure = self.retries.failures.get(place).copied();
        let then = failure.and_then(|failure| failure.retry);
        let Some(retry) = then.or_else(|| self.retry_of(place)) else {
            return false;
        };
        let Some(failure) = failure else {
            return true;
        };
        let waited = failure.left.unwrap_or(at) - failure.at;
        let wait = at_least(retry.wait(failure.count.max(1)).0);
        let said = self.retries.said.get(place) == Some(&State::Fail);
        let fault = match failure.whose {
            _ if said => "takes it out of a FAIL that was said by hand".to_string(),
            Whose::Hand => "takes it out of a FAIL that was wished".to_string(),
            _ if waited + MS < wait => format!(
                "tries it again after {} ms instead of {} ms, failure {}",
                waited / MS,
                wait / MS,
                failure.count
            ),
            _ => return true,
        };
        self.violated(Property::Retry, at, format!("{name}: {host} {fault}"));
        true
    }

    fn retry_of(&self, place: &Place) -> Option<Retry> {
        let (svc, _) = self.svcs.iter().find(|(svc, _)| svc.name == place.1)?;
        svc.told(self.reloads.told.get(&place.0)?)?.retry
    }

    pub(super) fn look_retries(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            for (n, host) in world.hosts.iter().enumerate() {
                let place = (n, svc.name.clone());
                let truth = &host.truth[&svc.name];
                let settings = svc.told(&host.told).filter(|svc| svc.retry.is_some());
                let record = host.record(world.at, &svc.name);
                let wishes = Marks::HELD.with(Marks::AWAY);
                let marked = record.is_none_or(|record: Record| record.marks.has(wishes));
                let failure = self.retries.failures.get(&place);
                let failed = failure.is_some_and(|f| f.whose == Whose::Own && f.left.is_none());
                let honest = truth.scripts.iter().all(|script| script.fate.honest());
                // A check that finds it running where it should not is neither good nor bad.
                let odd = settings.is_some_and(|svc| svc.check_recover) && truth.running;
                let ends = self.ends.releases(n);
                // Said while `stop` still cleaned up after a start that had failed: it stands.
                let said = self.retries.said.get(&place) == Some(&State::Fail);
                if !failed
                    || said
                    || marked
                    || !honest
                    || odd
                    || ends
                    || settings.is_none()
                    || !host.whole()
                {
                    self.retries.kept.insert(place, world.at);
                    continue;
                }
                let since = host.node.since.max(host.plan.since);
                let since = since.max(self.calm.bad_script_at(n, &svc.name));
                let since = since.max(self.calm.by_hand_at(n, &svc.name).unwrap_or(0));
                let since = since.max(self.calm.unsaved_at(n)).max(self.reloads.at(n));
                let kept = self.retries.kept.get(&place).copied().unwrap_or(0);
                let waits = world.at - kept.max(since);
                if waits > bounds.retried {
                    let name: &Name = &svc.name;
                    let text = format!(
                        "{name}: {} does not try it again for {} ms",
                        host_name(n),
                        waits / MS
                    );
                    self.violated(Property::Retried, world.at, text);
                }
            }
        }
    }
}
