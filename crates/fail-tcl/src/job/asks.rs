//! The commands by which a job's script speaks to its room; `prelude.tcl` is their only
//! caller.

use std::rc::{Rc, Weak};

use fail_core::exec::{ExecResult, Pipeline};
use fail_core::job::JobNo;

use super::answer::{self, Form};
use super::ask;
use super::help;
use super::outcome::Ending;
use super::program;
use super::role::background as error_in_background;
use super::room::Room;
use super::run::{Job, Want, coroutine};
use super::syntax::{self, Exec, How};
use crate::limits::{CALLBACK_MS, DETAIL_BYTES_MAX, cut};
use crate::mail::{FromTcl, Mail, ToTcl};
use crate::packages;
use crate::policy::{self, Site};
use crate::tcl::{Interp, Obj, Reply, TclError};

type Run = fn(&Room, &[Obj]) -> Reply;

const COMMANDS: &[(&str, Run)] = &[
    ("::fail::address", address),
    ("::fail::asks", asks),
    ("::fail::background", background),
    ("::fail::begin", begin),
    ("::fail::called", called),
    ("::fail::ended", ended),
    ("::fail::is_open", is_open),
    ("::fail::overdue", overdue),
    ("::fail::printed", printed),
    ("::fail::tell", tell),
    ("::fail::wake", wake),
    ("::fail::withdraw", withdraw),
    ("::fail::words", words),
    ("help", help),
];

/// `address option ?arg ...?`: whether this order about addresses makes sense. Nothing is done.
fn address(_: &Room, words: &[Obj]) -> Reply {
    let words: Vec<String> = words.iter().map(Obj::to_text).collect();
    ask::address(&words).map(|_| Obj::text(""))
}

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
    policy::furnish(interp, site)?;
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
    let objs = words;
    let words: Vec<String> = objs.iter().map(Obj::to_text).collect();
    let called = match command.as_str() {
        "run" => "fail run",
        "ask" => ask::called(words.first().map_or("", String::as_str)),
        other => other,
    };
    let Some(no) = room.running.get() else {
        // Tcl's own would stop everything here until its programs have ended, and nobody
        // could cancel it.
        return match command.as_str() {
            "exec" | "run" if room.is_open() => Err(outside(called)),
            "run" => Err(while_read(called)),
            _ => Ok(Obj::text("")),
        };
    };
    // Only a console can be left. Elsewhere the policy's own `exit` says why not.
    if command == "exit" && !no.is_console() {
        return Ok(Obj::text(""));
    }
    if inside.is_empty() {
        return Err(outside(called));
    }
    if inside != coroutine(no) {
        return Err(TclError::new(format!(
            "{called} can not wait inside a coroutine of the script's own, \"{inside}\"; \
             call it from the script itself"
        )));
    }
    let want = match command.as_str() {
        "exec" => {
            let Exec { pipeline, how } = exec(room, &words)?;
            Want::Exec(pipeline, Form::Exec(how))
        }
        "run" => {
            let program::Run { pipeline, ok } = program::parse(objs)?;
            Want::Exec(pipeline, Form::Run(ok))
        }
        "ask" => Want::Ask(ask::parse(&words)?),
        "exit" => Want::Leave(exit_code(&words)?),
        _ => Want::Alarm,
    };
    let wait = room.number();
    room.with_job(no, |job| job.wants = Some((wait, want)));
    Ok(Obj::words([
        "::fail::wake",
        &no.0.to_string(),
        &wait.to_string(),
    ]))
}

fn exec(room: &Room, words: &[String]) -> Result<Exec, TclError> {
    let home = |name: &str| {
        let native = room.interp().command(["::tcl::file::nativename", name]);
        native.map(|name| name.to_text()).map_err(|e| e.plain())
    };
    syntax::parse(words, &home)
}

/// An `exec` that nobody can wait for, answered by `answer`: of a policy that is read in a
/// rehearsal.
pub(crate) fn exec_at_once(
    room: &Room,
    words: &[String],
    answer: impl FnOnce(&Pipeline) -> ExecResult,
) -> Reply {
    let Exec { pipeline, how } = exec(room, words)?;
    answer::to_exec(&Form::Exec(how), &answer(&pipeline)).into_reply()
}

/// The same, of something that is no program.
pub(crate) fn answered_at_once(result: &ExecResult) -> Reply {
    answer::to_exec(&Form::Exec(How::default()), result).into_reply()
}

fn exit_code(words: &[String]) -> Result<String, TclError> {
    match words {
        [] => Ok("0".to_string()),
        [code] if code.parse::<u8>().is_ok() => Ok(code.clone()),
        [code] => Err(TclError::new(format!(
            "bad exit code \"{code}\": must be 0 to 255"
        ))),
        _ => Err(TclError::usage("exit ?returnCode?")),
    }
}

/// Something that waits was called from a trace, a file event, or what Tcl calls by itself.
fn outside(command: &str) -> TclError {
    TclError::new(format!(
        "{command} can not wait here, outside a script: put it into \"after 0 {{...}}\", which \
         makes it a script of its own, or run a program with open \"|...\" and fileevent"
    ))
}

