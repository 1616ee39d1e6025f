//! What is done about what is said: each line of a target has a queue of its own, so that an
//! action that hangs holds up no other line and no other target.
//!
//! A line does one thing at a time. What comes more often than `every` or `limit` allow is left
//! out and counted. A line of which only the newest counts has no limits, and says how it is:
//! what waits gives way to what is newer, and what has failed is tried again, so that in the
//! end it has done what is true, also over a restart.
//!
//! What nobody has got, because a mail server is down, say, is tried again a few times, before
//! what came after it, and then given up.

use std::collections::VecDeque;

use super::Watch;
use super::settings::Line;
use super::text::clean;
use super::timers::What;
use super::words::{Acted, Event, KeptLine, Out, Report, State};
use crate::limits;
use crate::time::{Mono, Now, Span, Wall};

/// An action that has not answered so long after its deadline is given up: who runs it ends it
/// at the deadline, which takes a moment.
pub const ACT_GRACE: Span = Span::from_secs(5);

/// Bytes of a line that its failure shows in the log.
const SHOWN_BYTES_MAX: usize = 120;

/// Of a line of which only the newest counts, what has failed is tried again after this, and
/// each time after twice as long, up to the other: a faild that is started anew is back in
/// seconds, and a line that can never work costs little.
const AGAIN_FIRST: Span = Span::from_secs(10);
const AGAIN_MAX: Span = Span::from_secs(600);

/// Of another line, what nobody has got is tried again so often, after the same times: the last
/// is five minutes after the first. By then there is other news.
const AGAIN_TIMES: u32 = 5;

/// An action under way.
#[derive(Debug, Clone)]
struct Running {
    number: u64,
    report: Report,
    begun: Mono,
    /// It got more time, because hc stood still.
    spared: bool,
}

/// A line of actions, and what it does.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    line: Line,
    running: Option<Running>,
    waiting: VecDeque<Report>,
    /// When it was told last, as often as its limits count.
    told: VecDeque<Mono>,
    left_out: u32,
    /// What it has done last, if only the newest counts: good or bad.
    done: Option<bool>,
    /// How often in a row that, or what is to be tried again, has failed.
    failures: u32,
    // For people.
    pub begun: Option<Wall>,
    pub failed: Option<String>,
    pub left_out_all: u64,
}

impl Deed {
    pub fn new(line: Line) -> Deed {
        Deed {
            line,
            running: None,
            waiting: VecDeque::new(),
            told: VecDeque::new(),
            left_out: 0,
            done: None,
            failures: 0,
            begun: None,
            failed: None,
            left_out_all: 0,
        }
    }

    pub fn line(&self) -> &Line {
        &self.line
    }

    pub fn runs(&self) -> bool {
        self.running.is_some()
    }

    pub fn kept(&self) -> KeptLine {
        // What is under way may not come to its end; wishes are compared with what is true.
        let running = self.running.iter().map(|running| &running.report);
        let waiting = running.chain(&self.waiting).filter(|_| !self.line.newest);
        KeptLine {
            what: self.line.what.clone(),
            done: self.done.filter(|_| !self.runs()),
            waiting: waiting.cloned().collect(),
            left_out: self.left_out,
        }
    }

    /// As it was; with what waited then, if it is still to be done.
    pub fn restore(&mut self, kept: &KeptLine, waits: bool) {
        self.done = kept.done;
        self.left_out = kept.left_out;
        if waits && !self.line.newest {
            kept.waiting
                .iter()
                .for_each(|report| self.wait(report.clone()));
        }
    }

    /// What was said last was done: good or bad.
    pub fn trust(&mut self, said: bool) {
        self.done = Some(said).filter(|_| self.line.newest);
    }

    /// What this is for it: its own event, or a change; nothing: it is not about it.
    fn event(&self, report: &Report) -> Option<Event> {
        let on = &self.line.on;
        // That it is found up as the first that is known is news only to those who say how
        // it is.
        if report.event == Event::Up && report.first && !self.line.newest {
            return None;
        }
        if on.contains(&report.event) {
            return Some(report.event);
        }
        let change = matches!(report.event, Event::Down | Event::Up);
        (change && on.contains(&Event::Change)).then_some(Event::Change)
    }

