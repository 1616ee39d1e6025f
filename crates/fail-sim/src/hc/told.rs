//! What each line is told, by a mirror of its own for each. A line is told what it is about, in
//! order, and nothing else (**heard**); **its mirror** (missed): all of that. **Limits** are kept,
//! and what they leave out **counts**, also over a restart. A line that is in the new file as it
//! was **goes on**, wherever it stands; its mirror (**gone**): nobody waits for what another does.
//!
//! **Wish true**: a wish is as was said last. **Wish once**: one that was done is not done again
//! before something else is said. In the end each that is true is done (**wish**).

use std::collections::VecDeque;

use fail_core::limits::ACTS_WAITING_MAX;
use fail_core::watch::{Event, Line, Report};

use super::look::{Each, Look, Property};
use super::setup::{Kind, SEE, kind, says_both};
use super::world::Scene;

/// An action under way.
#[derive(Debug, Clone)]
pub(super) struct Doing {
    pub target: usize,
    /// Its words: its place may be another by now.
    pub what: String,
    pub word: Word,
    pub deadline: u64,
}

/// What a line is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    event: Event,
    good: bool,
    /// So many were left out before.
    left_out: u32,
}

impl Word {
    pub(super) fn of(report: &Report) -> Word {
        Word {
            event: report.event,
            good: report.good,
            left_out: report.left_out,
        }
    }
}

/// A line, as it must be.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub line: Line,
    waiting: VecDeque<Word>,
    /// What was let through, and what was seen of that.
    let_through: VecDeque<u64>,
    seen: VecDeque<u64>,
    left_out: u32,
    /// The wish that was done, and how often something was said before that.
    pub done: Option<(bool, u64)>,
    /// How often something was said before the one under way.
    begun: u64,
}

/// What has happened in this turn.
#[derive(Debug, Clone)]
pub(super) enum News {
    Said(Event, bool),
    Told(String, Word),
}

impl Told {
    fn new(line: &Line) -> Told {
        Told {
            line: line.clone(),
            waiting: VecDeque::new(),
            begun: 0,
            let_through: VecDeque::new(),
            seen: VecDeque::new(),
            left_out: 0,
            done: None,
        }
    }

    /// Whether its limits leave room for one more after these.
    fn may(&self, before: &VecDeque<u64>, at: u64) -> bool {
        let soon = |every| before.back().is_some_and(|last| at - last < every);
        let often = self.line.limit.is_some_and(|limit| {
            let within = before.iter().filter(|told| at - **told < limit.within.0);
            within.count() >= limit.count as usize
        });
        !often && !self.line.every.is_some_and(|every| soon(every.0))
    }

    /// This is said of its target.
    fn hear(&mut self, at: u64, event: Event, good: bool) {
        let on = |event| self.line.on.contains(&event);
        let change = matches!(event, Event::Down | Event::Up) && on(Event::Change);
        let event = match on(event) {
            true => event,
            false if change => Event::Change,
            false => return,
        };
        if !self.may(&self.let_through, at) {
            self.left_out += 1;
            return;
        }
        self.let_through.push_back(at);
        if self.waiting.len() >= ACTS_WAITING_MAX {
            self.waiting.pop_front();
            self.left_out += 1;
        }
        self.waiting.push_back(Word {
            event,
            good,
            left_out: 0,
        });
    }

    /// hc tells it this; gives what is wrong with that.
    fn told(&mut self, at: u64, word: Word) -> Option<(Property, String)> {
        let what = &self.line.what;
        let limited = kind(&self.line) == Kind::Quick && !self.may(&self.seen, at);
        self.seen.push_back(at);
        if limited {
            let text = format!("{what}: more than its limits allow: {:?}, {at}", self.seen);
            return Some((Property::Limits, text));
        }
        let Some(mut next) = self.waiting.pop_front() else {
            let text = format!("{what} is told {word:?}, and nothing was said");
            return Some((Property::Heard, text));
        };
        next.left_out += std::mem::take(&mut self.left_out);
        if (next.event, next.good) != (word.event, word.good) {
            let text = format!("{what} is told {word:?}, not {next:?}");
            return Some((Property::Heard, text));
        }
        let text = format!("{what}: {} left out, not {}", next.left_out, word.left_out);
        (next.left_out != word.left_out).then_some((Property::Counts, text))
    }

