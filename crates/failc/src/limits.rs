//! Every limit of failc, with its reason.

use std::time::Duration;

/// Hosts of a drill: each is watched by a thread and has two sockets.
pub const HOSTS_MAX: usize = 64;

/// Where a faild does not tell of changes, a drill asks it so often: often enough to follow a
/// switch-over, and seldom enough for a host that is busy with one.
pub const POLL: Duration = Duration::from_millis(50);

/// Between two looks of a drill whether somebody ended it.
pub const LOOK: Duration = Duration::from_millis(100);

/// Between the beginnings of two attempts of a probe.
pub const PROBE_EVERY: Duration = Duration::from_millis(20);

/// How long an attempt may take: as long as somebody waits for a page without wondering.
pub const PROBE_PATIENCE: Duration = Duration::from_millis(300);

/// Attempts that are under way at the same time: all that a server which swallows them can
/// collect, and a few for a busy host.
pub const PROBES_MAX: usize = 20;

/// Attempts that are remembered: an hour of them.
pub const PROBES_KEPT: usize = 180_000;
