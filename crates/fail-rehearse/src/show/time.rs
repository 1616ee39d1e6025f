//! Times as people read them, in the units of the scenario: `1m30s`; and the ticks of an axis.

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// As short as it can be said, to the millisecond: `300ms`, `10s`, `1m30.25s`.
pub fn moment(ns: u64) -> String {
    let ns = rounded(ns);
    if ns > 0 && ns < SECOND {
        return format!("{}ms", ns / MS);
    }
    let (hours, minutes) = (ns / HOUR, ns % HOUR / MINUTE);
    let mut seconds = format!("{}.{:03}", ns % MINUTE / SECOND, ns % SECOND / MS);
    seconds.truncate(seconds.trim_end_matches('0').trim_end_matches('.').len());
    let mut text = String::new();
    if hours > 0 {
        text += &format!("{hours}h");
    }
    if minutes > 0 {
        text += &format!("{minutes}m");
    }
    if ns % MINUTE != 0 || text.is_empty() {
        text += &format!("{}s", if seconds.is_empty() { "0" } else { &seconds });
    }
    text
}

/// All of one form, so that a column of them can be read: `1m02.300s`; with hours only where
/// the whole has some.
pub fn stamp(ns: u64, whole: u64) -> String {
    let ns = rounded(ns);
    let (hours, minutes) = (ns / HOUR, ns % HOUR / MINUTE);
    let (seconds, ms) = (ns % MINUTE / SECOND, ns % SECOND / MS);
    if hours > 0 {
        format!("{hours}h{minutes:02}m{seconds:02}.{ms:03}s")
    } else if minutes > 0 || whole >= HOUR {
        format!("{minutes}m{seconds:02}.{ms:03}s")
    } else {
        format!("{seconds}.{ms:03}s")
    }
}

fn rounded(ns: u64) -> u64 {
    ns.saturating_add(MS / 2) / MS * MS
}

/// Steps that a person counts in.
const STEPS: [u64; 27] = [
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
    168 * HOUR,
];

/// The moments that an axis has a tick at, at most so many.
pub fn ticks(length: u64, most: usize) -> Vec<u64> {
    let most = u64::try_from(most).unwrap_or(u64::MAX).max(1);
    let enough = |step: &&u64| length / **step < most;
    let least = (length / most).saturating_add(1);
    let step = STEPS.iter().find(enough).copied().unwrap_or(least);
    let all = (0..=length / step).map(|tick| tick * step);
    all.take(usize::try_from(most).unwrap_or(usize::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_said_in_the_units_of_the_scenario() {
        let said = [
            (0, "0s"),
            (300 * MS, "300ms"),
            (400_000, "0s"),
            (999 * MS + 600_000, "1s"),
            (10 * SECOND, "10s"),
            (10 * SECOND + 50 * MS, "10.05s"),
            (MINUTE, "1m"),
            (MINUTE + 30 * SECOND + 250 * MS, "1m30.25s"),
            (HOUR, "1h"),
            (HOUR + 5 * SECOND, "1h5s"),
            (u64::MAX, "5124095h34m33.709s"),
        ];
        for (ns, text) in said {
            assert_eq!(moment(ns), text);
        }
    }

    #[test]
    fn stamps_have_one_form() {
        assert_eq!(stamp(2 * SECOND, MINUTE), "2.000s");
        assert_eq!(stamp(62 * SECOND + 300 * MS, MINUTE), "1m02.300s");
        assert_eq!(stamp(2 * SECOND, HOUR), "0m02.000s");
        assert_eq!(stamp(HOUR + 62 * SECOND, HOUR), "1h01m02.000s");
    }

    #[test]
    fn ticks_are_round_and_never_too_many() {
        assert_eq!(ticks(0, 5), [0]);
        let round = ticks(150 * SECOND, 6);
        assert_eq!(round, [0, 30, 60, 90, 120, 150].map(|at| at * SECOND));
        for length in [1, MS, 7 * SECOND, HOUR, 1000 * HOUR, u64::MAX] {
            for most in 1..20 {
                let ticks = ticks(length, most);
                assert!(ticks.len() <= most, "{length} {most}: {ticks:?}");
            }
        }
    }
}
