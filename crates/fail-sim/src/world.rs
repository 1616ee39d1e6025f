//! The world: one queue of events, some hosts, one network. It drives the machines just as
//! the programs do, a little late as schedulers are, and tells the watch what it sees.

mod admins;
mod faild;
mod failsh;
mod scripts;

use std::collections::BTreeMap;

use fail_core::decide::{Rule, decide};
use fail_core::job::{JobNo, Outcome};
use fail_core::node::{self, Peer};
use fail_core::plan;
use fail_core::policy::{DEFAULT_COMMUNITY, FAILD_PORT};
use fail_wire::{Key, Name, State};

use crate::acts::{Happening, Undo};
use crate::client::{Heard, Verb};
use crate::host::Host;
use crate::net::{self, CLERK_PORT, Cuts, Datagram};
use crate::rng::{Dice, Rng, Use};
use crate::setup::{MS, SECOND, Setup, host_name};
use crate::trace::Trace;
use crate::watch::Watch;

/// A world that is broken on purpose, to show that the watch sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It is not.
    Nothing,
    /// The driver says that a save is done before it is kept.
    SavedEarly,
    /// The driver starts each script twice.
    RunsTwice,
    /// The driver forgets to end scripts.
    ForgetsCancel,
    /// The driver wakes failsh all the time.
    Restless,
    /// The driver wakes failsh when it likes.
    Sleepy,
    /// Somebody says FAIL by hand, and the watch is not told.
    SilentHand,
    /// The driver starts anew with each policy.
    ReloadForgets,
    /// The driver forgets who waits for an answer.
    ForgetsAnswers,
    /// The driver says that whatever is checked is well.
    ChecksAllUp,
    /// The driver says that whatever is checked is broken.
    ChecksAllFail,
    /// The driver says of all that runs when failsh comes that it does not.
    LooksAway,
    /// The driver says that what was half started is taken down, and does nothing.
    SkipsCleaning,
    /// The driver starts what it is to check.
    StartsUnasked,
    /// The driver says that a check has ended as soon as it is told to.
    CancelsAtOnce,
    /// The policy that failsh gets waits less before it tries again.
    Impatient,
    /// It never tries again.
    GivesUp,
    /// It gives way to masters that are only ready.
    GivesBack,
    /// The driver takes a failsh for released when it has begun to.
    ReleasedEarly,
    /// The driver loses traps.
    LosesTraps,
    /// The policy that failsh gets lets it serve although its faild is silent.
    KeepsAlone,
    /// What a faild remembers is written anew on its way.
    RewritesPast,
    /// Something depends on where an object lies in memory.
    Address,
}

/// What happens at a moment.
#[derive(Debug, Clone)]
pub enum Event {
    /// A datagram arrives.
    Arrive(Datagram),
    /// A save is done: host, life of its faild, number, success.
    Saved(usize, u64, u64, bool),
    /// A script has its turn.
    Began(usize, u64, JobNo),
    /// A script changes the service: host, life of its failsh, service, job.
    Effect(usize, u64, Name, JobNo),
    /// A script ends.
    End(usize, u64, Name, JobNo, Outcome),
    /// A trap ends.
    TrapEnd(usize, u64, JobNo),
    /// Every failsh reads its policy again, and again.
    ReloadAll,
    /// Something happens.
    Act(Box<Happening>),
    /// Something is undone.
    Undo(Undo),
    /// Somebody types failc.
    Type(usize, Name, Verb),
    /// The watch looks at everything.
    Look,
    /// The storm is over.
    Heal,
    /// Nobody wishes anything any more.
    ClearWishes,
}

impl Event {
    /// The host where it happens, and where it waits while that stands still.
    fn within(&self) -> Option<usize> {
        match self {
            Event::Saved(host, ..)
            | Event::Began(host, ..)
            | Event::Effect(host, ..)
            | Event::End(host, ..)
            | Event::TrapEnd(host, ..)
            | Event::Type(host, ..) => Some(*host),
            Event::Undo(undo) => undo.is_within().then(|| undo.host()),
            _ => None,
        }
    }
}

/// A cluster in a box.
pub struct World {
    /// Nanoseconds since the beginning.
    pub at: u64,
    /// All chance comes from here.
    pub dice: Dice,
    /// What does not change.
    pub setup: Setup,
    /// How it is broken.
    pub broken: Broken,
    /// The hosts.
    pub hosts: Vec<Host>,
    /// Which ways are cut.
    pub cuts: Cuts,
    /// Until when things happen.
    pub storm_until: u64,
    /// What was seen.
    pub trace: Trace,
    /// Who looks.
    pub watch: Watch,
    /// How often what happened.
    pub tally: Tally,
    rule: Rule,
    key: Key,
    /// All communities that there are.
    keys: Vec<Key>,
    requests: u64,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
}

