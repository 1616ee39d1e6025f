//! State files: what is printed is read, and what is damaged is never believed to be more than
//! was written.
//!
//! What is asserted beyond that nothing panics:
//!
//! * what was printed is read to the same, and printed to the same bytes;
//! * with bits turned, bytes lost, put in or doubled, lines changed about, or the half of
//!   another file in it, a file is an error or still says exactly what was written;
//! * any text with a right end, as a person could write it, is an error or is records that
//!   print and read to themselves; an error names a line that is there.

use fail_conf::state::{Damage, parse, print};
use fail_core::node::{Image, Kept};
use fail_core::time::{Mono, Span, Wall};
use fail_wire::Marks;
use sha2::{Digest, Sha256};

use crate::{Choices, messages};

/// Any bytes; any lines with a right end; or a good file that is damaged.
pub fn state(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.below(3) {
        0 => believed(from.rest()),
        1 => believed(&with_end(from.rest())),
        _ => damaged(&mut from),
    }
}

/// Whatever is believed is a file's worth.
fn believed(bytes: &[u8]) {
    match parse(bytes) {
        Ok(image) => {
            let printed = print(&image);
            assert_eq!(parse(&printed), Ok(image));
            assert_eq!(parse(&printed).map(|image| print(&image)), Ok(printed));
        }
        Err(Damage::Line { line, .. }) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
        }
        Err(Damage::Cut | Damage::Checksum | Damage::Format(_)) => {}
    }
}

/// The same with the end that belongs to it, so that its lines are looked at.
fn with_end(body: &[u8]) -> Vec<u8> {
    let mut bytes = body.to_vec();
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let sum: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let end = format!("{{\"records\":{},\"sha256\":\"{sum}\"}}\n", lines - 1);
    bytes.extend(end.as_bytes());
    bytes
}

fn image(from: &mut Choices) -> Image {
    let count = from.below(5);
    let kept = |from: &mut Choices| Kept {
        name: messages::name(from),
        state: messages::state(from),
        marks: [
            Marks::HELD,
            Marks::AWAY,
            Marks::STARTING,
            Marks::UNPUBLISHED,
        ]
        .into_iter()
        .filter(|_| from.flag())
        .fold(Marks(0), Marks::with),
        version: from.number(),
        changed: Mono(from.number()),
        last_change: Wall(from.number() as i64),
        interval: Span::from_millis(u64::from(from.half())),
        reason: messages::reason(from),
    };
    Image {
        boot: from.text(20),
        records: (0..count).map(|_| kept(from)).collect(),
    }
}

fn damaged(from: &mut Choices) {
    let (written, other) = (image(from), image(from));
    let good = print(&written);
    assert_eq!(
        parse(&good).as_ref(),
        Ok(&written),
        "what is printed is read"
    );
    let other = print(&other);
    let mut bytes = good.clone();
    while !from.is_over() {
        damage(from, &mut bytes, &other);
    }
    let read = parse(&bytes);
    // Two images that are one file by now: the other was written as well.
    let known = [&good, &other].map(|file| parse(file));
    assert!(read.is_err() || known.contains(&read), "{read:?}");
    believed(&bytes);
}

fn damage(from: &mut Choices, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = from.below(bytes.len() + 1);
    let line = |bytes: &[u8], at: usize| {
        let lines: Vec<Vec<u8>> = bytes
            .split_inclusive(|b| *b == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let at = at % lines.len().max(1);
        (lines, at)
    };
    match from.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << from.below(8),
        1 if at < bytes.len() => bytes[at] = from.byte(),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, from.byte()),
        4 => drop(bytes.drain(at..(at + from.below(64)).min(bytes.len()))),
        5 => {
            let (mut lines, at) = line(bytes, at);
            let to = from.below(lines.len() + 1);
            if at < lines.len() && to < lines.len() {
                lines.swap(at, to);
            }
            *bytes = lines.concat();
        }
        6 => {
            let (mut lines, at) = line(bytes, at);
            if let Some(twice) = lines.get(at).cloned() {
                lines.insert(at, twice);
            }
            *bytes = lines.concat();
        }
        _ => {
            let cut = from.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend(&other[cut..]);
        }
    }
    bytes.truncate(8 << 10);
}
