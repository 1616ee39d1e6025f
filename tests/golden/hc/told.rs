//! A hc for the tests of its tools: what it has told, at a moment that stands still. Compiled into
//! each of them.

use fail_client::health::{Snapshot, Update};
use fail_client::stream::Lines;

/// Now, in milliseconds since 1970.
pub const NOW: i64 = 1_795_743_157_000;

/// The stream of a hc with a target in each state; `@N` is N milliseconds before now.
const STREAM: &str = include_str!("stream.txt");

/// What that hc has told.
pub fn shown() -> Snapshot {
    read(STREAM)
}

/// What a stream comes to.
pub fn read(stream: &str) -> Snapshot {
    let mut parts = stream.trim_start().split('@');
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap();
        text += &match part[..end].parse::<i64>() {
            Ok(before) => format!("{}{}", NOW - before, &part[end..]),
            // An address of mail.
            Err(_) => format!("@{part}"),
        };
    }
    let mut lines: Lines<Update> = Lines::default();
    lines.push(text.as_bytes());
    let mut shown = Snapshot::default();
    while let Some(update) = lines.take().unwrap() {
        shown.apply(update, NOW).unwrap();
    }
    assert!(shown.ready);
    shown
}
