//! Limits of the language, each with its reason. Those of what it comes to (targets, checks,
//! dependencies of one target) are in [`fail_core::limits`].

use fail_core::time::Span;

/// Errors that are shown. Who mends twenty reads the rest afterwards.
pub const SHOWN_MAX: usize = 20;

/// Errors after which nothing more is looked at: this is no Hcfile.
pub const FAULTS_MAX: usize = 1_000;

/// Files in one Hcfile. A package or a customer each.
pub const FILES_MAX: usize = 1_000;

/// How deep they may be included. Nobody finds his way through more.
pub const DEPTH_MAX: usize = 16;

/// Bytes of all files, and of what they come to when everything is written out, which patterns
/// multiply. Ten times what the most targets take.
pub const BYTES_MAX: usize = 16 << 20;

/// Bytes of one line, continued lines together, and of a variable: a variable that is doubled
/// line by line would otherwise fill the memory within thirty lines.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// Variables. Nobody knows so many by name.
pub const VARIABLES_MAX: usize = 10_000;

/// Patterns. Each is held against each target.
pub const PATTERNS_MAX: usize = 1_000;

/// Dependencies of all targets together. Patterns multiply them as well.
pub const LINKS_MAX: usize = 100_000;

/// Windows of one target. More are a calendar.
pub const WINDOWS_MAX: usize = 64;

/// The shortest interval, pause or deadline: below it a host would be busy with asking.
pub const SHORT: Span = Span::from_millis(fail_core::limits::CHECK_INTERVAL_MIN_MS);

/// The longest interval or deadline, a day: beyond it is a typing error.
pub const DAY: Span = Span::from_secs(fail_core::limits::CHECK_INTERVAL_MAX_S);

/// The shortest time between two messages about the same: nobody reads faster.
pub const SECOND: Span = Span::from_secs(1);

/// The longest pause, a week: beyond it is a typing error.
pub const WEEK: Span = Span::from_secs(fail_core::limits::RETRY_MAX_S);

/// The most that a pause may grow by each time, in hundredths.
pub const FACTOR_MAX: u32 = fail_core::limits::RETRY_FACTOR_MAX_MILLI / 10;

/// Changes that may be asked for before it counts as flapping: as many as are remembered.
pub const FLAP_MAX: u32 = fail_core::limits::CHANGES_MAX as u32;

/// Messages that a limit may allow. More is none.
pub const MESSAGES_MAX: u32 = 1_000;
