//! Who may read and change what: the rules of a community file, as values.

use std::collections::BTreeMap;

use fail_wire::{Key, Name};

use crate::limits;

/// What a community may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Rights {
    /// `RO`: read.
    ReadOnly,
    /// `RW`: read and change.
    ReadWrite,
}

/// The rules in force.
#[derive(Debug, Clone)]
pub struct Access {
    grants: BTreeMap<u32, Grant>,
    /// Without a community file, whoever asks from this host may change everything.
    trust_loopback: bool,
}

/// What one community may do.
#[derive(Debug, Clone)]
struct Grant {
    key: Key,
    everything: Option<Rights>,
    services: BTreeMap<Name, Rights>,
}

/// Two different communities that can not be told apart by their key ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// One in four thousand million: the header can not tell them apart.
    #[error("this community can not be told from an earlier one; change a character of it")]
    Twin,
    /// See [`limits::COMMUNITIES_MAX`].
    #[error("more than {} communities", limits::COMMUNITIES_MAX)]
    Many,
}

impl Access {
    /// No rules: nobody may do anything.
    pub fn none() -> Access {
        Access {
            grants: BTreeMap::new(),
            trust_loopback: false,
        }
    }

    /// What holds without a community file: with the community `public` everyone may read
    /// and this host itself may change.
    pub fn open() -> Access {
        let mut access = Access::none();
        access.trust_loopback();
        if let Ok(key) = Key::new(crate::policy::DEFAULT_COMMUNITY) {
            let everything = Some(Rights::ReadOnly);
            access.grants.insert(
                key.id(),
                Grant {
                    key,
                    everything,
                    services: BTreeMap::new(),
                },
            );
        }
        access
    }

    /// Adds one line of a community file; `service` is nothing for `*`. An earlier line
    /// for the same service and community stands.
    ///
    /// # Errors
    /// See [`BadRule`].
    pub fn add(&mut self, service: Option<Name>, key: Key, rights: Rights) -> Result<(), BadRule> {
        if self.grants.len() >= limits::COMMUNITIES_MAX && !self.grants.contains_key(&key.id()) {
            return Err(BadRule::Many);
        }
        let fresh = Grant {
            key: key.clone(),
            everything: None,
            services: BTreeMap::new(),
        };
        let grant = self.grants.entry(key.id()).or_insert(fresh);
        if !grant.key.same(&key) {
            return Err(BadRule::Twin);
        }
        match service {
            None => {
                grant.everything.get_or_insert(rights);
            }
            Some(name) => {
                grant.services.entry(name).or_insert(rights);
            }
        }
        Ok(())
    }

    /// The rules one by one, each for a service or for all: those of one community together.
    pub fn rules(&self) -> impl Iterator<Item = (Option<&Name>, &Key, Rights)> {
        self.grants.values().flat_map(|grant| {
            let everything = grant.everything.map(|rights| (None, rights));
            let services = grant.services.iter();
            let services = services.map(|(name, rights)| (Some(name), *rights));
            let rules = everything.into_iter().chain(services);
            rules.map(|(service, rights)| (service, &grant.key, rights))
        })
    }

    /// Whether whoever asks from this host may change everything.
    pub fn trusts_loopback(&self) -> bool {
        self.trust_loopback
    }

    /// From now on he may.
    pub fn trust_loopback(&mut self) {
        self.trust_loopback = true;
    }

    /// How many communities there are.
    pub fn len(&self) -> usize {
        self.grants.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// The key that a message names.
    pub fn key(&self, id: u32) -> Option<&Key> {
        self.grants.get(&id).map(|grant| &grant.key)
    }

    /// Whether the holder of this key may change any service at all.
    pub fn may_change_anything(&self, key: &Key, loopback: bool) -> bool {
        let Some(grant) = self.grants.get(&key.id()) else {
            return false;
        };
        let services = grant.services.values().copied();
        let mut rights = services.chain(grant.everything);
        self.trust_loopback && loopback || rights.any(|rights| rights == Rights::ReadWrite)
    }

    /// Whether the holder of this key may change every service that has no line of its own.
    pub fn may_change_everything(&self, key: &Key, loopback: bool) -> bool {
        let grant = self.grants.get(&key.id());
        let everything = grant.and_then(|grant| grant.everything);
        grant.is_some() && self.trust_loopback && loopback || everything == Some(Rights::ReadWrite)
    }

    /// What the holder of this key may do with this service; nothing: not even read it.
    pub fn rights(&self, key: &Key, service: &Name, loopback: bool) -> Option<Rights> {
        let grant = self.grants.get(&key.id())?;
        if self.trust_loopback && loopback {
            return Some(Rights::ReadWrite);
        }
        grant.services.get(service).copied().or(grant.everything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn the_most_specific_line_wins_then_the_first() {
        let key = Key::new("secret").unwrap();
        let mut access = Access::none();
        access.add(None, key.clone(), Rights::ReadWrite).unwrap();
        access.add(None, key.clone(), Rights::ReadOnly).unwrap();
        access
            .add(Some(name("web")), key.clone(), Rights::ReadOnly)
            .unwrap();
        access
            .add(Some(name("web")), key.clone(), Rights::ReadWrite)
            .unwrap();
        assert_eq!(
            access.rights(&key, &name("web"), false),
            Some(Rights::ReadOnly)
        );
        assert_eq!(
            access.rights(&key, &name("dns"), false),
            Some(Rights::ReadWrite)
        );
        let other = Key::new("other").unwrap();
        assert_eq!(access.rights(&other, &name("dns"), true), None);
    }

    #[test]
    fn without_a_file_public_reads_and_only_loopback_writes() {
        let access = Access::open();
        let key = Key::new("public").unwrap();
        assert_eq!(
            access.rights(&key, &name("web"), false),
            Some(Rights::ReadOnly)
        );
        assert_eq!(
            access.rights(&key, &name("web"), true),
            Some(Rights::ReadWrite)
        );
    }
}
