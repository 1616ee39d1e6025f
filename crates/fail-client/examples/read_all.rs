//! Prints the records of a faild, one in a line: the whole of a program that only looks.
//!
//!     cargo run -p fail-client --example read_all -- 127.0.0.1:1847 public

use std::process::ExitCode;

use fail_client::{Client, Options, age};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("read_all: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let faild = words.next().unwrap_or("127.0.0.1:1847".to_string());
    let community = words.next().unwrap_or("public".to_string());

    let mut client = Client::new(faild.parse()?, &community, Options::default())?;
    // No names: all that the community may read, however many there are.
    for record in client.read(&[])?.records {
        let marks: Vec<&str> = record.marks.words().collect();
        println!(
            "{} {} [{}] for {}: {}",
            record.name,
            record.state,
            marks.join(" "),
            age(record.age_ms),
            record.reason
        );
    }
    Ok(())
}
