//! How long things may take, as formulas over the settings of a service. Every property is
//! checked against one of these; all are in nanoseconds.
//!
//! | name | formula | why |
//! |---|---|---|
//! | `overdue` | `failhost timeout` or half an interval up to 500 ms, the longer | the wait for one answer |
//! | `give_up` | `overdue` + n × spacing + max(`overdue`, spacing) | one question with all its confirmations |
//! | `publish` | 2 × save + 10 ms | one save may be under way, the next has our change |
//! | `round` | interval + `give_up` + 20 ms | until what is true elsewhere is seen and judged |
//! | `polled` | interval + max(`overdue`, spacing) + 20 ms | the last question is given up, then the next round begins |
//! | `stop` (T) | 2 × `round` + 2 × `publish` + 2 × script + check | another script of ours ends, is published, then we see, then we stop |
//! | `hand_back` | 2 × `round` + 2 × `give_up` + 2 × script + 3 × `publish` + delay + 2 × check | the slave sees us and stops; we see that, say `starting`, ask once more, start |
//! | `settled` | `stop` + `hand_back` + 2 × `round` + `publish` + check | both, and a lower host that gives up its own claim first |
//! | check | script + 40 ms, if there is one | it looks at start-up whether the service runs, or has to end first |
//! | `found` | (fall + 1) × (checkinterval + check) + `round` + `publish` | so many bad checks, the first of them within an interval; then it is decided |
//! | `retried` | maximum + (rise + 1) × (checkinterval + check) + 2 × `round` + 2 × `publish` | the wait, and then the good checks; then it is said |
//! | `answered` | 4 × (`round` + `publish`) + `cancel` + `grace` + 1 s | a change by hand is posted three times, or the faild is silent, or a script ends first |
//! | `lonely` | 2 × `round` + 2 × script + check + 20 ms | another script of ours ends, the faild is given up, then we stop |
//! | `released` | 2 × (`cancel` + `grace`) + 4 × (`round` + `publish`) | a script ends, `stop` ends, and it is published |
//!
//! Settings that are changed during a run count as the worse of both. 20 ms is for schedulers
//! and the network of a calm world. All this is by the clocks of the hosts, which may be too
//! slow by [`DRIFT_MAX`]; so by the world's clock everything may take longer by 1 / (1 - drift),
//! and what must not be too late (`in_time`) or too early ([`at_least`]) has to be so much less.

use fail_core::plan::CANCEL_GRACE;

use fail_core::policy::Service;

use crate::setup::{DRIFT_MAX, MS, SECOND, Setup, Svc};

/// The bounds of one service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// The wait for one answer.
    pub overdue: u64,
    /// An answer that comes within this is never too late.
    pub in_time: u64,
    /// How often a host is asked before it is given up.
    pub times: u64,
    /// One question with all its confirmations.
    pub give_up: u64,
    /// A fact to the disk of the local faild.
    pub publish: u64,
    /// What is true elsewhere is seen and judged.
    pub round: u64,
    /// From question to question.
    pub polled: u64,
    /// T of the property of one server.
    pub stop: u64,
    /// From a master's return until it serves.
    pub hand_back: u64,
    /// From any disturbance until everything is as it should be.
    pub settled: u64,
    /// The longest a script runs before it is told to end.
    pub cancel: u64,
    /// And before it is given up after that.
    pub grace: u64,
    /// Until it is decided that a service which died is FAIL.
    pub found: u64,
    /// Until a service that failed by itself is RECOVER again.
    pub retried: u64,
    /// Until a change by hand is answered.
    pub answered: u64,
    /// Until everything is released.
    pub released: u64,
    /// Until nobody serves any more whose faild is silent.
    pub lonely: u64,
}

const MILLION: u64 = 1_000_000;

/// The longest that a time by the clock of a host can be.
pub fn at_most(ns: u64) -> u64 {
    // All times here are far below an hour.
    ns * MILLION / (MILLION - DRIFT_MAX as u64) + 1
}

