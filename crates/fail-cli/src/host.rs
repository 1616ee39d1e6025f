//! A host on the command line, with or without a port.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::ports;

/// `name`, `name:port`, `192.0.2.1:port`, `[2001:db8::1]:port`, `2001:db8::1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, if one was given.
    pub port: Option<u16>,
}

impl HostPort {
    /// The port, or this one if none was given.
    pub fn port_or(&self, port: u16) -> u16 {
        self.port.unwrap_or(port)
    }

    /// What may have been meant, for when nobody answers: `::1:1847` is an address, and one
    /// that looks as if its end were a port.
    pub fn hint(&self) -> Option<String> {
        let meant = self
            .port
            .is_none()
            .then(|| bracketed(&self.host))
            .flatten()?;
        Some(format!("if that has a port, write {meant}"))
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<HostPort, String> {
        let (host, port) = split(text)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
        if host.is_empty() {
            return Err(format!("no host in \"{text}\""));
        }
        if host.starts_with('-') || host.contains(odd) {
            return Err(format!("\"{host}\" is not a host"));
        }
        // `failstat -w 2` for `failstat -w=2`, and the like.
        if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') && host.split('.').count() < 4 {
            return Err(format!("\"{host}\" is a number, not a host"));
        }
        Ok(HostPort {
            host: host.to_string(),
            port: port.map(ports::port).transpose()?,
        })
    }
}

/// Several of them, with commas between; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostList(pub Vec<HostPort>);

impl FromStr for HostList {
    type Err = String;

    fn from_str(text: &str) -> Result<HostList, String> {
        let hosts: Result<_, _> = text.split(',').map(str::parse).collect();
        hosts.map(HostList)
    }
}

/// Whether this is an IPv6 address, with a zone or without.
fn is_v6(host: &str) -> bool {
    let plain = host.split_once('%').map_or(host, |(plain, _zone)| plain);
    plain.parse::<Ipv6Addr>().is_ok()
}

/// An IPv6 address and what looks like a port, with the brackets that are missing.
fn bracketed(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let is_port =
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse().is_ok_and(|n: u16| n > 999);
    (is_port && is_v6(host)).then(|| format!("[{host}]:{port}"))
}

/// Cuts a host from its port, and IPv6 addresses from their brackets.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').unwrap_or(("", ""));
        if !is_v6(host) {
            return Err(format!("\"{text}\" is not an IPv6 address in brackets"));
        }
        return match (after, after.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(port)) => Ok((host, Some(port))),
            _ => Err(format!("\"{after}\" after the address in \"{text}\"")),
        };
    }
    match text.split_once(':') {
        None => Ok((text, None)),
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        Some(_) if is_v6(text) => Ok((text, None)),
        Some(_) => Err(match bracketed(text) {
            Some(meant) => format!("\"{text}\" is not an IPv6 address; with a port it is {meant}"),
            None => format!("\"{text}\" is not an IPv6 address"),
        }),
    }
}

/// As it may be typed.
impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (None, _) => f.write_str(&self.host),
            (Some(port), false) => write!(f, "{}:{port}", self.host),
            (Some(port), true) => write!(f, "[{}]:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_a_port() {
        for (text, host, port) in [
            ("hosta", "hosta", None),
            ("hosta:1847", "hosta", Some(1847)),
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1:7", "192.0.2.1", Some(7)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[::1]:7", "::1", Some(7)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[fe80::1%eth0]:7", "fe80::1%eth0", Some(7)),
        ] {
            let read: HostPort = text.parse().unwrap();
            assert_eq!((read.host.as_str(), read.port), (host, port), "{text}");
            assert_eq!(read.to_string().parse(), Ok(read), "{text}");
        }
    }

    #[test]
    fn an_address_that_ends_like_a_port_has_a_hint() {
        let hint = |text: &str| text.parse::<HostPort>().unwrap().hint();
        for (text, meant) in [
            ("::1:1847", "[::1]:1847"),
            ("2001:db8::7:1847", "[2001:db8::7]:1847"),
            ("fe80::1%eth0:1847", "[fe80::1%eth0]:1847"),
        ] {
            let hint = hint(text).unwrap();
            assert!(hint.ends_with(meant), "{hint}");
        }
        for text in [
            "::1",
            "::1847",
            "2001:db8::7:2",
            "::1:18f7",
            "[::1]:1847",
            "a:1847",
        ] {
            assert_eq!(hint(text), None, "{text}");
        }
        let nine = "1:2:3:4:5:6:7:8:1847".parse::<HostPort>().unwrap_err();
        assert!(nine.ends_with("[1:2:3:4:5:6:7:8]:1847"), "{nine}");
    }

    #[test]
    fn a_list_has_commas_and_no_holes() {
        let list: HostList = "hosta,[::1]:7".parse().unwrap();
        let names = list.0.iter().map(ToString::to_string);
        assert_eq!(names.collect::<Vec<_>>(), ["hosta", "[::1]:7"]);
        for bad in ["", ",", "a,", ",a", "a,,b", "a,b:x", "a, b"] {
            assert!(bad.parse::<HostList>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_host() {
        for bad in [
            "", ":", ":1847", "a:", "a:0", "a:65536", "a:x", "a:1:2", "[::1", "[a]:1", "[]:1",
            "[::1]7", "a b", "a/b", "-a", "2", "0.5", "a:+1",
        ] {
            assert!(bad.parse::<HostPort>().is_err(), "{bad}");
        }
    }
}
