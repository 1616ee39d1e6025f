//! The limits of a rehearsal, each with its reason.

/// Hosts in a scenario. Each has an interpreter; more than this is no rehearsal of a policy.
pub const HOSTS_MAX: usize = 32;

/// The longest that a rehearsal may last, in hours: a week.
pub const HOURS_MAX: u64 = 7 * 24;

/// Random rehearsals of one scenario.
pub const SEEDS_MAX: u64 = 1_000_000;

/// Lines of a timeline: beyond it a rehearsal has gone wild, and what follows is left out.
pub const ENTRIES_MAX: usize = 500_000;

/// Datagrams that wait for a frozen host; what comes on top is lost, as in a receive buffer.
pub const BUFFER_MAX: usize = 64;

/// Times that an expectation is shown not to hold; what follows is only counted.
pub const BROKEN_MAX: usize = 20;

/// Rehearsals that look for a shorter story.
pub const SHRINKS_MAX: usize = 300;

/// Scripts that a rehearsal without end may run at one moment before it is given up.
pub const STEPS_AT_ONCE_MAX: u32 = 1_000_000;
