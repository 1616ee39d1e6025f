//! Who may read: whoever reaches the address, or whoever shows the token.
//!
//! On a loopback address one more thing is asked: that the request is for this host. A page
//! from elsewhere can give its own name this host's address (DNS rebinding), and a browser
//! would then let it read what is here.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fail_cli::{Failure, exit};
use fail_client::words;
use hyper::{HeaderMap, Uri, Version, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token of more is not read.
const TOKEN_BYTES_MAX: u64 = 4_096;

/// A shorter token can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// In the mode of a file: others may read it.
const OTHERS_READ: u32 = 0o004;

/// What is asked of who reads.
#[derive(Debug)]
pub struct Door {
    /// The hash of the token: two hashes are of one length, so the time of a comparison does
    /// not tell that of the token.
    token: Option<[u8; 32]>,
    loopback: bool,
}

/// Why somebody may not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// It is not said for which host the request is.
    Unsaid,
    /// It is for another host.
    Elsewhere,
    /// It does not show the token.
    Unknown,
}

impl Door {
    /// On this address, for those who show the first line of this file.
    ///
    /// # Errors
    /// The file can not be read, or has no token that is good enough.
    pub fn new(address: IpAddr, file: Option<&Path>) -> Result<Door, Failure> {
        let token = match file {
            Some(path) => Some(hash(token(path)?.as_bytes())),
            None => None,
        };
        Ok(Door {
            token,
            loopback: address.is_loopback(),
        })
    }

    /// Whether who asks so may read.
    ///
    /// # Errors
    /// He may not.
    pub fn opens(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), No> {
        let said = headers.get(header::HOST).map(|value| value.to_str());
        match said {
            // Browsers are younger than that.
            None if version < Version::HTTP_11 => {}
            None => return Err(No::Unsaid),
            Some(Ok(host)) if !self.loopback || is_this_host(host) => {}
            Some(_) => return Err(No::Elsewhere),
        }
        if headers.get_all(header::HOST).iter().count() > 1 {
            return Err(No::Unsaid);
        }
        if let Some(authority) = uri.authority() {
            if self.loopback && !is_this_host(authority.as_str()) {
                return Err(No::Elsewhere);
            }
        }
        let Some(token) = &self.token else {
            return Ok(());
        };
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
            match scheme.to_ascii_lowercase().as_str() {
                "bearer" => Some(rest.trim().as_bytes().to_vec()),
                // The password; whose it is does not matter.
                "basic" => {
                    let both = STANDARD.decode(rest.trim()).ok()?;
                    let colon = both.iter().position(|byte| *byte == b':')?;
                    Some(both[colon + 1..].to_vec())
                }
                _ => None,
            }
        });
        let right = shown.is_some_and(|shown| bool::from(hash(&shown).ct_eq(token)));
        right.then_some(()).ok_or(No::Unknown)
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Whether it is a name that only this host can have: `localhost` and what is below it, or a
/// loopback address; with a port or without.
fn is_this_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    lower == "localhost"
        || lower.ends_with(".localhost")
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn token(path: &Path) -> Result<String, Failure> {
    let file = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|opened| {
        let mut opened = opened.take(TOKEN_BYTES_MAX);
        opened.read_to_string(&mut text)
    });
    if let Err(e) = read {
        let text = format!("can not read token file {file}: {}", words(&e));
        return Err(Failure::new(exit::IOERR, text));
    }
    let token = text.lines().next().unwrap_or_default().trim();
    if token.len() < TOKEN_BYTES_MIN {
        let text = format!(
            "token file {file}: the first line has less than {TOKEN_BYTES_MIN} letters; such a \
             token can be guessed"
        );
        return Err(Failure::new(exit::DATA, text));
    }
    Ok(token.to_string())
}

/// A sentence if every user of this host may read the file.
pub fn warning(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.mode();
    let file = path.display();
    let sentence = format!("warning: {file}: every user of this host may read it; chmod o-r it");
    (mode & OTHERS_READ != 0).then_some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(door: &Door, pairs: &[(&str, &str)]) -> Result<(), No> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        door.opens(Version::HTTP_11, &Uri::from_static("/"), &headers)
    }

    #[test]
    fn on_loopback_a_request_is_for_this_host_or_refused() {
        let mut door = Door {
            token: None,
            loopback: true,
        };
        for host in [
            "localhost",
            "LOCALHOST:80",
            "localhost.:1",
            "mon.localhost:1849",
            "127.0.0.1:1849",
            "127.1.2.3",
            "[::1]:1849",
            "[::1]",
        ] {
            assert_eq!(ask(&door, &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example:1849",
            "127.0.0.1.evil.example",
            "xlocalhost",
            "192.0.2.1",
            "[::2]:1",
            "",
            "localhost@evil.example",
        ] {
            assert_eq!(ask(&door, &[("host", host)]), Err(No::Elsewhere), "{host}");
        }
        assert_eq!(ask(&door, &[]), Err(No::Unsaid));
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(ask(&door, &twice), Err(No::Unsaid));
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, header::HeaderValue::from_static("localhost"));
        let other = Uri::from_static("http://evil.example/");
        assert_eq!(
            door.opens(Version::HTTP_11, &other, &headers),
            Err(No::Elsewhere)
        );
        door.loopback = false;
        assert_eq!(ask(&door, &[("host", "mon.example.org")]), Ok(()));
    }

    #[test]
    fn a_token_opens_as_bearer_and_as_password() {
        let door = Door {
            token: Some(hash(b"0123456789abcdef")),
            loopback: false,
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let shown = |text: &str| ask(&door, &[("host", "h"), ("authorization", text)]);
        for good in [
            "Bearer 0123456789abcdef".to_string(),
            "bearer  0123456789abcdef".to_string(),
            basic("anybody:0123456789abcdef"),
            basic(":0123456789abcdef"),
        ] {
            assert_eq!(shown(&good), Ok(()), "{good}");
        }
        for bad in [
            String::new(),
            "Bearer".to_string(),
            "Bearer ".to_string(),
            "Bearer 0123456789abcdeF".to_string(),
            "Bearer 0123456789abcdef0".to_string(),
            "Digest 0123456789abcdef".to_string(),
            basic("0123456789abcdef"),
            basic("0123456789abcdef:"),
            "Basic !".to_string(),
        ] {
            assert_eq!(shown(&bad), Err(No::Unknown), "{bad}");
        }
        assert_eq!(ask(&door, &[("host", "h")]), Err(No::Unknown));
    }
}
