//! How long what takes at most, as a formula over the settings of a target and of what it
//! depends on.

use fail_core::time::Span;
use fail_core::watch::{CHECK_GRACE, FIRST_WITHIN, Target};

use super::setup::{Setup, number};
use crate::setup::SECOND;

/// Waking up, and answers that come in the same moment.
pub const SLACK: u64 = SECOND;

/// A round: until its deadline, or until it is given up.
pub fn round(target: &Target) -> u64 {
    target.pace.timeout.0 + CHECK_GRACE.0 + SLACK
}

/// From one round to the next, at the latest, while it is certain.
pub fn turn(target: &Target) -> u64 {
    let pace = &target.pace;
    let backoff = pace
        .backoff
        .map_or(Span::ZERO, |backoff| backoff.maximum.max(backoff.initial));
    // A turn that is nearer than half an interval is skipped, one that runs too.
    let grid = pace
        .interval
        .times(3)
        .part(2)
        .max(pace.interval.min(FIRST_WITHIN));
    grid.max(backoff).0 + 2 * round(target)
}

/// Until it is known how it is itself, once what it depends on is known.
fn own(setup: &Setup, target: &Target) -> u64 {
    if target.checks == 0 {
        return 0;
    }
    let pace = &target.pace;
    // Findings that did not count because hc stood still, a round that was under way, one that
    // somebody waited for, and one after a window.
    let rounds = u64::from(pace.rise.max(pace.fall)) + 6;
    // Each bad one is asked anew three times, if what runs the checks stood still meanwhile.
    let again = if setup.gasps { 4 } else { 1 };
    turn(target) + rounds * (again * round(target) + pace.retry.0)
}

/// Until all is known and said of it, when nothing changes any more: what it depends on comes
/// first, one after the other.
pub fn known(setup: &Setup, other: bool, n: usize) -> u64 {
    let Some(target) = setup.target(other, n) else {
        return 0;
    };
    let before = target
        .depends
        .iter()
        .map(|on| chain(setup, other, number(on)));
    let flap = target.pace.flap.map_or(0, |flap| flap.within.0);
    own(setup, target) + before.max().unwrap_or(0) + flap + 2 * SLACK
}

fn chain(setup: &Setup, other: bool, n: usize) -> u64 {
    let Some(target) = setup.target(other, n) else {
        return 0;
    };
    let before = target
        .depends
        .iter()
        .map(|on| chain(setup, other, number(on)));
    own(setup, target) + before.max().unwrap_or(0)
}
