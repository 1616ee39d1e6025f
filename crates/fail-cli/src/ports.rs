//! The ports of the suite. Each can be changed by option.

/// faild: states.
pub const FAILD: u16 = 1847;

/// failsh: its monitor.
pub const MONITOR: u16 = 1848;

/// Debug levels of a running program.
pub const DEBUG: u16 = 1849;

/// hc: its monitor.
pub const HC: u16 = 1850;

/// A port that somebody has typed.
///
/// # Errors
/// It is none.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(number) if number > 0 && !text.starts_with('+') => Ok(number),
        _ => Err(format!("\"{text}\" is not a port; 1 to 65535 are")),
    }
}

/// The same, or 0 for any that is free: for who listens there.
///
/// # Errors
/// It is none.
pub(crate) fn or_any(text: &str) -> Result<u16, String> {
    match text {
        "0" => Ok(0),
        _ => port(text),
    }
}
