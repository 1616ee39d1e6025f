//! A record, and what it was before, as a line for people and as a JSON object for programs.

use fail_client::{age, utc};
use fail_wire::{Marks, Name, Past, Record};
use serde_json::json;

/// `web UP held 12s (start: no master can serve)`
pub fn line(record: &Record) -> String {
    let marks = marks(record.marks);
    let since = match record.is_unknown() {
        true => String::new(),
        false => format!(" for {}", age(record.age_ms)),
    };
    format!(
        "{} {}{marks}{since} ({})\n",
        record.name, record.state, record.reason
    )
}

/// The same with all figures.
pub fn json(record: &Record) -> String {
    format!("{}\n", fail_client::json(record))
}

/// `2026-11-27T01:32:37Z 12s ago: UP held (start: no master can serve) by 127.0.0.1`
pub fn past(past: &Past) -> String {
    format!(
        "{} {} ago: {}{} ({}) by {}\n",
        utc(past.at),
        age(past.age_ms),
        past.state,
        marks(past.marks),
        past.reason,
        past.who
    )
}

/// The same with all figures.
pub fn past_json(name: &Name, past: &Past) -> String {
    let object = json!({
        "service": name.as_str(),
        "version": past.version,
        "state": past.state.word(),
        "marks": past.marks.words().collect::<Vec<_>>(),
        "age_ms": past.age_ms,
        "at_ms": past.at,
        "reason": past.reason.as_str(),
        "by": past.who.as_str(),
    });
    format!("{object}\n")
}

fn marks(marks: Marks) -> String {
    marks.words().map(|word| format!(" {word}")).collect()
}
