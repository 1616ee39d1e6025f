//! `expect` and `never`: what is expected.

use fail_core::glob;

use super::words::{SHOWN, Words, Wrong};
use super::{At, Count, Hold, Trouble, What, Where};

const TROUBLE: &[(&str, Trouble)] = &[
    ("partitioned", Trouble::Partitioned),
    ("degraded", Trouble::Degraded),
];

/// `expect ...`.
pub(super) fn expect(words: &mut Words<'_>) -> Result<(What, Hold), Wrong> {
    let what = what(words)?;
    words.expect("on")?;
    let next = words.rest().first().map_or("", String::as_str);
    let counts = ["exactly", "at"].contains(&next) || next.parse::<usize>().is_ok();
    let hold = if counts && !matches!(what, What::Command(_)) {
        let count = count(words)?;
        words.expect("after")?;
        let after = words.time()?;
        Hold::Settled(count, after, unless(words)?)
    } else {
        let host = words.host()?;
        if words.takes("at") {
            if matches!(what, What::Command(_)) {
                return Err("a command is expected \"within\" a time, not \"at\" one".to_string());
            }
            Hold::Moment(host, words.time()?)
        } else {
            words.expect("within")?;
            let within = words.time()?;
            words.expect("after")?;
            Hold::Within(host, within, plain(words.need("an act")?))
        }
    };
    words.end()?;
    Ok((what, hold))
}

/// `never ...`.
pub(super) fn never(words: &mut Words<'_>) -> Result<(What, Hold), Wrong> {
    let what = what(words)?;
    words.expect("on")?;
    let next = words.rest().first().map_or("", String::as_str);
    let place = match next.parse() {
        Ok(n) => {
            words.need("a number")?;
            hosts(words)?;
            Where::Hosts(n)
        }
        Err(_) => Where::Host(words.host()?),
    };
    if matches!((&what, &place), (What::Command(_), Where::Hosts(_))) {
        return Err("a command is never expected on one host: name it".to_string());
    }
    let mut longer = 0;
    if words.takes("for") {
        words.expect("more")?;
        words.expect("than")?;
        longer = words.time()?;
    }
    let unless = unless(words)?;
    words.end()?;
    Ok((what, Hold::Never(place, longer, unless)))
}

fn what(words: &mut Words<'_>) -> Result<What, Wrong> {
    if words.takes("thing") {
        return Ok(What::Thing(words.need("a thing")?.to_string()));
    }
    if words.takes("command") {
        return Ok(What::Command(words.need("a pattern")?.to_string()));
    }
    let service = words.service()?;
    Ok(What::State(service, words.one("a state", SHOWN)?))
}

fn count(words: &mut Words<'_>) -> Result<Count, Wrong> {
    let how: fn(usize) -> Count = if words.takes("exactly") {
        Count::Exactly
    } else if words.takes("at") {
        words.one(
            "at",
            &[
                ("least", Count::AtLeast as fn(usize) -> Count),
                ("most", Count::AtMost),
            ],
        )?
    } else {
        Count::Exactly
    };
    let n = words.number("a number of hosts")?;
    hosts(words)?;
    Ok(how(n))
}

fn hosts(words: &mut Words<'_>) -> Result<(), Wrong> {
    if words.takes("host") {
        return Ok(());
    }
    words.expect("hosts")
}

fn unless(words: &mut Words<'_>) -> Result<Option<Trouble>, Wrong> {
    if !words.takes("unless") {
        return Ok(None);
    }
    words.one("unless", TROUBLE).map(Some)
}

/// With one space between words, as acts are named.
pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What an expectation waits for must be something that happens.
pub(super) fn happens(pattern: &str, acts: &[At]) -> Result<(), Wrong> {
    if pattern == START || acts.iter().any(|at| glob::matches(pattern, &at.text)) {
        return Ok(());
    }
    let mut known: Vec<&str> = acts.iter().map(|at| at.text.as_str()).collect();
    known.dedup();
    known.truncate(5);
    let known = match known.as_slice() {
        [] => "nothing happens in this scenario".to_string(),
        known => format!("what happens is \"{}\"", known.join("\", \"")),
    };
    Err(format!("there is no act \"{pattern}\": {known}"))
}

/// The beginning, as an act.
pub(crate) const START: &str = "start";
