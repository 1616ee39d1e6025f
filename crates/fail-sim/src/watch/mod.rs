//! The watch: sees everything that happens in the world, believes nobody, and reports the
//! first property that does not hold. One file per property.

mod calm;
mod checks;
mod ends;
mod fail_stays;
mod hearing;
mod jobs;
mod kept;
mod lonely;
mod obeyed;
mod one_server;
mod pace;
mod past;
mod retries;
mod settled;
mod starts;
mod traps;

use std::collections::BTreeMap;
use std::rc::Rc;

use fail_core::job::{Order, Outcome, Task};
use fail_core::node::{self, Node};
use fail_core::plan;
use fail_core::policy::Trap;
use fail_core::time::Now;
use fail_wire::{Body, Marks, Name, Packet, Record, State};

use crate::bounds::Bounds;
use crate::client::Verb;
use crate::host::Script;
use crate::setup::{Setup, Svc, host_name};
use crate::world::World;
use calm::Calm;
use checks::Checks;
use ends::{Ends, Reloads};
use fail_stays::FailStays;
use hearing::Hearing;
use jobs::Jobs;
use kept::Kept;
use lonely::Alone;
use obeyed::Obeyed;
use pace::Pace;
use past::Pasts;
use retries::Retries;
use settled::Settled;
use starts::Starts;
use traps::Traps;

/// A service on a host.
type Place = (usize, Name);

/// What must hold, each with its mirror beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// Two hosts that hear each other do not both serve.
    OneServer,
    /// Its mirror: in a calm world the highest host that can serve does.
    Settled,
    /// A returning master gets the service soon.
    HandBack,
    /// Its mirror: nobody stops for a master that could not serve.
    EarlyStop,
    /// Never two scripts of one service at once.
    Jobs,
    /// Its mirror: each script ends, or is told to, or is given up.
    JobsEnd,
    /// Nobody leaves FAIL by himself.
    FailStays,
    /// Its mirror: nobody is FAIL without a reason.
    FailReason,
    /// A service that died is found out.
    Found,
    /// Its mirror: one that is well is not taken down.
    Spared,
    /// What runs is not started.
    Adopted,
    /// No start is run that was not announced.
    Announced,
    /// What was half started is taken down first.
    Cleaned,
    /// Nobody comes back from FAIL too early, nor when it is not for him to do so.
    Retry,
    /// Its mirror: who may come back does.
    Retried,
    /// A policy without changes changes nothing.
    Reload,
    /// Whoever is told to end and take its services with it does so.
    Released,
    /// Each order from within is answered once, and truly.
    Answered,
    /// Traps are bounded, and none is missing.
    Traps,
    /// Datagrams and turns are bounded.
    Pace,
    /// Its mirror: every host is asked about every service all the time.
    Polled,
    /// What was acknowledged is there after a crash.
    Kept,
    /// What people wish is done.
    Obeyed,
    /// What a faild remembers is what was.
    Past,
    /// Who is dead to all others stops serving.
    Lonely,
    /// The contract of a machine: deadlines move on, invariants hold, nothing panics.
    Machine,
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// When, in nanoseconds.
    pub at: u64,
    /// What was seen.
    pub text: String,
}

/// Sees everything.
#[derive(Debug, Default)]
pub struct Watch {
    /// The first violation.
    pub violation: Option<Violation>,
    /// Shared, since the watch changes while it goes through them.
    svcs: Rc<[(Svc, Bounds)]>,
    calm: Calm,
    hearing: Hearing,
    settled: Settled,
    jobs: Jobs,
    fail_stays: FailStays,
    pace: Pace,
    kept: Kept,
    checks: Checks,
    starts: Starts,
    retries: Retries,
    reloads: Reloads,
    ends: Ends,
    traps: Traps,
    pasts: Pasts,
    alone: Alone,
    obeyed: Obeyed,
    policy_traps: Vec<Trap>,
    /// When a service on a host was last seen able to serve.
    able: BTreeMap<Place, u64>,
    /// When it was last seen to serve, or about to.
    serving: BTreeMap<Place, u64>,
}

