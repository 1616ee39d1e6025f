//! Who holds the Tcl thread, and for how long.
//!
//! A script that runs in a circle keeps all others from going on, also those whose programs
//! have long ended. That time is not theirs: the engine asks for it here and gives it back to
//! them. Short turns are everybody's own and are not told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fail_core::job::JobNo;

/// A turn shorter than this harms nobody.
const SHORT: Duration = Duration::from_millis(20);

/// The turns that have not been told.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// Whose turn it is, since when, and how much of it has been told.
    current: Option<(JobNo, Instant, Duration)>,
    /// Ended turns: at most one entry for each job.
    ended: Vec<(JobNo, Duration)>,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing is left half done if somebody panics here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This job goes on.
    pub(crate) fn begin(&self, job: JobNo) {
        self.lock().current = Some((job, Instant::now(), Duration::ZERO));
    }

    /// It waits, or has ended.
    pub(crate) fn end(&self) {
        let mut inside = self.lock();
        if let Some((job, time)) = inside.untold() {
            inside.add(job, time);
        }
        inside.current = None;
    }

    /// Whether this turn lasts longer than that.
    pub(crate) fn lasts(&self, limit: Duration) -> bool {
        let current = self.lock().current;
        current.is_some_and(|(_, began, _)| began.elapsed() > limit)
    }

    /// What has not been told yet: who held the thread, and for how long.
    pub(crate) fn take(&self) -> Vec<(JobNo, Duration)> {
        let mut inside = self.lock();
        if let Some((job, time)) = inside.untold() {
            inside.add(job, time);
            if let Some((_, _, told)) = &mut inside.current {
                *told += time;
            }
        }
        std::mem::take(&mut inside.ended)
    }
}

impl Inside {
    fn untold(&self) -> Option<(JobNo, Duration)> {
        let (job, began, told) = self.current?;
        let time = began.elapsed();
        (time >= SHORT).then(|| (job, time.saturating_sub(told)))
    }

    fn add(&mut self, job: JobNo, time: Duration) {
        match self.ended.iter_mut().find(|(known, _)| *known == job) {
            Some((_, sum)) => *sum += time,
            None => self.ended.push((job, time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_present_turn_can_last_too_long() {
        let turns = Turns::default();
        assert!(!turns.lasts(Duration::ZERO));
        turns.begin(JobNo(1));
        while !turns.lasts(Duration::from_millis(1)) {
            std::thread::yield_now();
        }
        assert!(!turns.lasts(Duration::from_secs(3_600)));
        // That it is asked for what it has held changes nothing.
        turns.take();
        assert!(turns.lasts(Duration::from_millis(1)));
        turns.end();
        assert!(!turns.lasts(Duration::ZERO));
    }
}