    /// hc is no more. What was under way is done again.
    fn killed(&mut self, under_way: Option<Word>) {
        if self.line.newest {
            self.done = self.done.filter(|_| under_way.is_none());
        } else if let Some(word) = under_way {
            self.waiting.push_front(word);
            if self.waiting.len() > ACTS_WAITING_MAX {
                self.waiting.pop_front();
                self.left_out += 1 + word.left_out;
            }
        }
        self.let_through.clear();
        self.seen.clear();
    }
}

impl Each {
    fn lines(&mut self, what: &str) -> Option<&mut Told> {
        self.lines.iter_mut().find(|told| told.line.what == what)
    }

    /// A wish is told this; gives what is wrong with that.
    fn wished(
        &mut self,
        scene: &Scene,
        n: usize,
        what: &str,
        word: Word,
    ) -> Option<(Property, String)> {
        let (said, epoch) = (self.said, self.epoch);
        let told = self.lines(what)?;
        told.begun = epoch;
        let (event, good) = (word.event, word.good);
        if !told.line.on.contains(&event) {
            let text = format!("{what} is told {word:?}");
            return Some((Property::Heard, text));
        }
        if scene.open && scene.setup.in_window(scene.other, n) {
            let text = format!("{what} is told {word:?} while people work on it");
            return Some((Property::Maintenance, text));
        }
        if event == Event::Flapping {
            return None;
        }
        // That it is up as the first that is known is said to wishes only.
        if good != said.unwrap_or(true) {
            let text = format!("{what} is told {word:?}, and said was {said:?}");
            return Some((Property::WishTrue, text));
        }
        let same = told
            .done
            .is_some_and(|(done, then)| done == good && (then == epoch || says_both(&told.line)));
        let text = format!("{what} is told {word:?}, and has done that");
        (same && event != Event::Renotify).then_some((Property::WishOnce, text))
    }
}

impl Look {
    /// A line begins something.
    pub(super) fn tell(&mut self, n: usize, line: &Line, report: &Report) {
        let news = match kind(line) {
            Kind::See => News::Said(report.event, report.good),
            _ => News::Told(line.what.clone(), Word::of(report)),
        };
        self.each[n].news.push_back(news);
    }

    /// What was said, and who was told, is compared.
    pub(super) fn look_told(&mut self, scene: &Scene) {
        if scene
            .watch
            .as_ref()
            .is_none_or(|watch| watch.targets().is_empty())
        {
            return;
        }
        for n in 0..self.each.len() {
            let seeing = |doing: &Doing| doing.target == n && doing.what == SEE;
            // More may be said when that has ended, in a moment.
            let each = &self.each[n];
            let news = each.renewed || !each.news.is_empty();
            if news && !self.acts.values().any(seeing) {
                self.each[n].renewed = false;
                self.compare(scene, n);
                self.look_missed(scene, n);
            }
        }
        let gone = self.acts.values().find(|doing| {
            let mut lines = self.each[doing.target].lines.iter();
            !lines.any(|told| told.line.what == doing.what)
        });
        if let Some(Doing { target, what, .. }) = gone {
            let text = format!("t-{target}: {what} is gone, and goes on");
            self.violated(Property::Gone, scene.at, text);
        }
    }

    fn compare(&mut self, scene: &Scene, n: usize) {
        let at = scene.at;
        let each = &mut self.each[n];
        let news = std::mem::take(&mut each.news);
        for news in &news {
            let News::Said(event, good) = *news else {
                continue;
            };
            if matches!(event, Event::Down | Event::Up) {
                (each.said, each.epoch) = (Some(good), each.epoch + 1);
            }
            let others = |told: &&mut Told| !told.line.newest && kind(&told.line) != Kind::See;
            let others = each.lines.iter_mut().filter(others);
            others.for_each(|told| told.hear(at, event, good));
        }
        let mut wrong = None;
        for news in news {
            let News::Told(what, word) = news else {
                continue;
            };
            let found = match each.lines(&what) {
                Some(told) if told.line.newest => each.wished(scene, n, &what, word),
                Some(told) => told.told(at, word),
                None => Some((Property::Heard, format!("{what} is in no file"))),
            };
            wrong = wrong.or(found);
        }
        if let Some((property, text)) = wrong {
            self.violated(property, at, format!("t-{n}: {text}"));
        }
    }

