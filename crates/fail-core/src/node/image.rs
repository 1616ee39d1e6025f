//! What a faild keeps on disk: the records as plain values.

use fail_wire::{Marks, Name, Reason, State};

use crate::time::{Mono, Span, Wall};

/// Everything that outlives a faild.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Image {
    /// The kernel's boot id: after a reboot no state is believed.
    pub boot: String,
    /// In the order of their names.
    pub records: Vec<Kept>,
}

/// One record on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// The service.
    pub name: Name,
    /// Its state.
    pub state: State,
    /// The wishes, and whether a state was ever published.
    pub marks: Marks,
    /// The record's version.
    pub version: u64,
    /// When it changed, on the clock of this boot.
    pub changed: Mono,
    /// When it changed, for people.
    pub last_change: Wall,
    /// Its publisher's interval; zero: it never had a publisher.
    pub interval: Span,
    /// Why it is as it is.
    pub reason: Reason,
}
