//! A chaos run: storms and calms until the time is over, then the recordings are read.

#![expect(clippy::panic, reason = "a run that can not have its hosts has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fail_core::time::Span;

use super::check::{Violation, check};
use super::diary::{Calm, Diary};
use super::evidence::HostEvidence;
use super::fault::{Fault, Kind, draw};
use super::host::{Host, Role, clock_library, now};
use super::rest::{Look, unrest, words};
use super::settings::{SERVICES, bounds, host_name, service_address};
use crate::chance::Chance;
use crate::netns::{Namespace, plugged};

/// Between two looks at everything.
const PACE: Duration = Duration::from_millis(20);

/// So many more descriptors than in the first calm are a leak. faild keeps silent connections for
/// five minutes, and scripts come and go.
const DESCRIPTORS_MORE: usize = 12;

/// On a machine on which all else stands still, everything comes to rest within its bound; so
/// many times that is waited for before it is called a fault.
const PATIENCE: u32 = 3;

/// How long both hosts and seed are watched at rest.
const REST: Duration = Duration::from_secs(2);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// All storms and calms together; the last one is ended.
    pub time: Duration,
    /// How long a storm is.
    pub storm: Duration,
    /// 2 to 8.
    pub hosts: usize,
    /// Of all chance.
    pub seed: u64,
    /// The stop scripts forget the address: to see that this is seen.
    pub broken: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What happened.
    pub diary: Diary,
    /// What the recordings say.
    pub hosts: Vec<HostEvidence>,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// Where recordings and logs are, if something does not hold.
    pub folder: Option<PathBuf>,
    /// How long it took.
    pub took: Duration,
    /// What could not be had here.
    pub without: Vec<String>,
}

/// What is to be undone, and when.
struct Undo {
    at: Instant,
    entry: usize,
    fault: Fault,
}

/// All of it.
struct World<'a> {
    options: &'a Options,
    chance: Chance,
    hosts: Vec<Host>,
    diary: Diary,
    undos: Vec<Undo>,
    /// Of each host and service: whether it was acknowledged that it is away, or held.
    wishes: BTreeMap<(usize, usize, bool), Option<bool>>,
    without: Vec<String>,
    can_delay: bool,
    leave: Arc<AtomicBool>,
    // Goes last: with it goes the network.
    _switch: Namespace,
}

/// Runs it. Nothing: it can not be had here, and the reason was printed.
pub fn run(options: &Options, leave: &Arc<AtomicBool>) -> Option<Outcome> {
    let began = Instant::now();
    let folder = std::env::temp_dir().join(format!(
        "failover-chaos-{}-{}",
        std::process::id(),
        options.seed
    ));
    let mut world = World::new(options, &folder, leave)?;
    for no in 0..options.hosts {
        world.hosts[no].boot();
    }
    world.rest();
    while began.elapsed() < options.time && !world.leaves() && world.diary.wrong.is_empty() {
        world.storm();
        world.mend();
        world.rest();
    }
    for host in &mut world.hosts {
        host.kill(Role::Failsh);
        host.kill(Role::Faild);
    }
    let hosts = world
        .hosts
        .iter()
        .map(|host| HostEvidence::read(&host.folder, options.hosts, host.owner.changes()));
    let hosts: Vec<HostEvidence> = hosts.collect();
    let World { diary, without, .. } = &world;
    let (diary, without) = (diary.clone(), without.clone());
    drop(world);
    let violations = check(&hosts, &diary);
    if violations.is_empty() {
        let _ = fs::remove_dir_all(&folder);
    }
    Some(Outcome {
        folder: (!violations.is_empty()).then_some(folder),
        diary,
        hosts,
        violations,
        took: began.elapsed(),
        without,
    })
}

