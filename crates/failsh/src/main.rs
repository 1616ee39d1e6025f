//! failsh: the failover shell. Reads the policy, asks the other hosts, decides, runs scripts.
//!
//! Thin: `setup` reads the policy and opens everything in order, `check` only says what the
//! policy is, `engine` joins the machine of `fail-core` with sockets, children and the Tcl
//! thread. What is decided is in `fail_core::plan`; what scripts can do is in `fail-tcl`.

#![forbid(unsafe_code)]

mod check;
mod console;
mod control;
mod dump;
mod engine;
mod levels;
mod minds;
mod monitor;
mod post;
mod reload;
mod serves;
mod setup;

use std::process::ExitCode;

use fail_cli::Failure;

fn main() -> ExitCode {
    let options: fail_cli::Failsh = fail_cli::parse_or_exit();
    let done = match options.check {
        true => check::check(&options),
        false => setup::open(&options, None).and_then(|parts| {
            engine::run(parts).map_err(|e| Failure::new(fail_cli::exit::OSERR, e))
        }),
    };
    match done {
        Ok(()) => ExitCode::from(fail_cli::exit::OK),
        Err(failure) => {
            eprintln!("failsh: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