fn while_read(command: &str) -> TclError {
    TclError::new(format!(
        "{command} can not be called while the policy is read: put it into a script, or into \
         \"after 0 {{...}}\""
    ))
}

/// `tell kind ?word ...?`: asks the engine for something outside of a job, where nobody can
/// wait for it.
fn tell(room: &Room, words: &[Obj]) -> Reply {
    let words: Vec<String> = words.iter().map(Obj::to_text).collect();
    let what = ask::parse(&words)?;
    let called = ask::called(words.first().map_or("", String::as_str));
    if !room.is_open() {
        return Err(while_read(called));
    }
    if !ask::is_order(&what) {
        return Err(outside(called));
    }
    room.ask_unwaited(what)?;
    Ok(Obj::text(""))
}

/// `help ?command?`: what there is, in a line each.
fn help(_: &Room, words: &[Obj]) -> Reply {
    let words: Vec<String> = words.iter().map(Obj::to_text).collect();
    help::text(&words).map(Obj::from).ok_or_else(|| {
        let about = words.join(" ");
        TclError::new(format!(
            "no help for \"{about}\": \"help\" alone lists all; commands of Tcl have pages in section n"
        ))
    })
}

/// `words what`: the words that a command of ours understands, or the names of a kind.
fn words(room: &Room, words: &[Obj]) -> Reply {
    let [what] = words else {
        return Err(TclError::usage("::fail::words what"));
    };
    let what = what.to_text();
    policy::words(&room.site, &what)
        .map(Obj::words)
        .ok_or_else(|| TclError::new(format!("no words of \"{what}\"")))
}

/// `called kind`: what a reader calls the command that asks for it.
fn called(_: &Room, words: &[Obj]) -> Reply {
    let kind = words.first().map(Obj::to_text).unwrap_or_default();
    Ok(Obj::text(ask::called(&kind)))
}

/// `is_open`: whether the policy has been read.
fn is_open(room: &Room, _: &[Obj]) -> Reply {
    Ok(truth(room.is_open()))
}

fn truth(is: bool) -> Obj {
    Obj::text(if is { "1" } else { "0" })
}

/// `begin script`: an `after` is due. Whether it is a job of its own now; if not, it is to be
/// evaluated as it is.
fn begin(room: &Room, words: &[Obj]) -> Reply {
    let [script] = words else {
        return Err(TclError::usage("::fail::begin script"));
    };
    room.call_back(script.clone()).map(truth)
}

/// `overdue job`: a callback has had its time.
fn overdue(room: &Room, words: &[Obj]) -> Reply {
    let job = words.first().and_then(|word| word.to_text().parse().ok());
    let job = job
        .map(JobNo)
        .filter(|no| room.with_job(*no, |_| ()).is_some());
    if let Some(job) = job {
        let why = format!("timed out after {CALLBACK_MS} ms, as callbacks of after do");
        room.mailbox.post(Mail::Engine(ToTcl::Cancel { job, why }));
    }
    Ok(truth(job.is_some()))
}

/// `printed ?-nonewline? ?channel? text`: whether that has gone to a console. Only what a
/// command from a console writes does.
fn printed(room: &Room, words: &[Obj]) -> Reply {
    let Some(job) = room.running.get().filter(|no| no.is_console()) else {
        return Ok(truth(false));
    };
    let words: Vec<String> = words.iter().map(Obj::to_text).collect();
    let (end, words) = match words.split_first() {
        Some((first, rest)) if first == "-nonewline" && !rest.is_empty() => ("", rest),
        _ => ("\n", words.as_slice()),
    };
    let text = match words {
        [text] => text,
        [channel, text] if channel == "stdout" || channel == "stderr" => text,
        _ => return Ok(truth(false)),
    };
    let text = format!("{text}{end}");
    (room.out)(FromTcl::Printed { job, text });
    Ok(truth(true))
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
        info: options
            .field("-errorinfo")
            .map(|info| without_us(&info.to_text())),
    };
    if let Some(no) = room.running.get() {
        room.with_job(no, |job: &mut Job| job.ended = Some(ending));
    }
    Ok(Obj::text(""))
}

/// An `errorInfo` without the line that says how we have called the script.
fn without_us(info: &str) -> String {
    let theirs = info.strip_suffix("\n    invoked from within\n\"uplevel #0 $script\"");
    match theirs.and_then(|theirs| theirs.rsplit_once("\n    (\"uplevel\" body line ")) {
        Some((rest, line)) => format!("{rest}\n    (script line {line}"),
        None => info.to_string(),
    }
}

/// `background message options`: an error that nobody waited for.
fn background(room: &Room, words: &[Obj]) -> Reply {
    let message = words.first().map(Obj::to_text).unwrap_or_default();
    let info = words.get(1).and_then(|options| options.field("-errorinfo"));
    let text = info.map_or(message, |info| without_us(&info.to_text()));
    (room.out)(error_in_background(&cut(text, DETAIL_BYTES_MAX)));
    Ok(Obj::text(""))
}