/// The shortest that a time by the clock of a host can be.
pub fn at_least(ns: u64) -> u64 {
    ns * MILLION / (MILLION + DRIFT_MAX as u64)
}

impl Bounds {
    /// The bounds of a service in a run.
    pub fn of(setup: &Setup, svc: &Svc) -> Bounds {
        let (a, b) = (
            Bounds::of_settings(setup, &svc.settings).drifting(),
            Bounds::of_settings(setup, &svc.other).drifting(),
        );
        Bounds {
            overdue: a.overdue.max(b.overdue),
            in_time: a.in_time.min(b.in_time),
            times: a.times.max(b.times),
            give_up: a.give_up.max(b.give_up),
            publish: a.publish.max(b.publish),
            round: a.round.max(b.round),
            polled: a.polled.max(b.polled),
            stop: a.stop.max(b.stop),
            hand_back: a.hand_back.max(b.hand_back),
            settled: a.settled.max(b.settled),
            cancel: a.cancel.max(b.cancel),
            grace: a.grace.max(b.grace),
            found: a.found.max(b.found),
            retried: a.retried.max(b.retried),
            answered: a.answered.max(b.answered),
            released: a.released.max(b.released),
            lonely: a.lonely.max(b.lonely),
        }
    }

    fn of_settings(setup: &Setup, settings: &Service) -> Bounds {
        const SLACK: u64 = 20 * MS;
        let interval = settings.interval.0;
        let spacing = settings.spacing().0;
        let times = u64::from(settings.confirm.times);
        let usual = (interval / 2).min(500 * MS);
        // The local faild is always waited for as usual.
        let timeout = setup.answer_timeout.map_or(usual, |timeout| timeout.0);
        let overdue = timeout.max(usual);
        let give_up = overdue + times * spacing + overdue.max(spacing);
        let publish = 2 * setup.save_max + 10 * MS;
        let round = interval + give_up + SLACK;
        let script = setup.script_max;
        let check = settings.check.as_ref().map_or(0, |_| script + 2 * SLACK);
        let checks = |n: u32| (u64::from(n) + 1) * (settings.check_interval.0 + check);
        let stop = 2 * round + 2 * publish + 2 * script + check;
        let delay = settings.delay.0;
        let hand_back = 2 * round + 2 * give_up + 2 * script + 3 * publish + delay + 2 * check;
        let wait = settings.retry.map_or(0, |retry| retry.maximum.0);
        let (cancel, grace) = (settings.timeout.0 + SLACK, CANCEL_GRACE.0 + SLACK);
        Bounds {
            overdue,
            in_time: timeout.min(interval / 2).min(20 * MS),
            times,
            give_up,
            publish,
            round,
            polled: interval + overdue.max(spacing) + SLACK,
            stop,
            hand_back,
            settled: stop + hand_back + 2 * round + publish + check,
            cancel,
            grace,
            found: checks(settings.fall) + round + publish,
            retried: wait + checks(settings.rise) + 2 * round + 2 * publish,
            answered: 4 * (round + publish) + cancel + grace + SECOND,
            released: 2 * (cancel + grace) + 4 * (round + publish),
            lonely: 2 * round + 2 * script + check + SLACK,
        }
    }

    /// By the world's clock, whatever those of the hosts say.
    fn drifting(self) -> Bounds {
        Bounds {
            overdue: at_most(self.overdue),
            in_time: at_least(self.in_time),
            times: self.times,
            give_up: at_most(self.give_up),
            publish: at_most(self.publish),
            round: at_most(self.round),
            polled: at_most(self.polled),
            stop: at_most(self.stop),
            hand_back: at_most(self.hand_back),
            settled: at_most(self.settled),
            cancel: at_most(self.cancel),
            grace: at_most(self.grace),
            found: at_most(self.found),
            retried: at_most(self.retried),
            answered: at_most(self.answered),
            released: at_most(self.released),
            lonely: at_most(self.lonely),
        }
    }
}
