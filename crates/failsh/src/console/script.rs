//! The console without a terminal: standard input is a script, which is run as a whole.

use std::io::{self, Read, Write};

use fail_cli::{Failure, exit};

use super::link::{LEFT, Link, Lost};

/// Bytes of a script: what is longer does not fit into one request.
const SCRIPT_BYTES_MAX: usize = 512 << 10;

/// The exit code of a script with an error, as that of `tclsh`.
const ERROR: u8 = 1;

/// Runs what stands on standard input. Gives the exit code.
pub fn run(link: &Link, input: impl Read) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(SCRIPT_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let read = input.take(limit).read_to_end(&mut bytes);
    read.map_err(|e| {
        let why = fail_rt::reason::words(&e);
        Failure::new(exit::IOERR, format!("can not read standard input: {why}"))
    })?;
    if bytes.len() > SCRIPT_BYTES_MAX {
        let sentence = format!("standard input: a script has at most {SCRIPT_BYTES_MAX} bytes");
        return Err(Failure::new(exit::DATA, sentence));
    }
    let script = String::from_utf8_lossy(&bytes);
    let mut out = io::stdout().lock();
    let ended = link.eval(&script, |text| {
        // Who does not want to read any more does not; the script goes on.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    });
    let ended = ended.map_err(|Lost(sentence)| Failure::new(exit::UNAVAILABLE, sentence))?;
    match ended.code {
        0 | 2 => Ok(exit::OK),
        LEFT => Ok(ended.result.parse().unwrap_or(ERROR)),
        _ => {
            let info = ended.info.unwrap_or(ended.result);
            eprintln!("failsh: {}", place(&info));
            Ok(ERROR)
        }
    }
}

/// `errorInfo` with the line of standard input where it says `script`.
fn place(info: &str) -> String {
    let mark = "(script line ";
    let Some((before, after)) = info.rsplit_once(mark) else {
        return format!("standard input: {info}");
    };
    let line = after.trim_end_matches(')');
    format!("standard input:{line}: {}", before.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_line() {
        let info = "oops\n    while executing\n\"error oops\"\n    (script line 3)";
        let told = "standard input:3: oops\n    while executing\n\"error oops\"";
        assert_eq!(place(info), told);
        assert_eq!(place("interrupted"), "standard input: interrupted");
    }
}
