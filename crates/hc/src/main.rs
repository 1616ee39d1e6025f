//! hc: the health checker. Checks targets, says what has changed, does something about it.
//!
//! Thin: `setup` reads the Hcfile (`source`) and opens everything in order, `engine` joins the
//! machine of `fail_core::watch` with what is under way (`work`, `programs`, `actions`), the
//! state file (`store`), maintenance (`windows`) and the monitor. `once` runs checks without all
//! that, `script` is what a check or an action in Tcl is.

#![forbid(unsafe_code)]

mod actions;
mod descriptors;
mod engine;
mod monitor;
mod once;
mod programs;
mod script;
mod setup;
mod source;
mod store;
mod windows;
mod work;

use std::process::ExitCode;

use fail_cli::{Failure, exit};

fn main() -> ExitCode {
    let options: fail_cli::Hc = fail_cli::parse_or_exit();
    match run(&options) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("hc: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// What the options ask for. Gives the exit code.
fn run(options: &fail_cli::Hc) -> Result<u8, Failure> {
    if !options.tcl.is_empty() {
        return script::run(&options.tcl);
    }
    if let Some(check) = &options.probe {
        return once::probe(check);
    }
    if options.check || options.print || !options.once.is_empty() {
        let loaded = setup::load(options)?;
        loaded
            .warnings
            .iter()
            .for_each(|line| eprintln!("hc: {line}"));
        if options.print {
            return once::print(&fail_conf::hcfile::print(&loaded.hcfile));
        }
        return match options.once.is_empty() {
            true => Ok(exit::OK),
            false => once::targets(&loaded.hcfile, &options.once),
        };
    }
    let parts = setup::open(options)?;
    engine::run(parts).map_err(|e| Failure::new(exit::OSERR, e))?;
    Ok(exit::OK)
}
