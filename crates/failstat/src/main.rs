//! failstat: dumps what one or several failds hold, as a table for people or as JSON for
//! programs, once or again and again; or what they have counted, or their limits.
//!
//! Hosts are asked side by side, so one that is silent costs its own time-out only. A host
//! that does not answer is a row or a column that says so, and the exit code of the first such
//! host.

#![forbid(unsafe_code)]

mod figures;
mod matrix;
mod table;

use std::process::ExitCode;
use std::time::Instant;

use fail_cli::{COMMUNITY_VARIABLE, Failstat, HostPort, exit};
use fail_client::screen::Terminal;
use fail_client::{
    Answer, Client, Error, Failure, Options, Protocol, What, addresses, print, words,
};
use serde_json::{Value, json};

/// What came of asking one host: what it said, or the exit code and a sentence.
pub type Asked<T> = Result<T, (u8, String)>;

fn main() -> ExitCode {
    let options: Failstat = fail_cli::parse_or_exit();
    let variable = std::env::var(COMMUNITY_VARIABLE).ok();
    let community = match options.community.find(variable) {
        Ok(community) => community,
        Err(sentence) => {
            eprintln!("failstat: {sentence}");
            return ExitCode::from(exit::IOERR);
        }
    };
    if let Some(warning) = options.community.warning() {
        eprintln!("failstat: {warning}");
    }
    let terminal = Terminal::find();
    loop {
        let began = Instant::now();
        let (text, code) = look(&options, &community, &terminal);
        let somebody_reads = match print(&text) {
            Ok(somebody_reads) => somebody_reads,
            Err(e) => {
                eprintln!("failstat: can not write to standard output: {}", words(&e));
                return ExitCode::from(exit::IOERR);
            }
        };
        match options.watch {
            // A tool may sleep between two looks; nothing waits for it.
            Some(every) if somebody_reads => {
                std::thread::sleep(every.0.saturating_sub(began.elapsed()));
            }
            _ => return ExitCode::from(code),
        }
    }
}

/// Asks everybody. Gives what they say, ready to be printed, and the exit code.
fn look(options: &Failstat, community: &str, terminal: &Terminal) -> (String, u8) {
    let what = match (options.stats, options.limits) {
        (true, _) => Some(What::Counters),
        (_, true) => Some(What::Limits),
        _ => None,
    };
    if let Some(what) = what {
        let asked = ask_all(options, community, |client| client.figures(what));
        let text = if options.json {
            json_text(&asked, |figures| {
                let (key, value) = figures::json(what, figures);
                json!({ key: value })
            })
        } else {
            terminal.show(&figures::grid(what, &asked), options.watch.is_some())
        };
        return (text, code(&asked));
    }
    let asked = ask_all(options, community, |client| client.read(&[]));
    let text = if options.json {
        json_text(&asked, services)
    } else {
        let grid = match options.matrix {
            true => matrix::grid(&asked),
            false => table::grid(&asked),
        };
        terminal.show(&grid, options.watch.is_some())
    };
    (text, code(&asked))
}

fn code<T>(asked: &[(&HostPort, Asked<T>)]) -> u8 {
    let failed = asked.iter().find_map(|(_, asked)| asked.as_ref().err());
    failed.map_or(exit::OK, |(code, _)| *code)
}

/// Asks each host the same, all at once.
fn ask_all<'a, T: Send>(
    options: &'a Failstat,
    community: &str,
    question: impl Fn(&mut Client) -> Result<T, Error> + Sync,
) -> Vec<(&'a HostPort, Asked<T>)> {
    std::thread::scope(|scope| {
        let question = &question;
        let ask = |host| {
            (
                host,
                scope.spawn(move || ask(options, host, community, question)),
            )
        };
        let asking: Vec<_> = options.hosts.iter().map(ask).collect();
        let broken = || Err((exit::SOFTWARE, "failstat itself failed here".to_string()));
        asking
            .into_iter()
            .map(|(host, thread)| (host, thread.join().unwrap_or_else(|_| broken())))
            .collect()
    })
}

fn ask<T>(
    options: &Failstat,
    host: &HostPort,
    community: &str,
    question: impl Fn(&mut Client) -> Result<T, Error>,
) -> Asked<T> {
    let faild = addresses(&host.host, host.port_or(options.port)).map_err(|e| (exit::NOHOST, e))?;
    let patience = Options {
        timeout: options.timeout.0,
        tries: options.tries,
        protocol: match options.tcp {
            true => Protocol::Tcp,
            false => Protocol::Udp,
        },
    };
    let client = Client::of_host(&faild, community, patience);
    let answer = client.and_then(|mut client| question(&mut client));
    answer.map_err(|error| {
        let code = match error.failure() {
            Failure::Community => exit::USAGE,
            Failure::System | Failure::NotStored => exit::OSERR,
            Failure::NoAnswer | Failure::TryAgain => exit::UNAVAILABLE,
            Failure::NotAllowed => exit::NOPERM,
            Failure::Protocol | Failure::NotThere => exit::PROTOCOL,
        };
        let hint = host.hint().filter(|_| code == exit::UNAVAILABLE);
        (
            code,
            error.to_string() + &hint.map_or(String::new(), |hint| format!("; {hint}")),
        )
    })
}

/// One object a line, so that `--watch` gives a stream. What a host said is its name and the
/// keys that `keys` gives.
fn json_text<T>(asked: &[(&HostPort, Asked<T>)], keys: impl Fn(&T) -> Value) -> String {
    let hosts = asked.iter().map(|(host, asked)| {
        let mut object = match asked {
            Ok(answer) => keys(answer),
            Err((_, sentence)) => json!({ "error": sentence }),
        };
        object["host"] = host.to_string().into();
        object
    });
    format!("{}\n", json!({ "hosts": hosts.collect::<Vec<_>>() }))
}

fn services(answer: &Answer) -> Value {
    let services: Vec<Value> = answer.records.iter().map(fail_client::json).collect();
    json!({ "nonce": format!("{:016x}", answer.nonce), "services": services })
}
