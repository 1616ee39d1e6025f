//! A run in words that a person reads: who is there, what happened and what was seen of it,
//! and which property did not hold. What only a machine wants to know is left out.

use std::fmt::Write;

use fail_core::time::Span;

use crate::Report;
use crate::setup::{Setup, host_name};
use crate::skew::Skew;
use crate::watch::Property;

/// The story of a run whose lines were all kept.
pub fn tell(report: &Report) -> String {
    let mut out = cluster(&report.setup);
    out.push('\n');
    let checks = matches!(
        report
            .violation
            .as_ref()
            .map(|violation| violation.property),
        Some(Property::Found | Property::Spared | Property::Adopted)
    );
    for line in report.lines.iter().filter(|line| matters(line, checks)) {
        out += line;
        out.push('\n');
    }
    if let Some(violation) = &report.violation {
        let (at, what) = (violation.at as f64 / 1e9, violation.property);
        let _ = writeln!(out, "{at:>11.6} {what:?} does not hold: {}", violation.text);
    }
    out
}

/// Questions, and checks where they are not the matter, are left out; and what a faild says
/// that its failsh has just said.
fn matters(line: &str, checks: bool) -> bool {
    let words = line.get(12..).unwrap_or_default();
    let asks = words.contains(" asks host");
    let check = words.contains(": check begins") || words.contains(": check ends");
    let repeats = words.contains(" faild ") && words.contains(" by 127.0.0.1");
    !asks && !repeats && (checks || !check)
}

fn cluster(setup: &Setup) -> String {
    let mut out = String::new();
    let hosts: Vec<String> = (0..setup.hosts).map(|n| one_host(setup, n)).collect();
    let _ = writeln!(out, "{} hosts: {}", setup.hosts, hosts.join(", "));
    for svc in &setup.services {
        let (s, rank) = (&svc.settings, svc.rank.iter().map(|n| host_name(*n)));
        let rank: Vec<String> = rank.map(|name| name.to_string()).collect();
        let _ = write!(
            out,
            "service {}: {}; interval {}, timeout {}, confirm {}",
            svc.name,
            rank.join(" before "),
            s.interval,
            s.timeout,
            s.confirm.times
        );
        for (word, is) in [
            ("check", s.check.is_some()),
            ("retry", s.retry.is_some()),
            ("reclaim", s.reclaim.is_some()),
            ("delay", s.delay > Span::ZERO),
            ("failback no", !s.failback),
            ("own community", s.community.is_some()),
        ] {
            if is {
                let _ = write!(out, ", {word}");
            }
        }
        let _ = writeln!(out, ", lonely {:?}", s.lonely);
    }
    let _ = writeln!(out, "network: {:?}", setup.net);
    for ((from, to), net) in &setup.links {
        if *from < setup.hosts && *to < setup.hosts {
            let (from, to) = (host_name(*from), host_name(*to));
            let _ = writeln!(out, "from {from} to {to}: {net:?}");
        }
    }
    out
}

fn one_host(setup: &Setup, n: usize) -> String {
    let mut out = host_name(n).to_string();
    if setup.drifts[n] != 0 {
        let _ = write!(out, " (clock {:+} ppm)", setup.drifts[n]);
    }
    let (faild, failsh) = setup.skews[n];
    for (daemon, skew) in [("faild", faild), ("failsh", failsh)] {
        if skew != Skew::Today {
            let _ = write!(out, " ({daemon} of the {skew})");
        }
    }
    out
}
