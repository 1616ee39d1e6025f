//! The world of a rehearsal: one queue of events, the hosts, the network between them. It drives
//! the machines as the programs do, a few microseconds late, and writes down what it sees.

mod acts;
mod address;
mod faild;
mod failsh;
mod host;
mod idle;
mod names;
mod net;
mod ranks;
mod scripts;
mod toil;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use fail_core::access::{Access, Rights};
use fail_core::decide::{Rule as Decide, decide};
use fail_core::plan;
use fail_core::policy::{DEFAULT_COMMUNITY, Policy};
use fail_core::time::{Mono, Now, Wall};
use fail_sim::rng::Rng;
use fail_tcl::PolicyError;
use fail_wire::{Key, Name};

pub use self::names::check;

use self::host::{Host, SharedRulings};
use self::net::{Datagram, Ways};
use self::toil::Toil;
use crate::answer::Rulings;
use crate::judge::seconds;
use crate::ledger::{Aside, Ledger};
use crate::limits::NOTES_MAX;
use crate::report::{Kind, Report, Shown};
use crate::scenario::{Act, At, MS, SECOND, Scenario};
use crate::spans::Spans;

/// What happens at a moment.
#[derive(Debug, Clone)]
pub enum Event {
    /// A datagram arrives.
    Arrive(Datagram),
    /// A save is done: host, life of its faild, number.
    Saved(usize, u64, u64),
    /// A failsh hears something: host, its life, what.
    Tell(usize, u64, Box<plan::In>),
    /// The interpreters of a failsh have a timer that is due, or mail.
    Turn(usize, u64),
    /// A command ends: host, boot, number, how.
    Ends(usize, u64, u64, Box<fail_core::exec::ExecResult>),
    /// Something that was asked of the engine is answered: host, life, interpreter, number.
    Answer(usize, u64, (u64, u64), Result<String, fail_tcl::AskError>),
    /// A host boots.
    Boot(usize),
    /// The scenario does something.
    Do(Box<At>),
    /// Something that lasts is over: its number in the ledger, and what it was.
    Over(usize, Box<Act>),
    /// Somebody types failc: host, service, what.
    Type(usize, Name, fail_sim::client::Verb),
}

/// The hosts of a scenario.
pub struct World<'a> {
    /// Nanoseconds since the beginning.
    at: u64,
    rng: Rng,
    scenario: &'a Scenario,
    program: &'a str,
    hosts: Vec<Host>,
    ways: Ways,
    /// Acts that last, by what they are about: their numbers in the ledger.
    lasting: BTreeMap<String, usize>,
    rulings: SharedRulings,
    /// Chance of the answers, which are also wanted while a policy is read.
    dice: Rc<RefCell<Rng>>,
    /// What was answered at once and is not written down yet: host, line, how.
    asked: Rc<RefCell<Vec<(usize, String, String)>>>,
    ledger: Ledger,
    access: Access,
    key: Key,
    requests: u64,
    commands: u64,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    decide: Decide,
    toil: Toil,
    /// When hosts do not hear each other, and since when they do not now.
    apart: (Spans, Option<u64>),
    /// How long a round of each service takes at most, with what follows it.
    rounds: BTreeMap<Name, u64>,
    /// What the scenario's author should know: the line, and a sentence.
    notes: Vec<(u32, String)>,
}

/// How a rehearsal is done.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// By which name this program was called.
    pub program: &'a str,
    /// From which all chance is drawn.
    pub seed: u64,
    /// How long it lasts.
    pub length: u64,
    /// Without the lines of the timeline.
    pub brief: bool,
    /// The rule of all failsh: for tests.
    pub decide: Decide,
}

