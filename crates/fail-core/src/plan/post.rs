//! What is published to the local faild: facts, and the mark `starting`. One at a time for
//! each service, repeated until it is acknowledged, with the version it replaces.

use fail_wire::{
    Body, Change, Code, Key, Marks, Name, Reason, Record, Refusal, emit_padded, room_for,
};

use super::ask::BEAT_MIN_MS;
use super::set::{Set, Wanted};
use super::{Plan, Sent, Target};
use crate::log::Level;
use crate::time::{Mono, Now, Span};

/// How far apart a publication is repeated. It is until it is answered, until the local
/// faild counts as silent, or until there is a new one: a faild answers when its disk has the
/// change, and a disk may be slow.
const SPACING: Span = Span::from_millis(100);

/// After so many repeats it is worth a line in the log.
const REPEATS_QUIET: usize = 10;

/// The ids of so many repeats are remembered.
const IDS_MAX: usize = 32;

/// How soon a round begins that does not wait for its time: late enough for several
/// publications to share it.
const SOON: Span = Span::from_millis(2);

/// One publication under way.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub next: Mono,
    repeats: usize,
    ids: Vec<u64>,
    change: Change,
    /// What it is signed with, and so its answer.
    pub key: Key,
    /// Somebody here has ordered it by hand.
    hand: Option<Set>,
}

impl Post {
    /// Whether somebody waits for what comes of it.
    pub fn is_by_hand(&self) -> bool {
        self.hand.is_some()
    }

    /// It is sent anew, and what was answered to earlier requests does not count.
    pub fn again(&mut self, now: Mono) {
        self.ids.clear();
        self.next = now;
    }
}

