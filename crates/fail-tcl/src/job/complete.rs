//! How a line at a console could go on.
//!
//! Only looks: at the names that Tcl knows, at the tables of our commands, at the policy, at
//! directories. Nothing that anybody has defined is ever run, so that a question harms nobody
//! and is answered at once.

use super::help;
use super::line::{Spot, look};
use super::room::Room;
use crate::limits::COMPLETIONS_MAX;
use crate::policy;
use crate::tcl::Obj;

/// Words of Tcl's own commands that are no ensembles: where they can stand, and what.
const KNOWN: &[(&str, &[&str])] = &[
    ("after", &["cancel", "idle", "info"]),
    ("exec", &["-ignorestderr", "-keepnewline", "--"]),
    (
        "interp",
        &[
            "alias", "aliases", "create", "delete", "eval", "exists", "limit",
        ],
    ),
    (
        "package",
        &["names", "present", "provide", "require", "versions"],
    ),
    ("puts", &["-nonewline", "stderr", "stdout"]),
    ("trace", &["add", "info", "remove"]),
];

/// Where a line would be replaced, and by what.
pub(super) fn complete(room: &Room, line: &str) -> (usize, Vec<String>) {
    let spot = look(line);
    let mut words = match &spot {
        Spot { comment: true, .. } => Vec::new(),
        Spot { variable: true, .. } => named(room, "::tcl::info::vars", &spot.part),
        Spot { words, .. } if looks_like_file(&spot) && !words.is_empty() => files(&spot),
        Spot { words, .. } if words.is_empty() => commands(room, &spot),
        _ => arguments(room, &spot),
    };
    words.retain(|word| word.starts_with(&spot.part));
    words.sort();
    words.dedup();
    words.truncate(COMPLETIONS_MAX);
    (spot.from, words)
}

/// What a command of Tcl's that looks for names finds.
fn named(room: &Room, command: &str, part: &str) -> Vec<String> {
    let pattern = format!("{}*", literally(part));
    let found = room.interp().command([command, &pattern]);
    as_typed(part, list(found.ok()))
}

/// Tcl says full names of what is in a namespace, also to those who leave the first `::` out.
fn as_typed(part: &str, mut names: Vec<String>) -> Vec<String> {
    if !part.starts_with("::") {
        for name in &mut names {
            *name = name.trim_start_matches("::").to_string();
        }
    }
    names
}

/// A pattern of Tcl's that matches just this.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn list(value: Option<Obj>) -> Vec<String> {
    let items = value.and_then(|value| value.elements()).unwrap_or_default();
    items.iter().map(Obj::to_text).collect()
}

/// Commands, and the namespaces in which there are more of them.
fn commands(room: &Room, spot: &Spot) -> Vec<String> {
    // A list of hosts in braces is no command.
    if let [.., option] = spot.around.as_slice() {
        if spot.around.len() > 2 && ["masters", "slaves"].contains(&option.as_str()) {
            return of(room, "hosts");
        }
    }
    let part = spot.part.as_str();
    let mut words = named(room, "::tcl::info::commands", part);
    let (above, below) = part.rsplit_once("::").unwrap_or(("", part));
    let above = if above.is_empty() { "::" } else { above };
    let pattern = format!("{}*", literally(below));
    let interp = room.interp();
    let inner = interp.command(["::tcl::namespace::children", above, &pattern]);
    let inner = as_typed(part, list(inner.ok()));
    words.extend(inner.into_iter().map(|name| name + "::"));
    words
}

fn of(room: &Room, what: &str) -> Vec<String> {
    policy::words(&room.site, what).unwrap_or_default()
}

fn fixed(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// What may stand behind a command.
fn arguments(room: &Room, spot: &Spot) -> Vec<String> {
    let words: Vec<&str> = spot.words.iter().map(String::as_str).collect();
    let Some((&command, before)) = words.split_first() else {
        return Vec::new();
    };
    let names = || [of(room, "services"), of(room, "hosts")].concat();
    match (command.trim_start_matches("::"), before) {
        ("failsvc", []) => [of(room, "services"), fixed(&["names"])].concat(),
        ("failhost", []) => [of(room, "hosts"), fixed(&["names"])].concat(),
        ("failsvc" | "failhost", [_, pairs @ ..]) if pairs.len() % 2 == 0 => of(room, command),
        ("failsvc" | "failhost", [.., option]) => value(room, option),
        ("failtrap", []) => names(),
        ("failtrap", [_]) => of(room, "failtrap"),
        ("fail", [subcommand, rest @ ..]) => behind_fail(room, subcommand, rest),
        ("help", []) => help::topics(),
        (plain, []) => match subcommands(room, command) {
            Some(words) => words,
            None => match KNOWN.iter().find(|(name, _)| *name == plain) {
                Some((_, words)) => fixed(words),
                None => names(),
            },
        },
        _ => names(),
    }
}

/// What an option can be set to.
fn value(room: &Room, option: &str) -> Vec<String> {
    match option {
        "masters" | "slaves" => of(room, "hosts"),
        "checkrecover" | "failback" => fixed(&["yes", "no"]),
        "lonely" => fixed(&["stop", "keep"]),
        "protocol" => fixed(&["udp", "tcp"]),
        _ => Vec::new(),
    }
}

fn behind_fail(room: &Room, subcommand: &str, rest: &[&str]) -> Vec<String> {
    match (subcommand, rest) {
        ("hosts", []) => of(room, "hosts"),
        ("log", []) => fixed(&["error", "warn", "info", "debug"]),
        ("run", [.., "-stderr"]) => fixed(&["keep", "merge", "drop"]),
        ("run", _) => fixed(super::program::OPTIONS),
        ("set", [_]) => of(room, "states"),
        ("after" | "cancel" | "for" | "health" | "version" | "log", _) => Vec::new(),
        (_, []) => of(room, "services"),
        _ => Vec::new(),
    }
}

/// The subcommands of an ensemble; nothing: it is none.
fn subcommands(room: &Room, command: &str) -> Option<Vec<String>> {
    let ensemble = |words: &[&str]| {
        let words = [&["::tcl::namespace::ensemble"], words].concat();
        let words: Vec<Obj> = words.into_iter().map(Obj::from).collect();
        room.interp().call(&words).ok()
    };
    if ensemble(&["exists", command])?.to_text() != "1" {
        return None;
    }
    let subcommands = list(ensemble(&["configure", command, "-subcommands"]));
    if !subcommands.is_empty() {
        return Some(subcommands);
    }
    let map = list(ensemble(&["configure", command, "-map"]));
    Some(map.into_iter().step_by(2).collect())
}

fn looks_like_file(spot: &Spot) -> bool {
    spot.quoted
        || ["/", "./", "../"]
            .iter()
            .any(|sign| spot.part.starts_with(sign))
}

/// Files that begin like that. A directory ends in a slash.
fn files(spot: &Spot) -> Vec<String> {
    let Some(slash) = spot.part.rfind('/') else {
        return Vec::new();
    };
    let above = &spot.part[..=slash];
    let plain = if spot.quoted {
        above.to_string()
    } else {
        above.replace('\\', "")
    };
    let Ok(entries) = std::fs::read_dir(&plain) else {
        return Vec::new();
    };
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_dir = entry.path().is_dir();
        Some(name + if is_dir { "/" } else { "" })
    };
    entries
        .flatten()
        .filter_map(name)
        .map(|name| match spot.quoted {
            true => format!("{above}{name}"),
            false => format!("{above}{}", name.replace(' ', "\\ ")),
        })
        // Far more than anybody reads.
        .take(100 * COMPLETIONS_MAX)
        .collect()
}
