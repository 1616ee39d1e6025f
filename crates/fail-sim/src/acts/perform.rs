//! Acts are done and undone.

use fail_wire::{Marks, Name, State};

use super::{Act, Daemon, Happening, Undo};
use crate::client::Verb;
use crate::net::Slowed;
use crate::world::{Event, World};

impl World {
    /// Something happens.
    pub fn act(&mut self, happening: &Happening) {
        let act = happening.act.clone();
        *self.tally.entry(act.kind()).or_default() += 1;
        self.trace.line(self.at, "world", &act.to_string());
        let hosts = self.setup.hosts;
        match act {
            Act::Cut(a, b, long) => self.cut(&[(a, b), (b, a)], long),
            Act::CutOneWay(a, b, long) => self.cut(&[(a, b)], long),
            Act::Isolate(host, long) => {
                let others = (0..hosts).filter(|other| *other != host);
                let ways: Vec<_> = others.flat_map(|o| [(host, o), (o, host)]).collect();
                self.cut(&ways, long);
            }
            Act::Slow {
                from,
                to,
                by,
                lose,
                long,
            } => {
                self.cuts.slow(from, to, Slowed { by, lose });
                self.later(long, Event::Undo(Undo::Hasten(from, to)));
            }
            Act::KillHost(host, long) if host < hosts => {
                self.kill_host(host);
                self.later(long, Event::Undo(Undo::Boot(host)));
            }
            Act::Repair(service) => self.repair(&service),
            act => self.act_within(act),
        }
    }

    /// What happens on a host. While it stands still nothing does.
    fn act_within(&mut self, act: Act) {
        let hosts = self.setup.hosts;
        let moves = |host: usize| host < hosts && self.hosts[host].frozen.is_none();
        match act {
            Act::Kill(daemon, host, long) if moves(host) => {
                match daemon {
                    Daemon::Faild => self.kill_node(host),
                    Daemon::Failsh => self.kill_plan(host),
                }
                self.later(long, Event::Undo(Undo::Start(daemon, host)));
            }
            Act::LoseState(host, long) if moves(host) => {
                self.kill_node(host);
                self.hosts[host].disk = fail_core::node::Image::default();
                self.watch.state_lost(self.at, host);
                self.later(long, Event::Undo(Undo::Start(Daemon::Faild, host)));
            }
            Act::Stop(daemon, host, long) if moves(host) => {
                let h = &mut self.hosts[host];
                match daemon {
                    Daemon::Faild => h.node.stopped = h.node.machine.is_some(),
                    Daemon::Failsh => h.plan.stopped = h.plan.machine.is_some(),
                }
                self.later(long, Event::Undo(Undo::Continue(daemon, host)));
            }
            Act::Freeze { host, clocks, long } if moves(host) => {
                self.freeze(host, clocks);
                self.later(long, Event::Undo(Undo::Thaw(host)));
            }
            Act::StepWall(host, by) if moves(host) => {
                self.hosts[host].clock.wall_off += by;
                self.watch.clock_set(host);
            }
            Act::Update(daemon, host, to, long) if moves(host) => {
                self.update(daemon, host, to);
                self.later(long, Event::Undo(Undo::Update(daemon, host)));
            }
            Act::Type {
                host,
                service,
                verb,
                within,
            } if moves(host) && self.setup.knows(&service) => {
                self.type_or_say(host, &service, verb, within);
            }
            Act::Crash(service, host) => self.crash(&service, host),
            Act::Appear(service, host) if moves(host) => self.appear(&service, host),
            Act::Reload(host) if moves(host) => {
                let told = self.hosts[host].told.clone();
                self.reload(host, told);
            }
            Act::Edit(host, edit) if moves(host) => self.edit(host, edit),
            Act::ReleaseAll(host) if moves(host) => self.release(host),
            _ => {}
        }
    }

    fn repair(&mut self, name: &Name) {
        let failed = |host: &usize| {
            let record = self.hosts[*host].record(self.at, name);
            let moves = self.hosts[*host].frozen.is_none();
            moves && record.is_some_and(|record| record.state == State::Fail)
        };
        let known = self.setup.knows(name);
        if let Some(host) = (0..self.setup.hosts).find(failed).filter(|_| known) {
            self.type_failc_for(host, name, Verb::Set(State::Recover));
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
            Undo::Hasten(from, to) => self.cuts.hasten(from, to),
            Undo::Start(Daemon::Faild, host) => self.start_node(host),
            Undo::Start(Daemon::Failsh, host) => self.start_plan(host),
            Undo::Boot(host) => self.boot(host),
            Undo::Continue(Daemon::Faild, host) => self.continue_node(host),
            Undo::Continue(Daemon::Failsh, host) => self.continue_plan(host),
            Undo::Thaw(host) => self.thaw(host),
            Undo::Update(daemon, host) => {
                let first = self.setup.skews[host];
                let first = match daemon {
                    Daemon::Faild => first.0,
                    Daemon::Failsh => first.1,
                };
                self.update(daemon, host, first);
            }
        }
        self.say(undo.host(), &undo.to_string());
    }

    /// The storm is over: everything runs, everybody hears everybody, scripts do what they
    /// should. A failsh with a script that never ends is started anew, as a person would.
    pub fn heal(&mut self) {
        self.trace.line(self.at, "world", "everything heals");
        self.cuts.clear();
        self.setup.heal();
        for host in 0..self.setup.hosts {
            self.thaw(host);
            self.boot(host);
            for daemon in [Daemon::Faild, Daemon::Failsh] {
                self.undo_update(daemon, host);
            }
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

    fn undo_update(&mut self, daemon: Daemon, host: usize) {
        let h = &self.hosts[host];
        let first = self.setup.skews[host];
        match daemon {
            Daemon::Faild if h.skews.0 != first.0 => self.update(daemon, host, first.0),
            Daemon::Failsh if h.skews.1 != first.1 => self.update(daemon, host, first.1),
            _ => {}
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

    /// Somebody types something, as the act says.
    fn type_or_say(&mut self, host: usize, name: &Name, verb: Verb, within: bool) {
        match within && self.hosts[host].plan.runs() {
            true => {
                self.watch.typed(self.at, host, name, verb);
                self.say(host, &format!("from within: {verb} {name}"));
                self.set_within(host, name, verb);
            }
            false => self.type_failc_for(host, name, verb),
        }
    }

    /// A daemon is exchanged for one of another version: it ends, and the other one starts.
    fn update(&mut self, daemon: Daemon, host: usize, to: crate::skew::Skew) {
        let h = &mut self.hosts[host];
        match daemon {
            Daemon::Faild => {
                h.skews.0 = to;
                let ran = h.node.machine.is_some();
                self.kill_node(host);
                if ran {
                    self.start_node(host);
                }
            }
            Daemon::Failsh => {
                h.skews.1 = to;
                let ran = h.plan.machine.is_some();
                self.kill_plan(host);
                if ran {
                    self.start_plan(host);
                }
            }
        }
        self.say(host, &format!("{daemon} is now {to}"));
    }
}
