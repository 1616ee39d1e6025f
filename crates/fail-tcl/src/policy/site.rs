//! What the policy commands share: the draft they fill in, and who said what where.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use fail_core::limits::{HOSTS_MAX, POLICY_SERVICES_MAX};
use fail_core::policy::{Host, Policy, Service};
use fail_wire::Name;

use super::place::{Blame, Place};
use crate::board::Board;
use crate::thread::Out;

/// The shared state of the policy commands of one interpreter.
pub(crate) struct Site {
    pub(super) draft: RefCell<Draft>,
    /// Where the last error that a command of ours raised comes from.
    pub(super) blame: RefCell<Option<Blame>>,
    /// All files have been read: nothing can be set any more.
    pub(super) closed: Cell<bool>,
    pub(super) out: Out,
    /// What the engine holds for true.
    #[allow(dead_code, reason = "read by the next change")]
    pub(super) board: Board,
}

impl Site {
    pub(crate) fn new(out: Out, board: Board) -> Site {
        Site {
            draft: RefCell::default(),
            blame: RefCell::default(),
            closed: Cell::new(false),
            out,
            board,
        }
    }

    /// All files have been read: from now on only scripts and callbacks run.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// One service of the policy.
    pub(crate) fn with_service<T>(&self, name: &Name, f: impl FnOnce(&Service) -> T) -> Option<T> {
        self.draft.borrow().policy.services.get(name).map(f)
    }
}

/// A policy on its way.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) policy: Policy,
    /// Where each option of each service was set last; `""` is its first mention.
    places: BTreeMap<(Name, &'static str), Place>,
    /// Where each host was spoken of last.
    host_places: BTreeMap<Name, Place>,
}

impl Draft {
    /// The hosts so far: those with settings and those that a service names.
    pub(super) fn hosts(&self) -> BTreeSet<&Name> {
        let named = self.policy.services.values().flat_map(peers);
        self.policy.hosts.keys().chain(named).collect()
    }

    /// A host as it stands; nothing when nobody has named it.
    pub(super) fn host(&self, name: &Name) -> Option<Host> {
        let host = self.policy.hosts.get(name).cloned();
        host.or_else(|| self.hosts().contains(name).then(Host::default))
    }

    /// Puts a host in, unless it is one too many.
    pub(super) fn put_host(
        &mut self,
        name: Name,
        host: Host,
        place: Option<Place>,
    ) -> Result<(), String> {
        let hosts = self.hosts();
        if hosts.len() >= HOSTS_MAX && !hosts.contains(&name) {
            return Err(format!("at most {HOSTS_MAX} hosts in a policy"));
        }
        self.host_places
            .extend(place.map(|place| (name.clone(), place)));
        self.policy.hosts.insert(name, host);
        Ok(())
    }

    /// Puts a service in whose options `set` were said at `place`, unless it or a host that
    /// it names is one too many.
    pub(super) fn put_service(
        &mut self,
        name: Name,
        service: Service,
        set: &[&'static str],
        place: Option<Place>,
    ) -> Result<(), String> {
        let known = self.policy.services.len();
        if known >= POLICY_SERVICES_MAX && !self.policy.services.contains_key(&name) {
            return Err(format!(
                "at most {POLICY_SERVICES_MAX} services in a policy"
            ));
        }
        if set
            .iter()
            .any(|option| ["masters", "slaves"].contains(option))
        {
            let mut hosts = self.hosts();
            hosts.extend(peers(&service));
            if hosts.len() > HOSTS_MAX {
                return Err(format!("at most {HOSTS_MAX} hosts in a policy"));
            }
        }
        if let Some(place) = place {
            let first = (name.clone(), "");
            self.places.entry(first).or_insert_with(|| place.clone());
            for option in set {
                self.places.insert((name.clone(), option), place.clone());
            }
        }
        self.policy.services.insert(name, service);
        Ok(())
    }

    /// Where a host was spoken of: by `failhost`, or else by the first service that names it.
    pub(super) fn host_place(&self, host: &Name) -> Option<&Place> {
        let named = self.policy.services.iter().find_map(|(name, service)| {
            let option = match (
                service.masters.contains(host),
                service.slaves.contains(host),
            ) {
                (true, _) => "masters",
                (_, true) => "slaves",
                _ => return None,
            };
            self.place(name, option)
        });
        self.host_places.get(host).or(named)
    }

    /// Where an option was set, or else where its service was first mentioned.
    pub(super) fn place(&self, service: &Name, option: &'static str) -> Option<&Place> {
        let at = |option| self.places.get(&(service.clone(), option));
        at(option).or_else(|| at(""))
    }
}

fn peers(service: &Service) -> impl Iterator<Item = &Name> {
    service.masters.iter().chain(&service.slaves)
}
