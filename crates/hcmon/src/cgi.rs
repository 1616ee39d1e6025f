//! `hcmon.cgi`: the page for a web server, by CGI/1.1 (RFC 3875).
//!
//! Options come from nowhere: a web server gives the words of a query that has no `=` to the
//! program as arguments (4.4 there), and anybody can send a query. The hosts are in a file; a
//! query chooses among them and their targets.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use fail_cli::{Failure, Hcmon, HostPort, exit};
use fail_client::clean;

use crate::look::{Shown, look};
use crate::query::Query;
use crate::{hosts, page, put};

/// The name under which it is a CGI program.
const NAME: &str = "hcmon.cgi";

/// Another file of hosts: set by who runs the web server, and by nobody who asks it.
const FILE: &str = "HCMON_FILE";

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
    let mut options = Hcmon::silent();
    if let Some(file) = std::env::var_os(FILE) {
        options.file = PathBuf::from(file);
    }
    put(&answer(&method, &query, &options))?;
    Ok(exit::OK)
}

fn answer(method: &str, query: &str, options: &Hcmon) -> String {
    if !["GET", "HEAD"].contains(&method) {
        let text = "Only GET and HEAD are answered.";
        return refused("405 Method Not Allowed\r\nAllow: GET, HEAD", text);
    }
    let query = match Query::read(query) {
        Ok(query) => query,
        Err(sentence) => return refused("400 Bad Request", &sentence),
    };
    let hosts = match hosts::read(&options.file) {
        Ok(hosts) => hosts,
        Err(failure) => {
            // For who runs the web server; where files are is nothing to others.
            eprintln!("{NAME}: {}", clean(&failure.to_string()));
            let text = "The list of hosts can not be read; the log of this server says why.";
            return refused("500 Internal Server Error", text);
        }
    };
    let hosts = match chosen(hosts, &query.hosts) {
        Ok(hosts) => hosts,
        Err(sentence) => return refused("400 Bad Request", &sentence),
    };
    let mut text = head("200 OK", "text/html");
    text += &format!("Content-Security-Policy: {}\r\n\r\n", page::policy());
    if method == "GET" {
        let asked = look(&hosts, options.port, query.names(), options.timeout.0);
        let shown = Shown::new(asked, query, true);
        text += &page::page(&shown, options.refresh.0.as_secs());
    }
    text
}

/// Those of the hosts that are wanted.
fn chosen(hosts: Vec<HostPort>, wanted: &[String]) -> Result<Vec<HostPort>, String> {
    if wanted.is_empty() {
        return Ok(hosts);
    }
    let is_wanted = |host: &HostPort| wanted.contains(&host.to_string());
    let chosen: Vec<HostPort> = hosts.into_iter().filter(is_wanted).collect();
    match chosen.is_empty() {
        true => Err("No host of that name is in the list.".to_string()),
        false => Ok(chosen),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, query: &str) -> String {
        let mut options = Hcmon::silent();
        options.file = PathBuf::from("/nonexistent/hosts");
        answer(method, query, &options)
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
            assert_eq!(is_cgi(Some(OsStr::new(name))), is, "{name}");
        }
        assert!(!is_cgi(None));
    }

    #[test]
    fn who_asks_for_something_else_is_refused() {
        for method in ["", "POST", "get", "DELETE"] {
            let text = ask(method, "");
            assert!(text.starts_with("Status: 405 "), "{text}");
            assert!(text.contains("\r\nAllow: GET, HEAD\r\n"), "{text}");
        }
        let text = ask("GET", "x");
        assert!(text.starts_with("Status: 400 Bad Request\r\nContent-Type: text/plain"));
        let text = ask("GET", "");
        assert!(text.starts_with("Status: 500 "), "{text}");
        assert!(!text.contains("nonexistent"), "{text}");
    }

    #[test]
    fn a_query_chooses_among_the_hosts_of_the_list_and_adds_none() {
        let hosts: Vec<HostPort> = ["a", "b:7"].map(|host| host.parse().unwrap()).to_vec();
        let chosen = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|host| (*host).to_string()).collect();
            let chosen = super::chosen(hosts.clone(), &wanted)?;
            let names = chosen.iter().map(ToString::to_string);
            Ok::<_, String>(names.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(chosen(&[]).unwrap(), "a b:7");
        assert_eq!(chosen(&["b:7", "192.0.2.1:22"]).unwrap(), "b:7");
        for stranger in ["192.0.2.1:22", "b", "a:1850", ""] {
            assert!(chosen(&[stranger]).is_err(), "{stranger}");
        }
    }
}
