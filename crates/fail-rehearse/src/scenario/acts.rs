//! `at time act`: what happens to the hosts.

use std::path::Path;

use super::words::{STATES, Words, Wrong};
use super::{Act, Link, Program, Verb, commands, hosts};

const PROGRAMS: &[(&str, Program)] = &[("faild", Program::Faild), ("failsh", Program::Failsh)];

/// The words with which an act begins.
pub(crate) const ACTS: [&str; 21] = [
    "away",
    "back",
    "command",
    "crash",
    "deafen",
    "delay",
    "device",
    "freeze",
    "halt",
    "heal",
    "hold",
    "kill",
    "lose",
    "loss",
    "partition",
    "release",
    "reload",
    "return",
    "set",
    "start",
    "thaw",
];

/// Reads an act, from its first word on.
pub(super) fn act(words: &mut Words<'_>, folder: &Path) -> Result<Act, Wrong> {
    let word = words.need("an act")?;
    let act = match word {
        "crash" => Act::Crash(words.host()?),
        "return" => Act::Return(words.host()?),
        "halt" => Act::Halt(words.host()?),
        "release" => Act::Release(words.host()?),
        "kill" => Act::Kill(words.one("a program", PROGRAMS)?, words.host()?),
        "start" => Act::Start(words.one("a program", PROGRAMS)?, words.host()?),
        "freeze" => Act::Freeze(words.host()?, words.lasting()?),
        "thaw" => Act::Thaw(words.host()?),
        "partition" => {
            let (left, right) = (words.hosts()?, words.hosts()?);
            let ways = both(&left, &right)?;
            Act::Cut(ways, words.lasting()?)
        }
        "deafen" => {
            let deaf = words.host()?;
            words.expect("to")?;
            let others = words.hosts()?;
            apart(&[deaf], &others)?;
            let ways = others.iter().map(|other| (*other, deaf)).collect();
            Act::Cut(ways, words.lasting()?)
        }
        "loss" => {
            let loss = words.percent()?;
            Act::Loss(loss, between(words)?, words.lasting()?)
        }
        "delay" => {
            let delay = words.time()?;
            Act::Delay(delay, between(words)?, words.lasting()?)
        }
        "heal" => Act::Heal,
        "away" => say(words, Verb::Away)?,
        "back" => say(words, Verb::Back)?,
        "hold" => say(words, Verb::Hold)?,
        "unhold" => say(words, Verb::Unhold)?,
        "set" => {
            let service = words.service()?;
            let state = words.one("a state", STATES)?;
            words.expect("on")?;
            let act = Act::Say(Verb::Set(state), service, words.host()?);
            reason(words)?;
            act
        }
        "reload" => {
            let host = words.host()?;
            Act::Reload(host, hosts::reload(words, folder)?)
        }
        "device" => {
            let device = words.need("a device")?.to_string();
            words.expect("on")?;
            let host = words.host()?;
            let link = words.one("a device's state", &Link::WORDS)?;
            Act::Device(device, host, link, words.lasting()?)
        }
        "lose" => {
            let thing = words.need("a thing")?.to_string();
            words.expect("on")?;
            Act::Lose(thing, words.host()?)
        }
        "command" => Act::Command(commands::command(words)?),
        _ => {
            return Err(format!(
                "bad act \"{word}\": must be {} or unhold",
                ACTS.join(", ")
            ));
        }
    };
    words.end()?;
    Ok(act)
}

fn say(words: &mut Words<'_>, verb: Verb) -> Result<Act, Wrong> {
    let service = words.service()?;
    words.expect("on")?;
    let host = words.host()?;
    reason(words)?;
    Ok(Act::Say(verb, service, host))
}

/// A reason is for people who read the scenario.
fn reason(words: &mut Words<'_>) -> Result<(), Wrong> {
    if !words.rest().is_empty() {
        words.need("a reason")?;
    }
    Ok(())
}

/// `between hosts hosts`; without it, all ways.
fn between(words: &mut Words<'_>) -> Result<Vec<(usize, usize)>, Wrong> {
    if !words.takes("between") {
        let all = words.all();
        let pairs = all.iter().flat_map(|a| all.iter().map(|b| (*a, *b)));
        return Ok(pairs.filter(|(a, b)| a != b).collect());
    }
    let (left, right) = (words.hosts()?, words.hosts()?);
    both(&left, &right)
}

fn both(left: &[usize], right: &[usize]) -> Result<Vec<(usize, usize)>, Wrong> {
    apart(left, right)?;
    let pairs = left.iter().flat_map(|a| right.iter().map(|b| (*a, *b)));
    Ok(pairs.flat_map(|(a, b)| [(a, b), (b, a)]).collect())
}

fn apart(left: &[usize], right: &[usize]) -> Result<(), Wrong> {
    match left.iter().any(|host| right.contains(host)) {
        true => Err("a host stands on both sides".to_string()),
        false => Ok(()),
    }
}
