//! Which targets want a service away. Several may judge the same one: it is away while one of
//! them is bad.
//!
//! So every change of a target is heard, also where its line is about `down` only and nothing is
//! done when it is up: else it would count as bad for ever.

use std::collections::{BTreeMap, BTreeSet};

use fail_conf::hcfile::Hcfile;
use fail_conf::hcfile::action::Action;
use fail_core::watch::{Event, Kept, Report, State};
use fail_wire::Name;

/// A service of a faild: its name, the host and the port.
type Service = (Name, String, u16);

/// For each service the targets that are bad, and why.
#[derive(Debug, Default)]
pub struct Wishes(BTreeMap<Service, BTreeMap<Name, String>>);

fn service(action: &Action) -> Option<Service> {
    match action {
        Action::Failc { service, host, .. } => {
            Some((service.clone(), host.name.clone(), host.port))
        }
        _ => None,
    }
}

/// The lines of wishes that are told every change and do not do something about each.
pub fn only_told(hcfile: &Hcfile) -> BTreeSet<(Name, usize)> {
    let mut told = BTreeSet::new();
    for target in hcfile.targets.iter() {
        let lines = target.lines.iter().enumerate();
        let deaf = lines.filter(|(_, line)| line.newest && !line.on.contains(&Event::Change));
        told.extend(deaf.map(|(number, _)| (target.name.clone(), number)));
    }
    told
}

impl Wishes {
    /// As they were when hc ended: what is down wants its services away.
    pub fn restored(hcfile: &Hcfile, kept: &[Kept]) -> Wishes {
        let mut wishes = Wishes::default();
        for kept in kept.iter().filter(|kept| kept.state == State::Down) {
            let body = hcfile.bodies.get(&kept.target);
            let actions = body.iter().flat_map(|body| &body.actions);
            for service in actions.filter_map(service) {
                let bad = wishes.0.entry(service).or_default();
                bad.insert(kept.target.clone(), kept.why.clone());
            }
        }
        wishes
    }

    /// The targets that had a service sent away when hc ended and are not in the Hcfile any more:
    /// nobody will call it back.
    pub fn lost<'a>(hcfile: &Hcfile, kept: &'a [Kept]) -> Vec<&'a Name> {
        let sent = |kept: &&Kept| kept.lines.iter().any(|line| line.done == Some(false));
        let gone = kept.iter().filter(sent).map(|kept| &kept.target);
        gone.filter(|target| !hcfile.bodies.contains_key(*target))
            .collect()
    }

    /// Notes a report for this action, and gives who wants its service away, if anybody does. The
    /// target of the report first, then any other.
    pub fn update(&mut self, action: &Action, report: &Report) -> Option<(Name, String)> {
        let service = service(action)?;
        let bad = self.0.entry(service.clone()).or_default();
        if report.good {
            bad.remove(&report.target);
        } else {
            bad.insert(report.target.clone(), report.why.clone());
        }
        let own = bad.get_key_value(&report.target);
        let first = own.or_else(|| bad.first_key_value());
        let first = first.map(|(name, why)| (name.clone(), why.clone()));
        if bad.is_empty() {
            self.0.remove(&service);
        }
        first
    }

    /// Notes a report about which nothing is done: who is up wants nothing any more.
    pub fn clear_good(&mut self, action: &Action, report: &Report) {
        if report.good {
            self.update(action, report);
        }
    }

    /// Targets that do not judge a service any more want nothing. Gives the services that stay
    /// away because of one of them, with that one.
    pub fn forget_gone(&mut self, hcfile: &Hcfile) -> Vec<(Name, Name)> {
        let mut left = Vec::new();
        for (service, bad) in &mut self.0 {
            let wants = |target: &Name| {
                let body = hcfile.bodies.get(target);
                let mut actions = body.iter().flat_map(|body| &body.actions);
                actions.any(|action| self::service(action).as_ref() == Some(service))
            };
            let gone = bad.keys().filter(|target| !wants(target));
            left.extend(gone.map(|target| (service.0.clone(), target.clone())));
            bad.retain(|target, _| wants(target));
        }
        self.0.retain(|_, bad| !bad.is_empty());
        left
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use crate::actions::tests::report;
    use fail_conf::hcfile::check::Host;
    use fail_core::watch::Event;

    #[test]
    fn who_is_gone_since_the_last_run_is_told_of_if_he_has_sent_something_away() {
        let kept = |target: &str, done: Option<bool>| -> Kept {
            let line = serde_json::json!({
                "what": "on change failc web", "done": done, "waiting": [], "left_out": 0
            });
            let kept = serde_json::json!({
                "target": target, "state": "down", "since": 0, "why": "gone", "lines": [line]
            });
            serde_json::from_value(kept).unwrap()
        };
        let kept = [
            kept("here", Some(false)),
            kept("gone", Some(false)),
            kept("back", Some(true)),
            kept("mail", None),
        ];
        let mut hcfile = Hcfile::default();
        hcfile
            .bodies
            .insert("here".parse().unwrap(), Default::default());
        let lost = Wishes::lost(&hcfile, &kept);
        let lost: Vec<&str> = lost.into_iter().map(|name| name.as_str()).collect();
        assert_eq!(lost, ["gone"]);
    }

    #[test]
    fn a_service_is_away_while_one_of_its_targets_is_bad() {
        let action = Action::Failc {
            service: "web".parse().unwrap(),
            host: Host {
                name: "127.0.0.1".to_string(),
                port: 1847,
            },
            community: None,
        };
        let mut wishes = Wishes::default();
        let judged = |wishes: &mut Wishes, target: &str, good: bool| {
            let mut report = report(Event::Change, good, target);
            report.target = target.parse().unwrap();
            wishes
                .update(&action, &report)
                .map(|(name, _)| name.to_string())
        };
        let mut judge = |target: &str, good: bool| judged(&mut wishes, target, good);
        assert_eq!(judge("b", false).as_deref(), Some("b"));
        assert_eq!(judge("c", false).as_deref(), Some("c"));
        assert_eq!(judge("c", true).as_deref(), Some("b"));
        assert_eq!(judge("a", true).as_deref(), Some("b"));
        assert_eq!(judge("b", true), None);
        assert_eq!(judge("b", false).as_deref(), Some("b"));
        // Its line is about down only: it is up all the same.
        let hears = |wishes: &mut Wishes, good| {
            let mut report = report(Event::Change, good, "");
            report.target = "c".parse().unwrap();
            wishes.clear_good(&action, &report);
            wishes
                .0
                .values()
                .any(|bad| bad.contains_key(&report.target))
        };
        assert!(!hears(&mut wishes, false), "its line is not about that");
        judged(&mut wishes, "c", false);
        assert!(!hears(&mut wishes, true), "it is up");
        let gone = wishes.forget_gone(&Hcfile::default());
        assert_eq!(gone.len(), 1);
        assert!(wishes.0.is_empty());
    }
}
