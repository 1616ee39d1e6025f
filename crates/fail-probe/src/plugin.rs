//! What programs that check something have said, read; and said as they say it.
//!
//! [`nagios`] takes a program for a plugin of Nagios: its code is the verdict, the first line
//! the reason, and behind a `|` stand figures, also in the lines that follow. [`exec`] takes
//! any program: 0 is good. [`print`] says a finding as a plugin does, and what it prints reads
//! back to the same figures.
//!
//! Output is any bytes; what can not be read in it is left out, and no plugin can be so wrong
//! that nothing comes of it.

use fail_core::exec::{End, ExecResult, Finished};
use fail_core::limits::{FIGURE_BYTES_MAX, FIGURES_MAX};
use fail_core::watch::{Figure, Finding, Verdict};

use crate::found::{bad, boundary, finding, line, unknown};

/// What a plugin of Nagios found.
#[must_use]
pub fn nagios(result: &ExecResult) -> Finding {
    judge(result, |done, end| {
        let text = whole(done);
        let why = first_line(&text).split('|').next().unwrap_or("").trim();
        let said = |verdict| {
            let nothing = format!("says nothing and ended with {}", code(end));
            let errors = String::from_utf8_lossy(&done.stderr);
            let lines = [why, first_line(&errors), &nothing];
            let why = lines.into_iter().find(|line| !line.is_empty());
            finding(verdict, why.unwrap_or("").to_string())
        };
        let mut found = match end {
            End::Exit(0) => said(Verdict::Good),
            End::Exit(1) => said(Verdict::Warning),
            End::Exit(2) => said(Verdict::Bad),
            End::Exit(3) => said(Verdict::Unknown),
            _ if why.is_empty()
                && first_line(&String::from_utf8_lossy(&done.stderr)).is_empty() =>
            {
                unknown(ended(end))
            }
            _ => unknown(with(&ended(end), &said(Verdict::Unknown).why)),
        };
        // One word that was cut may be half a number.
        if !done.cut || !whole_words(&text).is_empty() {
            found.figures = figures(&text);
        }
        found
    })
}

/// What any program found: 0 is good.
#[must_use]
pub fn exec(result: &ExecResult) -> Finding {
    judge(result, |done, end| {
        let (out, errors) = (whole(done), String::from_utf8_lossy(&done.stderr));
        let lines = [first_line(&out), first_line(&errors)];
        let said = lines.into_iter().find(|line| !line.is_empty());
        match (end, said) {
            (End::Exit(0), _) if lines[0].is_empty() => finding(Verdict::Good, ended(end)),
            (End::Exit(0), _) => finding(Verdict::Good, lines[0].to_string()),
            (End::Exit(_), Some(said)) => bad(said),
            (_, Some(said)) => bad(with(&ended(end), said)),
            (_, None) => bad(ended(end)),
        }
    })
}

/// Any program that does something: 0 is done. Otherwise why not, in words: how it ended, and what
/// it said of that, which most say on their standard error.
///
/// # Errors
/// It could not be started, or has ended otherwise.
pub fn deed(result: &ExecResult) -> Result<(), String> {
    let judged = judge(result, |done, end| {
        let (out, errors) = (whole(done), String::from_utf8_lossy(&done.stderr));
        let said = [first_line(&errors), first_line(&out)];
        let said = said.into_iter().find(|line| !line.is_empty());
        match end {
            End::Exit(0) => finding(Verdict::Good, String::new()),
            end => bad(with(&ended(end), said.unwrap_or_default())),
        }
    });
    match judged.verdict {
        Verdict::Good => Ok(()),
        _ => Err(judged.why),
    }
}

/// As a plugin says it, in one line: `HC OK: status 200 | time=0.012s days=12`.
#[must_use]
pub fn print(found: &Finding) -> String {
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for 104 days")]
    let time = (found.took.0 / 1000) as f64 / 1e6;
    let time = crate::found::figure("time", time, "s");
    let mine = found.figures.iter().any(|figure| figure.name == "time");
    let time = (!mine).then_some(&time);
    let figures: Vec<String> = time.into_iter().chain(&found.figures).map(shown).collect();
    // Behind a bar there are figures.
    let why = line(&found.why).replace('|', "/");
    let why = if why.is_empty() { "-" } else { &why };
    let figures = figures.join(" ");
    let bar = if figures.is_empty() { "" } else { " | " };
    format!("HC {}: {why}{bar}{figures}", word(found.verdict))
}

/// What plugins call a verdict.
#[must_use]
pub const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "OK",
        Verdict::Warning => "WARNING",
        Verdict::Bad => "CRITICAL",
        Verdict::Unknown => "UNKNOWN",
    }
}

/// What holds for all programs: those that could not be started, and those that hang.
fn judge(result: &ExecResult, read: impl FnOnce(&Finished, End) -> Finding) -> Finding {
    let done = match result {
        Ok(done) => done,
        Err(failed) => return unknown(&failed.sentence),
    };
    let end = done.ends.last().map_or(End::Running, |(_, end)| *end);
    let mut found = match done.timed_out {
        true => bad(with("did not end in time", first_line(&whole(done)))),
        false => read(done, end),
    };
    found.took = done.took;
    found
}