/// How often what was seen, by its name.
pub type Tally = BTreeMap<&'static str, u64>;

/// How often the watch looks at everything.
const LOOK: u64 = 20 * MS;

/// How often every failsh reads its policy again, where that is wanted.
const RELOADS: u64 = 137 * MS;

impl World {
    /// A world that has not begun.
    pub fn new(seed: u64, setup: Setup, storm: u64, all_lines: bool) -> World {
        #[expect(clippy::expect_used, reason = "the default community is legal")]
        let key = Key::new(DEFAULT_COMMUNITY).expect("the default community is legal");
        let names: Vec<Name> = setup.services.iter().map(|svc| svc.name.clone()).collect();
        World {
            at: 0,
            dice: Dice::new(seed),
            broken: Broken::Nothing,
            hosts: (0..setup.hosts)
                .map(|n| Host::new(names.iter().cloned(), setup.drifts[n], setup.skews[n]))
                .collect(),
            cuts: Cuts::default(),
            storm_until: storm,
            trace: Trace::new(all_lines),
            watch: Watch::new(&setup),
            tally: Tally::new(),
            rule: decide,
            keys: setup
                .communities()
                .filter_map(|c| Key::new(c).ok())
                .collect(),
            key,
            requests: 0,
            queue: BTreeMap::new(),
            queued: 0,
            setup,
        }
    }

    /// Decides by another rule.
    pub fn with_rule(&mut self, rule: Rule) {
        self.rule = rule;
    }

    /// Lives until `end`, or until a property is violated, while this happens.
    pub fn live(&mut self, acts: &[Happening], end: u64) {
        for host in 0..self.setup.hosts {
            let first = self.dice.of(Use::Host, host, 0).between(0, 2 * SECOND);
            self.later(first, Event::Undo(Undo::Boot(host)));
        }
        for happening in acts {
            let event = Event::Act(Box::new(happening.clone()));
            self.later(happening.at, event);
        }
        self.later(0, Event::Look);
        if self.broken == Broken::SilentHand {
            let name = self.setup.services[0].name.clone();
            let host = self.setup.hosts - 1;
            self.later(
                self.storm_until,
                Event::Type(host, name, Verb::Set(State::Fail)),
            );
        }
        self.later(self.storm_until, Event::Heal);
        // Twice, since an unlucky failc gives up.
        self.later(self.storm_until + SECOND, Event::ClearWishes);
        self.later(self.storm_until + 2 * SECOND, Event::ClearWishes);
        while self.watch.violation.is_none() && self.step(end) {}
    }

