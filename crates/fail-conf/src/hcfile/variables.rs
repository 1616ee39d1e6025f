//! Variables: names and texts. A text is what it was when it was set.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::{LINE_BYTES_MAX, VARIABLES_MAX};
use super::place::{At, Problem};

#[derive(Debug)]
struct Variable {
    value: String,
    at: At,
    used: bool,
}

/// All that are set.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    set: BTreeMap<String, Variable>,
    /// Those whose line could not be read. What they would be is not known.
    broken: BTreeSet<String>,
}

impl Variables {
    pub fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// The line that sets it could not be read, which was said.
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }

    pub fn break_off(&mut self, name: &str) {
        if self.broken.len() < VARIABLES_MAX {
            self.broken.insert(name.to_string());
        }
    }

    /// What it stands for; nothing if it is not set. It counts as used.
    pub fn value(&mut self, name: &str) -> &str {
        match self.set.get_mut(name) {
            None => "",
            Some(variable) => {
                variable.used = true;
                &variable.value
            }
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.set.keys().map(String::as_str)
    }

    /// Sets it by one of the signs `=`, `?` and `+`. Gives what it is now if it was changed.
    pub fn set(
        &mut self,
        name: &str,
        sign: char,
        text: String,
        at: At,
    ) -> Result<Option<&str>, Problem> {
        let old = self.set.get(name);
        let used = old.is_some_and(|old| old.used);
        let value = match (sign, old) {
            ('?', Some(_)) => return Ok(None),
            ('+', Some(old)) if !old.value.is_empty() => format!("{} {text}", old.value),
            _ => text,
        };
        if value.len() > LINE_BYTES_MAX {
            return Err(format!("a variable has at most {LINE_BYTES_MAX} bytes"));
        }
        if old.is_none() && self.set.len() >= VARIABLES_MAX {
            return Err(format!("more than {VARIABLES_MAX} variables"));
        }
        let variable = Variable { value, at, used };
        self.set.insert(name.to_string(), variable);
        Ok(self.set.get(name).map(|variable| variable.value.as_str()))
    }

    /// Those that nobody has used, and where they were set.
    pub fn unused(&self) -> impl Iterator<Item = (&str, At)> {
        let unused = self.set.iter().filter(|(_, variable)| !variable.used);
        unused.map(|(name, variable)| (name.as_str(), variable.at))
    }
}
