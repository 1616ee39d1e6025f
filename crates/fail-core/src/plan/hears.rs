//! Who hears whom: what this host hears is told to its faild, and what other hosts hear is
//! asked of theirs, so that people see a cut that goes one way only.
//!
//! Nothing is decided by it, and it takes nobody's time: a question goes out with the
//! questions of a round, once in a while, and is not repeated. A faild that refuses (an older
//! one) is left alone for ten minutes. A host knows itself in another's report by the nonce
//! of its faild, since names are everybody's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fail_wire::{
    Body, DATAGRAM_BYTES_MAX, HEADER_BYTES, Hear, Name, Packet, Report, Reported, emit, emit_padded,
};

use super::{Plan, Target};
use crate::limits;
use crate::log::Level;
use crate::time::{Mono, Now, Span};

/// Others are asked this often.
const ASK_PACE: Span = Span::from_secs(10);

/// The local faild is told this often, so that the age of a report says that it still holds.
const TELL_PACE: Span = Span::from_secs(5);

/// And after a change, but not more often than this.
const TELL_MIN: Span = Span::from_secs(1);

/// Who refuses is left alone for so long: he may be an older version until then.
const MUTE: Span = Span::from_secs(600);

/// A report that is older says nothing of the present.
const STALE: Span = Span::from_secs(30);

/// Two hosts find each other dead or back within their intervals, not at one moment: what a
/// report says counts only when ours has been the same for this long before it.
const SETTLED: Span = Span::from_secs(10);

/// What is known of who hears whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Hears {
    pub hosts: BTreeMap<Name, Ear>,
    /// What is asked and not answered, by the id of the request.
    open: BTreeMap<u64, Target>,
    told: Option<Mono>,
    /// What was told is no longer so.
    changed: bool,
    /// The local faild takes no reports before this.
    mute: Option<Mono>,
}

/// What is known of one host's hearing.
#[derive(Debug, Clone, Default)]
pub(super) struct Ear {
    /// The nonce of its faild when it answered last.
    nonce: u64,
    asked: Option<Mono>,
    mute: Option<Mono>,
    /// What its failsh has said, and when.
    pub report: Option<(Vec<Hear>, Mono)>,
    /// It hears us and we do not hear it (true), or the other way round; it was told.
    one_sided: Option<bool>,
}

impl Hears {
    /// Whether this may answer an open question.
    pub fn awaits(&self, id: u64) -> bool {
        self.open.contains_key(&id)
    }

    /// A host's faild has answered.
    pub fn knows(&mut self, host: &Name, nonce: u64) {
        let ear = self.hosts.entry(host.clone()).or_default();
        self.changed |= std::mem::replace(&mut ear.nonce, nonce) != nonce;
    }

    /// A host answers, or does not any more.
    pub fn changed(&mut self) {
        self.changed = true;
    }

    /// A question is asked; an older one to the same target is not waited for any more.
    fn open(&mut self, id: u64, target: Target) {
        self.open.retain(|_, asked| *asked != target);
        self.open.insert(id, target);
    }
}

fn over(since: Option<Mono>, span: Span, now: Mono) -> bool {
    since.is_none_or(|since| now - since >= span)
}

impl Plan {
    /// A round asks this target: now and then it is also asked, or told, who hears whom.
    pub(super) fn hear_say(&mut self, now: Now, target: &Target) {
        match target {
            Target::Local => self.tell_hearing(now),
            Target::Host(host) => self.ask_hearing(now, host),
        }
    }

    fn tell_hearing(&mut self, now: Now) {
        let hears = &mut self.hears;
        let due = over(hears.told, TELL_PACE, now.mono)
            || hears.changed && over(hears.told, TELL_MIN, now.mono);
        let (true, false, true) = (
            self.local.addr.is_some(),
            hears.mute.is_some_and(|until| now.mono < until),
            due,
        ) else {
            return;
        };
        hears.changed = false;
        hears.told = Some(now.mono);
        let id = self.dice.roll();
        let hears = self.whom_we_hear();
        let body = Body::Report(Report { hears });
        let bytes = emit(Some(&self.local.key), id, &body);
        self.hears.open(id, Target::Local);
        self.send_to(&Target::Local, bytes);
    }

    /// As many hosts as have room in one datagram.
    fn whom_we_hear(&self) -> Vec<Hear> {
        let known = self.health.hosts.iter().filter_map(|(name, way)| {
            let nonce = self.hears.hosts.get(name).map_or(0, |ear| ear.nonce);
            Some(Hear {
                name: name.clone(),
                nonce,
                reachable: way.reachable?,
            })
        });
        let mut room = DATAGRAM_BYTES_MAX - HEADER_BYTES - 2;
        let fits = known.take_while(|hear| {
            let left = room.checked_sub(hear.wire_bytes());
            room = left.unwrap_or(room);
            left.is_some()
        });
        fits.take(limits::HEARS_MAX).collect()
    }

