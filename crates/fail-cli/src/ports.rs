//! The ports of the suite. Each can be changed by option.

/// faild: states.
pub const FAILD: u16 = 1847;

/// failsh: its monitor.
pub const MONITOR: u16 = 1848;

/// Debug levels of a running program.
pub const DEBUG: u16 = 1849;

/// hc: its monitor.
pub const HC: u16 = 1850;
