//! `fail run`: one program, and everything that can be told of how it ended.
//!
//! Unlike `exec` it reads no signs such as `|` and `>`, and no way in which a program ends is
//! an error: only one that can not be started is.

use fail_core::exec::{End, Errors, Finished, Given, Input, Output, Pipeline, Stage};
use fail_core::time::Span;

use super::syntax::without_nul;
use crate::tcl::{Obj, TclError, signal};

/// The options, in their order.
pub(super) const OPTIONS: &[&str] = &["-dir", "-env", "-input", "-ok", "-stderr", "-timeout", "--"];

const USAGE: &str = "fail run ?option value ...? ?--? command ?arg ...?";

/// A command line of `fail run`, read.
pub(super) struct Run {
    pub(super) pipeline: Pipeline,
    /// The exit codes that count as success.
    pub(super) ok: Vec<i32>,
}

/// Reads the words behind `fail run`.
pub(super) fn parse(words: &[Obj]) -> Result<Run, TclError> {
    let mut ok = vec![0];
    let mut given = Given::default();
    let mut stdin = Input::Null;
    let mut stderr = Errors::Collect;
    let mut rest = words;
    while let [option, more @ ..] = rest {
        let word = option.to_text();
        if !word.starts_with('-') {
            break;
        }
        rest = more;
        if word == "--" {
            break;
        }
        if !OPTIONS.contains(&word.as_str()) {
            return Err(bad("option", &word, OPTIONS));
        }
        let Some((value, more)) = rest.split_first() else {
            return Err(TclError::usage(USAGE));
        };
        rest = more;
        let text = value.to_text();
        match word.as_str() {
            "-dir" => given.dir = Some(without_nul(&text)?).filter(|dir| !dir.is_empty()),
            "-env" => given.env = variables(value)?,
            "-input" => stdin = Input::Bytes(text.into_bytes()),
            "-ok" => ok = codes(value)?,
            "-stderr" => stderr = errors(&text)?,
            _ => given.timeout = Some(time(&text)?),
        }
    }
    if rest.is_empty() {
        return Err(TclError::usage(USAGE));
    }
    let argv = rest.iter().map(|word| without_nul(&word.to_text()));
    let argv = argv.collect::<Result<_, _>>()?;
    Ok(Run {
        pipeline: Pipeline {
            stages: vec![Stage { argv, stderr }],
            stdin,
            stdout: Output::Collect,
            background: false,
            given,
        },
        ok,
    })
}

fn bad(what: &str, word: &str, choices: &[&str]) -> TclError {
    let TclError { message, .. } = TclError::bad(what, word, choices);
    TclError::new(format!("fail run: {message}")).code(&["FAIL", "VALUE", what, word])
}

fn wrong(what: &str, word: &str, must: &str) -> TclError {
    TclError::new(format!("fail run: bad {what} \"{word}\": must be {must}"))
        .code(&["FAIL", "VALUE", what, word])
}

fn errors(word: &str) -> Result<Errors, TclError> {
    match word {
        "keep" => Ok(Errors::Collect),
        "merge" => Ok(Errors::Merge),
        "drop" => Ok(Errors::File {
            path: "/dev/null".to_string(),
            append: true,
        }),
        other => Err(bad("stderr", other, &["keep", "merge", "drop"])),
    }
}

fn time(word: &str) -> Result<Span, TclError> {
    Span::parse(word)
        .filter(|span| *span != Span::ZERO)
        .ok_or_else(|| wrong("time", word, "seconds, or such as 50ms, 2m, 1h"))
}

fn codes(value: &Obj) -> Result<Vec<i32>, TclError> {
    let text = value.to_text();
    let codes = value.elements().unwrap_or_default();
    let codes = codes.iter().map(|code| code.to_text().parse::<u8>());
    let codes: Option<Vec<i32>> = codes.map(|code| code.ok().map(i32::from)).collect();
    codes
        .filter(|codes| !codes.is_empty())
        .ok_or_else(|| wrong("codes", &text, "a list of exit codes, 0 to 255"))
}

fn variables(value: &Obj) -> Result<Vec<(String, String)>, TclError> {
    let text = value.to_text();
    let wrong = || wrong("env", &text, "a dict of names and values");
    let items = value.elements().filter(|items| items.len() % 2 == 0);
    let items = items.ok_or_else(wrong)?;
    let pairs = items.chunks(2).map(|pair| {
        let (name, value) = (pair[0].to_text(), pair[1].to_text());
        let fits = !name.is_empty() && !name.contains(['=', '\0']);
        fits.then_some(()).ok_or_else(wrong)?;
        Ok((name, without_nul(&value)?))
    });
    pairs.collect()
}

/// The dict that `fail run` returns.
pub(super) fn told(ok: &[i32], finished: &Finished, text: impl Fn(&[u8]) -> String) -> Obj {
    let end = finished.ends.first().map_or(End::Running, |(_, end)| *end);
    let (exit, number) = match end {
        End::Exit(code) => (code.to_string(), String::new()),
        End::Signal(number) => (String::new(), signal(number).0),
        End::Running => (String::new(), String::new()),
    };
    let well = matches!(end, End::Exit(code) if ok.contains(&code)) && !finished.timed_out;
    let plain = |bytes: &[u8]| {
        let mut text = text(bytes);
        if text.ends_with('\n') {
            text.pop();
        }
        text
    };
    let truth = |is: bool| if is { "1" } else { "0" }.to_string();
    Obj::words([
        "ok".to_string(),
        truth(well),
        "exit".to_string(),
        exit,
        "signal".to_string(),
        number,
        "stdout".to_string(),
        plain(&finished.stdout),
        "stderr".to_string(),
        plain(&finished.stderr),
        "timedout".to_string(),
        truth(finished.timed_out),
        "ms".to_string(),
        (finished.took.0 / 1_000_000).to_string(),
    ])
}
