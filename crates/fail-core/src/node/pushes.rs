//! Who is told of changes as they happen, and what he still has to be told.
//!
//! A subscription owes its holder the names of what has changed, not messages: each notify is
//! made when it is sent, from the records as they are then, and the acknowledgement of the last
//! one settles all. So a slow or dead holder costs a set of names with a limit, and what is
//! lost on the way is made up for by the next.
//!
//! A holder must first show that what is sent to his address arrives there (the cookie): a
//! subscribe with a forged sender would otherwise have changes sent to somebody else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use fail_wire::{Acknowledge, Body, Key, NOTIFY_BYTES_MIN, Name, Notify, Record, Subscribe, emit};

use super::changes::{at_limit, cramped};
use super::page::Page;
use super::{Asker, Node, Peer};
use crate::access::Access;
use crate::limits;
use crate::log::Level;
use crate::time::{Mono, Now, Span};

/// The first repeat comes after this time, each further one after twice the time before it.
const REPEAT_AFTER: Span = Span::from_millis(100);

/// So often is a notify repeated.
const REPEATS_MAX: u32 = 4;

/// Somebody who has acknowledged nothing for so long, while there was something to
/// acknowledge, is gone: all repeats, and the wait after the last one.
const SILENT_MAX: Span = Span::from_millis(100 * ((1 << (REPEATS_MAX + 1)) - 1));

/// Between two new notifies to one holder: a storm of changes is told in few.
const PACE: Span = Span::from_millis(10);

/// The shortest and the longest subscription.
const LASTS_MS: (u32, u32) = (1_000, 300_000);

/// Whose a subscription is: an address, or a connection from there, and the community that it
/// was asked for with.
pub type Holder = (SocketAddr, Option<u64>, u32);

/// One subscription.
#[derive(Debug, Clone)]
struct Subscription {
    peer: Peer,
    key: Key,
    /// The id of the last subscribe, under which notifies travel.
    request: u64,
    /// How long a notify may be.
    room: usize,
    until: Mono,
    /// Nothing: all that the community may read.
    names: Option<BTreeSet<Name>>,
    /// Of the last notify.
    number: u64,
    acknowledged: u64,
    /// What changed since the last acknowledgement that counted.
    changed: BTreeSet<Name>,
    /// More than has room in `changed`.
    more: bool,
    /// Something of it was in no notify yet.
    news: bool,
    /// No new notify before.
    quiet_until: Mono,
    /// When the last notify is repeated, and how often it was.
    repeat: Option<(Mono, u32)>,
    /// Since when nothing was acknowledged that should have been.
    silent_since: Option<Mono>,
}

/// All subscriptions of a faild.
#[derive(Debug, Clone)]
pub(super) struct Pushes {
    secret: Key,
    held: BTreeMap<Holder, Subscription>,
    /// Some subscription has news that may be due.
    news: bool,
}

