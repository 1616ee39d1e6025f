//! One line and an exit code, as Nagios wants them of a plugin.
//!
//! The line is: word, what is not well, `|`, figures. Nothing that a hc says can end a part of
//! it before its end, and it is no longer than what Nagios reads.

use std::collections::BTreeMap;
use std::fmt::Display;

use fail_cli::exit;
use fail_client::clean;
use fail_client::health::words::{
    Mood, check_names, counted, failed, list, mood, state, why, worst_first,
};
use fail_client::health::{FigureView, TargetView};

use crate::Picture;

/// What Nagios reads of a plugin are some 4,000 to 8,000 bytes: so many are for words, and so
/// many in all.
const WORDS_BYTES_MAX: usize = 1_000;
const LINE_BYTES_MAX: usize = 4_000;

/// The exit code, and the line.
pub fn line(picture: &Picture) -> (u8, String) {
    let mut targets: Vec<(&str, &TargetView)> = Vec::new();
    for (asked, shown) in picture.told() {
        let host = asked.host.as_str();
        let chosen = picture.chosen(shown).into_iter();
        targets.extend(chosen.map(|target| (host, target)));
    }
    let moods = targets.iter().map(|(_, target)| mood(target));
    let mut codes: Vec<u8> = moods.map(code).collect();
    let mut troubles = Vec::new();
    for asked in &picture.asked {
        if let Err((_, sentence)) = &asked.told {
            troubles.push(format!("{}: {sentence}", asked.host));
        }
    }
    let unknown = picture.unknown().into_iter();
    troubles.extend(unknown.map(|name| picture.nobody_knows(name)));
    codes.extend(troubles.iter().map(|_| exit::UNKNOWN));
    // Or nobody sees for weeks that no change gets in.
    for sentence in picture.broken() {
        troubles.push(sentence);
        codes.push(exit::WARNING);
    }
    // Or nobody knows of it before the night in which it is needed.
    for (_, target) in &targets {
        if let Some(sentence) = failed(target) {
            troubles.push(format!("{}: {sentence}", target.name));
            codes.push(exit::WARNING);
        }
    }
    // Of a hc without targets nothing is known.
    let code = codes.into_iter().max_by_key(|code| weight(*code));
    let code = code.unwrap_or(exit::UNKNOWN);
    let word = match code {
        exit::OK => "OK",
        exit::WARNING => "WARNING",
        exit::BAD => "CRITICAL",
        _ => "UNKNOWN",
    };
    let mut said = vec![format!("{word}: {}", counts(&targets))];
    let names = worst_first(targets.iter().map(|(_, target)| *target));
    let names = names
        .into_iter()
        .filter(|target| mood(target) >= Mood::Unknown);
    // What is down first, then who does not answer, a broken Hcfile and actions that failed, then
    // the rest.
    let mut odd = odd(names);
    let down = targets
        .iter()
        .filter(|(_, target)| mood(target) == Mood::Bad);
    odd.splice(down.clone().count()..down.count(), troubles);
    said.extend(odd);
    let mut line = cut(&said);
    figures(picture, &targets, &mut line);
    line.push('\n');
    (code, line)
}

/// What is not well, a sentence each; but what waits for the same targets is one, since that is one
/// trouble however many hide behind it.
fn odd<'a>(targets: impl Iterator<Item = &'a TargetView>) -> Vec<String> {
    let mut odd = Vec::new();
    let mut waiting: BTreeMap<&[String], (usize, usize)> = BTreeMap::new();
    for target in targets {
        let TargetView { name, blocked, .. } = target;
        if mood(target) != Mood::Hidden || blocked.is_empty() {
            odd.push(match why(target) {
                why if why.is_empty() => format!("{name} is {}", state(target)),
                why => format!("{name} is {} ({why})", state(target)),
            });
            continue;
        }
        let (at, count) = waiting.entry(blocked).or_insert((odd.len(), 0));
        *count += 1;
        let who = list(blocked);
        match *count {
            1 => odd.push(format!("{name} waits for {who}")),
            count => odd[*at] = format!("{count} wait for {who}"),
        }
    }
    odd
}

/// The line of one that could not even ask.
pub fn failure(sentence: &impl Display) -> String {
    cut(&[format!("UNKNOWN: {sentence}")]) + "\n"
}

fn code(mood: Mood) -> u8 {
    match mood {
        Mood::Good | Mood::Calm => exit::OK,
        Mood::Warning => exit::WARNING,
        Mood::Unknown | Mood::Hidden => exit::UNKNOWN,
        Mood::Bad => exit::BAD,
    }
}

/// What is known to be bad is worse than what is not known.
fn weight(code: u8) -> u8 {
    match code {
        exit::BAD => 3,
        exit::UNKNOWN => 2,
        code => code,
    }
}

