//! Whether the thread with the checks goes on. While it stands still, because a library does not
//! come to an end or the host is too busy, answers wait that would have been in time: what is
//! found bad then says nothing of who was asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// It says so often that it goes on.
const TICK: Duration = Duration::from_millis(100);

/// So late it has stood still. Who has less than twice that looks how late its deadline is.
const STALL_MIN: Duration = Duration::from_millis(500);

/// The thread with the checks stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// It does now.
    Now,
    /// It did, for so long.
    Over(Duration),
}

/// Shared by the thread and by who wants to know.
#[derive(Debug)]
pub(crate) struct Pulse {
    began: Instant,
    /// When it said last that it goes on: milliseconds since it began.
    last: AtomicU64,
    /// How long it has stood still, in milliseconds, until somebody has asked.
    stood: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        Pulse {
            began: Instant::now(),
            last: AtomicU64::new(0),
            stood: AtomicU64::new(0),
        }
    }

    /// Says it, for ever.
    pub(crate) async fn go_on<T>(&self) -> T {
        loop {
            self.beat(self.began.elapsed());
            tokio::time::sleep(TICK).await;
        }
    }

    /// Says whether it has stood still, before an answer is given: so that who takes the answer
    /// knows already. That it goes on does not show by that: others may still wait.
    pub(crate) fn is_here(&self) {
        self.answers(self.began.elapsed());
    }

    fn answers(&self, now: Duration) {
        if self.late(now) >= STALL_MIN {
            self.beat(now);
        }
    }

    fn beat(&self, now: Duration) {
        let late = self.late(now);
        if late >= STALL_MIN {
            self.stood.fetch_max(millis(late), Ordering::Relaxed);
        }
        self.last.store(millis(now), Ordering::Relaxed);
    }

    fn late(&self, now: Duration) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        now.saturating_sub(last + TICK)
    }

    /// Whether it has stood still since somebody has asked last.
    pub(crate) fn stalled(&self) -> Option<Stall> {
        self.look(self.began.elapsed())
    }

    fn look(&self, now: Duration) -> Option<Stall> {
        // Each is told once.
        match self.stood.swap(0, Ordering::Relaxed) {
            0 => (self.late(now) >= STALL_MIN).then_some(Stall::Now),
            stood => Some(Stall::Over(Duration::from_millis(stood))),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_still_is_seen_while_it_lasts_and_told_once_when_it_is_over() {
        let ms = Duration::from_millis;
        let pulse = Pulse::new();
        pulse.beat(ms(1_000));
        pulse.stood.store(0, Ordering::Relaxed);
        assert_eq!(pulse.look(ms(1_599)), None);
        assert_eq!(pulse.look(ms(1_600)), Some(Stall::Now));
        assert_eq!(pulse.look(ms(3_000)), Some(Stall::Now));
        pulse.beat(ms(3_100));
        assert_eq!(pulse.look(ms(3_100)), Some(Stall::Over(ms(2_000))));
        assert_eq!(pulse.look(ms(3_150)), None);
        // So are many short ones in a row, whatever is answered between them.
        pulse.beat(ms(3_200));
        for now in [3_500, 3_750, 3_799] {
            pulse.answers(ms(now));
            assert_eq!(pulse.look(ms(now)), None);
        }
        pulse.answers(ms(3_800));
        assert_eq!(pulse.look(ms(3_800)), Some(Stall::Over(ms(500))));
        pulse.beat(ms(3_100));
        // A short one is none.
        pulse.beat(ms(3_699));
        assert_eq!(pulse.look(ms(3_700)), None);
    }
}
