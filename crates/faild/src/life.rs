//! What the service manager hears: that faild works, reads a file again or ends, how it is, and
//! that it is alive.
//!
//! Alive is a loop that turns. A disk that hangs does not count: what faild answers is still
//! right, and to be killed for it would take that away, and the changes that are in memory only.
//! It is said in the status instead, and in the log.

use std::fmt::{self, Display};

use fail_core::time::{Mono, Span};
use fail_rt::log::Log;
use fail_rt::notify::{Notify, Watchdog};

/// A save that takes longer is said to hang.
const SAVE_MAX: Span = Span::from_secs(5);

/// The same trouble with the disk is logged this often: it is tried again more often than that.
const TROUBLE_EVERY: Span = Span::from_secs(60);

/// How it is with the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Disk {
    #[default]
    Well,
    /// The save under way takes too long.
    Hangs,
    /// The last save failed: a sentence.
    Failed(String),
}

/// What is told, and was told.
pub struct Life {
    notify: Notify,
    watchdog: Option<Watchdog>,
    log: Log,
    disk: Disk,
    /// When its present trouble was logged.
    logged: Option<Mono>,
    /// Since when a save is under way.
    saving: Option<Mono>,
    told: Option<(usize, Disk)>,
}

impl Life {
    /// Nothing told yet but that it is ready.
    pub fn new(notify: Notify, log: Log, now: Mono) -> Life {
        Life {
            watchdog: notify.pace().map(|pace| Watchdog::new(pace, now)),
            notify,
            log,
            disk: Disk::default(),
            logged: None,
            saving: None,
            told: None,
        }
    }

    /// Reads its files again.
    pub fn reloading(&self) {
        self.notify.reloading();
    }

    /// Has read them.
    pub fn reloaded(&self) {
        self.notify.ready();
    }

    /// Ends.
    pub fn stopping(&self) {
        self.notify.stopping();
    }

    /// A save has begun.
    pub fn saving(&mut self, now: Mono) {
        self.saving.get_or_insert(now);
    }

    /// A save is done, or failed with this sentence.
    pub fn saved(&mut self, now: Mono, failed: Option<String>) {
        self.saving = None;
        let disk = failed.map_or(Disk::Well, Disk::Failed);
        self.trouble(now, disk);
    }

    /// When to look again.
    pub fn deadline(&self) -> Option<Mono> {
        let hangs = self.saving.filter(|_| self.disk != Disk::Hangs);
        let hangs = hangs.map(|since| since + SAVE_MAX);
        let alive = self.watchdog.as_ref().and_then(Watchdog::deadline);
        fail_rt::clock::earliest([hangs, alive])
    }

    /// A turn of the loop, in which faild knows so many services.
    pub fn turn(&mut self, now: Mono, services: usize) {
        if self.saving.is_some_and(|since| now >= since + SAVE_MAX) {
            self.trouble(now, Disk::Hangs);
        }
        if self.notify.is_heard() && !self.has_told(services) {
            let line = Status {
                services,
                disk: &self.disk,
            };
            self.notify.status(&line.to_string());
            self.told = Some((services, self.disk.clone()));
        }
        if let Some(dog) = &mut self.watchdog {
            // That this is a turn is all that there is to show.
            dog.answered();
            if dog.is_due(now) {
                self.notify.alive();
                dog.answered();
            }
        }
    }

    fn has_told(&self, services: usize) -> bool {
        let told = self.told.as_ref();
        told.is_some_and(|(told, disk)| *told == services && *disk == self.disk)
    }

    /// One line for each new trouble, one when it is over, and one a minute meanwhile.
    fn trouble(&mut self, now: Mono, disk: Disk) {
        let same = disk == self.disk;
        let late = self.logged.is_none_or(|at| now - at >= TROUBLE_EVERY);
        match &disk {
            _ if same && !late => return,
            Disk::Well if same => return,
            Disk::Well => self
                .log
                .info("the state file is written again, with everything that was in memory only"),
            Disk::Failed(sentence) => self
                .log
                .error(format_args!("{sentence}; changes are in memory only")),
            Disk::Hangs if same => return,
            Disk::Hangs => self.log.error(format_args!(
                "the disk has not taken the state file in {SAVE_MAX}; changes are in memory only, \
                 and are not acknowledged before it has"
            )),
        }
        self.logged = Some(now);
        self.disk = disk;
    }
}

/// How faild is, in one line.
struct Status<'a> {
    services: usize,
    disk: &'a Disk,
}

impl Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.services == 1 { "" } else { "s" };
        write!(f, "{} service{plural}", self.services)?;
        match self.disk {
            Disk::Well => Ok(()),
            Disk::Hangs => f.write_str("; the disk hangs: changes are in memory only"),
            Disk::Failed(why) => write!(f, "; changes are in memory only: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn at(s: u64) -> Mono {
        Mono(0) + Span::from_secs(s)
    }

    #[test]
    fn trouble_with_the_disk_is_logged_once_a_minute_and_when_it_is_over() {
        let kept = Kept::default();
        let mut life = Life::new(Notify::default(), Log::to("faild", kept.clone()), at(0));
        let full = || Some("full".to_owned());
        for (s, failed) in [(1, None), (2, full()), (7, full()), (12, full())] {
            life.saved(at(s), failed);
        }
        life.saved(at(13), Some("read-only".to_owned()));
        life.saved(at(74), Some("read-only".to_owned()));
        life.saved(at(79), None);
        life.saved(at(80), None);
        drop(life);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let firsts: Vec<_> = text.lines().map(|line| &line[..16]).collect();
        let well = "faild: the state";
        let only = "faild: read-only";
        assert_eq!(firsts, ["faild: full; cha", only, only, well]);
    }

    #[test]
    fn a_save_that_hangs_is_said_once_and_wakes_the_loop_once() {
        let kept = Kept::default();
        let mut life = Life::new(Notify::default(), Log::to("faild", kept.clone()), at(0));
        life.saving(at(1));
        assert_eq!(life.deadline(), Some(at(6)));
        life.turn(at(5), 1);
        assert_eq!(life.disk, Disk::Well);
        for s in [6, 7, 99] {
            life.turn(at(s), 1);
            assert_eq!((&life.disk, life.deadline()), (&Disk::Hangs, None));
        }
        life.saved(at(100), None);
        assert_eq!(life.disk, Disk::Well);
        drop(life);
        assert_eq!(kept.0.lock().unwrap().split(|b| *b == b'\n').count(), 3);
    }

    #[test]
    fn the_status_is_one_line() {
        let shown = |services, disk: &Disk| Status { services, disk }.to_string();
        assert_eq!(shown(1, &Disk::Well), "1 service");
        assert_eq!(
            shown(2, &Disk::Failed("no room".to_owned())),
            "2 services; changes are in memory only: no room"
        );
        assert!(shown(0, &Disk::Hangs).starts_with("0 services; the disk hangs"));
    }
}
