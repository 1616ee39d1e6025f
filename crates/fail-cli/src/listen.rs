//! Where a program listens beside its main work: `none`, a port, or an address and a port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Where to listen, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    None,
    /// On this port of the loopback addresses; 0: on any that is free.
    Loopback(u16),
    /// There.
    At(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        if text == "none" {
            return Ok(Listen::None);
        }
        if let Ok(port) = text.parse() {
            return Ok(Listen::Loopback(port));
        }
        if let Ok(addr) = text.parse() {
            return Ok(Listen::At(addr));
        }
        Err(format!(
            "\"{text}\" is no port, such as 1848, no address and port, such as 0.0.0.0:1848 or \
             [::1]:1848, and not none"
        ))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::None => f.write_str("none"),
            Listen::Loopback(port) => write!(f, "{port}"),
            Listen::At(addr) => write!(f, "{addr}"),
        }
    }
}

impl Listen {
    /// The address to begin with; nothing: nowhere.
    pub fn addr(self) -> Option<SocketAddr> {
        match self {
            Listen::None => None,
            Listen::Loopback(port) => Some((IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()),
            Listen::At(addr) => Some(addr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["none", "0", "1848", "0.0.0.0:1848", "[::1]:1"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for bad in ["", "x", "-1", "65536", "hosta:1848", "::1", "1.2.3.4"] {
            assert!(bad.parse::<Listen>().unwrap_err().contains(bad), "{bad}");
        }
    }
}
