//! `failtrap`: what is run when something happens.

use fail_core::policy::{On, Trap};

use super::Site;
use super::codes::Code;
use super::draft::Key;
use super::value::{complete, unbalanced, visible};
use crate::tcl::{Interp, Obj, Reply, TclError};

/// The longest pattern in bytes: no name is nearly as long.
const PATTERN_BYTES_MAX: usize = 256;

/// `failtrap ?pattern event ?script??`.
pub(super) fn failtrap(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let (pattern, event, script) = match words {
        [] => return Ok(site.read(interp, |draft| all(&draft.policy.traps))),
        [pattern, event] => (pattern, event, None),
        [pattern, event, script] => (pattern, event, Some(script.to_text())),
        _ => return Err(TclError::usage("failtrap ?pattern event ?script??")),
    };
    let pattern = pattern.to_text();
    let on = event_of(&event.to_text())?;
    let Some(script) = script else {
        return Ok(site.read(interp, |draft| {
            let traps = draft.policy.traps.iter();
            let these = traps.filter(|trap| trap.pattern == pattern && trap.on == on);
            Obj::words(these.map(|trap| &trap.script))
        }));
    };
    let about = format!("failtrap \"{}\" {}", visible(&pattern), on.word());
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
        let said = format!("a pattern has 1 to {PATTERN_BYTES_MAX} bytes");
        return Err(value("pattern", pattern).error(format!("{about}: {said}")));
    }
    if script.trim().is_empty() {
        site.change(interp, &about, vec![Key::Traps], |draft| {
            draft.drop_traps(&pattern, on);
            Ok(())
        })?;
        return Ok(Obj::text(""));
    }
    if !complete(interp, &script) {
        let said = format!("{about}: script: {}", unbalanced(interp, &script));
        return Err(value("script", script).error(said));
    }
    site.change(interp, &about, vec![Key::Traps], |draft| {
        let trap = Trap {
            pattern,
            on,
            script,
        };
        draft.put_trap(trap)
    })?;
    Ok(Obj::text(""))
}

fn event_of(word: &str) -> Result<On, TclError> {
    On::from_word(word).ok_or_else(|| {
        let choices: Vec<&str> = On::all().map(On::word).collect();
        let TclError { message, .. } = TclError::bad("event", &visible(word), &choices);
        value("event", word.to_string()).error(format!("failtrap: {message}"))
    })
}

fn value(option: &str, value: String) -> Code {
    let option = option.to_string();
    Code::Value { option, value }
}

fn all(traps: &[Trap]) -> Obj {
    let each = |trap: &Trap| Obj::words([&trap.pattern, trap.on.word(), &trap.script]);
    let traps: Vec<Obj> = traps.iter().map(each).collect();
    Obj::list(&traps)
}
