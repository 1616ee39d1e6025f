//! How well a failsh does its own work: how late it is for its deadlines, when it stood
//! still, and how the way to each host is.
//!
//! Everything is bounded: lateness in buckets over the last [`limits::LATENESS_MAX`]
//! deadlines, losses over the last hundred questions. Lateness is measured where the driver
//! wakes the machine, so it has in it whatever keeps the process from running.

use std::collections::{BTreeMap, VecDeque};

use fail_wire::Name;

use super::link::Link;
use super::views::micros;
use super::{Plan, Target};
use crate::event::EventKind;
use crate::late::{BUCKETS, bucket, percentile};
use crate::limits;
use crate::log::Level;
use crate::time::{Mono, Now, Span, Wall};

/// Lateness is looked at so often, and complained of no more often.
const MINUTE: Span = Span::from_secs(60);

/// What is measured.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    /// The last deadlines: the bucket of each, oldest first.
    late: VecDeque<u8>,
    /// The deadlines of this minute, by bucket, and when it began.
    minute: Vec<u32>,
    minute_began: Option<Mono>,
    /// The last deadline that was missed. The driver may come back to it before it is dealt
    /// with.
    missed: Option<Mono>,
    /// Time in which this failsh did not run is accounted for until then, whichever deadlines
    /// it has missed.
    counted: Mono,
    /// When each pause was over, and how long it was.
    pub pauses: VecDeque<(Wall, Span)>,
    pub hosts: BTreeMap<Name, Way>,
    pub local: Way,
}

/// The way to a faild, as it was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Whether it answers; nothing: not known yet.
    pub reachable: Option<bool>,
    pub since: Mono,
    /// When it was asked last, and when it answered.
    pub called: Option<Mono>,
    pub answered: Option<Mono>,
    /// The last questions, one bit each, the latest lowest: it was not answered in time.
    lost: u128,
    questions: u32,
    /// For the log: what was asked while it answered, since that was looked at, and how much
    /// of it was lost; and whether it was told that much was.
    lately: (u32, u32),
    lossy: bool,
}

impl Way {
    /// So many questions are remembered.
    const QUESTIONS_MAX: u32 = 100;

    /// Fewer say nothing of how much is lost.
    const QUESTIONS_MIN: u32 = 20;

    /// A question has come to its end. One that had to be repeated was lost, even if an
    /// answer to the first one came after all.
    fn score(&mut self, lost: bool) {
        self.lost = self.lost << 1 | u128::from(lost);
        self.questions = (self.questions + 1).min(Way::QUESTIONS_MAX);
        if self.reachable == Some(true) {
            self.lately.0 = self.lately.0.saturating_add(1);
            self.lately.1 = self.lately.1.saturating_add(u32::from(lost));
        }
    }

    /// Whether it is news that much is lost, or no longer; of how many questions how many,
    /// once there are enough of them to tell.
    fn turned_lossy(&mut self) -> Option<(u32, u32)> {
        let (asked, lost) = self.lately;
        if asked < Way::QUESTIONS_MIN {
            return None;
        }
        self.lately = (0, 0);
        // One in twenty is much; one in fifty is not.
        let lossy = lost * if self.lossy { 50 } else { 20 } >= asked;
        (std::mem::replace(&mut self.lossy, lossy) != lossy).then_some((asked, lost))
    }

    /// Of the last questions, how many of a thousand were lost.
    pub fn lost_permille(&self) -> u32 {
        let mask = (1u128 << Way::QUESTIONS_MAX) - 1;
        ((self.lost & mask).count_ones() * 1_000)
            .checked_div(self.questions)
            .unwrap_or(0)
    }
}

impl Health {
    /// A deadline has come, or was missed by so much.
    fn met(&mut self, late: Span) {
        let bucket = bucket(late);
        if self.late.len() >= limits::LATENESS_MAX {
            self.late.pop_front();
        }
        self.late.push_back(u8::try_from(bucket).unwrap_or(u8::MAX));
        self.minute.resize(BUCKETS, 0);
        self.minute[bucket] += 1;
    }

    /// Of the last deadlines, so many of a hundred were not missed by more than this.
    pub fn late(&self, percent: u64) -> Span {
        let mut counts = [0; BUCKETS];
        for bucket in &self.late {
            counts[usize::from(*bucket)] += 1;
        }
        percentile(&counts, percent)
    }

    /// This failsh stood still.
    pub fn paused(&mut self, wall: Wall, span: Span) {
        if self.pauses.len() >= limits::PAUSES_MAX {
            self.pauses.pop_front();
        }
        self.pauses.push_back((wall, span));
    }
}

impl Plan {
    /// A deadline has come, or was missed by so much; gives how much of that is news. One pause
    /// may have missed several, and is one pause.
    pub(super) fn measure(&mut self, now: Now, due: Mono, late: Span) -> Span {
        if self.health.missed.replace(due) != Some(due) {
            self.health.met(late);
            self.look_back(now);
        }
        let counted = std::mem::replace(&mut self.health.counted, now.mono);
        now.mono - due.max(counted)
    }

    /// Once a minute it is looked at how late this failsh was for most of its deadlines, and
    /// how the way to each host was.
    fn look_back(&mut self, now: Now) {
        let began = *self.health.minute_began.get_or_insert(now.mono);
        if now.mono - began < MINUTE {
            return;
        }
        let [p50, p99] = [50, 99].map(|percent| percentile(&self.health.minute, percent));
        self.health.minute.fill(0);
        self.health.minute_began = Some(now.mono);
        let [half, most] = [p50, p99].map(micros);
        let text = format!("late for its deadlines within a minute: p50 {half} us, p99 {most} us");
        self.log(Level::Debug, "plan", text);
        let intervals = self.classes.iter().map(|class| class.interval);
        let Some(interval) = intervals.min() else {
            return;
        };
        if p99 > interval.part(2) {
            let text = format!(
                "this failsh is late: within a minute, for one deadline in a hundred by about {} \
                 ms or more, and the shortest interval is {interval}",
                p99.as_millis()
            );
            self.log(Level::Warn, "plan", text);
        }
        self.look_at_hosts(p99 > interval.part(2));
    }

