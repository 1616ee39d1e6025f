//! What plugins of Nagios and other programs say, and what is said to those who read plugins.
//!
//! What is asserted beyond that nothing panics:
//!
//! * a program is good only if it has ended by itself with what means that, in time;
//! * a finding may be shown anywhere; printed as a plugin prints it, it is one line and reads to
//!   the same verdict, reason and figures;
//! * of output that was cut there are no figures that the whole does not have;
//! * figures by the rules are read as they were written.

use fail_core::exec::{End, Finished};
use fail_core::limits::FIGURES_MAX;
use fail_core::time::Span;
use fail_core::watch::{Figure, Verdict};
use fail_probe::plugin::{exec, nagios, print};

use crate::Choices;
use crate::finding::{is_good, may_be_shown};

/// Any output and end, or figures by the rules.
pub fn plugin(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.flag() {
        true => by_the_rules(&mut from),
        false => any(from),
    }
}

fn any(mut from: Choices<'_>) {
    let end = match from.below(8) {
        0 => End::Signal(i32::from(from.byte())),
        1 => End::Running,
        2 => End::Exit(i32::from(from.byte())),
        few => End::Exit(few as i32 - 3),
    };
    let errors = from.below(64);
    let mut done = Finished {
        stderr: from.bytes(errors).to_vec(),
        stdout: Vec::new(),
        ends: vec![(1, end)],
        cut: from.once_in(4),
        timed_out: from.once_in(8),
        took: Span(from.number()),
    };
    if from.once_in(16) {
        done.ends.clear();
    }
    let cut = from.below(65_536);
    done.stdout = from.rest().to_vec();
    let in_time = !done.timed_out;
    let ended = |codes: &[i32]| {
        let ended = done.ends.last();
        in_time && ended.is_some_and(|(_, end)| codes.iter().any(|n| *end == End::Exit(*n)))
    };
    let (zero, one) = (ended(&[0]), ended(&[1]));
    let found = exec(&Ok(done.clone()));
    may_be_shown(&found);
    assert_eq!(is_good(&found), zero, "{found:?}");
    let found = nagios(&Ok(done.clone()));
    may_be_shown(&found);
    assert_eq!(found.verdict == Verdict::Good, zero, "{found:?}");
    assert_eq!(found.verdict == Verdict::Warning, one, "{found:?}");
    printed(&found);
    if !done.cut && in_time && done.stdout.is_ascii() {
        done.stdout.truncate(cut);
        done.cut = true;
        let early = nagios(&Ok(done));
        for (early, whole) in early.figures.iter().zip(&found.figures) {
            assert_eq!(early, whole);
        }
        assert!(early.figures.len() <= found.figures.len());
    }
}

/// What a finding is printed as is read as the finding.
fn printed(found: &fail_core::watch::Finding) {
    let text = print(found);
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(!text.chars().any(fail_client::is_odd), "{text:?}");
    let code = match found.verdict {
        Verdict::Good => 0,
        Verdict::Warning => 1,
        Verdict::Bad => 2,
        Verdict::Unknown => 3,
    };
    let again = nagios(&Ok(Finished {
        stdout: text.clone().into_bytes(),
        stderr: Vec::new(),
        ends: vec![(1, End::Exit(code))],
        cut: false,
        timed_out: false,
        took: found.took,
    }));
    assert_eq!(again.verdict, found.verdict);
    // The time may be in front of them.
    let timed = !found.figures.iter().any(|figure| figure.name == "time");
    let figures = &again.figures[usize::from(timed)..];
    let fits = FIGURES_MAX - usize::from(timed);
    assert_eq!(figures.len(), found.figures.len().min(fits), "{text:?}");
    for (again, figure) in figures.iter().zip(&found.figures) {
        let name = figure.name.replace(['|', '='], "/");
        assert_eq!(
            again,
            &Figure {
                name,
                ..figure.clone()
            },
            "{text:?}"
        );
    }
}

const NAMES: [&str; 6] = ["time", "/var", "C:\\", "a b", "it's", "é"];
const UNITS: [&str; 6] = ["", "s", "ms", "%", "B", "c"];
const RANGES: [&str; 6] = ["", "10", "10:", "~:10", "@10:20", "-1.5:2e3"];

fn by_the_rules(from: &mut Choices<'_>) {
    let mut figures = Vec::new();
    let mut text = "fine".to_string();
    for n in 0..from.below(FIGURES_MAX) {
        let number = |from: &mut Choices<'_>| f64::from(from.half()) / 8.0 - 100.0;
        let figure = Figure {
            name: from.pick(&NAMES).to_string(),
            value: number(from),
            unit: from.pick(&UNITS).to_string(),
            warn: from.pick(&RANGES).to_string(),
            bad: from.pick(&RANGES).to_string(),
            min: from.flag().then(|| number(from)),
            max: from.flag().then(|| number(from)),
        };
        // In the first line, or in those behind it.
        text += match (n, from.below(4)) {
            (0, 0) => "\nmore | ",
            (0, _) => " | ",
            (_, 1) => "\t",
            _ => "  ",
        };
        let name = figure.name.replace('\'', "''");
        let bound = |bound: Option<f64>| bound.map_or(String::new(), |n| n.to_string());
        text += &format!(
            "'{name}'={}{};{};{};{};{}",
            figure.value,
            figure.unit,
            figure.warn,
            figure.bad,
            bound(figure.min),
            bound(figure.max)
        );
        figures.push(figure);
    }
    let found = nagios(&Ok(Finished {
        stdout: text.clone().into_bytes(),
        stderr: Vec::new(),
        ends: vec![(1, End::Exit(0))],
        cut: false,
        timed_out: false,
        took: Span::ZERO,
    }));
    assert_eq!(found.figures, figures, "{text:?}");
    assert_eq!((found.verdict, found.why.as_str()), (Verdict::Good, "fine"));
    printed(&found);
}
