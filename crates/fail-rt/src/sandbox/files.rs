//! Files by Landlock: what is not named is out of reach, whoever owns it.
//!
//! A rule holds for a directory as it is now, whatever its name becomes: one that is put in its
//! place is another. Descriptors that are open stay open, sockets in the file system can be
//! reached as before, and whether a file is there can still be asked.

use std::fmt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::Use;

/// The newest that this was tried with. What it knows and the kernel does not is left out.
const KNOWN: ABI = ABI::V6;

/// How much of it the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Part,
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Whole => Ok(()),
            Extent::Part => f.write_str(" (as far as this older kernel can)"),
        }
    }
}

/// From now on nothing else.
pub(super) fn restrict(places: &[(PathBuf, Use)]) -> Result<Extent, String> {
    let status = rules(places).and_then(landlock::RulesetCreated::restrict_self);
    let status = status.map_err(|e| e.to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok(Extent::Whole),
        (RulesetStatus::PartiallyEnforced, _) => Ok(Extent::Part),
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            Err("Landlock is switched off in this kernel".to_owned())
        }
        (RulesetStatus::NotEnforced, _) => Err("this kernel has no Landlock".to_owned()),
    }
}

fn rules(places: &[(PathBuf, Use)]) -> Result<landlock::RulesetCreated, RulesetError> {
    let all = Ruleset::default().handle_access(AccessFs::from_all(KNOWN))?;
    // Signals to processes outside, too; not abstract sockets, since a service manager may
    // listen at one.
    let mut rules = all.scope(Scope::Signal)?.create()?;
    // To this a daemon turns its standard streams.
    let null = AccessFs::ReadFile | AccessFs::WriteFile;
    let null = (Path::new("/dev/null"), null);
    let places = places
        .iter()
        .map(|(path, may)| (path.as_path(), rights(*may)));
    for (path, rights) in places.chain([null]) {
        if let Ok(opened) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(opened, rights))?;
        }
    }
    Ok(rules)
}

fn rights(may: Use) -> BitFlags<AccessFs> {
    match may {
        Use::Read => AccessFs::ReadFile.into(),
        Use::Remove => AccessFs::RemoveFile.into(),
        // The directory itself is opened to be synced.
        Use::Replace => {
            AccessFs::ReadFile
                | AccessFs::ReadDir
                | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::RemoveFile
        }
    }
}
