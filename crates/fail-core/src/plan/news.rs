//! News of other hosts, and of the local faild, as they happen: so that a planned switch-over
//! and a wish do not wait for the next round.
//!
//! News decides nothing. What a faild pushes is a reason to ask it at once, and the answer is
//! judged as in any round; so whatever is lost, repeated or made up costs a question or the
//! time until the next round. A subscription rides on the rounds: it is asked for beside a
//! question, and again beside a later one if no answer came; where rounds are far apart, also
//! between them. A faild that refuses (an older one) is left alone for ten minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use fail_wire::{
    Acknowledge, Body, Code, DATAGRAM_BYTES_MAX, Key, Name, Notify, Packet, Subscribe, emit,
    emit_padded,
};

use super::{Plan, Target};
use crate::limits;
use crate::time::{Mono, Now, Span};

/// A subscription lasts this long.
const LASTS: Span = Span::from_secs(60);

/// And is renewed after this: a faild that could not reach us for a while has ended it.
const RENEW: Span = Span::from_secs(10);

/// And at the latest after this, also between two rounds.
const RENEW_LATE: Span = LASTS.part(2);

/// An answer that did not come is missed after this.
const AGAIN: Span = Span::from_secs(1);

/// Who refuses is left alone for so long: he may be an older version until then.
const MUTE: Span = Span::from_secs(600);

/// Who is asked more often than this anyway has no news to tell.
const WORTH: Span = Span::from_millis(100);

/// Between two questions because of news: a storm of changes elsewhere is not one of ours.
const PACE: Span = Span::from_millis(10);

/// Bytes of names in one subscribe: what is longer subscribes to everything.
const NAME_BYTES_MAX: usize = 1_200;

/// One subscription is with one faild by one community.
type Way = (Target, u32);

/// All subscriptions of a failsh.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    lines: BTreeMap<Way, Line>,
}

/// One subscription.
#[derive(Debug, Clone)]
struct Line {
    key: Key,
    names: Vec<Name>,
    cookie: u64,
    /// The ids of the last two requests: what is pushed comes under one of them.
    ids: [u64; 2],
    asked: Mono,
    /// The last request was answered.
    answered: bool,
    /// It was shown a cookie that it did not know, since the last answer that granted it.
    rejected: bool,
    nonce: u64,
    /// The number of the last news.
    heard: u64,
    mute: Option<Mono>,
    /// What there is news of, to be asked about.
    told: Told,
    /// But not before.
    quiet_until: Mono,
}

/// Services with the versions that they are told to have; nothing: whatever we know of them.
type Told = BTreeMap<Name, Option<u64>>;

impl Line {
    /// When to renew it at the latest.
    fn renew_at(&self) -> Mono {
        let at = self.asked + RENEW_LATE;
        self.mute.map_or(at, |until| at.max(until))
    }

    fn due(&self) -> Mono {
        let at = self.renew_at();
        match self.told.is_empty() {
            true => at,
            false => at.min(self.quiet_until),
        }
    }
}

impl News {
    /// Whether this may be news.
    pub fn awaits(&self, id: u64) -> bool {
        id != 0 && self.lines.values().any(|line| line.ids.contains(&id))
    }

    /// When there is a question to ask because of news, or a subscription to renew.
    pub fn deadline(&self) -> Option<Mono> {
        self.lines.values().map(Line::due).min()
    }

    /// A faild was started anew: it has no subscriptions.
    pub fn restarted(&mut self, target: &Target, nonce: u64) {
        for ((of, _), line) in &mut self.lines {
            if of == target && line.nonce != nonce {
                line.answered = false;
            }
        }
    }

    /// A host is no longer in the policy, or is reached in another way.
    pub fn forget(&mut self, target: &Target) {
        self.lines.retain(|(of, _), _| of != target);
    }
}

