//! Stand-ins: what a recording has in place of communities, scripts and cookies.
//!
//! A community becomes `recorded:1`, a script `script 1`; the same text always becomes the
//! same. The ids of the stand-ins' keys are ordered as those of the communities, since a
//! machine may keep what it has by them in that order. Replayed, each stands for itself.

use std::collections::BTreeMap;

use fail_core::job::ScriptError;
use fail_core::log::Line;
use fail_core::node::{self, Peer};
use fail_core::policy::Policy;
use fail_wire::Key;

use crate::limits::{SCRIPTS_MAX, TRIES_MAX};
use crate::node::Words;

/// The id of a key that nobody has; no stand-in's key has it, or a smaller one.
pub const STRANGER: u32 = 1;

/// In place of a line of a script.
const HIDDEN: &str = "(a line of the script)";

/// What stands before such a line in the log.
const INDENT: &str = ":   ";

/// So many texts are tried for each of the first stand-ins.
const SPREAD: usize = 16;

/// A community and who stands for it.
#[derive(Debug, Clone)]
pub struct Stand {
    /// The community's key.
    pub real: Key,
    /// That of its stand-in.
    pub key: Key,
    /// The stand-in.
    pub text: String,
}

/// All stand-ins of one recording.
#[derive(Debug)]
pub struct Stands {
    /// By the id of the community's key.
    communities: BTreeMap<u32, Stand>,
    scripts: BTreeMap<String, String>,
    /// The last text that was tried.
    tried: u64,
    /// What hides cookies that another faild made; nothing: replayed.
    secret: Option<Key>,
    /// What this faild makes its cookies with.
    node: Option<Key>,
    /// The figures that were told last.
    pub(crate) beside: Vec<(&'static str, u64)>,
    words: Words,
    /// The lines of the script that failed in this turn.
    hidden: Vec<String>,
    /// Why there can be no more stand-ins.
    failed: Option<&'static str>,
}

impl Stands {
    /// For a recording. Nobody must be able to guess the secret.
    pub fn recording(secret: Key) -> Stands {
        Stands {
            secret: Some(secret),
            ..Stands::replaying()
        }
    }

    /// For a replay: everything stands for itself.
    pub fn replaying() -> Stands {
        Stands {
            communities: BTreeMap::new(),
            scripts: BTreeMap::new(),
            tried: 0,
            secret: None,
            node: None,
            beside: Vec::new(),
            words: Words::default(),
            hidden: Vec::new(),
            failed: None,
        }
    }

    /// What this faild makes its cookies with.
    pub fn set_node_secret(&mut self, secret: Key) {
        self.node = Some(secret);
    }

    /// A name that was read, as the machine wants it.
    pub(crate) fn word(&mut self, name: String) -> Result<&'static str, String> {
        self.words.word(name)
    }

