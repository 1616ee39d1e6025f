//! From a file to a scenario.

use std::path::{Path, PathBuf};

use fail_tcl::{PolicyError, Statement, statements};

use super::words::{Words, Wrong};
use super::{Allow, Count, Expect, Hold, Network, Random, Scenario, Where};
use super::{At, SECOND, acts, commands, expects, hosts};
use crate::judge::seconds;
use crate::limits::{HOSTS_MAX, HOURS_MAX, SEEDS_MAX};

/// The statements of the language.
pub const STATEMENTS: [&str; 11] = [
    "allow", "at", "command", "expect", "host", "network", "never", "random", "run", "seed",
    "thing",
];

/// How long things happen in a random rehearsal, unless it is said.
const RANDOM_LENGTH: u64 = 180 * SECOND;

/// Reads a scenario. `given` are the policy files of the command line, `program` the path by
/// which this program was called.
///
/// # Errors
/// The first thing that is wrong, with file, line and word.
pub fn read(file: &Path, given: &[PathBuf], program: &str) -> Result<Scenario, PolicyError> {
    let said = statements(file, &STATEMENTS, program)?;
    let mut scenario = Scenario {
        file: file.to_path_buf(),
        hosts: Vec::new(),
        network: Network::default(),
        length: None,
        seed: 1,
        acts: Vec::new(),
        rules: Vec::new(),
        things: Vec::new(),
        expects: Vec::new(),
        random: None,
        allow: Allow::default(),
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    for statement in &said {
        take(&mut scenario, statement, folder, given)
            .map_err(|why| statement.wrong(file, format!("{}: {why}", statement.words[0])))?;
    }
    scenario.acts.sort_by_key(|at| at.at);
    if scenario.hosts.is_empty() {
        return Err(PolicyError {
            file: file.to_string_lossy().into_owned(),
            line: None,
            sentence: "there is no host: add \"host name -f policy.tcl\" for each".to_string(),
        });
    }
    if !given.is_empty() && !scenario.hosts.iter().any(|host| host.given) {
        return Err(PolicyError {
            file: file.to_string_lossy().into_owned(),
            line: None,
            sentence: "-f is for hosts that name no file, and each host names its own".to_string(),
        });
    }
    for expect in &scenario.expects {
        fits(expect, &scenario).map_err(|why| {
            let statement = expect.text.split(' ').next().unwrap_or_default();
            scenario.wrong(expect.line, &format!("{statement}: {why}"))
        })?;
    }
    Ok(scenario)
}

/// Whether an expectation can be put to the test, as far as the scenario alone tells.
fn fits(expect: &Expect, scenario: &Scenario) -> Result<(), Wrong> {
    let most = scenario.hosts.len();
    let count = match &expect.hold {
        Hold::Settled(Count::Exactly(n) | Count::AtLeast(n) | Count::AtMost(n), ..)
        | Hold::Never(Where::Hosts(n), ..) => *n,
        Hold::Within(..) | Hold::Moment(..) | Hold::Never(Where::Host(_), ..) => 0,
    };
    if count > most {
        let hosts = if most == 1 {
            "is 1 host"
        } else {
            &format!("are {most} hosts")
        };
        return Err(format!("{count} is too many: there {hosts}"));
    }
    match (&expect.hold, scenario.length) {
        (Hold::Moment(_, at), Some(end)) if *at > end => Err(format!(
            "{} is after the end, which is at {} (run for)",
            seconds(*at),
            seconds(end)
        )),
        // By chance more may happen, which is known when the policies are.
        (Hold::Within(_, _, after), _) if scenario.random.is_none() => {
            expects::happens(after, &scenario.acts)
        }
        _ => Ok(()),
    }
}

/// An expectation that waits for something that happens neither here nor by chance: `happens`
/// tells whether it happens by chance.
pub fn no_act(
    scenario: &Scenario,
    mut happens: impl FnMut(&str) -> bool,
) -> Result<(), PolicyError> {
    for expect in &scenario.expects {
        if let Hold::Within(_, _, after) = &expect.hold {
            let known = expects::happens(after, &scenario.acts);
            if let (Err(why), false) = (known, happens(after)) {
                let text = format!("expect: {why}, and it does not happen by chance either");
                return Err(scenario.wrong(expect.line, &text));
            }
        }
    }
    Ok(())
}

fn take(
    scenario: &mut Scenario,
    statement: &Statement,
    folder: &Path,
    given: &[PathBuf],
) -> Result<(), Wrong> {
    let hosts = scenario.hosts.clone();
    let mut words = Words::new(statement, &hosts);
    match statement.words[0].as_str() {
        "host" => {
            let host = hosts::host(&mut words, folder, given)?;
            if scenario.host(&host.name).is_some() {
                return Err(format!("\"{}\" is there already", host.name));
            }
            if hosts.len() >= HOSTS_MAX {
                return Err(format!("at most {HOSTS_MAX} hosts (HOSTS_MAX)"));
            }
            scenario.hosts.push(host);
        }
        "network" => scenario.network = network(&mut words, scenario.network)?,
        "run" => {
            words.expect("for")?;
            scenario.length = Some(length(&mut words)?);
        }
        "seed" => scenario.seed = words.number("a number")? as u64,
        "at" => {
            let at = words.time()?;
            limited(at)?;
            let text = words.rest().iter().map(|word| expects::plain(word));
            let text = text.collect::<Vec<_>>().join(" ");
            let act = acts::act(&mut words, folder)?;
            scenario.acts.push(At {
                at,
                act,
                text,
                line: statement.line,
            });
        }
        "command" => scenario.rules.push(commands::command(&mut words)?),
        "thing" => scenario.things.push(commands::thing(&mut words)?),
        "expect" | "never" => {
            let (what, hold) = match statement.words[0].as_str() {
                "expect" => expects::expect(&mut words)?,
                _ => expects::never(&mut words)?,
            };
            scenario.expects.push(Expect {
                text: quoted(&statement.words),
                line: statement.line,
                what,
                hold,
            });
        }
        "random" => scenario.random = Some(random(&mut words)?),
        "allow" => {
            let allow = &mut scenario.allow;
            match words.need("what")? {
                "ranks" => allow.ranks = true,
                "errors" => allow.errors = true,
                "overlap" => allow.overlap = true,
                word => {
                    return Err(format!(
                        "bad word \"{word}\": must be ranks, errors or overlap"
                    ));
                }
            }
        }
        // Only those of the table get here.
        other => return Err(format!("unknown statement \"{other}\"")),
    }
    words.end()
}

fn network(words: &mut Words<'_>, mut network: Network) -> Result<Network, Wrong> {
    while !words.rest().is_empty() {
        match words.need("a word")? {
            "delay" => network.delay = words.time()?,
            "jitter" => network.jitter = words.time()?,
            "loss" => network.loss = words.percent()?,
            word => {
                return Err(format!(
                    "bad word \"{word}\": must be delay, jitter or loss"
                ));
            }
        }
    }
    Ok(network)
}

fn random(words: &mut Words<'_>) -> Result<Random, Wrong> {
    let seeds = words.number("a number of seeds")? as u64;
    if seeds == 0 || seeds > SEEDS_MAX {
        return Err(format!("1 to {SEEDS_MAX} seeds (SEEDS_MAX), not {seeds}"));
    }
    words.expect("seeds")?;
    let mut random = Random {
        seeds,
        length: RANDOM_LENGTH,
        acts: Vec::new(),
    };
    if words.takes("of") {
        random.length = length(words)?;
    }
    if words.takes("with") {
        let list = words.need("a list of acts")?;
        for word in list.split_whitespace() {
            if !crate::random::CHOICES.contains(&word) {
                return Err(format!(
                    "bad act \"{word}\": by chance happen {}",
                    crate::random::CHOICES.join(", ")
                ));
            }
            random.acts.push(word.to_string());
        }
    }
    Ok(random)
}

fn length(words: &mut Words<'_>) -> Result<u64, Wrong> {
    let time = words.time()?;
    limited(time)?;
    if time < SECOND {
        return Err("at least 1s".to_string());
    }
    Ok(time)
}

fn limited(time: u64) -> Result<(), Wrong> {
    if time > HOURS_MAX * 3600 * SECOND {
        return Err(format!("at most {HOURS_MAX} hours (HOURS_MAX)"));
    }
    Ok(())
}

/// A statement as it could stand in a file.
pub(crate) fn quoted(words: &[String]) -> String {
    let word = |word: &String| match word.is_empty() || word.contains([' ', '"', '$', '[', ';']) {
        true => format!("{{{word}}}"),
        false => word.clone(),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}
