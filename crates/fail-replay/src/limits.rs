//! The limits of recordings, each with its reason.

use fail_core::time::Span;

/// Scripts of all policies of one recording: thousands of services, read again hundreds of
/// times with other texts.
pub const SCRIPTS_MAX: usize = 100_000;

/// Texts tried for one stand-in: some 100 ms. For one more beside a thousand others some ten
/// thousand are needed.
pub const TRIES_MAX: u64 = 1 << 16;

/// Bytes of one line that is read: a state image of the largest faild in JSON, and room.
pub const LINE_BYTES_MAX: u64 = 64 << 20;

/// Different names of figures and facilities in one recording. A faild has some twenty.
pub const WORDS_MAX: usize = 1_000;

/// Changes that are remembered of each thing that changes: what a host says of a service,
/// whether it answers. One in each third of a second for an hour; more makes the time that is
/// remembered shorter.
pub const CHANGES_MAX: usize = 10_000;

/// Questions that wait to become known as answered or not: those of two seconds to a thousand
/// hosts. More are taken for unanswered.
pub const ASKED_MAX: usize = 20_000;

/// Changes of ours that a record of the local faild may show still.
pub const OURS_MAX: usize = 8;

/// The longest time between two calls of a machine in a recording: hosts are asked once a day
/// at least. Beyond it is an edited file, whose shadow would have to live through ages.
pub const QUIET_MAX: Span = Span::from_secs(30 * 86_400);

/// Calls of a shadow's machines, for each of the recorded one and in all: a policy that asks
/// a thousand times as often. More are those of a file that was made to take for ever.
pub const SHADOW_TURNS_PER_TURN: u64 = 10_000;

/// And so many in any case: some ten seconds.
pub const SHADOW_TURNS_MIN: u64 = 1_000_000;
