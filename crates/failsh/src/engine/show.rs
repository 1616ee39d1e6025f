//! What others may see: the board, from which scripts read, and the news for who watches.
//!
//! A view is made when something in it has changed, once in a turn however often it changed.
//! The health changes all the time: it is looked at once in a while, and a turn is made for
//! it only when somebody watches.

use fail_core::event::Event;
use fail_core::plan::{Plan, Subject};
use fail_core::time::{Mono, Now, Span};
use fail_rt::clock;
use fail_wire::Name;
use fail_wire::monitor::{EventView, HostView, ServiceView, Update};
use std::sync::Arc;

use super::Engine;
use crate::dump::Snapshot;

/// Between two looks at the health.
const HEALTH_EVERY: Span = Span::from_secs(1);

impl Engine {
    /// Puts up on the board what has changed, and tells who watches.
    pub(super) fn show(&mut self) {
        let now = clock::now();
        while let Some(subject) = self.stale.pop_first() {
            let update = match &subject {
                Subject::Service(name) => self.show_service(now, name),
                Subject::Host(name) => self.show_host(now, name),
            };
            if let Some(update) = update {
                self.serves.changed(&update);
            }
        }
        if now.mono >= self.health_at {
            self.health_at = now.mono + HEALTH_EVERY;
            let health = self.plan().health_view(now);
            self.board.put_health(Arc::new(health.clone()));
            self.serves.changed(&Update::Health(health));
            self.show_status();
        }
        self.serves.write(now.mono);
    }

    /// Tells the service manager in one line.
    fn show_status(&mut self) {
        if !self.notify.is_heard() || self.leaving.is_some() || self.releasing {
            return;
        }
        let status = status(&self.board.services(), &self.board.hosts());
        if status != self.status {
            self.notify.status(&status);
            self.status = status;
        }
    }

    /// When a turn is to be made for the health.
    pub(super) fn show_deadline(&self) -> Option<Mono> {
        let wanted = self.serves.is_watched() || self.notify.is_heard();
        wanted.then_some(self.health_at)
    }

    pub(super) fn plan(&self) -> &Plan {
        self.driver.machine()
    }

    /// Nothing: it is shown as it is.
    fn show_service(&mut self, now: Now, name: &Name) -> Option<Update> {
        let view = self.service_view(now, name);
        if self.board.service(name.as_str()).as_deref() == view.as_ref() {
            return None;
        }
        let shown = view.clone().map(Arc::new);
        self.board.put_service(name.as_str(), shown);
        Some(match view {
            Some(view) => Update::Service(Box::new(view)),
            None => gone("service", name),
        })
    }

    fn show_host(&mut self, now: Now, name: &Name) -> Option<Update> {
        let view = self.plan().host_view(now, name);
        if self.board.host(name.as_str()).as_deref() == view.as_ref() {
            return None;
        }
        let shown = view.clone().map(Arc::new);
        self.board.put_host(name.as_str(), shown);
        Some(match view {
            Some(view) => Update::Host(view),
            None => gone("host", name),
        })
    }

    /// A service as it is now, with its settings.
    pub(super) fn service_view(&self, now: Now, name: &Name) -> Option<ServiceView> {
        let mut view = self.plan().service_view(now, name)?;
        if let Some(service) = self.policy.services.get(name) {
            view.settings = fail_tcl::settings(service);
        }
        Some(view)
    }

    /// Everything, for a dump. What is many is only pointed to.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        self.show();
        let (now, plan) = (clock::now(), self.plan());
        let hosts = plan
            .host_names()
            .filter_map(|name| plan.host_view(now, name));
        let minds = self.minds.all().map(|(generation, jobs)| {
            let scripts = if jobs == 1 { "script" } else { "scripts" };
            format!("{} ({jobs} {scripts})", generation.0)
        });
        let minds: Vec<_> = minds.collect();
        let reading = match self.reload.is_reading() {
            true => "; it is being read again",
            false => "",
        };
        let read = self.minds.current().0;
        Snapshot {
            now: now.wall.0,
            about: vec![
                ("version", env!("CARGO_PKG_VERSION").to_string()),
                ("process", std::process::id().to_string()),
                ("policy", format!("reading {read}{reading}")),
                ("files", self.reload.files().join("\n")),
                ("minds", minds.join(", ")),
            ],
            hosts: hosts.collect(),
            health: plan.health_view(now),
            services: self.board.services(),
        }
    }

    /// Something has happened.
    pub(super) fn on_event(&mut self, event: Event) {
        let data = event.data.into_iter();
        let data = data.map(|(name, value)| (name.to_string(), value));
        self.serves.changed(&Update::Event(EventView {
            at: clock::now().wall.0,
            event: event.kind.word().to_string(),
            subject: event.subject.to_string(),
            data: data.collect(),
        }));
    }
}

/// `3 services: 2 UP, 1 RECOVER; 1 host unreachable`.
fn status(services: &[Arc<ServiceView>], hosts: &[Arc<HostView>]) -> String {
    let plural = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let mut states = Vec::new();
    for state in ["UP", "RECOVER", "FAIL", "unknown"] {
        let is = |view: &&Arc<ServiceView>| view.state.as_deref().unwrap_or("unknown") == state;
        match services.iter().filter(is).count() {
            0 => {}
            count => states.push(format!("{count} {state}")),
        }
    }
    let silent = hosts.iter().filter(|host| host.reachable == Some(false));
    let mut status = plural(services.len(), "service");
    if !states.is_empty() {
        status += &format!(": {}", states.join(", "));
    }
    match silent.count() {
        0 => status,
        count => format!("{status}; {} unreachable", plural(count, "host")),
    }
}

fn gone(what: &str, name: &Name) -> Update {
    Update::Gone {
        what: what.to_string(),
        name: name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        let service = |state: &str| {
            Arc::new(ServiceView {
                state: Some(state.to_string()),
                ..ServiceView::default()
            })
        };
        let host = |reachable| {
            Arc::new(HostView {
                reachable,
                ..HostView::default()
            })
        };
        let services = ["UP", "RECOVER", "UP"].map(service);
        let hosts = [None, Some(true), Some(false)].map(host);
        assert_eq!(
            status(&services, &hosts),
            "3 services: 2 UP, 1 RECOVER; 1 host unreachable"
        );
        assert_eq!(status(&[], &hosts[..2]), "0 services");
        let new = Arc::new(ServiceView::default());
        assert_eq!(status(&[new], &[]), "1 service: 1 unknown");
    }
}
