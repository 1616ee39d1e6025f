//! Names of services and hosts.
//!
//! A name is what an administrator types into a policy, a shell and a community file, and
//! what travels on the wire. So it is legal only if none of those would trip over it: no
//! white space, no control or invisible characters, nothing that Tcl or a shell expands. Everything
//! else, UTF-8 included, is allowed. A `Name` that exists is legal; there is no other kind.

use std::fmt;
use std::sync::Arc;

use crate::text::is_invisible;

/// The longest name in bytes. Four names and their texts fit a datagram of 1,400 bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Characters that a shell, Tcl or the community file would read as something else.
const FORBIDDEN: &str = "*?[]{}()\\\"'$;#|&";

/// A legal name. Cheap to clone, ordered by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing there.
    #[error("a name can not be empty")]
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("a name has at most {NAME_BYTES_MAX} bytes, this one has {0}")]
    Long(usize),
    /// Begins like an option.
    #[error("a name can not begin with \"-\"")]
    Dash,
    /// A character that has a meaning elsewhere.
    #[error("a name can not contain {0:?}")]
    Char(char),
}

impl Name {
    /// Checks `text` and makes it a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Name, BadName> {
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(BadName::Long(text.len()));
        }
        if text.starts_with('-') {
            return Err(BadName::Dash);
        }
        let bad = |c: &char| {
            c.is_whitespace() || c.is_control() || is_invisible(*c) || FORBIDDEN.contains(*c)
        };
        match text.chars().find(bad) {
            Some(c) => Err(BadName::Char(c)),
            None => Ok(Name(Arc::from(text))),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;
    fn try_from(text: String) -> Result<Name, BadName> {
        Name::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.as_str().to_string()
    }
}

impl std::str::FromStr for Name {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Name, BadName> {
        Name::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_name_and_what_is_not() {
        for good in [
            "web",
            "db.primary",
            "a:b",
            "é",
            "<script>",
            "x-1",
            "10.0.0.1",
            "fe80::1%eth0",
        ] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        assert_eq!(Name::new(""), Err(BadName::Empty));
        assert_eq!(Name::new("-x"), Err(BadName::Dash));
        assert_eq!(Name::new("a b"), Err(BadName::Char(' ')));
        assert_eq!(Name::new("a\u{85}b"), Err(BadName::Char('\u{85}')));
        assert_eq!(Name::new("web\u{200b}"), Err(BadName::Char('\u{200b}')));
        assert_eq!(Name::new("*"), Err(BadName::Char('*')));
        assert!(Name::new(&"x".repeat(NAME_BYTES_MAX)).is_ok());
        assert_eq!(
            Name::new(&"x".repeat(NAME_BYTES_MAX + 1)),
            Err(BadName::Long(NAME_BYTES_MAX + 1))
        );
    }
}
