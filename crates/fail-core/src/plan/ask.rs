//! The questions of a round: sent, asked again, answered or given up.

use std::net::SocketAddr;

use fail_wire::{
    Answer, Beat, Body, Code, Name, Packet, Query, Record, Refusal, emit_padded, room_for,
};

use super::{Out, Plan, Sent, Target};
use crate::log::Level;
use crate::policy::Protocol;
use crate::time::{Mono, Now};

/// A publisher's beat promises the next one no sooner than this: with intervals of a few
/// milliseconds a scheduler's hiccup is no silence.
pub(super) const BEAT_MIN_MS: u64 = 200;

/// One question that is not answered yet.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// When the round asked it first.
    pub opened: Mono,
    /// What it is about: the services that the class had then.
    pub names: Vec<Name>,
    /// When to ask again or to give up.
    pub next: Mono,
    /// How often it may still be asked.
    pub left: u32,
    /// Only names after this one are still wanted: the page.
    pub after: Option<Name>,
    /// What was answered on earlier pages.
    pub got: Vec<Record>,
    /// The requests under way for it, with when they left.
    pub ids: Vec<(u64, Mono)>,
    /// A refusal to it that proves nothing.
    pub hint: Option<String>,
    /// It does not speak our version of the protocol.
    pub foreign: bool,
    /// Whether an answer was overdue, and it was asked again.
    pub repeated: bool,
}

impl Plan {
    /// Begins the rounds that are due.
    pub(super) fn expire_rounds(&mut self, now: Now) {
        for index in 0..self.classes.len() {
            if self.classes[index].due > now.mono || self.classes[index].is_free() {
                continue;
            }
            let class = &mut self.classes[index];
            class.next_round(now.mono);
            let targets: Vec<Target> = class.targets.keys().cloned().collect();
            for target in targets {
                for name in &self.classes[index].targets[&target] {
                    if let Some(duty) = self.duties.get_mut(name) {
                        duty.pending.insert(target.clone());
                    }
                }
                if !self.asks.contains_key(&(index, target.clone())) {
                    self.open_ask(now, index, &target);
                }
            }
        }
    }

    /// Asks a faild about the services of a class.
    pub(super) fn open_ask(&mut self, now: Now, index: usize, target: &Target) {
        let class = &self.classes[index];
        // Whoever was given up is asked once a round, to see whether he is back.
        let left = match class.lost.contains(target) {
            true => 0,
            false => class.times,
        };
        let (opened, next) = (now.mono, now.mono);
        let ask = Ask {
            opened,
            names: class.targets.get(target).cloned().unwrap_or_default(),
            next,
            left,
            after: None,
            got: Vec::new(),
            ids: Vec::new(),
            hint: None,
            foreign: false,
            repeated: false,
        };
        self.asks.insert((index, target.clone()), ask);
        self.called(now, target);
        // First, so that nothing that changes after the answer is missed.
        self.subscribe_beside(now, index, target);
        self.send_ask(now, index, target);
        self.hear_say(now, target);
    }

    /// A question that nobody needs an answer to. Gives whether there was one.
    pub(super) fn drop_ask(&mut self, index: usize, target: &Target) -> bool {
        self.close(&(index, target.clone())).is_some()
    }

    /// Sends an open question, for the first time or again.
    fn send_ask(&mut self, now: Now, index: usize, target: &Target) {
        let id = self.dice.roll();
        let class = &self.classes[index];
        let link = self.link(target);
        let wait = link.overdue(class.interval);
        let Some(ask) = self.asks.get(&(index, target.clone())) else {
            return;
        };
        // The first question waits for an answer, the later ones follow each other.
        let wait = if ask.ids.is_empty() || ask.left == 0 {
            wait.max(class.spacing)
        } else {
            class.spacing
        };
        let wait = if ask.ids.is_empty() {
            link.overdue(class.interval)
        } else {
            wait
        };
        let interval_ms = class.interval.as_millis().max(BEAT_MIN_MS);
        let interval_ms = u32::try_from(interval_ms).unwrap_or(u32::MAX);
        let beat = self.nonce.filter(|_| *target == Target::Local);
        let beat = beat.map(|nonce| Beat {
            nonce,
            count: now.mono.0,
            interval_ms,
        });
        let room = room_for(ask.names.len());
        let query = Query {
            beat,
            after: ask.after.clone(),
            names: ask.names.clone(),
        };
        let key = class.key.as_ref().unwrap_or(&link.key);
        let bytes = emit_padded(key, id, &Body::Query(query), room);
        self.send_to(target, bytes);
        if let Some(ask) = self.asks.get_mut(&(index, target.clone())) {
            ask.ids.push((id, now.mono));
            ask.next = now.mono + wait;
        }
        self.sent.insert(id, Sent::Ask(index, target.clone()));
    }