impl Watch {
    /// A watch over such a world.
    pub fn new(setup: &Setup) -> Watch {
        let svcs = setup.services.iter();
        let svcs: Rc<[_]> = svcs
            .map(|svc| (svc.clone(), Bounds::of(setup, svc)))
            .collect();
        Watch {
            pace: Pace::new(setup, &svcs),
            policy_traps: setup.traps.clone(),
            svcs,
            ..Watch::default()
        }
    }

    fn violated(&mut self, property: Property, at: u64, text: String) {
        let violation = Violation { property, at, text };
        self.violation.get_or_insert(violation);
    }

    fn bounds(&self, name: &Name) -> Bounds {
        let found = self.svcs.iter().find(|(svc, _)| svc.name == *name);
        found.map(|(_, bounds)| *bounds).unwrap_or_default()
    }

    /// What a faild says.
    fn seen(&mut self, at: u64, host: usize, name: &Name, record: &Record) {
        self.obeyed.seen(at, &(host, name.clone()), record);
        if record.state == State::Up || record.marks.has(Marks::STARTING) {
            self.serving.insert((host, name.clone()), at);
        }
        if record.state != State::Fail {
            self.able.insert((host, name.clone()), at);
        }
    }

    /// Looks at everything.
    pub fn look(&mut self, world: &World) {
        self.look_calm(world);
        self.look_ends(world);
        for (host, h) in world.hosts.iter().enumerate() {
            for svc in &world.setup.services {
                if let Some(record) = h.record(world.at, &svc.name) {
                    self.seen(world.at, host, &svc.name, &record);
                }
            }
        }
        self.look_one_server(world);
        self.look_settled(world);
        self.look_jobs(world);
        self.look_fail(world);
        self.look_checks(world);
        self.look_starts(world);
        self.look_retries(world);
        self.look_traps(world);
        self.look_lonely(world);
        self.look_polled(world);
    }

    /// A faild is about to handle something.
    pub fn node_turn(
        &mut self,
        at: u64,
        host: usize,
        now: Now,
        node: &Node,
        input: Option<&node::In>,
    ) {
        self.pace_turn(at, host, pace::Who::Node);
        let Some(node::In::Datagram { from, bytes }) = input else {
            if let Some(node::In::Saved { ok, .. }) = input {
                self.fail_stays.saved(host, *ok);
            }
            if let Some(node::In::Saved { ok: false, .. }) = input {
                self.calm.everywhere(at);
                self.calm.unsaved(at, host);
            }
            return;
        };
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        let body = packet.body();
        if let Ok(Body::Forget(forget)) = &body {
            self.calm.stir(at, &forget.name);
            self.kept.asked(host, packet.request());
            self.kept.forgets(host, node.record(now, &forget.name));
        }
        if let Ok(Body::Change(change)) = body {
            // From within as well: nobody promises to say it again.
            let by_hand = change.interval_ms == 0;
            debug_assert!(by_hand || from.addr.port() != crate::net::CLERK_PORT);
            if by_hand {
                self.calm.stir(at, &change.name);
            }
            let record = node.record(now, &change.name);
            self.fail_stays.before(host, change, record, by_hand);
            self.kept.asked(host, packet.request());
        }
    }

    /// A faild has handled it.
    pub fn node_turned(&mut self, at: u64, host: usize, now: Now, node: &Node) {
        self.after_change(at, host, now, node);
    }

    /// A faild sends something.
    pub fn node_sent(&mut self, _at: u64, host: usize, bytes: &[u8]) {
        self.kept.answered(host, bytes);
    }

    /// A faild starts, in this boot.
    pub fn node_back(&mut self, at: u64, host: usize, boot: u64, now: Now, node: &Node) {
        self.calm.everywhere(at);
        self.fail_stays.restarted(at, host, &self.svcs);
        self.pasts.forget(host);
        for (svc, _) in self.svcs.clone().iter() {
            self.seen(at, host, &svc.name, &node.record(now, &svc.name));
        }
        if let Some(text) = self.kept.back(host, boot, now, node) {
            self.violated(Property::Kept, at, text);
        }
    }