    /// What waits is done when nothing is under way.
    fn look_missed(&mut self, scene: &Scene, n: usize) {
        let open = |told: &Told| {
            let mut open = self.acts.values();
            open.any(|doing| doing.target == n && doing.what == told.line.what)
        };
        let missed = |told: &&Told| !told.waiting.is_empty() && !open(told);
        if let Some(told) = self.each[n].lines.iter().find(missed) {
            let (what, waiting) = (&told.line.what, &told.waiting);
            let text = format!("t-{n}: {what} is not told {waiting:?}");
            self.violated(Property::Missed, scene.at, text);
        }
    }

    /// An action has ended.
    pub fn acted(&mut self, number: u64, done: bool) {
        let Some(doing) = self.acts.remove(&number) else {
            return;
        };
        let Doing {
            target, what, word, ..
        } = doing;
        let told = self.each[target].lines(&what);
        if let Some(told) = told.filter(|told| told.line.newest) {
            told.done = done.then_some((word.good, told.begun));
        }
    }

    /// hc does not wait for it any more.
    pub fn forgotten(&mut self, scene: &Scene, number: u64) {
        if let Some(doing) = self.acts.get(&number) {
            let (n, what) = (doing.target, &doing.what);
            let mut lines = self.each[n].lines.iter();
            if scene.at < doing.deadline && lines.any(|told| told.line.what == *what) {
                let text = format!("t-{n}: {what} does not go on");
                self.violated(Property::GoesOn, scene.at, text);
            }
        }
        self.acted(number, false);
    }

    /// hc is no more.
    pub(super) fn killed_lines(&mut self, scene: &Scene) {
        for n in 0..self.each.len() {
            self.compare(scene, n);
        }
        let acts = std::mem::take(&mut self.acts);
        for (n, each) in self.each.iter_mut().enumerate() {
            for told in &mut each.lines {
                let mut acts = acts.values();
                let of = |doing: &&Doing| doing.target == n && doing.what == told.line.what;
                let under_way = acts.find(of).map(|doing| doing.word);
                each.repeats |= kind(&told.line) == Kind::See && under_way.is_some();
                told.killed(under_way);
            }
        }
    }

    /// Another file holds: a line that is in it as it was goes on.
    pub(super) fn reload_lines(&mut self, scene: &Scene, n: usize) {
        self.compare(scene, n);
        let target = scene.setup.target(scene.other, n);
        let each = &mut self.each[n];
        each.renewed = true;
        let lines = target
            .map(|target| target.lines.as_slice())
            .unwrap_or_default();
        let told = |line: &Line| each.lines(&line.what).cloned();
        each.lines = { lines.iter() }
            .map(told)
            .zip(lines)
            .map(|(told, line)| told.unwrap_or_else(|| Told::new(line)))
            .collect();
    }

    /// In the end, when nothing fails any more, each wish that is true is done.
    pub(super) fn look_wishes(&mut self, scene: &Scene) {
        for n in 0..self.each.len() {
            let state = self.expected(scene).get(n).copied().flatten();
            let good = match state {
                Some(fail_core::watch::State::Up) => true,
                Some(fail_core::watch::State::Down) => false,
                _ => continue,
            };
            let each = &self.each[n];
            let event = if good { Event::Up } else { Event::Down };
            for told in each.lines.iter().filter(|told| told.line.newest) {
                let done = match says_both(&told.line) {
                    true => told.done.map(|(done, _)| done) == Some(good),
                    false if told.line.on.contains(&event) => told.done == Some((good, each.epoch)),
                    false => continue,
                };
                if !done {
                    let what = &told.line.what;
                    let text = format!("t-{n}: {what}: done was {:?}, not {good}", told.done);
                    return self.violated(Property::Wish, scene.at, text);
                }
            }
        }
    }
}
