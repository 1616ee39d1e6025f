//! The last day of a target as a bar, drawn from its changes, and in words.
//!
//! The higher it stands, the worse it was: lowest where nothing is known, full where it was
//! down; so it can be read without its colours. However short it was down, it is to be seen.

use std::collections::BTreeMap;

use fail_client::age;
use fail_client::clean;
use fail_client::health::{ChangeView, TargetView};
use maud::{Markup, html};

use crate::look::Hc;
use crate::target::class;

/// What is drawn, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// As many changes as a hc keeps: what was before the first of so many is not known.
const CHANGES_KEPT: usize = 100;

/// Units of the picture in a day: minutes.
const WIDTH: f64 = 1_440.0;

/// Its height.
const HEIGHT: f64 = 20.0;

/// So wide is what is down at least.
const DOWN_WIDTH_MIN: f64 = 6.0;

/// A time in which it was in one state, in milliseconds of the hc's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span<'a> {
    from: i64,
    to: i64,
    state: &'a str,
}

/// The bar.
pub fn bar(hc: Hc, target: &TargetView, now: i64) -> Markup {
    let end = now.saturating_add(hc.shown.ahead_ms);
    let spans = spans(target, end);
    let begin = end.saturating_sub(DAY_MS);
    // What is down is drawn last, over what is beside it.
    let (down, rest): (Vec<Span>, Vec<Span>) = spans.iter().partition(|s| s.state == "down");
    html! {
        svg .bar role="img" aria-label=(format!("The last day: {}", words(&spans)))
            viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
            @for span in rest.iter().chain(&down) {
                @let (x, width) = place(span, begin);
                @let height = height(span.state);
                rect .(class(span.state)) x=(format!("{x:.1}")) width=(format!("{width:.1}"))
                    y=(format!("{:.1}", HEIGHT - height)) height=(format!("{height:.1}")) {}
            }
        }
    }
}

/// The same in words: `up for 23h50m, down for 10m0s`.
pub fn sentence(hc: Hc, target: &TargetView, now: i64) -> String {
    words(&spans(target, now.saturating_add(hc.shown.ahead_ms)))
}

fn words(spans: &[Span]) -> String {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for span in spans {
        let ms = u64::try_from(span.to.saturating_sub(span.from)).unwrap_or(0);
        *sums.entry(span.state).or_default() += ms;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
    let parts = sums.iter().map(|(state, ms)| match *state {
        "" => format!("not known for {}", age(*ms)),
        state => format!("{} for {}", clean(state), age(*ms)),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The day that ends then, without holes; the state "" is where nothing is known.
fn spans(target: &TargetView, end: i64) -> Vec<Span<'_>> {
    let begin = end.saturating_sub(DAY_MS);
    let mut changes: Vec<&ChangeView> = target.changes.iter().collect();
    changes.sort_by_key(|change| change.at);
    let mut spans = Vec::new();
    let mut state = match changes.first() {
        // It may be older than what is remembered.
        None => "",
        Some(_) if changes.len() >= CHANGES_KEPT => "",
        Some(first) => first.from.as_str(),
    };
    let mut from = begin;
    let mut push = |from: i64, to: i64, state| {
        if from < to {
            spans.push(Span { from, to, state });
        }
    };
    let since = changes
        .is_empty()
        .then_some((target.since, target.state.as_str()));
    let changes = changes.iter().map(|change| (change.at, change.to.as_str()));
    for (at, to) in changes.chain(since) {
        let at = at.clamp(begin, end);
        push(from, at, state);
        (from, state) = (at, to);
    }
    push(from, end, state);
    spans
}

fn place(span: &Span, begin: i64) -> (f64, f64) {
    // Both lie in the day.
    let unit = |ms: i64| ms.saturating_sub(begin) as f64 / DAY_MS as f64 * WIDTH;
    let (x, width) = (unit(span.from), unit(span.to) - unit(span.from));
    match span.state {
        "down" if width < DOWN_WIDTH_MIN => (x.min(WIDTH - DOWN_WIDTH_MIN), DOWN_WIDTH_MIN),
        _ => (x, width),
    }
}

fn height(state: &str) -> f64 {
    match state {
        "down" => HEIGHT,
        "dependency" => 14.0,
        "maintenance" => 10.0,
        "up" => 6.0,
        _ => 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(changes: &[(i64, &str, &str)]) -> TargetView {
        let change = |(at, from, to): &(i64, &str, &str)| ChangeView {
            at: *at,
            from: (*from).to_string(),
            to: (*to).to_string(),
            why: String::new(),
        };
        TargetView {
            state: "up".to_string(),
            changes: changes.iter().map(change).collect(),
            ..TargetView::default()
        }
    }

    #[test]
    fn a_day_is_what_its_changes_say() {
        let end = 10 * DAY_MS;
        let hour = 3_600_000;
        for (changes, is) in [
            (&[][..], "up for 1d0h"),
            (&[(end - hour, "up", "down")], "up for 23h0m, down for 1h0m"),
            (&[(end - 3 * DAY_MS, "up", "down")], "down for 1d0h"),
            (
                &[
                    (end - 2 * hour, "pending", "down"),
                    (end - hour, "down", "up"),
                ],
                "pending for 22h0m, down for 1h0m, up for 1h0m",
            ),
            // From a clock that was set, or not in their order.
            (&[(end + hour, "up", "down")], "up for 1d0h"),
            (
                &[(i64::MIN, "up", "down"), (i64::MAX, "down", "up")],
                "down for 1d0h",
            ),
            (
                &[(end - hour, "down", "up"), (end - 2 * hour, "up", "down")],
                "up for 23h0m, down for 1h0m",
            ),
        ] {
            let target = target(changes);
            let spans = spans(&target, end);
            assert_eq!(words(&spans), is);
            assert_eq!(spans.iter().map(|s| s.to - s.from).sum::<i64>(), DAY_MS);
        }
        let mut young = target(&[]);
        young.since = end - hour;
        assert_eq!(
            words(&spans(&young, end)),
            "not known for 23h0m, up for 1h0m"
        );
        let many: Vec<_> = (0..100)
            .map(|n| (end - hour + n * 1_000, "up", "down"))
            .collect();
        let flapping = target(&many);
        assert!(words(&spans(&flapping, end)).starts_with("not known for 23h0m"));
        for odd in [i64::MIN, i64::MAX] {
            spans(&flapping, odd);
        }
    }

    #[test]
    fn a_second_that_it_was_down_is_to_be_seen() {
        let span = |from, to| Span {
            from,
            to,
            state: "down",
        };
        assert_eq!(place(&span(0, 1_000), 0), (0.0, DOWN_WIDTH_MIN));
        let last = place(&span(DAY_MS - 1_000, DAY_MS), 0);
        assert_eq!(last.0 + last.1, WIDTH);
    }
}
