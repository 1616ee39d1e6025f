//! The commands by which a job's script speaks to its room; `prelude.tcl` is their only
//! caller.

use std::rc::{Rc, Weak};

use fail_core::job::JobNo;

use super::outcome::Ending;
use super::room::Room;
use super::run::{Job, Want, coroutine};
use super::syntax;
use crate::limits::{DETAIL_BYTES_MAX, cut};
use crate::mail::FromTcl;
use crate::packages;
use crate::policy::{self, Site};
use crate::tcl::{Interp, Obj, Reply, TclError};
use fail_core::log::Level;

type Run = fn(&Room, &[Obj]) -> Reply;

const COMMANDS: &[(&str, Run)] = &[
    ("::fail::asks", asks),
    ("::fail::background", background),
    ("::fail::ended", ended),
    ("::fail::wake", wake),
    ("::fail::withdraw", withdraw),
];

/// Puts the commands and the prelude into the room's interpreter.
pub(super) fn furnish(room: &Rc<Room>, site: &Rc<Site>) -> Result<(), TclError> {
    let interp = room.interp();
    for &(name, run) in COMMANDS {
        let room: Weak<Room> = Rc::downgrade(room);
        interp.define(name, move |_: &Interp, words: &[Obj]| {
            let room = room
                .upgrade()
                .ok_or_else(|| TclError::new("failsh is ending"))?;
            run(&room, words)
        });
    }
    policy::furnish(interp, site);
    for (name, run) in [
        (
            "::fail::blame",
            policy::blame as fn(&Site, &Interp, &[Obj]) -> Reply,
        ),
        ("::fail::misspelled", policy::misspelled),
    ] {
        let site = Rc::clone(site);
        interp.define(name, move |interp, words| run(&site, interp, words));
    }
    interp.eval(include_str!("prelude.tcl"))?;
    packages::furnish(interp)
}

/// `asks coroutine command ?word ...?`: a command that waits has been called. Outside of a
/// job the answer is empty; inside, it is the command that wakes the job up, and the job
/// must suspend itself next.
fn asks(room: &Room, words: &[Obj]) -> Reply {
    let [inside, command, words @ ..] = words else {
        return Err(TclError::usage("::fail::asks coroutine command ?word ...?"));
    };
    let (inside, command) = (inside.to_text(), command.to_text());
    let Some(no) = room.running.get() else {
        // Tcl's own would stop everything here until its programs have ended, and nobody
        // could cancel it.
        return match command == "exec" && room.is_open() {
            true => Err(outside(&command)),
            false => Ok(Obj::text("")),
        };
    };
    if inside.is_empty() {
        return Err(outside(&command));
    }
    if inside != coroutine(no) {
        return Err(TclError::new(format!(
            "{command} can not wait inside a coroutine of the script's own, \"{inside}\"; \
             call it from the script itself"
        )));
    }
    let want = if command == "exec" {
        let words: Vec<String> = words.iter().map(Obj::to_text).collect();
        Want::Exec(syntax::parse(&words).map_err(TclError::new)?)
    } else {
        Want::Alarm
    };
    let wait = room.number();
    room.with_job(no, |job| job.wants = Some((wait, want)));
    Ok(Obj::words([
        "::fail::wake",
        &no.0.to_string(),
        &wait.to_string(),
    ]))
}

/// A command that waits was called from a callback, a trace or a file event.
fn outside(command: &str) -> TclError {
    TclError::new(format!(
        "{command} can not wait here, outside a script of a service: call it in a start, stop \
         or reclaim script, or run the program with open \"|...\" and fileevent"
    ))
}

/// `withdraw`: the job could not suspend itself after all.
fn withdraw(room: &Room, _: &[Obj]) -> Reply {
    if let Some(no) = room.running.get() {
        room.with_job(no, |job| job.wants = None);
    }
    Ok(Obj::text(""))
}

/// `wake job wait ?word ...?`: a timer or a trace says that what a job waits for is there.
/// The job goes on from the loop, not from here: somebody else's script may be running.
fn wake(room: &Room, words: &[Obj]) -> Reply {
    let number = |word: Option<&Obj>| word.and_then(|w| w.to_text().parse::<u64>().ok());
    if let (Some(job), Some(wait)) = (number(words.first()), number(words.get(1))) {
        room.ring(JobNo(job), wait);
    }
    Ok(Obj::text(""))
}

/// `ended code result options`: the script of the running job has come to its end.
fn ended(room: &Room, words: &[Obj]) -> Reply {
    let [code, result, options] = words else {
        return Err(TclError::usage("::fail::ended code result options"));
    };
    let ending = Ending {
        code: code.to_text().parse().unwrap_or(1),
        result: result.to_text(),
        info: options.field("-errorinfo").map(|info| info.to_text()),
    };
    if let Some(no) = room.running.get() {
        room.with_job(no, |job: &mut Job| job.ended = Some(ending));
    }
    Ok(Obj::text(""))
}

/// `background message options`: an error that nobody waited for.
fn background(room: &Room, words: &[Obj]) -> Reply {
    let message = words.first().map(Obj::to_text).unwrap_or_default();
    let info = words.get(1).and_then(|options| options.field("-errorinfo"));
    let text = info.map_or(message, |info| info.to_text());
    (room.out)(FromTcl::Log {
        level: Level::Error,
        text: cut(format!("error in the background: {text}"), DETAIL_BYTES_MAX),
    });
    Ok(Obj::text(""))
}