/// Its output. What came last may be half of what it was when there was too much.
fn whole(done: &Finished) -> String {
    let text = String::from_utf8_lossy(&done.stdout);
    match (done.cut, whole_words(&text)) {
        (true, words) if !words.is_empty() => words.to_string(),
        _ => text.into_owned(),
    }
}

/// A text without its last word.
fn whole_words(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_whitespace())
}

/// The first line that says something.
fn first_line(text: &str) -> &str {
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or("").trim()
}

fn with(what: &str, said: &str) -> String {
    match said {
        "" => what.to_string(),
        said => format!("{what}: {said}"),
    }
}

fn code(end: End) -> i32 {
    match end {
        End::Exit(code) | End::Signal(code) => code,
        End::Running => 0,
    }
}

fn ended(end: End) -> String {
    match end {
        End::Exit(code) => format!("ended with {code}"),
        End::Signal(number) => format!("ended by signal {number}"),
        End::Running => "did not end".to_string(),
    }
}

/// The figures of a plugin: behind the bar of the first line, and behind the first bar of the
/// lines that follow, to the end.
fn figures(text: &str) -> Vec<Figure> {
    let text = text.trim_start();
    let (first, more) = text.split_once('\n').unwrap_or((text, ""));
    let behind = |text: &str| text.split_once('|').map(|(_, behind)| behind.to_string());
    let texts = [behind(first), behind(more)];
    let mut found = Vec::new();
    for text in texts.iter().flatten() {
        let mut rest = text.trim_start();
        while !rest.is_empty() && found.len() < FIGURES_MAX {
            let (label, behind) = label(rest);
            let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
            found.extend(label.and_then(|label| read(&label, &behind[..end])));
            rest = behind[end..].trim_start();
        }
    }
    found
}

/// A label, and what follows its `=`. None: there is no `=` before the next blank.
fn label(text: &str) -> (Option<String>, &str) {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let end = text.find(|c: char| c == '=' || c.is_whitespace());
        let (label, rest) = text.split_at(end.unwrap_or(text.len()));
        return match rest.strip_prefix('=') {
            Some(value) => (Some(label.to_string()), value),
            None => (None, rest),
        };
    };
    let mut label = String::new();
    while let Some(at) = rest.find('\'') {
        label.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('\'') {
            // A quote in it is written twice.
            Some(more) => rest = more,
            None => {
                return match rest.strip_prefix('=') {
                    Some(value) => (Some(label), value),
                    None => (None, rest),
                };
            }
        }
        label.push('\'');
    }
    // Its quote does not end.
    (None, "")
}

/// `12.5ms;20;@30:40;0;100`, with as many of its fields as there are. None: no number.
fn read(label: &str, value: &str) -> Option<Figure> {
    let mut fields = value.split(';');
    let (value, unit) = number(fields.next()?)?;
    let short = |text: &str| text[..boundary(text, FIGURE_BYTES_MAX)].to_string();
    // What is shown of a label may be longer than it, or nothing.
    let name = short(&line(label)).trim_end().to_string();
    let known = unit == "%" || unit.chars().all(char::is_alphabetic);
    if !known || name.is_empty() {
        return None;
    }
    let mut range = || {
        let range = fields.next().unwrap_or("");
        let fits = range.len() <= FIGURE_BYTES_MAX;
        let odd = |c: char| !(c.is_ascii_digit() || "@~:.+-eE".contains(c));
        match fits && !range.contains(odd) {
            true => range.to_string(),
            false => String::new(),
        }
    };
    let (warn, bad) = (range(), range());
    let mut bound = || {
        let bound = number(fields.next()?)?;
        // Some write the unit here too.
        (bound.1.is_empty() || bound.1 == unit).then_some(bound.0)
    };
    Some(Figure {
        name,
        value,
        unit: short(unit),
        warn,
        bad,
        min: bound(),
        max: bound(),
    })
}

/// A number, and what stands behind it.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = |text: &str| {
        let other = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        other.unwrap_or(text.len())
    };
    let sign = usize::from(text.starts_with(['-', '+']));
    let mut end = sign + digits(&text[sign..]);
    // An exponent, unless it is the beginning of a unit.
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['-', '+']));
        let length = digits(&exponent[sign..]);
        if length > 0 {
            end += 1 + sign + length;
        }
    }
    let value: f64 = text[..end].parse().ok()?;
    value.is_finite().then_some((value, &text[end..]))
}

/// A figure as plugins write it.
fn shown(figure: &Figure) -> String {
    let odd = |c: char| c.is_whitespace() || c == '\'' || c == '|' || c == '=';
    let name = match figure.name.contains(odd) || figure.name.is_empty() {
        // A bar or an equals sign can not be in a label.
        true => format!(
            "'{}'",
            figure.name.replace('\'', "''").replace(['|', '='], "/")
        ),
        false => figure.name.clone(),
    };
    let bound = |bound: Option<f64>| bound.map_or(String::new(), |n| n.to_string());
    let (min, max) = (bound(figure.min), bound(figure.max));
    let (value, unit) = (figure.value, &figure.unit);
    let text = format!(
        "{name}={value}{unit};{};{};{min};{max}",
        figure.warn, figure.bad
    );
    text.trim_end_matches(';').to_string()
}
