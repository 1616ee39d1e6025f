//! The clocks, the boot id and randomness: what a machine is told because it never looks.
//!
//! The clock of every deadline is `CLOCK_BOOTTIME`, which goes on while the host sleeps, so
//! that a laptop or a paused guest that wakes up knows how long it was away. Where a timer
//! on it can not be had, `CLOCK_MONOTONIC` takes its place, for this whole process.

use std::fs;
use std::io;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use fail_core::time::{Mono, Now, Wall};
use nix::sys::timerfd::{self, TimerFd, TimerFlags};
use nix::time::{ClockId, clock_gettime};

/// One clock, by both of its names.
#[derive(Clone, Copy)]
struct Chosen {
    clock: ClockId,
    timer: timerfd::ClockId,
}

fn chosen() -> Chosen {
    static CHOSEN: OnceLock<Chosen> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let boot = Chosen {
            clock: ClockId::CLOCK_BOOTTIME,
            timer: timerfd::ClockId::CLOCK_BOOTTIME,
        };
        let works = clock_gettime(boot.clock).is_ok() && timer_on(boot).is_ok();
        if works {
            return boot;
        }
        Chosen {
            clock: ClockId::CLOCK_MONOTONIC,
            timer: timerfd::ClockId::CLOCK_MONOTONIC,
        }
    })
}

fn timer_on(chosen: Chosen) -> nix::Result<TimerFd> {
    TimerFd::new(
        chosen.timer,
        TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
    )
}

/// A timer that reads the same clock as [`now`].
pub(crate) fn timer() -> io::Result<TimerFd> {
    Ok(timer_on(chosen())?)
}

/// What both clocks say.
#[allow(
    clippy::expect_used,
    reason = "the clock was read once when it was chosen, and reading one fails in no other way"
)]
pub fn now() -> Now {
    let mono = clock_gettime(chosen().clock).expect("a clock that could be read once");
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = u64::try_from(mono.tv_sec()).unwrap_or(0);
    let rest = u64::try_from(mono.tv_nsec()).unwrap_or(0);
    Now {
        mono: Mono(seconds.saturating_mul(1_000_000_000).saturating_add(rest)),
        wall: Wall(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// The earliest of several deadlines; nothing when there is none.
pub fn earliest(deadlines: impl IntoIterator<Item = Option<Mono>>) -> Option<Mono> {
    deadlines.into_iter().flatten().min()
}

/// The name of this host, without its domain.
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    let name = name.to_string_lossy();
    name.split('.').next().unwrap_or_default().to_string()
}

/// The name that the kernel gave to this boot.
pub fn boot_id() -> io::Result<String> {
    const PATH: &str = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(PATH).map_err(|e| {
        let sentence = format!("can not read {PATH}: {}", crate::reason::words(&e));
        io::Error::new(e.kind(), sentence)
    })?;
    Ok(text.trim().to_owned())
}

/// Bytes that nobody can guess, for ids and keys.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| {
        io::Error::other(format!(
            "can not get random bytes from the system: {e}; without them nothing can be signed"
        ))
    })?;
    Ok(seed)
}

/// UTC in the form that sorts and fits into a file name: `20260131T235959Z`.
pub fn utc(wall: Wall) -> String {
    let seconds = wall.0.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a date by eras of 400 years that begin on the first of March, so that the
    // day which only some years have is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let day = day - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_forward() {
        let first = now();
        let second = now();
        assert!(second.mono >= first.mono && first.mono > Mono(0));
        assert!(first.wall > Wall(1_700_000_000_000), "{:?}", first.wall);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "19700101T000000Z"),
            (951_782_400_000, "20000229T000000Z"),
            (951_868_800_000, "20000301T000000Z"),
            (1_735_689_599_999, "20241231T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"),
            (-1000, "19691231T235959Z"),
        ] {
            assert_eq!(utc(Wall(ms)), text);
        }
    }

    #[test]
    fn a_boot_id_is_one_word_and_seeds_differ() {
        let id = boot_id().unwrap();
        assert!(!id.is_empty() && !id.contains(char::is_whitespace), "{id}");
        assert_eq!(id, boot_id().unwrap());
        assert_ne!(seed().unwrap(), seed().unwrap());
    }

    #[test]
    fn no_deadline_is_later_than_any() {
        assert_eq!(
            earliest([None, Some(Mono(5)), Some(Mono(3))]),
            Some(Mono(3))
        );
        assert_eq!(earliest([None, None]), None);
    }
}
