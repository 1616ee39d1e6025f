//! A host's faild: driven, started, killed, stopped; and the disk that it saves to.

use fail_core::access::{Access, Rights};
use fail_core::machine::Machine;
use fail_core::node::{self, Node};
use fail_core::policy::FAILD_PORT;

use fail_wire::Key;

use super::{Broken, Event, World, lateness};
use crate::host::BUFFER_MAX;
use crate::rng::Use;
use crate::setup::{MS, SECOND_COMMUNITY, Setup, host_name};
use crate::skew;

impl World {
    pub(super) fn turn_node(&mut self, host: usize, input: Option<node::In>) {
        let h = &mut self.hosts[host];
        let now = h.now(self.at);
        if h.node.stopped {
            // A signal that a save is done comes through a pipe, which is never full.
            let room =
                h.node.inbox.len() < BUFFER_MAX || matches!(input, Some(node::In::Saved { .. }));
            h.node.inbox.extend(input.filter(|_| room));
            return;
        }
        let Some(node) = &mut h.node.machine else {
            return;
        };
        if let Some(node::In::Datagram { from, bytes }) = &input {
            if let Some(refusal) = skew::refuses(h.skews.0, &self.keys, bytes) {
                let to = from.addr;
                self.count("requests that another version refuses");
                return self.send(host, FAILD_PORT, to, refusal);
            }
        }
        let woken = input.is_none();
        self.watch
            .node_turn(self.at, host, now, node, input.as_ref());
        match input {
            Some(input) => node.handle(now, input),
            None => node.expire(now),
        }
        self.watch.node_turned(self.at, host, now, node);
        if woken && node.deadline().is_some_and(|at| at <= now.mono) {
            self.watch.stuck(self.at, host, "faild");
        }
        let outs: Vec<node::Out> = std::iter::from_fn(|| node.poll()).collect();
        let deadline = node.deadline();
        let late = lateness(self.dice.of(Use::Late, host, 0));
        let at = self.at;
        h.node.wake = deadline.map(|deadline| h.when(deadline).max(at) + late);
        for out in outs {
            self.node_wants(host, out);
        }
    }

    fn node_wants(&mut self, host: usize, out: node::Out) {
        match out {
            node::Out::Send { to, bytes } => {
                self.watch.node_sent(self.at, host, &bytes);
                let bytes = skew::answers(self.hosts[host].skews.0, &self.keys, bytes);
                self.send(host, FAILD_PORT, to.addr, bytes);
            }
            node::Out::Log(line) => self.log(host, "faild", &line.text),
            // Nobody in the simulation asks for that.
            node::Out::Level { .. } => {}
            // Its network has no queue that could be full.
            node::Out::Know { .. } | node::Out::Forget { .. } => {}
            node::Out::Save { no, image } => {
                let disk = self.dice.of(Use::Disk, host, 0);
                let way = disk.between(self.setup.save_max / 20, self.setup.save_max);
                let ok = !(disk.per_mille(20) && self.setup.wild);
                let life = self.hosts[host].node.life;
                self.hosts[host].saving = Some(image);
                if self.broken == Broken::SavedEarly {
                    self.later(way + 50 * MS, Event::Saved(host, life, 0, true));
                    return self.later(0, Event::Saved(host, life, no, true));
                }
                self.later(way, Event::Saved(host, life, no, ok));
            }
        }
    }

    pub(super) fn saved(&mut self, host: usize, life: u64, no: u64, ok: bool) {
        if self.hosts[host].node.life != life || self.hosts[host].node.machine.is_none() {
            return;
        }
        let early = self.broken == Broken::SavedEarly && no != 0;
        let image = self.hosts[host].saving.take_if(|_| !early);
        if let Some(image) = image.filter(|_| ok) {
            self.hosts[host].disk = image;
        }
        if self.broken != Broken::SavedEarly || no != 0 {
            self.turn_node(host, Some(node::In::Saved { no, ok }));
        }
    }

    /// The faild starts with what is on disk.
    pub fn start_node(&mut self, host: usize) {
        let seed = self.dice.of(Use::Host, host, 1).seed();
        let h = &mut self.hosts[host];
        if !h.up || h.node.machine.is_some() {
            return;
        }
        let boot = format!("boot {} of {}", h.boot, host_name(host));
        let access = access(&self.setup);
        let node = Node::new(h.now(self.at), &boot, &seed, access, h.disk.clone());
        self.watch
            .node_back(self.at, host, h.boot, h.now(self.at), &node);
        h.node.start(self.at, node);
        h.saving = None;
        self.log(host, "faild", "is started");
    }

    /// The faild dies. A save under way is kept or not.
    pub fn kill_node(&mut self, host: usize) {
        let kept =
            self.dice.of(Use::Disk, host, 1).per_mille(500) && self.broken != Broken::SavedEarly;
        let h = &mut self.hosts[host];
        if let Some(image) = h.saving.take().filter(|_| kept && h.node.machine.is_some()) {
            h.disk = image;
        }
        h.node.kill();
        h.released = false;
        h.clerk.forget();
    }

    /// The faild goes on after it was stopped.
    pub fn continue_node(&mut self, host: usize) {
        if !std::mem::take(&mut self.hosts[host].node.stopped) {
            return;
        }
        self.hosts[host].node.since = self.at;
        for input in std::mem::take(&mut self.hosts[host].node.inbox) {
            self.turn_node(host, Some(input));
        }
    }
}

/// Whoever knows the community of a service may read it; from the host itself it may be
/// changed.
fn access(setup: &Setup) -> Access {
    let mut access = Access::open();
    let services = setup.services.iter().filter_map(|svc| {
        let community = svc.settings.community.as_deref()?;
        Some((Some(svc.name.clone()), community))
    });
    for (service, community) in services.chain([(None, SECOND_COMMUNITY)]) {
        if let Ok(key) = Key::new(community) {
            let _ = access.add(service, key, Rights::ReadOnly);
        }
    }
    access
}