    /// Asks again whoever is overdue, and gives up whoever has had all his chances.
    pub(super) fn expire_asks(&mut self, now: Now) {
        let due = self.asks.iter().filter(|(_, ask)| ask.next <= now.mono);
        let due: Vec<(usize, Target)> = due.map(|(key, _)| key.clone()).collect();
        for (index, target) in due {
            let key = (index, target.clone());
            match self.asks.get_mut(&key) {
                Some(ask) if ask.left > 0 => {
                    ask.left -= 1;
                    ask.repeated = true;
                    self.send_ask(now, index, &target);
                }
                _ => {
                    if let Some(ask) = self.close(&key) {
                        self.lose(now, index, &target, ask, false);
                    }
                }
            }
        }
    }

    fn close(&mut self, key: &(usize, Target)) -> Option<Ask> {
        let ask = self.asks.remove(key)?;
        for (id, _) in &ask.ids {
            self.sent.remove(id);
        }
        Some(ask)
    }

    /// A host counts as unreachable. What is done then depends on what was `proven` to come from
    /// it, not on a hint.
    fn lose(&mut self, now: Now, index: usize, target: &Target, ask: Ask, proven: bool) {
        let hint = ask.hint.clone();
        if !proven {
            self.await_late(index, target, &ask);
        }
        // A connection on which nothing comes may be one to nobody. Who refuses, or has answered
        // another question on the same one meanwhile, is there.
        let there = proven || self.answered_since(target, ask.opened);
        let link = self.link_mut(target);
        link.hint.clone_from(&hint);
        if let (false, Protocol::Tcp, Some(to)) = (there, link.protocol, link.addr) {
            self.out.push_back(Out::HangUp { to });
        }
        if *target == Target::Local {
            // A faild that refuses is there, and the others hear it. Not so one that speaks
            // another version: to hosts like ours it is silent.
            self.classes[index].refused = hint.is_some() && !ask.foreign;
            for name in &ask.names {
                self.give_up_post(name);
            }
        }
        if self.classes[index].lost.insert(target.clone()) {
            let times = self.classes[index].times + 1;
            let text = match (target, &hint) {
                (Target::Local, None) => format!("the local faild is silent, asked {times} times"),
                (Target::Local, Some(hint)) => format!("the local faild refuses to answer: {hint}"),
                (Target::Host(host), hint) => {
                    let hint = hint
                        .as_ref()
                        .map(|hint| format!("; somebody there says: {hint}"));
                    let hint = hint.unwrap_or_default();
                    format!("host {host}: unreachable, asked {times} times{hint}")
                }
            };
            self.log(Level::Warn, "host", text);
        }
        self.unheard(now, target, hint.as_ref());
        self.settle(now, index, target, &ask, false);
    }

    /// Whether this may answer an open question.
    pub fn is_awaited(&self, bytes: &[u8]) -> bool {
        let packet = Packet::read(bytes).ok().filter(Packet::answers);
        packet.is_some_and(|packet| {
            let id = packet.request();
            let asked = self.sent.contains_key(&id) || self.lates.awaits(id);
            asked || self.hears.awaits(id) || self.news.awaits(id)
        })
    }

