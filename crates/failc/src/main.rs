//! failc: reads and changes the state of a service in a faild.
//!
//! One question, one answer, one exit code. Everything that travels is in `fail-client`;
//! here are only words: those of the command line, and those of the answer.

#![forbid(unsafe_code)]

mod show;
mod why;

use std::cell::Cell;
use std::process::ExitCode;

use fail_cli::{COMMUNITY_VARIABLE, Failc, Order, Verb, exit};
use fail_client::{Client, Failure, Options, Wanted, addresses};
use fail_wire::{Marks, Name, Reason, Record, State};

fn main() -> ExitCode {
    let options: Failc = fail_cli::parse_or_exit();
    match run(&options) {
        Ok(code) => ExitCode::from(code),
        Err((code, sentence)) => {
            eprintln!("failc: {sentence}");
            ExitCode::from(code)
        }
    }
}

/// A sentence and the exit code.
type Failed = (u8, String);

fn run(options: &Failc) -> Result<u8, Failed> {
    let usage = |sentence: String| (exit::USAGE, sentence);
    let order = Verb::parse(&options.words).map_err(usage)?;
    if let Order::Why { service } = &order {
        return why::ask(options, service);
    }
    let variable = std::env::var(COMMUNITY_VARIABLE).ok();
    let community = options
        .community
        .find(variable)
        .map_err(|e| (exit::IOERR, e))?;
    if let Some(warning) = options.community.warning().filter(|_| !options.quiet) {
        eprintln!("failc: {warning}");
    }
    let server = &options.server;
    let faild =
        addresses(&server.host, server.port_or(options.port)).map_err(|e| (exit::NOHOST, e))?;
    let patience = Options {
        timeout: options.timeout.0,
        tries: options.tries,
    };
    let mut client = Client::of_host(&faild, &community, patience).map_err(failed)?;
    let (record, is_new) = obey(&mut client, &order)?;
    if is_new && !options.quiet {
        let name = &record.name;
        eprintln!("failc: note: faild had not heard of service \"{name}\" before");
    }
    if options.quiet {
        return Ok(state_code(record.state));
    }
    let text = if options.json {
        show::json(&record)
    } else {
        show::line(&record)
    };
    print(&text)?;
    Ok(exit::OK)
}

fn print(text: &str) -> Result<(), Failed> {
    let printed = fail_client::print(text).map_err(|e| {
        let sentence = format!(
            "can not write to standard output: {}",
            fail_client::words(&e)
        );
        (exit::IOERR, sentence)
    });
    printed.map(drop)
}

/// The record as it is now, and whether a change was the first word about that service: it may
/// be a slip of the pen.
fn obey(client: &mut Client, order: &Order) -> Result<(Record, bool), Failed> {
    let (Order::Read { service }
    | Order::Set { service, .. }
    | Order::Wish { service, .. }
    | Order::Why { service }) = order;
    let name =
        Name::new(service).map_err(|bad| (exit::USAGE, format!("service \"{service}\": {bad}")))?;
    let is_new = Cell::new(false);
    let changed = match order {
        Order::Read { .. } | Order::Why { .. } => client.read_one(&name).map(|(record, _)| record),
        Order::Set { state, reason, .. } => client.change(&name, |record| {
            is_new.set(record.version == 0);
            Wanted {
                state: State::from_word(state),
                set: Marks(0),
                clear: Marks(0),
                reason: Reason::new(match reason.as_str() {
                    "" => "set by hand",
                    reason => reason,
                }),
            }
        }),
        Order::Wish { verb, reason, .. } => client.change(&name, |record| {
            is_new.set(record.version == 0);
            wish(*verb, record, reason)
        }),
    };
    Ok((changed.map_err(failed)?, is_new.get()))
}

/// What a wish changes. `back` also says that the service could be brought up again, unless
/// it still is up because failsh has not come to stop it.
fn wish(verb: Verb, record: &Record, reason: &str) -> Wanted {
    let word = match verb {
        Verb::Hold => "held",
        Verb::Release => "released",
        Verb::Away => "away",
        Verb::Back => "back",
    };
    let reason = match reason {
        // Why the service is as it is says more than the mark says anyway.
        "" if verb == Verb::Hold && record.version > 0 => record.reason.clone(),
        "" => Reason::new(word),
        reason => Reason::new(&format!("{word}: {reason}")),
    };
    let none = Marks(0);
    let (state, set, clear) = match verb {
        Verb::Hold => (None, Marks::HELD, none),
        Verb::Release => (None, none, Marks::HELD),
        Verb::Away => (None, Marks::AWAY, none),
        Verb::Back if record.state == State::Fail => (Some(State::Recover), none, Marks::AWAY),
        Verb::Back => (None, none, Marks::AWAY),
    };
    Wanted {
        state,
        set,
        clear,
        reason,
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
