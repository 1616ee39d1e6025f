//! Whether a rehearsal still gets anywhere. One whose scripts never wait, or that goes in a
//! circle by itself, is given up: a sentence says where and why, and what was expected counts
//! as not held.
//!
//! The limits are in steps, so that the same rehearsal is given up at the same moment again;
//! only scripts that compute for seconds have a limit in time: that of the processor.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::World;
use crate::limits::{
    MOVES_AT_ONCE_MAX, MOVES_MAX, MOVES_PER_SECOND, SLOW_MAX, SLOW_TURN, STEPS_AT_ONCE_MAX,
};
use crate::scenario::{MS, SECOND};

/// What was done so far.
#[derive(Debug, Default)]
pub struct Toil {
    /// The millisecond in which it is.
    ms: u64,
    /// Events in it.
    steps: u64,
    /// Moves of Tcl in it.
    moves: u64,
    /// How long slow turns have computed.
    slow: Duration,
    /// Why it is given up.
    pub given_up: Option<String>,
}

/// How long this thread has computed: what others do on the machine is not among it, nor does it
/// judge a policy.
pub(super) fn computed() -> Duration {
    // There is one on each Linux; without, nothing is slow.
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(Duration::ZERO, Duration::from)
}

impl World<'_> {
    /// An event more.
    pub(super) fn toil(&mut self) {
        let ms = self.at / MS;
        if self.toil.ms != ms {
            (self.toil.ms, self.toil.steps, self.toil.moves) = (ms, 0, 0);
        }
        self.toil.steps += 1;
        if self.toil.steps > STEPS_AT_ONCE_MAX {
            self.give_up(format!(
                "more than {STEPS_AT_ONCE_MAX} events within a millisecond (STEPS_AT_ONCE_MAX)"
            ));
        }
    }

    /// The scripts of a host have gone on so often, and computed for so long.
    pub(super) fn toiled(&mut self, host: usize, moves: u64, took: Duration) {
        self.hosts[host].moves += moves;
        self.toil.moves += moves;
        if took > SLOW_TURN {
            self.toil.slow += took;
        }
        let name = &self.hosts[host].name;
        let services = self.hosts[host].services.len() as u64;
        let most = MOVES_MAX + self.at / SECOND * MOVES_PER_SECOND * (1 + services);
        if self.toil.moves > MOVES_AT_ONCE_MAX {
            self.give_up(format!(
                "{name}: a script of its policy goes on again and again and no time passes, more \
                 than {MOVES_AT_ONCE_MAX} times (MOVES_AT_ONCE_MAX)"
            ));
        } else if self.hosts[host].moves > most {
            self.give_up(format!(
                "{name}: the scripts of its policy are never at rest, they went on more than \
                 {most} times (MOVES_MAX)"
            ));
        } else if self.toil.slow > SLOW_MAX {
            self.give_up(format!(
                "{name}: the scripts of its policy compute for too long, more than {} seconds \
                 (SLOW_MAX)",
                SLOW_MAX.as_secs()
            ));
        }
    }

    fn give_up(&mut self, why: String) {
        self.toil.given_up.get_or_insert(why);
    }
}
