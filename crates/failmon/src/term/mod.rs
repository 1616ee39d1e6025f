//! failmon in a terminal.
//!
//! | module | what |
//! |---|---|
//! | `keys` | the table of keys |
//! | `app` | what somebody has chosen; keys change it |
//! | `draw`, `views`, `grid`, `text`, `theme` | the screen, from what is known and chosen |
//! | `wish`, `order` | a wish is asked for, and carried out |
//! | `run`, `inputs`, `screen` | the loop, what comes to it, and the terminal itself |
//!
//! Drawing can not change anything: it has `&App` and `&Cluster`, and a moment.

mod app;
mod draw;
mod grid;
mod inputs;
mod keys;
mod order;
mod run;
mod screen;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod views;
mod wish;

use std::io::{IsTerminal, stdin, stdout};

use fail_cli::{Failmon, Failure, exit};

/// Shows the targets in the terminal, until somebody ends it.
///
/// # Errors
/// There is no terminal, or it can not do that; the options ask for what can not be had.
pub fn run(options: &Failmon) -> Result<u8, Failure> {
    let instead = "; -1 prints the state once, -l for each Return";
    let refused = |why: &str| Failure::new(exit::USAGE, format!("{why}{instead}"));
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return Err(refused("there is no terminal to show this in"));
    }
    match std::env::var("TERM").as_deref() {
        Err(_) | Ok("") => return Err(refused("TERM does not say what terminal this is")),
        Ok("dumb") => return Err(refused("the terminal is a dumb one (TERM=dumb)")),
        Ok(_) => {}
    }
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    run::run(options, colour)
}
