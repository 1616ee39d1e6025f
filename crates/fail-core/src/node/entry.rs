//! One record of a faild, from its first change on.

use std::net::IpAddr;

use fail_wire::{Beat, Change, Marks, Name, Reason, Record, State};

use super::history::{Pasts, Who};
use super::image::Kept;
use crate::time::{Now, Span, Wall};

/// A publisher that misses this many of its own intervals is silent.
const SILENT_INTERVALS: u64 = 3;

/// A state that somebody set by hand has this long to find who supervises it. Otherwise a
/// RECOVER on a host without failsh would make other hosts give way for ever.
const UNSUPERVISED_AFTER: Span = Span::from_secs(3);

/// A record and who stands behind it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    kept: Kept,
    publisher: Option<Publisher>,
    pasts: Pasts,
}

/// Who publishes a record.
#[derive(Debug, Clone, Copy)]
struct Publisher {
    interval: Span,
    heard: crate::time::Mono,
    beats: u64,
}

/// What the wire says of a service that this faild has never heard of, or has forgotten.
/// `version` is greater than that of any record that was forgotten.
pub(super) fn unknown(name: &Name, version: u64) -> Record {
    Record {
        name: name.clone(),
        state: State::Fail,
        marks: Marks::UNPUBLISHED,
        version,
        age_ms: 0,
        last_change: 0,
        reason: Reason::new("unknown"),
    }
}

/// What the wire says of a service that the asker may not read.
pub(super) fn unreadable(name: &Name) -> Record {
    let reason = Reason::new("not readable with this community");
    Record {
        marks: Marks::UNREADABLE,
        reason,
        ..unknown(name, 0)
    }
}

impl Entry {
    /// A record that nothing was said about yet.
    pub fn new(name: Name, version: u64, now: Now) -> Entry {
        let kept = Kept {
            name,
            state: State::Fail,
            marks: Marks::UNPUBLISHED,
            version,
            changed: now.mono,
            last_change: now.wall,
            interval: Span::ZERO,
            reason: Reason::new("unknown"),
        };
        Entry {
            kept,
            publisher: None,
            pasts: Pasts::default(),
        }
    }

    /// A record from disk. Its publisher gets the usual time to show up again.
    pub fn from_disk(kept: Kept, now: Now) -> Entry {
        let heard = Publisher {
            interval: kept.interval,
            heard: now.mono,
            beats: 0,
        };
        let publisher = (kept.interval != Span::ZERO).then_some(heard);
        let mut pasts = Pasts::default();
        pasts.note(&kept, Who::Disk);
        Entry {
            kept,
            publisher,
            pasts,
        }
    }

    /// A record from disk after the host was started anew: nothing runs any more. The
    /// wishes of people stay.
    pub fn after_reboot(kept: Kept, now: Now) -> Entry {
        let mut pasts = Pasts::default();
        pasts.note(&kept, Who::Disk);
        let kept = Kept {
            state: State::Fail,
            marks: Marks(kept.marks.0 & Marks::WISHES.0).with(Marks::UNPUBLISHED),
            version: kept.version.saturating_add(1),
            changed: now.mono,
            last_change: now.wall,
            interval: Span::ZERO,
            reason: Reason::new("rebooted"),
            name: kept.name.clone(),
        };
        pasts.note(&kept, Who::Boot);
        Entry {
            kept,
            publisher: None,
            pasts,
        }
    }

    pub fn version(&self) -> u64 {
        self.kept.version
    }

    pub fn pasts(&self) -> &Pasts {
        &self.pasts
    }

    /// Whether its publisher was heard lately.
    pub fn is_published(&self, now: Now) -> bool {
        self.publisher.is_some() && !self.is_unsupervised(now)
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The record as it travels.
    pub fn record(&self, now: Now) -> Record {
        let marks = if self.is_unsupervised(now) {
            self.kept.marks.with(Marks::UNSUPERVISED)
        } else {
            self.kept.marks
        };
        Record {
            name: self.kept.name.clone(),
            state: self.kept.state,
            marks,
            version: self.kept.version,
            age_ms: (now.mono - self.kept.changed).as_millis(),
            last_change: self.kept.last_change.0,
            reason: self.kept.reason.clone(),
        }
    }

    /// Whether nobody stands behind the state any more, or nobody ever did. Of a FAIL nobody
    /// has to take care.
    fn is_unsupervised(&self, now: Now) -> bool {
        match self.publisher {
            Some(p) => now.mono - p.heard > p.interval.times(SILENT_INTERVALS),
            None => {
                self.kept.state != State::Fail && now.mono - self.kept.changed > UNSUPERVISED_AFTER
            }
        }
    }

    /// What the log says of it to who wants to know more.
    pub fn detail(&self) -> String {
        let publisher = match self.publisher {
            Some(p) => format!("its publisher beats every {}", p.interval),
            None => "it has no publisher".to_string(),
        };
        let (name, version) = (&self.kept.name, self.kept.version);
        format!("service {name}: version {version}; {publisher}")
    }

    /// The publisher is alive. A beat that is not newer than the last one is a replay.
    pub fn beat(&mut self, now: Now, beat: Beat) {
        if self.publisher.is_some_and(|p| beat.count <= p.beats) {
            return;
        }
        let interval = Span::from_millis(u64::from(beat.interval_ms));
        self.publisher = Some(Publisher {
            interval,
            heard: now.mono,
            beats: beat.count,
        });
    }

    /// The one door through which a record changes. Gives the line for the log.
    pub fn change(&mut self, now: Now, change: &Change, who: IpAddr) -> String {
        let (was, marks) = (self.kept.state, self.kept.marks);
        let kept = &mut self.kept;
        let only = |marks: Marks, of: Marks| Marks(marks.0 & of.0);
        let set = only(change.set, Marks::SETTABLE);
        let withdrawn = set.has(Marks::UNPUBLISHED);
        kept.marks = marks
            .with(set)
            .without(only(change.clear, Marks::CLEARABLE));
        if let Some(state) = change.state {
            kept.state = state;
            kept.marks = kept.marks.without(Marks::STARTING);
            if !withdrawn {
                kept.marks = kept.marks.without(Marks::UNPUBLISHED);
            }
            // A change by hand leaves the publisher who he is, also after a restart.
            if change.interval_ms > 0 {
                kept.interval = Span::from_millis(u64::from(change.interval_ms));
            }
        }
        kept.version = kept.version.saturating_add(1);
        let after = now.mono - kept.changed;
        kept.changed = now.mono;
        kept.last_change = Wall(now.wall.0);
        kept.reason = change.reason.clone();
        if withdrawn {
            // Nobody stands behind it any more, and nobody is missed.
            self.kept.interval = Span::ZERO;
            self.publisher = None;
        } else if let (Some(_), interval @ 1..) = (change.state, change.interval_ms) {
            let beats = self.publisher.map_or(0, |p| p.beats);
            let interval = Span::from_millis(u64::from(interval));
            self.publisher = Some(Publisher {
                interval,
                heard: now.mono,
                beats,
            });
        }
        self.pasts.note(&self.kept, Who::Address(who));
        let wishes = self
            .kept
            .marks
            .words()
            .filter(|word| *word != "unpublished");
        let wishes: String = wishes.map(|word| format!(" {word}")).collect();
        format!(
            "service {}: {was} -> {}{wishes} ({}) after {} ms, by {who}",
            self.kept.name,
            self.kept.state,
            self.kept.reason,
            after.as_millis(),
        )
    }
}
