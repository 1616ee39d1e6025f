//! The monitor stream of hc: the reader in `fail-client`, what comes of it, and its words.
//!
//! What is asserted beyond that nothing panics:
//!
//! * the reader gives the same updates and ends with the same error however the stream is cut;
//! * what was read is written and read to the same;
//! * a picture holds what the last line of each target said, and begins anew as it was told to;
//! * in the forest each target stands in full exactly once, at most one step below the line
//!   before it;
//! * a target in words has no number that is none.

use std::collections::BTreeSet;

use fail_client::health::{Forest, HealthLines, Snapshot, Update, fits, words};

use crate::Choices;

/// What nobody sends in one test, and a reader may still be asked to hold.
const STREAM_BYTES_MAX: usize = 64 << 10;

/// Any stream, cut into any pieces.
pub fn health(data: &[u8]) {
    let mut from = Choices::new(data);
    let count = from.below(8);
    let cuts: Vec<usize> = (0..count).map(|_| 1 + from.below(300)).collect();
    let stream = from.rest();
    let stream = &stream[..stream.len().min(STREAM_BYTES_MAX)];
    let (updates, good) = read(stream, &[]);
    let texts: Vec<String> = updates.iter().map(print).collect();
    for cuts in [&cuts, &vec![1]] {
        let (again, also) = read(stream, cuts);
        // By their texts, since a number that is none is not even like itself.
        assert_eq!(again.iter().map(print).collect::<Vec<_>>(), texts);
        assert_eq!(also, good);
    }
    let mut shown = Snapshot::default();
    for (update, text) in updates.into_iter().zip(texts) {
        assert!(!text.contains('\n'), "{text:?}");
        let (again, good) = read(format!("{text}\n").as_bytes(), &[]);
        assert!(
            good && again.len() == 1 && print(&again[0]) == text,
            "{text}"
        );
        let target = match &update {
            Update::Target(view) => Some(view.clone()),
            _ => None,
        };
        if shown.apply(update, i64::MAX).is_err() {
            break;
        }
        if let Some(view) = target {
            let kept = shown.targets.get(&view.name);
            assert_eq!(
                kept.map(|kept| format!("{kept:?}")),
                Some(format!("{view:?}"))
            );
        }
    }
    draw(&shown);
}

fn draw(shown: &Snapshot) {
    let places = Forest::of(shown.targets.values()).0;
    let mut full = BTreeSet::new();
    let mut depth = None;
    for place in &places {
        assert!(
            place.depth <= depth.map_or(0, |depth| depth + 1),
            "a step too far"
        );
        depth = Some(place.depth);
        let name = &place.target.name;
        assert_ne!(full.insert(name), place.again, "{name}");
    }
    assert_eq!(full.len(), shown.targets.len());
    for target in words::worst_first(shown.targets.values()) {
        let took = words::took(target).map(words::ms);
        let available = &target.available;
        let shares = [available.hour, available.day, available.week].map(words::share);
        let figures = target.checks.iter().flat_map(|check| &check.figures);
        let values = figures.filter_map(|figure| words::value(figure.value));
        for text in took.into_iter().chain(shares).chain(values) {
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        words::why(target);
        shown.ago(target.since, i64::MIN);
        assert!(fits(&target.name, &target.name) && fits("%", &target.name));
    }
}

#[expect(clippy::expect_used, reason = "plain values have no way to fail")]
fn print(update: &Update) -> String {
    serde_json::to_string(update).expect("an update can be written")
}

fn read(stream: &[u8], cuts: &[usize]) -> (Vec<Update>, bool) {
    let mut lines = HealthLines::default();
    let (mut updates, mut rest) = (Vec::new(), stream);
    let mut cuts = cuts.iter().copied().cycle();
    loop {
        loop {
            match lines.take() {
                Ok(Some(update)) => updates.push(update),
                Ok(None) => break,
                Err(_) => return (updates, false),
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
