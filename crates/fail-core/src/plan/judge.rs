//! The decision: what is done for a service now that everybody has answered or been given
//! up. The order matters and is that of a careful administrator: first make known what was
//! done here, then see what others did by hand, then obey wishes, then follow the rule.

use fail_wire::{Marks, Name, Record, State};

use super::Plan;
use super::duty::{Owed, Then};
use super::link::UNKNOWN_MAX;
use super::notes::NoteKind;
use super::view::{Views, explain};
use crate::decide::Verdict;
use crate::event::EventKind;
use crate::job::Task;
use crate::log::Level;
use crate::policy::{Lonely, Service};
use crate::time::{Mono, Now, Span};

impl Plan {
    /// Decides for one service.
    pub(super) fn judge(&mut self, now: Now, name: &Name) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        if duty.job.is_some() || self.posts.contains_key(name) {
            return;
        }
        let Some((record, _)) = duty.local.clone() else {
            return self.lonely(now, name);
        };
        if record.marks.has(Marks::UNREADABLE) {
            let text = "the local faild does not let this community read it";
            return self.complain(now, name, text);
        }
        if self.publish_owed(now, name, &record) || self.find_out(now, name, &record) {
            return;
        }
        if record.marks.has(Marks::HELD) {
            if record.marks.has(Marks::STARTING) {
                // Whoever says that he is starting and will not would be waited for in vain.
                return self.post_intent(now, name, false, record.reason.as_str());
            }
            return self.why(now, name, &format!("held: {}", record.reason));
        }
        if record.marks.has(Marks::AWAY) {
            return self.go_away(now, name, &record);
        }
        self.follow_rule(now, name, &record);
    }

    /// The local faild is silent: the others hold this host for dead and may serve.
    fn lonely(&mut self, now: Now, name: &Name) {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.policy.services.get(name))
        else {
            return;
        };
        if self.local_refuses {
            // It is there, and so the others hear it: nobody takes over from us.
            return self.why(now, name, "the local faild refuses to answer");
        }
        if duty.held {
            return self.why(now, name, "held; the local faild is silent");
        }
        if duty.stuck.is_some() {
            return;
        }
        let alone = service.masters.is_empty() && service.slaves.is_empty();
        let reason = "the local faild is silent, so others must hold this host for dead";
        match (duty.believed, service.lonely) {
            (Some(State::Up), Lonely::Stop) if !alone => {
                self.run(
                    now,
                    name,
                    Task::Stop,
                    &format!("stop: {reason}"),
                    Then::Report,
                );
            }
            (Some(State::Up), _) => self.why(now, name, &format!("keep: lonely keep; {reason}")),
            _ => self.why(now, name, "the local faild is silent"),
        }
    }

    /// A fact that the faild does not have yet. Gives whether it was sent.
    fn publish_owed(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let Some(duty) = self.duties.get_mut(name) else {
            return true;
        };
        let Some(owed) = &duty.owed else { return false };
        let published = !record.marks.has(Marks::UNPUBLISHED);
        // Nothing of ours was acknowledged yet, so whatever stands there is somebody's word.
        let first = duty.base.is_none();
        let by_hand = duty.base != Some(record.state) && published;
        if by_hand && (record.state != State::Up || first) {
            // Somebody took the service down while our script ran; what he says stands, and
            // what our script did is found out below.
            duty.owed = None;
            duty.base = Some(record.state);
            return false;
        }
        debug_assert_eq!(
            duty.believed,
            Some(owed.state),
            "what is owed is what is believed"
        );
        if owed.away && !record.marks.has(Marks::AWAY) {
            // Back before it was away: FAIL would stay, since nobody wishes it back again.
            self.owe(now, name, State::Recover, "back before it was away");
            return true;
        }
        self.post_fact(now, name);
        true
    }

    /// Compares what the faild says with what we left there. Gives whether something is
    /// being done about the difference.
    fn find_out(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let Some(duty) = self.duties.get(name) else {
            return true;
        };
        let held = record.marks.has(Marks::HELD);
        let unpublished = record.marks.has(Marks::UNPUBLISHED);
        if duty.stuck.is_some() {
            return self.stay_in_fail(now, name, record);
        }
        match duty.believed {
            None if unpublished && held => self.why(now, name, &format!("held: {}", record.reason)),
            None if unpublished && record.marks.has(Marks::AWAY) => {
                self.owe_this(now, name, away(record));
            }
            // Whoever says that he is ready makes others give way: not before he may start.
            None if unpublished && now.mono < duty.claim_after => self.wait_for_delay(now, name),
            None if unpublished => self.owe(now, name, State::Recover, "ready: failsh was started"),
            None if record.marks.has(Marks::STARTING) && !held => {
                // An earlier failsh ended while its start script ran: what that left behind is
                // not known, so it is taken down before anything else.
                self.adopt(now, name, record.state);
                let reason = "stop: clean up, since an earlier failsh ended while it started";
                let reason_then = "ready: cleaned up after a start that was cut off".to_string();
                let then = Owed {
                    state: State::Recover,
                    reason: reason_then,
                    away: false,
                };
                self.run(now, name, Task::Stop, reason, Then::Become(then));
            }
            None => {
                let text = format!("service {name}: found {} ({})", record.state, record.reason);
                self.log(Level::Info, "state", text);
                self.adopt(now, name, record.state);
                self.suspect(name, record);
                return false;
            }
            Some(state) if unpublished => {
                // The faild lost its memory, or the host's: we know better.
                let reason = match duty.published.as_str() {
                    "" => "as before: the local faild had lost it".to_string(),
                    published => published.to_string(),
                };
                self.log(
                    Level::Warn,
                    "state",
                    format!("service {name}: the local faild has lost it"),
                );
                self.owe(now, name, state, &reason);
            }
            Some(state) if state == record.state => return false,
            Some(State::Up) if !held => {
                let reason = format!("stop: set to {} by hand: {}", record.state, record.reason);
                let then = Owed {
                    state: record.state,
                    reason: record.reason.to_string(),
                    away: false,
                };
                if let Some(duty) = self.duties.get_mut(name) {
                    // What he said is known now; how the script ends is news again.
                    duty.base = Some(record.state);
                }
                self.run(now, name, Task::Stop, &reason, Then::Become(then));
            }
            Some(state) => {
                let text = format!(
                    "service {name}: {state} -> {} (set by hand: {})",
                    record.state, record.reason
                );
                self.log(Level::Info, "state", text);
                self.adopt(now, name, record.state);
                return false;
            }
        }
        true
    }

    /// A script that was given up has not ended: until it does, nothing else may run here, and
    /// nobody may wait for this host. Says true: nothing more is to be done.
    fn stay_in_fail(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        if record.state != State::Fail {
            let text = "a script that was given up still runs; restart failsh to be rid of it";
            self.owe(now, name, State::Fail, text);
        }
        true
    }

    fn wait_for_delay(&mut self, now: Now, name: &Name) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        let left = (duty.claim_after - now.mono).as_millis() / 1000 + 1;
        self.why(now, name, &format!("wait: delay; {left} s left"));
    }

    /// A host of this service whose address has never been known: for a while it may live.
    pub(super) fn stranger<'a>(&self, now: Now, service: &'a Service) -> Option<&'a Name> {
        let unknown = |host: &&Name| self.hosts.get(host).is_some_and(|link| link.addr.is_none());
        let mut hosts = service.masters.iter().chain(&service.slaves);
        hosts
            .find(unknown)
            .filter(|_| now.mono - self.born < UNKNOWN_MAX)
    }

    /// Something is wrong that only people can mend: in the log, but not again and again.
    pub(super) fn complain(&mut self, now: Now, name: &Name, text: &str) {
        const AGAIN: Span = Span::from_secs(60);
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        if duty.why != text {
            duty.why = text.to_string();
            self.note(now, name, NoteKind::Decision, text);
        }
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let known = |(at, said): &(Mono, String)| said == text && now.mono - *at < AGAIN;
        if !duty.complaint.as_ref().is_some_and(known) {
            duty.complaint = Some((now.mono, text.to_string()));
            self.log(Level::Error, "plan", format!("service {name}: {text}"));
        }
    }

    /// Takes the faild's word for the state of a service.
    fn adopt(&mut self, now: Now, name: &Name, state: State) {
        if let Some(duty) = self.duties.get_mut(name) {
            duty.believed = Some(state);
            duty.base = Some(state);
            duty.since = now.mono;
            duty.contested = false;
        }
        self.note(now, name, NoteKind::State, &format!("found {state}"));
        self.became(now, name, state, "nothing", "found so");
    }

    fn became(&mut self, now: Now, name: &Name, state: State, from: &str, reason: &str) {
        let kind = match state {
            State::Up => EventKind::Up,
            State::Recover => EventKind::Recover,
            State::Fail => EventKind::Fail,
        };
        let data = vec![
            ("from", from.to_string()),
            ("to", state.to_string()),
            ("reason", reason.to_string()),
        ];
        self.fire(now, kind, name, data);
    }

    /// A service that was found running: if a slave's record is younger than ours, the slave
    /// may have served while no failsh was here to see it, and given way to our record.
    fn suspect(&mut self, name: &Name, record: &Record) {
        let (Some(duty), Some(service)) =
            (self.duties.get_mut(name), self.policy.services.get(name))
        else {
            return;
        };
        let younger = |host: &Name| {
            duty.seen
                .get(host)
                .is_some_and(|seen| seen.is_younger(record))
        };
        duty.contested = record.state == State::Up && service.slaves.iter().any(younger);
    }

    /// The service is to be served elsewhere.
    fn go_away(&mut self, now: Now, name: &Name, record: &Record) {
        let then = away(record);
        match self.duties.get(name).and_then(|duty| duty.believed) {
            Some(State::Up) => {
                let reason = format!("stop: {}", then.reason);
                self.run(now, name, Task::Stop, &reason, Then::Become(then));
            }
            Some(State::Recover) => self.owe_this(now, name, then),
            Some(State::Fail) | None => self.why(now, name, &then.reason),
        }
    }

    fn follow_rule(&mut self, now: Now, name: &Name, record: &Record) {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.policy.services.get(name))
        else {
            return;
        };
        let Some(local) = duty.believed else { return };
        let Some(views) = Views::of(service, &duty.seen, local) else {
            return;
        };
        let verdict = (self.rule)(local, &views.masters, &views.slaves);
        let reason = explain(verdict, service, &duty.seen);
        if duty.intent.is_none() && record.marks.has(Marks::STARTING) {
            // Left behind by a failsh that died while it was about to start.
            return self.post_intent(now, name, false, "the start was given up");
        }
        if verdict != Verdict::Start && duty.intent.is_some() {
            return self.post_intent(now, name, false, &reason);
        }
        match verdict {
            Verdict::Start if self.stranger(now, service).is_some() => {
                let host = self
                    .stranger(now, service)
                    .map_or(String::new(), |h| h.to_string());
                let text = format!("wait: the address of host {host} is not known yet");
                self.why(now, name, &text);
            }
            Verdict::Start if now.mono < duty.claim_after => {
                let left = (duty.claim_after - now.mono).as_millis();
                self.why(
                    now,
                    name,
                    &format!("wait: delay; {reason}; {} s left", left / 1000 + 1),
                );
            }
            Verdict::Start => self.claim(now, name, &reason),
            Verdict::Stop => self.run(now, name, Task::Stop, &reason, Then::Report),
            Verdict::Contest => {
                if let Some(duty) = self.duties.get_mut(name) {
                    duty.contested = true;
                }
                self.why(now, name, &reason);
            }
            Verdict::Keep if duty.contested => self.take_back(now, name, &reason),
            Verdict::Keep | Verdict::Yield | Verdict::Idle | Verdict::Wait => {
                self.why(now, name, &reason)
            }
        }
    }

    /// Nobody serves and we may. First say so, then ask once more, then start: whoever else
    /// is about to start does the same, and one of the two sees the other.
    fn claim(&mut self, now: Now, name: &Name, reason: &str) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        match duty.intent {
            None => self.post_intent(now, name, true, reason),
            // Somebody has changed the record meanwhile, and the mark is gone.
            Some(_) if !duty.says_starting() => self.post_intent(now, name, true, reason),
            Some(since) if duty.all_asked_after(since) => {
                self.run(now, name, Task::Start, reason, Then::Report)
            }
            Some(_) => self.round_soon(now, name),
        }
    }

    /// A slave that served beside us has given way.
    fn take_back(&mut self, now: Now, name: &Name, reason: &str) {
        if let Some(duty) = self.duties.get_mut(name) {
            duty.contested = false;
        }
        match self
            .policy
            .services
            .get(name)
            .is_some_and(|service| service.reclaim.is_some())
        {
            true => {
                let reason = reason.replacen("keep", "reclaim", 1);
                self.run(now, name, Task::Reclaim, &reason, Then::Report);
            }
            false => self.why(now, name, reason),
        }
    }

    /// A new fact: believed from now on, and published as soon as the faild answers.
    pub(super) fn owe(&mut self, now: Now, name: &Name, state: State, reason: &str) {
        let reason = reason.to_string();
        let away = false;
        self.owe_this(
            now,
            name,
            Owed {
                state,
                reason,
                away,
            },
        );
    }

    /// The same, for a fact that was made before.
    pub(super) fn owe_this(&mut self, now: Now, name: &Name, owed: Owed) {
        let (state, reason) = (owed.state, owed.reason.clone());
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let was = duty.believed.replace(state).map_or("nothing", State::word);
        let after = (now.mono - duty.since).as_millis();
        duty.since = now.mono;
        duty.intent = None;
        let from = was.to_string();
        duty.contested &= state == State::Up;
        duty.why.clone_from(&reason);
        duty.owed = Some(owed);
        self.log(
            Level::Info,
            "state",
            format!("service {name}: {was} -> {state} ({reason}) after {after} ms"),
        );
        self.note(
            now,
            name,
            NoteKind::State,
            &format!("{from} -> {state} ({reason})"),
        );
        self.became(now, name, state, &from, &reason);
        if let Some((record, _)) = self.duties.get(name).and_then(|duty| duty.local.clone()) {
            self.publish_owed(now, name, &record);
        }
    }

    /// Nothing changes; why is logged when it is no longer the same.
    pub(super) fn why(&mut self, now: Now, name: &Name, why: &str) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        if duty.why != why {
            duty.why = why.to_string();
            self.note(now, name, NoteKind::Decision, why);
            self.log(Level::Debug, "plan", format!("service {name}: {why}"));
        }
    }
}

/// What is owed to a service that was sent away, with what the administrator said, if the
/// record still has it.
fn away(record: &Record) -> Owed {
    let said = record.reason.as_str();
    let reason = if said.starts_with("away") {
        said
    } else {
        "away"
    };
    Owed {
        state: State::Fail,
        reason: reason.to_string(),
        away: true,
    }
}