impl<'a> World<'a> {
    fn new(
        options: &'a Options,
        folder: &std::path::Path,
        leave: &Arc<AtomicBool>,
    ) -> Option<World<'a>> {
        let names: Vec<String> = (0..options.hosts).map(host_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (switch, parts) = plugged("chaos", &names)?;
        let _ = fs::remove_dir_all(folder);
        let mut hosts = Vec::new();
        for (no, namespace) in parts.into_iter().enumerate() {
            let own = folder.join(host_name(no));
            fs::create_dir_all(&own).unwrap_or_else(|e| panic!("{}: {e}", own.display()));
            hosts.push(Host::new(
                no,
                options.hosts,
                namespace,
                own,
                options.broken,
            )?);
        }
        let mut without = Vec::new();
        let can_delay = hosts[0].delay(1);
        if can_delay {
            hosts[0].delay(0);
        } else {
            without.push("no delay: this kernel has no netem; loss is made by nft".to_string());
        }
        let clock = clock_library(folder);
        if clock.is_none() {
            without.push("no clock steps: there is no C compiler".to_string());
        }
        for host in &mut hosts {
            host.clock.clone_from(&clock);
        }
        Some(World {
            options,
            chance: Chance::new(options.seed),
            hosts,
            diary: Diary::default(),
            undos: Vec::new(),
            wishes: BTreeMap::new(),
            without,
            can_delay,
            leave: Arc::clone(leave),
            _switch: switch,
        })
    }

    fn leaves(&self) -> bool {
        self.leave.load(Ordering::Relaxed)
    }

    /// Looks at everything, and undoes what has lasted long enough.
    fn look(&mut self) {
        let due = self.undos.iter().position(|undo| undo.at <= Instant::now());
        if let Some(due) = due {
            let undo = self.undos.remove(due);
            self.undo(&undo);
        }
        for no in 0..self.hosts.len() {
            self.look_at(no);
        }
    }

    fn look_at(&mut self, no: usize) {
        let host = &mut self.hosts[no];
        for what in host.look() {
            self.diary.is_wrong(now(), what);
        }
        host.reap();
        let so = !host.in_order();
        let still = host.stands_still(Role::Failsh);
        self.diary.broken.entry(no).or_default().is(now(), so);
        self.diary.stopped.entry(no).or_default().is(now(), still);
    }

    fn storm(&mut self) {
        let end = Instant::now() + self.options.storm;
        let mut next = Instant::now();
        while Instant::now() < end && !self.leaves() {
            if next <= Instant::now() {
                let fault = draw(&mut self.chance, self.options.hosts);
                self.happens(fault);
                next = Instant::now() + fault.pause;
            }
            self.look();
            thread::park_timeout(PACE);
        }
    }

    fn happens(&mut self, fault: Fault) {
        let kind = fault.kind;
        if kind == Kind::Delay && !self.can_delay
            || kind == Kind::Clock && self.hosts[0].clock.is_none()
        {
            return;
        }
        let service = SERVICES[fault.service];
        let mut text = format!("{} {}", kind.words(), host_name(fault.host));
        match kind {
            Kind::Partition | Kind::OneWay => text += &format!(" {}", host_name(fault.other)),
            Kind::Away | Kind::Back | Kind::Hold | Kind::Release | Kind::Dies => {
                text += &format!(" {service}")
            }
            Kind::Loss | Kind::Delay | Kind::Clock => text += &format!(" {}", fault.amount),
            _ => {}
        }
        let then = now();
        let host = &mut self.hosts[fault.host];
        let mut lasts = true;
        match kind {
            Kind::KillFaild => host.kill(Role::Faild),
            Kind::KillFailsh => host.kill(Role::Failsh),
            Kind::Crash => host.crash(),
            Kind::EndFaild | Kind::EndFailsh => {
                let role = if kind == Kind::EndFaild {
                    Role::Faild
                } else {
                    Role::Failsh
                };
                if let Some(wrong) = host.end(role) {
                    self.diary.is_wrong(now(), wrong);
                }
            }
            Kind::StopFaild => host.freeze(Role::Faild, true),
            Kind::StopFailsh => host.freeze(Role::Failsh, true),
            Kind::StopHost => {
                host.freeze(Role::Faild, true);
                host.freeze(Role::Failsh, true);
            }
            Kind::Partition | Kind::OneWay | Kind::Isolate => self.cut(&fault, true),
            Kind::Loss => {
                host.net.loss = fault.amount;
                host.rewire();
            }
            Kind::Delay => drop(host.delay(fault.amount)),
            Kind::FullDisk => host.fill(true),
            Kind::Clock => {
                host.set_clock(fault.amount);
                lasts = false;
            }
            Kind::Away | Kind::Back | Kind::Hold | Kind::Release => {
                self.wish(fault.host, fault.service, kind);
                lasts = false;
            }
            Kind::Reload => {
                if let Some(failsh) = host.failsh.as_ref().filter(|failsh| failsh.ready) {
                    failsh.process.signal(nix::sys::signal::Signal::SIGHUP);
                }
                lasts = false;
            }
            Kind::Dies => {
                host.lose(service_address(fault.service));
                lasts = false;
            }
            Kind::Burst => host.burst(fault.long.as_secs_f64()),
        }
        let entry = self.diary.begins(then, kind, text);
        if lasts {
            let at = Instant::now() + fault.long;
            self.undos.push(Undo { at, entry, fault });
        } else {
            self.diary.ends(now(), entry);
        }
    }

