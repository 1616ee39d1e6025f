//! A record as a line for people and as a JSON object for programs.

use fail_wire::Record;

/// `web UP held 12s (start: no master can serve)`
pub fn line(record: &Record) -> String {
    let marks: String = record
        .marks
        .words()
        .map(|word| format!(" {word}"))
        .collect();
    let since = match record.version {
        0 => String::new(),
        _ => format!(" for {}", fail_client::age(record.age_ms)),
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
