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
//! | `stop` (T) | 2 × `round` + 2 × `publish` + 2 × script | another script of ours ends, is published, then we see, then we stop |
//! | `hand_back` | 2 × `round` + 2 × `give_up` + 2 × script + 3 × `publish` + delay | the slave sees us and stops; we see that, say `starting`, ask once more, start |
//! | `settled` | `stop` + `hand_back` + 2 × `round` + `publish` | both, and a lower host that gives up its own claim first |
//!
//! 20 ms is for schedulers and the network of a calm world.

use fail_core::plan::CANCEL_GRACE;

use crate::setup::{MS, Setup, Svc};

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
}

impl Bounds {
    /// The bounds of a service in a run.
    pub fn of(setup: &Setup, svc: &Svc) -> Bounds {
        const SLACK: u64 = 20 * MS;
        let interval = svc.settings.interval.0;
        let spacing = svc.settings.spacing().0;
        let times = u64::from(svc.settings.confirm.times);
        let usual = (interval / 2).min(500 * MS);
        // The local faild is always waited for as usual.
        let timeout = setup.answer_timeout.map_or(usual, |timeout| timeout.0);
        let overdue = timeout.max(usual);
        let give_up = overdue + times * spacing + overdue.max(spacing);
        let publish = 2 * setup.save_max + 10 * MS;
        let round = interval + give_up + SLACK;
        let script = setup.script_max;
        let stop = 2 * round + 2 * publish + 2 * script;
        let delay = svc.settings.delay.0;
        let hand_back = 2 * round + 2 * give_up + 2 * script + 3 * publish + delay;
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
            settled: stop + hand_back + 2 * round + publish,
            cancel: svc.settings.timeout.0 + SLACK,
            grace: CANCEL_GRACE.0 + SLACK,
        }
    }
}