impl Plan {
    /// A question of this class goes to a target: now and then it is also asked to tell of
    /// changes.
    pub(super) fn subscribe_beside(&mut self, now: Now, index: usize, target: &Target) {
        let Some(class) = self.classes.get(index) else {
            return;
        };
        let link = self.link(target);
        if class.interval < WORTH || link.is_me || link.addr.is_none() {
            return;
        }
        let key = class.key.as_ref().unwrap_or(&link.key).clone();
        let way = (target.clone(), key.id());
        let names = nameable(self.asked_by(&way));
        let line = self.news.lines.entry(way.clone()).or_insert(Line {
            key: key.clone(),
            names: Vec::new(),
            cookie: 0,
            ids: [0; 2],
            asked: now.mono,
            answered: false,
            rejected: false,
            nonce: 0,
            heard: 0,
            mute: None,
            told: Told::new(),
            quiet_until: now.mono,
        });
        line.key = key;
        let never = line.ids == [0; 2];
        let wait = if line.answered { RENEW } else { AGAIN };
        let early = !never && now.mono - line.asked < wait && line.names == names;
        if early || line.mute.is_some_and(|until| now.mono < until) {
            return;
        }
        self.renew_news(now, &way);
    }

    /// Asks to be told, unless nobody here asks about anything there any more.
    fn renew_news(&mut self, now: Now, way: &Way) {
        let names = self.asked_by(way);
        let link = self.link(&way.0);
        if names.is_empty() || link.is_me || link.addr.is_none() {
            self.news.lines.remove(way);
            return;
        }
        if let Some(line) = self.news.lines.get_mut(way) {
            line.names = nameable(names);
            line.rejected = false;
        }
        self.send_subscribe(now, way);
    }

    /// Everything that is asked of a target with one community, and not so often anyway.
    fn asked_by(&self, (target, id): &Way) -> Vec<Name> {
        let shared = &self.link(target).key;
        let same = |key: &Option<Key>| key.as_ref().unwrap_or(shared).id() == *id;
        let classes = self.classes.iter().filter(|class| class.interval >= WORTH);
        let classes = classes.filter(|class| same(&class.key));
        let names = classes.filter_map(|class| class.targets.get(target));
        let mut names: Vec<Name> = names.flatten().cloned().collect();
        names.sort();
        names
    }

    fn send_subscribe(&mut self, now: Now, way: &Way) {
        let id = self.dice.roll();
        let Some(line) = self.news.lines.get_mut(way) else {
            return;
        };
        line.ids = [id, line.ids[0]];
        line.asked = now.mono;
        line.answered = false;
        let body = Body::Subscribe(Subscribe {
            cookie: line.cookie,
            for_ms: u32::try_from(LASTS.as_millis()).unwrap_or(u32::MAX),
            names: line.names.clone(),
        });
        let bytes = emit_padded(&line.key, id, &body, DATAGRAM_BYTES_MAX);
        self.send_to(&way.0, bytes);
    }

    /// Something came under the id of a subscription.
    pub(super) fn news_came(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        let Some((way, id, body)) = self.genuine_news(from, bytes) else {
            self.stats.dropped += 1;
            return;
        };
        match body {
            Body::Notify(notify) if notify.number == 0 => self.subscribed(now, &way, &notify),
            Body::Notify(notify) => self.news(now, &way, id, notify),
            Body::Refusal(refusal) => {
                let wait = match refusal.code {
                    Ok(Code::Limit) => RENEW,
                    _ => MUTE,
                };
                if let Some(line) = self.news.lines.get_mut(&way) {
                    line.mute = Some(now.mono + wait);
                }
            }
            _ => self.stats.dropped += 1,
        }
    }

    /// News is proven, and so is a refusal: one that anybody could have made must not keep the
    /// news away for ten minutes.
    fn genuine_news(&self, from: SocketAddr, bytes: &[u8]) -> Option<(Way, u64, Body)> {
        let packet = Packet::read(bytes).ok().filter(Packet::answers)?;
        let id = packet.request();
        let lines = self.news.lines.iter();
        let (way, line) = lines.into_iter().find(|(_, line)| line.ids.contains(&id))?;
        let body = packet.body().ok()?;
        let genuine = self.link(&way.0).addr == Some(from) && packet.verify(&line.key);
        genuine.then(|| (way.clone(), id, body))
    }

    /// The answer to a subscribe: it is granted, or it is shown the cookie to come back with.
    fn subscribed(&mut self, now: Now, way: &Way, answer: &Notify) {
        let Some(line) = self.news.lines.get_mut(way) else {
            return;
        };
        if std::mem::replace(&mut line.nonce, answer.nonce) != answer.nonce {
            line.heard = 0;
        }
        line.cookie = answer.cookie;
        let granted = answer.left_ms > 0;
        let is_new = granted && line.rejected && !line.answered;
        line.answered = granted;
        // Once at once; then with the next round, so that nobody keeps us busy.
        if !granted && !std::mem::replace(&mut line.rejected, true) {
            self.send_subscribe(now, way);
        }
        // What changed since the question beside the first subscribe was told to nobody.
        if is_new {
            let all = self.asked_by(way).into_iter().map(|name| (name, None));
            self.take_in(now, way, all.collect());
        }
    }