    /// Why nothing more can be recorded.
    pub fn failed(&self) -> Option<&'static str> {
        self.failed
    }

    /// The stand-in whose community has this key id.
    pub fn with_id(&self, id: u32) -> Option<&Stand> {
        self.communities.get(&id)
    }

    /// The stand-in for the community of this key.
    pub fn key(&self, key: &Key) -> String {
        let stand = self.communities.get(&key.id());
        stand.map_or(String::new(), |stand| stand.text.clone())
    }

    /// The stand-in for a community.
    pub fn community(&self, community: &str) -> String {
        let key = Key::new(community);
        key.map_or(String::new(), |key| self.key(&key))
    }

    /// The key of a stand-in, which is replayed.
    ///
    /// # Errors
    /// It is no legal community.
    pub fn replay(&mut self, text: &str) -> Result<Key, String> {
        let key = Key::new(text).map_err(|bad| format!("stand-in \"{text}\": {bad}"))?;
        let stand = Stand {
            real: key.clone(),
            key: key.clone(),
            text: text.to_string(),
        };
        self.communities.insert(key.id(), stand);
        Ok(key)
    }

    /// Finds stand-ins for all of these that have none.
    pub fn admit(&mut self, keys: impl IntoIterator<Item = Key>) {
        let new = keys.into_iter().map(|key| (key.id(), key));
        let new: BTreeMap<u32, Key> = new
            .filter(|(id, _)| !self.communities.contains_key(id))
            .collect();
        let new: Vec<Key> = new.into_values().collect();
        match self.communities.is_empty() {
            true => self.admit_first(new),
            false => self.admit_sorted(&new),
        }
    }

    /// Spreads the first ones out, so that there is room between them for later ones.
    fn admit_first(&mut self, keys: Vec<Key>) {
        let mut pool = BTreeMap::new();
        while pool.len() < keys.len() * SPREAD {
            self.tried += 1;
            let text = format!("recorded:{}", self.tried);
            match Key::new(&text) {
                Ok(key) if key.id() > STRANGER => drop(pool.insert(key.id(), (key, text))),
                _ => {}
            }
        }
        let spread = pool.into_values().skip(SPREAD / 2).step_by(SPREAD);
        for (real, (key, text)) in keys.into_iter().zip(spread) {
            let id = real.id();
            self.communities.insert(id, Stand { real, key, text });
        }
    }

    /// Those in the middle first, so that there is room for the others on both sides.
    fn admit_sorted(&mut self, keys: &[Key]) {
        let Some((middle, (before, after))) = keys.get(keys.len() / 2).map(|middle| {
            (
                middle,
                (&keys[..keys.len() / 2], &keys[keys.len() / 2 + 1..]),
            )
        }) else {
            return;
        };
        self.admit_one(middle);
        self.admit_sorted(before);
        self.admit_sorted(after);
    }

    fn admit_one(&mut self, real: &Key) {
        let id = |stand: &Stand| stand.key.id();
        let below = self.communities.range(..real.id()).next_back();
        let above = self.communities.range(real.id()..).next();
        let low = below.map_or(STRANGER, |(_, stand)| id(stand));
        let high = above.map_or(u32::MAX, |(_, stand)| id(stand));
        // Around the middle, so that there is room on both sides.
        let quarter = (high - low) / 4;
        for _ in 0..TRIES_MAX {
            self.tried += 1;
            let text = format!("recorded:{}", self.tried);
            let Ok(key) = Key::new(&text) else { continue };
            if (low + quarter + 1..high - quarter).contains(&key.id()) {
                let real = real.clone();
                let stand = Stand { real, key, text };
                self.communities.insert(stand.real.id(), stand);
                return;
            }
        }
        self.failed = Some("no stand-in is left for a community");
    }

    /// The stand-in for a script. Who has none has none.
    fn script(&mut self, text: &str) -> String {
        if self.secret.is_none() || text.is_empty() {
            return text.to_string();
        }
        if let Some(known) = self.scripts.get(text) {
            return known.clone();
        }
        if self.scripts.len() >= SCRIPTS_MAX {
            self.failed = Some("too many scripts");
        }
        let stand = format!("script {}", self.scripts.len() + 1);
        self.scripts.insert(text.to_string(), stand.clone());
        stand
    }

    /// An error without the lines of its script, in which anything may stand. In their place
    /// are as many that say nothing, also where they are [logged](Stands::logged) in this turn.
    #[must_use]
    pub fn error(&mut self, error: &ScriptError) -> ScriptError {
        let lines = error.detail.lines().map(str::to_string);
        self.hidden = lines.filter(|line| !line.is_empty()).collect();
        let hide = |line: &str| if line.is_empty() { "" } else { HIDDEN };
        let lines: Vec<&str> = error.detail.lines().map(hide).collect();
        ScriptError {
            sentence: error.sentence.clone(),
            detail: lines.join("\n"),
        }
    }

    /// A turn begins.
    pub fn turn(&mut self) {
        self.hidden.clear();
    }

    /// A line for the log without a line of a script.
    #[must_use]
    pub fn logged(&self, line: &Line) -> Line {
        let of_script = |hidden: &String| {
            let before = line.text.strip_suffix(hidden.as_str())?;
            before
                .ends_with(INDENT)
                .then(|| format!("{before}{HIDDEN}"))
        };
        Line {
            text: match self.hidden.iter().find_map(of_script) {
                Some(text) => text,
                None => line.text.clone(),
            },
            ..line.clone()
        }
    }

    /// The stand-in for the script of a trap that fires.
    pub fn trap(&mut self, text: &str) -> String {
        self.script(text)
    }

    /// A policy whose scripts are stand-ins.
    #[must_use]
    pub fn policy(&mut self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        for service in policy.services.values_mut() {
            let scripts = [
                &mut service.start,
                &mut service.stop,
                &mut service.reclaim,
                &mut service.check,
            ];
            for script in scripts.into_iter().flatten() {
                *script = self.script(script);
            }
        }
        for trap in &mut policy.traps {
            trap.script = self.script(&trap.script);
        }
        policy
    }

    /// The stand-in for a cookie that another faild made.
    pub fn cookie(&self, cookie: u64) -> u64 {
        match &self.secret {
            Some(secret) if cookie != 0 => secret.seal(&cookie.to_be_bytes()),
            _ => cookie,
        }
    }

    /// The cookie that this faild makes of the stand-in, for one that it made of the community.
    pub fn own_cookie(&self, peer: Peer, stand: &Stand, cookie: u64) -> u64 {
        let Some(secret) = &self.node else {
            return cookie;
        };
        let of = |key: &Key| node::cookie(secret, (peer.addr, peer.stream, key.id()));
        match cookie == of(&stand.real) {
            true => of(&stand.key),
            false => cookie,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Stands {
        Stands::recording(Key::new("secret").unwrap())
    }

    #[test]
    fn stand_ins_are_ordered_as_what_they_stand_for() {
        let mut stands = recording();
        let keys: Vec<Key> = (0..300)
            .map(|n| Key::new(&format!("community{n}")).unwrap())
            .collect();
        stands.admit(keys[..200].iter().cloned());
        for key in &keys[200..] {
            stands.admit([key.clone()]);
        }
        assert_eq!(stands.failed(), None);
        assert_eq!(stands.communities.len(), 300);
        let ids = stands.communities.values().map(|stand| stand.key.id());
        assert!(ids.is_sorted());
        let first = stands.key(&keys[7]);
        assert!(first.starts_with("recorded:"));
        assert_eq!(stands.community("community7"), first);
        stands.admit([keys[7].clone()]);
        assert_eq!(stands.key(&keys[7]), first, "who has one keeps it");
    }

    #[test]
    fn lines_of_a_script_are_not_written() {
        let mut stands = recording();
        let error = ScriptError {
            sentence: "it broke".to_string(),
            detail: "it broke\n    while executing\n\n\"exec secret\"".to_string(),
        };
        let told = stands.error(&error);
        assert_eq!(told.sentence, "it broke");
        assert_eq!(
            told.detail,
            format!("{HIDDEN}\n{HIDDEN}\n\n{HIDDEN}"),
            "as many lines"
        );
        let line = |text: &str| Line {
            level: fail_core::log::Level::Error,
            facility: "script",
            text: text.to_string(),
        };
        let logged = stands.logged(&line("service web:   \"exec secret\""));
        assert_eq!(logged.text, format!("service web:   {HIDDEN}"));
        let plain = line("service web: it broke");
        assert_eq!(stands.logged(&plain), plain);
        stands.turn();
        let later = line("service web:   \"exec secret\"");
        assert_eq!(stands.logged(&later), later);
    }

    #[test]
    fn scripts_are_numbered_and_stand_for_themselves_in_a_replay() {
        let mut stands = recording();
        let mut numbers = |texts: [&str; 4]| texts.map(|text| stands.trap(text));
        assert_eq!(
            numbers(["a", "b", "a", ""]),
            ["script 1", "script 2", "script 1", ""]
        );
        assert_eq!(Stands::replaying().trap("script 2"), "script 2");
    }
}
