//! `fail`: an ensemble of Tcl's, so that its errors are in Tcl's words, and so that those of
//! its subcommands that wait can suspend the script that calls them.
//!
//! They are a table. Those in Rust only read what the board and the policy say, and the log
//! takes what they write; the others are procs of `ensemble.tcl`.

use std::ops::RangeInclusive;
use std::rc::Rc;

use fail_core::log::Level;
use fail_wire::monitor::{HealthView, ServiceView};
use fail_wire::{Name, State};

use super::codes::Code;
use super::commands::{Run, define};
use super::value::{complete, some_time, time, unbalanced, visible};
use super::{Site, views};
use crate::limits::{DETAIL_BYTES_MAX, TIMERS_MAX, cut};
use crate::mail::FromTcl;
use crate::tcl::{Interp, Obj, Reply, TclError};

/// Where a subcommand is.
enum Where {
    /// Here: its arguments in words, how many they may be, and what it does.
    Rust(&'static str, RangeInclusive<usize>, Run),
    /// This proc.
    Tcl(&'static str),
}

use Where::{Rust, Tcl};

const FAIL: &[(&str, Where)] = &[
    ("after", Tcl("::fail::do_after")),
    ("away", Tcl("::fail::do_away")),
    ("back", Tcl("::fail::do_back")),
    ("cancel", Tcl("::fail::do_cancel")),
    ("for", Tcl("::fail::do_for")),
    ("health", Rust("", 0..=0, health)),
    ("hold", Tcl("::fail::do_hold")),
    ("hosts", Rust("?pattern?", 0..=1, hosts)),
    ("journal", Rust("name", 1..=1, journal)),
    ("log", Rust("level text", 2..=2, log)),
    ("names", Rust("?pattern?", 0..=1, names)),
    ("peers", Rust("name", 1..=1, peers)),
    ("release", Tcl("::fail::do_release")),
    ("run", Tcl("::fail::run")),
    ("set", Tcl("::fail::do_set")),
    ("state", Rust("name", 1..=1, state)),
    ("version", Rust("", 0..=0, version)),
    ("why", Rust("name ?-dict?", 1..=2, why)),
];

/// What the procs of `ensemble.tcl` are made of.
const HELPERS: &[(&str, Run)] = &[
    ("::fail::give_back", give_back),
    ("::fail::lending", lending),
    ("::fail::lent", lent),
    ("::fail::must_know", must_know),
    ("::fail::no_timer", no_timer),
    ("::fail::timer", timer),
];

/// Puts `fail` into an interpreter.
pub(super) fn furnish(interp: &Interp, site: &Rc<Site>) -> Result<(), TclError> {
    for &(name, run) in HELPERS {
        define(interp, site, name, run);
    }
    let mut map = Vec::new();
    for (word, place) in FAIL {
        let target = match place {
            Tcl(proc) => (*proc).to_string(),
            Rust(usage, many, run) => {
                let target = format!("::fail::do_{word}");
                let usage = format!("fail {word} {usage}");
                let (many, run) = (many.clone(), *run);
                let site = Rc::clone(site);
                interp.define(&target, move |interp, words| {
                    let reply = match many.contains(&words.len()) {
                        true => run(&site, interp, words),
                        false => Err(TclError::usage(usage.trim_end())),
                    };
                    reply.inspect_err(|error| site.blame(interp, &error.message))
                });
                target
            }
        };
        map.extend([(*word).to_string(), target]);
    }
    interp.eval(include_str!("ensemble.tcl"))?;
    let words = [
        "namespace",
        "ensemble",
        "create",
        "-command",
        "::fail",
        "-map",
    ];
    let mut words: Vec<Obj> = words.into_iter().map(Obj::from).collect();
    words.push(Obj::words(map));
    interp.call(&words)?;
    Ok(())
}

fn hosts(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let names = site.read(interp, |draft| owned(draft.hosts()));
    Ok(matching(interp, names, words.first()))
}

fn names(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let names = site.read(interp, |draft| owned(draft.policy.services.keys()));
    Ok(matching(interp, names, words.first()))
}

fn owned<'a>(names: impl IntoIterator<Item = &'a Name>) -> Vec<Name> {
    names.into_iter().cloned().collect()
}

fn matching(interp: &Interp, names: Vec<Name>, pattern: Option<&Obj>) -> Obj {
    let fits = |name: &Name| {
        let Some(pattern) = pattern else { return true };
        let words = ["string".into(), "match".into(), pattern.clone()];
        let words = [words.as_slice(), &[Obj::text(name.as_str())]].concat();
        interp.call(&words).is_ok_and(|yes| yes.to_text() == "1")
    };
    Obj::words(names.iter().filter(|name| fits(name)).map(Name::as_str))
}

fn version(_: &Site, _: &Interp, _: &[Obj]) -> Reply {
    Ok(Obj::text(env!("CARGO_PKG_VERSION")))
}

fn log(site: &Site, _: &Interp, words: &[Obj]) -> Reply {
    let [word, text] = [0, 1].map(|n| words.get(n).map(Obj::to_text).unwrap_or_default());
    let Some(level) = Level::from_word(&word) else {
        let levels = Level::WORDS.map(|(_, word)| word);
        let TclError { message, .. } = TclError::bad("level", &visible(&word), &levels);
        return Err(value("level", word).error(format!("fail log: {message}")));
    };
    let text = cut(text, DETAIL_BYTES_MAX);
    (site.out)(FromTcl::Log { level, text });
    Ok(Obj::text(""))
}

fn state(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let name = service(site, interp, "state", words)?;
    let view = site.board.service(&name);
    let state = view.and_then(|view| view.state.clone());
    Ok(Obj::text(&state.unwrap_or_else(|| State::Fail.to_string())))
}

fn why(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let dict = match words.get(1).map(Obj::to_text) {
        None => false,
        Some(option) if option == "-dict" => true,
        Some(option) => {
            let code = ["TCL", "LOOKUP", "INDEX", "option", &option];
            return Err(TclError::bad("option", &visible(&option), &["-dict"]).code(&code));
        }
    };
    let view = view(site, interp, "why", words)?;
    Ok(match dict {
        true => views::service(&view),
        false => Obj::text(&view.why),
    })
}

fn peers(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let view = view(site, interp, "peers", words)?;
    Ok(views::peers(&view.peers))
}

fn journal(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let view = view(site, interp, "journal", words)?;
    Ok(views::journal(&view.journal))
}

fn health(site: &Site, _: &Interp, _: &[Obj]) -> Reply {
    let view = site.board.health();
    match *view == HealthView::default() {
        true => Err(unknown("health", "health")),
        false => Ok(views::health(&view, &site.board.hosts())),
    }
}

/// The service that is meant, which is in the policy.
fn service(site: &Site, interp: &Interp, command: &str, words: &[Obj]) -> Result<String, TclError> {
    let name = words.first().map(Obj::to_text).unwrap_or_default();
    let is = |known: &Name| known.as_str() == name;
    match site.read(interp, |draft| draft.policy.services.keys().any(is)) {
        true => Ok(name),
        false => {
            let said = format!(
                "fail {command}: no service \"{}\" in the policy",
                visible(&name)
            );
            Err(Code::Service(name).error(said))
        }
    }
}

/// What is known about it.
fn view(
    site: &Site,
    interp: &Interp,
    command: &str,
    words: &[Obj],
) -> Result<std::sync::Arc<ServiceView>, TclError> {
    let name = service(site, interp, command, words)?;
    site.board
        .service(&name)
        .ok_or_else(|| unknown(&format!("{command} {name}"), &name))
}

fn unknown(command: &str, name: &str) -> TclError {
    let said = format!("fail {command}: nothing is known about it yet");
    Code::Unknown(name.to_string()).error(said)
}

fn value(option: &str, value: String) -> Code {
    let option = option.to_string();
    Code::Value { option, value }
}

/// `must_know command name ?state?`: the service is in the policy, and that is a state.
fn must_know(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let [command, rest @ ..] = words else {
        return Err(TclError::usage("::fail::must_know command name ?state?"));
    };
    service(site, interp, &command.to_text(), rest)?;
    match rest.get(1).map(Obj::to_text) {
        Some(word) if State::from_word(&word).is_none() => {
            let states = State::ALL.map(State::word);
            let TclError { message, .. } = TclError::bad("state", &visible(&word), &states);
            Err(value("state", word).error(format!("fail set: {message}")))
        }
        _ => Ok(Obj::text("")),
    }
}

/// `timer time script waiting`: one more script may wait; after so many milliseconds.
fn timer(_: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let [said, script, waiting] = words else {
        return Err(TclError::usage("::fail::timer time script waiting"));
    };
    let (said, script) = (said.to_text(), script.to_text());
    let span =
        time(&said).map_err(|fault| fault.error("fail after", || value("time", said.clone())))?;
    if !complete(interp, &script) {
        let what = unbalanced(interp, &script);
        return Err(value("script", script).error(format!("fail after: script: {what}")));
    }
    if waiting
        .to_text()
        .parse()
        .is_ok_and(|n: usize| n >= TIMERS_MAX)
    {
        let limit = Code::Limit {
            what: "timers",
            max: TIMERS_MAX,
        };
        return Err(limit.error(format!("fail after: at most {TIMERS_MAX} scripts can wait")));
    }
    // Not before its time: what is left of a millisecond is one more.
    Ok(Obj::text(&span.0.div_ceil(1_000_000).to_string()))
}

/// `no_timer id`: the error for that.
fn no_timer(_: &Site, _: &Interp, words: &[Obj]) -> Reply {
    let id = words.first().map(Obj::to_text).unwrap_or_default();
    let said = format!("fail cancel: nothing waits by the id \"{}\"", visible(&id));
    Err(Code::Timer(id).error(said))
}

/// `lending time`: `fail for` begins.
fn lending(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let said = words.first().map(Obj::to_text).unwrap_or_default();
    let span = some_time(&said)
        .map_err(|fault| fault.error("fail for", || value("time", said.clone())))?;
    site.lending(interp, span)?;
    Ok(Obj::text(""))
}

/// `lent`: it has ended.
fn lent(site: &Site, interp: &Interp, _: &[Obj]) -> Reply {
    site.lent(interp);
    Ok(Obj::text(""))
}

/// `give_back number`: the time of a `fail for` is over.
fn give_back(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    if let Some(number) = words.first().and_then(|word| word.to_text().parse().ok()) {
        site.give_back(interp, number);
    }
    Ok(Obj::text(""))
}
