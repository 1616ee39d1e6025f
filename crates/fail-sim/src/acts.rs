//! What happens to a cluster, by weight, and how it is undone.

use fail_wire::{Marks, State};

use crate::client::Verb;
use crate::setup::{MS, SECOND, Theme};
use crate::world::{Event, World};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Two hosts do not hear each other.
    Cut,
    /// One host is not heard by another.
    CutOneWay,
    /// One host hears nobody and is heard by nobody.
    Isolate,
    /// A faild dies and is started again.
    KillNode,
    /// A failsh dies, and its scripts with it, and is started again.
    KillPlan,
    /// A host loses its power and boots.
    KillHost,
    /// A faild is stopped and goes on.
    StopNode,
    /// A failsh is stopped and goes on.
    StopPlan,
    /// The wall clock is set.
    StepWall,
    /// Somebody types failc.
    Type(Verb),
    /// Somebody brings a service that is FAIL back into the game.
    Repair,
    /// What is served dies by itself.
    Crash,
    /// A service runs where nobody has ordered it.
    Appear,
    /// failsh reads its policy, in which nothing has changed.
    Reload,
    /// The policy is changed, and failsh reads it.
    Edit,
    /// failsh is told to end and to take its services with it.
    ReleaseAll,
}

/// The undoing of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Datagrams pass this way again.
    Mend(usize, usize),
    /// The faild is started.
    StartNode(usize),
    /// The failsh is started.
    StartPlan(usize),
    /// The host boots.
    Boot(usize),
    /// The faild goes on.
    ContinueNode(usize),
    /// The failsh goes on.
    ContinuePlan(usize),
}

/// Weight, in which themes besides `All`, what.
const ACTS: [(u64, Theme, Act); 22] = [
    (8, Theme::Network, Act::Cut),
    (6, Theme::Network, Act::CutOneWay),
    (6, Theme::Network, Act::Isolate),
    (6, Theme::Processes, Act::KillNode),
    (8, Theme::Processes, Act::KillPlan),
    (8, Theme::Processes, Act::KillHost),
    (4, Theme::Processes, Act::StopNode),
    (6, Theme::Processes, Act::StopPlan),
    (1, Theme::Processes, Act::StepWall),
    (6, Theme::Wishes, Act::Type(Verb::Away)),
    (9, Theme::Wishes, Act::Type(Verb::Back)),
    (2, Theme::Wishes, Act::Type(Verb::Hold)),
    (6, Theme::Wishes, Act::Type(Verb::Release)),
    (2, Theme::People, Act::Type(Verb::Set(State::Fail))),
    (2, Theme::People, Act::Type(Verb::Set(State::Recover))),
    (1, Theme::People, Act::Type(Verb::Set(State::Up))),
    (6, Theme::People, Act::Repair),
    (8, Theme::Services, Act::Crash),
    (2, Theme::Services, Act::Appear),
    (3, Theme::Admins, Act::Reload),
    (6, Theme::Admins, Act::Edit),
    (5, Theme::Admins, Act::ReleaseAll),
];

/// Whether an act belongs to a theme: people with facts also have wishes.
fn belongs(of: Theme, theme: Theme) -> bool {
    theme == Theme::All || of == theme || of == Theme::Wishes && theme == Theme::People
}

impl World {
    /// Something happens, and the next thing is planned.
    pub fn act(&mut self) {
        let theme = self.setup.theme;
        let table = ACTS.iter().filter(|(_, of, _)| belongs(*of, theme));
        let mut table: Vec<(u64, Act)> = table.map(|(weight, _, act)| (*weight, *act)).collect();
        if self.setup.wild || theme == Theme::Services {
            // Where scripts fail, somebody has to repair them, whatever the theme.
            table.push((8, Act::Repair));
        }
        let act = self.rng.weighted(&table);
        self.perform(act);
        let pause = self.rng.between(20 * MS, self.setup.pause_max);
        if self.at + pause < self.storm_until {
            self.later(pause, Event::Act);
        }
    }

