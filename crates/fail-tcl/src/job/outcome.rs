//! What came of a job, from what its script returned.

use fail_core::job::{Outcome, ScriptError};
use fail_wire::REASON_BYTES_MAX;
use fail_wire::State;

use crate::limits::{DETAIL_BYTES_MAX, cut};

/// How a script returned: Tcl's code, its result, and `errorInfo` where there is one.
pub(super) struct Ending {
    pub(super) code: i32,
    pub(super) result: String,
    pub(super) info: Option<String>,
}

/// The outcome of a service's script that came to its end; `word` is which.
pub(super) fn of(word: &str, ending: Ending) -> Outcome {
    let state = State::from_word(ending.result.trim());
    match (ending.code, state) {
        (0 | 2, Some(state)) => Ok(state),
        (0 | 2, None) => {
            let said = cut(first_line(&ending.result).to_string(), REASON_BYTES_MAX / 2);
            let what = format!("{word} returned \"{said}\", not UP, RECOVER or FAIL");
            Err(failed(what, ending.info.unwrap_or(ending.result)))
        }
        _ => match error(word, ending) {
            Some(error) => Err(error),
            None => Err(failed(word.to_string(), String::new())),
        },
    }
}

/// What went wrong in a script that came to its end, if anything; what it returned does not
/// matter.
pub(super) fn error(word: &str, ending: Ending) -> Option<ScriptError> {
    let Ending { code, result, info } = ending;
    let what = match code {
        0 | 2 => return None,
        1 => format!("{word}: {}", first_line(&result)),
        3 => format!("{word}: invoked \"break\" outside of a loop"),
        4 => format!("{word}: invoked \"continue\" outside of a loop"),
        other => format!("{word}: command returned bad code: {other}"),
    };
    Some(failed(what, info.unwrap_or(result)))
}

/// A script did not do what it was to do.
pub(super) fn failed(sentence: String, detail: String) -> ScriptError {
    ScriptError {
        sentence: cut(sentence, REASON_BYTES_MAX),
        detail: cut(detail, DETAIL_BYTES_MAX),
    }
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
        of("start", Ending { code, result, info })
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
