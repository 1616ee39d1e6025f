//! The values of options, read: times, numbers, lists, names, scripts. Each error is one
//! sentence that names the word and says what it must be.

use std::fmt::Display;

use fail_core::limits::{
    CONFIRM_MAX, PEERS_MAX, RETRY_FACTOR_MAX_MILLI, RETRY_MAX_S, RETRY_MIN_MS,
};
use fail_core::policy::{Confirm, Retry};
use fail_core::time::Span;
use fail_wire::{Key, Name};

use super::codes::{Code, Fault};
use crate::tcl::{Interp, Obj};

/// The value of an option, as it was said.
pub(super) struct Value<'a> {
    pub(super) interp: &'a Interp,
    pub(super) obj: &'a Obj,
}

impl Value<'_> {
    pub(super) fn text(&self) -> String {
        self.obj.to_text()
    }

    /// The text, unless there is nothing but white space.
    pub(super) fn some_text(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn list(&self) -> Result<Vec<String>, Fault> {
        match self.obj.elements() {
            Some(items) => Ok(items.iter().map(Obj::to_text).collect()),
            None => Err(format!("bad list \"{}\"", visible(&self.text())).into()),
        }
    }

    pub(super) fn time(&self) -> Result<Span, Fault> {
        time(&self.text())
    }

    /// A time that is not zero.
    pub(super) fn some_time(&self) -> Result<Span, Fault> {
        some_time(&self.text())
    }

    /// A time within limits.
    pub(super) fn time_from(&self, min: Span, max: Span) -> Result<Span, Fault> {
        time_from(&self.text(), min, max)
    }

    /// What Tcl takes for a boolean.
    pub(super) fn boolean(&self) -> Result<bool, Fault> {
        let said = self.text();
        let is = |class: &str| {
            let words = ["string", "is", class, "-strict", &said];
            self.interp
                .command(words)
                .is_ok_and(|is| is.to_text() == "1")
        };
        match (is("true"), is("false")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(bad("boolean", &said, "yes or no")),
        }
    }

    pub(super) fn community(&self) -> Result<String, Fault> {
        let community = self.text();
        Key::new(&community).map_err(|bad| bad.to_string())?;
        Ok(community)
    }

    pub(super) fn hosts(&self) -> Result<Vec<Name>, Fault> {
        let words = self.list()?;
        if words.len() > PEERS_MAX {
            let (what, max) = ("peers", PEERS_MAX);
            let sentence = format!("at most {PEERS_MAX} hosts, not {}", words.len());
            return Err(Fault::new(Code::Limit { what, max }, sentence));
        }
        let name = |word: &String| {
            Name::new(word).map_err(|e| {
                let sentence = format!("bad name \"{}\": {e}", visible(word));
                Fault::new(Code::Name(word.clone()), sentence)
            })
        };
        words.iter().map(name).collect()
    }

    pub(super) fn confirm(&self) -> Result<Confirm, Fault> {
        let words = self.list()?;
        let (times, spacing) = match words.as_slice() {
            [times] => (times, None),
            [times, spacing] => (times, Some(some_time(spacing)?)),
            _ => {
                return Err(bad(
                    "list",
                    &self.text(),
                    "a number and a time, or a number",
                ));
            }
        };
        let times = number(times, 0, CONFIRM_MAX)?;
        Ok(Confirm { times, spacing })
    }

    pub(super) fn retry(&self) -> Result<Option<Retry>, Fault> {
        let words = self.list()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (initial, factor, maximum) = match words.as_slice() {
            [] => return Ok(None),
            [initial] => (initial, None, None),
            [initial, factor] => (initial, Some(factor), None),
            [initial, factor, maximum] => (initial, Some(factor), Some(maximum)),
            _ => {
                let must = "a time, a factor and a time, or less of it";
                return Err(bad("list", &self.text(), must));
            }
        };
        const MIN: Span = Span::from_millis(RETRY_MIN_MS);
        const MAX: Span = Span::from_secs(RETRY_MAX_S);
        let initial = time_from(initial, MIN, MAX)?;
        let factor_milli = factor.map_or(Ok(Retry::FACTOR_MILLI), |word| factor_of(word))?;
        let maximum = match maximum {
            Some(word) => time_from(word, initial, MAX)?,
            None => longest_wait(initial),
        };
        Ok(Some(Retry {
            initial,
            factor_milli,
            maximum,
        }))
    }

    /// A script, if there is one, whose braces, brackets and quotes are balanced.
    pub(super) fn script(&self) -> Result<Option<String>, Fault> {
        let Some(script) = self.some_text() else {
            return Ok(None);
        };
        if self.complete(&script) {
            return Ok(Some(script));
        }
        Err(unbalanced(self.interp, &script).into())
    }

    fn complete(&self, script: &str) -> bool {
        complete(self.interp, script)
    }
}

