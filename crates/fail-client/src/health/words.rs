//! A target in the words that all tools share: how bad it is, what it waits for, how long it
//! took, how much of the time it was up. Nothing here is clean: what shows it cleans it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use fail_wire::health::{ActionView, CheckView, FigureView, TargetView};

use crate::grid::Ink;

/// How bad it is with a target, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// It serves.
    Good,
    /// It is worked on, or does not serve where it need not.
    Calm,
    /// Not known, or not known yet.
    Unknown,
    /// What it depends on is down.
    Hidden,
    /// It serves, and somebody should look.
    Warning,
    /// It does not serve.
    Bad,
}

/// How bad it is with this one. A state that is not known here is one of a later version.
pub fn mood(target: &TargetView) -> Mood {
    match target.state.as_str() {
        "up" if target.warning || target.flapping => Mood::Warning,
        "up" => Mood::Good,
        "down" | "dependency" if target.quiet => Mood::Calm,
        "down" => Mood::Bad,
        "dependency" => Mood::Hidden,
        "maintenance" => Mood::Calm,
        _ if target.warning || target.flapping => Mood::Warning,
        _ => Mood::Unknown,
    }
}

impl Mood {
    /// How it is written on a terminal.
    pub fn ink(self) -> Ink {
        match self {
            Mood::Good => Ink::Good,
            Mood::Calm => Ink::Calm,
            Mood::Unknown => Ink::Plain,
            Mood::Hidden => Ink::Faint,
            Mood::Warning => Ink::Warning,
            Mood::Bad => Ink::Bad,
        }
    }
}

/// By their names, where numbers count as what they are: `web-2` comes before `web-10`.
pub fn by_name(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    while let (Some(l), Some(r)) = (left.first(), right.first()) {
        let order = if l.is_ascii_digit() && r.is_ascii_digit() {
            let (m, n) = (number(&mut left), number(&mut right));
            m.len().cmp(&n.len()).then(m.cmp(n))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            l.cmp(r)
        };
        if order.is_ne() {
            return order;
        }
    }
    // What has more behind it is more; `7` and `07` are the same so far.
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// Takes the digits at the beginning, and gives them without zeros in front.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|b| !b.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

/// The worst first, then by their names.
pub fn worse(one: &TargetView, other: &TargetView) -> Ordering {
    let order = mood(other).cmp(&mood(one));
    order.then_with(|| by_name(&one.name, &other.name))
}

/// All of them, in this order.
pub fn worst_first<'a>(targets: impl IntoIterator<Item = &'a TargetView>) -> Vec<&'a TargetView> {
    let mut targets: Vec<_> = targets.into_iter().collect();
    targets.sort_by(|a, b| worse(a, b));
    targets
}

/// Its state with its marks: `up`, `up warning`, `down flapping`, `down quiet`.
pub fn state(target: &TargetView) -> String {
    let state = match target.state.as_str() {
        "" => "unknown",
        state => state,
    };
    let marks = [
        (target.warning, " warning"),
        (target.flapping, " flapping"),
        (target.quiet, " quiet"),
    ];
    let marks = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
    std::iter::once(state).chain(marks).collect()
}

/// As what it is counted: what is down and quiet is not among what is down.
pub fn counted(target: &TargetView) -> &str {
    match target.quiet {
        true => "quiet",
        false => &target.state,
    }
}

/// Why it is so, with what it waits for and what speaks against it.
pub fn why(target: &TargetView) -> Cow<'_, str> {
    let mut parts = Vec::new();
    if !target.blocked.is_empty() {
        parts.push(format!("waits for {}", list(&target.blocked)));
    }
    if !target.why.is_empty() {
        parts.push(target.why.clone());
    }
    if target.streak > 0 {
        let word = match target.state.as_str() {
            "up" => Some("bad"),
            "down" => Some("good"),
            // It may be either.
            _ => None,
        };
        parts.extend(word.map(|word| format!("{word} {} of {}", target.streak, target.wanted)));
    }
    match parts.as_slice() {
        [] => Cow::Borrowed(""),
        _ => Cow::Owned(parts.join("; ")),
    }
}

/// Letters that are shown of a line of the Hcfile.
const LINE_SHOWN_MAX: usize = 80;

