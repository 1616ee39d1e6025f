//! The board: what the engine holds for true, for scripts to read at any moment.
//!
//! The engine writes, scripts read; neither waits for the other longer than it takes to copy
//! a pointer. What a script reads may be older than the event that started it, never newer
//! than the engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fail_wire::monitor::{HealthView, HostView, ServiceView};

/// Views of all services and hosts, by name. Clones show the same board.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    services: BTreeMap<String, Arc<ServiceView>>,
    hosts: BTreeMap<String, Arc<HostView>>,
    health: Arc<HealthView>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing is left half done if somebody panics here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a service up, or takes it down.
    pub fn put_service(&self, name: &str, view: Option<Arc<ServiceView>>) {
        let services = &mut self.lock().services;
        match view {
            Some(view) => services.insert(name.to_string(), view),
            None => services.remove(name),
        };
    }

    /// Puts a host up, or takes it down.
    pub fn put_host(&self, name: &str, view: Option<Arc<HostView>>) {
        let hosts = &mut self.lock().hosts;
        match view {
            Some(view) => hosts.insert(name.to_string(), view),
            None => hosts.remove(name),
        };
    }

    /// Puts up how the engine does.
    pub fn put_health(&self, view: Arc<HealthView>) {
        self.lock().health = view;
    }

    /// A service; nothing if it is not there (yet).
    pub fn service(&self, name: &str) -> Option<Arc<ServiceView>> {
        self.lock().services.get(name).cloned()
    }

    /// A host; nothing if it is not there (yet).
    pub fn host(&self, name: &str) -> Option<Arc<HostView>> {
        self.lock().hosts.get(name).cloned()
    }

    /// All hosts, by name.
    pub fn hosts(&self) -> Vec<Arc<HostView>> {
        self.lock().hosts.values().cloned().collect()
    }

    /// All services, by name.
    pub fn services(&self) -> Vec<Arc<ServiceView>> {
        self.lock().services.values().cloned().collect()
    }

    /// How the engine does.
    pub fn health(&self) -> Arc<HealthView> {
        Arc::clone(&self.lock().health)
    }
}