/// Whether the braces, brackets and quotes of a script are balanced.
pub(super) fn complete(interp: &Interp, script: &str) -> bool {
    interp
        .command(["info", "complete", script])
        .is_ok_and(|yes| yes.to_text() == "1")
}

/// What is missing in a script that is not [`complete`].
pub(super) fn unbalanced(interp: &Interp, script: &str) -> String {
    // What would end it is what is missing. Nobody leaves more than a few open.
    const OPEN_MAX: usize = 8;
    let missing = [("}", "close-brace"), ("]", "close-bracket"), ("\"", "\"")]
        .into_iter()
        .find(|(end, _)| {
            (1..=OPEN_MAX).any(|n| complete(interp, &format!("{script}{}", end.repeat(n))))
        });
    match missing {
        Some((_, what)) => format!("missing {what}"),
        None => "braces, brackets or quotes are not balanced".to_string(),
    }
}

/// `bad time "x": must be this`.
pub(super) fn bad(what: &str, said: &str, must: &str) -> Fault {
    format!("bad {what} \"{}\": must be {must}", visible(said)).into()
}

/// A text for one line of a message: control characters are spelt out, and the end of a long
/// one is left out.
pub(super) fn visible(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        match c {
            _ if n == CHARS_MAX => return shown + "…",
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

pub(super) fn number<T>(text: &str, min: u32, max: T) -> Result<T, Fault>
where
    T: TryFrom<u32> + PartialOrd + Display,
{
    // Only digits: `parse` also takes a plus sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n| digits && *n >= min);
    number
        .and_then(|n| T::try_from(n).ok())
        .filter(|n| *n <= max)
        .ok_or_else(|| bad("number", text, &format!("from {min} to {max}")))
}

/// How long to wait at most when nobody says so: not shorter than the first wait.
pub(super) fn longest_wait(initial: Span) -> Span {
    initial.max(Retry::MAXIMUM)
}

/// A decimal number as thousandths.
fn factor_of(text: &str) -> Result<u32, Fault> {
    const MAX: u32 = RETRY_FACTOR_MAX_MILLI / 1_000;
    let wrong = || bad("factor", text, &format!("from 1 to {MAX}"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let milli: u32 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let all = whole.checked_mul(1_000).and_then(|n| n.checked_add(milli));
    all.filter(|n| (1_000..=RETRY_FACTOR_MAX_MILLI).contains(n))
        .ok_or_else(wrong)
}

/// Reads a time.
pub(super) fn time(text: &str) -> Result<Span, Fault> {
    Span::parse(text).ok_or_else(|| bad("time", text, "seconds, or such as 50ms, 2m, 1h"))
}

fn time_from(text: &str, min: Span, max: Span) -> Result<Span, Fault> {
    let span = time(text)?;
    match (min..=max).contains(&span) {
        true => Ok(span),
        false => Err(bad("time", text, &format!("from {min} to {max}"))),
    }
}

/// Reads a time that is not zero.
pub(super) fn some_time(text: &str) -> Result<Span, Fault> {
    match time(text)? {
        Span::ZERO => Err(bad("time", text, "more than nothing")),
        span => Ok(span),
    }
}
