//! `command` and `thing`: how commands are answered, and what they are about.

use super::words::{Words, Wrong};
use super::{Ends, Rule, ThingSpec};

/// `command pattern ?on hosts? answer ... ?once | n times | for T?`.
pub(super) fn command(words: &mut Words<'_>) -> Result<Rule, Wrong> {
    let mut rule = Rule {
        pattern: words.need("a pattern")?.to_string(),
        hosts: Vec::new(),
        takes: None,
        prints: None,
        ends: None,
        times: None,
        lasts: None,
        line: words.line(),
    };
    if words.takes("on") {
        rule.hosts = words.hosts()?;
    }
    while !words.rest().is_empty() {
        let word = words.need("an answer")?;
        match word {
            "takes" => rule.takes = Some(words.time()?),
            "prints" => rule.prints = Some(words.need("a text")?.to_string()),
            "fails" => rule.ends = Some(Ends::Exit(1, words.need("a message")?.to_string())),
            "exits" => {
                let code = words.number("an exit code")?;
                let code = i32::try_from(code).ok().filter(|code| *code <= 255);
                let code = code.ok_or("an exit code is 0 to 255")?;
                // What it says is all that may stand here and is no other answer.
                let message = match words.rest().first() {
                    Some(next)
                        if !ANSWERS.contains(&next.as_str()) && next.parse::<u32>().is_err() =>
                    {
                        words.need("a message")?
                    }
                    _ => "",
                };
                rule.ends = Some(Ends::Exit(code, message.to_string()));
            }
            "hangs" => rule.ends = Some(Ends::Hangs),
            "missing" => rule.ends = Some(Ends::Missing),
            "once" => rule.times = Some(1),
            "for" => rule.lasts = Some(words.time()?),
            number if number.parse::<u32>().is_ok() => {
                words.expect("times")?;
                rule.times = number.parse().ok();
            }
            _ => {
                return Err(format!(
                    "bad answer \"{word}\": must be {}, or n times",
                    ANSWERS.join(", ")
                ));
            }
        }
    }
    if rule.takes.is_none() && rule.prints.is_none() && rule.ends.is_none() {
        return Err(format!(
            "nothing is said of \"{}\": add takes, prints, fails, exits, hangs or missing",
            rule.pattern
        ));
    }
    Ok(rule)
}

const ANSWERS: [&str; 8] = [
    "takes", "prints", "fails", "exits", "hangs", "missing", "once", "for",
];

/// `thing name begins pattern ends pattern ?shown pattern ?else code?? ?on hosts?`.
pub(super) fn thing(words: &mut Words<'_>) -> Result<ThingSpec, Wrong> {
    let name = words.need("a name")?.to_string();
    words.expect("begins")?;
    let begins = words.need("a pattern")?.to_string();
    words.expect("ends")?;
    let mut thing = ThingSpec {
        name,
        hosts: Vec::new(),
        begins,
        ends: words.need("a pattern")?.to_string(),
        shown: None,
        absent: 1,
    };
    if words.takes("shown") {
        thing.shown = Some(words.need("a pattern")?.to_string());
        if words.takes("else") {
            let code = words.number("an exit code")?;
            let code = i32::try_from(code)
                .ok()
                .filter(|code| (1..=255).contains(code));
            thing.absent = code.ok_or("an exit code that says no is 1 to 255")?;
        }
    }
    if words.takes("on") {
        thing.hosts = words.hosts()?;
    }
    words.end()?;
    Ok(thing)
}
