//! Changes: judged, done at once, acknowledged when they are on disk. Many that arrive
//! together share one save; one save is under way at a time.

use fail_wire::{Answer, Body, Change, Code, Forget, Marks, Name, Reason, Record, Refusal, State};

use super::entry::{self, Entry};
use super::{Ack, Asker, Node, Out, SAVE_AGAIN, Waiting, fit};
use crate::access::Rights;
use crate::limits;
use crate::log::Level;
use crate::time::Now;

impl Node {
    pub(super) fn change(&mut self, now: Now, asker: &Asker, change: &Change) {
        let judged = self.judge(now, asker, change);
        if self.chatter.access {
            let (who, name) = (asker.peer.addr, &change.name);
            let came = judged
                .as_ref()
                .map_or_else(ToString::to_string, |()| "it takes effect".to_string());
            let text = format!("{who}: changes service {name}: {came}");
            self.log(Level::Debug, "access", text);
        }
        match judged {
            Err(refusal) => self.refuse_change(now, asker, &change.name, refusal),
            Ok(()) => {
                let name = change.name.clone();
                let entry = self
                    .entries
                    .entry(name.clone())
                    .or_insert_with(|| Entry::new(name, self.floor, now));
                let text = entry.change(now, change, asker.peer.addr.ip());
                let (record, detail) = (entry.record(now), entry.detail());
                self.counters.changed += 1;
                self.dirty = true;
                self.log(Level::Info, "state", text);
                if self.chatter.state {
                    self.log(Level::Debug, "state", detail);
                }
                self.pushes.changed(&change.name, &self.access);
                self.done(asker, record);
            }
        }
        self.save();
    }

    /// A change took effect: the sender hears of it when it is on disk.
    fn done(&mut self, asker: &Asker, record: Record) {
        self.unsaved_changes += 1;
        self.unsaved.push(Ack {
            to: asker.clone(),
            what: Waiting::Done(record),
        });
    }

    /// Forgets a service. One that is not known is forgotten already: whoever asks again,
    /// because the answer was lost, hears the same.
    pub(super) fn forget(&mut self, now: Now, asker: &Asker, forget: &Forget) {
        let version = match self.entries.contains_key(&forget.name) {
            true => forget.version,
            false => self.floor,
        };
        let judged = self.judge_order(now, asker, &forget.name, forget.nonce, version);
        let judged = judged.and_then(|()| match self.entries.get(&forget.name) {
            Some(entry) if entry.is_published(now) => Err(Refusal {
                record: Some(entry.record(now)),
                ..Refusal::plain(Code::Published)
            }),
            _ => self.has_room_unsaved(),
        });
        match judged {
            Err(refusal) => self.refuse_change(now, asker, &forget.name, refusal),
            Ok(()) => {
                if let Some(entry) = self.entries.remove(&forget.name) {
                    // This is a change like others: none that was made before may bring it back.
                    self.floor = self.floor.max(entry.version().saturating_add(1));
                    self.dirty = true;
                    let who = asker.peer.addr.ip();
                    let text = format!("service {}: forgotten, by {who}", forget.name);
                    self.counters.changed += 1;
                    self.log(Level::Info, "state", text);
                    self.pushes.changed(&forget.name, &self.access);
                }
                let record = entry::unknown(&forget.name, self.floor);
                match self.dirty || self.save_under_way {
                    true => self.done(asker, record),
                    false => {
                        let ack = Ack {
                            to: asker.clone(),
                            what: Waiting::Done(record),
                        };
                        self.answer(ack, self.save_again.is_none());
                    }
                }
            }
        }
        self.save();
    }

    fn refuse_change(&mut self, now: Now, asker: &Asker, name: &Name, refusal: Refusal) {
        // Of one kind, whatever service it names: names cost a sender nothing.
        let kind = format!("change refused: {refusal}");
        let shown = format!("service {name}: {kind}");
        self.note(now, asker.peer, &kind, &shown);
        self.counters.refused(refusal.code);
        if refusal.code != Ok(Code::Stale) {
            let bytes = fit(asker, Body::Refusal(refusal));
            return self.send(asker.peer, bytes);
        }
        // Who sent a change twice takes the record in this refusal for proof that it was done
        // and is on disk. So it waits for the disk, or comes without the record.
        let ack = Ack {
            to: asker.clone(),
            what: Waiting::Stale(refusal),
        };
        let waiting = self.unsaved.len() - self.unsaved_changes;
        match self.dirty || self.save_under_way {
            true if waiting < limits::REFUSALS_WAITING_MAX => self.unsaved.push(ack),
            true => self.answer(ack, false),
            false => self.answer(ack, self.save_again.is_none()),
        }
    }