    /// Whether its limits leave room for one more now.
    fn may(&mut self, now: Mono) -> bool {
        if self.line.newest {
            return true;
        }
        let count = self.line.limit.map_or(1, |limit| limit.count);
        let count = count.clamp(1, limits::COUNTED_MAX) as usize;
        let soon = |every: Span| self.told.back().is_some_and(|at| now - *at < every);
        if self.line.every.is_some_and(soon) {
            return false;
        }
        if let Some(limit) = self.line.limit {
            let first = self.told.len().checked_sub(count);
            let first = first.and_then(|n| self.told.get(n));
            if first.is_some_and(|at| now - *at < limit.within) {
                return false;
            }
        }
        self.told.push_back(now);
        while self.told.len() > count {
            self.told.pop_front();
        }
        true
    }

    /// One more that waits for its turn.
    fn wait(&mut self, report: Report) {
        if self.line.newest {
            self.waiting.clear();
            self.failures = 0;
        } else if self.waiting.len() >= limits::ACTS_WAITING_MAX {
            let before = self.waiting.pop_front().map_or(0, |old| old.left_out);
            self.left_out = self.left_out.saturating_add(before);
            self.leave_out();
        }
        self.waiting.push_back(report);
    }

    /// People work on its target: what waits to be wished is compared with what is true when
    /// they are done.
    fn hold(&mut self) {
        if self.line.newest {
            self.waiting.clear();
            self.failures = 0;
        }
    }

    fn leave_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
        self.left_out_all = self.left_out_all.saturating_add(1);
    }

    /// What is next, if it is still worth doing.
    fn next(&mut self) -> Option<Report> {
        let report = self.waiting.pop_front()?;
        let truth = !matches!(report.event, Event::Renotify | Event::Flapping);
        if self.line.newest && truth && self.is_told_all() && self.done == Some(report.good) {
            return None;
        }
        Some(report)
    }

    /// Both that it is down and that it is up: so what it has done last is still so.
    fn is_told_all(&self) -> bool {
        let on = &self.line.on;
        on.contains(&Event::Change) || (on.contains(&Event::Down) && on.contains(&Event::Up))
    }

    /// What nobody has got is tried again, if it was not often enough.
    fn keep(&mut self, report: Report) -> bool {
        let room = self.waiting.len() < limits::ACTS_WAITING_MAX;
        let again = room && self.failures < AGAIN_TIMES;
        if again {
            self.waiting.push_front(report);
        }
        again
    }

    /// One more failure; so long is waited after it.
    fn pause(&mut self) -> Span {
        self.failures = self.failures.saturating_add(1);
        let doubled = 1 << (self.failures - 1).min(16);
        AGAIN_FIRST.times(doubled).min(AGAIN_MAX)
    }

    fn is_waiting_to_try(&self) -> bool {
        self.failures > 0 && !self.waiting.is_empty()
    }
}

impl Watch {
    /// Every line that is about it is told.
    pub(super) fn tell_lines(&mut self, now: Now, slot: usize, report: &Report) {
        for line in 0..self.entries[slot].deeds.len() {
            self.tell_line(now, slot, line, report);
        }
    }

    fn tell_line(&mut self, now: Now, slot: usize, line: usize, report: &Report) {
        let Some(deed) = self.entries[slot].deeds.get_mut(line) else {
            return;
        };
        let Some(event) = deed.event(report) else {
            // What was done, and what waits to be done or tried again, is no longer true.
            let truth = matches!(report.event, Event::Down | Event::Up);
            if deed.line.newest && truth {
                deed.waiting.clear();
                deed.done = None;
                if !deed.runs() {
                    self.timers.clear((slot, What::Act(line)));
                }
            }
            return;
        };
        if deed.may(now.mono) {
            deed.wait(Report {
                event,
                ..report.clone()
            });
            self.act(now, slot, line);
        } else {
            deed.leave_out();
        }
        self.keep = true;
        self.show(slot);
    }

