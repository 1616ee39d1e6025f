//! faild: the state daemon. Holds the state of services, answers, never acts.
//!
//! Thin: `setup` opens everything in order and says in one sentence what can not be had,
//! `sandbox` says which files are needed after that, `engine` joins the machine of `fail-core`
//! with sockets, signals and the disk, `community` reads who may do what, `store` writes the
//! state file, `life` tells the service manager. What the daemon decides is in `fail_core::node`.

#![forbid(unsafe_code)]

mod community;
mod engine;
mod life;
mod net;
mod sandbox;
mod setup;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    let options: fail_cli::Faild = fail_cli::parse_or_exit();
    let parts = match setup::open(&options) {
        Ok(parts) => parts,
        Err(failure) => {
            eprintln!("faild: {failure}");
            return ExitCode::from(failure.code);
        }
    };
    // From here on nobody may be at the terminal any more.
    let log = parts.log.clone();
    match engine::run(parts) {
        Ok(()) => ExitCode::from(fail_cli::exit::OK),
        Err(error) => {
            log.error(error);
            ExitCode::from(fail_cli::exit::OSERR)
        }
    }
}
