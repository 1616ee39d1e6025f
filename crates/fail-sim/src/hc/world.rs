//! The world turns: the next thing happens, hc is told of it or woken up, what it wants is
//! done, and the properties are looked at.

use std::collections::BTreeMap;

use fail_core::machine::Machine;
use fail_core::time::{Mono, Now, Wall};
use fail_core::watch::{Acted, Finding, In, Kept, Watch};

use super::look::Look;
use super::setup::{Act, Own, Setup, WINDOW, name};
use super::truth::Truth;
use super::{Broken, Options, bounds};
use crate::rng::Rng;
use crate::setup::SECOND;
use crate::trace::Trace;

/// What is to be seen of the world.
#[derive(Debug)]
pub struct Scene {
    /// Now, in nanoseconds.
    pub at: u64,
    /// What it is made of.
    pub setup: Setup,
    /// How it really is.
    pub truth: Truth,
    /// hc, while it runs.
    pub watch: Option<Watch>,
    /// Which file holds.
    pub other: bool,
    /// The window is open, as far as hc is told.
    pub open: bool,
    /// What happened to hc itself last: it began, stood still, read a file.
    pub disturbed: u64,
    /// When hc was told last that what runs the checks stands still, or did.
    pub halted: u64,
}

/// What comes.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Happens(Act),
    /// A check ends. It was good when it began.
    Answer {
        generation: u64,
        number: u64,
        target: usize,
        was_up: bool,
    },
    /// A finding that waited until hc goes on.
    Late {
        generation: u64,
        number: u64,
        target: usize,
        finding: Finding,
    },
    Acted {
        generation: u64,
        number: u64,
        acted: Acted,
    },
    Boot,
    /// What runs the checks stands still once more.
    Gasp,
    /// A broken world: hc is asked again and again.
    Nag(usize),
}

/// A world.
pub struct World {
    /// What is to be seen of it.
    pub scene: Scene,
    /// Who watches.
    pub look: Look,
    /// What happened.
    pub trace: Trace,
    /// How often what was seen.
    pub tally: BTreeMap<&'static str, u64>,
    /// Now; the same as in the scene.
    pub at: u64,
    pub(super) broken: Broken,
    pub(super) generation: u64,
    pub(super) checks: Vec<Rng>,
    pub(super) acts: Vec<Rng>,
    pub(super) kept: Vec<Kept>,
    pub(super) reloads: u64,
    /// Who was found bad once.
    pub(super) spoilt: Vec<bool>,
    pub(super) late: Rng,
    /// What runs the checks stands still: since when, until when.
    pub(super) halted: Option<(u64, u64)>,
    queue: BTreeMap<(u64, u64), Event>,
    count: u64,
    /// hc stands still: since when, until when.
    stalled: Option<(u64, u64)>,
    /// The deadline of hc, and when it is woken up for it.
    wake: Option<(Mono, u64)>,
}

/// hc that stands still for less than this may not see it, and its checks are as they are.
const STALL_SEEN: u64 = 2_100_000_000;

impl World {
    /// The world of this seed.
    pub fn new(options: Options, setup: Setup) -> World {
        let mut seeds = Rng::new(options.seed ^ 0xc0ffee);
        let count = setup.targets.len();
        let mut dice = |_| Rng::new(seeds.roll());
        let checks = (0..count).map(&mut dice).collect();
        let acts = (0..count).map(&mut dice).collect();
        let late = dice(0);
        let mut world = World {
            look: Look::new(&setup),
            scene: Scene {
                at: 0,
                truth: Truth::new(&setup),
                watch: None,
                other: false,
                open: false,
                disturbed: 0,
                halted: 0,
                setup,
            },
            trace: Trace::new(options.all_lines),
            tally: BTreeMap::new(),
            at: 0,
            broken: options.broken,
            generation: 0,
            checks,
            acts,
            kept: Vec::new(),
            reloads: 0,
            spoilt: vec![false; count],
            late,
            halted: None,
            queue: BTreeMap::new(),
            count: 0,
            stalled: None,
            wake: None,
        };
        for (at, act) in world.scene.setup.acts.clone() {
            world.later(at, Event::Happens(act));
        }
        world.later(0, Event::Boot);
        if world.scene.setup.gasps {
            world.later(SECOND, Event::Gasp);
        }
        if options.broken == Broken::Restless {
            world.later(SECOND, Event::Nag(0));
        }
        if options.broken == Broken::Address {
            // Never given back, so that no other world has the same place.
            let place: &u8 = Box::leak(Box::new(0));
            world.say("memory", &format!("{place:p}"));
        }
        world
    }

