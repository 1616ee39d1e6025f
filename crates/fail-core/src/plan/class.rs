//! Services that are asked about together: same interval, same way of confirming, same
//! community. One question to each host covers them all, so cost grows with hosts, not with
//! services.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::{Key, Name};

use super::Target;
use crate::policy::{Policy, Service};
use crate::time::{Mono, Span};

/// Bytes of names in one question: with header and padding it stays one datagram.
const NAME_BYTES_MAX: usize = 1_200;

/// What services have in common that are asked about together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub interval: Span,
    pub times: u32,
    pub spacing: Span,
    pub community: Option<String>,
}

impl Kind {
    /// The kind of a service.
    pub fn of(service: &Service) -> Kind {
        Kind {
            interval: service.interval,
            times: service.confirm.times,
            spacing: service.spacing(),
            community: service.community.clone(),
        }
    }
}

/// A class and its rounds. One without services is free for the next kind that needs one, so
/// that the numbers of the others stay what they are.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub kind: Kind,
    pub interval: Span,
    pub times: u32,
    pub spacing: Span,
    /// What its questions are signed with; nothing: what is shared with each host.
    pub key: Option<Key>,
    /// Which services are asked about at whom.
    pub targets: BTreeMap<Target, Vec<Name>>,
    /// Who did not answer the last time, with all confirmations.
    pub lost: BTreeSet<Target>,
    /// The local faild is there and refuses to answer: it is not silent.
    pub refused: bool,
    /// When the next round begins.
    pub due: Mono,
}

/// Sorts the services of a policy into classes.
pub(super) fn classes(policy: &Policy, now: Mono) -> Vec<Class> {
    let mut classes = Vec::new();
    for (name, service) in &policy.services {
        place(&mut classes, name, service, now);
    }
    classes
}

/// Puts a service into the first class of its kind that has room, or into a new one, whose
/// first round is due at once. Gives the number of the class.
pub(super) fn place(classes: &mut Vec<Class>, name: &Name, service: &Service, now: Mono) -> usize {
    let kind = Kind::of(service);
    let room = |class: &Class| class.kind == kind && !class.is_free() && class.has_room(name);
    let index = classes.iter().position(room).unwrap_or_else(|| {
        let class = Class::new(kind, now);
        match classes.iter().position(Class::is_free) {
            Some(free) => {
                classes[free] = class;
                free
            }
            None => {
                classes.push(class);
                classes.len() - 1
            }
        }
    });
    classes[index].aim(name, targets_of(service));
    index
}

/// Who is asked about a service: the local faild and every host it names.
pub(super) fn targets_of(service: &Service) -> impl Iterator<Item = Target> {
    let hosts = service.masters.iter().chain(&service.slaves);
    std::iter::once(Target::Local).chain(hosts.cloned().map(Target::Host))
}

impl Class {
    fn new(kind: Kind, due: Mono) -> Class {
        // A policy was admitted before, and with it each community.
        let key = kind.community.as_deref();
        Class {
            interval: kind.interval,
            times: kind.times,
            spacing: kind.spacing,
            key: key.and_then(|community| Key::new(community).ok()),
            kind,
            targets: BTreeMap::new(),
            lost: BTreeSet::new(),
            refused: false,
            due,
        }
    }

    /// Nobody is in it.
    pub fn is_free(&self) -> bool {
        self.targets.is_empty()
    }

    fn has_room(&self, name: &Name) -> bool {
        let names = self.targets.get(&Target::Local).into_iter().flatten();
        let bytes: usize = names.map(|name| name.as_str().len() + 1).sum();
        bytes + name.as_str().len() < NAME_BYTES_MAX
    }

    /// From now on this service is asked about at these, and at nobody else. Who is no longer
    /// asked about anything has no more to be waited for.
    pub fn aim(&mut self, name: &Name, targets: impl Iterator<Item = Target>) {
        let targets: BTreeSet<Target> = targets.collect();
        for (target, names) in &mut self.targets {
            if !targets.contains(target) {
                names.retain(|known| known != name);
            }
        }
        for target in targets {
            let names = self.targets.entry(target).or_default();
            if let Err(at) = names.binary_search(name) {
                names.insert(at, name.clone());
            }
        }
        self.targets.retain(|_, names| !names.is_empty());
        let targets = &self.targets;
        self.lost.retain(|target| targets.contains_key(target));
    }

    /// Moves to the next round: in step with the first one, and never into the past.
    pub fn next_round(&mut self, now: Mono) {
        self.due = self.due + self.interval;
        if self.due <= now {
            self.due = now + self.interval;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_alike_share_questions_and_long_lists_are_cut() {
        let mut policy = Policy::default();
        let hostb = Name::new("hostb").unwrap();
        for n in 0..300 {
            let service = Service {
                slaves: vec![hostb.clone()],
                ..Service::default()
            };
            policy
                .services
                .insert(Name::new(&format!("service-{n:04}")).unwrap(), service);
        }
        let slow = Service {
            interval: Span::from_secs(5),
            ..Service::default()
        };
        policy.services.insert(Name::new("slow").unwrap(), slow);
        let classes = classes(&policy, Mono(0));
        assert_eq!(classes.len(), 5);
        let asked: usize = classes
            .iter()
            .map(|c| c.targets[&Target::Local].len())
            .sum();
        assert_eq!(asked, 301);
        assert!(!classes[4].targets.contains_key(&Target::Host(hostb)));
    }

    #[test]
    fn a_service_with_a_community_of_its_own_is_asked_about_apart() {
        let mut policy = Policy::default();
        for (text, community) in [("a", None), ("b", Some("secret")), ("c", None)] {
            let service = Service {
                community: community.map(str::to_string),
                ..Service::default()
            };
            policy.services.insert(Name::new(text).unwrap(), service);
        }
        let mut classes = classes(&policy, Mono(0));
        assert_eq!(classes.len(), 2);
        assert!(classes[0].key.is_none() && classes[1].key.is_some());
        let (b, none) = (Name::new("b").unwrap(), std::iter::empty());
        classes[1].aim(&b, none);
        assert!(classes[1].is_free());
        let d = Name::new("d").unwrap();
        let slow = Service {
            interval: Span::from_secs(5),
            ..Service::default()
        };
        assert_eq!(
            place(&mut classes, &d, &slow, Mono(7)),
            1,
            "its place is used"
        );
        assert_eq!(classes[1].due, Mono(7));
    }
}
