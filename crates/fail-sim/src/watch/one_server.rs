//! **One server.** Two hosts serve the same service only if within the last T (`stop` of
//! [`crate::bounds`]) one of them could not hear the other, or had a faild or failsh that
//! did not run, or was held, or was told a fact by hand, or its stop script failed. While a
//! start hangs the time does not count: it can not be stopped before it has ended.
//!
//! To serve is: the service really runs, and a living failsh there holds it for UP or is
//! busy with a script of it. What a failed stop script leaves running and calls FAIL, or what
//! a dying failsh leaves behind, nobody can know; it is not counted.
//!
//! T is not the price of a start: between hosts that hear each other the mark `starting` and
//! the round after it allow no overlap at all. T is the time in which a host that has not
//! heard the other sees it again and stops. Away and back are no excuse.
//!
//! So there is a stricter half without any T: no start is ordered on a host that hears another
//! one whose faild and failsh run and whose record has said UP, or starting, for a `round`.

use super::{Property, Watch};
use crate::host::{Host, Script};
use crate::setup::{MS, host_name};
use crate::world::World;
use fail_core::job::{Order, Task};
use fail_wire::{Marks, Name, State};

/// Whether a host serves.
pub(super) fn serves(host: &Host, name: &Name) -> bool {
    let running = host.truth.get(name).is_some_and(|truth| truth.running);
    let status = host
        .plan
        .machine
        .as_ref()
        .and_then(|plan| plan.status(name));
    // A check tells nothing of who has started it.
    let works = |script: &Script| script.task != Task::Check;
    let works = (host.truth.get(name)).is_some_and(|truth| truth.scripts.iter().any(works));
    running && status.is_some_and(|status| status.busy && works || status.state == Some(State::Up))
}

impl Watch {
    /// The stricter half.
    pub(super) fn ran_start_alone(&mut self, world: &World, host: usize, order: &Order) {
        let (name, round) = (&order.service, self.bounds(&order.service).round);
        let since = world.at.saturating_sub(round);
        for (n, other) in world.hosts.iter().enumerate().filter(|(n, _)| *n != host) {
            let Some(record) = other.record(world.at, name) else {
                continue;
            };
            let serves = record.state == State::Up || record.marks.has(Marks::STARTING);
            let old = record.age_ms > round / MS;
            let whole = other.whole() && other.node.since.max(other.plan.since) < since;
            let heard = self
                .hearing
                .deaf_to(world.at, host, n)
                .is_none_or(|deaf| deaf < since);
            if serves && old && whole && heard {
                let (host, other) = (host_name(host), host_name(n));
                let text = format!("{name}: {host} starts, but hears that {other} serves");
                self.violated(Property::OneServer, world.at, text);
            }
        }
    }

    pub(super) fn look_one_server(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            let serving = (0..world.hosts.len()).filter(|n| serves(&world.hosts[*n], &svc.name));
            let serving: Vec<usize> = serving.collect();
            for (n, a) in serving.iter().enumerate() {
                for b in &serving[n + 1..] {
                    let excused = [*a, *b].map(|host| self.calm.excused(host, &svc.name));
                    let deaf = self.hearing.deaf(world.at, *a, *b).unwrap_or(0);
                    let excused = excused[0].max(excused[1]).max(deaf);
                    let hung =
                        |host: usize| self.calm.hung_start(world.at, host, &svc.name, bounds.stop);
                    let began = hung(*a).into_iter().chain(hung(*b)).min();
                    if began.unwrap_or(world.at).saturating_sub(excused) > bounds.stop {
                        let text = format!(
                            "{}: both {} and {} serve, and nothing excuses it for {} ms",
                            svc.name,
                            host_name(*a),
                            host_name(*b),
                            (world.at - excused) / MS
                        );
                        self.violated(Property::OneServer, world.at, text);
                    }
                }
            }
        }
    }
}