    fn cut(&mut self, fault: &Fault, cut: bool) {
        let ways: Vec<(usize, usize)> = match fault.kind {
            Kind::OneWay => vec![(fault.host, fault.other)],
            Kind::Partition => vec![(fault.host, fault.other), (fault.other, fault.host)],
            _ => {
                let others = (0..self.options.hosts).filter(|other| *other != fault.host);
                others
                    .flat_map(|other| [(fault.host, other), (other, fault.host)])
                    .collect()
            }
        };
        for (ear, of) in ways {
            let deaf = &mut self.hosts[ear].net.deaf;
            match (cut, deaf.iter().position(|is| *is == of)) {
                (true, _) => deaf.push(of),
                (false, Some(at)) => drop(deaf.remove(at)),
                (false, None) => {}
            }
            self.hosts[ear].rewire();
        }
    }

    fn undo(&mut self, undo: &Undo) {
        let fault = &undo.fault;
        let host = &mut self.hosts[fault.host];
        match fault.kind {
            Kind::KillFaild | Kind::EndFaild => host.start(Role::Faild),
            Kind::KillFailsh | Kind::EndFailsh => host.start(Role::Failsh),
            Kind::Crash => host.boot(),
            Kind::StopFaild => host.freeze(Role::Faild, false),
            Kind::StopFailsh => host.freeze(Role::Failsh, false),
            Kind::StopHost => {
                host.freeze(Role::Faild, false);
                host.freeze(Role::Failsh, false);
            }
            Kind::Partition | Kind::OneWay | Kind::Isolate => self.cut(fault, false),
            Kind::Loss => {
                host.net.loss = 0;
                host.rewire();
            }
            Kind::Delay => drop(host.delay(0)),
            Kind::FullDisk => {
                // Sees first who has ended because of it.
                self.look_at(fault.host);
                self.hosts[fault.host].fill(false);
            }
            _ => {}
        }
        self.diary.ends(now(), undo.entry);
    }

    /// Somebody wishes something, by failc. Whether that was acknowledged.
    fn wish(&mut self, host: usize, place: usize, kind: Kind) -> bool {
        let service = SERVICES[place];
        let (verb, about_away, so) = match kind {
            Kind::Away => ("away", true, true),
            Kind::Back => ("back", true, false),
            Kind::Hold => ("hold", false, true),
            _ => ("release", false, false),
        };
        self.diary.typed.push((now(), host, service.to_string()));
        let held = self
            .diary
            .held
            .entry((host, service.to_string()))
            .or_default();
        if kind == Kind::Hold {
            held.is(now(), true);
        }
        let acknowledged = self.hosts[host].failc(&[verb, service, "chaos"]);
        if acknowledged && kind == Kind::Release {
            held.is(now(), false);
        }
        let known = self.wishes.entry((host, place, about_away)).or_default();
        // What was not acknowledged may or may not have been done.
        *known = acknowledged.then_some(so);
        acknowledged
    }

    /// The storm is over: everything runs, and nobody wishes anything any more.
    fn mend(&mut self) {
        for undo in std::mem::take(&mut self.undos) {
            self.undo(&undo);
        }
        for host in &mut self.hosts {
            host.boot();
        }
        self.until("all programs to be ready", |world| {
            world.hosts.iter().all(Host::in_order)
        });
        self.acknowledged_is_kept();
        for host in 0..self.options.hosts {
            for place in 0..SERVICES.len() {
                for kind in [Kind::Release, Kind::Back] {
                    self.until("a wish to be taken back", |world| {
                        world.wish(host, place, kind)
                    });
                }
            }
        }
    }

