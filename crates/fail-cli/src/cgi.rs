//! A program that a web server calls by CGI/1.1 (RFC 3875), to show a page and to do nothing else.
//!
//! Options come from nowhere: a web server gives the words of a query that has no `=` to the
//! program as arguments (4.4 there), and anybody can send a query.

use std::ffi::OsStr;
use std::path::Path;

/// Whether a program was started under the name that makes it one of these.
pub fn is_called(argv0: Option<&OsStr>, name: &str) -> bool {
    argv0.and_then(|path| Path::new(path).file_name()) == Some(OsStr::new(name))
}

/// A variable of the environment; what is no text in it is replaced.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// `GET`, `HEAD`, or what is not answered.
    pub method: String,
    /// What stands after the `?`.
    pub query: String,
}

const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// A page of HTML.
    Html(String),
    /// Something of this media type.
    Other(&'static str, String),
}

/// Why a page is not shown: one sentence, for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The query is wrong.
    Query(String),
    /// The program or its set-up is.
    Broken(String),
}

impl Request {
    /// The request that is in the environment.
    pub fn from_env() -> Request {
        Request {
            method: variable("REQUEST_METHOD").unwrap_or_default(),
            query: variable("QUERY_STRING").unwrap_or_default(),
        }
    }

    /// Whether the page is sent, and not only its head.
    pub fn wants_page(&self) -> bool {
        self.method == "GET"
    }

    /// The answer: this page of HTML, with the policy by which a browser is to hold it, or what
    /// else it is.
    pub fn answer(&self, policy: &str, page: impl FnOnce() -> Result<Page, Refused>) -> String {
        if !["GET", "HEAD"].contains(&self.method.as_str()) {
            let text = "Only GET and HEAD are answered.";
            return refused("405 Method Not Allowed\r\nAllow: GET, HEAD", text);
        }
        match page() {
            Ok(page) => {
                let (kind, page) = match &page {
                    Page::Html(page) => (HTML, page),
                    Page::Other(kind, page) => (*kind, page),
                };
                let head = head("200 OK", kind);
                let body = if self.wants_page() { page } else { "" };
                format!("{head}Content-Security-Policy: {policy}\r\n\r\n{body}")
            }
            Err(Refused::Query(sentence)) => refused("400 Bad Request", &sentence),
            Err(Refused::Broken(sentence)) => refused("500 Internal Server Error", &sentence),
        }
    }
}

fn head(status: &str, kind: &str) -> String {
    format!(
        "Status: {status}\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    )
}

fn refused(status: &str, sentence: &str) -> String {
    format!("{}\r\n{sentence}\n", head(status, PLAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &str, page: Result<&str, Refused>) -> String {
        let request = Request {
            method: method.to_string(),
            query: String::new(),
        };
        request.answer("default-src 'none'", || {
            page.map(|page| Page::Html(page.to_string()))
        })
    }

    #[test]
    fn only_its_own_name_makes_it_a_cgi_program() {
        for (name, is) in [
            ("hcmon.cgi", true),
            ("/usr/lib/cgi-bin/hcmon.cgi", true),
            ("hcmon", false),
            ("/hcmon.cgi/x", false),
            ("xhcmon.cgi", false),
        ] {
            assert_eq!(is_called(Some(OsStr::new(name)), "hcmon.cgi"), is, "{name}");
        }
        assert!(!is_called(None, "hcmon.cgi"));
    }

    #[test]
    fn who_does_not_only_read_is_refused() {
        for method in ["", "POST", "get", "DELETE"] {
            let text = answer(method, Ok("page"));
            assert!(text.starts_with("Status: 405 "), "{text}");
            assert!(text.contains("\r\nAllow: GET, HEAD\r\n"), "{text}");
            assert!(!text.contains("page"), "{text}");
        }
    }

    #[test]
    fn a_page_has_its_headers_and_a_refusal_is_one_sentence() {
        let head = answer("HEAD", Ok("page"));
        assert!(head.starts_with("Status: 200 OK\r\nContent-Type: text/html;"));
        assert!(head.ends_with("\r\nContent-Security-Policy: default-src 'none'\r\n\r\n"));
        assert_eq!(answer("GET", Ok("page")), head + "page");
        for (refused, status) in [
            (Refused::Query("Why.".to_string()), "400 Bad Request"),
            (
                Refused::Broken("Why.".to_string()),
                "500 Internal Server Error",
            ),
        ] {
            let text = answer("GET", Err(refused));
            let begin = format!("Status: {status}\r\nContent-Type: text/plain;");
            assert!(text.starts_with(&begin), "{text}");
            assert!(text.ends_with("\r\n\r\nWhy.\n"), "{text}");
        }
    }
}
