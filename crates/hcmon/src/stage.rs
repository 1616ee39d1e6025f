//! Pictures for tests.

use fail_client::health::{Snapshot, Update};
use fail_client::stream::Lines;

use crate::look::{Asked, Shown};
use crate::query::Query;

/// Now, in milliseconds since 1970.
pub const NOW: i64 = 1_795_743_157_000;

/// A hc with a target in each state; `@N` is N milliseconds before now.
const STREAM: &str = include_str!("../../../tests/golden/hc/stream.txt");

/// What a stream comes to.
pub fn read(stream: &str) -> Snapshot {
    let mut parts = stream.split('@');
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

/// Under a web server.
pub fn shown(asked: Vec<(&str, Result<Snapshot, String>)>, query: &str) -> Shown {
    let asked = asked.into_iter().map(|(host, told)| Asked {
        host: host.to_string(),
        told,
    });
    let query = Query::read(query).unwrap();
    let mut shown = Shown::new(asked.collect(), query, true);
    shown.now = NOW;
    shown
}

/// That one alone.
pub fn one(query: &str) -> Shown {
    shown(vec![("hosta", Ok(read(STREAM)))], query)
}
