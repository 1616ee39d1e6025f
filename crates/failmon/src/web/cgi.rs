//! `failmon.cgi`: the page for a web server, by CGI/1.1 (RFC 3875).
//!
//! Options come from nowhere: a web server gives the words of a query that has no `=` to the
//! program as arguments (4.4 there), and anybody can send a query. The targets are in the
//! environment, which the administrator of the web server sets; of the query only `refresh` is
//! read.

use std::ffi::OsStr;
use std::path::Path;

use fail_cli::{Failmon, Failure, HostPort, exit};

use super::page::{self, Form, REFRESH};
use super::parts::Shown;
use super::put;
use crate::plain::gathered;
use fail_client::clean;

/// The name under which it is a CGI program.
const NAME: &str = "failmon.cgi";

/// Words: the failshs to look at.
const TARGETS: &str = "FAILMON_TARGETS";

/// Whether it was started under this name.
pub fn is_cgi(argv0: Option<&OsStr>) -> bool {
    argv0.and_then(|name| Path::new(name).file_name()) == Some(OsStr::new(NAME))
}

/// Answers the request that is in the environment.
///
/// # Errors
/// It can not be printed.
pub fn cgi() -> Result<u8, Failure> {
    let variable = |name: &str| {
        let value = std::env::var_os(name)?;
        Some(value.to_string_lossy().into_owned())
    };
    let method = variable("REQUEST_METHOD").unwrap_or_default();
    let query = variable("QUERY_STRING").unwrap_or_default();
    let targets = variable(TARGETS).unwrap_or_default();
    put(&answer(&method, &query, &targets))?;
    Ok(exit::OK)
}

fn answer(method: &str, query: &str, targets: &str) -> String {
    if !["GET", "HEAD"].contains(&method) {
        let text = "Only GET and HEAD are answered.";
        return refused("405 Method Not Allowed\r\nAllow: GET, HEAD", text);
    }
    let refresh = match parameters(query) {
        Ok(refresh) => refresh,
        Err(sentence) => return refused("400 Bad Request", &sentence),
    };
    let broken = |sentence: &str| refused("500 Internal Server Error", sentence);
    let source = options(targets).and_then(|o| gathered(&o).map_err(|e| e.to_string()));
    let source = match source {
        Ok((source, _)) => source,
        Err(sentence) => return broken(&sentence),
    };
    let mut text = head("200 OK", "text/html");
    text += &format!("Content-Security-Policy: {}\r\n\r\n", page::policy(false));
    if method == "GET" {
        let shown = Shown::new(&source.cluster, source.clock.now_ms(), false);
        text += &page::page(
            &shown,
            Form {
                refresh,
                live: None,
            },
        );
    }
    text
}

fn options(targets: &str) -> Result<Failmon, String> {
    let targets: Result<Vec<HostPort>, String> = targets
        .split_whitespace()
        .map(|word| word.parse().map_err(|e| format!("{TARGETS}: {e}")))
        .collect();
    Ok(Failmon::page(targets?))
}

fn head(status: &str, kind: &str) -> String {
    format!(
        "Status: {status}\r\nContent-Type: {kind}; charset=utf-8\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    )
}

fn refused(status: &str, sentence: &str) -> String {
    format!("{}\r\n{sentence}\n", head(status, "text/plain"))
}

/// What a query asks for: how often the page is to be read again.
///
/// # Errors
/// It asks for something else: one sentence.
pub fn parameters(query: &str) -> Result<Option<u64>, String> {
    /// Of what is wrong so many letters are told.
    const LETTERS_TOLD: usize = 40;
    let told = |text: &str| {
        let short: String = text.chars().take(LETTERS_TOLD).collect();
        clean(&short).into_owned()
    };
    let mut refresh = None;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some(("refresh", value)) = part.split_once('=') else {
            return Err(format!(
                "The only parameter is refresh, and not \"{}\".",
                told(part)
            ));
        };
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = value.parse().ok().filter(|s| digits && REFRESH.contains(s));
        if seconds.is_none() {
            return Err(format!(
                "refresh is a number of seconds from {} to {}, and not \"{}\".",
                REFRESH.start(),
                REFRESH.end(),
                told(value)
            ));
        }
        refresh = seconds;
    }
    Ok(refresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_name_makes_it_a_cgi_program() {
        for (name, is) in [
            ("failmon.cgi", true),
            ("/usr/lib/cgi-bin/failmon.cgi", true),
            ("failmon", false),
            ("/failmon.cgi/x", false),
            ("xfailmon.cgi", false),
        ] {
            assert_eq!(is_cgi(Some(OsStr::new(name))), is, "{name}");
        }
        assert!(!is_cgi(None));
    }

    #[test]
    fn a_query_asks_for_a_refresh_or_is_wrong() {
        for (query, is) in [
            ("", None),
            ("&", None),
            ("refresh=5", Some(5)),
            ("refresh=1&refresh=3600", Some(3_600)),
        ] {
            assert_eq!(parameters(query), Ok(is), "{query}");
        }
        for bad in [
            "refresh",
            "refresh=",
            "refresh=0",
            "refresh=3601",
            "refresh=+5",
            "refresh=5s",
            "refresh=99999999999999999999999",
            "--serve+1",
            "x=1",
            "refresh=5;x",
            "\u{1b}[2J",
        ] {
            let sentence = parameters(bad).unwrap_err();
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(!sentence.contains('\u{1b}'), "{sentence}");
        }
        let long = parameters(&"x".repeat(100_000)).unwrap_err();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn who_does_not_only_read_is_refused() {
        for method in ["", "POST", "get", "DELETE"] {
            let text = answer(method, "", "");
            assert!(text.starts_with("Status: 405 "), "{text}");
            assert!(text.contains("\r\nAllow: GET, HEAD\r\n"), "{text}");
        }
        let text = answer("GET", "x", "");
        assert!(text.starts_with("Status: 400 Bad Request\r\nContent-Type: text/plain"));
        let text = answer("GET", "", "a/b");
        assert!(text.starts_with("Status: 500 ") && text.contains("FAILMON_TARGETS: "));
    }
}