/// Which line of actions failed when it was done last, and why: the first, and how many more did.
pub fn failed(target: &TargetView) -> Option<String> {
    let failed = |action: &&ActionView| action.failed.is_some();
    let mut lines = target.actions.iter().filter(failed);
    let first = lines.next()?;
    let mut line: String = first.line.chars().take(LINE_SHOWN_MAX).collect();
    if line.len() < first.line.len() {
        line.push('…');
    }
    let more = match lines.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let why = first.failed.as_deref().unwrap_or_default();
    Some(format!("{line} failed{more}: {why}"))
}

/// [`why`], and [`failed`]: for who shows a target in one line.
pub fn why_and_failed(target: &TargetView) -> String {
    let why = Some(why(target).into_owned()).filter(|why| !why.is_empty());
    let parts: Vec<String> = why.into_iter().chain(failed(target)).collect();
    parts.join("; ")
}

/// Names that are shown of a list; nobody reads more in one line.
const LISTED_MAX: usize = 5;

/// A list in words: `a, b and 7 more`.
pub fn list(names: &[String]) -> String {
    let shown = names.len().min(LISTED_MAX);
    let text = names[..shown].join(", ");
    match names.len() - shown {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// What a target without checks is.
pub fn group(target: &TargetView) -> Option<String> {
    if !target.checks.is_empty() {
        return None;
    }
    let all = target.depends.len();
    Some(match target.need {
        Some(need) if need != all => format!("group, {need} of {all}"),
        _ => format!("group of {all}"),
    })
}

/// What each of its checks is called: by its module, and with a number if the target has used that
/// before: `http`, `http.2`.
pub fn check_names(target: &TargetView) -> Vec<String> {
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names = Vec::new();
    for check in &target.checks {
        let module = check.line.split_whitespace().next().unwrap_or("check");
        let count = used.entry(module).or_default();
        *count += 1;
        names.push(match *count {
            1 => module.to_string(),
            n => format!("{module}.{n}"),
        });
    }
    names
}

/// How long its checks took, which run side by side: as long as the slowest.
pub fn took(target: &TargetView) -> Option<f64> {
    let known = |check: &&CheckView| check.verdict.is_some() && check.took.is_finite();
    let known = target.checks.iter().filter(known);
    known.map(|check| check.took).reduce(f64::max)
}

/// So many milliseconds: `0.4ms`, `12ms`, `1.2s`.
pub fn ms(ms: f64) -> String {
    match ms {
        ms if !ms.is_finite() || ms < 0.0 => "-".to_string(),
        ms if ms < 9.95 => format!("{ms:.1}ms"),
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms if ms < 1e9 => format!("{:.1}s", ms / 1_000.0),
        // A week and more is what somebody makes up.
        _ => "-".to_string(),
    }
}

/// How much of the time it was up: `100%`, `99.98%`, `-`. All is said only of all.
pub fn share(percent: Option<f64>) -> String {
    match percent {
        Some(percent) if percent >= 100.0 => "100%".to_string(),
        Some(percent) if percent > 0.0 => format!("{:.2}%", (percent * 100.0).floor() / 100.0),
        Some(0.0) => "0%".to_string(),
        _ => "-".to_string(),
    }
}

/// A figure: `days 27 d`, `time 0.012 s`.
pub fn figure(figure: &FigureView) -> String {
    let FigureView { name, unit, .. } = figure;
    let value = value(figure.value).unwrap_or_else(|| "not known".to_string());
    match unit.as_str() {
        "" => format!("{name} {value}"),
        _ => format!("{name} {value} {unit}"),
    }
}

/// A number as short as it can be, of at most a few letters; nothing: it is none.
pub fn value(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    Some(match value.abs() {
        0.0 => "0".to_string(),
        1e-6..1e15 => {
            let text = format!("{value:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        _ => format!("{value:e}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &str) -> TargetView {
        TargetView {
            state: state.to_string(),
            ..TargetView::default()
        }
    }

    #[test]
    fn what_is_quiet_is_calm_and_says_so() {
        let quiet = |state: &str| TargetView {
            quiet: true,
            ..target(state)
        };
        for state in ["down", "dependency"] {
            assert_eq!(mood(&quiet(state)), Mood::Calm);
            assert_eq!(counted(&quiet(state)), "quiet");
            assert_eq!(super::state(&quiet(state)), format!("{state} quiet"));
        }
        assert_eq!(
            (mood(&target("down")), counted(&target("down"))),
            (Mood::Bad, "down")
        );
    }

    #[test]
    fn the_worst_comes_first() {
        let mut all = Vec::new();
        for state in [
            "up",
            "maintenance",
            "pending",
            "dependency",
            "x",
            "",
            "down",
        ] {
            let mut target = target(state);
            target.name = format!("n{}", all.len());
            all.push(target);
        }
        let mut warns = target("up");
        warns.warning = true;
        all.push(warns);
        let order: Vec<String> = worst_first(&all).into_iter().map(state).collect();
        let is = "down,up warning,dependency,pending,x,unknown,maintenance,up";
        assert_eq!(order.join(","), is);
    }

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let names = [
            "",
            "07",
            "7",
            "7a",
            "10",
            "a",
            "web",
            "web-1",
            "web-1-2",
            "web-1-10",
            "web-2",
            "web-10",
            "web-99999999999999999999999",
            "web-a",
            "é1",
            "é2",
        ];
        for (n, one) in names.iter().enumerate() {
            for (m, other) in names.iter().enumerate() {
                assert_eq!(by_name(one, other), n.cmp(&m), "{one} {other}");
            }
        }
    }

    #[test]
    fn a_line_of_actions_that_failed_is_said() {
        let action = |line: &str, failed: Option<&str>| ActionView {
            line: line.to_string(),
            failed: failed.map(str::to_string),
            ..ActionView::default()
        };
        let mut down = target("down");
        assert_eq!(failed(&down), None);
        down.actions = vec![
            action("on down syslog", None),
            action("on change failc web", Some("no answer")),
        ];
        down.why = "status 500".to_string();
        let is = "on change failc web failed: no answer";
        assert_eq!(failed(&down).as_deref(), Some(is));
        assert_eq!(why_and_failed(&down), format!("status 500; {is}"));
        let long = "é".repeat(LINE_SHOWN_MAX + 1);
        down.actions[0] = action(&long, Some("x"));
        let said = failed(&down).unwrap();
        assert!(said.ends_with("é… failed (and 1 more): x"), "{said}");
        assert_eq!(why_and_failed(&target("up")), "");
    }

    #[test]
    fn why_has_what_it_waits_for_and_what_speaks_against_it() {
        let mut down = target("dependency");
        down.blocked = (0..7).map(|n| format!("r{n}")).collect();
        assert_eq!(why(&down), "waits for r0, r1, r2, r3, r4 and 2 more");
        let mut up = target("up");
        up.why = "http: status 500".to_string();
        (up.streak, up.wanted) = (1, 3);
        assert_eq!(why(&up), "http: status 500; bad 1 of 3");
        up.state = "pending".to_string();
        assert_eq!(why(&up), "http: status 500");
        assert_eq!(why(&target("up")), "");
    }

    #[test]
    fn numbers_are_short_and_what_is_none_is_not_shown() {
        for (number, text) in [
            (0.04, "0.0ms"),
            (4.2, "4.2ms"),
            (9.96, "10ms"),
            (999.6, "1.0s"),
        ] {
            assert_eq!(ms(number), text);
        }
        for odd in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(ms(odd), "-");
        }
        for (percent, text) in [
            (Some(100.0), "100%"),
            (Some(1e9), "100%"),
            (Some(99.999), "99.99%"),
            (Some(0.0), "0%"),
            (Some(-1.0), "-"),
            (Some(f64::NAN), "-"),
            (None, "-"),
        ] {
            assert_eq!(share(percent), text);
        }
        for (number, text) in [
            (27.0, Some("27")),
            (0.0125, Some("0.0125")),
            (-3.5, Some("-3.5")),
            (1e300, Some("1e300")),
            (1e-9, Some("1e-9")),
            (-0.0, Some("0")),
            (f64::NAN, None),
        ] {
            assert_eq!(value(number).as_deref(), text);
        }
        let checks = [f64::NAN, 3.0, 12.5, 7.0].map(|took| CheckView {
            verdict: Some("good".to_string()),
            took,
            ..CheckView::default()
        });
        let mut all = target("up");
        assert_eq!(took(&all), None);
        all.checks = checks.to_vec();
        assert_eq!(took(&all), Some(12.5));
    }
}
