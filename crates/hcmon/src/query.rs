//! What a request may narrow: which targets, of which hosts, and whether with all changes; or
//! whether figures are wanted instead of a page.
//!
//! A query is anybody's text: it chooses among what is there and nothing else.

use fail_client::clean;
use fail_client::health::fits;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Bytes of a query; links on the page have a tenth.
const QUERY_BYTES_MAX: usize = 4_096;

/// Of what is wrong so many letters are told.
const LETTERS_TOLD: usize = 40;

/// It; by default everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Names and patterns; none: all.
    pub targets: Vec<String>,
    /// Hosts as the file has them; none: all.
    pub hosts: Vec<String>,
    /// With all changes.
    pub history: bool,
    /// Figures for Prometheus, and no page.
    pub metrics: bool,
}

impl Query {
    /// Reads it.
    ///
    /// # Errors
    /// It asks for something else: one sentence.
    pub fn read(text: &str) -> Result<Query, String> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(format!("A query has at most {QUERY_BYTES_MAX} bytes."));
        }
        let mut query = Query::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(decoded(value)?)),
                None => (part, None),
            };
            match (name, value.as_deref()) {
                ("target", Some(value)) => query.targets.push(value.to_string()),
                ("host", Some(value)) => query.hosts.push(value.to_string()),
                ("history", None | Some("")) => query.history = true,
                ("metrics", None | Some("")) => query.metrics = true,
                _ => {
                    let said = "The parameters are target=, host=, history and metrics, and not";
                    return Err(format!("{said} \"{}\".", told(part)));
                }
            }
        }
        Ok(query)
    }

    /// Whether a target of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|pattern| fits(pattern, name))
    }

    /// The names that are to be asked for; none: all.
    pub fn names(&self) -> &[String] {
        match self.targets.iter().any(|name| name.contains('%')) {
            true => &[],
            false => &self.targets,
        }
    }

    /// Whether it is not everything.
    pub fn narrows(&self) -> bool {
        !(self.targets.is_empty() && self.hosts.is_empty())
    }
}

/// The query that asks for this target of this host, with all changes.
pub fn link(host: &str, target: &str) -> String {
    let code = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!("?host={}&target={}&history", code(host), code(target))
}

fn decoded(value: &str) -> Result<String, String> {
    let value = value.replace('+', " ");
    let text = percent_decode_str(&value).decode_utf8();
    text.map(|text| text.into_owned())
        .map_err(|_| format!("\"{}\" is no UTF-8.", told(&value)))
}

fn told(text: &str) -> String {
    let short: String = text.chars().take(LETTERS_TOLD).collect();
    clean(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_chooses_or_is_wrong() {
        let query = Query::read("target=web-%25&host=a%3A1&&target=n%C3%A9+x&history").unwrap();
        assert_eq!(query.targets, ["web-%", "né x"]);
        assert_eq!(query.hosts, ["a:1"]);
        assert!(!query.metrics && Query::read("metrics&host=a").unwrap().metrics);
        assert!(query.history && query.narrows() && query.names().is_empty());
        assert!(query.wants("web-7") && query.wants("né x") && !query.wants("dns"));
        let all = Query::read("").unwrap();
        assert!(all.wants("x") && !all.narrows());
        for bad in [
            "refresh=1",
            "target",
            "history=1",
            "--file=/etc/passwd",
            "file=/etc/passwd",
            "-p+22",
            "target=%ff",
            "\u{1b}[2J",
        ] {
            let sentence = Query::read(bad).unwrap_err();
            assert!(
                sentence.ends_with('.') && !sentence.contains('\u{1b}'),
                "{sentence}"
            );
        }
        assert!(Query::read(&"x".repeat(5_000)).unwrap_err().len() < 100);
    }

    #[test]
    fn a_link_asks_for_what_it_says() {
        let evil = "a&host=b%\"'<é #";
        let link = link("hosta:7", evil);
        let query = Query::read(link.strip_prefix('?').unwrap()).unwrap();
        assert_eq!(
            (query.hosts, query.targets),
            (vec!["hosta:7".into()], vec![evil.into()])
        );
        assert!(query.history);
    }
}