    /// Does what is next, if nothing is under way.
    pub(super) fn act(&mut self, now: Now, slot: usize, line: usize) {
        let Some(deed) = self.entries[slot].deeds.get_mut(line) else {
            return;
        };
        if deed.runs() || deed.is_waiting_to_try() {
            return;
        }
        let Some(mut report) = deed.next() else {
            self.timers.clear((slot, What::Act(line)));
            return;
        };
        // One that was under way when hc ended has told some before.
        let left_out = std::mem::take(&mut deed.left_out);
        report.left_out = report.left_out.saturating_add(left_out);
        deed.begun = Some(now.wall);
        let deadline = now.mono + deed.line.timeout;
        self.numbers += 1;
        let number = self.numbers;
        deed.running = Some(Running {
            number,
            report: report.clone(),
            begun: now.mono,
            spared: false,
        });
        self.acting.insert(number, (slot, line));
        let given_up = (deadline + ACT_GRACE).max(Mono(now.mono.0.saturating_add(1)));
        self.timers.set((slot, What::Act(line)), given_up);
        self.out.push_back(Out::Act {
            number,
            line,
            report,
            deadline,
        });
        self.show(slot);
    }

    /// An action has ended.
    pub(super) fn acted(&mut self, now: Now, number: u64, acted: Acted) {
        let Some((slot, line)) = self.acting.remove(&number) else {
            return;
        };
        self.timers.clear((slot, What::Act(line)));
        self.keep = true;
        self.show(slot);
        let entry = &mut self.entries[slot];
        let name = entry.target.name.clone();
        let (worked_on, good) = (entry.worked_on, entry.said == State::Up);
        let Some(deed) = entry.deeds.get_mut(line) else {
            return;
        };
        let Some(Running { report, .. }) = deed.running.take() else {
            return;
        };
        if deed.line.newest {
            // What is said may be another by now, and nobody waits to wish it.
            self.tell.insert(slot);
        }
        let (mut again, mut news) = (None, None);
        let undelivered = matches!(acted, Acted::Undelivered(_));
        match acted {
            Acted::Done => {
                if deed.failures > 0 {
                    let word = report.event.word();
                    let text = format!("target {name}: action {} ({word}) is done now", line + 1);
                    news = Some(text);
                }
                deed.failed = None;
                deed.failures = 0;
                deed.done = Some(report.good).filter(|_| deed.line.newest);
            }
            Acted::Failed(mut why) | Acted::Undelivered(mut why) => {
                clean(&mut why, limits::FINDING_BYTES_MAX);
                let word = report.event.word();
                // A line that is tried again and again is told of once.
                let mut text = format!("target {name}: action {} ({word}) failed: {why}", line + 1);
                let mut is_news = deed.failures == 0 || deed.failed.as_ref() != Some(&why);
                deed.failed = Some(why);
                // What it has done is not known.
                deed.done = None;
                let true_yet = report.good == good || report.event == Event::Flapping;
                let again_then = deed.line.newest && true_yet && !worked_on;
                if again_then && deed.waiting.is_empty() {
                    deed.waiting.push_back(report);
                    again = Some(deed.pause());
                } else if undelivered && !deed.line.newest && deed.keep(report) {
                    again = Some(deed.pause());
                } else if !deed.line.newest && deed.failures > 0 {
                    text += "; it is given up";
                    is_news = true;
                    deed.failures = 0;
                }
                if let Some(wait) = again {
                    text += &format!("; it is tried again after {wait}");
                }
                news = Some(text).filter(|_| is_news);
            }
        }
        if let Some(mut text) = news {
            let mut shown = deed.line.shown.clone();
            clean(&mut shown, SHOWN_BYTES_MAX);
            if !shown.is_empty() {
                text += &format!(" ({shown})");
            }
            self.log(text);
        }
        match again {
            Some(wait) => self.timers.set((slot, What::Act(line)), now.mono + wait),
            None => self.act(now, slot, line),
        }
    }