impl<'a> How<'a> {
    /// As it is done for people.
    pub fn new(program: &'a str, seed: u64, length: u64) -> How<'a> {
        How {
            program,
            seed,
            length,
            brief: false,
            decide,
        }
    }
}

/// A rehearsal that was done and is not judged yet.
pub struct Played {
    /// What came of it, without verdicts.
    pub report: Report,
    /// What is judged beside.
    pub aside: Aside,
    /// Where hosts do not agree on their ranks.
    pub ranks: Vec<String>,
    /// When two hosts that run did not hear each other, or one of them was frozen.
    pub apart: Spans,
    /// How long two hosts may both serve each service, on their way to one.
    pub rounds: BTreeMap<Name, u64>,
    /// Why it was not played to its end.
    pub given_up: Option<String>,
}

/// The year in which every rehearsal begins.
const YEAR_2026_MS: i64 = 1_767_225_600_000;

/// Plays the acts of a scenario.
///
/// # Errors
/// A policy that can not be read.
pub fn play(scenario: &Scenario, acts: &[At], how: How<'_>) -> Result<Played, PolicyError> {
    let mut world = World::new(scenario, how)?;
    let policies = world.meet()?;
    let ranks = world.begin(&policies);
    for at in acts {
        world.later(at.at, Event::Do(Box::new(at.clone())));
        if at.at > how.length {
            let end = seconds(how.length);
            world.note(
                at.line,
                format!("\"{}\" is never done: the end is at {end}", at.text),
            );
        }
    }
    world.live(how.length);
    Ok(world.finish(how, ranks))
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, how: How<'a>) -> Result<World<'a>, PolicyError> {
        let names: Vec<String> = scenario.hosts.iter().map(|h| h.name.clone()).collect();
        let mut rng = Rng::new(how.seed);
        let dice = Rc::new(RefCell::new(Rng::new(rng.roll())));
        let rulings: SharedRulings = Rc::new(RefCell::new(Rulings::default()));
        for rule in &scenario.rules {
            rulings.borrow_mut().add(0, rule);
        }
        #[expect(clippy::expect_used, reason = "the default community is legal")]
        let key = Key::new(DEFAULT_COMMUNITY).expect("the default community is legal");
        Ok(World {
            at: 0,
            rng,
            scenario,
            program: how.program,
            hosts: scenario
                .hosts
                .iter()
                .map(|spec| Host::new(&spec.name, spec.read.clone()))
                .collect(),
            ways: Ways::new(scenario.network),
            lasting: BTreeMap::new(),
            rulings,
            dice,
            asked: Rc::default(),
            ledger: Ledger::new(names, how.brief),
            access: Access::open(),
            key,
            requests: 0,
            commands: 0,
            queue: BTreeMap::new(),
            queued: 0,
            decide: how.decide,
            toil: Toil::default(),
            apart: Default::default(),
            rounds: BTreeMap::new(),
            notes: Vec::new(),
        })
    }

    /// Reads every policy once, to know who is where and who knows whom.
    fn meet(&mut self) -> Result<Vec<Policy>, PolicyError> {
        let mut policies = Vec::new();
        for host in 0..self.hosts.len() {
            let read = self.hosts[host].read.clone();
            let loaded = self.load(host, &read, &fail_tcl::Board::default());
            let (loaded, _) = loaded.map_err(|error| match error.file.is_empty() {
                true => self
                    .scenario
                    .wrong(self.scenario.hosts[host].line, &error.sentence),
                false => error,
            })?;
            self.rounds(&loaded.policy);
            policies.push(loaded.policy);
        }
        self.place(&policies);
        self.admit(&policies);
        Ok(policies)
    }

    /// Every host boots. Gives where the policies do not agree.
    fn begin(&mut self, policies: &[Policy]) -> Vec<String> {
        let mut ranks = ranks::disagreements(self.scenario, policies);
        ranks.extend(self.strays(policies));
        // Each host reads its policy again when it boots.
        self.asked.borrow_mut().clear();
        for (host, policy) in policies.iter().enumerate() {
            for service in policy.services.keys() {
                let why = "the host has no power yet";
                self.ledger
                    .state(0, host, service.as_str(), Shown::Down, why);
            }
            // Not at the same moment, as no two hosts boot.
            let after = self.rng.between(0, 200 * MS);
            self.later(after, Event::Boot(host));
        }
        ranks
    }

    /// Each host answers where the others ask for it, or where the scenario says.
    fn place(&mut self, policies: &[Policy]) {
        for (n, spec) in self.scenario.hosts.iter().enumerate() {
            let mut addresses: Vec<IpAddr> = spec.address.into_iter().collect();
            if addresses.is_empty() {
                for policy in policies {
                    let named = policy
                        .hosts
                        .iter()
                        .filter(|(name, _)| name.as_str() == spec.name);
                    let literal =
                        named.filter_map(|(_, host)| host.address.as_deref()?.parse().ok());
                    for ip in literal {
                        if !addresses.contains(&ip) {
                            addresses.push(ip);
                        }
                    }
                }
            }
            if addresses.is_empty() {
                let last = u8::try_from(n + 1).unwrap_or(u8::MAX);
                addresses.push(IpAddr::V4(Ipv4Addr::new(198, 51, 100, last)));
            }
            self.hosts[n].addresses = addresses;
        }
    }

    /// Whatever community a policy asks with is known to everybody: community files are no part
    /// of a policy.
    fn admit(&mut self, policies: &[Policy]) {
        let hosts = policies.iter().flat_map(|policy| policy.hosts.values());
        let hosts = hosts.map(|host| host.community.as_str());
        let services = policies.iter().flat_map(|policy| policy.services.values());
        let services = services.filter_map(|service| service.community.as_deref());
        let mut seen = vec![DEFAULT_COMMUNITY];
        for community in hosts.chain(services) {
            if seen.contains(&community) {
                continue;
            }
            seen.push(community);
            if let Ok(key) = Key::new(community) {
                // More than fit are refused by the real one as well.
                let _ = self.access.add(None, key, Rights::ReadOnly);
            }
        }
    }

    /// Lets something happen after a while.
    fn later(&mut self, after: u64, event: Event) {
        self.queued += 1;
        self.queue.insert((self.at + after, self.queued), event);
    }

    fn live(&mut self, end: u64) {
        while self.step(end) {
            self.toil();
            if self.toil.given_up.is_some() {
                return;
            }
        }
        self.at = end;
    }

    /// The next event, or the next machine that wants to be woken.
    fn step(&mut self, end: u64) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let wakes = self.hosts.iter().enumerate().flat_map(|(n, host)| {
            let awake = host.up && !host.frozen;
            let node = host.node_wake.map(|at| (at, n, true));
            let plan = host.plan_wake.map(|at| (at, n, false));
            [node, plan].into_iter().flatten().filter(move |_| awake)
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
        if let Some(host) = event.host() {
            if self.hosts[host].frozen {
                return self.wait(host, event);
            }
        }
        match event {
            Event::Arrive(datagram) => self.arrive(datagram),
            Event::Saved(host, life, no) => self.saved(host, life, no),
            Event::Tell(host, life, input) => {
                if self.hosts[host].failsh_life == life {
                    self.turn_plan(host, Some(*input));
                }
            }
            Event::Turn(host, life) => {
                if self.hosts[host].failsh_life == life {
                    if let Some(failsh) = &mut self.hosts[host].failsh {
                        failsh.timer = None;
                    }
                    self.turn_minds(host);
                }
            }
            Event::Ends(host, boot, no, result) => {
                if self.hosts[host].boots == boot && self.hosts[host].up {
                    self.command_ends(host, no, *result);
                }
            }
            Event::Answer(host, life, by, result) => {
                if self.hosts[host].failsh_life == life {
                    self.answer_ask(host, by, result);
                }
            }
            Event::Boot(host) => self.boot(host),
            Event::Do(at) => self.perform(&at),
            Event::Over(no, act) => self.undo(no, &act),
            Event::Type(host, name, verb) => self.type_failc(host, &name, verb),
        }
    }

    /// What a host's clocks say.
    fn now(&self) -> Now {
        Now {
            // No clock begins with nothing.
            mono: Mono(self.at + SECOND),
            wall: Wall(YEAR_2026_MS + (self.at / MS) as i64),
        }
    }

    /// The same for its interpreters, in microseconds.
    fn wall_us(&self) -> i64 {
        YEAR_2026_MS * 1_000 + (self.at / 1_000) as i64
    }

    /// When a deadline of a machine comes.
    fn when(&self, deadline: Mono) -> u64 {
        deadline.0.saturating_sub(SECOND).max(self.at)
    }

    /// Schedulers are not exact.
    fn lateness(&mut self) -> u64 {
        self.rng.between(1_000, 50_000)
    }

    /// Something that the scenario's author should know. Line 0 is about none; what happens by
    /// chance has no line either.
    fn note(&mut self, line: u32, text: String) {
        let note = (line, text);
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn say(&mut self, host: Option<usize>, kind: Kind, text: String) {
        self.ledger
            .say(self.at, host, None, kind, text, String::new());
    }

    /// Two hosts that hear each other are both `UP` for about the time of one round: a host asks
    /// each interval, asks again who was silent, and waits half an interval for an answer.
    fn rounds(&mut self, policy: &Policy) {
        for (name, service) in &policy.services {
            let round = self.rounds.entry(name.clone()).or_default();
            let (interval, again) = (service.interval.0, u64::from(service.confirm.times));
            let long = interval.saturating_add(interval / 2);
            let long = long.saturating_add(service.spacing().0.saturating_mul(again));
            *round = (*round).max(long);
        }
    }

    fn finish(mut self, how: How<'_>, ranks: Vec<String>) -> Played {
        let (mut apart, since) = std::mem::take(&mut self.apart);
        apart.extend(since.map(|since| (since, self.at)));
        let hosts = self.hosts.iter().map(|host| host.name.clone()).collect();
        let mut notes = Vec::new();
        for host in &self.hosts {
            if host.addresses.len() > 1 {
                let list: Vec<String> = host.addresses.iter().map(IpAddr::to_string).collect();
                notes.push(format!("{} is asked at {}", host.name, list.join(" and ")));
            }
        }
        let rulings = Rc::clone(&self.rulings);
        for rule in rulings.borrow().unused() {
            let text = format!("no command was answered by \"{}\"", rule.pattern);
            self.note(rule.line, text);
        }
        self.notes.sort();
        notes.extend(self.notes.iter().map(|(line, text)| match line {
            0 => text.clone(),
            line => format!("line {line}: {text}"),
        }));
        let (tracks, things, acts, entries, aside) = self.ledger.finish(self.at);
        let mut services: Vec<String> = tracks.iter().map(|track| track.service.clone()).collect();
        services.dedup();
        let report = Report {
            scenario: self.scenario.file.display().to_string(),
            seed: how.seed,
            hosts,
            services,
            length: self.at,
            notes,
            tracks,
            things,
            acts,
            entries,
            verdicts: Vec::new(),
            chance: None,
        };
        Played {
            report,
            aside,
            ranks,
            apart,
            rounds: self.rounds,
            given_up: self.toil.given_up,
        }
    }
}

impl Event {
    /// The host that must be awake for it.
    fn host(&self) -> Option<usize> {
        match self {
            Event::Arrive(datagram) => Some(datagram.to),
            Event::Saved(host, ..)
            | Event::Tell(host, ..)
            | Event::Turn(host, _)
            | Event::Ends(host, ..)
            | Event::Answer(host, ..)
            | Event::Type(host, ..) => Some(*host),
            Event::Boot(_) | Event::Do(_) | Event::Over(..) => None,
        }
    }
}
