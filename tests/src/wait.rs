//! Waiting for a condition, never for a time.

#![expect(
    clippy::panic,
    reason = "a test whose condition does not come has failed"
)]

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Nothing here takes longer, not even on a slow machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Between two looks at something that can not wake us.
const LOOK: Duration = Duration::from_millis(1);

/// Looks until what is seen is good. After [`LIMIT`] it fails and says what was last seen.
pub fn until<T: Debug>(what: &str, mut look: impl FnMut() -> T, good: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        let seen = look();
        if good(&seen) {
            return seen;
        }
        if Instant::now() > end {
            panic!("{what}: not within {LIMIT:?}; last seen: {seen:?}");
        }
        std::thread::park_timeout(LOOK);
    }
}
