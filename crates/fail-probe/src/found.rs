//! What a check has found, put together. Reasons quote what came over the network: they are
//! one line without control characters, and not longer than a reason may be, without what the
//! check keeps to itself ([`note::hide`]).

use fail_core::limits::FINDING_BYTES_MAX;
use fail_core::time::Span;
use fail_core::watch::{Figure, Finding, Verdict};

use crate::note;

/// What a probe gives, but for the time it took. What ends it early is a finding as well, mostly
/// a bad one, so that `?` can be used: `talk.line().await.map_err(bad)?`.
pub(crate) type Found = Result<Finding, Finding>;

/// It serves.
pub fn good(why: impl Into<String>) -> Finding {
    finding(Verdict::Good, why.into())
}

/// It serves, but somebody should look.
pub fn warning(why: impl Into<String>) -> Finding {
    finding(Verdict::Warning, why.into())
}

/// It does not serve.
pub fn bad(why: impl Into<String>) -> Finding {
    finding(Verdict::Bad, why.into())
}

/// It could not be found out.
pub fn unknown(why: impl Into<String>) -> Finding {
    finding(Verdict::Unknown, why.into())
}

pub(crate) fn finding(verdict: Verdict, why: String) -> Finding {
    Finding {
        verdict,
        why: line(&note::discreet(why)),
        took: Span::ZERO,
        figures: Vec::new(),
    }
}

/// A reason as it may be shown anywhere: one line, without what steers a terminal, cut where it
/// is too long.
pub(crate) fn line(text: &str) -> String {
    const CUT: &str = "...";
    // What comes behind that would be cut anyway: cleaning makes a text longer, never shorter.
    let mut plain = String::new();
    for word in text.split_whitespace() {
        if plain.len() > FINDING_BYTES_MAX {
            break;
        }
        let between = if plain.is_empty() { "" } else { " " };
        plain += between;
        // Where a letter of four bytes is cut before, there is still more than fits.
        plain += &word[..boundary(word, FINDING_BYTES_MAX + 4)];
    }
    let mut line = fail_client::clean(&plain).into_owned();
    if line.len() > FINDING_BYTES_MAX {
        line.truncate(boundary(&line, FINDING_BYTES_MAX - CUT.len()));
        line += CUT;
    }
    line
}

/// Where a text may be cut, at this byte or before.
pub(crate) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Something measured, without ranges; to a millionth, as nothing here is measured more exactly.
pub(crate) fn figure(name: &str, value: f64, unit: &str) -> Figure {
    Figure {
        name: name.to_string(),
        value: (value * 1e6).round() / 1e6,
        unit: unit.to_string(),
        warn: String::new(),
        bad: String::new(),
        min: None,
        max: None,
    }
}
