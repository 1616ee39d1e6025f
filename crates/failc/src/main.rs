//! failc: reads and changes the state of a service in a faild.
//!
//! One question, one answer, one exit code; only `watch` goes on. Everything that travels is in
//! `fail-client`; here are only words: those of the command line, and those of the answer.

#![forbid(unsafe_code)]

mod drill;
mod limits;
mod reload;
mod show;
mod watch;
mod why;

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::ExitCode;

use fail_cli::{COMMUNITY_VARIABLE, Failc, Order, Verb, exit};
use fail_client::{Client, Failure, Options, Protocol, Wanted, Wish, addresses};
use fail_wire::{Name, Record, State};

fn main() -> ExitCode {
    let options: Failc = fail_cli::parse_or_exit();
    match run(&options) {
        Ok(code) => ExitCode::from(code),
        Err((code, sentence)) => {
            let hint = options.server.hint().or_else(|| options.monitor.hint());
            let hint = hint.filter(|_| code == exit::UNAVAILABLE);
            let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
            eprintln!("failc: {sentence}{hint}");
            ExitCode::from(code)
        }
    }
}

/// A sentence and the exit code.
type Failed = (u8, String);

fn run(options: &Failc) -> Result<u8, Failed> {
    let order = Verb::parse(&options.words).map_err(|e| (exit::USAGE, e))?;
    if options.dry_run && order != Order::Reload {
        let sentence = "--dry-run is of reload only".to_string();
        return Err((exit::USAGE, sentence));
    }
    if let (false, Some(option)) = (matches!(order, Order::Drill { .. }), options.drill.first()) {
        let sentence = format!("{option} is for drill, and for nothing else");
        return Err((exit::USAGE, sentence));
    }
    match order {
        Order::Reload => reload::ask(options),
        Order::Drill { service, hosts } => drill::run(options, &service, &hosts),
        Order::Why { service } => why::ask(options, &service),
        Order::Watch { services } => watch::follow(options, &services),
        Order::History { service } => history(options, &service),
        Order::Forget { service } => {
            let name = name(&service)?;
            let record = client(options)?.forget(&name).map_err(failed)?;
            tell(options, &record, exit::OK)
        }
        Order::Read { service } => {
            let name = name(&service)?;
            let (record, _) = client(options)?.read_one(&name).map_err(failed)?;
            tell(options, &record, state_code(record.state))
        }
        Order::Set {
            service,
            state,
            reason,
        } => {
            // Verb::parse takes no other words for one.
            let state = State::from_word(&state)
                .ok_or_else(|| (exit::USAGE, format!("\"{state}\" is no state")))?;
            change(options, &service, |record| {
                Wish::Set(state).wanted(record, &reason)
            })
        }
        Order::Wish {
            verb,
            service,
            reason,
        } => change(options, &service, |record| {
            wish(verb).wanted(record, &reason)
        }),
    }
}

fn name(service: &str) -> Result<Name, Failed> {
    Name::new(service).map_err(|bad| (exit::USAGE, format!("service \"{service}\": {bad}")))
}

fn client(options: &Failc) -> Result<Client, Failed> {
    let community = community(options)?;
    let server = &options.server;
    let faild =
        addresses(&server.host, server.port_or(options.port)).map_err(|e| (exit::NOHOST, e))?;
    client_of(options, &community, &faild)
}

/// What the faild is asked with.
fn community(options: &Failc) -> Result<String, Failed> {
    let variable = std::env::var(COMMUNITY_VARIABLE).ok();
    let community = options
        .community
        .find(variable)
        .map_err(|e| (exit::IOERR, e))?;
    if let Some(warning) = options.community.warning().filter(|_| !options.quiet) {
        eprintln!("failc: {warning}");
    }
    Ok(community)
}

fn client_of(options: &Failc, community: &str, faild: &[SocketAddr]) -> Result<Client, Failed> {
    let patience = Options {
        timeout: options.timeout.0,
        tries: options.tries,
        protocol: match options.tcp {
            true => Protocol::Tcp,
            false => Protocol::Udp,
        },
    };
    Client::of_host(faild, community, patience).map_err(failed)
}

/// Changes a record. That it is the first word about that service is told: it may be a slip of
/// the pen.
fn change(
    options: &Failc,
    service: &str,
    wanted: impl Fn(&Record) -> Wanted,
) -> Result<u8, Failed> {
    let name = name(service)?;
    let is_new = Cell::new(false);
    let changed = client(options)?.change(&name, |record| {
        is_new.set(record.is_unknown());
        wanted(record)
    });
    let record = changed.map_err(failed)?;
    if is_new.get() && !options.quiet {
        eprintln!("failc: note: faild had not heard of service \"{name}\" before");
    }
    tell(options, &record, state_code(record.state))
}

/// Prints the record as it is now; when nothing is to be printed, this code tells what it is.
fn tell(options: &Failc, record: &Record, code: u8) -> Result<u8, Failed> {
    if options.quiet {
        return Ok(code);
    }
    print(&match options.json {
        true => show::json(record),
        false => show::line(record),
    })?;
    Ok(exit::OK)
}

/// Prints what a faild remembers of a service, the newest last.
fn history(options: &Failc, service: &str) -> Result<u8, Failed> {
    never_quiet(options, "history")?;
    let name = name(service)?;
    let pasts = client(options)?.history(&name).map_err(failed)?;
    if pasts.is_empty() {
        eprintln!("failc: note: faild remembers nothing of service \"{name}\"");
    }
    let lines = pasts.iter().rev().map(|past| match options.json {
        true => show::past_json(&name, past),
        false => show::past(past),
    });
    print(&lines.collect::<String>())?;
    Ok(exit::OK)
}

/// Of what has no state to end with.
fn never_quiet(options: &Failc, verb: &str) -> Result<(), Failed> {
    match options.quiet {
        true => Err((exit::USAGE, format!("{verb} can not be --quiet"))),
        false => Ok(()),
    }
}

/// Whether there is still somebody who reads.
fn print(text: &str) -> Result<bool, Failed> {
    fail_client::print(text).map_err(|e| {
        let sentence = format!(
            "can not write to standard output: {}",
            fail_client::words(&e)
        );
        (exit::IOERR, sentence)
    })
}

/// The wish that a verb stands for.
fn wish(verb: Verb) -> Wish {
    match verb {
        Verb::Hold => Wish::Hold,
        Verb::Release => Wish::Release,
        Verb::Away => Wish::Away,
        Verb::Back => Wish::Back,
    }
}

fn state_code(state: State) -> u8 {
    match state {
        State::Up => exit::OK,
        State::Recover => exit::RECOVER,
        State::Fail => exit::FAIL,
    }
}

fn failed(error: fail_client::Error) -> Failed {
    let code = match error.failure() {
        Failure::Community => exit::USAGE,
        Failure::System => exit::OSERR,
        Failure::NoAnswer => exit::UNAVAILABLE,
        Failure::NotAllowed => exit::NOPERM,
        Failure::TryAgain => exit::TEMPFAIL,
        Failure::NotStored => exit::IOERR,
        Failure::Protocol | Failure::NotThere => exit::PROTOCOL,
    };
    (code, error.to_string())
}
