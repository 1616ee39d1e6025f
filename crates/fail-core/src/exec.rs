//! A command line as plain values: what a script asks for, what the engine runs, what came
//! of it. Nobody starts anything here; `fail-tcl` makes these, `fail-rt` runs them, and the
//! simulator answers them.

/// One `exec`: programs joined by pipes, run as one process group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// At least one.
    pub stages: Vec<Stage>,
    /// Where the first stage reads from.
    pub stdin: Input,
    /// Where the last stage writes to.
    pub stdout: Output,
}

/// One program of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Program and arguments, each one word, never read by a shell. Not empty.
    pub argv: Vec<String>,
    /// Where its standard error goes.
    pub stderr: Errors,
}

/// Where a pipeline reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Nothing to read.
    Null,
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// A file.
    File(String),
}

/// Where a pipeline writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Back to the script.
    Collect,
    /// A file, from its beginning or at its end.
    File {
        /// Its path.
        path: String,
        /// Keep what is there.
        append: bool,
    },
}

/// Where the standard error of a stage goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errors {
    /// Back to the script, apart from the output.
    Collect,
    /// Into this stage's standard output (`2>@1`, `|&`).
    Merge,
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Keep what is there.
        append: bool,
    },
}

/// How one program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// What came of a pipeline whose programs have all ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What was collected of the output.
    pub stdout: Vec<u8>,
    /// What was collected of the errors of all stages.
    pub stderr: Vec<u8>,
    /// Process id and end of each stage, in their order.
    pub ends: Vec<(u32, End)>,
    /// More came than [`crate::limits::OUTPUT_BYTES_MAX`]; the rest was thrown away.
    pub cut: bool,
}

/// What came of an `exec`: its programs ran, or one could not be started and why.
pub type ExecResult = Result<Finished, ExecFailed>;

/// Why a pipeline could not be started. Nothing of it is running.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ExecFailed {
    /// In Tcl's words: `couldn't execute "foo": no such file or directory`.
    pub sentence: String,
    /// The name of the POSIX error, such as `ENOENT`, for Tcl's `errorCode`.
    pub errno: String,
}
