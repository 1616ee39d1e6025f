//! Whether the hosts of a scenario agree who outranks whom: no host can see that alone.

use fail_core::policy::Policy;
use fail_wire::Name;

use crate::scenario::Scenario;

/// What one policy says of another host for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Master,
    Slave,
    Unknown,
}

impl Rank {
    fn words(self, other: &str) -> String {
        match self {
            Rank::Master => format!("calls {other} a master"),
            Rank::Slave => format!("calls {other} a slave"),
            Rank::Unknown => format!("does not know {other}"),
        }
    }
}

/// Where policies do not fit together, one sentence each.
pub(super) fn disagreements(scenario: &Scenario, policies: &[Policy]) -> Vec<String> {
    let mut wrong = Vec::new();
    let names: Vec<&str> = scenario
        .hosts
        .iter()
        .map(|host| host.name.as_str())
        .collect();
    let mut services: Vec<&Name> = policies.iter().flat_map(|p| p.services.keys()).collect();
    services.sort();
    services.dedup();
    for service in services {
        for (a, policy) in policies.iter().enumerate() {
            let Some(settings) = policy.services.get(service) else {
                continue;
            };
            let named = settings.masters.iter().chain(&settings.slaves);
            for host in named {
                match names.iter().position(|name| *name == host.as_str()) {
                    None => wrong.push(format!(
                        "{service}: {} names {host}, and there is no such host in this scenario",
                        names[a]
                    )),
                    Some(b) if b == a => {
                        wrong.push(format!("{service}: {} names itself", names[a]));
                    }
                    Some(b) if !policies[b].services.contains_key(service) => {
                        wrong.push(format!(
                            "{service}: {} names {host}, which has no such service",
                            names[a]
                        ));
                    }
                    Some(_) => {}
                }
            }
            for (b, other) in policies.iter().enumerate().skip(a + 1) {
                if !other.services.contains_key(service) {
                    continue;
                }
                let (ab, ba) = (
                    rank(policy, service, names[b]),
                    rank(other, service, names[a]),
                );
                let fits = matches!(
                    (ab, ba),
                    (Rank::Master, Rank::Slave) | (Rank::Slave, Rank::Master)
                );
                if !fits {
                    wrong.push(format!(
                        "{service}: {} {}, and {} {}",
                        names[a],
                        ab.words(names[b]),
                        names[b],
                        ba.words(names[a])
                    ));
                }
            }
        }
    }
    wrong
}

fn rank(policy: &Policy, service: &Name, other: &str) -> Rank {
    let Some(settings) = policy.services.get(service) else {
        return Rank::Unknown;
    };
    let has = |list: &[Name]| list.iter().any(|name| name.as_str() == other);
    if has(&settings.masters) {
        Rank::Master
    } else if has(&settings.slaves) {
        Rank::Slave
    } else {
        Rank::Unknown
    }
}
