//! What came of a job, from what its script returned.

use fail_core::job::{Outcome, ScriptError, Task};
use fail_wire::REASON_BYTES_MAX;
use fail_wire::State;

use crate::limits::{DETAIL_BYTES_MAX, cut};

/// How a script returned: Tcl's code, its result, and `errorInfo` where there is one.
pub(super) struct Ending {
    pub(super) code: i32,
    pub(super) result: String,
    pub(super) info: Option<String>,
}

/// The outcome of a script that came to its end.
pub(super) fn of(task: Task, ending: Ending) -> Outcome {
    let Ending { code, result, info } = ending;
    let info = info.unwrap_or_else(|| result.clone());
    let what = match code {
        0 | 2 => match State::from_word(result.trim()) {
            Some(state) => return Ok(state),
            None => format!(
                "{task} returned \"{}\", not UP, RECOVER or FAIL",
                cut(first_line(&result).to_string(), REASON_BYTES_MAX / 2)
            ),
        },
        1 => format!("{task}: {}", first_line(&result)),
        3 => format!("{task}: invoked \"break\" outside of a loop"),
        4 => format!("{task}: invoked \"continue\" outside of a loop"),
        other => format!("{task}: command returned bad code: {other}"),
    };
    failed(what, info)
}

/// The outcome of a script that did not.
pub(super) fn failed(sentence: String, detail: String) -> Outcome {
    Err(ScriptError {
        sentence: cut(sentence, REASON_BYTES_MAX),
        detail: cut(detail, DETAIL_BYTES_MAX),
    })
}

fn first_line(text: &str) -> &str {
    text.lines()
        .map(str::trim_end)
        .find(|line| !line.is_empty())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, result: &str) -> Outcome {
        let (result, info) = (result.to_string(), None);
        of(Task::Start, Ending { code, result, info })
    }

    #[test]
    fn a_state_is_a_state_and_nothing_else_is() {
        assert_eq!(ended(0, "UP"), Ok(State::Up));
        assert_eq!(ended(2, " RECOVER\n"), Ok(State::Recover));
        assert_eq!(ended(0, "FAIL"), Ok(State::Fail));
        for (code, result, sentence) in [
            (0, "foo", r#"start returned "foo", not UP, RECOVER or FAIL"#),
            (0, "", r#"start returned "", not UP, RECOVER or FAIL"#),
            (
                0,
                "up\nx",
                r#"start returned "up", not UP, RECOVER or FAIL"#,
            ),
            (1, "\nno such\nthing", "start: no such"),
            (3, "", r#"start: invoked "break" outside of a loop"#),
            (7, "", "start: command returned bad code: 7"),
        ] {
            assert_eq!(ended(code, result).unwrap_err().sentence, sentence);
        }
    }

    #[test]
    fn a_long_sentence_is_cut() {
        let error = ended(1, &"x".repeat(100_000)).unwrap_err();
        assert_eq!(error.sentence.len(), REASON_BYTES_MAX);
        assert_eq!(error.detail.len(), DETAIL_BYTES_MAX);
    }
}
