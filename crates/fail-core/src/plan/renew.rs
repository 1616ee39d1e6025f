//! A new policy while services run, and the end of a failsh that releases them first.

use std::net::SocketAddr;

use fail_wire::{Key, Name};

use super::Plan;
use crate::policy::Policy;
use crate::time::Now;

impl Plan {
    /// Whether this policy can be used: what [`super::In::Policy`] needs to be told before.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn admits(policy: &Policy) -> Result<(), String> {
        for (name, host) in &policy.hosts {
            Key::new(&host.community)
                .map_err(|bad| format!("failhost {name}: community: {bad}"))?;
        }
        Ok(())
    }

    pub(super) fn renew(&mut self, _now: Now, _policy: Policy, _known: Vec<(Name, SocketAddr)>) {}

    pub(super) fn release(&mut self, _now: Now) {}
}
