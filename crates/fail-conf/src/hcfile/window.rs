//! Maintenance windows: when people work on a target, by the clock on the wall.

use std::collections::BTreeSet;

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// When.
    pub when: When,
    /// By UTC; otherwise by the time zone of the host.
    pub utc: bool,
}

/// Again and again, or once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// `maintenance Sat,Sun 22:00-02:00`: from a minute to another, which may be of the next day.
    Weekly {
        /// The days on which it opens, Monday is 1; all, if none was said.
        days: BTreeSet<u8>,
        /// Minutes since midnight.
        from: u16,
        /// Minutes since midnight, excluded. Not after `from`: of the next day.
        to: u16,
    },
    /// `maintenance 2026-12-01T22:00/2026-12-02T06:00`
    Once {
        /// From then on.
        from: Minute,
        /// Until then, excluded.
        to: Minute,
    },
}

/// A minute on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute {
    /// The year.
    pub year: i16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// Since midnight.
    pub minute: u16,
}
