//! **Jobs**: never two scripts of one service at once on a host, and no number twice.
//! **Its mirror**: each script ends, or is told to end at its `timeout`, or is given up five
//! seconds after that and its service published as FAIL.

use std::collections::BTreeMap;

use fail_core::job::Order;

use super::{Property, Watch};
use crate::setup::host_name;
use crate::world::World;

/// The highest number of a job so far, by host and life of its failsh.
#[derive(Debug, Default)]
pub(super) struct Jobs(BTreeMap<(usize, u64), u64>);

impl Watch {
    pub(super) fn ran_job(&mut self, world: &World, host: usize, order: &Order) {
        let name = &order.service;
        let others = world.hosts[host].truth.get(name);
        if others.is_some_and(|truth| !truth.scripts.is_empty()) {
            let text = format!("{name}: two scripts at once on {}", host_name(host));
            self.violated(Property::Jobs, world.at, text);
        }
        let life = world.hosts[host].plan.life;
        let was = self.jobs.0.insert((host, life), order.job.0);
        if was.is_some_and(|was| was >= order.job.0) {
            let text = format!("{} on {} is not a new number", order.job, host_name(host));
            self.violated(Property::Jobs, world.at, text);
        }
    }

    pub(super) fn look_jobs(&mut self, world: &World) {
        for (n, host) in world.hosts.iter().enumerate() {
            let Some(plan) = host.plan.machine.as_ref().filter(|_| host.plan.runs()) else {
                continue;
            };
            for (name, truth) in &host.truth {
                let bounds = self.bounds(name);
                let busy = plan.status(name).is_some_and(|status| status.busy);
                for script in &truth.scripts {
                    let late = |from: u64, bound| world.at - from.max(host.plan.since) > bound;
                    let fault = match script.cancelled {
                        None if late(script.began, bounds.cancel) => "was not told to end",
                        Some(at) if busy && late(at, bounds.grace) => "was not given up",
                        _ => continue,
                    };
                    let text = format!("{name}: {} on {} {fault}", script.job, host_name(n));
                    self.violated(Property::JobsEnd, world.at, text);
                }
            }
        }
    }
}
