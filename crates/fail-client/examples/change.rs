//! Brings a service from one state to another, only if it is as expected, and only if nobody
//! else is faster: compare and set.
//!
//!     cargo run -p fail-client --example change -- 127.0.0.1:1847 public web FAIL RECOVER
//!
//! Ends with 0 when it was done, and with 1 when it was not, and says why.

use std::process::ExitCode;

use fail_client::{Change, Client, Code, Marks, Name, Options, Reason, State};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("change: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [faild, community, service, from, to] = words.as_slice() else {
        return Err("wanted: FAILD COMMUNITY SERVICE FROM TO".into());
    };
    let name: Name = service.parse()?;
    let from = State::from_word(from).ok_or("FROM must be UP, RECOVER or FAIL")?;
    let to = State::from_word(to).ok_or("TO must be UP, RECOVER or FAIL")?;

    let mut client = Client::new(faild.parse()?, community, Options::default())?;
    let (record, nonce) = client.read_one(&name)?;
    if record.state != from {
        return Err(format!("{name} is {}: {}", record.state, record.reason).into());
    }
    // Names the record that it replaces: another one is not overwritten. Who wants to change
    // it whatever it is calls `Client::change`, which reads and tries again.
    let change = Change {
        nonce,
        version: record.version,
        name: name.clone(),
        state: Some(to),
        set: Marks::default(),
        clear: Marks::default(),
        reason: Reason::new("by the example"),
        interval_ms: 0,
    };
    match client.change_exactly(&change) {
        Ok(record) => println!("{name} is {} in version {}", record.state, record.version),
        Err(error) if error.code() == Some(Code::Stale) => {
            return Err(format!("somebody else was faster with {name}").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
