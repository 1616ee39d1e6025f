//! What every finding promises, whatever it was made of.

use fail_client::is_odd;
use fail_conf::hcfile::check::Line;
use fail_conf::hcfile::parse_check;
use fail_core::limits::{FIGURE_BYTES_MAX, FIGURES_MAX, FINDING_BYTES_MAX};
use fail_core::watch::{Finding, Verdict};

/// The lines of a file of passwords, as no text has them by chance.
pub(crate) const SECRET: [&str; 2] = ["us3r-of-hc", "s3cret-of-hc"];

/// The same, as it is given to a check.
pub(crate) fn secret() -> [String; 2] {
    SECRET.map(str::to_string)
}

/// A check of the targets' own.
#[expect(clippy::expect_used, reason = "each is a constant that is a check")]
pub(crate) fn check(text: &str) -> Line {
    parse_check(text).expect("a check")
}

pub(crate) fn is_good(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Good | Verdict::Warning)
}

/// It may be shown anywhere: one short line without what steers a terminal, and numbers that are
/// some.
pub(crate) fn may_be_shown(finding: &Finding) {
    let why = &finding.why;
    assert!(why.len() <= FINDING_BYTES_MAX, "{} bytes", why.len());
    assert!(!why.chars().any(is_odd), "{why:?}");
    assert!(finding.figures.len() <= FIGURES_MAX, "{finding:?}");
    for figure in &finding.figures {
        let numbers = [Some(figure.value), figure.min, figure.max];
        assert!(
            numbers.iter().flatten().all(|n| n.is_finite()),
            "{figure:?}"
        );
        assert!(!figure.name.is_empty(), "{figure:?}");
        for text in [&figure.name, &figure.unit, &figure.warn, &figure.bad] {
            assert!(!text.chars().any(is_odd), "{figure:?}");
            assert!(text.len() <= FIGURE_BYTES_MAX, "{figure:?}");
        }
    }
}

/// Nothing that is secret is in a text.
pub(crate) fn hides(text: &str) {
    let small = text.to_ascii_lowercase();
    for secret in SECRET {
        assert!(!small.contains(secret), "{text:?}");
    }
}