impl Pushes {
    /// None yet. `secret` makes the cookies.
    pub fn new(secret: Key) -> Pushes {
        Pushes {
            secret,
            held: BTreeMap::new(),
            news: false,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// A record is no longer what it was. Whoever may not read it is not told that there is
    /// something that he may not read.
    pub fn changed(&mut self, name: &Name, access: &Access) {
        for subscription in self.held.values_mut() {
            let wanted = subscription.names.as_ref().is_none_or(|n| n.contains(name));
            if wanted && subscription.may_read(name, access) {
                subscription.owe(name);
                self.news = true;
            }
        }
    }

    /// The rules are others: who holds a community that is no more is told nothing more.
    pub fn hold_to(&mut self, access: &Access) {
        self.held.retain(|_, s| {
            let known = access.key(s.key.id());
            known.is_some_and(|key| key.same(&s.key))
        });
    }

    /// A connection is no more.
    pub fn gone(&mut self, stream: u64) {
        self.held.retain(|(_, of, _), _| *of != Some(stream));
    }

    /// When there is something to do.
    pub fn deadline(&self) -> Option<Mono> {
        self.held.values().map(Subscription::due).min()
    }

    fn cookie(&self, holder: Holder) -> u64 {
        cookie(&self.secret, holder)
    }
}

/// What shows that answers arrive at an address, or on a connection from there: made with
/// [`Dice::key`](fail_wire::Dice::key) for one key id.
pub fn cookie(secret: &Key, (addr, stream, key): Holder) -> u64 {
    let mut bytes = match addr.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend(addr.port().to_be_bytes());
    bytes.extend(key.to_be_bytes());
    bytes.extend(stream.iter().flat_map(|no| no.to_be_bytes()));
    secret.seal(&bytes)
}

impl Subscription {
    fn may_read(&self, name: &Name, access: &Access) -> bool {
        let loopback = self.peer.addr.ip().to_canonical().is_loopback();
        access.rights(&self.key, name, loopback).is_some()
    }

    fn owe(&mut self, name: &Name) {
        let full = self.changed.len() >= limits::PUSH_NAMES_MAX && !self.changed.contains(name);
        match full {
            true => self.more = true,
            false => drop(self.changed.insert(name.clone())),
        }
        self.news = true;
    }

    /// When there is something to do for it at the latest.
    fn due(&self) -> Mono {
        let news = self.news.then_some(self.quiet_until);
        let repeat = self.repeat.map(|(at, _)| at);
        let given_up = self.silent_since.map(|since| since + SILENT_MAX);
        let times = [Some(self.until), news, repeat, given_up];
        times.into_iter().flatten().min().unwrap_or(self.until)
    }

    fn is_silent(&self, now: Mono) -> bool {
        self.silent_since
            .is_some_and(|since| since + SILENT_MAX <= now)
    }

    fn left_ms(&self, now: Mono) -> u32 {
        let left = (self.until - now).as_millis();
        // 0 would say that there is none.
        u32::try_from(left).unwrap_or(u32::MAX).max(1)
    }

    /// An acknowledgement. Of an old notify it shows only that somebody is there.
    fn acknowledge(&mut self, now: Mono, number: u64) {
        if number <= self.acknowledged || number > self.number {
            return;
        }
        self.acknowledged = number;
        self.silent_since = self.silent_since.map(|_| now);
        if number < self.number {
            return;
        }
        self.repeat = None;
        if self.news {
            // What came since then is owed still; which of the names that is was not kept.
            return;
        }
        self.silent_since = None;
        self.changed.clear();
        self.more = false;
    }
}

impl Node {
    pub(super) fn subscribe(&mut self, now: Now, asker: &Asker, wanted: Subscribe) {
        if asker.room < NOTIFY_BYTES_MIN {
            return self.refuse(now, asker, cramped(NOTIFY_BYTES_MIN));
        }
        let holder = (asker.peer.addr, asker.peer.stream, asker.key.id());
        let cookie = self.pushes.cookie(holder);
        let mut left_ms = 0;
        // Without the cookie anybody could be the sender, also of the wish to end it.
        let proven = wanted.cookie == cookie;
        if proven && wanted.for_ms == 0 {
            self.pushes.held.remove(&holder);
        } else if proven {
            if let Err((name, limit)) = self.has_room(holder, &wanted) {
                return self.refuse(now, asker, at_limit(name, limit));
            }
            left_ms = wanted.for_ms.clamp(LASTS_MS.0, LASTS_MS.1);
            self.hold(now, holder, asker, wanted, left_ms);
        }
        let answer = Notify {
            nonce: self.nonce,
            cookie,
            left_ms,
            ..Notify::default()
        };
        self.counters.answered += 1;
        let bytes = emit(Some(&asker.key), asker.request, &Body::Notify(answer));
        self.send(asker.peer, bytes);
    }

    /// The limit that is in the way, if one is: its name and its size.
    fn has_room(&self, holder: Holder, wanted: &Subscribe) -> Result<(), (&'static str, usize)> {
        let (name, limit) = ("names in a subscription", limits::PUSH_NAMES_MAX);
        if wanted.names.len() > limit {
            return Err((name, limit));
        }
        let held = &self.pushes.held;
        if held.contains_key(&holder) {
            return Ok(());
        }
        let (name, limit) = ("subscriptions", limits::SUBSCRIPTIONS_MAX);
        if held.len() >= limit {
            return Err((name, limit));
        }
        let (name, limit) = (
            "subscriptions of one address",
            limits::SUBSCRIPTIONS_EACH_MAX,
        );
        let ip = holder.0.ip();
        if held.keys().filter(|(addr, ..)| addr.ip() == ip).count() >= limit {
            return Err((name, limit));
        }
        Ok(())
    }

    fn hold(&mut self, now: Now, holder: Holder, asker: &Asker, wanted: Subscribe, left_ms: u32) {
        let until = now.mono + Span::from_millis(u64::from(left_ms));
        let names: BTreeSet<Name> = wanted.names.into_iter().collect();
        let names = (!names.is_empty()).then_some(names);
        // No earlier subscription had a greater number: who has heard it before is not told of
        // something new under an old number.
        let number = self.counters.notified;
        let fresh = || Subscription {
            peer: asker.peer,
            key: asker.key.clone(),
            request: asker.request,
            room: asker.room,
            until,
            names: None,
            number,
            acknowledged: number,
            changed: BTreeSet::new(),
            more: false,
            news: false,
            quiet_until: now.mono,
            repeat: None,
            silent_since: None,
        };
        let is_new = !self.pushes.held.contains_key(&holder);
        let subscription = self.pushes.held.entry(holder).or_insert_with(fresh);
        subscription.peer = asker.peer;
        subscription.request = asker.request;
        subscription.room = asker.room;
        subscription.until = until;
        subscription.names = names;
        if is_new && self.chatter.access {
            let text = format!("{}: is told of changes from now on", asker.peer.addr);
            self.log(Level::Debug, "access", text);
        }
    }

    pub(super) fn acknowledged(&mut self, now: Now, asker: &Asker, heard: Acknowledge) {
        let holder = (asker.peer.addr, asker.peer.stream, asker.key.id());
        self.counters.acknowledged += 1;
        if heard.nonce != self.nonce {
            return;
        }
        // Nonce and number are no secret; the id knows only who was sent the notify.
        let held = self.pushes.held.get_mut(&holder);
        if let Some(subscription) = held.filter(|s| s.request == asker.request) {
            subscription.acknowledge(now.mono, heard.number);
        }
    }

    /// Tells whoever has news coming, and may be told already.
    pub(super) fn push_news(&mut self, now: Now) {
        if !std::mem::take(&mut self.pushes.news) {
            return;
        }
        let due = |s: &Subscription| s.news && s.quiet_until <= now.mono;
        let held = self.pushes.held.iter();
        let due: Vec<Holder> = held.filter(|(_, s)| due(s)).map(|(h, _)| *h).collect();
        due.into_iter()
            .for_each(|holder| self.notify(now, holder, true));
    }

    /// Repeats what was not acknowledged, and ends what is over.
    pub(super) fn expire_pushes(&mut self, now: Now) {
        let held = self.pushes.held.iter();
        let due = held.filter(|(_, s)| s.due() <= now.mono);
        let due: Vec<Holder> = due.map(|(holder, _)| *holder).collect();
        for holder in due {
            let Some(subscription) = self.pushes.held.get(&holder) else {
                continue;
            };
            let silent = subscription.is_silent(now.mono);
            if silent || subscription.until <= now.mono {
                self.pushes.held.remove(&holder);
                self.counters.unheard += u64::from(silent);
                if silent && self.chatter.access {
                    let text = format!("{}: does not hear what it is told; no more", holder.0);
                    self.log(Level::Debug, "access", text);
                }
                continue;
            }
            let news = subscription.news && subscription.quiet_until <= now.mono;
            self.notify(now, holder, news);
        }
    }

    /// One notify: a new one, or the last one again, with the records as they are now.
    fn notify(&mut self, now: Now, holder: Holder, is_new: bool) {
        let Some(subscription) = self.pushes.held.get(&holder) else {
            return;
        };
        let key = subscription.key.clone();
        // The rules may be others since it was owed.
        let readable = |name: &&Name| subscription.may_read(name, &self.access);
        let names = subscription.changed.iter().filter(readable);
        let mut page = Page::new(subscription.room, NOTIFY_BYTES_MIN, Record::wire_bytes);
        page.fill(names.map(|name| self.record(now, name)));
        let (records, more) = page.done();
        let Some(subscription) = self.pushes.held.get_mut(&holder) else {
            return;
        };
        // What only others may read is no news.
        let nothing = records.is_empty() && !more && !subscription.more;
        let repeats = match (is_new, subscription.repeat) {
            (false, Some((_, repeats))) => repeats + 1,
            _ => 0,
        };
        if is_new {
            subscription.news = false;
            subscription.number += u64::from(!nothing);
            subscription.quiet_until = now.mono + PACE;
        }
        if nothing {
            subscription.changed.clear();
            subscription.repeat = None;
            subscription.silent_since = None;
            return;
        }
        let wait = REPEAT_AFTER.times(1 << repeats.min(REPEATS_MAX));
        // After the last repeat only the end is waited for.
        let next = (repeats < REPEATS_MAX).then_some((now.mono + wait, repeats));
        subscription.repeat = next;
        subscription.silent_since.get_or_insert(now.mono);
        let notify = Notify {
            nonce: self.nonce,
            cookie: 0,
            left_ms: subscription.left_ms(now.mono),
            number: subscription.number,
            more: more || subscription.more,
            records,
        };
        let (peer, request) = (subscription.peer, subscription.request);
        let notify = Notify {
            cookie: self.pushes.cookie(holder),
            ..notify
        };
        match is_new {
            true => self.counters.notified += 1,
            false => self.counters.repeated += 1,
        }
        self.send(peer, emit(Some(&key), request, &Body::Notify(notify)));
    }
}
