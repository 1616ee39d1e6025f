//! The console of a failsh: `failsh -`, `failsh --attach` and `failsh --release`.

pub mod words;

/// The console of this very process: the engine's end of its socket, and a log that does not
/// write over what is being typed.
pub struct Own {
    /// The engine's end.
    pub stream: std::os::unix::net::UnixStream,
    /// Where the engine's lines go.
    pub log: fail_rt::log::Log,
}
