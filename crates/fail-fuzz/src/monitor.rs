//! The monitor stream: the lines of `fail_wire::monitor`, and the reader in `fail-client`.
//!
//! What is asserted beyond that nothing panics:
//!
//! * the reader gives the same updates and ends with the same error however the stream is cut;
//!   a reader who has all lines before him is the judge;
//! * an update that was read is written as one line and read to the same;
//! * a field or a type that a later version has added changes nothing that was known before.

use fail_client::monitor::{Lines, Update};
use serde_json::{Value, json};

use crate::Choices;

/// What nobody sends in one test, and a reader may still be asked to hold.
const STREAM_BYTES_MAX: usize = 64 << 10;

/// Any stream, cut into any pieces.
pub fn monitor(data: &[u8]) {
    let mut from = Choices::new(data);
    let count = from.below(8);
    let cuts: Vec<usize> = (0..count).map(|_| 1 + from.below(300)).collect();
    let stream = from.rest();
    let stream = &stream[..stream.len().min(STREAM_BYTES_MAX)];
    let (updates, good) = judge(stream);
    assert_eq!(read(stream, &cuts), (updates.clone(), good));
    assert_eq!(read(stream, &[1]), (updates.clone(), good), "byte by byte");
    for update in &updates {
        let line = print(update);
        assert!(!line.contains('\n'), "{line:?}");
        let again = judge(format!("{line}\n").as_bytes());
        assert_eq!(again, (vec![update.clone()], true), "{line}");
        later(update);
    }
}

#[expect(clippy::expect_used, reason = "plain values have no way to fail")]
fn print(update: &Update) -> String {
    serde_json::to_string(update).expect("an update can be written")
}

/// What whole lines say, and whether all of them are of a stream.
fn judge(stream: &[u8]) -> (Vec<Update>, bool) {
    let mut updates = Vec::new();
    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    lines.pop();
    for line in lines {
        match serde_json::from_slice(line) {
            Ok(Update::Unknown) => {}
            Ok(update) => updates.push(update),
            Err(_) => return (updates, false),
        }
    }
    (updates, true)
}

fn read(stream: &[u8], cuts: &[usize]) -> (Vec<Update>, bool) {
    let mut lines = Lines::default();
    let (mut updates, mut rest) = (Vec::new(), stream);
    let mut cuts = cuts.iter().copied().cycle();
    loop {
        loop {
            match lines.take() {
                Ok(Some(update)) => {
                    assert_ne!(update, Update::Unknown, "nobody has to know of it");
                    updates.push(update);
                }
                Ok(None) => break,
                Err(problem) => {
                    assert!(!problem.is_empty());
                    return (updates, false);
                }
            }
        }
        if rest.is_empty() {
            return (updates, true);
        }
        let len = cuts.next().unwrap_or(rest.len()).min(rest.len());
        lines.push(&rest[..len]);
        rest = &rest[len..];
    }
}

/// The same update from a later version.
fn later(update: &Update) {
    let value = serde_json::to_value(update).unwrap_or_default();
    assert!(value.is_object(), "an update is an object");
    let mut fields = value.as_object().cloned().unwrap_or_default();
    fields.insert("of a later version".to_string(), json!({"a": [1, null]}));
    let line = format!(
        "{}\n{{\"type\":\"of a later version\"}}\n",
        Value::Object(fields)
    );
    assert_eq!(
        judge(line.as_bytes()),
        (vec![update.clone()], true),
        "{line}"
    );
}
