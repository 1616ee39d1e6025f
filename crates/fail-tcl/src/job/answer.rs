//! What came of an `exec`, as Tcl's `exec` would say it: a result, or an error with its
//! message and `errorCode`, word for word.

use fail_core::exec::{End, ExecFailed, ExecResult, Finished};

use super::program;
use super::syntax::How;
use crate::tcl::{Obj, Reply, TclError, signal};

/// How a suspended job goes on: with a result, or with an error at that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    result: String,
    /// `errorCode`; nothing when it is no error.
    error: Option<Vec<String>>,
}

impl Answer {
    /// All is well.
    pub(super) fn ok(result: impl Into<String>) -> Answer {
        Answer {
            result: result.into(),
            error: None,
        }
    }

    /// An error with this `errorCode`.
    pub(super) fn error(message: impl Into<String>, code: &[&str]) -> Answer {
        Answer {
            result: message.into(),
            error: Some(code.iter().map(ToString::to_string).collect()),
        }
    }

    /// For a command that answers at once.
    pub(super) fn into_reply(self) -> Reply {
        match self.error {
            None => Ok(Obj::text(&self.result)),
            Some(code) => {
                let code: Vec<&str> = code.iter().map(String::as_str).collect();
                Err(TclError::new(self.result).code(&code))
            }
        }
    }

    /// For `::fail::pause`: a list of return options and a result.
    pub(super) fn to_obj(&self) -> Obj {
        let options = match &self.error {
            None => Obj::text(""),
            Some(code) => Obj::list(&[
                "-code".into(),
                "error".into(),
                "-errorcode".into(),
                Obj::words(code),
            ]),
        };
        Obj::list(&[options, Obj::text(&self.result)])
    }
}

/// What is made of the end of programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// The answer to `exec`.
    Exec(How),
    /// The answer to `fail run`, with the exit codes that count as success.
    Run(Vec<i32>),
}

/// The answer to an `exec` or a `fail run`.
pub(super) fn to_exec(form: &Form, result: &ExecResult) -> Answer {
    match result {
        Ok(finished) => match form {
            Form::Exec(how) => ended(*how, finished),
            Form::Run(ok) => Answer::ok(program::told(ok, finished, text).to_text()),
        },
        Err(ExecFailed { sentence, errno }) => {
            // `couldn't execute "foo": no such file or directory`: the system's own words
            // stand at the end.
            let words = sentence.rsplit(": ").next().unwrap_or(sentence);
            Answer::error(sentence, &["POSIX", errno, words])
        }
    }
}

fn ended(how: How, finished: &Finished) -> Answer {
    let running = |(_, end): &(u32, End)| *end == End::Running;
    if finished.ends.iter().any(running) {
        let pids: Vec<String> = finished
            .ends
            .iter()
            .map(|(pid, _)| pid.to_string())
            .collect();
        return Answer::ok(pids.join(" "));
    }
    let mut result = text(&finished.stdout);
    let mut error = None;
    let (mut complaint, mut abnormal) = (String::new(), false);
    for &(pid, end) in &finished.ends {
        let pid = pid.to_string();
        match end {
            End::Exit(0) | End::Running => {}
            End::Exit(code) => {
                error = Some(vec!["CHILDSTATUS".to_string(), pid, code.to_string()]);
                abnormal = true;
            }
            End::Signal(number) => {
                let (name, words) = signal(number);
                complaint = format!("child killed: {words}\n");
                error = Some(vec!["CHILDKILLED".to_string(), pid, name, words]);
            }
        }
    }
    // Of several programs that failed, the last gives the code, and one that exited is
    // mentioned before one that was killed.
    if abnormal {
        complaint = "child process exited abnormally".to_string();
    }
    let stderr = text(&finished.stderr);
    if !how.ignore_stderr && !stderr.is_empty() {
        complaint = stderr;
        error.get_or_insert_with(|| vec!["NONE".to_string()]);
    }
    result.push_str(&complaint);
    if !how.keep_newline && result.ends_with('\n') {
        result.pop();
    }
    Answer { result, error }
}

/// Output as text: UTF-8, where a byte that is none counts as the character of its number,
/// and with line ends as Tcl's channels make them.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    text
}
