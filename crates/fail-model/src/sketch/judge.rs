//! What a failsh does with the answers: the lines of `fail_core::plan::judge` that decide
//! who does what in which order, around the same rule.

use fail_core::decide::Verdict;
use fail_wire::State as Fact;

use super::state::{Host, Post, State, Task};
use super::{Broken, Sketch};
use crate::Flaw;

impl Sketch {
    /// Everybody has answered or is given up: what now?
    pub(super) fn judge(&self, state: &mut State, n: usize) {
        let host = state.hosts[n];
        let busy = host.task.is_some() && self.broken != Broken::TwoScripts;
        if busy || host.post.is_some() {
            return;
        }
        let record = host.record;
        match host.believed {
            None if host.unpublished && record.away => self.owe(state, n, Fact::Fail, true),
            None if host.unpublished => self.owe(state, n, Fact::Recover, false),
            // An earlier failsh ended while it started: that is taken down before anything else.
            None if record.starting => {
                state.hosts[n].believed = Some(record.fact);
                self.order(state, n, Task::Stop(Fact::Recover, false));
            }
            None => {
                state.hosts[n].believed = Some(record.fact);
                state.hosts[n].orphan &= record.fact != Fact::Up;
                self.obey(state, n);
            }
            Some(believed) => {
                if believed != record.fact {
                    // Somebody has said so by hand.
                    state.hosts[n].believed = Some(record.fact);
                }
                self.obey(state, n);
            }
        }
    }

    /// Wishes first, then the rule.
    fn obey(&self, state: &mut State, n: usize) {
        let host = state.hosts[n];
        match host.believed {
            Some(Fact::Up) if host.record.away => {
                self.order(state, n, Task::Stop(Fact::Fail, true));
            }
            Some(Fact::Recover) if host.record.away => self.owe(state, n, Fact::Fail, true),
            Some(local) if !host.record.away => self.follow_rule(state, n, local),
            _ => {}
        }
    }

    fn follow_rule(&self, state: &mut State, n: usize, local: Fact) {
        let Some((masters, slaves)) = self.views(&state.hosts[n], n, local) else {
            return;
        };
        let verdict = (self.rule)(local, &masters, &slaves);
        let host = &mut state.hosts[n];
        for (blind, seen) in host.blind.iter_mut().zip(&host.seen) {
            *blind &= seen.is_none_or(|seen| seen.said.is_none() || !seen.after);
        }
        if !host.intent && host.record.starting {
            host.post = Some(Post::Mark(false));
            return;
        }
        if verdict != Verdict::Start && host.intent {
            host.intent = false;
            host.post = Some(Post::Mark(false));
            return;
        }
        match verdict {
            Verdict::Start => self.claim(state, n),
            Verdict::Stop => {
                let could = masters.iter().any(|master| *master != Fact::Fail);
                if !could || self.is_silence(&state.hosts[n], n) {
                    state.wrong(Flaw::HandBack);
                }
                self.order(state, n, Task::Stop(Fact::Recover, false));
            }
            Verdict::Contest => host.contested = true,
            Verdict::Keep if host.contested => {
                host.contested = false;
                self.order(state, n, Task::Reclaim);
            }
            Verdict::Keep | Verdict::Yield | Verdict::Idle | Verdict::Wait => {}
        }
    }

    /// Of all masters none has said that it can serve.
    fn is_silence(&self, host: &Host, n: usize) -> bool {
        let said = host.seen[..n].iter().flatten().filter_map(|seen| seen.said);
        said.clone().all(|said| said.fact == Fact::Fail)
    }

    /// What the rule is told; nothing before everybody was asked once.
    fn views(&self, host: &Host, n: usize, local: Fact) -> Option<(Vec<Fact>, Vec<Fact>)> {
        let gives_way = self.failback || local != Fact::Up;
        let silent = match self.broken {
            Broken::YieldsToSilence => Fact::Recover,
            _ => Fact::Fail,
        };
        let (mut masters, mut slaves) = (Vec::new(), Vec::new());
        for (other, seen) in host.seen[..self.hosts].iter().enumerate() {
            match other.cmp(&n) {
                std::cmp::Ordering::Less => {
                    masters.push((*seen)?.said.map_or(silent, |s| s.as_master(gives_way)));
                }
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => {
                    slaves.push((*seen)?.said.map_or(Fact::Fail, |s| s.as_slave(local)));
                }
            }
        }
        Some((masters, slaves))
    }