    /// The state file of a host is lost.
    pub fn state_lost(&mut self, at: u64, host: usize) {
        self.calm.everywhere(at);
        self.kept.lost(host);
        self.starts.lost(at, host);
        // With the file go wishes: who was FAIL because he was away stays so until a person
        // comes.
        for (svc, _) in self.svcs.iter() {
            self.fail_stays.excuse(host, &svc.name);
        }
    }

    /// A failsh starts.
    pub fn plan_started(&mut self, world: &World, host: usize) {
        self.calm.everywhere(world.at);
        self.obeyed.started(world.at, host);
        self.reloads
            .told
            .insert(host, world.hosts[host].told.clone());
        self.retries.forget(host);
        self.began_checks(world, host);
        self.began_starts(world, host);
        self.hearing.restarted(host);
        self.pace.restarted(host);
    }

    /// A failsh is about to handle something.
    pub fn plan_turn(&mut self, at: u64, host: usize, input: Option<&plan::In>) {
        self.pace_turn(at, host, pace::Who::Plan);
        if let Some(plan::In::Datagram { bytes, .. }) = input {
            self.hearing.heard(at, host, bytes);
        }
    }

    /// A failsh sends something to a host.
    pub fn plan_sent(&mut self, at: u64, host: usize, to: usize, bytes: &[u8]) {
        self.pace_sent(at, host);
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        if let Ok(Body::Query(query)) = packet.body() {
            self.pace.asked(at, host, to, &query.names);
            if let Some(name) = query.names.first().filter(|_| host != to) {
                let bounds = self.bounds(name);
                self.hearing
                    .asked(at, (host, to), name, &bounds, packet.request());
            }
        }
    }

    /// A failsh runs a script.
    pub fn ran(&mut self, world: &World, host: usize, order: &Order, script: &Script) {
        self.ran_job(world, host, order);
        self.ran_in_order(world, host, order);
        self.ran_obeyed(world, host, order);
        self.ran_checked(world, host, order, !script.fate.honest());
        self.ran_starts(world, host, order);
        match order.task {
            Task::Start => {
                self.ran_start(world, host, order);
                self.ran_start_alone(world, host, order);
            }
            Task::Stop => self.ran_stop(world, host, order),
            Task::Reclaim | Task::Check => {}
        }
        if !script.fate.honest() {
            self.fail_stays.excuse(host, &order.service);
        }
    }

    /// A script has ended.
    pub fn ended(&mut self, at: u64, place: (usize, &Name), script: &Script, said: &Outcome) {
        let (host, name) = place;
        let place = (host, name.clone());
        self.ended_retry(at, &place, script, said);
        self.ended_checked(&place, script, said);
        if script.task == Task::Check && *said != Ok(script.from) {
            // It is not as failsh holds it for: something will follow.
            self.calm.stir(at, name);
            self.fail_stays.excuse(host, name);
        }
        if !script.fate.honest() {
            self.calm.stir(at, name);
            self.calm.bad_script(at, host, name, script);
        }
    }

    /// Somebody types failc.
    pub fn typed(&mut self, at: u64, host: usize, name: &Name, verb: Verb) {
        if verb.only_looks() {
            return;
        }
        self.calm.stir(at, name);
        self.checks.touched(&(host, name.clone()));
        self.retries.touched(&(host, name.clone()));
        if let Verb::Set(_) | Verb::Forget = verb {
            self.calm.by_hand(at, host, name);
            self.fail_stays.excuse(host, name);
        }
    }

    /// Something happens to a service itself.
    pub fn stirred(&mut self, at: u64, name: &Name) {
        self.calm.stir(at, name);
    }

    /// A deadline stayed in the past.
    pub fn stuck(&mut self, at: u64, host: usize, who: &str) {
        let text = format!(
            "{}: the deadline of its {who} stays in the past",
            host_name(host)
        );
        self.violated(Property::Machine, at, text);
    }

    /// A machine broke an invariant of its own.
    pub fn panicked(&mut self, at: u64, text: String) {
        self.violated(Property::Machine, at, text);
    }
}
