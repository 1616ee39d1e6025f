//! A command line as plain values: what a script asks for, what the engine runs, what came
//! of it. Nobody starts anything here; `fail-tcl` makes these, `fail-rt` runs them, and the
//! simulator answers them.

use crate::time::Span;

/// One `exec`: programs joined by pipes, run as one process group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// At least one.
    pub stages: Vec<Stage>,
    /// Where the first stage reads from.
    pub stdin: Input,
    /// Where the last stage writes to.
    pub stdout: Output,
    /// Nobody waits for it: its programs go on by themselves, and what is said to be
    /// collected goes where our own output goes.
    pub background: bool,
    /// What its programs are given beside their words.
    pub given: Given,
}

/// What programs are given beside their words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Where they are started; nothing: where we are.
    pub dir: Option<String>,
    /// Variables that are added to our environment.
    pub env: Vec<(String, String)>,
    /// They are ended after so long.
    pub timeout: Option<Span>,
    /// What they have started ends with them: whoever of their process group is left when the
    /// last of them has ended is killed. Otherwise it is left alone, as a daemon that a script
    /// has started must be.
    pub sweep: bool,
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
    /// Where our own output goes.
    Ours,
}

/// Where the standard error of a stage goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errors {
    /// Back to the script, apart from the output.
    Collect,
    /// Into this stage's standard output (`|&`).
    Merge,
    /// Where the output of the last stage goes (`2>@1`, `>&`).
    Output,
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Keep what is there.
        append: bool,
    },
    /// Where our own errors go.
    Ours,
}

/// How one program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Not yet: it runs in the background.
    Running,
}

/// What came of a pipeline whose programs have all ended, or run in the background.
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
    /// They were ended because their time was over.
    pub timed_out: bool,
    /// From their start to the end of the last.
    pub took: Span,
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
