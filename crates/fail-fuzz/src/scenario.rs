//! Scenarios of a rehearsal: any text, read as `failsh --rehearse` reads it.
//!
//! What is asserted beyond that nothing panics:
//!
//! * a text is a scenario or an error; the error is one line, not empty, and names the file and,
//!   if any, a line that is there;
//! * a scenario has hosts, each once; whatever speaks of a host speaks of one of them; acts are
//!   in order of their times, and when the last one ends is a time;
//! * what an expectation says of itself is a statement that means the same again.
//!
//! A scenario is read with all of Tcl, so what touches the world is taken away by the lines before
//! the text (`disarm.tcl`). So are loops: that one without end has an end is shown by
//! the tests of the whole, and takes seconds.

use std::path::Path;

use fail_rehearse::scenario::{Act, Hold, STATEMENTS, Scenario, Where, read};
use fail_tcl::PolicyError;

use crate::Choices;
use crate::policy::Folder;

const DISARM: &str = include_str!("scenario/disarm.tcl");

/// What makes scenarios when it meets, beside the statements themselves.
const WORDS: [&str; 60] = [
    "\n",
    "\n",
    "\n",
    "hosta",
    "hostb",
    "{hosta hostb}",
    "-f",
    "a.tcl",
    "1s",
    "200ms",
    "30%",
    "100d",
    "web",
    "UP",
    "FAIL",
    "RECOVER",
    "on",
    "within",
    "after",
    "\"crash hosta\"",
    "exactly",
    "least",
    "most",
    "1",
    "2",
    "host",
    "hosts",
    "unless",
    "partitioned",
    "degraded",
    "for",
    "more",
    "than",
    "crash",
    "return",
    "partition",
    "loss",
    "between",
    "delay",
    "heal",
    "hold",
    "away",
    "set",
    "reload",
    "device",
    "eth0",
    "nocarrier",
    "lose",
    "kill",
    "failsh",
    "takes",
    "fails",
    "{device busy}",
    "once",
    "begins",
    "ends",
    "{ip addr add *}",
    "seeds",
    "with",
    "ranks",
];

/// Any text, or words that are nearly a scenario.
pub fn scenario(data: &[u8]) {
    let mut from = Choices::new(data);
    let text = match from.flag() {
        true => words(&mut from),
        false => String::from_utf8_lossy(from.rest()).into_owned(),
    };
    let folder = Folder::new();
    for policy in ["a.tcl", "b.tcl", "x.tcl"] {
        folder.write(policy, "");
    }
    let file = folder.write("scenario.tcl", &format!("{DISARM}{text}"));
    match read(&file, &[], "fuzz") {
        Err(error) => is_clear(&error, &file, &text),
        Ok(scenario) => {
            is_whole(&scenario, &text);
            says_the_same_again(&scenario, &folder);
        }
    }
}

fn words(from: &mut Choices) -> String {
    let mut text = "host hosta -f a.tcl\nhost hostb -f b.tcl\n".to_string();
    while !from.is_over() && text.len() < 4096 {
        match from.below(WORDS.len() + STATEMENTS.len() + 4) {
            at if at < WORDS.len() => text.push_str(WORDS[at]),
            at if at < WORDS.len() + STATEMENTS.len() => {
                text.push('\n');
                text.push_str(STATEMENTS[at - WORDS.len()]);
            }
            _ => text.push_str(&from.text(30)),
        }
        text.push(' ');
    }
    text
}

fn is_clear(error: &PolicyError, file: &Path, text: &str) {
    let shown = error.to_string();
    let one_line = !error.sentence.trim().is_empty() && !shown.contains('\n');
    assert!(one_line, "{shown:?}\n{text}");
    assert_eq!(Path::new(&error.file), file, "{shown}\n{text}");
    if let Some(line) = error.line {
        is_there(line, text);
    }
}

fn is_there(line: u32, text: &str) {
    let before = DISARM.lines().count();
    let lines = text.split(['\n', '\r']).count();
    let there = before + 1..=before + lines;
    assert!(there.contains(&(line as usize)), "line {line}\n{text}");
}

fn is_whole(scenario: &Scenario, text: &str) {
    let hosts = &scenario.hosts;
    assert!(!hosts.is_empty() && hosts.len() <= fail_rehearse::limits::HOSTS_MAX);
    for (at, host) in hosts.iter().enumerate() {
        assert_eq!(scenario.host(&host.name), Some(at), "{text}");
    }
    assert!(scenario.acts.is_sorted_by_key(|at| at.at), "{text}");
    for at in &scenario.acts {
        assert!(at.at.checked_add(at.act.lasts()).is_some(), "{text}");
        assert!(speaks_of(&at.act).iter().all(|host| *host < hosts.len()));
    }
    let named = scenario.rules.iter().flat_map(|rule| &rule.hosts);
    let named = named.chain(scenario.things.iter().flat_map(|thing| &thing.hosts));
    assert!(named.into_iter().all(|host| *host < hosts.len()), "{text}");
    for expect in &scenario.expects {
        is_there(expect.line, text);
        let host = match expect.hold {
            Hold::Within(host, _, _)
            | Hold::Moment(host, _)
            | Hold::Never(Where::Host(host), _, _) => host,
            Hold::Never(Where::Hosts(_), _, _) | Hold::Settled(..) => 0,
        };
        assert!(host < hosts.len(), "{text}");
    }
}

fn speaks_of(act: &Act) -> Vec<usize> {
    match act {
        Act::Crash(host)
        | Act::Return(host)
        | Act::Halt(host)
        | Act::Release(host)
        | Act::Kill(_, host)
        | Act::Start(_, host)
        | Act::Freeze(host, _)
        | Act::Thaw(host)
        | Act::Say(_, _, host)
        | Act::Reload(host, _)
        | Act::Device(_, host, _, _)
        | Act::Lose(_, host) => vec![*host],
        Act::Cut(ways, _) | Act::Loss(_, ways, _) | Act::Delay(_, ways, _) => {
            ways.iter().flat_map(|(a, b)| [*a, *b]).collect()
        }
        Act::Heal => Vec::new(),
        Act::Command(rule) => rule.hosts.clone(),
    }
}

/// The texts of the expectations, after plain hosts and the acts that they wait for.
fn says_the_same_again(scenario: &Scenario, folder: &Folder) {
    let within = |hold: &Hold| matches!(hold, Hold::Within(..));
    let said = scenario
        .expects
        .iter()
        .filter(|expect| !within(&expect.hold));
    let said: Vec<_> = said.collect();
    let plain = |name: &str| name.chars().all(char::is_alphanumeric);
    if said.is_empty() || !scenario.hosts.iter().all(|host| plain(&host.name)) {
        return;
    }
    let mut text = String::new();
    for host in &scenario.hosts {
        text.push_str(&format!("host {} -f x.tcl\n", host.name));
    }
    for expect in &said {
        text.push_str(&expect.text);
        text.push('\n');
    }
    let file = folder.write("again.tcl", &text);
    let again = read(&file, &[], "fuzz").map(|again| again.expects);
    assert!(again.is_ok(), "{again:?}\n{text}");
    let again = again.unwrap_or_default();
    assert_eq!(again.len(), said.len(), "{text}");
    for (one, other) in said.iter().zip(&again) {
        assert_eq!((&one.what, &one.hold), (&other.what, &other.hold), "{text}");
    }
}
