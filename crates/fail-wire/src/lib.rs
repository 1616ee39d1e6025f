//! The failover protocol: bytes to values and back, and nothing else.
//!
//! No socket, no clock, no decision lives here. What this crate writes down is quoted, with
//! golden bytes, in `man/failover-protocol.7`; the two change together or not at all.
//!
//! Reading: [`Packet::read`] takes the header, [`Packet::verify`] proves who made it,
//! [`Packet::body`] reads the rest. Writing: [`emit`].

#![forbid(unsafe_code)]

mod answer;
mod bare;
mod bytes;
mod change;
mod figures;
pub mod health;
mod history;
mod key;
mod levels;
mod message;
pub mod monitor;
mod name;
mod push;
mod query;
mod record;
mod report;
mod state;
mod text;

pub use answer::{ANSWER_BYTES_MIN, Answer, Code, Refusal};
pub use bare::Bare;
pub use bytes::Bad;
pub use change::{Change, Forget};
pub use figures::{AskFigures, FIGURES_BYTES_MIN, Figure, Figures, What};
pub use history::{AskHistory, HISTORY_BYTES_MIN, History, Past};
pub use key::{BadCommunity, COMMUNITY_BYTES_MAX, Dice, Key, MAC_BYTES};
pub use levels::{FACILITIES_MAX, LEVELS_ROOM, Levels, SetLevel};
pub use message::{ANSWERS, Body, HEADER_BYTES, Packet, VERSION, emit, emit_padded};
pub use name::{BadName, NAME_BYTES_MAX, Name};
pub use push::{Acknowledge, NOTIFY_BYTES_MIN, Notify, Subscribe};
pub use query::{Beat, Query};
pub use record::{Marks, Record};
pub use report::{Hear, REPORTED_BYTES_MIN, Report, Reported};
pub use state::State;
pub use text::{BadReason, REASON_BYTES_MAX, Reason, is_odd};

/// The longest datagram that the suite sends: it passes any network in one piece.
pub const DATAGRAM_BYTES_MAX: usize = 1400;

/// Bytes that make room for an answer with `n` records, however long their names and
/// reasons; at most [`DATAGRAM_BYTES_MAX`], from where on there are pages.
pub fn room_for(n: usize) -> usize {
    const RECORD_BYTES_MAX: usize = 30 + NAME_BYTES_MAX + REASON_BYTES_MAX;
    (ANSWER_BYTES_MIN + n.saturating_mul(RECORD_BYTES_MAX)).min(DATAGRAM_BYTES_MAX)
}