    pub(super) fn datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        let id = Packet::read(bytes).map_or(0, |packet| packet.request());
        if self.hears.awaits(id) {
            return self.hearing_answered(now, from, bytes);
        }
        if self.news.awaits(id) {
            return self.news_came(now, from, bytes);
        }
        if self.lates.awaits(id) {
            return self.late_answer(now, from, bytes);
        }
        let Some((sent, id, body)) = self.authentic(from, bytes) else {
            self.stats.dropped += 1;
            return self.overhear(from, bytes);
        };
        match sent {
            Sent::Post(name) => self.posted(now, &name, id, body),
            Sent::Ask(index, target) => match body {
                Body::Answer(answer) => self.answered(now, index, &target, id, answer),
                Body::Refusal(refusal) => self.refused(now, index, &target, &refusal),
                _ => self.stats.dropped += 1,
            },
        }
    }

    /// A refusal that nobody signed, to a question that is open: anybody on the way could have
    /// made it. From another host it decides nothing and changes nothing that is sent; it tells
    /// the reader of the log where to look.
    ///
    /// From the local faild it decides one thing, on purpose: that it is there. Only who owns its
    /// port on this host can say so, and a faild that does not know our community is heard by
    /// the others all the same, so that nobody takes over and we need not stop (`lonely`).
    fn overhear(&mut self, from: SocketAddr, bytes: &[u8]) {
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        let Some(Sent::Ask(index, target)) = self.sent.get(&packet.request()).cloned() else {
            return;
        };
        let unsigned = packet.answers() && packet.key_id() == 0;
        if let (true, Ok(Body::Refusal(refusal))) = (unsigned, packet.body()) {
            let known = self.link(&target).addr == Some(from);
            if let Some(ask) = self.asks.get_mut(&(index, target)).filter(|_| known) {
                ask.hint = Some(refusal.to_string());
                ask.foreign = refusal.code == Ok(Code::Version);
            }
        }
    }

    /// The body of an answer that was asked for, comes from where it was asked, and was
    /// made with the key shared with that host.
    fn authentic(&self, from: SocketAddr, bytes: &[u8]) -> Option<(Sent, u64, Body)> {
        let packet = Packet::read(bytes).ok().filter(Packet::answers)?;
        let sent = self.sent.get(&packet.request())?.clone();
        let (link, key) = match &sent {
            Sent::Ask(index, target) => {
                let link = self.link(target);
                let key = self.classes[*index].key.as_ref();
                (link, key.unwrap_or(&link.key))
            }
            Sent::Post(name) => (&self.local, &self.posts.get(name)?.key),
        };
        let genuine = link.addr == Some(from) && packet.verify(key);
        genuine.then(|| Some((sent, packet.request(), packet.body().ok()?)))?
    }

    fn answered(&mut self, now: Now, index: usize, target: &Target, id: u64, answer: Answer) {
        let key = (index, target.clone());
        let Some(ask) = self.asks.get_mut(&key) else {
            return;
        };
        let left = ask
            .ids
            .iter()
            .find(|(sent, _)| *sent == id)
            .map(|(_, at)| *at);
        let last = answer.records.last().map(|record| record.name.clone());
        ask.got.extend(answer.records);
        let trip = left.map(|at| now.mono - at);
        let wanted = ask.names.len();
        // A faild that goes on and on is cut short: there are no more names than asked for.
        let more = answer.more && last > ask.after && ask.got.len() < wanted;
        if more {
            ask.after = last;
            ask.left = self.classes[index].times;
            for (id, _) in std::mem::take(&mut ask.ids) {
                self.sent.remove(&id);
            }
        }
        if let Some(trip) = trip {
            self.link_mut(target).measured(trip);
        }
        if let Target::Host(host) = target {
            self.hears.knows(host, answer.nonce);
        }
        self.news.restarted(target, answer.nonce);
        if *target == Target::Local {
            self.classes[index].refused = false;
            if self.nonce.replace(answer.nonce) != Some(answer.nonce) {
                // A new faild has not heard of what we were publishing, and counts anew.
                self.close_posts();
                self.duties.values_mut().for_each(|duty| duty.local = None);
                self.touch_all();
            }
        } else if self.nonce == Some(answer.nonce) && !self.link(target).is_me {
            self.link_mut(target).is_me = true;
            if let Target::Host(host) = target {
                let text =
                    format!("host {host} is this host itself: take it out of masters and slaves");
                self.log(Level::Error, "host", text);
            }
        }
        if more {
            return self.send_ask(now, index, target);
        }
        let Some(ask) = self.close(&key) else { return };
        self.doubts = 0;
        if self.classes[index].lost.remove(target) {
            let text = match target {
                Target::Local => "the local faild answers again".to_string(),
                Target::Host(host) => format!("host {host}: reachable again"),
            };
            self.log(Level::Info, "host", text);
        }
        self.link_mut(target).hint = None;
        self.heard(now, target, ask.repeated);
        self.settle(now, index, target, &ask, true);
    }

    /// A faild that refuses to answer is as good as none; why is worth a line each time it
    /// begins to.
    fn refused(&mut self, now: Now, index: usize, target: &Target, refusal: &Refusal) {
        let Some(mut ask) = self.close(&(index, target.clone())) else {
            return;
        };
        if !self.classes[index].lost.contains(target) {
            let who = match target {
                Target::Local => "the local faild".to_string(),
                Target::Host(host) => format!("host {host}"),
            };
            self.log(
                Level::Error,
                "host",
                format!("{who} refuses to answer: {refusal}"),
            );
        }
        ask.hint = Some(refusal.to_string());
        self.lose(now, index, target, ask, true);
    }

    /// The outcome of a question, for each service it was about: an answer, or none. A service
    /// may have left the class meanwhile, or be no longer asked about there.
    fn settle(&mut self, now: Now, index: usize, target: &Target, ask: &Ask, answered: bool) {
        for name in &ask.names {
            let wanted = self.classes[index].targets.get(target);
            if wanted.is_none_or(|names| names.binary_search(name).is_err()) {
                continue;
            }
            let record = ask.got.iter().find(|record| record.name == *name);
            let record = record.filter(|_| answered);
            match target {
                Target::Local => self.hear_local(now, name, record, ask.opened),
                Target::Host(host) => self.hear_host(now, name, host, record, ask.opened),
            }
            let Some(duty) = self.duties.get_mut(name) else {
                continue;
            };
            duty.pending.remove(target);
            if duty.pending.is_empty() {
                self.judge(now, name);
            }
        }
    }

    fn hear_local(&mut self, now: Now, name: &Name, record: Option<&Record>, asked: Mono) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        duty.hear_local(record, asked);
        self.remember_local(now, name);
        match record {
            Some(_) => self.next_set(now, name),
            None => self.drop_sets(name, "the local faild is silent"),
        }
    }

    fn hear_host(
        &mut self,
        now: Now,
        name: &Name,
        host: &Name,
        record: Option<&Record>,
        asked: Mono,
    ) {
        let service = self.policy.services.get(name);
        let slave = service.is_some_and(|service| service.slaves.contains(host));
        if let Some(duty) = self.duties.get_mut(name) {
            duty.hear(host, record, asked, slave);
        }
        if let Some(record) = record {
            self.read_omens(now, name, host, record, asked);
        }
        self.remember(name, host, record);
    }
}
