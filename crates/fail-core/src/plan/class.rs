//! Services that are asked about together: same interval, same way of confirming. One
//! question to each host covers them all, so cost grows with hosts, not with services.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::Name;

use super::Target;
use crate::policy::{Policy, Service};
use crate::time::{Mono, Span};

/// Bytes of names in one question: with header and padding it stays one datagram.
const NAME_BYTES_MAX: usize = 1_200;

/// A class and its rounds.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub interval: Span,
    pub times: u32,
    pub spacing: Span,
    /// Which services are asked about at whom.
    pub targets: BTreeMap<Target, Vec<Name>>,
    /// Who did not answer the last time, with all confirmations.
    pub lost: BTreeSet<Target>,
    /// When the next round begins.
    pub due: Mono,
}

/// Sorts the services of a policy into classes.
pub(super) fn classes(policy: &Policy, now: Mono) -> Vec<Class> {
    let mut kinds: BTreeMap<(Span, u32, Span), Vec<Vec<&Name>>> = BTreeMap::new();
    for (name, service) in &policy.services {
        let chunks = kinds
            .entry((service.interval, service.confirm.times, service.spacing()))
            .or_default();
        let bytes = |chunk: &Vec<&Name>| chunk.iter().map(|n| n.as_str().len() + 1).sum::<usize>();
        let room = |chunk: &&mut Vec<&Name>| bytes(chunk) + name.as_str().len() < NAME_BYTES_MAX;
        match chunks.last_mut().filter(room) {
            Some(chunk) => chunk.push(name),
            None => chunks.push(vec![name]),
        }
    }
    let class = |((interval, times, spacing), names): ((Span, u32, Span), Vec<&Name>)| {
        let mut targets: BTreeMap<Target, Vec<Name>> = BTreeMap::new();
        for name in names {
            for target in targets_of(&policy.services[name]) {
                targets.entry(target).or_default().push(name.clone());
            }
        }
        Class {
            interval,
            times,
            spacing,
            targets,
            lost: BTreeSet::new(),
            due: now,
        }
    };
    let each = kinds
        .into_iter()
        .flat_map(|(kind, chunks)| chunks.into_iter().map(move |chunk| (kind, chunk)));
    each.map(class).collect()
}

/// Who is asked about a service: the local faild and every host it names.
pub(super) fn targets_of(service: &Service) -> impl Iterator<Item = Target> {
    let hosts = service.masters.iter().chain(&service.slaves);
    std::iter::once(Target::Local).chain(hosts.cloned().map(Target::Host))
}

impl Class {
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
}