    /// Nobody serves and we may: say so, ask once more, start.
    fn claim(&self, state: &mut State, n: usize) {
        let host = &mut state.hosts[n];
        let looked = host.has_looked_twice() || self.broken == Broken::NoSecondLook;
        match (host.intent, self.broken) {
            (_, Broken::NoClaim) => self.order(state, n, Task::Start),
            (true, _) if looked => self.order(state, n, Task::Start),
            (true, _) => {}
            (false, Broken::NoMark) => host.look_anew(),
            (false, _) => host.post = Some(Post::Mark(true)),
        }
    }

    /// Runs a script. From here on the service may run, or may not run any more.
    fn order(&self, state: &mut State, n: usize, task: Task) {
        let host = &mut state.hosts[n];
        if host.task.replace(task).is_some() {
            return state.wrong(Flaw::OneScript);
        }
        match task {
            Task::Start if host.record.fact == Fact::Fail => state.wrong(Flaw::FailStays),
            Task::Start => (host.runs, host.orphan) = (true, false),
            Task::Stop(fact, _) if self.broken == Broken::SaysEarly => host.record.fact = fact,
            Task::Stop(..) | Task::Reclaim => {}
        }
    }

    /// A script has ended, well or not.
    pub(super) fn ends(&self, state: &mut State, n: usize, well: bool) {
        let Some(task) = state.hosts[n].task.take() else {
            return;
        };
        match (task, well) {
            (Task::Start | Task::Reclaim, true) => self.owe(state, n, Fact::Up, false),
            // Nothing half-started is left.
            (Task::Start | Task::Reclaim, false) => {
                self.order(state, n, Task::Stop(Fact::Fail, false));
            }
            (Task::Stop(fact, away), _) => {
                (state.hosts[n].runs, state.hosts[n].orphan) = (false, false);
                match well {
                    true => self.owe(state, n, fact, away),
                    false => self.owe(state, n, Fact::Fail, false),
                }
            }
        }
    }

    /// A new fact: believed from now on, and to be published.
    pub(super) fn owe(&self, state: &mut State, n: usize, fact: Fact, away: bool) {
        let host = &mut state.hosts[n];
        host.believed = Some(fact);
        host.intent = false;
        host.contested &= fact == Fact::Up;
        if self.broken != Broken::ForgetsToSay || fact == Fact::Up || host.unpublished {
            host.post = Some(Post::Fact(fact, away));
        }
        if self.broken == Broken::ForgetsToSay && fact == Fact::Recover && !host.unpublished {
            // And it does not take the old record for somebody's word either.
            host.believed = None;
            host.record.starting = false;
        }
    }

    /// What was to be told reaches the local faild, and that is known here.
    pub(super) fn publish(&self, state: &mut State, n: usize) {
        let host = &mut state.hosts[n];
        match host.post.take() {
            Some(Post::Fact(_, true)) if !host.record.away => {
                // Back before it was away.
                self.owe(state, n, Fact::Recover, false);
                self.publish(state, n);
            }
            Some(Post::Fact(fact, away)) => {
                let failed = host.record.fact == Fact::Fail && !host.unpublished;
                host.record.fact = fact;
                host.record.starting = false;
                host.unpublished = false;
                host.hearsay &= fact == Fact::Up;
                if failed && fact != Fact::Fail && !away {
                    state.wrong(Flaw::FailStays);
                }
            }
            Some(Post::Mark(starting)) => {
                host.record.starting = starting;
                match starting {
                    true => host.look_anew(),
                    false => host.intent = false,
                }
            }
            None => {}
        }
    }
}

impl Host {
    /// `starting` is known: what was asked before does not count for the start.
    fn look_anew(&mut self) {
        self.intent = true;
        for seen in self.seen.iter_mut().flatten() {
            seen.second = false;
        }
        for ask in self.asks.iter_mut().flatten() {
            ask.second = false;
        }
    }
}