    /// The next event, or the next machine that wants to be woken.
    fn step(&mut self, end: u64) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let nodes = self.hosts.iter().enumerate();
        let wakes = nodes.flat_map(|(n, host)| {
            let node = host
                .node
                .wake
                .filter(|_| host.node.runs() && host.frozen.is_none())
                .map(|at| (at, n, true));
            let plan = host
                .plan
                .wake
                .filter(|_| host.plan.runs() && host.frozen.is_none())
                .map(|at| (at, n, false));
            [node, plan].into_iter().flatten()
        });
        let wake = wakes.min();
        let next = queued.into_iter().chain(wake.map(|(at, ..)| at)).min();
        let Some(next) = next.filter(|next| *next <= end) else {
            return false;
        };
        self.at = self.at.max(next);
        match wake.filter(|(at, ..)| queued.is_none_or(|queued| *at < queued)) {
            Some((_, host, true)) => self.turn_node(host, None),
            Some((_, host, false)) => self.turn_plan(host, None),
            None => {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            }
        }
        true
    }

    fn happen(&mut self, event: Event) {
        if let Some(host) = event.within().and_then(|host| self.hosts.get_mut(host)) {
            if host.frozen.is_some() {
                return host.held.push(event);
            }
        }
        match event {
            Event::Arrive(datagram) => self.arrive(datagram),
            Event::Saved(host, life, no, ok) => self.saved(host, life, no, ok),
            Event::Effect(host, life, name, job) => self.effect(host, life, &name, job),
            Event::Began(host, life, job) => self.began(host, life, job),
            Event::End(host, life, name, job, outcome) => {
                self.script_end(host, life, &name, job, outcome);
            }
            Event::TrapEnd(host, life, job) => self.trap_end(host, life, job),
            Event::ReloadAll => {
                for host in 0..self.setup.hosts {
                    let told = self.hosts[host].told.clone();
                    self.reload(host, told);
                }
                self.later(RELOADS, Event::ReloadAll);
            }
            Event::Act(happening) => self.act(&happening),
            Event::Undo(undo) => self.undo(undo),
            Event::Type(host, name, verb) => self.type_failc_for(host, &name, verb),
            Event::Look => {
                self.look();
                self.later(LOOK, Event::Look);
            }
            Event::Heal => self.heal(),
            Event::ClearWishes => self.clear_wishes(),
        }
    }

    /// Lets something happen after a while.
    pub fn later(&mut self, after: u64, event: Event) {
        self.queued += 1;
        self.queue.insert((self.at + after, self.queued), event);
    }

    /// What is due on a host comes so much later.
    pub(super) fn put_off(&mut self, host: usize, by: u64) {
        let due = self.queue.iter().filter(|((at, _), event)| {
            *at > self.at && event.within() == Some(host) && !matches!(event, Event::Undo(_))
        });
        let due: Vec<(u64, u64)> = due.map(|(key, _)| *key).collect();
        for (at, no) in due {
            if let Some(event) = self.queue.remove(&(at, no)) {
                self.queue.insert((at + by, no), event);
            }
        }
    }

    /// A line about a host as a whole.
    pub fn say(&mut self, host: usize, what: &str) {
        self.trace.line(self.at, host_name(host).as_str(), what);
    }

    /// The watch looks at everything.
    pub fn look(&mut self) {
        let mut watch = std::mem::take(&mut self.watch);
        watch.look(self);
        self.watch = watch;
    }

    /// Counts something that was seen.
    pub fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// All services.
    pub fn names(&self) -> Vec<Name> {
        self.setup
            .services
            .iter()
            .map(|svc| svc.name.clone())
            .collect()
    }

    /// Sends a datagram from one port of a host.
    pub(super) fn send(
        &mut self,
        from: usize,
        port: u16,
        target: std::net::SocketAddr,
        bytes: Vec<u8>,
    ) {
        let Some(to) = net::host_at(from, target).filter(|to| *to < self.setup.hosts) else {
            return;
        };
        let source = match target.ip().is_loopback() {
            true => net::loopback(port),
            false => net::addr(from, port),
        };
        let rng = self.dice.of(Use::Way, from, to);
        let ways = net::ways(rng, self.setup.way(from, to), &self.cuts, from, to);
        let what = match ways.len() {
            0 => "datagrams lost",
            1 => "datagrams",
            _ => "datagrams twice",
        };
        self.count(what);
        for way in ways {
            let (source, bytes) = (source, bytes.clone());
            let datagram = Datagram {
                from,
                to,
                source,
                target,
                bytes,
            };
            self.later(way, Event::Arrive(datagram));
        }
    }

    fn arrive(&mut self, datagram: Datagram) {
        let (host, from) = (datagram.to, datagram.source);
        let local = Some(datagram.target);
        let (port, bytes) = (datagram.target.port(), datagram.bytes);
        let is_people = port == CLERK_PORT;
        if !self.hosts[host].up || is_people && self.hosts[host].frozen.is_some() {
            return;
        }
        if port == FAILD_PORT {
            let from = Peer {
                addr: from,
                local,
                stream: None,
            };
            self.turn_node(host, Some(node::In::Datagram { from, bytes }));
        } else if is_people {
            self.requests += 1;
            let (id, key) = (self.requests, self.key.clone());
            match self.hosts[host].clerk.hear(id, &key, &bytes) {
                Heard::Done => {}
                Heard::Next(next) => {
                    self.send(host, CLERK_PORT, net::loopback(FAILD_PORT), next);
                }
                Heard::Past(name, mut entries) => {
                    if self.broken == Broken::RewritesPast {
                        entries.iter_mut().for_each(|past| past.state = State::Up);
                    }
                    self.watch.remembered(self.at, host, &name, &entries);
                }
            }
        } else if port == self.plan_port(host) {
            self.turn_plan(host, Some(plan::In::Datagram { from, bytes }));
        }
    }

    /// A failsh has a socket of its own in each life.
    fn plan_port(&self, host: usize) -> u16 {
        net::PLAN_PORT + (self.hosts[host].plan.life % 10_000) as u16
    }

    /// Somebody types failc on a host, if it has power.
    pub fn type_failc_for(&mut self, host: usize, name: &Name, verb: Verb) {
        if !self.hosts[host].up {
            return;
        }
        if self.broken != Broken::SilentHand {
            self.watch.typed(self.at, host, name, verb);
        }
        self.requests += 1;
        let (id, key) = (self.requests, self.key.clone());
        let bytes = self.hosts[host].clerk.ask(id, &key, name, verb);
        self.say(host, &format!("failc {verb} {name}"));
        self.send(host, CLERK_PORT, net::loopback(FAILD_PORT), bytes);
    }

    pub(super) fn log(&mut self, host: usize, who: &str, text: &str) {
        let who = format!("{} {who}", &host_name(host).as_str()[4..]);
        self.trace.line(self.at, &who, text);
    }
}

/// How late a scheduler wakes somebody: hardly ever more than a fifth of a millisecond.
fn lateness(rng: &mut Rng) -> u64 {
    match rng.per_mille(5) {
        true => rng.between(0, 3 * MS),
        false => rng.between(0, MS / 5),
    }
}
