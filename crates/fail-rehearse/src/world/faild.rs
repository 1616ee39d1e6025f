//! A host's faild: driven, started, killed; and the disk that it saves to.

use fail_core::log::Level;
use fail_core::machine::Machine;
use fail_core::node::{self, Node};
use fail_core::policy::FAILD_PORT;

use super::{Event, World};
use crate::report::Kind;
use crate::scenario::MS;

/// How long a save takes.
const SAVE: (u64, u64) = (MS, 4 * MS);

impl World<'_> {
    pub(super) fn turn_node(&mut self, host: usize, input: Option<node::In>) {
        let now = self.now();
        let Some(node) = &mut self.hosts[host].node else {
            return;
        };
        match input {
            Some(input) => node.handle(now, input),
            None => node.expire(now),
        }
        let outs: Vec<node::Out> = std::iter::from_fn(|| node.poll()).collect();
        let deadline = node.deadline();
        let late = self.lateness();
        let wake = deadline.map(|deadline| self.when(deadline) + late);
        self.hosts[host].node_wake = wake;
        for out in outs {
            self.node_wants(host, out);
        }
    }

    fn node_wants(&mut self, host: usize, out: node::Out) {
        match out {
            node::Out::Send { to, bytes } => {
                let port = to.local.map_or(FAILD_PORT, |local| local.port());
                self.send(host, port, to.addr, bytes);
            }
            node::Out::Save { no, image } => {
                self.hosts[host].saving = Some(image);
                let life = self.hosts[host].node_life;
                let takes = self.rng.between(SAVE.0, SAVE.1);
                self.later(takes, Event::Saved(host, life, no));
            }
            node::Out::Log(line) if line.level == Level::Debug => {}
            node::Out::Log(line) => {
                let text = format!("faild: {}", line.text);
                self.say(Some(host), Kind::Log, text);
            }
            // Nobody sets levels here, and no queue is ever full.
            node::Out::Level { .. } | node::Out::Know { .. } | node::Out::Forget { .. } => {}
        }
    }

    pub(super) fn saved(&mut self, host: usize, life: u64, no: u64) {
        let h = &mut self.hosts[host];
        if h.node_life != life || h.node.is_none() {
            return;
        }
        if let Some(image) = h.saving.take() {
            h.disk = image;
        }
        self.turn_node(host, Some(node::In::Saved { no, ok: true }));
    }

    pub(super) fn start_node(&mut self, host: usize) {
        let (now, seed) = (self.now(), self.rng.seed());
        let access = self.access.clone();
        let h = &mut self.hosts[host];
        if !h.up || h.node.is_some() {
            return;
        }
        let boot = format!("boot {} of {}", h.boots, h.name);
        h.node = Some(Node::new(now, &boot, &seed, access, h.disk.clone()));
        h.node_life += 1;
        h.saving = None;
        self.turn_node(host, None);
    }

    pub(super) fn kill_node(&mut self, host: usize) {
        let h = &mut self.hosts[host];
        (h.node, h.node_wake, h.saving) = (None, None, None);
        h.clerk.forget();
    }
}
