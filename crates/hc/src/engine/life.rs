//! The life of hc: its signals, what the service manager hears of it, and its end.

use fail_core::time::{Mono, Span};
use fail_core::watch::{State, Watch};
use fail_rt::clock::{self, earliest};
use fail_rt::notify::{Notify, Watchdog};
use fail_rt::signals::Signal;

use super::Engine;

/// How long the end may take: a program has 2 s after TERM and 2 s after KILL, and then it is
/// left to itself.
const LEAVING_MAX: Span = Span::from_secs(5);

/// Between two looks at how it is, for the service manager.
const STATUS_EVERY: Span = Span::from_secs(1);

/// Speaks to the service manager.
pub struct Life {
    notify: Notify,
    watchdog: Option<Watchdog>,
    /// What it was told last, and when to look again.
    told: String,
    next: Mono,
}

impl Life {
    /// Nothing told yet but that it is ready.
    pub fn new(notify: Notify, now: Mono) -> Life {
        Life {
            watchdog: notify.pace().map(|pace| Watchdog::new(pace, now)),
            notify,
            told: String::new(),
            next: Mono(0),
        }
    }

    /// Reads the Hcfile again.
    pub fn reloading(&self) {
        self.notify.reloading();
    }

    /// Has read it.
    pub fn reloaded(&self) {
        self.notify.ready();
    }

    /// When to look again.
    pub fn deadline(&self) -> Option<Mono> {
        let alive = self.watchdog.as_ref().and_then(Watchdog::deadline);
        earliest([alive, self.notify.is_heard().then_some(self.next)])
    }

    /// A turn of the loop.
    pub fn turn(&mut self, now: Mono, watch: &Watch, broken: Option<&str>) {
        if self.notify.is_heard() && now >= self.next {
            self.next = now + STATUS_EVERY;
            let line = status(watch, broken);
            if line != self.told {
                self.notify.status(&line);
                self.told = line;
            }
        }
        if let Some(dog) = &mut self.watchdog {
            // That this is a turn is all that there is to show.
            dog.answered();
            if dog.is_due(now) {
                self.notify.alive();
                dog.answered();
            }
        }
    }
}

/// `12 targets: 10 up, 2 down`
fn status(watch: &Watch, broken: Option<&str>) -> String {
    let count = watch.targets().len();
    let plural = if count == 1 { "" } else { "s" };
    let states = [
        State::Up,
        State::Down,
        State::Dependency,
        State::Maintenance,
        State::Pending,
    ];
    let counts = states.map(|state| (watch.count(state), state.word()));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(n, word)| format!("{n} {word}")).collect();
    let colon = if counts.is_empty() { "" } else { ": " };
    let broken = broken.map_or(String::new(), |why| {
        format!("; the Hcfile is broken, the old one holds: {why}")
    });
    format!("{count} target{plural}{colon}{}{broken}", counts.join(", "))
}

impl Engine {
    pub(super) fn on_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Child => self.work.reap(clock::now().mono),
            Signal::Term | Signal::Int => self.leave(),
            Signal::Hup if self.leaving.is_none() => self.read_again(),
            Signal::Hup | Signal::Usr1 => {}
        }
    }

    /// Begins to end: programs are ended, what was said is kept.
    fn leave(&mut self) {
        if self.leaving.is_some() {
            return;
        }
        let now = clock::now().mono;
        self.leaving = Some(now + LEAVING_MAX);
        self.log.info("ends");
        self.life.notify.stopping();
        self.work.end_all(now);
        let watch = self.driver.machine();
        self.store.leave(now, || watch.kept());
    }

    pub(super) fn is_over(&self) -> bool {
        let Some(until) = self.leaving else {
            return false;
        };
        if self.work.is_over() && !self.store.is_busy() {
            return true;
        }
        let late = clock::now().mono >= until;
        if late && !self.work.is_over() {
            self.log
                .warn("ends, although programs of checks or actions are left");
        } else if late {
            self.log
                .warn("ends, although the disk has not taken the state file");
        }
        late
    }
}
