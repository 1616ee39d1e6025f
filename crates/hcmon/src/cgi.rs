//! `hcmon.cgi`: the page for a web server. The hosts are in a file; a query chooses among them and
//! their targets.

use std::ffi::OsStr;
use std::path::PathBuf;

use fail_cli::cgi::{self, Page, Refused, Request};
use fail_cli::{Failure, Hcmon, HostPort, exit};
use fail_client::{clean, metrics};

use crate::look::{Shown, look};
use crate::query::Query;
use crate::{hosts, page, put};

/// The name under which it is a CGI program.
const NAME: &str = "hcmon.cgi";

/// Another file of hosts: set by who runs the web server, and by nobody who asks it.
const FILE: &str = "HCMON_FILE";

/// Whether it was started under this name.
pub fn is_cgi(argv0: Option<&OsStr>) -> bool {
    cgi::is_called(argv0, NAME)
}

/// Answers the request that is in the environment.
///
/// # Errors
/// It can not be printed.
pub fn cgi() -> Result<u8, Failure> {
    let mut options = Hcmon::silent();
    if let Some(file) = std::env::var_os(FILE) {
        options.file = PathBuf::from(file);
    }
    put(&answer(&Request::from_env(), &options))?;
    Ok(exit::OK)
}

fn answer(request: &Request, options: &Hcmon) -> String {
    request.answer(&page::policy(), || {
        let query = Query::read(&request.query).map_err(Refused::Query)?;
        let hosts = hosts::read(&options.file).map_err(|failure| {
            // For who runs the web server; where files are is nothing to others.
            eprintln!("{NAME}: {}", clean(&failure.to_string()));
            let text = "The list of hosts can not be read; the log of this server says why.";
            Refused::Broken(text.to_string())
        })?;
        let hosts = chosen(hosts, &query.hosts).map_err(Refused::Query)?;
        // Nobody is asked for a head.
        let shown = || {
            let asked = look(&hosts, options.port, query.names(), options.timeout.0);
            Shown::new(asked, query.clone(), true)
        };
        let shown = request.wants_page().then(shown);
        let page = |shown| page::page(&shown, options.refresh.0.as_secs());
        Ok(match query.metrics {
            true => Page::Other(
                metrics::TYPE,
                shown.as_ref().map(Shown::metrics).unwrap_or_default(),
            ),
            false => Page::Html(shown.map(page).unwrap_or_default()),
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_something_else_is_refused() {
        let mut options = Hcmon::silent();
        options.file = PathBuf::from("/nonexistent/hosts");
        let ask = |query: &str| {
            let (method, query) = ("GET".to_string(), query.to_string());
            answer(&Request { method, query }, &options)
        };
        let text = ask("x");
        assert!(text.starts_with("Status: 400 Bad Request\r\nContent-Type: text/plain"));
        let text = ask("");
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
