//! The course of a drill: away, back, and out of the middle of it to how things were.
//!
//! Whatever happens, the wish is taken back before this ends. What was measured is read from the
//! tracks afterwards; here only the next step is decided.

use std::fmt;
use std::time::{Duration, Instant};

use fail_client::Error;
use fail_wire::{Marks, Name, State};

use super::scene::Scene;
use super::told::Told;
use super::track::Moment;
use super::way::Way;
use super::wish::{Wish, is_theirs, stop_failed};
use crate::limits::LOOK;

/// Why a drill does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Somebody has ended it.
    Told,
    /// It takes too long.
    Late(Duration, String),
    /// Anything else, as a sentence.
    Because(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Told => f.write_str("it was interrupted"),
            End::Late(within, what) => write!(f, "{what} within {within:?}"),
            End::Because(sentence) => f.write_str(sentence),
        }
    }
}

/// One drill.
pub struct Course<'a> {
    pub scene: &'a mut Scene,
    pub wish: &'a mut Wish,
    pub service: &'a Name,
    pub told: &'a Told,
    /// Who serves, by his place.
    pub home: usize,
    /// How long one way may take.
    pub within: Duration,
    /// How long it is left there.
    pub stay: Duration,
    /// Only the way there.
    pub no_back: bool,
    /// Says how far it is.
    pub say: &'a dyn Fn(&str),
}

/// How far it came.
#[derive(Debug, Default)]
pub struct Done {
    /// The wish was made, as this version.
    away: Option<u64>,
    /// Who served then.
    pub taker: Option<usize>,
    /// The wish was taken back, as this version.
    back: Option<u64>,
    /// It is served at home again.
    home_again: bool,
    /// Why it did not come to its end.
    pub end: Option<End>,
    /// The wish could not be taken back.
    pub left: Option<Error>,
}

