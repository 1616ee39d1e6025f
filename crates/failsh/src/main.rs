//! failsh: the failover shell. Reads the policy, asks the other hosts, decides, runs scripts.
//!
//! Thin: `setup` reads the policy and opens everything in order, `check` only says what the
//! policy is, `engine` joins the machine of `fail-core` with sockets, children and the Tcl
//! thread. What is decided is in `fail_core::plan`; what scripts can do is in `fail-tcl`.

#![forbid(unsafe_code)]

mod check;
mod console;
mod control;
mod dryrun;
mod dump;
mod engine;
mod minds;
mod monitor;
mod post;
mod record;
mod rehearse;
mod reload;
mod replay;
mod serves;
mod setup;
mod shadow;

use std::process::ExitCode;

use fail_cli::{Failure, exit};

fn main() -> ExitCode {
    let options: fail_cli::Failsh = fail_cli::parse_or_exit();
    match run(&options) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("failsh: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// What the options ask for. Gives the exit code.
fn run(options: &fail_cli::Failsh) -> Result<u8, Failure> {
    if options.check {
        return check::check(options).map(|()| exit::OK);
    }
    if let Some(scenario) = &options.rehearse {
        return rehearse::play(options, scenario);
    }
    if let Some(file) = &options.replay {
        return match options.policies.is_empty() {
            true if options.json => Err(Failure::new(
                exit::USAGE,
                "--json with --replay needs a policy, -f; without one lines are printed",
            )),
            true => replay::replay(file),
            false => shadow::shadow(file, options),
        };
    }
    if options.release {
        return console::release(options.socket());
    }
    if let Some(socket) = &options.attach {
        return console::attach(socket);
    }
    if options.console.is_some() {
        return console::own(options);
    }
    let parts = setup::open(options, None)?;
    engine::run(parts).map_err(|e| Failure::new(exit::OSERR, e))?;
    Ok(exit::OK)
}
