//! The limits of recordings, each with its reason.

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