    /// An action has not answered in time, or is to be tried again.
    pub(super) fn act_due(&mut self, now: Now, slot: usize, line: usize) {
        let stalled = self.stalled;
        let Some(deed) = self.entries[slot].deeds.get_mut(line) else {
            return;
        };
        match &mut deed.running {
            None => {
                // `failures` is what it waits for; it counts on if this fails too.
                let failures = std::mem::take(&mut deed.failures);
                self.act(now, slot, line);
                if let Some(deed) = self.entries[slot].deeds.get_mut(line) {
                    deed.failures = failures;
                }
            }
            Some(running) if running.begun < stalled && !running.spared => {
                running.spared = true;
                self.timers
                    .set((slot, What::Act(line)), now.mono + ACT_GRACE);
            }
            Some(running) => {
                let number = running.number;
                self.out.push_back(Out::Forget(number));
                let why = "it gave no answer by its deadline".to_string();
                self.acted(now, number, Acted::Failed(why));
            }
        }
    }

    /// Nobody waits any longer for what this line does.
    pub(super) fn forget(&mut self, slot: usize, line: usize, deed: &mut Deed) {
        self.timers.clear((slot, What::Act(line)));
        if let Some(running) = deed.running.take() {
            self.acting.remove(&running.number);
            self.out.push_back(Out::Forget(running.number));
        }
    }

    /// People work on it: no wish is tried again meanwhile.
    pub(super) fn hold_lines(&mut self, slot: usize) {
        for line in 0..self.entries[slot].deeds.len() {
            let deed = &mut self.entries[slot].deeds[line];
            deed.hold();
            if deed.line.newest && !deed.runs() {
                self.timers.clear((slot, What::Act(line)));
            }
        }
    }

    /// These are its lines now. One that was there as it is goes on, wherever it stands.
    pub(super) fn adapt_lines(&mut self, slot: usize, lines: &[Line]) {
        let old = std::mem::take(&mut self.entries[slot].deeds);
        let mut old: Vec<Option<Deed>> = old.into_iter().map(Some).collect();
        let (mut deeds, mut times) = (Vec::with_capacity(lines.len()), Vec::new());
        for (n, line) in lines.iter().enumerate() {
            let same = |deed: &Option<Deed>| deed.as_ref().is_some_and(|deed| deed.line == *line);
            let was = old.iter().position(same);
            let deed = was.and_then(|was| old[was].take());
            if let Some(running) = deed.as_ref().and_then(|deed| deed.running.as_ref()) {
                self.acting.insert(running.number, (slot, n));
            }
            let at = was.and_then(|was| self.timers.at((slot, What::Act(was))));
            times.extend(at.map(|at| (n, at)));
            deeds.push(deed.unwrap_or_else(|| Deed::new(line.clone())));
        }
        for (n, deed) in old.iter_mut().enumerate() {
            match deed {
                Some(deed) => self.forget(slot, n, deed),
                None => self.timers.clear((slot, What::Act(n))),
            }
        }
        for (n, at) in times {
            self.timers.set((slot, What::Act(n)), at);
        }
        self.entries[slot].deeds = deeds;
    }

    /// A line of which only the newest counts is told how it is, if it is new or has done
    /// something else last.
    pub(super) fn reconcile(&mut self, now: Now, slot: usize, line: usize) {
        let entry = &self.entries[slot];
        let good = entry.said == State::Up;
        let Some(deed) = entry.deeds.get(line) else {
            return;
        };
        let waits = deed.waiting.front().is_some_and(|next| next.good == good);
        let busy = deed.runs() || waits;
        if !deed.line.newest || entry.said == State::Pending || deed.done == Some(good) || busy {
            return;
        }
        let event = if good { Event::Up } else { Event::Down };
        let report = Report {
            good,
            to: entry.said,
            why: entry.said_why.clone(),
            ..self.report(now, slot, event)
        };
        self.tell_line(now, slot, line, &report);
    }
}
