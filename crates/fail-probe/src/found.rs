//! What a check has found, put together.

use fail_core::time::Span;
use fail_core::watch::{Figure, Finding, Verdict};

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

fn finding(verdict: Verdict, why: String) -> Finding {
    Finding {
        verdict,
        why,
        took: Span::ZERO,
        figures: Vec::new(),
    }
}

/// Something measured, without ranges.
pub(crate) fn figure(name: &str, value: f64, unit: &str) -> Figure {
    Figure {
        name: name.to_string(),
        value,
        unit: unit.to_string(),
        warn: String::new(),
        bad: String::new(),
        min: None,
        max: None,
    }
}
