//! faildebug: lists the debug levels of a running program, or sets one.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use fail_cli::{COMMUNITY_VARIABLE, Faildebug, Failure, exit};
use fail_client::{Client, Error, Failure as Kind, Options, addresses, print, words};
use fail_wire::Levels;

fn main() -> ExitCode {
    let options: Faildebug = fail_cli::parse_or_exit();
    match run(&options) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(failure) => {
            eprintln!("faildebug: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn run(options: &Faildebug) -> Result<(), Failure> {
    let (host, set) = options.words().map_err(|e| Failure::new(exit::USAGE, e))?;
    let community = options
        .community
        .find(std::env::var(COMMUNITY_VARIABLE).ok())
        .map_err(|e| Failure::new(exit::IOERR, e))?;
    if let Some(warning) = options.community.warning() {
        eprintln!("faildebug: {warning}");
    }
    let program = addresses(&host.host, host.port_or(options.port))
        .map_err(|e| Failure::new(exit::NOHOST, e))?;
    let patience = Options {
        timeout: options.timeout.0,
        tries: options.tries,
        ..Options::default()
    };
    let levels = Client::of_host(&program, &community, patience)
        .and_then(|mut client| match &set {
            None => client.levels(),
            Some((facility, level)) => client.set_level(facility, *level),
        })
        .map_err(|error| failed(&error))?;
    let text = match &set {
        Some((facility, _)) => one(&levels, facility),
        None => all(&levels),
    };
    print(&text).map(|_| ()).map_err(|e| {
        let text = format!("can not write to standard output: {}", words(&e));
        Failure::new(exit::IOERR, text)
    })
}

/// A line for each facility, in the program's order.
fn all(levels: &Levels) -> String {
    let lines = levels.levels.iter().map(|(facility, level)| {
        let (program, facility) = (levels.program.as_str(), facility.as_str());
        format!("{program:8} {facility:12} {level}\n")
    });
    lines.collect()
}

/// The line of the facility that was set.
fn one(levels: &Levels, facility: &str) -> String {
    let mut only = levels.clone();
    only.levels.retain(|(name, _)| name.as_str() == facility);
    all(&only)
}

fn failed(error: &Error) -> Failure {
    let code = match error.failure() {
        Kind::Community | Kind::NotThere => exit::USAGE,
        Kind::System | Kind::NotStored => exit::OSERR,
        Kind::NoAnswer => exit::UNAVAILABLE,
        Kind::TryAgain => exit::TEMPFAIL,
        Kind::NotAllowed => exit::NOPERM,
        Kind::Protocol => exit::PROTOCOL,
    };
    Failure::new(code, error)
}