/// `3 targets: 2 up, 1 down`.
fn counts(targets: &[(&str, &TargetView)]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, target) in targets {
        *counts.entry(counted(target)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"));
    let parts: Vec<String> = parts.collect();
    match targets.len() {
        0 => "no targets".to_string(),
        1 => format!("1 target: {}", parts.join(", ")),
        n => format!("{n} targets: {}", parts.join(", ")),
    }
}

/// As many of these as there is room for, in one text that has no bar.
fn cut(said: &[String]) -> String {
    let mut text = String::new();
    for (number, part) in said.iter().enumerate() {
        let mut part = clean(part).replace('|', "/");
        if number == 0 {
            // It says how many there are, unless somebody invents states without end.
            let end = (0..=WORDS_BYTES_MAX).rev();
            let end = end.into_iter().find(|at| part.is_char_boundary(*at));
            part.truncate(end.unwrap_or(0));
        }
        let more = format!("; and {} more", said.len() - number);
        if number > 0 && text.len() + part.len() + more.len() + 2 > WORDS_BYTES_MAX {
            return text + &more;
        }
        if number > 0 {
            text.push_str("; ");
        }
        text.push_str(&part);
    }
    text
}

/// The figures of all checks, as many as there is room for.
fn figures(picture: &Picture, targets: &[(&str, &TargetView)], line: &mut String) {
    let mut begun = false;
    for (host, target) in targets {
        for (check, module) in target.checks.iter().zip(check_names(target)) {
            // What it took is a figure of every check, if it says nothing else by that name.
            let own = check.figures.iter().any(|figure| figure.name == "time");
            let took = (check.verdict.is_some() && !own).then(|| FigureView {
                name: "time".to_string(),
                value: check.took / 1000.0,
                unit: "s".to_string(),
                min: Some(0.0),
                ..FigureView::default()
            });
            for figure in took.iter().chain(&check.figures) {
                let host = picture.has_hosts().then_some(*host);
                let parts = [&target.name, &module, &figure.name].map(String::as_str);
                let parts: Vec<&str> = host.into_iter().chain(parts).collect();
                let text = self::figure(&parts.join("/"), figure);
                if line.len() + text.len() + 4 > LINE_BYTES_MAX {
                    return;
                }
                line.push_str(if begun { " " } else { " | " });
                line.push_str(&text);
                begun = true;
            }
        }
    }
}

/// `'label'=value[unit];[warn];[bad];[min];[max]`, without what is empty at its end.
fn figure(label: &str, figure: &FigureView) -> String {
    let label = clean(label).replace('\'', "''").replace(['=', '|'], "_");
    let value = number(figure.value).unwrap_or_else(|| "U".to_string());
    let unit = &figure.unit;
    let is_unit = unit.len() <= 8 && unit.chars().all(|c| c.is_alphabetic() || "%/".contains(c));
    let unit = if is_unit && value != "U" { unit } else { "" };
    let range = |text: &str| {
        let is = text
            .chars()
            .all(|c| c.is_ascii_digit() || ".:@~-".contains(c));
        if is { text.to_string() } else { String::new() }
    };
    let bound = |bound: Option<f64>| bound.and_then(number).unwrap_or_default();
    let rest = [
        range(&figure.warn),
        range(&figure.bad),
        bound(figure.min),
        bound(figure.max),
    ];
    let text = format!("'{label}'={value}{unit};{}", rest.join(";"));
    text.trim_end_matches(';').to_string()
}

/// A number without an exponent, which no plugin may print.
fn number(number: f64) -> Option<String> {
    if number.abs() >= 1e15 || number.is_nan() {
        return None;
    }
    let text = format!("{number:.9}");
    Some(text.trim_end_matches('0').trim_end_matches('.').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage;
    use fail_client::health::ActionView;
    use fail_client::is_odd;

    #[test]
    fn the_worst_decides_and_stands_first() {
        for (patterns, code, begins) in [
            (
                &["dns"][..],
                0,
                "OK: 1 target: 1 up | 'dns/dns/time'=0.0004s;;;0",
            ),
            (&["dns", "backup"], 0, "OK: 2 targets: "),
            (
                &["mail", "dns"],
                1,
                "WARNING: 2 targets: 2 up; mail is up warning (smtp: certificate ends in 6 days) |",
            ),
            (
                &["mail", "www-1"],
                3,
                "UNKNOWN: 2 targets: 1 dependency, 1 up; mail is up warning (smtp: certificate ends in 6 days); www-1 waits for router | 'mail/smtp/time'=0.012s;;;0 'mail/smtp/days'=6d;14:;3:",
            ),
            (
                &["www-2"],
                3,
                "UNKNOWN: 1 target: 1 pending; www-2 is pending",
            ),
            (
                &["nix"],
                3,
                "UNKNOWN: no targets; no target \"nix\" at hosta",
            ),
            (
                &["router", "nix"],
                2,
                "CRITICAL: 1 target: 1 down; router is down (icmp: no answer; good 1 of 2); no target \"nix\"",
            ),
        ] {
            let (is, line) = super::line(&stage::picture(patterns));
            assert!(line.starts_with(begins), "{line}");
            assert_eq!(is, code, "{line}");
            assert!(line.ends_with('\n') && line.lines().count() == 1, "{line}");
        }
        let mut silent = stage::picture(&["dns"]);
        let sentence = "no answer from hostb:1850 within 3s".to_string();
        silent.asked.push(crate::Asked {
            host: "hostb".to_string(),
            told: Err((69, sentence)),
        });
        let (code, line) = super::line(&silent);
        assert_eq!(code, 3);
        let is = "UNKNOWN: 1 target: 1 up; hostb: no answer from hostb:1850 within 3s | \
                  'hosta/dns/dns/time'=0.0004s;;;0\n";
        assert_eq!(line, is);
    }

    #[test]
    fn what_waits_for_the_same_is_one_message() {
        let mut picture = stage::picture(&[]);
        let Ok(shown) = &mut picture.asked[0].told else {
            unreachable!()
        };
        for n in 0..20 {
            let mut target = shown.targets["www-1"].clone();
            target.name = format!("w{n}");
            target.why = "router is down".to_string();
            if n == 0 {
                target.blocked.push("other".to_string());
            }
            shown.targets.insert(target.name.clone(), target);
        }
        let (code, line) = super::line(&picture);
        assert_eq!(code, 2);
        let words = line.split(" | ").next().unwrap();
        let is = "; w0 waits for router, other; 21 wait for router; www-2 is pending";
        assert!(words.ends_with(is), "{line}");
        assert_eq!(words.matches("router is down").count(), 1, "{line}");
    }

    #[test]
    fn an_action_that_failed_is_a_warning() {
        let mut picture = stage::picture(&["dns"]);
        let Ok(shown) = &mut picture.asked[0].told else {
            unreachable!()
        };
        let action = ActionView {
            line: "on change failc web".to_string(),
            failed: Some("can not use the community file /x: no such file".to_string()),
            ..ActionView::default()
        };
        for name in ["dns", "www-2"] {
            shown.targets.get_mut(name).unwrap().actions = vec![action.clone()];
        }
        let (code, line) = super::line(&picture);
        let is = "WARNING: 1 target: 1 up; dns: on change failc web failed: can not use the \
                  community file /x: no such file | 'dns/dns/time'=0.0004s;;;0\n";
        assert_eq!((code, line.as_str()), (1, is));
        picture.patterns.push("www-2".to_string());
        let (code, line) = super::line(&picture);
        assert_eq!(code, 3, "{line}");
        assert_eq!(line.matches("failed: can not").count(), 2, "{line}");
    }

    #[test]
    fn words_that_can_not_be_read_are_a_line() {
        let line = failure(&"no host in \"|\n\"; see getnode --help");
        assert_eq!(line, "UNKNOWN: no host in \"/\\n\"; see getnode --help\n");
    }

    #[test]
    fn a_broken_hcfile_is_a_warning() {
        let mut picture = stage::picture(&["dns"]);
        let Ok(shown) = &mut picture.asked[0].told else {
            unreachable!()
        };
        shown.health.as_mut().unwrap().broken = Some("Hcfile:2:3: a check is wrong".to_string());
        let (code, line) = super::line(&picture);
        let is = "WARNING: 1 target: 1 up; hosta: its Hcfile can not be read, the one before \
                  holds: Hcfile:2:3: a check is wrong | 'dns/dns/time'=0.0004s;;;0\n";
        assert_eq!((code, line.as_str()), (1, is));
    }

    #[test]
    fn a_figure_is_one_whatever_a_hc_says() {
        let mut view = FigureView {
            name: "x".to_string(),
            value: 12.5,
            unit: "ms".to_string(),
            warn: "10:20".to_string(),
            bad: "@~:5".to_string(),
            min: Some(0.0),
            max: Some(1e300),
        };
        assert_eq!(
            figure("a'b=c|d\u{1b}", &view),
            "'a''b_c_d\\u{1b}'=12.5ms;10:20;@~:5;0"
        );
        view.value = f64::NAN;
        view.warn = "1;2|".to_string();
        view.bad = "5 6".to_string();
        view.unit = "a b".to_string();
        assert_eq!(figure("a", &view), "'a'=U;;;0");
    }

    #[test]
    fn a_line_has_an_end() {
        let mut picture = stage::picture(&[]);
        let Ok(shown) = &mut picture.asked[0].told else {
            unreachable!()
        };
        for n in 0..1_000 {
            let mut target = shown.targets["router"].clone();
            target.name = format!("t{n}\u{1b}[2J|");
            target.checks = vec![target.checks[0].clone(); 3];
            target.checks[0].figures = vec![FigureView::default(); 64];
            target.state = format!("down{n}");
            shown.targets.insert(target.name.clone(), target);
        }
        let (code, line) = super::line(&picture);
        assert_eq!(code, 2);
        assert!(
            line.len() <= LINE_BYTES_MAX && line.contains(" more | '"),
            "{line}"
        );
        assert_eq!(line.matches('|').count(), 1);
        assert!(!line.trim_end().chars().any(is_odd), "{line}");
    }
}