    pub(super) fn later(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.queue.insert((at.max(self.at), self.count), event);
    }

    pub(super) fn say(&mut self, who: &str, what: &str) {
        self.trace.line(self.at, who, what);
    }

    pub(super) fn seen(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(super) fn now(&self) -> Now {
        // Neither clock begins with the world.
        Now {
            mono: Mono(1_000 * SECOND + self.at),
            wall: Wall(1_800_000_000_000 + (self.at / 1_000_000) as i64),
        }
    }

    /// Until everything must be known, or a property does not hold.
    pub fn live(&mut self) {
        let setup = &self.scene.setup;
        let all = (0..setup.targets.len()).flat_map(|n| [(false, n), (true, n)]);
        let known = all.map(|(other, n)| bounds::known(setup, other, n)).max();
        // A wish that fails may be tried again only after so long.
        let end = setup.storm + known.unwrap_or(0) + 1_300 * SECOND;
        while self.look.violation.is_none() {
            let event = self.queue.first_key_value().map(|((at, _), _)| *at);
            let wake = self.wake();
            let next = event.into_iter().chain(wake).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.at = next.max(self.at);
            self.scene.at = self.at;
            if event.is_some_and(|at| at <= next) {
                let event = self.queue.pop_first();
                event.into_iter().for_each(|(_, event)| self.happens(event));
            } else {
                self.turn(None);
            }
        }
        (self.at, self.scene.at) = (end, end);
        self.look.end(&self.scene);
    }

    /// When hc is woken up for its deadline: a little late.
    fn wake(&mut self) -> Option<u64> {
        let deadline = self.scene.watch.as_ref()?.deadline()?;
        if self.wake.is_none_or(|(for_, _)| for_ != deadline) {
            let mut late = self.late.between(0, 2_000_000);
            if self.broken == Broken::Sleepy && self.late.per_mille(5) {
                late = 200 * SECOND;
            }
            let at = deadline.0.saturating_sub(1_000 * SECOND) + late;
            self.wake = Some((deadline, at));
        }
        let (_, at) = self.wake?;
        Some(self.stalled.map_or(at, |(_, until)| at.max(until)))
    }

    /// hc is told of this, or that its time has come.
    pub(super) fn turn(&mut self, input: Option<In>) {
        let now = self.now();
        self.tell_halt();
        let Some(watch) = &mut self.scene.watch else {
            return;
        };
        self.stalled = None;
        match input {
            Some(input) => watch.handle(now, input),
            None => {
                watch.expire(now);
                let ahead = watch.deadline().is_none_or(|at| at > now.mono);
                assert!(ahead, "the deadline lies ahead");
            }
        }
        self.seen("turns");
        self.drain();
        self.look.turn(&self.scene);
    }

    fn happens(&mut self, event: Event) {
        if let Some((_, until)) = self.stalled.filter(|(_, until)| *until > self.at) {
            return self.while_stalled(event, until);
        }
        match event {
            Event::Happens(act) => self.act(act),
            Event::Boot => self.boot(),
            Event::Gasp => {
                self.seen("gasps");
                let until = self.at + self.late.between(600, 1_900) * 1_000_000;
                self.halted = Some((self.at, until));
                let next = until + self.late.between(500, 3_000) * 1_000_000;
                self.later(next, Event::Gasp);
            }
            Event::Nag(n) => {
                self.turn(Some(In::Ask(name(n))));
                let next = (n + 1) % self.spoilt.len();
                self.later(self.at + SECOND / 20, Event::Nag(next));
            }
            Event::Answer {
                generation,
                number,
                target,
                was_up,
            } => {
                if generation == self.generation
                    && self.halted.is_some_and(|(_, until)| until > self.at)
                {
                    return self.while_halted(number, target, was_up);
                }
                let finding = self.finding(target, was_up);
                self.found(generation, number, target, finding);
            }
            Event::Late {
                generation,
                number,
                target,
                finding,
            } => self.found(generation, number, target, finding),
            Event::Acted {
                generation,
                number,
                acted,
            } => self.acted(generation, number, acted),
        }
    }

    /// What hc would hear of comes when it goes on; a check that ended meanwhile may have
    /// missed its answer.
    fn while_stalled(&mut self, event: Event, until: u64) {
        let since = self.stalled.map_or(0, |(since, _)| since);
        match event {
            Event::Happens(act @ (Act::Own(..) | Act::Restart(_))) => self.act(act),
            Event::Answer {
                generation,
                number,
                target,
                was_up,
            } => {
                let mut finding = self.finding(target, was_up);
                if until - since >= STALL_SEEN && self.late.per_mille(500) {
                    finding = super::driver::bad("no answer in time");
                    self.seen("answers missed");
                }
                let event = Event::Late {
                    generation,
                    number,
                    target,
                    finding,
                };
                self.later(until, event);
            }
            event => self.later(until, event),
        }
    }

    fn act(&mut self, act: Act) {
        self.say("world", &format!("{act:?}"));
        match act {
            Act::Own(n, own) => self.own(n, own),
            Act::Stall(span) if self.scene.watch.is_some() => {
                self.seen("stalls");
                let until = self.at + span;
                self.stalled = Some((self.at, until));
                self.look.extra_all(2);
                self.scene.disturbed = until;
            }
            Act::Stall(_) => {}
            Act::Halt(span) if self.scene.watch.is_some() && !self.scene.setup.gasps => {
                self.seen("halts");
                let until = self.at + span;
                self.halted = Some((self.at, until));
                self.look.extra_all(2);
                self.scene.disturbed = until;
            }
            Act::Halt(_) => {}
            Act::Reload(other) => {
                self.seen("reloads");
                if self.scene.watch.is_none() {
                    self.seen("edits while hc is away");
                }
                self.scene.other = other;
                self.reloads += 1;
                if self.scene.watch.is_some() {
                    self.look.reload(&self.scene);
                    self.scene.disturbed = self.at;
                    self.turn(Some(In::Targets(self.targets())));
                }
            }
            Act::Restart(span) if self.scene.watch.is_some() => {
                self.seen("restarts");
                (self.stalled, self.halted) = (None, None);
                self.scene.watch = None;
                self.generation += 1;
                self.look.killed(&self.scene);
                self.later(self.at + span, Event::Boot);
            }
            Act::Restart(_) => {}
            Act::Window(open) => {
                if self.scene.open != open {
                    self.scene.open = open;
                    self.look.window(&self.scene);
                }
                self.tell_window(open);
            }
            Act::Ask(n) => {
                self.look.extra_all(1);
                self.turn(Some(In::Ask(name(n))));
            }
        }
    }

    fn own(&mut self, n: usize, own: Own) {
        let Scene {
            truth, setup, at, ..
        } = &mut self.scene;
        let changed = truth.set(setup, *at, n, own);
        self.seen("failures and repairs");
        self.look.changed(&self.scene, &changed);
    }

    pub(super) fn tell_window(&mut self, open: bool) {
        if self.broken != Broken::NoWindows {
            let window = WINDOW.to_string();
            self.turn(Some(In::Window { window, open }));
        }
    }

    fn boot(&mut self) {
        let mut watch = Watch::new();
        if self.broken != Broken::Forgetful {
            let mut kept = self.kept.clone();
            if self.broken == Broken::LosesWishes {
                let lines = kept.iter_mut().flat_map(|kept| &mut kept.lines);
                lines.for_each(|line| line.done = None);
            }
            watch.handle(self.now(), In::Restore(kept));
        }
        self.scene.watch = Some(watch);
        self.scene.disturbed = self.at;
        self.wake = None;
        self.look.boot(&self.scene);
        if self.scene.open {
            self.tell_window(true);
        }
        self.turn(Some(In::Targets(self.targets())));
    }
}