    /// A line for each host whose answers begin to be lost, or are no longer; and for whoever
    /// wants it, one for each host. A failsh that was itself `late` accuses nobody.
    fn look_at_hosts(&mut self, late: bool) {
        let mut lines = Vec::new();
        for (host, way) in &mut self.health.hosts {
            let trip = self.hosts.get(host).and_then(Link::trip);
            let trip = trip.map_or("unknown".to_string(), |trip| format!("{} us", micros(trip)));
            let report = self
                .hears
                .hosts
                .get(host)
                .and_then(|ear| ear.report.as_ref());
            let hears = report.into_iter().flat_map(|(hears, _)| hears);
            let hears = hears.map(|hear| match hear.reachable {
                true => format!(" {}", hear.name),
                false => format!(" not {}", hear.name),
            });
            let hears: Vec<String> = hears.collect();
            let lost = way.lost_permille();
            let text = format!(
                "host {host}: round trip {trip}, {}.{} % lost; it hears{}",
                lost / 10,
                lost % 10,
                match hears.is_empty() {
                    true => ": not said".to_string(),
                    false => hears.join(","),
                }
            );
            lines.push((Level::Debug, text));
            if late {
                way.lately = (0, 0);
                continue;
            }
            let Some((asked, lost)) = way.turned_lossy() else {
                continue;
            };
            let (level, begins) = match way.lossy {
                true => (Level::Warn, "the way to it is bad"),
                false => (Level::Info, "the way to it is good again"),
            };
            let text = format!(
                "host {host}: {begins}: of {asked} questions {lost} had to be asked again; \
                 round trip {trip}"
            );
            lines.push((level, text));
        }
        for (level, text) in lines {
            self.log(level, "host", text);
        }
    }

    fn way(&mut self, target: &Target) -> &mut Way {
        match target {
            Target::Local => &mut self.health.local,
            Target::Host(host) => self.health.hosts.entry(host.clone()).or_default(),
        }
    }

    /// Whether a faild has answered anything since then.
    pub(super) fn answered_since(&mut self, target: &Target, then: Mono) -> bool {
        self.way(target).answered.is_some_and(|at| at >= then)
    }

    /// A faild is asked.
    pub(super) fn called(&mut self, now: Now, target: &Target) {
        self.way(target).called = Some(now.mono);
    }

    /// A faild has answered, or refused to in a way that proves that it is there.
    pub(super) fn heard(&mut self, now: Now, target: &Target, repeated: bool) {
        let way = self.way(target);
        way.score(repeated);
        way.answered = Some(now.mono);
        let was = way.reachable;
        self.turned(now, target, true);
        let Target::Host(host) = target else { return };
        self.touch_host(host);
        // That it is there at all is no news.
        if was == Some(false) {
            let data = vec![("reason", "it answers again".to_string())];
            self.fire(now, EventKind::Reachable, host, data);
        }
    }

    /// A faild has not answered, with all repeats, or has refused to. A host counts as
    /// unreachable once for all classes of services: when the last of them has lost it.
    pub(super) fn unheard(&mut self, now: Now, target: &Target, hint: Option<&String>) {
        let asks = |class: &&super::Class| class.targets.contains_key(target);
        let mut classes = self.classes.iter().filter(asks);
        let lost = classes.all(|class| class.lost.contains(target));
        let way = self.way(target);
        way.score(true);
        if let Target::Host(host) = target {
            self.touch_host(host);
        }
        if !lost || !self.turned(now, target, false) {
            return;
        }
        if let Target::Host(host) = target {
            let reason = match hint {
                Some(hint) => format!("it does not answer; somebody there says: {hint}"),
                None => "it does not answer".to_string(),
            };
            let data = vec![("reason", reason)];
            self.fire(now, EventKind::Unreachable, host, data);
        }
    }

    /// Whether it is news that this faild answers, or does not.
    fn turned(&mut self, now: Now, target: &Target, reachable: bool) -> bool {
        let way = self.way(target);
        if way.reachable == Some(reachable) {
            return false;
        }
        way.reachable = Some(reachable);
        way.since = now.mono;
        self.hears.changed();
        match target {
            Target::Host(host) => self.tell_host(host),
            Target::Local => self.touch_all(),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_last_thousand() {
        let mut health = Health::default();
        assert_eq!(health.late(99), Span::ZERO);
        for _ in 0..limits::LATENESS_MAX {
            health.met(Span::from_secs(5));
        }
        for n in 0..limits::LATENESS_MAX as u64 {
            let slow = n % 50 == 0;
            health.met(Span::from_micros(if slow { 7 } else { 2 }));
        }
        assert_eq!(health.late(50), Span::from_micros(2));
        assert_eq!(health.late(99), Span::from_micros(7));
        assert_eq!(health.late.len(), limits::LATENESS_MAX);
    }

    #[test]
    fn losses_are_those_of_the_last_hundred_questions() {
        let mut way = Way::default();
        assert_eq!(way.lost_permille(), 0);
        way.score(true);
        assert_eq!(way.lost_permille(), 1_000);
        for n in 0..100 {
            way.score(n % 4 == 0);
        }
        assert_eq!(way.lost_permille(), 250);
        (0..100).for_each(|_| way.score(false));
        assert_eq!(way.lost_permille(), 0);
    }
}