    fn ask_hearing(&mut self, now: Now, host: &Name) {
        let ear = self.hears.hosts.entry(host.clone()).or_default();
        let mute = ear.mute.is_some_and(|until| now.mono < until);
        if mute || !over(ear.asked, ASK_PACE, now.mono) {
            return;
        }
        ear.asked = Some(now.mono);
        self.compare_hearing(now, host);
        let Some(link) = self.hosts.get(host).filter(|link| !link.is_me) else {
            return;
        };
        if link.addr.is_none() {
            return;
        }
        let id = self.dice.roll();
        let bytes = emit_padded(&link.key, id, &Body::AskReport, DATAGRAM_BYTES_MAX);
        let target = Target::Host(host.clone());
        self.send_to(&target, bytes);
        self.hears.open(id, target);
    }

    /// Something came that may answer an open question.
    pub(super) fn hearing_answered(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        let dropped = self.hearing_answer(from, bytes).map(|(id, target, body)| {
            self.hears.open.remove(&id);
            match (target, body) {
                (Target::Host(host), Body::Reported(said)) => self.reported(now, &host, said),
                (Target::Local, Body::Reported(_)) => {}
                (Target::Host(host), _) => {
                    let ear = self.hears.hosts.entry(host).or_default();
                    ear.mute = Some(now.mono + MUTE);
                }
                (Target::Local, _) => self.hears.mute = Some(now.mono + MUTE),
            }
        });
        if dropped.is_none() {
            self.stats.dropped += 1;
        }
    }

    /// The answer, if it comes from where it was asked and is proven. So must a refusal be: one
    /// that anybody could have made would keep us from asking for ten minutes.
    fn hearing_answer(&self, from: SocketAddr, bytes: &[u8]) -> Option<(u64, Target, Body)> {
        let packet = Packet::read(bytes).ok()?;
        let target = self.hears.open.get(&packet.request())?.clone();
        let link = self.link(&target);
        let body = packet.body().ok()?;
        let takes = matches!(body, Body::Reported(_) | Body::Refusal(_));
        let genuine = link.addr == Some(from) && packet.verify(&link.key);
        (takes && genuine).then_some((packet.request(), target, body))
    }

    /// Whom another host hears.
    fn reported(&mut self, now: Now, host: &Name, said: Reported) {
        let mut hears = said.hears;
        hears.truncate(limits::HEARS_MAX);
        let made = |age| Mono(now.mono.0.saturating_sub(Span::from_millis(age).0));
        let report = said.age_ms.map(|age| (hears, made(age)));
        let ear = self.hears.hosts.entry(host.clone()).or_default();
        let was = std::mem::replace(&mut ear.report, report);
        let ear = &self.hears.hosts[host];
        let same = was.map(|(hears, _)| hears) == ear.report.as_ref().map(|(h, _)| h.clone());
        match same {
            true => self.touch_host(host),
            false => self.tell_host(host),
        }
        self.compare_hearing(now, host);
    }

    /// Holds what a host says it hears against what we hear of it.
    fn compare_hearing(&mut self, now: Now, host: &Name) {
        let is = self.one_sided(now, host);
        let ear = self.hears.hosts.entry(host.clone()).or_default();
        let was = std::mem::replace(&mut ear.one_sided, is);
        let text = match is {
            _ if is == was => return,
            Some(true) => format!("host {host} hears us, but we do not hear it"),
            Some(false) => format!("we hear host {host}, but it does not hear us"),
            None => format!("host {host} and this one are no longer heard one-sidedly"),
        };
        self.log(Level::Info, "host", text);
    }

    /// Whether just one of the two hears the other: then whether it is that one. Nothing
    /// when that is not so, or not known, or may be a matter of moments.
    fn one_sided(&self, now: Now, host: &Name) -> Option<bool> {
        let (hears, made) = self.hears.hosts.get(host)?.report.as_ref()?;
        let way = self.health.hosts.get(host)?;
        let ours = way.reachable?;
        let target = Target::Host(host.clone());
        let asks = self.classes.iter();
        let asks = asks.filter(|class| class.targets.contains_key(&target));
        let slowest = asks.map(|class| class.interval).max().unwrap_or_default();
        let settled = way.since + SETTLED.max(slowest.times(2));
        if now.mono - *made > STALE || *made < settled {
            return None;
        }
        let us = self.nonce?;
        let theirs = hears.iter().find(|hear| hear.nonce == us)?.reachable;
        (theirs != ours).then_some(theirs)
    }
}
