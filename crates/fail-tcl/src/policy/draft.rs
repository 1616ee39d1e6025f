//! A policy on its way: what has been said so far, and where.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::limits::{HOSTS_MAX, POLICY_SERVICES_MAX, TRAPS_MAX};
use fail_core::policy::{Host, On, Policy, Service, Trap};
use fail_core::time::Wall;
use fail_wire::Name;

use super::codes::{Code, Fault};
use super::options::{HOST, SERVICE};
use super::place::Place;

/// A policy on its way. Hosts that are only named by services are not in it; they come into
/// being when it is [finished](Draft::finished).
#[derive(Default, Clone)]
pub(super) struct Draft {
    pub(super) policy: Policy,
    /// Where each option of each service was set last; `""` is its first mention.
    places: BTreeMap<(Name, &'static str), Place>,
    /// Where each host was spoken of last.
    host_places: BTreeMap<Name, Place>,
    /// What was set at a console, and until when; nothing: until the policy is read again.
    pub(super) console: BTreeMap<Key, Option<Wall>>,
}

/// Something that can be set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// An option of a host.
    Host(Name, &'static str),
    /// An option of a service.
    Service(Name, &'static str),
    /// All traps.
    Traps,
}

/// What it was.
#[derive(Debug, Clone)]
pub(super) enum Old {
    /// The value, as it is printed.
    Text(String),
    /// All traps.
    Traps(Vec<Trap>),
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
    ) -> Result<(), Fault> {
        let hosts = self.hosts();
        if hosts.len() >= HOSTS_MAX && !hosts.contains(&name) {
            return Err(too_many("hosts", HOSTS_MAX));
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
    ) -> Result<(), Fault> {
        let known = self.policy.services.len();
        if known >= POLICY_SERVICES_MAX && !self.policy.services.contains_key(&name) {
            return Err(too_many("services", POLICY_SERVICES_MAX));
        }
        if set
            .iter()
            .any(|option| ["masters", "slaves"].contains(option))
        {
            let mut hosts = self.hosts();
            hosts.extend(peers(&service));
            if hosts.len() > HOSTS_MAX {
                return Err(too_many("hosts", HOSTS_MAX));
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

    /// Adds a trap. One that is there already stays where it is.
    pub(super) fn put_trap(&mut self, trap: Trap) -> Result<(), Fault> {
        let traps = &mut self.policy.traps;
        if traps.contains(&trap) {
            return Ok(());
        }
        if traps.len() >= TRAPS_MAX {
            return Err(too_many("traps", TRAPS_MAX));
        }
        traps.push(trap);
        Ok(())
    }

    /// Takes away all traps for a pattern and an event.
    pub(super) fn drop_traps(&mut self, pattern: &str, on: On) {
        let traps = &mut self.policy.traps;
        traps.retain(|trap| !(trap.pattern == pattern && trap.on == on));
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

    /// Whether there is anything yet that this is an option of.
    pub(super) fn has(&self, key: &Key) -> bool {
        match key {
            Key::Host(name, _) => self.hosts().contains(name),
            Key::Service(name, _) => self.policy.services.contains_key(name),
            Key::Traps => true,
        }
    }

    /// What is set.
    pub(super) fn value(&self, key: &Key) -> Old {
        match key {
            Key::Host(name, option) => {
                let host = self.host(name).unwrap_or_default();
                let option = HOST.iter().find(|o| o.word == *option);
                Old::Text(option.map(|o| (o.print)(&host)).unwrap_or_default())
            }
            Key::Service(name, option) => {
                let service = self.policy.services.get(name).cloned().unwrap_or_default();
                let option = SERVICE.iter().find(|o| o.word == *option);
                Old::Text(option.map(|o| (o.print)(&service)).unwrap_or_default())
            }
            Key::Traps => Old::Traps(self.policy.traps.clone()),
        }
    }

    /// The policy that this is: with all hosts, and with what was set at a console.
    pub(super) fn finished(&self) -> Policy {
        let mut policy = self.policy.clone();
        for (key, until) in &self.console {
            if let Key::Service(name, option) = key {
                if let Some(service) = policy.services.get_mut(name) {
                    service.console.insert((*option).to_string(), *until);
                }
            }
        }
        policy.complete();
        policy
    }
}

fn too_many(what: &'static str, max: usize) -> Fault {
    Fault::new(
        Code::Limit { what, max },
        format!("at most {max} {what} in a policy"),
    )
}

fn peers(service: &Service) -> impl Iterator<Item = &Name> {
    service.masters.iter().chain(&service.slaves)
}
