//! Whom this host hears, as its failsh says: kept until the next report, told to whoever may
//! read anything here. In memory only: after a restart the next report is seconds away.

use fail_wire::{Body, Code, Hear, REPORTED_BYTES_MIN, Refusal, Report, Reported, emit};

use super::changes::{at_limit, cramped};
use super::{Asker, Node};
use crate::limits;
use crate::log::Level;
use crate::time::{Mono, Now};

/// The last report, and when it came.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    hears: Vec<Hear>,
    at: Mono,
}

impl Node {
    /// A report. Who may publish nothing here has nothing to report either.
    pub(super) fn take_report(&mut self, now: Now, asker: &Asker, report: Report) {
        let loopback = asker.peer.addr.ip().to_canonical().is_loopback();
        if !self.access.may_change_anything(&asker.key, loopback) {
            return self.refuse(now, asker, Refusal::plain(Code::ReadOnly));
        }
        if report.hears.len() > limits::HEARS_MAX {
            return self.refuse(now, asker, at_limit("hosts in a report", limits::HEARS_MAX));
        }
        if self.chatter.access {
            let (who, count) = (asker.peer.addr, report.hears.len());
            let text = format!("{who}: reports whom it hears: {count} hosts");
            self.log(Level::Debug, "access", text);
        }
        self.heard = Some(Heard {
            hears: report.hears,
            at: now.mono,
        });
        self.show_report(now, asker);
    }

    /// The last report, as far as it has room.
    pub(super) fn show_report(&mut self, now: Now, asker: &Asker) {
        let mut room = asker.room.saturating_sub(REPORTED_BYTES_MIN);
        let heard = self.heard.iter().flat_map(|heard| &heard.hears);
        let fits = heard.take_while(|hear| {
            let left = room.checked_sub(hear.wire_bytes());
            room = left.unwrap_or(room);
            left.is_some()
        });
        let reported = Reported {
            hears: fits.cloned().collect(),
            age_ms: self
                .heard
                .as_ref()
                .map(|heard| (now.mono - heard.at).as_millis()),
        };
        let bytes = emit(Some(&asker.key), asker.request, &Body::Reported(reported));
        if bytes.len() > asker.room {
            return self.refuse(now, asker, cramped(REPORTED_BYTES_MIN));
        }
        self.counters.answered += 1;
        self.send(asker.peer, bytes);
    }
}