    fn perform(&mut self, act: Act) {
        let host = self.rng.between(0, self.setup.hosts as u64 - 1) as usize;
        let step = self.rng.between(1, self.setup.hosts as u64 - 1) as usize;
        let other = (host + step) % self.setup.hosts;
        let long = match self.rng.per_mille(700) {
            true => self.rng.between(10 * MS, 3 * SECOND),
            false => self.rng.between(SECOND, 10 * SECOND),
        };
        self.say(host, &format!("{act:?} for {} ms", long / MS));
        match act {
            Act::Cut => self.cut(&[(host, other), (other, host)], long),
            Act::CutOneWay => self.cut(&[(host, other)], long),
            Act::Isolate => {
                let others = (0..self.setup.hosts).filter(|other| *other != host);
                let ways: Vec<_> = others.flat_map(|o| [(host, o), (o, host)]).collect();
                self.cut(&ways, long);
            }
            Act::KillNode => {
                self.kill_node(host);
                self.later(long, Event::Undo(Undo::StartNode(host)));
            }
            Act::KillPlan => {
                self.kill_plan(host);
                self.later(long, Event::Undo(Undo::StartPlan(host)));
            }
            Act::KillHost => {
                self.kill_host(host);
                self.later(long, Event::Undo(Undo::Boot(host)));
            }
            Act::StopNode => {
                self.hosts[host].node.stopped = self.hosts[host].node.machine.is_some();
                self.later(long, Event::Undo(Undo::ContinueNode(host)));
            }
            Act::StopPlan => {
                self.hosts[host].plan.stopped = self.hosts[host].plan.machine.is_some();
                self.later(long, Event::Undo(Undo::ContinuePlan(host)));
            }
            Act::StepWall => {
                self.hosts[host].wall_off += self.rng.between(0, 7_200_000) as i64 - 3_600_000;
            }
            Act::Type(verb) => self.type_failc(host, verb),
            Act::Repair => self.repair(),
            Act::Crash => self.crash(),
            Act::Appear => self.appear(host),
            Act::Reload => {
                let told = self.hosts[host].told.clone();
                self.reload(host, told);
            }
            Act::Edit => self.edit(host),
            Act::ReleaseAll => self.release(host),
        }
    }

    fn repair(&mut self) {
        let name = self.any_service();
        let failed = |host: &usize| {
            let record = self.hosts[*host].record(self.at, &name);
            record.is_some_and(|record| record.state == State::Fail)
        };
        if let Some(host) = (0..self.setup.hosts).find(failed) {
            self.type_failc_for(host, &name, Verb::Set(State::Recover));
        }
    }

    fn cut(&mut self, ways: &[(usize, usize)], long: u64) {
        for (from, to) in ways {
            self.cuts.cut(*from, *to);
            self.later(long, Event::Undo(Undo::Mend(*from, *to)));
        }
    }

    /// Undoes something, if it is still so.
    pub fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Mend(from, to) => self.cuts.mend(from, to),
            Undo::StartNode(host) => self.start_node(host),
            Undo::StartPlan(host) => self.start_plan(host),
            Undo::Boot(host) => self.boot(host),
            Undo::ContinueNode(host) => self.continue_node(host),
            Undo::ContinuePlan(host) => self.continue_plan(host),
        }
        let (Undo::StartNode(host)
        | Undo::StartPlan(host)
        | Undo::Boot(host)
        | Undo::ContinueNode(host)
        | Undo::ContinuePlan(host)
        | Undo::Mend(host, _)) = undo;
        self.say(host, &format!("{undo:?}"));
    }

    /// The storm is over: everything runs, everybody hears everybody, scripts do what they
    /// should. A failsh with a script that never ends is started anew, as a person would.
    pub fn heal(&mut self) {
        self.cuts.clear();
        self.setup.wild = false;
        self.setup.net.loss = 0;
        self.setup.net.spike = 0;
        for host in 0..self.setup.hosts {
            self.boot(host);
            self.start_node(host);
            self.continue_node(host);
            if self.has_bad_script(host) {
                self.kill_plan(host);
            }
            self.start_plan(host);
            self.continue_plan(host);
            let mut told = self.hosts[host].told.clone();
            told.gone.clear();
            self.reload(host, told);
        }
    }

    /// Nobody wishes anything any more.
    pub fn clear_wishes(&mut self) {
        for host in 0..self.setup.hosts {
            for name in self.names() {
                let record = self.hosts[host].record(self.at, &name);
                let marks = record.map_or(Marks(0), |record| record.marks);
                for (mark, verb) in [(Marks::HELD, Verb::Release), (Marks::AWAY, Verb::Back)] {
                    if marks.has(mark) {
                        self.type_failc_for(host, &name, verb);
                    }
                }
            }
        }
    }

    fn type_failc(&mut self, host: usize, verb: Verb) {
        let name = self.any_service();
        self.type_failc_for(host, &name, verb);
    }
}
