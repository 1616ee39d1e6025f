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
            self.serves.changed(&update);
        }
        if now.mono >= self.health_at {
            self.health_at = now.mono + HEALTH_EVERY;
            let health = self.plan().health_view(now);
            self.board.put_health(Arc::new(health.clone()));
            self.serves.changed(&Update::Health(health));
        }
        self.serves.write(now.mono);
    }

    /// When a turn is to be made for the health.
    pub(super) fn show_deadline(&self) -> Option<Mono> {
        self.serves.is_watched().then_some(self.health_at)
    }

    pub(super) fn plan(&self) -> &Plan {
        self.driver.machine()
    }

    fn show_service(&mut self, now: Now, name: &Name) -> Update {
        let view = self.service_view(now, name);
        let shown = view.clone().map(Arc::new);
        self.board.put_service(name.as_str(), shown);
        match view {
            Some(view) => Update::Service(Box::new(view)),
            None => gone("service", name),
        }
    }

    fn show_host(&mut self, now: Now, name: &Name) -> Update {
        let view: Option<HostView> = self.plan().host_view(now, name);
        let shown = view.clone().map(Arc::new);
        self.board.put_host(name.as_str(), shown);
        match view {
            Some(view) => Update::Host(view),
            None => gone("host", name),
        }
    }

    /// A service as it is now, with its settings.
    pub(super) fn service_view(&self, now: Now, name: &Name) -> Option<ServiceView> {
        self.plan().service_view(now, name)
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

fn gone(what: &str, name: &Name) -> Update {
    Update::Gone {
        what: what.to_string(),
        name: name.to_string(),
    }
}