    fn news(&mut self, now: Now, way: &Way, id: u64, notify: Notify) {
        let Some(line) = self.news.lines.get_mut(way) else {
            return;
        };
        if std::mem::replace(&mut line.nonce, notify.nonce) != notify.nonce {
            line.heard = 0;
        }
        let heard = Body::Acknowledge(Acknowledge {
            nonce: notify.nonce,
            number: notify.number,
        });
        let bytes = emit(Some(&line.key), id, &heard);
        self.send_to(&way.0, bytes);
        let Some(line) = self.news.lines.get_mut(way) else {
            return;
        };
        // A repeated or replayed one is no news.
        if notify.number <= line.heard {
            return;
        }
        line.heard = notify.number;
        let told = match notify.more {
            true => {
                let all = self.asked_by(way).into_iter();
                all.map(|name| (name, None)).collect()
            }
            false => {
                let records = notify.records.into_iter();
                let ours = records.filter(|record| self.duties.contains_key(&record.name));
                ours.map(|record| (record.name, Some(record.version)))
                    .collect()
            }
        };
        self.take_in(now, way, told);
    }

    fn take_in(&mut self, now: Now, way: &Way, told: Told) {
        if let Some(line) = self.news.lines.get_mut(way) {
            line.told.extend(told);
        }
        self.expire_news(now);
    }

    /// Asks where there is news, and may be asked again; renews what no round has renewed.
    pub(super) fn expire_news(&mut self, now: Now) {
        let due = self.news.lines.iter();
        let due = due.filter(|(_, line)| line.due() <= now.mono);
        let due: Vec<Way> = due.map(|(way, _)| way.clone()).collect();
        for way in due {
            let Some(line) = self.news.lines.get_mut(&way) else {
                continue;
            };
            let renew = line.renew_at() <= now.mono;
            if line.quiet_until <= now.mono {
                line.quiet_until = now.mono + PACE;
                let told = std::mem::take(&mut line.told);
                let later = self.ask_about(now, &way.0, told);
                if let Some(line) = self.news.lines.get_mut(&way) {
                    line.told = later;
                }
            }
            if renew {
                self.renew_news(now, &way);
            }
        }
    }

    /// Asks about what is not known yet. Gives what has to wait: a question that is open, or a
    /// publication, may have been answered before the news was sent, or by what it tells of.
    fn ask_about(&mut self, now: Now, target: &Target, told: Told) -> Told {
        let (mut later, mut classes) = (Told::new(), BTreeSet::new());
        for (name, version) in told {
            let Some(duty) = self.duties.get_mut(&name) else {
                continue;
            };
            let index = duty.class;
            let known = match target {
                Target::Local => duty.local.as_ref().map(|(known, _)| known.version),
                Target::Host(host) => duty.heard.get(host).copied(),
            };
            let asked = self.classes[index].targets.get(target);
            let asked = asked.is_some_and(|names| names.binary_search(&name).is_ok());
            // What we published ourselves comes back as news, and perhaps after what we have
            // published since then: who started again because of that would never rest.
            let old = match target {
                Target::Local => version.is_some() && version <= known,
                Target::Host(_) => version.is_some() && version == known,
            };
            if !asked || old {
                continue;
            }
            let posted = *target == Target::Local && self.posts.contains_key(&name);
            if posted || self.asks.contains_key(&(index, target.clone())) {
                later.insert(name, version);
                continue;
            }
            duty.pending.insert(target.clone());
            classes.insert(index);
        }
        for index in classes {
            self.open_ask(now, index, target);
        }
        later
    }
}

/// The names of a subscribe; nothing: too many to name, so all.
fn nameable(names: Vec<Name>) -> Vec<Name> {
    let bytes: usize = names.iter().map(|name| name.as_str().len() + 1).sum();
    match bytes > NAME_BYTES_MAX || names.len() > limits::PUSH_NAMES_MAX {
        true => Vec::new(),
        false => names,
    }
}
