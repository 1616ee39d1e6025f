//! `--rehearse`: a scenario is played and told. Nothing is started, asked or changed.

use std::io::{IsTerminal, Write};

use fail_cli::{Failsh, Failure, exit};
use fail_rehearse::show::{Look, html, json, steady, text};
use fail_rehearse::{Options, rehearse};
use fail_tcl::PolicyError;
use terminal_size::{Width, terminal_size};

use crate::setup::program;

/// The columns where there is no terminal.
const COLUMNS: usize = 100;

/// Plays the scenario and prints what came of it. Gives the exit code.
pub fn play(options: &Failsh, scenario: &std::path::Path) -> Result<u8, Failure> {
    let how = Options {
        policies: options.policies.clone(),
        seed: options.seed,
        ..Options::new(&program())
    };
    // What is wrong may hold anything that stands in a file, and its name, too.
    let wrong = |e: PolicyError| Failure::new(exit::DATA, steady(&e.to_string()).trim_end());
    let report = rehearse(scenario, &how).map_err(wrong)?;
    let said = if options.json {
        json(&report)
    } else if options.html {
        html(&report)
    } else {
        text(&report, &look(options))
    };
    match std::io::stdout().write_all(said.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(exit::IOERR, e)),
        _ if report.held() => Ok(exit::OK),
        _ => Ok(exit::BROKEN),
    }
}

/// As the terminal and the environment have it.
fn look(options: &Failsh) -> Look {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let dumb = set("TERM").is_none_or(|term| term == "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let terminal = std::io::stdout().is_terminal();
    let width = terminal_size().map(|(Width(columns), _)| usize::from(columns));
    Look {
        width: width.filter(|_| terminal).unwrap_or(COLUMNS),
        colour: terminal && !dumb && set("NO_COLOR").is_none(),
        // A file and a pipe are read by something newer than this locale.
        ascii: terminal && !utf8,
        full: options.full,
    }
}
