//! Values of settings and keys: times, numbers, hosts, addresses of the web. What is wrong is
//! said in a sentence that names the value; the caller knows the place.

use std::net::{IpAddr, Ipv6Addr};

use fail_core::time::Span;
use fail_wire::Name;

use super::check::Host;
use super::place::{Problem, meant, shown};

/// The longest name of a host, by RFC 1035.
const HOST_BYTES_MAX: usize = 253;

/// A time within bounds.
pub(crate) fn time(text: &str, least: Span, most: Span) -> Result<Span, Problem> {
    let Some(span) = Span::parse(text) else {
        let shown = shown(text);
        return Err(format!(
            "{shown} is no time, such as 500ms, 10s, 1.5m or 2h"
        ));
    };
    if span < least || span > most {
        return Err(format!("{span} is not within {least} and {most}"));
    }
    Ok(span)
}

/// A whole number within bounds.
pub(crate) fn number(text: &str, least: u32, most: u32) -> Result<u32, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(n) if digits && (least..=most).contains(&n) => Ok(n),
        _ => Err(format!(
            "{} is no whole number from {least} to {most}",
            shown(text)
        )),
    }
}

/// One of a few words.
pub(crate) fn word<T: Copy>(text: &str, known: &[(&'static str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let near = meant(text, words.iter().copied());
    let (last, others) = words.split_last().unwrap_or((&"", &[]));
    Err(format!(
        "{} should be {} or {last}{near}",
        shown(text),
        others.join(", ")
    ))
}

/// `yes` or `no`.
pub(crate) fn yes(text: &str) -> Result<bool, Problem> {
    word(text, &[("yes", true), ("no", false)])
}

/// A name of a service.
pub(crate) fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|bad| format!("{}: {bad}", shown(text)))
}

/// A name or an address without port, and without brackets.
pub(crate) fn host_name(text: &str) -> Result<String, Problem> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner {
        return match is_v6(inner) {
            true => Ok(inner.to_string()),
            false => Err(format!("{} is no address of IPv6", shown(text))),
        };
    }
    if is_v6(text) {
        return Ok(text.to_string());
    }
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let good = !text.is_empty()
        && text.len() <= HOST_BYTES_MAX
        && text.bytes().all(letters)
        && !text.starts_with(['-', '.'])
        && !text.contains("..");
    match good {
        true => Ok(text.to_string()),
        false => Err(format!("{} is no name or address of a host", shown(text))),
    }
}

/// With or without the zone of a link-local address.
fn is_v6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let plain = |zone: &str| !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_graphic());
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(plain)
}