impl Course<'_> {
    /// Does it. An error: nothing was changed.
    pub fn run(&mut self) -> Result<Done, Error> {
        let mut done = Done::default();
        match self.wish.make() {
            Ok(record) => {
                done.away = Some(record.version);
                self.scene.see(self.home, record);
            }
            Err(error) if !self.wish.is_made() => return Err(error),
            Err(error) => done.end = Some(End::Because(error.to_string())),
        }
        if done.end.is_none() {
            done.end = self.both(&mut done).err();
        }
        if done.end.is_some() && self.wish.is_made() {
            (self.say)("the wish is taken back");
            self.take_back(&mut done);
        }
        if done.end.is_some() && done.left.is_none() {
            self.settle();
        }
        self.scene.hear_all();
        self.scene.remember(self.service);
        Ok(done)
    }

    fn both(&mut self, done: &mut Done) -> Result<(), End> {
        let home = self.name(self.home);
        (self.say)(&format!("{home} is to give it away"));
        let taker = self.there(done.away.unwrap_or(0))?;
        done.taker = Some(taker);
        if self.scene.record(self.home).is_some_and(stop_failed) {
            return Err(End::Because(format!(
                "the stop script of {home} failed, and it is left in FAIL: look what that has \
                 left behind, and then say failc {} RECOVER there",
                self.service
            )));
        }
        (self.say)(&format!("{} has it", self.name(taker)));
        self.stay(taker)?;
        self.take_back(done);
        if let Some(error) = &done.left {
            return Err(End::Because(error.to_string()));
        }
        if let Some(end) = done.end.take() {
            return Err(end);
        }
        if self.no_back {
            return Ok(());
        }
        (self.say)(&format!("{home} is to get it back"));
        self.back(done.back.unwrap_or(0))?;
        done.home_again = true;
        Ok(())
    }

    /// Waits until another host alone serves.
    fn there(&mut self, version: u64) -> Result<usize, End> {
        let home = self.home;
        let late = "no other host alone was UP".to_string();
        self.wait(self.within, late, |scene| {
            let record = scene.record(home).filter(|r| r.version >= version)?;
            if !record.marks.has(Marks::AWAY) {
                let taken = "somebody else took the wish back".to_string();
                return Some(Err(End::Because(taken)));
            }
            if record.state != State::Fail {
                return None;
            }
            if let [taker] = scene.up()[..] {
                return Some(Ok(taker));
            }
            let mut states = (0..scene.seats.len()).map(|host| scene.state(host));
            let is_hopeless = states.all(|state| state == Some(State::Fail));
            is_hopeless.then(|| Err(End::Because(reasons(scene, "no other host could start"))))
        })
    }

    /// Leaves it there for a while.
    fn stay(&mut self, taker: usize) -> Result<(), End> {
        let until = Instant::now() + self.stay;
        let moved = format!("it did not stay UP on {} alone", self.name(taker));
        self.wait(self.stay, String::new(), |scene| {
            if scene.up() != [taker] {
                return Some(Err(End::Because(reasons(scene, &moved))));
            }
            (Instant::now() >= until).then_some(Ok(()))
        })
    }

    /// Waits until home alone serves again.
    fn back(&mut self, version: u64) -> Result<(), End> {
        let home = self.home;
        let up = self.scene.up();
        let keeper = up
            .first()
            .map_or("another host".to_string(), |no| self.name(*no));
        let service = self.service;
        let late = format!(
            "{} did not get it back from {keeper} (failback no, or a higher rank? then failc away \
             {service} and failc back {service} on {keeper} bring it back)",
            self.name(home)
        );
        self.wait(self.within, late, |scene| {
            let record = scene.record(home).filter(|r| r.version >= version)?;
            if scene.up() == [home] {
                return Some(Ok(()));
            }
            let is_hopeless = record.state == State::Fail;
            is_hopeless.then(|| {
                Err(End::Because(reasons(
                    scene,
                    "it could not be started again",
                )))
            })
        })
    }

    fn take_back(&mut self, done: &mut Done) {
        let (until, before) = (Instant::now() + self.within, self.told.count());
        let is_enough = || self.told.count() > before;
        match self.wish.take_back(until, is_enough) {
            Ok(record) if is_theirs(&record) => {
                done.left = None;
                done.end = Some(End::Because(format!(
                    "somebody else wishes it away from {} as well ({}), and that is left",
                    self.name(self.home),
                    record.reason
                )));
            }
            Ok(record) => {
                (done.back, done.left) = (Some(record.version), None);
                self.scene.see(self.home, record);
            }
            // It is in force.
            Err(_) if !self.wish.is_made() => done.left = None,
            Err(error) => done.left = Some(error),
        }
    }

    /// Waits until home serves again as it did, which may never be.
    fn settle(&mut self) {
        let (until, before) = (Instant::now() + self.within, self.told.count());
        let is_settled = |scene: &Scene, home| {
            let may_come = scene.state(home).is_some_and(|state| state != State::Fail);
            let up = scene.up();
            let is_elsewhere = !up.is_empty() && !may_come;
            (up == [home] || is_elsewhere) && !scene.is_starting()
        };
        while !is_settled(self.scene, self.home)
            && Instant::now() < until
            && self.told.count() == before
        {
            self.scene.hear(until.min(Instant::now() + LOOK));
        }
    }

    fn wait<T>(
        &mut self,
        within: Duration,
        late: String,
        look: impl Fn(&Scene) -> Option<Result<T, End>>,
    ) -> Result<T, End> {
        let until = Instant::now() + within;
        loop {
            if self.told.count() > 0 {
                return Err(End::Told);
            }
            if let Some(lost) = self.scene.lost() {
                return Err(End::Because(lost));
            }
            if let Some(found) = look(self.scene) {
                return found;
            }
            if Instant::now() > until {
                return Err(End::Late(within, late));
            }
            self.scene.hear(until.min(Instant::now() + LOOK));
        }
    }

    fn name(&self, host: usize) -> String {
        self.scene.seats[host].name.clone()
    }
}

impl Done {
    /// What was measured of both ways, as far as they were done.
    pub fn ways(&self, scene: &Scene, home: usize) -> [Option<Way>; 2] {
        let (tracks, finest) = (scene.tracks(), scene.finest());
        let begun = |version: Option<u64>| -> Option<Moment> { tracks[home].at(version?) };
        let way = |version, from, to| Way::measure(&tracks, begun(version)?, from, to, finest);
        let Some(taker) = self.taker else {
            return [None, None];
        };
        let back = self.home_again.then_some(self.back).flatten();
        [way(self.away, home, taker), way(back, taker, home)]
    }
}

/// A sentence with what each host says.
fn reasons(scene: &Scene, what: &str) -> String {
    let hosts = (0..scene.seats.len()).filter_map(|host| {
        let record = scene.record(host)?;
        let name = &scene.seats[host].name;
        Some(format!("{name} is {} ({})", record.state, record.reason))
    });
    format!("{what}: {}", hosts.collect::<Vec<_>>().join(", "))
}
