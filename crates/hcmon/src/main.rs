//! hcmon: what several hcs know, as one page of HTML; as `hcmon.cgi` for a web server.
//!
//! The page is drawn by `page`, `section` and `target` from what `look` has gathered. Whom it
//! asks stands on the command line or in a file, never in a request: nobody can have it connect
//! to where he wants. What a hc says is cleaned and escaped wherever it is shown.

#![forbid(unsafe_code)]

mod bar;
mod cgi;
mod hosts;
mod look;
mod page;
mod query;
mod section;
#[cfg(test)]
mod stage;
mod target;
mod when;

use std::process::ExitCode;

use fail_cli::{Failure, Hcmon, exit};
use fail_client::{clean, print, words};

use look::{Shown, look};
use query::Query;

fn main() -> ExitCode {
    let done = match cgi::is_cgi(std::env::args_os().next().as_deref()) {
        // Before the options are read: there, they are not ours.
        true => cgi::cgi(),
        false => run(&fail_cli::parse_or_exit()),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("hcmon: {}", clean(&failure.to_string()));
            ExitCode::from(failure.code)
        }
    }
}

fn run(options: &Hcmon) -> Result<u8, Failure> {
    let refresh = options.refresh.refresh()?;
    let hosts = match options.hosts.as_slice() {
        [] => hosts::read(&options.file)?,
        hosts => hosts.to_vec(),
    };
    let asked = look(&hosts, options.port, &[], options.timeout.0);
    let shown = Shown::new(asked, Query::default(), false);
    put(&page::page(&shown, refresh))?;
    Ok(match shown.silent().next() {
        Some(_) => exit::UNAVAILABLE,
        None => exit::OK,
    })
}

fn put(text: &str) -> Result<(), Failure> {
    match print(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let text = format!("can not write to standard output: {}", words(&e));
            Err(Failure::new(exit::IOERR, text))
        }
    }
}