    /// Whether a change may take effect. The order is that of a reader's questions: may he,
    /// does he mean this run of the daemon, does he know what he replaces, does it make sense,
    /// is there room.
    fn judge(&self, now: Now, asker: &Asker, change: &Change) -> Result<(), Refusal> {
        self.judge_order(now, asker, &change.name, change.nonce, change.version)?;
        if change.set.has(Marks::UNPUBLISHED) && change.state != Some(State::Fail) {
            return Err(Refusal::plain(Code::Marks));
        }
        let is_new = !self.entries.contains_key(&change.name);
        if is_new && self.entries.len() >= limits::SERVICES_MAX {
            return Err(at_limit("services", limits::SERVICES_MAX));
        }
        self.has_room_unsaved()
    }

    fn has_room_unsaved(&self) -> Result<(), Refusal> {
        match self.unsaved_changes >= limits::UNSAVED_MAX {
            true => Err(at_limit("unsaved changes", limits::UNSAVED_MAX)),
            false => Ok(()),
        }
    }

    /// May he, does he mean this run of the daemon, does he know what he replaces?
    fn judge_order(
        &self,
        now: Now,
        asker: &Asker,
        name: &Name,
        nonce: u64,
        version: u64,
    ) -> Result<(), Refusal> {
        let rights = self.rights(asker, name);
        let record = || rights.is_some().then(|| self.record(now, name));
        if rights != Some(Rights::ReadWrite) {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::ReadOnly)
            });
        }
        if nonce != self.nonce {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::Nonce)
            });
        }
        let entry = self.entries.get(name);
        if version != entry.map_or(self.floor, Entry::version) {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::Stale)
            });
        }
        Ok(())
    }

    fn answer(&mut self, ack: Ack, on_disk: bool) {
        let body = match (ack.what, on_disk) {
            (Waiting::Done(record), true) => Body::Answer(Answer {
                nonce: self.nonce,
                more: false,
                records: vec![record],
            }),
            (Waiting::Done(record), false) => Body::Refusal(Refusal {
                record: Some(record),
                ..Refusal::plain(Code::Unsaved)
            }),
            (Waiting::Stale(refusal), true) => Body::Refusal(refusal),
            (Waiting::Stale(refusal), false) => Body::Refusal(Refusal {
                record: None,
                ..refusal
            }),
        };
        let bytes = fit(&ack.to, body);
        self.send(ack.to.peer, bytes);
    }

    /// Starts a save unless one is under way. Changes that arrive meanwhile share the next.
    pub(super) fn save(&mut self) {
        if !self.dirty || self.save_under_way {
            return;
        }
        self.dirty = false;
        self.save_again = None;
        self.save_under_way = true;
        self.save_no += 1;
        self.saving = std::mem::take(&mut self.unsaved);
        self.unsaved_changes = 0;
        let image = self.image();
        self.out.push_back(Out::Save {
            no: self.save_no,
            image,
        });
    }

    pub(super) fn saved(&mut self, now: Now, no: u64, ok: bool) {
        if !self.save_under_way || no != self.save_no {
            return;
        }
        self.save_under_way = false;
        match ok {
            true => self.counters.saved += 1,
            false => self.counters.unsaved += 1,
        }
        self.save_again = (!ok).then(|| now.mono + SAVE_AGAIN);
        for ack in std::mem::take(&mut self.saving) {
            self.answer(ack, ok);
        }
        // A refusal that came while the disk was busy, with nothing new to write.
        if !self.dirty {
            self.unsaved_changes = 0;
            for ack in std::mem::take(&mut self.unsaved) {
                self.answer(ack, ok);
            }
        }
        self.save();
    }
}

/// A refusal that names a limit and its size.
pub fn at_limit(name: &str, size: usize) -> Refusal {
    Refusal {
        detail: u32::try_from(size).unwrap_or(u32::MAX),
        text: Reason::new(name),
        ..Refusal::plain(Code::Limit)
    }
}

/// A refusal that says how long the request should have been.
pub(super) fn cramped(bytes: usize) -> Refusal {
    Refusal {
        detail: u32::try_from(bytes).unwrap_or(u32::MAX),
        ..Refusal::plain(Code::Cramped)
    }
}
