//! A report for programs: one JSON document on one line. Its names are those that
//! `failover-rehearse(5)` lists, and change together with the version.
//!
//! A name that ends in `_ns` is a time: nanoseconds from the beginning, a whole number.

use serde::{Serialize, Serializer};

use crate::report::Report;

/// Goes up when a name gets another meaning or is gone; further names come without notice.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    failover: &'static str,
    version: u32,
    result: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

/// The report as JSON.
pub fn json(report: &Report) -> String {
    let document = Document {
        failover: "rehearsal",
        version: VERSION,
        result: if report.held() { "held" } else { "broken" },
        report,
    };
    #[expect(
        clippy::expect_used,
        reason = "only a map with keys that are no text can fail, and there is none"
    )]
    let text = serde_json::to_string(&document).expect("values without maps");
    text + "\n"
}

#[derive(Serialize)]
struct Span {
    from_ns: u64,
    to_ns: u64,
}

/// Pairs with names.
pub(crate) fn spans<S: Serializer>(spans: &[(u64, u64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(
        spans
            .iter()
            .map(|&(from_ns, to_ns)| Span { from_ns, to_ns }),
    )
}

#[derive(Serialize)]
struct Broken<'a> {
    at_ns: u64,
    seen: &'a str,
}

/// Pairs with names.
pub(crate) fn broken<S: Serializer>(seen: &[(u64, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(seen.iter().map(|(at_ns, seen)| Broken {
        at_ns: *at_ns,
        seen,
    }))
}
