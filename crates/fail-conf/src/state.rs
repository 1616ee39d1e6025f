//! The state file: what a faild knows after a restart.
//!
//! One JSON object a line, so that a person can read it: a head with the boot id, a line for
//! each record, and an end with the number of records and a SHA-256 over everything before
//! it. Half a file, or a file in which a bit has turned, has no valid end.

use fail_core::node::{Image, Kept};
use fail_core::time::{Mono, Span, Wall};
use fail_wire::{Marks, Name, Reason, State};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the format.
const FORMAT: u32 = 1;

/// What every state file begins with.
pub const BEGINNING: &str = "{\"failover_state\":";

/// Why a state file can not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A line that is not what should stand there.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The last line is missing.
    #[error("its end is missing")]
    Cut,
    /// The last line does not fit the others.
    #[error("its checksum is wrong")]
    Checksum,
    /// Written by a later version.
    #[error("it has format {0}, this faild knows format {FORMAT} only")]
    Format(u32),
}

#[derive(Serialize, Deserialize)]
struct Head {
    failover_state: u32,
    boot: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    service: String,
    state: String,
    held: bool,
    away: bool,
    starting: bool,
    published: bool,
    version: u64,
    changed_ns: u64,
    last_change_ms: i64,
    interval_ms: u64,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct End {
    records: usize,
    sha256: String,
}

/// Writes what a faild knows.
pub fn print(image: &Image) -> Vec<u8> {
    let mut text = String::with_capacity(200 * (image.records.len() + 2));
    push(
        &mut text,
        &Head {
            failover_state: FORMAT,
            boot: image.boot.clone(),
        },
    );
    for kept in &image.records {
        push(&mut text, &line(kept));
    }
    let end = End {
        records: image.records.len(),
        sha256: checksum(&text),
    };
    push(&mut text, &end);
    text.into_bytes()
}

fn push(text: &mut String, value: &impl Serialize) {
    // Plain structs of numbers and texts have no way to fail.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
    text.push('\n');
}

fn checksum(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn line(kept: &Kept) -> Line {
    Line {
        service: kept.name.to_string(),
        state: kept.state.to_string(),
        held: kept.marks.has(Marks::HELD),
        away: kept.marks.has(Marks::AWAY),
        starting: kept.marks.has(Marks::STARTING),
        published: !kept.marks.has(Marks::UNPUBLISHED),
        version: kept.version,
        changed_ns: kept.changed.0,
        last_change_ms: kept.last_change.0,
        interval_ms: kept.interval.as_millis(),
        reason: kept.reason.to_string(),
    }
}

/// Reads what an earlier faild knew.
///
/// # Errors
/// What is wrong with the first line that can not be believed; then nothing of it can.
pub fn parse(bytes: &[u8]) -> Result<Image, Damage> {
    let bad = |line: usize, problem: String| Damage::Line { line, problem };
    let text = std::str::from_utf8(bytes).map_err(|_| bad(1, "it is not text".to_string()))?;
    let body = text.strip_suffix('\n').ok_or(Damage::Cut)?;
    let (body, end) = body.rsplit_once('\n').ok_or(Damage::Cut)?;
    let lines: Vec<&str> = body.split('\n').collect();
    let head: Head = serde_json::from_str(lines[0]).map_err(|e| bad(1, e.to_string()))?;
    if head.failover_state != FORMAT {
        return Err(Damage::Format(head.failover_state));
    }
    let end: End = serde_json::from_str(end).map_err(|_| Damage::Cut)?;
    if end.records != lines.len() - 1 || end.sha256 != checksum(&text[..=body.len()]) {
        return Err(Damage::Checksum);
    }
    let mut records = Vec::with_capacity(end.records);
    for (at, line) in lines.iter().enumerate().skip(1) {
        let line: Line = serde_json::from_str(line).map_err(|e| bad(at + 1, e.to_string()))?;
        records.push(kept(line).map_err(|problem| bad(at + 1, problem))?);
    }
    Ok(Image {
        boot: head.boot,
        records,
    })
}

fn kept(line: Line) -> Result<Kept, String> {
    let marks = [
        (line.held, Marks::HELD),
        (line.away, Marks::AWAY),
        (line.starting, Marks::STARTING),
        (!line.published, Marks::UNPUBLISHED),
    ];
    let marks = marks
        .into_iter()
        .filter(|(set, _)| *set)
        .fold(Marks(0), |all, (_, mark)| all.with(mark));
    Ok(Kept {
        name: Name::new(&line.service).map_err(|bad| format!("service: {bad}"))?,
        state: State::from_word(&line.state)
            .ok_or_else(|| format!("\"{}\" is no state", line.state))?,
        marks,
        version: line.version,
        changed: Mono(line.changed_ns),
        last_change: Wall(line.last_change_ms),
        interval: Span::from_millis(line.interval_ms),
        reason: Reason::new(&line.reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let kept = |text: &str, state, marks| Kept {
            name: Name::new(text).unwrap(),
            state,
            marks,
            version: 7,
            changed: Mono(123_456_789),
            last_change: Wall(1_244_191_697_000),
            interval: Span::from_millis(1000),
            reason: Reason::new("start: \"no\" master can serve"),
        };
        let records = vec![
            kept("dns", State::Recover, Marks::HELD.with(Marks::AWAY)),
            kept("été", State::Fail, Marks::UNPUBLISHED.with(Marks::STARTING)),
            kept("web", State::Up, Marks(0)),
        ];
        Image {
            boot: "8fd229ae".to_string(),
            records,
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same() {
        for image in [image(), Image::default()] {
            assert_eq!(parse(&print(&image)).unwrap(), image);
        }
    }

    #[test]
    fn half_a_file_is_never_believed() {
        let bytes = print(&image());
        for end in 0..bytes.len() {
            assert!(parse(&bytes[..end]).is_err(), "the first {end} bytes");
        }
    }

    #[test]
    fn one_turned_bit_is_found() {
        let good = print(&image());
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // Within the end line a bit can turn without a meaning, such as 'e' to 'E'; what
            // is believed is the right content all the same.
            assert!(
                parse(&bytes).is_err() || parse(&bytes) == Ok(image()),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn damage_is_named() {
        assert_eq!(parse(b""), Err(Damage::Cut));
        let sentence = parse(b"garbage\nmore\n").unwrap_err().to_string();
        assert!(sentence.starts_with("line 1"), "{sentence}");
        let later = b"{\"failover_state\":2,\"boot\":\"x\"}\n{}\n";
        assert_eq!(parse(later), Err(Damage::Format(2)));
    }
}
