//! The decision: what is done for a service now that everybody has answered or been given
//! up. The order matters and is that of a careful administrator: first make known what was
//! done here, then see what others did by hand, then obey wishes, then follow the rule.

use fail_wire::{Marks, Name, Reason, Record, State};

use super::duty::{Owed, Then};
use super::link::UNKNOWN_MAX;
use super::notes::NoteKind;
use super::retry::wishes;
use super::view::{Views, explain};
use super::{Plan, Target};
use crate::decide::Verdict;
use crate::event::EventKind;
use crate::job::Task;
use crate::log::Level;
use crate::policy::{Lonely, Service};
use crate::time::{Mono, Now, Span};

impl Plan {
    /// Decides for one service, and when to look at it again out of turn.
    pub(super) fn judge(&mut self, now: Now, name: &Name) {
        self.weigh(now, name);
        self.schedule(now, name);
    }

    /// Decides for one service between two rounds, if this one is over and the local faild has
    /// said something, or is known to say nothing. Otherwise the end of the round decides.
    pub(super) fn judge_early(&mut self, now: Now, name: &Name) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        let silent = self.classes[duty.class].lost.contains(&Target::Local);
        match duty.pending.is_empty() && (duty.local.is_some() || silent) {
            true => self.judge(now, name),
            false => self.schedule(now, name),
        }
    }

    fn weigh(&mut self, now: Now, name: &Name) {
        if self.leaving.contains_key(name) {
            return self.leave(now, name);
        }
        self.forget_failures(now, name);
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        if duty.is_at_work() || self.posts.contains_key(name) {
            return;
        }
        let Some((record, _)) = duty.local.clone() else {
            return self.lonely(now, name);
        };
        if record.marks.has(Marks::UNREADABLE) {
            let text = "the local faild does not let this community read it";
            self.complain(now, name, text);
            return self.let_go_alone(now, name);
        }
        if self.publish_owed(now, name, &record) || self.find_out(now, name, &record) {
            return;
        }
        if record.marks.has(Marks::HELD) {
            let why = held(&record);
            self.clear_the_way(now, name, &why);
            if record.marks.has(Marks::STARTING) {
                // Whoever says that he is starting and will not would be waited for in vain.
                return self.post_intent(now, name, false, record.reason.as_str());
            }
            return self.why(now, name, &why);
        }
        if record.marks.has(Marks::AWAY) {
            return self.go_away(now, name, &record);
        }
        if self.releasing.is_some() {
            return self.let_go(now, name);
        }
        self.follow_rule(now, name, &record);
    }

    /// The local faild is silent: the others hold this host for dead and may serve.
    fn lonely(&mut self, now: Now, name: &Name) {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.service(name)) else {
            return;
        };
        let refused = self.classes[duty.class].refused;
        if duty.held {
            let why = "held; the local faild is silent";
            self.clear_the_way(now, name, why);
            return self.why(now, name, why);
        }
        if duty.stuck.is_some() {
            return;
        }
        if self.releasing.is_some() {
            return self.let_go_alone(now, name);
        }
        let lonely = service.lonely;
        let alone = service.masters.is_empty() && service.slaves.is_empty();
        if self.fall_down(now, name) {
            return;
        }
        if refused {
            // It is there, and so the others hear it: nobody takes over from us.
            return self.why(now, name, "the local faild refuses to answer");
        }
        let reason = "the local faild is silent, so others must hold this host for dead";
        match (self.duties.get(name).and_then(|duty| duty.believed), lonely) {
            (Some(State::Up), Lonely::Stop) if !alone => {
                self.run(
                    now,
                    name,
                    Task::Stop,
                    &format!("stop: {reason}"),
                    Then::Report,
                );
            }
            (Some(State::Up), _) if alone => {
                let why = "keep: the local faild is silent, but no other host can take over";
                self.why(now, name, why);
            }
            (Some(State::Up), _) => self.why(now, name, &format!("keep: lonely keep; {reason}")),
            _ => self.why(now, name, "the local faild is silent"),
        }
    }

    /// A fact that the faild does not have yet. Gives whether it was sent.
    pub(super) fn publish_owed(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let Some(duty) = self.duties.get_mut(name) else {
            return true;
        };
        let Some(owed) = &duty.owed else { return false };
        let published = !record.marks.has(Marks::UNPUBLISHED);
        // Nothing of ours was acknowledged yet, so whatever stands there is somebody's word.
        let first = duty.base.is_none();
        // FAIL that was said over a failure while this was on its way is meant so.
        let said_again = owed.retry.is_some_and(|(version, wished)| {
            record.state == State::Fail && record.version > version && wishes(record) == wished
        });
        let by_hand = (duty.base != Some(record.state) || said_again) && published;
        if by_hand && (record.state != State::Up || first) {
            // Somebody took the service down while our script ran; what he says stands, and
            // what our script did is found out below.
            // Unless it is what we have published ourselves, and the answer was lost.
            let ours = record.state == owed.state && record.reason == Reason::new(&owed.reason);
            duty.owed = None;
            duty.base = Some(record.state);
            if record.state == State::Fail && !ours {
                // However our script has failed, that is not why it is so.
                duty.retries.failed = None;
            }
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
        let (believed, early) = (duty.believed, now.mono < duty.claim_after);
        let published = duty.published.clone();
        match believed {
            None if self.look(now, name, record) => {}
            None if unpublished && self.releasing.is_some() => {
                self.why(now, name, "released: failsh ends");
            }
            None if unpublished && held => self.why(now, name, &self::held(record)),
            None if unpublished && record.marks.has(Marks::AWAY) => {
                self.owe_this(now, name, away(record));
            }
            // Whoever says that he is ready makes others give way: not before he may start.
            None if unpublished && early => self.wait_for_delay(now, name),
            None if unpublished => self.owe(now, name, State::Recover, "ready: failsh was started"),
            None if record.marks.has(Marks::STARTING) && !held => {
                // An earlier failsh ended while its start script ran: what that left behind is
                // not known, so it is taken down before anything else.
                if !self.clear_the_way(now, name, "a start that was cut off is cleaned up") {
                    return true;
                }
                self.adopt(now, name, record.state);
                let reason = "stop: clean up, since an earlier failsh ended while it started";
                let ready = "ready: cleaned up after a start that was cut off";
                let then = Owed::new(State::Recover, ready);
                self.run(now, name, Task::Stop, reason, Then::Become(then));
            }
            None => {
                let text = format!("service {name}: found {} ({})", record.state, record.reason);
                self.log(Level::Info, "state", text);
                let found = format!("found {}", record.state);
                self.note(now, name, NoteKind::State, &found);
                self.adopt(now, name, record.state);
                self.tell_of_state(now, name, None, record.state, "found so");
                self.suspect(name, record);
                if let Some(duty) = self.duties.get_mut(name) {
                    // Nobody knows how it did meanwhile.
                    duty.checks.after = now.mono;
                }
                return false;
            }
            // Nobody is to know of it any more.
            Some(State::Fail) if unpublished && self.releasing.is_some() => {}
            Some(state) if unpublished => {
                // The faild lost its memory, or the host's: we know better.
                let reason = match published.as_str() {
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
            Some(State::Up) if !held => self.clean_up(now, name, record),
            Some(state) => {
                let text = format!("{state} -> {} ({})", record.state, by_hand("set", record));
                self.log(Level::Info, "state", format!("service {name}: {text}"));
                self.note(now, name, NoteKind::Hand, &text);
                self.adopt(now, name, record.state);
                let reason = record.reason.as_str();
                self.tell_of_state(now, name, Some(state), record.state, reason);
                return false;
            }
        }
        true
    }

    /// Somebody has said by hand that a service that is served here is not.
    fn clean_up(&mut self, now: Now, name: &Name, record: &Record) {
        let set = by_hand(&format!("set to {}", record.state), record);
        let reason = format!("stop: {set}");
        if !self.clear_the_way(now, name, &reason) {
            return;
        }
        let then = Owed::new(record.state, record.reason.as_str());
        if let Some(duty) = self.duties.get_mut(name) {
            // What he said is known now; how the script ends is news again.
            duty.base = Some(record.state);
            duty.retries.by_hand(now.mono, record.state);
        }
        self.note(now, name, NoteKind::Hand, &set);
        self.run(now, name, Task::Stop, &reason, Then::Become(then));
    }

    /// A script that was given up has not ended: until it does, nothing else may run here, and
    /// nobody may wait for this host. A service that is served in spite of a check that sits
    /// there goes on. Says true: nothing more is to be done.
    fn stay_in_fail(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let believed = self.duties.get(name).and_then(|duty| duty.believed);
        if believed == Some(State::Up) && record.state != State::Recover {
            let text = "a check that was given up still runs, and nothing else can; \
                        restart failsh to be rid of it";
            self.complain(now, name, text);
        } else if record.state != State::Fail {
            let text = "a script that was given up still runs; restart failsh to be rid of it";
            self.owe(now, name, State::Fail, text);
        }
        true
    }

    fn wait_for_delay(&mut self, now: Now, name: &Name) {
        let delay = self
            .service(name)
            .map_or(Span::ZERO, |service| service.delay);
        self.why(now, name, &format!("wait: delay {delay} after start-up"));
    }

    /// A host of this service whose address has never been known: for a while it may live.
    pub(super) fn stranger<'a>(&self, now: Now, service: &'a Service) -> Option<&'a Name> {
        let unknown = |host: &&Name| self.hosts.get(host).is_some_and(|link| link.addr.is_none());
        let mut hosts = service.masters.iter().chain(&service.slaves);
        hosts
            .find(unknown)
            .filter(|host| now.mono - self.met.get(host).copied().unwrap_or_default() < UNKNOWN_MAX)
    }

    /// Something is wrong that only people can mend: in the log, but not again and again.
    pub(super) fn complain(&mut self, now: Now, name: &Name, text: &str) {
        const AGAIN: Span = Span::from_secs(60);
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let news = duty.why != text;
        duty.why = text.to_string();
        let known = |(at, said): &(Mono, String)| said == text && now.mono - *at < AGAIN;
        if !duty.complaint.as_ref().is_some_and(known) {
            duty.complaint = Some((now.mono, text.to_string()));
            self.log(Level::Error, "plan", format!("service {name}: {text}"));
        }
        if news {
            self.note(now, name, NoteKind::Decision, text);
            self.touch(name);
        }
    }

    /// Takes the faild's word for the state of a service.
    pub(super) fn adopt(&mut self, now: Now, name: &Name, state: State) {
        let every = self.service(name).map_or(Span::ZERO, |s| s.check_interval);
        self.touch(name);
        if let Some(duty) = self.duties.get_mut(name) {
            duty.retries.by_hand(now.mono, state);
            duty.checks.begin(now.mono + every);
            duty.believed = Some(state);
            duty.base = Some(state);
            duty.since = now.mono;
            duty.contested = false;
        }
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
        self.clear_the_way(now, name, &then.reason);
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
        if self.fall_down(now, name) || self.try_again(now, name, record) {
            return;
        }
        let (Some(duty), Some(service)) = (self.duties.get(name), self.policy.services.get(name))
        else {
            return;
        };
        let Some(local) = duty.believed else { return };
        let Some(views) = Views::of(service, &duty.seen, local) else {
            return;
        };
        let verdict = (self.rule)(local, &views.masters, &views.slaves);
        let failed = (local == State::Fail).then_some(record.reason.as_str());
        let reason = explain(verdict, service, &duty.seen, failed);
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
                let why = format!("wait: delay {} after start-up; {reason}", service.delay);
                self.why(now, name, &why);
            }
            Verdict::Start => self.claim(now, name, &reason),
            Verdict::Stop => self.run(now, name, Task::Stop, &reason, Then::HandBack),
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
        let (intent, says, asked) = (
            duty.intent,
            duty.says_starting(),
            duty.intent.is_some_and(|since| duty.all_asked_after(since)),
        );
        // The sooner a check is told to end, the sooner it is out of the way.
        self.clear_the_way(now, name, reason);
        match intent {
            None => self.post_intent(now, name, true, reason),
            // Somebody has changed the record meanwhile, and the mark is gone.
            Some(_) if !says => self.post_intent(now, name, true, reason),
            Some(_) if asked => self.run(now, name, Task::Start, reason, Then::Report),
            Some(_) => self.round_soon(now, name),
        }
    }

    /// A slave that served beside us has given way.
    fn take_back(&mut self, now: Now, name: &Name, reason: &str) {
        let reclaims = self
            .service(name)
            .is_some_and(|service| service.reclaim.is_some());
        if reclaims && !self.clear_the_way(now, name, reason) {
            return;
        }
        if let Some(duty) = self.duties.get_mut(name) {
            duty.contested = false;
        }
        match reclaims {
            true => {
                let reason = reason.replacen("keep", "reclaim", 1);
                self.run(now, name, Task::Reclaim, &reason, Then::Report);
            }
            false => self.why(now, name, reason),
        }
    }

    /// A new fact: believed from now on, and published as soon as the faild answers.
    pub(super) fn owe(&mut self, now: Now, name: &Name, state: State, reason: &str) {
        self.owe_this(now, name, Owed::new(state, reason));
    }

    /// The same, for a fact that was made before.
    pub(super) fn owe_this(&mut self, now: Now, name: &Name, owed: Owed) {
        let (state, reason) = (owed.state, owed.reason.clone());
        self.forget_failures(now, name);
        let every = self.service(name).map_or(Span::ZERO, |s| s.check_interval);
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let was = duty.believed.replace(state);
        let after = (now.mono - duty.since).as_millis();
        duty.retries.enter(now.mono, was, &owed);
        duty.checks.begin(now.mono + every);
        duty.since = now.mono;
        duty.intent = None;
        duty.contested &= state == State::Up;
        duty.why.clone_from(&reason);
        duty.owed = Some(owed);
        let word = was.map_or("nothing", State::word);
        let text = format!("{word} -> {state} ({reason})");
        self.note(now, name, NoteKind::State, &text);
        let text = format!("service {name}: {text} after {after} ms");
        self.log(Level::Info, "state", text);
        self.tell_of_state(now, name, was, state, &reason);
        if let Some((record, _)) = self.duties.get(name).and_then(|duty| duty.local.clone()) {
            self.publish_owed(now, name, &record);
        }
    }

    /// Tells traps and monitors of a new state.
    fn tell_of_state(
        &mut self,
        now: Now,
        name: &Name,
        from: Option<State>,
        to: State,
        reason: &str,
    ) {
        self.touch(name);
        let kind = match to {
            _ if from == Some(to) => return,
            State::Up => EventKind::Up,
            State::Recover => EventKind::Recover,
            State::Fail => EventKind::Fail,
        };
        let data = vec![
            ("from", from.map_or("nothing", State::word).to_string()),
            ("to", to.to_string()),
            ("reason", reason.to_string()),
        ];
        self.fire(now, kind, name, data);
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

/// That somebody has changed a fact, and why if he has said that.
fn by_hand(what: &str, record: &Record) -> String {
    match record.reason.as_str() {
        "" | "set by hand" => format!("{what} by hand"),
        said => format!("{what} by hand: {said}"),
    }
}

/// Why nothing is done for a service that is held: what was said with the wish, if the record
/// still has it. Any other reason there is of something that happened before.
pub(super) fn held(record: &Record) -> String {
    let said = record.reason.as_str();
    let told = said.starts_with("held");
    if told { said } else { "held" }.to_string()
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
        away: true,
        ..Owed::new(State::Fail, reason)
    }
}
