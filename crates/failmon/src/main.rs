//! failmon: shows what failsh does, of one host or of several: in a terminal, as text, as JSON,
//! as a page of HTML, or served live.
//!
//! One picture is behind all of it (`cluster`, `matrix`), put together from the monitor streams.
//! It changes nothing by itself; wishes of its user go to a faild as those of failc do.

#![forbid(unsafe_code)]

mod cluster;
mod matrix;
mod names;
mod plain;
mod record;
mod source;
#[cfg(test)]
mod stage;
mod term;
mod web;

use std::process::ExitCode;

use fail_cli::{Failmon, Failure};

fn main() -> ExitCode {
    let done = match web::is_cgi(std::env::args_os().next().as_deref()) {
        // Before the options are read: there, they are not ours.
        true => web::cgi(),
        false => run(&fail_cli::parse_or_exit()),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("failmon: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn run(options: &Failmon) -> Result<u8, Failure> {
    if options.html {
        return web::page(options);
    }
    if options.serve.is_some() {
        return web::serve(options);
    }
    if options.once {
        return plain::once(options);
    }
    if options.json {
        return plain::stream(options);
    }
    if options.lines {
        return plain::lines(options);
    }
    term::run(options)
}
