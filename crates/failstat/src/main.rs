//! failstat: dumps what one or several failds hold, as a table for people or as JSON for
//! programs, once or again and again.
//!
//! Hosts are asked side by side, so one that is silent costs its own time-out only. A host
//! that does not answer is a row that says so, and the exit code of the first such host.

#![forbid(unsafe_code)]

mod table;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use fail_cli::{COMMUNITY_VARIABLE, Failstat, HostPort, exit};
use fail_client::{Answer, Client, Failure, Options, addresses, print, words};
use serde_json::{Value, json};

/// What came of asking one host: its records, or the exit code and a sentence.
pub type Asked = Result<Answer, (u8, String)>;

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
    loop {
        let began = Instant::now();
        let (code, somebody_reads) = show(&options, &community);
        match options.watch {
            // A tool may sleep between two looks; nothing waits for it.
            Some(every) if somebody_reads => {
                std::thread::sleep(every.0.saturating_sub(began.elapsed()));
            }
            _ => return ExitCode::from(code),
        }
    }
}

/// Asks everybody and prints what they say. Gives the exit code, and whether somebody can
/// still read it.
fn show(options: &Failstat, community: &str) -> (u8, bool) {
    let asked: Vec<(&HostPort, Asked)> = std::thread::scope(|scope| {
        let ask = |host| (host, scope.spawn(move || ask(options, host, community)));
        let asking: Vec<_> = options.hosts.iter().map(ask).collect();
        let broken = || Err((exit::SOFTWARE, "failstat itself failed here".to_string()));
        asking
            .into_iter()
            .map(|(host, thread)| (host, thread.join().unwrap_or_else(|_| broken())))
            .collect()
    });
    let text = if options.json {
        json_text(&asked)
    } else {
        table::print(&asked)
    };
    let repaint = options.watch.is_some() && !options.json && std::io::stdout().is_terminal();
    let text = if repaint {
        format!("\x1b[H\x1b[2J{text}")
    } else {
        text
    };
    let somebody_reads = match print(&text) {
        Ok(somebody_reads) => somebody_reads,
        Err(e) => {
            eprintln!("failstat: can not write to standard output: {}", words(&e));
            return (exit::IOERR, false);
        }
    };
    let failed = asked.iter().find_map(|(_, asked)| asked.as_ref().err());
    (failed.map_or(exit::OK, |(code, _)| *code), somebody_reads)
}

fn ask(options: &Failstat, host: &HostPort, community: &str) -> Asked {
    let faild = addresses(&host.host, host.port_or(options.port)).map_err(|e| (exit::NOHOST, e))?;
    let patience = Options {
        timeout: options.timeout.0,
        tries: options.tries,
    };
    let client = Client::of_host(&faild, community, patience);
    let answer = client.and_then(|mut client| client.read(&[]));
    answer.map_err(|error| {
        let code = match error.failure() {
            Failure::Community => exit::USAGE,
            Failure::System | Failure::NotStored => exit::OSERR,
            Failure::NoAnswer | Failure::TryAgain => exit::UNAVAILABLE,
            Failure::NotAllowed => exit::NOPERM,
            Failure::Protocol | Failure::NotThere => exit::PROTOCOL,
        };
        (code, error.to_string())
    })
}

/// One object a line, so that `--watch` gives a stream.
fn json_text(asked: &[(&HostPort, Asked)]) -> String {
    let hosts = asked.iter().map(|(host, asked)| match asked {
        Ok(answer) => {
            let services: Vec<Value> = answer.records.iter().map(fail_client::json).collect();
            json!({ "host": host.to_string(), "nonce": format!("{:016x}", answer.nonce), "services": services })
        }
        Err((_, sentence)) => json!({ "host": host.to_string(), "error": sentence }),
    });
    format!("{}\n", json!({ "hosts": hosts.collect::<Vec<_>>() }))
}