impl Plan {
    /// Publishes the fact that is owed for a service.
    pub(super) fn post_fact(&mut self, now: Now, name: &Name) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        let Some(owed) = duty.owed.clone() else {
            return;
        };
        let set = match owed.withdrawn {
            true => Marks::UNPUBLISHED,
            false => Marks(0),
        };
        let reason = Reason::new(&owed.reason);
        let wanted = (Some(owed.state), set, Marks::STARTING, reason);
        self.post(now, name, wanted, None);
    }

    /// Sets or clears the mark `starting`.
    pub(super) fn post_intent(&mut self, now: Now, name: &Name, starting: bool, reason: &str) {
        let (set, clear) = match starting {
            true => (Marks::STARTING, Marks(0)),
            false => (Marks(0), Marks::STARTING),
        };
        self.post(now, name, (None, set, clear, Reason::new(reason)), None);
    }

    /// Posts what somebody has ordered by hand.
    pub(super) fn post_by_hand(&mut self, now: Now, name: &Name, wanted: Wanted, hand: Set) {
        self.post(now, name, wanted, Some(hand));
    }

    fn post(&mut self, now: Now, name: &Name, wanted: Wanted, hand: Option<Set>) {
        let Some(duty) = self.duties.get(name) else {
            return;
        };
        let Some((record, _)) = duty.local.as_ref() else {
            return;
        };
        let Some(nonce) = self.nonce.filter(|_| !self.posts.contains_key(name)) else {
            return;
        };
        let (state, set, clear, reason) = wanted;
        let interval_ms = match (&hand, self.service(name)) {
            (None, Some(service)) => service.interval.as_millis().max(BEAT_MIN_MS),
            (None, None) => 1,
            // By hand, nobody will ask again.
            (Some(_), _) => 0,
        };
        let change = Change {
            nonce,
            version: record.version,
            name: name.clone(),
            state,
            set,
            clear,
            reason,
            interval_ms: u32::try_from(interval_ms).unwrap_or(u32::MAX),
        };
        let key = self.classes[duty.class].key.as_ref();
        let post = Post {
            next: now.mono,
            repeats: 0,
            ids: Vec::new(),
            change,
            key: key.unwrap_or(&self.local.key).clone(),
            hand,
        };
        self.posts.insert(name.clone(), post);
        self.send_post(now, name);
    }

    fn send_post(&mut self, now: Now, name: &Name) {
        let id = self.dice.roll();
        let Some(post) = self.posts.get_mut(name) else {
            return;
        };
        post.ids.push(id);
        post.next = now.mono + SPACING;
        let body = Body::Change(post.change.clone());
        let bytes = emit_padded(&post.key, id, &body, room_for(1));
        self.send_to(&Target::Local, bytes);
        self.sent.insert(id, Sent::Post(name.clone()));
    }

    pub(super) fn expire_posts(&mut self, now: Now) {
        let due = self.posts.iter().filter(|(_, post)| post.next <= now.mono);
        let due: Vec<Name> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            let Some(post) = self.posts.get_mut(&name) else {
                continue;
            };
            post.repeats += 1;
            let forgotten = (post.ids.len() >= IDS_MAX).then(|| post.ids.remove(0));
            if post.repeats == REPEATS_QUIET {
                let text = format!("service {name}: the local faild has not taken the change yet");
                self.log(Level::Warn, "post", text);
            }
            forgotten.map(|id| self.sent.remove(&id));
            self.send_post(now, &name);
        }
    }

    /// Gives all publications up for now. What is owed stays owed; the next round finds it.
    pub(super) fn close_posts(&mut self) {
        for name in self.posts.keys().cloned().collect::<Vec<_>>() {
            self.give_up_post(&name);
        }
    }

    /// Gives one up for now.
    pub(super) fn give_up_post(&mut self, name: &Name) {
        let post = self.close_post(name);
        if let Some(set) = post.and_then(|post| post.hand) {
            self.put_back(name, set);
        }
    }

    fn close_post(&mut self, name: &Name) -> Option<Post> {
        let post = self.posts.remove(name)?;
        for id in &post.ids {
            self.sent.remove(id);
        }
        Some(post)
    }

    /// The local faild has answered a publication.
    pub(super) fn posted(&mut self, now: Now, name: &Name, id: u64, body: Body) {
        if self
            .posts
            .get(name)
            .is_none_or(|post| !post.ids.contains(&id))
        {
            return;
        }
        let Some(Post { change, hand, .. }) = self.close_post(name) else {
            return;
        };
        if let Some(hand) = hand {
            self.posted_by_hand(now, name, &change, hand, body);
            return self.next_set(now, name);
        }
        match body {
            Body::Answer(answer) => match answer.records.into_iter().next() {
                Some(record) => self.acknowledged(now, name, &change, record),
                None => self.log(
                    Level::Error,
                    "post",
                    format!("service {name}: an acknowledgement without record"),
                ),
            },
            Body::Refusal(refusal) => self.not_acknowledged(now, name, &change, refusal),
            _ => {}
        }
        self.next_set(now, name);
    }

    fn posted_by_hand(&mut self, now: Now, name: &Name, change: &Change, hand: Set, body: Body) {
        let done = match &body {
            Body::Answer(answer) => answer.records.first().cloned(),
            Body::Refusal(Refusal {
                code: Ok(Code::Unsaved),
                record,
                ..
            }) => record.clone(),
            // A repeated request whose first answer was lost: it is as he wanted it.
            Body::Refusal(refusal) => refusal.record.clone().filter(|now| is_done(change, now)),
            _ => None,
        };
        match (done, body) {
            (Some(record), _) => self.set_done(now, name, &hand, record),
            (None, Body::Refusal(refusal)) => self.set_refused(now, name, hand, refusal),
            (None, _) => self.set_refused(now, name, hand, Refusal::plain(Code::Malformed)),
        }
    }

    fn acknowledged(&mut self, now: Now, name: &Name, change: &Change, record: Record) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let news = duty.base.replace(record.state) != Some(record.state);
        let asked = duty.local.as_ref().map_or(now.mono, |(_, asked)| *asked);
        duty.intent = record.marks.has(Marks::STARTING).then_some(now.mono);
        duty.local = Some((record, asked));
        duty.refused = false;
        if change.state.is_some() {
            duty.published = change.reason.to_string();
        }
        if change.state.is_some() && change.state == duty.owed.as_ref().map(|owed| owed.state) {
            duty.owed = None;
        }
        self.remember_local(now, name);
        // A new fact, or a promise that others can now see, allows the next step. A fact that
        // is no news does not: a start that returns RECOVER is tried again in the next round.
        if news || change.set.has(Marks::STARTING) {
            self.round_soon(now, name);
        }
    }

    fn not_acknowledged(&mut self, now: Now, name: &Name, change: &Change, refusal: Refusal) {
        match (refusal.code, refusal.record) {
            (Ok(Code::Unsaved), Some(record)) => {
                self.log(
                    Level::Warn,
                    "post",
                    format!(
                        "service {name}: {refusal}",
                        refusal = Refusal::plain(Code::Unsaved)
                    ),
                );
                self.acknowledged(now, name, change, record);
            }
            // A repeated request whose first answer was lost: it is as we wanted it.
            (Ok(Code::Stale), Some(record)) if is_done(change, &record) => {
                self.acknowledged(now, name, change, record);
            }
            // Somebody else was faster: the next round shows it.
            (Ok(Code::Stale), _) => {}
            // The faild is a new one. What the last one said of our change, before it was on
            // disk, is not so any more: nothing is decided before the new one has spoken.
            (Ok(Code::Nonce), _) => {
                if let Some(duty) = self.duties.get_mut(name) {
                    duty.pending.insert(Target::Local);
                }
                self.round_soon(now, name);
            }
            (code, record) => {
                if let Some(duty) = self.duties.get_mut(name) {
                    duty.refused = true;
                }
                let refusal = Refusal {
                    code,
                    record,
                    ..refusal
                };
                self.complain(
                    now,
                    name,
                    &format!("the local faild refuses the change: {refusal}"),
                );
            }
        }
    }

    /// Lets the next round of a service's class begin soon. Questions that are still open
    /// stay open, so that nobody's chances to answer are cut.
    pub(super) fn round_soon(&mut self, now: Now, name: &Name) {
        let Some(index) = self.duties.get(name).map(|duty| duty.class) else {
            return;
        };
        let class = &mut self.classes[index];
        class.due = class.due.min(now.mono + SOON);
    }
}

/// Whether the record is just what this change would have made of it.
fn is_done(change: &Change, record: &Record) -> bool {
    let wanted = |marks: Marks| Marks(marks.0 & record.marks.0) == marks;
    let unwanted = |marks: Marks| Marks(marks.0 & record.marks.0) != Marks(0);
    // A new state clears it as well.
    let starting = change.state.is_some() && record.marks.has(Marks::STARTING);
    change.version.checked_add(1) == Some(record.version)
        && change.state.is_none_or(|state| state == record.state)
        && wanted(change.set)
        && !unwanted(change.clear)
        && !starting
        && record.reason == change.reason
}
