//! Reading the Hcfile again while everything goes on: in a thread of its own, so that a disk that
//! hangs is not felt. What comes of it is good as a whole, or it is an error and changes
//! nothing. Who asks while it is being read has it read once more after that.

use std::collections::BTreeMap;
use std::io;

use fail_cli::exit;
use fail_conf::hcfile::Hcfile;
use fail_core::time::Now;
use fail_core::watch::{In, Target};
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Sender};
use fail_rt::reason;
use fail_wire::Name;

use super::Engine;
use crate::descriptors;
use crate::source::{Broken, Loaded, Origin};

/// Reads again on demand.
pub struct Reload {
    origin: Origin,
    answers: Receiver<Result<Loaded, Broken>>,
    to_answers: Sender<Result<Loaded, Broken>>,
    /// How often it has been read.
    count: u64,
    reading: bool,
    again: bool,
}

impl Reload {
    /// It has been read from there once.
    pub fn new(origin: Origin, waker: &Waker) -> Reload {
        // One thread answers once, and there is one thread.
        let (to_answers, answers) = queue::bounded(waker, 1);
        Reload {
            origin,
            answers,
            to_answers,
            count: 1,
            reading: false,
            again: false,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let (origin, answers) = (self.origin.clone(), self.to_answers.clone());
        let read = move || {
            // It fails when the engine has ended meanwhile.
            let _ = answers.send(origin.load());
        };
        let thread = std::thread::Builder::new().name("reload".to_string());
        thread.spawn(read)?;
        self.reading = true;
        Ok(())
    }
}

impl Engine {
    /// Somebody wants it read again.
    pub(super) fn read_again(&mut self) {
        if self.reload.reading {
            self.reload.again = true;
            return self
                .log
                .info("the Hcfile is being read; it is read once more after that");
        }
        self.life.reloading();
        self.log.info("reading the Hcfile again");
        if let Err(e) = self.reload.begin() {
            let why = reason::words(&e);
            let public = format!("no thread to read the Hcfile: {why}");
            let all = public.clone();
            let code = exit::OSERR;
            self.stays(Broken { all, public, code });
            self.life.reloaded();
        }
    }

    /// It has been read, or could not be.
    pub(super) fn on_reload(&mut self, now: Now) {
        let Some(answer) = self.reload.answers.poll() else {
            return;
        };
        self.reload.reading = false;
        match answer {
            Ok(loaded) => self.renew(now, loaded),
            Err(broken) => self.stays(broken),
        }
        self.life.reloaded();
        if std::mem::take(&mut self.reload.again) {
            self.read_again();
        }
    }

    /// The log is for who writes the Hcfile; the monitor and the service manager tell everybody.
    fn stays(&mut self, broken: Broken) {
        for line in broken.all.lines() {
            self.log.error(line);
        }
        self.log.error("the Hcfile is broken, the old one holds");
        self.broken = Some(broken.public);
    }

    pub(super) fn renew(&mut self, now: Now, loaded: Loaded) {
        loaded.warnings.iter().for_each(|line| self.log.warn(line));
        let few = descriptors::warning(&loaded.hcfile);
        few.iter().for_each(|line| self.log.warn(line));
        let changes = Changes::between(&self.hcfile, &loaded.hcfile);
        self.log.info(changes.summary());
        let log = self.log.facility("file");
        log.debug(format_args!("{} files were read", loaded.files));
        let kept = self.driver.machine().kept();
        self.tell_left(&loaded.hcfile, &kept);
        let asked = changes.asked.clone();
        self.broken = None;
        self.reload.count += 1;
        self.monitor.renewed(self.reload.count);
        self.govern(now, loaded);
        // Only now: what the old file wanted in this turn has become a wish just before.
        self.wishes.forget_gone(&self.hcfile);
        // What is asked otherwise now is asked at once.
        for name in asked {
            self.tell(now, In::Ask(name));
        }
        self.store.want();
    }
}

/// What a new Hcfile changes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    new: usize,
    changed: usize,
    gone: usize,
    same: usize,
    /// Those whose checks are others.
    asked: Vec<Name>,
}

impl Changes {
    fn between(old: &Hcfile, new: &Hcfile) -> Changes {
        let mut changes = Changes::default();
        let by_name = |hcfile: &Hcfile| -> BTreeMap<Name, Target> {
            let targets = hcfile.targets.iter();
            targets.map(|t| (t.name.clone(), t.clone())).collect()
        };
        let (were, are) = (by_name(old), by_name(new));
        for (name, body) in &new.bodies {
            match old.bodies.get(name) {
                None => changes.new += 1,
                Some(before) => {
                    let same = before == body && were.get(name) == are.get(name);
                    changes.same += usize::from(same);
                    changes.changed += usize::from(!same);
                    if before.checks != body.checks {
                        changes.asked.push(name.clone());
                    }
                }
            }
        }
        let gone = |name: &&Name| !new.bodies.contains_key(*name);
        changes.gone = old.bodies.keys().filter(gone).count();
        changes
    }

    fn summary(&self) -> String {
        let plural = if self.new == 1 { "" } else { "s" };
        format!(
            "Hcfile read again: {} target{plural} new, {} changed, {} gone, {} as before",
            self.new, self.changed, self.gone, self.same
        )
    }
}
