//! What a failsh shows of itself, as the values of the monitor stream.

use fail_wire::Name;
use fail_wire::monitor::{HealthView, HostView, ServiceView};

use super::Plan;
use crate::time::Now;

impl Plan {
    /// A service as it is now, without its settings; nothing if it is not in the policy.
    pub fn service_view(&self, _now: Now, name: &Name) -> Option<ServiceView> {
        let _duty = self.duties.get(name)?;
        Some(ServiceView::default())
    }

    /// A host as it is now; nothing if it is not in the policy.
    pub fn host_view(&self, _now: Now, name: &Name) -> Option<HostView> {
        let _link = self.hosts.get(name)?;
        Some(HostView::default())
    }

    /// How well this failsh does its own work.
    pub fn health_view(&self, _now: Now) -> HealthView {
        HealthView::default()
    }

    /// The services of the policy.
    pub fn service_names(&self) -> impl Iterator<Item = &Name> {
        self.duties.keys()
    }

    /// The other hosts of the policy.
    pub fn host_names(&self) -> impl Iterator<Item = &Name> {
        self.hosts.keys()
    }
}
