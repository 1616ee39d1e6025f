//! The limits of a rehearsal, each with its reason.

use std::time::Duration;

/// Hosts in a scenario. Each has an interpreter; more than this is no rehearsal of a policy.
pub const HOSTS_MAX: usize = 32;

/// The longest that a rehearsal may last, in hours: a week.
pub const HOURS_MAX: u64 = 7 * 24;

/// Random rehearsals of one scenario.
pub const SEEDS_MAX: u64 = 1_000_000;

/// Lines of a timeline: nobody reads more. What follows is left out, which a note tells.
pub const ENTRIES_MAX: usize = 500_000;

/// Notes on what has no effect: whoever has so many has a loop, and sees it from a few.
pub const NOTES_MAX: usize = 50;

/// Datagrams that wait for a frozen host; what comes on top is lost, as in a receive buffer.
pub const BUFFER_MAX: usize = 64;

/// Times that an expectation is shown not to hold; what follows is only counted.
pub const BROKEN_MAX: usize = 20;

/// Rehearsals by chance that are played before somebody looks whether enough of them broke.
pub const BLOCK: u64 = 16;

/// Seeds that break something of which the shortest story is looked for: after a block that has
/// found so many no more are played. A policy that breaks so often breaks in short stories, too.
pub const BROKEN_SEEDS_MAX: usize = 5;

/// Rehearsals that look for a shorter story, for each of these seeds.
pub const SHRINKS_MAX: usize = 100;

/// Seeds from which it is told which acts happen by chance at all.
pub const DRAWS_MAX: u64 = 1_000;

/// Events within one millisecond: beyond it a rehearsal goes in a circle and is given up. All
/// services of all hosts together have a few thousand.
pub const STEPS_AT_ONCE_MAX: u64 = 200_000;

/// Moves of Tcl on all hosts within one millisecond: the same. A script moves each time that it
/// goes on.
pub const MOVES_AT_ONCE_MAX: u64 = 50_000;

/// Moves of a host's Tcl in a whole rehearsal, and how many more for each second that the host
/// lives and each service: a script that wakes up a thousand times a second would take all day.
/// A service that is checked each second has three or four in it.
pub const MOVES_MAX: u64 = 200_000;

/// See `MOVES_MAX`.
pub const MOVES_PER_SECOND: u64 = 100;

/// How long a turn of a host's Tcl may compute without counting as slow. They take a
/// fraction of a millisecond.
pub const SLOW_TURN: Duration = Duration::from_millis(100);

/// How long all slow turns of a rehearsal may compute: a script that is busy for
/// seconds each time that it runs must not hold up who waits for the rehearsal for hours.
pub const SLOW_MAX: Duration = Duration::from_secs(30);
