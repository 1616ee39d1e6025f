//! Which targets want a service away, and the rules of wishes. `actions::failc` has what is said to
//! the faild.
//!
//! * A wish is an `away` in the name of one target: `hc: TARGET: why`. It is made by a report that
//!   this target is bad, and by nothing else. What somebody else has wished is left as it is.
//! * Several targets may judge one service: it is to be away while one of them is bad. A report
//!   that a target is good takes back the wish in its name, or hands it over to another that is bad.
//!   It never makes one: who has said `back` in the meantime has the last word.
//! * Such a report is made when the target has changed. It is also made when the target is as it
//!   was: because its line is new, hc was started, or it is said again (`renotify`). Then it
//!   makes what the faild has forgotten, and not what somebody has taken back. What has failed is
//!   tried again as long as it is true.
//! * Every change of a target is heard, also where its line is about `down` only and nothing is
//!   done when it is up: else it would count as bad for ever.
//! * While people work on a target, and while it flaps, nothing is told of it: what was said of it
//!   last is what it wants. So with one that its dependency hides.
//! * A reload: a line with the same words has done what it has done. One that was edited is a new
//!   line, and is told how its target is. A restart: so is a line whose target is down. A target whose
//!   line is gone wants nothing any more; its wish is left to the others that judge the service, or,
//!   where there are none, to people: that is said. What was kept too long ago to be believed wants
//!   nothing either.

use std::collections::{BTreeMap, BTreeSet};

use fail_conf::hcfile::action::Action;
use fail_conf::hcfile::{Hcfile, parse_action};
use fail_core::watch::{Event, Kept, Line, Report, State};
use fail_wire::Name;

use crate::actions::failc::Wanted;

/// A service of a faild: its name, the host and the port.
type Service = (Name, String, u16);

/// For each service the targets that are bad, and why; and those that judge it no more, and may
/// have a wish left.
#[derive(Debug, Default)]
pub struct Wishes {
    bad: BTreeMap<Service, BTreeMap<Name, String>>,
    left: BTreeMap<Service, BTreeSet<Name>>,
}

fn service(action: &Action) -> Option<Service> {
    match action {
        Action::Failc { service, host, .. } => {
            Some((service.clone(), host.name.clone(), host.port))
        }
        _ => None,
    }
}

/// Whether any target judges it.
fn is_judged(hcfile: &Hcfile, wanted: &Service) -> bool {
    let mut actions = hcfile.bodies.values().flat_map(|body| &body.actions);
    actions.any(|action| service(action).as_ref() == Some(wanted))
}

/// The services that a target judges.
fn judged(hcfile: &Hcfile, target: &Name) -> BTreeSet<Service> {
    let body = hcfile.bodies.get(target);
    let actions = body.iter().flat_map(|body| &body.actions);
    actions.filter_map(service).collect()
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

/// A line of a wish whose target does not judge the service any more.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Which target.
    pub target: Name,
    /// Which service.
    pub service: Service,
    /// The words of the line.
    pub line: String,
    /// Others judge it, and go on with what is left.
    pub has_heirs: bool,
}

/// What is left of targets and lines that were there when this was kept, and are not in this
/// Hcfile: what may have sent a service away that nobody will call back.
pub fn left(hcfile: &Hcfile, kept: &[Kept]) -> BTreeSet<Left> {
    let mut all = BTreeSet::new();
    // Of whom nothing was said has wished nothing.
    for kept in kept.iter().filter(|kept| kept.state != State::Pending) {
        let target = &kept.target;
        let shown = hcfile.bodies.get(target).map(|body| &body.shown);
        let is_there = |what| shown.is_some_and(|shown| shown.contains(what));
        let gone = kept.lines.iter().filter(|line| !is_there(&line.what));
        // What has called it back last has; of any other it is not sure.
        for line in gone.filter(|line| line.done != Some(true)) {
            let action = parse_action(&line.what).ok();
            let service = action.and_then(|action| service(&action));
            if let Some(service) = service.filter(|it| !judged(hcfile, target).contains(it)) {
                all.insert(Left {
                    target: target.clone(),
                    has_heirs: is_judged(hcfile, &service),
                    service,
                    line: line.what.clone(),
                });
            }
        }
    }
    all
}

/// A faild may have been started anew as well, and have forgotten what was wished: that is compared
/// with what is true.
pub fn doubt(kept: &mut [Kept]) {
    for line in kept.iter_mut().flat_map(|kept| &mut kept.lines) {
        line.done = line.done.filter(|good| *good);
    }
}

impl Wishes {
    /// As they were when hc ended: what is down wants its services away.
    pub fn restored(hcfile: &Hcfile, kept: &[Kept]) -> Wishes {
        let down = kept.iter().filter(|kept| kept.state == State::Down);
        let down: BTreeMap<&Name, &String> = down.map(|kept| (&kept.target, &kept.why)).collect();
        let wants = |line: &Line| {
            [Event::Down, Event::Change]
                .iter()
                .any(|on| line.on.contains(on))
        };
        let mut wishes = Wishes::default();
        for target in hcfile.targets.iter() {
            let Some(why) = down.get(&target.name) else {
                continue;
            };
            let body = hcfile.bodies.get(&target.name);
            let actions = body.iter().flat_map(|body| &body.actions);
            let lines = target.lines.iter().zip(actions);
            let actions = lines.filter(|(line, _)| wants(line));
            for service in actions.filter_map(|(_, action)| service(action)) {
                let bad = wishes.bad.entry(service).or_default();
                bad.insert(target.name.clone(), (*why).clone());
            }
        }
        wishes
    }

