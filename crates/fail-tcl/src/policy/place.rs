//! Where in the policy's files something was said.
//!
//! Tcl knows the file and line of each command that it runs, procs and loops included, while
//! it runs; after an error it only tells the line of the outermost command. So the commands
//! that fail here ask at once, and the answer waits as [`Blame`] until the error has come out
//! at the top.

use super::Site;
use crate::tcl::{Interp, Obj, Reply, TclError};

/// A line of a file, as Tcl names the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// An error and where it was raised.
pub(super) struct Blame {
    pub(super) message: String,
    pub(super) place: Place,
}

/// The innermost line of a file that is being run.
pub(crate) fn here(interp: &Interp) -> Option<Place> {
    let depth: u32 = number(&interp.command(["info", "frame"]).ok()?)?;
    (1..=depth).rev().find_map(|level| {
        let level = level.to_string();
        let frame = interp.command(["info", "frame", &level]).ok()?;
        Some(Place {
            file: frame.field("file")?.to_text(),
            line: number(&frame.field("line")?)?,
        })
    })
}

fn number(value: &Obj) -> Option<u32> {
    value.to_text().parse().ok()
}

impl Site {
    /// The line that is being read. After loading nobody asks.
    pub(super) fn place(&self, interp: &Interp) -> Option<Place> {
        (!self.closed.get()).then(|| here(interp)).flatten()
    }

    /// Remembers where an error with this message is being raised. After loading nobody asks.
    pub(super) fn blame(&self, interp: &Interp, message: &str) {
        if self.closed.get() {
            return;
        }
        let blame = here(interp).map(|place| Blame {
            message: message.to_string(),
            place,
        });
        self.blame.replace(blame);
    }
}

/// `::fail::misspelled name`: `unknown` is about to say that there is no such command.
pub(crate) fn misspelled(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let [name] = words else {
        return Err(TclError::usage("::fail::misspelled name"));
    };
    let message = format!("invalid command name \"{}\"", name.to_text());
    site.blame(interp, &message);
    Ok(Obj::text(""))
}

/// `::fail::blame message`: a ready-made package is about to say what is wrong with its words.
pub(crate) fn blame(site: &Site, interp: &Interp, words: &[Obj]) -> Reply {
    let [message] = words else {
        return Err(TclError::usage("::fail::blame message"));
    };
    site.blame(interp, &message.to_text());
    Ok(Obj::text(""))
}