/// `HOST[:PORT]`. An address of IPv6 with a port is in brackets. Without a port it is `port`, and
/// without that one must be said.
pub(crate) fn host(text: &str, port: Option<u16>) -> Result<Host, Problem> {
    let split = match text.rfind(']') {
        Some(end) => text.split_at(end + 1),
        None if text.parse::<IpAddr>().is_ok() || is_v6(text) => (text, ""),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let name = host_name(split.0);
    let name = name.map_err(|_| format!("{} is no name or address of a host", shown(text)))?;
    let port = match (split.1.strip_prefix(':'), port) {
        (Some(said), _) => number(said, 1, u32::from(u16::MAX))
            .map_err(|problem| format!("port {problem}"))? as u16,
        (None, _) if !split.1.is_empty() => {
            return Err(format!("{} is no HOST:PORT", shown(text)));
        }
        (None, Some(port)) => port,
        (None, None) => return Err(format!("{} has no port: HOST:PORT", shown(text))),
    };
    Ok(Host { name, port })
}

/// An address of the web with one of these schemes. Gives which.
pub(crate) fn url(text: &str, schemes: &[&'static str]) -> Result<&'static str, Problem> {
    let says = |what: &str| Err(format!("{} {what}", shown(text)));
    let parts = text.split_once("://");
    let scheme = parts.and_then(|(s, rest)| Some((*schemes.iter().find(|k| **k == s)?, rest)));
    let Some((scheme, rest)) = scheme else {
        return says(&format!(
            "does not begin with {}://",
            schemes.join(":// or ")
        ));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let odd = |text: &str| text.chars().find(|c| !c.is_ascii_graphic());
    if let Some(letter) = odd(&rest[..end]).filter(|letter| letter.is_alphabetic()) {
        let xn = "which is written as xn--... in the name of a host";
        return says(&format!("has a {letter:?}, {xn}"));
    }
    if let Some(letter) = odd(text) {
        return says(&format!("has a {letter:?}, which is written with % there"));
    }
    if rest[..end].contains('@') {
        // It is not shown: a broken line is read by more people than the file.
        return Err(
            "the URL has a user in it; passwords stand in files (auth=FILE, bind=FILE)".to_string(),
        );
    }
    host(&rest[..end], Some(1))?;
    Ok(scheme)
}

/// The host of an address of the web that was read, without its port and brackets.
pub(crate) fn url_host(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    host(&rest[..end], Some(1)).ok().map(|host| host.name)
}

/// An address for mail.
pub(crate) fn mail(text: &str) -> Result<String, Problem> {
    let plain = |b: u8| b.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&b);
    let good = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && user.bytes().all(plain) && host_name(host).is_ok() && text.len() <= 254
    });
    match good {
        true => Ok(text.to_string()),
        false => Err(format!("{} is no user@host", shown(text))),
    }
}

/// Each of a list with commas.
pub(crate) fn list<T>(
    text: &str,
    one: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    text.split(',').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_ports() {
        for (text, name, port) in [
            ("www", "www", 80),
            ("www.example.org:8080", "www.example.org", 8080),
            ("192.0.2.1", "192.0.2.1", 80),
            ("[::1]:443", "::1", 443),
            ("[::1]", "::1", 80),
            ("::1", "::1", 80),
            ("[fe80::1%eth0]:25", "fe80::1%eth0", 25),
            ("fe80::1%eth0", "fe80::1%eth0", 80),
        ] {
            let name = name.to_string();
            assert_eq!(host(text, Some(80)), Ok(Host { name, port }), "{text}");
        }
        for bad in [
            "",
            ":80",
            "www:",
            "www:0",
            "www:65536",
            "www:+1",
            "a b",
            "[www]:80",
            "[::1]80",
            "::1]",
            "[::1",
            "-x",
            "a..b",
            "www:80:80",
            "w\u{fc}w",
            "[::1%]:80",
        ] {
            assert!(host(bad, Some(80)).is_err(), "{bad}");
        }
        assert!(host("www", None).unwrap_err().contains("has no port"));
    }

    #[test]
    fn urls_and_mail_addresses() {
        let known = ["http", "https"];
        for (good, scheme) in [
            ("http://www/", "http"),
            ("https://[::1]:8443/a?b=c#d", "https"),
            ("http://192.0.2.1", "http"),
        ] {
            assert_eq!(url(good, &known), Ok(scheme));
        }
        for bad in [
            "www",
            "ftp://x/",
            "http://",
            "http:///x",
            "http://a b/",
            "http://u:p@www/",
            "http://www:x/",
            "http://w\u{fc}w/",
        ] {
            assert!(url(bad, &known).is_err(), "{bad}");
        }
        assert!(mail("a.b+c@mail.example.org").is_ok());
        for bad in [
            "root", "@x", "a@", "a@b@c", "a b@c", "<a@b>", "a@b,c@d", "a@b c",
        ] {
            assert!(mail(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_times_have_bounds() {
        assert_eq!(number("007", 1, 10), Ok(7));
        for bad in ["", "+1", "-1", "11", "0", "x", "99999999999"] {
            assert!(number(bad, 1, 10).is_err(), "{bad}");
        }
        let (least, most) = (Span::from_millis(10), Span::from_secs(60));
        assert_eq!(time("1m", least, most), Ok(most));
        assert_eq!(
            time("61", least, most).unwrap_err(),
            "61s is not within 10ms and 1m"
        );
        assert!(
            time("ten", least, most)
                .unwrap_err()
                .contains("\"ten\" is no time")
        );
    }
}
