//! An Hcfile in its normal form: everything filled in, a rule for each target, and of the settings
//! those that differ from what is built in. It is read to the same.

use std::collections::BTreeSet;
use std::fmt::Write;

use fail_core::watch::{Pace, Target};

use super::Hcfile;
use super::settings::print_factor;

/// How lines of a target begin.
pub(crate) const INDENT: &str = "        ";

/// Prints it.
pub fn print(hcfile: &Hcfile) -> String {
    let mut text = String::new();
    let lines = hcfile.bodies.values().flat_map(|body| &body.checks);
    let modules: BTreeSet<&str> = lines
        .filter_map(|line| line.shown.split(' ').next())
        .collect();
    if !modules.is_empty() {
        let modules: Vec<&str> = modules.into_iter().collect();
        text += &format!("load {}\n", modules.join(" "));
    }
    for target in hcfile.targets.iter() {
        if !text.is_empty() {
            text.push('\n');
        }
        text += &format!("{}:", target.name);
        for on in &target.depends {
            text += &format!(" {on}");
        }
        text.push('\n');
        let mut line = |words: &str| {
            // Into a text nothing fails.
            let _ = writeln!(text, "{INDENT}{words}");
        };
        settings(target, &mut line);
        if let Some(body) = hcfile.bodies.get(&target.name) {
            if let Some(unknown) = body.unknown {
                line(&format!("unknown {}", unknown.word()));
            }
            if body.quiet {
                line("quiet yes");
            }
            body.checks.iter().for_each(|check| line(&check.shown));
            body.shown.iter().for_each(|shown| line(shown));
        }
    }
    text
}

fn settings(target: &Target, line: &mut impl FnMut(&str)) {
    let (pace, built_in) = (&target.pace, Pace::default());
    if pace.interval != built_in.interval {
        line(&format!("interval {}", pace.interval));
    }
    // These are not longer than the interval when nothing is said.
    if pace.retry != built_in.retry.min(pace.interval) {
        line(&format!("retry {}", pace.retry));
    }
    if pace.timeout != built_in.timeout.min(pace.interval) {
        line(&format!("timeout {}", pace.timeout));
    }
    if pace.rise != built_in.rise {
        line(&format!("rise {}", pace.rise));
    }
    if pace.fall != built_in.fall {
        line(&format!("fall {}", pace.fall));
    }
    if let Some(backoff) = pace.backoff {
        let factor = print_factor(backoff.factor);
        line(&format!(
            "backoff {} {factor} {}",
            backoff.initial, backoff.maximum
        ));
    }
    if let Some(flap) = pace.flap {
        line(&format!("flap {} {}", flap.changes, flap.within));
    }
    if let Some(renotify) = pace.renotify {
        line(&format!("renotify {renotify}"));
    }
    if let Some(need) = target.need {
        line(&format!("need {need}"));
    }
    for window in &target.windows {
        line(&format!("maintenance {window}"));
    }
}