    /// What failc was told to be done is in the records.
    fn acknowledged_is_kept(&mut self) {
        for no in 0..self.options.hosts {
            let mut records = None;
            self.until("a faild to answer", |world| {
                records = world.hosts[no].records();
                records.is_some()
            });
            for (service, state, marks) in records.into_iter().flatten() {
                let place = SERVICES.iter().position(|name| *name == service);
                for (about_away, mark) in [(true, "away"), (false, "held")] {
                    let known = place.and_then(|place| self.wishes.get(&(no, place, about_away)));
                    let is = marks.iter().any(|is| is == mark);
                    if let Some(Some(so)) = known.filter(|known| **known != Some(is)) {
                        let text = format!(
                            "{service} on {}: failc was told that the mark \"{mark}\" is {so}, and the \
                             record says {state} {}",
                            host_name(no),
                            marks.join(" ")
                        );
                        self.diary.is_wrong(now(), text);
                    }
                }
            }
        }
    }

    /// Looks on until something holds; if it never does that is wrong.
    fn until(&mut self, what: &str, holds: impl FnMut(&mut World<'a>) -> bool) {
        if let Some(limit) = self.waits(holds) {
            let looks = self.looks();
            let hosts = looks.iter().enumerate().map(|(no, look)| words(no, look));
            let hosts = hosts.collect::<Vec<_>>().join("; ");
            let text = format!("{what}: not within {limit:.0?}; {hosts}");
            self.diary.is_wrong(now(), text);
        }
    }

    /// Looks on until something holds. Gives how long that was waited for in vain.
    fn waits(&mut self, mut holds: impl FnMut(&mut World<'a>) -> bool) -> Option<Duration> {
        let limit = Duration::from_nanos(bounds(Span::from_secs(1)).settled.0) * PATIENCE;
        let end = Instant::now() + limit;
        while !self.leaves() {
            if holds(self) {
                return None;
            }
            if Instant::now() > end {
                return Some(limit);
            }
            self.look();
            thread::park_timeout(PACE);
        }
        None
    }

    /// What each host says and has.
    fn looks(&self) -> Vec<Look> {
        let look = |host: &Host| Look {
            records: host.records(),
            owns: std::array::from_fn(|place| host.owner.owns(place)),
        };
        self.hosts.iter().map(look).collect()
    }

    /// What is not at rest is named, at the moment at which an address moved last.
    fn never_rests(&mut self, limit: Duration) {
        let changes = self.hosts.iter().map(|host| host.owner.changes());
        let moved = changes.filter_map(|all| all.last().map(|(at, _)| *at));
        let since = moved.max().unwrap_or(now());
        let found = unrest(&self.looks());
        if found.is_empty() {
            let text = format!("everything to come to rest: not within {limit:.0?}");
            self.diary.is_unsettled(now(), text);
        }
        for text in found {
            let text = format!("{text}, also {limit:.0?} after everything was mended");
            self.diary.is_unsettled(since, text);
        }
    }

    /// Everything comes to rest, and stays so for a while.
    fn rest(&mut self) {
        let mended = now();
        if let Some(limit) = self.waits(|world| unrest(&world.looks()).is_empty()) {
            self.never_rests(limit);
        }
        let settled = now();
        let end = Instant::now() + REST;
        let mut fewest: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        while Instant::now() < end && !self.leaves() {
            self.look();
            for host in &mut self.hosts {
                for role in [Role::Faild, Role::Failsh] {
                    if let Some(open) = host.descriptors(role) {
                        let least = fewest.entry((host.no, role.name())).or_insert(open);
                        *least = open.min(*least);
                    }
                }
            }
            thread::park_timeout(PACE);
        }
        for host in &mut self.hosts {
            for role in [Role::Faild, Role::Failsh] {
                let Some(open) = fewest.get(&(host.no, role.name())) else {
                    continue;
                };
                let name = host_name(host.no);
                let Some(daemon) = host.daemon(role) else {
                    continue;
                };
                let first = *daemon.descriptors.get_or_insert(*open);
                if *open > first + DESCRIPTORS_MORE {
                    let text = format!(
                        "{} of {name} has {open} descriptors, at first {first}: {}",
                        role.name(),
                        host.what_is_open(role)
                    );
                    self.diary.is_wrong(now(), text);
                }
            }
        }
        if !self.leaves() && self.diary.wrong.is_empty() {
            self.diary.calms.push(Calm {
                mended,
                settled,
                end: now(),
            });
        }
    }
}
