//! How much of a rehearsal is shown at once, each number with its reason.

/// A chart needs room for a name and some columns of time.
pub const WIDTH_MIN: usize = 40;

/// The columns that the name of a host or service takes beside a chart or in the timeline:
/// names are told apart by then, and what happened still has most of the line.
pub const NAME_COLUMNS: usize = 14;

/// Rows of a chart for what was done to the hosts. More that overlap can not be told apart.
pub const LANES: usize = 6;

/// Times that are listed of one act, and of one expectation that did not hold; the rest is
/// counted, and in the timeline.
pub const TIMES: usize = 4;

/// The same where everything is asked for.
pub const TIMES_FULL: usize = 20;

/// Lines of the timeline that are shown before what did not hold, and after it: enough to see
/// the act, the change that it brought and the one that should have come.
pub const BEFORE: usize = 5;

/// See `BEFORE`.
pub const AFTER: usize = 2;

/// How much later than that moment they may be; what comes then has other reasons.
pub const AFTER_NS: u64 = 30_000_000_000;
