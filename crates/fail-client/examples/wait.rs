//! Waits until a service is in a state: told by its faild, not by asking again and again.
//!
//!     cargo run -p fail-client --example wait -- 127.0.0.1:1847 public web UP 30
//!
//! Ends with 0 when it is so, and with 1 when it is not within so many seconds.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fail_client::{Client, Name, News, Options, State};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wait: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [faild, community, service, state, seconds] = words.as_slice() else {
        return Err("wanted: FAILD COMMUNITY SERVICE STATE SECONDS".into());
    };
    let name: Name = service.parse()?;
    let state = State::from_word(state).ok_or("STATE must be UP, RECOVER or FAIL")?;
    let until = Instant::now() + Duration::from_secs(seconds.parse()?);

    let client = Client::new(faild.parse()?, community, Options::default())?;
    let mut watch = client.watch(std::slice::from_ref(&name))?;
    // First comes the record as it is, so nothing is missed in between.
    while let Some(news) = watch.next_until(until) {
        match news {
            News::Record(record) if record.state == state => {
                println!("{name} is {state}: {}", record.reason);
                return Ok(());
            }
            News::Record(record) => println!("{name} is {}, not yet {state}", record.state),
            News::Silent(error) => println!("{error}; waiting"),
            News::Answers { .. } => println!("it answers again"),
            News::Ready => {}
        }
    }
    Err(format!("{name} is not {state} within {seconds} seconds").into())
}