    /// Notes a report for this action, and gives who wants its service away, if anybody does. The
    /// target of the report first, then any other.
    pub fn update(&mut self, action: &Action, report: &Report) -> Wanted {
        let Some(service) = service(action) else {
            return Wanted::default();
        };
        let bad = self.bad.entry(service.clone()).or_default();
        if report.good {
            bad.remove(&report.target);
        } else {
            bad.insert(report.target.clone(), report.why.clone());
        }
        let own = bad.get_key_value(&report.target);
        let first = own.or_else(|| bad.first_key_value());
        let away = first.map(|(name, why)| (name.clone(), why.clone()));
        if bad.is_empty() {
            self.bad.remove(&service);
        }
        let left = self.left.get(&service).cloned().unwrap_or_default();
        Wanted { away, left }
    }

    /// Notes a report about which nothing is done: who is up wants nothing any more.
    pub fn clear_good(&mut self, action: &Action, report: &Report) {
        if report.good {
            self.update(action, report);
        }
    }

    /// Whether nobody wants anything.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.bad.is_empty()
    }

    /// These may have a wish left, which others go on with.
    pub fn leave(&mut self, left: BTreeSet<Left>) {
        for Left {
            target, service, ..
        } in left
        {
            self.left.entry(service).or_default().insert(target);
        }
    }

    /// Targets that do not judge a service any more want nothing, and one that does again goes on
    /// with its own.
    pub fn forget_gone(&mut self, hcfile: &Hcfile) {
        for (service, left) in &mut self.left {
            left.retain(|target| !judged(hcfile, target).contains(service));
        }
        self.left.retain(|_, left| !left.is_empty());
        for (service, bad) in &mut self.bad {
            bad.retain(|target, _| judged(hcfile, target).contains(service));
        }
        self.bad.retain(|_, bad| !bad.is_empty());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use crate::actions::tests::report;
    use fail_conf::hcfile::check::Host;
    use fail_conf::hcfile::{Source, parse};
    use fail_core::watch::Event;

    /// An Hcfile with these lines of actions for each target.
    fn hcfile(targets: &[(&str, &[&str])]) -> Hcfile {
        struct Text(String);
        impl Source for Text {
            fn read(&self, _: &str) -> Result<Vec<u8>, String> {
                Ok(self.0.clone().into_bytes())
            }
            fn list(&self, _: &str) -> Result<Vec<String>, String> {
                Ok(Vec::new())
            }
            fn path(&self, path: &str) -> String {
                path.to_string()
            }
            fn is_there(&self, _: &str) -> bool {
                true
            }
        }
        let mut text = "load exec\n".to_string();
        for (name, lines) in targets {
            text += &format!("{name}:\n exec true\n");
            for line in *lines {
                text += &format!(" {line}\n");
            }
        }
        parse("Hcfile", &Text(text)).unwrap().0
    }

    /// What was kept of a target and its lines.
    fn kept(target: &str, state: &str, lines: &[(&str, Option<bool>)]) -> Kept {
        let line = |(what, done): &(&str, Option<bool>)| {
            let (nothing, none): ([u8; 0], u8) = ([], 0);
            serde_json::json!({"what": what, "done": done, "waiting": nothing, "left_out": none})
        };
        let lines: Vec<_> = lines.iter().map(line).collect();
        let kept = serde_json::json!({
            "target": target, "state": state, "since": 0, "why": "gone", "lines": lines
        });
        serde_json::from_value(kept).unwrap()
    }

    const WEB: &str = "on change failc web";

    #[test]
    fn whose_line_is_gone_is_told_of_if_he_may_have_sent_something_away() {
        let hcfile = hcfile(&[
            ("here", &[WEB]),
            ("edited", &["on down failc web timeout=5s"]),
            ("other", &["on change failc db"]),
            ("host", &["on change failc web host=192.0.2.1"]),
            ("line", &["on down mail a@example.org"]),
        ]);
        let sent = |target: &str| kept(target, "down", &[(WEB, Some(false))]);
        let mail = ("on down mail a@example.org", None);
        let left = left(
            &hcfile,
            &[
                sent("here"),
                sent("edited"),
                sent("other"),
                sent("host"),
                kept("line", "down", &[mail, (WEB, Some(false))]),
                sent("gone"),
                // What it has done is not known.
                kept("asked", "up", &[(WEB, None)]),
                kept("back", "up", &[(WEB, Some(true))]),
                kept("new", "pending", &[(WEB, None)]),
                kept("mail", "down", &[mail, ("", Some(false))]),
            ],
        );
        let names: Vec<&str> = left.iter().map(|left| left.target.as_str()).collect();
        assert_eq!(names, ["asked", "gone", "host", "line", "other"]);
        let web = |left: &Left| left.service.0.as_str() == "web" && left.line == WEB;
        assert!(left.iter().all(web), "{left:?}");
    }

    #[test]
    fn who_was_down_when_hc_ended_wants_its_services_away_if_its_line_is_about_that() {
        let hcfile = hcfile(&[
            ("a", &[WEB]),
            ("b", &["on down failc web"]),
            ("c", &["on up failc web"]),
            ("d", &[WEB]),
        ]);
        let all = ["a", "b", "c", "gone"].map(|name| kept(name, "down", &[]));
        let wishes = Wishes::restored(&hcfile, &[&all[..], &[kept("d", "up", &[])]].concat());
        let bad: Vec<&Name> = wishes.bad.values().flat_map(BTreeMap::keys).collect();
        assert_eq!(bad, [&"a".parse().unwrap(), &"b".parse().unwrap()]);
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
                .away
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
                .bad
                .values()
                .any(|bad| bad.contains_key(&report.target))
        };
        assert!(!hears(&mut wishes, false), "its line is not about that");
        judged(&mut wishes, "c", false);
        assert!(!hears(&mut wishes, true), "it is up");
        wishes.forget_gone(&Hcfile::default());
        assert!(wishes.bad.is_empty());
    }
}
