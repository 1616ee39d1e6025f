//! What was measured, held against the objectives of the command line.

use fail_cli::{Drill, Time};

use super::way::Way;

/// The two ways, in words.
pub const WAYS: [&str; 2] = ["there", "back"];

/// One objective on one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The name of its option, without dashes.
    pub objective: &'static str,
    /// Which way; nothing: both together.
    pub way: Option<&'static str>,
    /// At most this, in microseconds.
    pub limit: i64,
    /// What was measured; nothing: it was not seen, and so it is not met.
    pub measured: Option<i64>,
}

impl Verdict {
    /// Whether it is met, as exactly as it is shown.
    pub fn is_met(&self) -> bool {
        self.measured.is_some_and(|us| ms(us) * 1_000 <= self.limit)
    }
}

/// Microseconds as they are shown.
pub fn ms(us: i64) -> i64 {
    us.saturating_add(500) / 1_000
}

/// Both ways together, or the one that was wanted; nothing: one of them was not done.
pub fn total(options: &Drill, ways: &[Option<Way>; 2]) -> Option<i64> {
    let there = ways[0].as_ref()?.whole();
    match options.no_back {
        true => Some(there),
        false => Some(there + ways[1].as_ref()?.whole()),
    }
}

/// Every objective that was given, on every way that was wanted. `outages` are those that the
/// probe saw.
pub fn judge(options: &Drill, ways: &[Option<Way>; 2], outages: &[Option<i64>; 2]) -> Vec<Verdict> {
    type Part = (&'static str, Option<Time>, fn(&Way) -> Option<i64>);
    let parts: [Part; 7] = [
        ("stop", options.stop, |way| way.stop),
        ("detection", options.detection, |way| way.detection),
        ("start", options.start, |way| way.start),
        ("gap", options.gap, |way| Some(way.gap())),
        ("overlap", options.overlap, |way| Some(way.overlap())),
        ("takeover", options.takeover, |way| Some(way.whole())),
        ("handback", options.handback, |way| Some(way.whole())),
    ];
    let wanted = if options.no_back { 1 } else { 2 };
    let limit = |at_most: Time| i64::try_from(at_most.0.as_micros()).unwrap_or(i64::MAX);
    let mut all = Vec::new();
    for (objective, at_most, part) in parts {
        let Some(at_most) = at_most else { continue };
        for no in 0..wanted {
            if let ("takeover", 1) | ("handback", 0) = (objective, no) {
                continue;
            }
            all.push(Verdict {
                objective,
                way: Some(WAYS[no]),
                limit: limit(at_most),
                measured: ways[no].as_ref().and_then(part),
            });
        }
    }
    if let Some(at_most) = options.outage {
        all.extend((0..wanted).map(|no| Verdict {
            objective: "outage",
            way: Some(WAYS[no]),
            limit: limit(at_most),
            measured: outages[no],
        }));
    }
    if let Some(at_most) = options.total {
        all.push(Verdict {
            objective: "total",
            way: None,
            limit: limit(at_most),
            measured: total(options, ways),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::track::Odd;
    use super::*;
    use clap::Parser;

    fn options(line: &str) -> Drill {
        let words = ["failc"].into_iter().chain(line.split(' '));
        fail_cli::Failc::try_parse_from(words).unwrap().drill
    }

    fn way(begun: i64, up: usize) -> Way {
        Way {
            from: 0,
            to: 1,
            begun,
            done: begun + 90_400,
            stop: Some(30_000),
            detection: None,
            start: Some(40_000),
            odd: vec![Odd {
                at: begun,
                us: 50_400,
                up: vec![0; up],
            }],
        }
    }

    #[test]
    fn each_objective_is_held_against_its_part_of_each_way() {
        let ways = [Some(way(0, 0)), Some(way(200_000, 2))];
        let line = "--stop 30ms --start 39ms --detection 1s --gap 50ms --overlap 0 --takeover 90ms \
                    --handback 89ms --total 181ms --probe tcp:a:1 --outage 7ms drill web";
        let all = judge(&options(line), &ways, &[Some(7_000), Some(8_000)]);
        let said: Vec<_> = all
            .iter()
            .map(|v| {
                (
                    v.objective,
                    v.way.unwrap_or(""),
                    v.measured.map(ms),
                    v.is_met(),
                )
            })
            .collect();
        let expected = [
            ("stop", "there", Some(30), true),
            ("stop", "back", Some(30), true),
            ("detection", "there", None, false),
            ("detection", "back", None, false),
            ("start", "there", Some(40), false),
            ("start", "back", Some(40), false),
            ("gap", "there", Some(50), true),
            ("gap", "back", Some(0), true),
            ("overlap", "there", Some(0), true),
            ("overlap", "back", Some(50), false),
            ("takeover", "there", Some(90), true),
            ("handback", "back", Some(90), false),
            ("outage", "there", Some(7), true),
            ("outage", "back", Some(8), false),
            ("total", "", Some(181), true),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn what_was_not_wanted_is_not_held_against_anything() {
        let ways = [Some(way(0, 0)), None];
        let all = judge(
            &options("--no-back --gap 1 --total 1 drill web"),
            &ways,
            &[None; 2],
        );
        assert!(all.iter().all(Verdict::is_met) && all.len() == 2, "{all:?}");
        // And what was not done is missed.
        let all = judge(&options("--gap 1 --total 1 drill web"), &ways, &[None; 2]);
        let met: Vec<bool> = all.iter().map(Verdict::is_met).collect();
        assert_eq!(met, [true, false, false]);
    }
}
