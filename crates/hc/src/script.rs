//! `--tcl`: one procedure of a Tcl file, in a process of its own, said as a plugin of Nagios
//! says it. So nothing that Tcl does can stop hc, and what is left of it is ended with it.
//!
//! What the script prints goes to standard error: standard output is for what it found.

use std::io::Write;
use std::path::Path;

use fail_cli::{Failure, exit};
use fail_core::limits::FINDING_BYTES_MAX;
use fail_rt::reason;
use fail_tcl::{Came, Measured};

/// Calls the procedure of `file procedure word ...`, and gives the exit code.
pub fn run(words: &[String]) -> Result<u8, Failure> {
    let Some((file, words)) = words.split_first() else {
        return Err(Failure::new(
            exit::USAGE,
            "--tcl needs a file and a procedure",
        ));
    };
    let os = |e: std::io::Error| {
        let why = reason::words(&e);
        Failure::new(
            exit::OSERR,
            format!("can not set up standard output: {why}"),
        )
    };
    let stdout = std::io::stdout();
    let fd = std::os::fd::AsFd::as_fd(&stdout);
    let mut out = std::fs::File::from(fd.try_clone_to_owned().map_err(os)?);
    nix::unistd::dup2_stdout(std::io::stderr()).map_err(|e| os(e.into()))?;
    let program = std::env::args().next().unwrap_or_default();
    let came = fail_tcl::call(&program, Path::new(file), words);
    let (code, text, figures) = match came {
        Ok((came, figures)) => {
            let (code, text) = match came {
                Came::Good(text) => (exit::OK, text),
                Came::Warning(text) => (exit::WARNING, text),
                Came::Bad(text) => (exit::BAD, text),
                Came::Unknown(text) => (exit::UNKNOWN, text),
            };
            (code, text, figures)
        }
        // Whether what it checks is well is not known.
        Err(why) => (exit::UNKNOWN, why, Vec::new()),
    };
    let line = said(&text, &figures);
    // Who does not read it does not want to know.
    let _ = writeln!(out, "{line}");
    Ok(code)
}

/// One line: the reason, and behind a bar the figures.
fn said(text: &str, figures: &[Measured]) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    // Behind a bar there are figures.
    let mut line = words.join(" ").replace('|', "/");
    let end = (0..=FINDING_BYTES_MAX).rev();
    let end = end.into_iter().find(|at| line.is_char_boundary(*at));
    line.truncate(end.unwrap_or(0));
    let mut line = fail_client::clean(&line).into_owned();
    for (n, figure) in figures.iter().enumerate() {
        let odd = |c: char| c.is_whitespace() || "|'=;".contains(c) || fail_client::is_odd(c);
        let plain = |text: &str| text.replace(odd, "_");
        let name = plain(&figure.name);
        let rest = [&figure.unit, &figure.warn, &figure.bad].map(|text| plain(text));
        let [unit, warn, bad] = rest;
        let bar = if n == 0 { " |" } else { "" };
        let text = format!(
            "{bar} {name}={}{unit};{warn};{bad}",
            plain(figure.value.trim())
        );
        line.push_str(text.trim_end_matches(';'));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_a_plugin_says() {
        let figure = |name: &str, unit: &str, bad: &str| Measured {
            name: name.to_string(),
            value: "12.5".to_string(),
            unit: unit.to_string(),
            warn: String::new(),
            bad: bad.to_string(),
        };
        let figures = [figure("used", "%", "90"), figure("a b", "", "")];
        assert_eq!(said("two | three\n\tlines\u{1b}", &[]).lines().count(), 1);
        assert_eq!(
            said("two | three", &figures),
            "two / three | used=12.5%;;90 a_b=12.5"
        );
        let evil = figure("\u{1b}[2Jx", "\u{202e}", "\u{200b}");
        let line = said("", &[evil]);
        assert!(!line.chars().any(fail_client::is_odd), "{line:?}");
        let long = said(&"ü".repeat(10_000), &[]);
        assert!(long.len() <= FINDING_BYTES_MAX);
    }
}
