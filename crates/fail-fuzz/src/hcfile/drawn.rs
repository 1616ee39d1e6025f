//! An Hcfile that is made from choices, and what it must come to: no reader of the language made
//! that.

use std::fmt::Write;

use fail_conf::hcfile::parse;
use fail_core::time::Span;
use fail_core::watch::Pace;

use super::{Files, holds};
use crate::Choices;

/// What a target should come to.
#[derive(Debug, Default)]
struct Wanted {
    name: String,
    depends: Vec<String>,
    pace: Pace,
    need: Option<usize>,
    windows: Vec<&'static str>,
    checks: Vec<String>,
    actions: Vec<String>,
}

/// Values that need quotes, and how they are printed.
const VALUES: [(&str, &str); 9] = [
    ("a", "a"),
    ("\"a b\"", "\"a b\""),
    ("a\"  \"b", "\"a  b\""),
    ("'$x'", "'$x'"),
    ("$$", "'$'"),
    ("\"it's\"", "\"it's\""),
    ("'\"'\"'\"", "'\"'\"'\""),
    ("#", "\"#\""),
    ("\"$(var)$(var)\"", "\"v wv w\""),
];

const WINDOWS: [(&str, &str); 4] = [
    ("Sat-Mon 22:00-24:00", "Mon,Sat,Sun 22:00-24:00"),
    ("01:00-02:00 utc", "01:00-02:00 utc"),
    (
        "2026-02-28T23:59/2026-03-01T00:00",
        "2026-02-28T23:59/2026-03-01T00:00",
    ),
    ("Wed,Tue 12:00-12:00", "Tue,Wed 12:00-12:00"),
];

/// Gaps between words, all the same.
const GAPS: [&str; 4] = [" ", "\t", "  ", " \\\n  "];

pub(super) fn drawn(from: &mut Choices) {
    let mut text = String::from("var = v w\nload exec tcp\n");
    let mut wanted: Vec<Wanted> = Vec::new();
    // The lines of this pattern come before those of each target that it fits.
    let pattern = from.flag();
    let shared = from.pick(&VALUES);
    if pattern {
        let _ = write!(text, "even-%:\n\ttcp $@:$*0 expect={}\n rise 7\n", shared.0);
    }
    let defaults = from.flag();
    for n in 0..1 + from.below(5) {
        // What stands here holds from here on.
        let interval = defaults.then_some(n as u64 + 11);
        if let Some(interval) = interval {
            let _ = writeln!(text, "interval = {interval}");
        }
        let target = target(
            from,
            n,
            interval,
            pattern.then_some(shared.1),
            &wanted,
            &mut text,
        );
        wanted.push(target);
    }
    let files = Files::from([("Hcfile".to_string(), text.clone().into())]);
    let read = parse("Hcfile", &files);
    let said = read.as_ref().map(|_| ());
    assert!(read.is_ok(), "{said:?}\n{text}");
    let (hcfile, _) = read.unwrap_or_default();
    assert_eq!(hcfile.targets.len(), wanted.len(), "{text}");
    // Each stands behind what it depends on.
    for (target, wanted) in hcfile.targets.iter().zip(&wanted) {
        let depends: Vec<&str> = target.depends.iter().map(|on| on.as_str()).collect();
        assert_eq!(target.name.as_str(), wanted.name);
        assert_eq!(depends, wanted.depends, "{text}");
        assert_eq!(target.pace, wanted.pace, "{text}");
        assert_eq!(target.need, wanted.need, "{text}");
        assert_eq!(target.windows, wanted.windows, "{text}");
        let body = &hcfile.bodies[&target.name];
        let checks: Vec<&str> = body.checks.iter().map(|line| line.shown.as_str()).collect();
        assert_eq!(checks, wanted.checks, "{text}");
        assert_eq!(body.shown, wanted.actions, "{text}");
    }
    holds(&hcfile);
}

fn target(
    from: &mut Choices,
    n: usize,
    interval: Option<u64>,
    pattern: Option<&str>,
    earlier: &[Wanted],
    text: &mut String,
) -> Wanted {
    let even = n % 2 == 0;
    let mut wanted = Wanted {
        name: format!("{}-{n}", if even { "even" } else { "odd" }),
        ..Wanted::default()
    };
    if let Some(interval) = interval {
        wanted.pace.interval = Span::from_secs(interval);
    }
    if let Some(value) = pattern.filter(|_| even) {
        wanted.pace.rise = 7;
        wanted
            .checks
            .push(format!("tcp even-{n}:{n}0 expect={value}"));
        // The port 0 is none.
        if n == 0 {
            wanted.name = "even-9".to_string();
            wanted.checks = vec![format!("tcp even-9:90 expect={value}")];
        }
    }
    let _ = write!(text, "{}:", wanted.name);
    for other in earlier {
        if !from.flag() {
            continue;
        }
        let _ = write!(text, "{}{}", from.pick(&GAPS), other.name);
        wanted.depends.push(other.name.clone());
    }
    text.push_str(from.pick(&["\n", "\r\n", "   # a comment \\\n"]));
    for _ in 0..=from.below(8) {
        line(from, &mut wanted, text);
    }
    // At least one check.
    let _ = writeln!(text, " exec /bin/true");
    wanted.checks.push("exec /bin/true".to_string());
    wanted
}

fn line(from: &mut Choices, wanted: &mut Wanted, text: &mut String) {
    let gap = from.pick(&GAPS);
    let (value, printed) = from.pick(&VALUES);
    text.push_str(from.pick(&["\t", "    "]));
    let name = wanted.name.clone();
    let built_in = Pace::default();
    match from.below(8) {
        0 => {
            let _ = write!(
                text,
                "tcp{gap}send={value}{gap}[::1]:80{gap}expect=$@\" $@\""
            );
            let line = format!("tcp send={printed} [::1]:80 expect=\"{name} {name}\"");
            wanted.checks.push(line);
        }
        1 => {
            let _ = write!(
                text,
                "exec{gap}timeout=5{gap}'/bin/a b'{gap}\"{{}}\"{gap}x=$$y"
            );
            wanted
                .checks
                .push("exec timeout=5 \"/bin/a b\" {} x='$y'".to_string());
        }
        2 => {
            let _ = write!(text, "on{gap}down,up{gap}syslog{gap}every=90");
            wanted
                .actions
                .push("on down,up syslog every=90".to_string());
        }
        3 => {
            let _ = write!(text, "on change mail{gap}a@b.c{gap}$@@b.c");
            wanted
                .actions
                .push(format!("on change mail a@b.c {name}@b.c"));
        }
        4 if wanted.pace.interval == built_in.interval => {
            let _ = write!(text, "interval{gap}1");
            wanted.pace.interval = Span::from_secs(1);
            wanted.pace.retry = wanted.pace.interval;
            wanted.pace.timeout = wanted.pace.interval;
        }
        5 if wanted.pace.fall == built_in.fall => {
            wanted.pace.fall = 4 + from.below(97) as u32;
            let _ = write!(text, "fall{gap}{}", wanted.pace.fall);
        }
        6 if wanted.need.is_none() && !wanted.depends.is_empty() => {
            let need = 1 + from.below(wanted.depends.len());
            wanted.need = Some(need);
            let _ = write!(text, "need{gap}{need}");
        }
        _ => {
            let (window, printed) = from.pick(&WINDOWS);
            let _ = write!(text, "maintenance {window}");
            if !wanted.windows.contains(&printed) {
                wanted.windows.push(printed);
            }
        }
    }
    text.push_str(from.pick(&["\n", " \n", "\r\n", "\t# x\n"]));
}
