//! `failmon.cgi`: the page for a web server. The targets are in the environment, which the
//! administrator of the web server sets; of the query only `refresh` is read.

use std::ffi::OsStr;

use fail_cli::cgi::{self, Page, Refused, Request};
use fail_cli::{Failmon, Failure, HostPort, REFRESH, exit};
use fail_client::clean;

use super::page::{self, Form};
use super::parts::Shown;
use crate::plain::{gathered, say};

/// The name under which it is a CGI program.
const NAME: &str = "failmon.cgi";

/// Words: the failshs to look at.
const TARGETS: &str = "FAILMON_TARGETS";

/// Whether it was started under this name.
pub fn is_cgi(argv0: Option<&OsStr>) -> bool {
    cgi::is_called(argv0, NAME)
}

/// Answers the request that is in the environment.
///
/// # Errors
/// It can not be printed.
pub fn cgi() -> Result<u8, Failure> {
    let targets = cgi::variable(TARGETS).unwrap_or_default();
    say(&answer(&Request::from_env(), &targets))?;
    Ok(exit::OK)
}

fn answer(request: &Request, targets: &str) -> String {
    request.answer(&page::policy(false), || {
        let refresh = parameters(&request.query).map_err(Refused::Query)?;
        let source = options(targets).and_then(|o| gathered(&o).map_err(|e| e.to_string()));
        let (source, _) = source.map_err(Refused::Broken)?;
        let shown = Shown::new(&source.cluster, source.clock.now_ms(), false);
        let live = None;
        Ok(Page::Html(page::page(&shown, Form { refresh, live })))
    })
}

fn options(targets: &str) -> Result<Failmon, String> {
    let targets: Result<Vec<HostPort>, String> = targets
        .split_whitespace()
        .map(|word| word.parse().map_err(|e| format!("{TARGETS}: {e}")))
        .collect();
    Ok(Failmon::page(targets?))
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
    fn a_wrong_query_and_wrong_targets_are_refused() {
        let ask = |query: &str, targets: &str| {
            let (method, query) = ("GET".to_string(), query.to_string());
            answer(&Request { method, query }, targets)
        };
        let text = ask("x", "");
        assert!(text.starts_with("Status: 400 Bad Request\r\nContent-Type: text/plain"));
        let text = ask("", "a/b");
        assert!(text.starts_with("Status: 500 ") && text.contains("FAILMON_TARGETS: "));
    }
}
