//! Warnings about what can be read and is not what anybody wants: a check that can not be good,
//! a file that is not there, a window that is over, and a wish for a service that is judged by who
//! serves now, or that is never made.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fail_core::time::Span;
use fail_core::watch::{Event, Target};
use fail_wire::Name;

use super::action::Action;
use super::check::{Check, Line};
use super::place::{Advice, At, Faults};
use super::settings::Windows;
use super::source::Source;
use super::{Body, Hcfile};
use files::Files;

/// The pause between two echoes of `icmp` (`hcmodules(7)`).
const ECHO: Span = Span::from_millis(200);

/// Targets that are looked at for all wishes together. In a larger net not everything is looked
/// at; it is only advice.
const STEPS_MAX: usize = 1_000_000;

/// Where the lines of a target stand.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub checks: Vec<At>,
    pub actions: Vec<At>,
    pub windows: Windows,
}

/// Of all targets.
pub(crate) type Places = BTreeMap<Name, Lines>;

/// Looks at everything.
pub(crate) fn give(hcfile: &Hcfile, places: &Places, source: &dyn Source, faults: &mut Faults) {
    let mut files = Files::of(source);
    for target in hcfile.targets.iter() {
        let (Some(body), Some(at)) = (hcfile.bodies.get(&target.name), places.get(&target.name))
        else {
            continue;
        };
        for (line, at) in body.checks.iter().zip(&at.checks) {
            let timeout = line.terms.timeout.unwrap_or(target.pace.timeout);
            if let Some(problem) = times(line, timeout) {
                faults.warn(*at, problem);
            }
            files_of(*at, files.check(&line.check), faults);
        }
        for (action, at) in body.actions.iter().zip(&at.actions) {
            files_of(*at, files.action(action), faults);
            if let Some(problem) = never_away(action, body, target) {
                faults.warn(*at, problem);
            }
        }
        for (window, at) in &at.windows {
            let now = source.now(window.utc);
            if now.is_some_and(|now| window.is_over(now)) {
                faults.warn(*at, format!("the window {window} is over"));
            }
        }
    }
    wishes(hcfile, places, faults);
}

fn files_of(at: At, problems: Vec<String>, faults: &mut Faults) {
    if !problems.is_empty() {
        faults.advise(at, Advice::Files, problems.join("; "));
    }
}

/// What a check has no time for.
fn times(line: &Line, timeout: Span) -> Option<String> {
    if let Check::Icmp { count, .. } = line.check {
        let takes = ECHO.times(u64::from(count.saturating_sub(1)));
        if takes >= timeout {
            return Some(format!(
                "never good: {count} echoes take {takes}, and the timeout is {timeout}"
            ));
        }
    }
    let keys = [("within", line.terms.within), ("slow", line.terms.slow)];
    let (key, limit) = keys
        .into_iter()
        .find_map(|(key, limit)| Some((key, limit.filter(|limit| *limit > timeout)?)))?;
    Some(format!(
        "{key}={limit} has no meaning: the timeout is {timeout}"
    ))
}

/// A wish that only ever takes back what nobody wishes.
fn never_away(action: &Action, body: &Body, target: &Target) -> Option<String> {
    let Action::Failc { service, host, .. } = action else {
        return None;
    };
    let same = |action: &Action| matches!(action, Action::Failc { service: s, host: h, .. } if (s, h) == (service, host));
    let mut lines = { body.actions.iter().zip(&target.lines) }
        .filter(|(action, _)| same(action))
        .map(|(_, line)| line);
    let only_up = lines.all(|line| line.on.iter().all(|event| *event == Event::Up));
    only_up.then(|| format!("this never sends {service} away: write on change, or on down as well"))
}

/// A wish is about one host. A target that asks whoever serves is bad on every host at once, and
/// then every host is sent away.
fn wishes(hcfile: &Hcfile, places: &Places, faults: &mut Faults) {
    let all: BTreeMap<&Name, &Target> = hcfile.targets.iter().map(|t| (&t.name, t)).collect();
    let mut steps = 0;
    for target in all.values() {
        let (Some(body), Some(at)) = (hcfile.bodies.get(&target.name), places.get(&target.name))
        else {
            continue;
        };
        for (action, at) in body.actions.iter().zip(&at.actions) {
            let Action::Failc { service, host, .. } = action else {
                continue;
            };
            let lines = |target: &&Target| {
                let body = hcfile.bodies.get(&target.name);
                body.into_iter().flat_map(|body| &body.checks)
            };
            let judges = match is_group(target) {
                true => below(&all, target, &is_group, &mut steps),
                false => vec![*target],
            };
            let here = |line: &Line| asks_here(line, service, &host.name);
            let below = below(&all, target, &|_| true, &mut steps);
            let guarded = { below.iter() }
                .flat_map(lines)
                .any(|line| asks_for(line, service));
            if !judges.iter().flat_map(lines).all(here) && !guarded && steps < STEPS_MAX {
                let problem = format!(
                    "this may send every host away from {service}: let {} ask the server of one \
                     host, such as 127.0.0.1, or depend on a target that asks faild {service} \
                     state=UP",
                    target.name
                );
                faults.warn(*at, problem);
            }
        }
    }
}

/// As good as what it depends on, and nothing more.
fn is_group(target: &Target) -> bool {
    target.checks == 0
}

/// All that a target depends on, directly or, beyond those that are `open`, further.
fn below<'a>(
    all: &BTreeMap<&Name, &'a Target>,
    target: &'a Target,
    open: &dyn Fn(&Target) -> bool,
    steps: &mut usize,
) -> Vec<&'a Target> {
    let mut seen: BTreeSet<&Name> = BTreeSet::new();
    let (mut below, mut next) = (vec![], vec![target]);
    while let Some(target) = next.pop().filter(|_| *steps < STEPS_MAX) {
        for on in target.depends.iter().filter_map(|on| all.get(on)) {
            *steps += 1;
            if seen.insert(&on.name) {
                below.push(*on);
                next.extend(open(on).then_some(*on));
            }
        }
    }
    below
}

/// Whether a check asks faild for the state of this service.
fn asks_for(line: &Line, service: &Name) -> bool {
    matches!(&line.check, Check::Faild { service: asked, .. } if asked == service)
}

/// Whether a check asks this host, or the one whose faild is told. Of a program nobody knows. What
/// faild says of the service itself is no word about this host: it changes with the wish.
fn asks_here(line: &Line, service: &Name, faild: &str) -> bool {
    if asks_for(line, service) {
        return false;
    }
    let Some(host) = line.check.host() else {
        return true;
    };
    let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback || host == "localhost" || host == faild
}
