//! What there is to check with and to do: each module and action with what it takes. `hcmodules(7)`
//! and `Hcfile(5)` are held to these tables.

/// A module or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// Its name.
    pub name: &'static str,
    /// What it takes beside keys.
    pub takes: &'static str,
    /// Its own keys, beside [`CHECK_KEYS`] or [`ACTION_KEYS`].
    pub keys: &'static [Key],
    /// It takes a command, before which its keys stand.
    pub command: bool,
}

/// A key of a module or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// How often it may be there.
    pub times: Times,
}

impl Key {
    /// Its value is for the one who is asked only, and no file: it may be a password.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.name, "header" | "body" | "send")
    }
}

/// How often a key may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once or not.
    Maybe,
    /// Once.
    Once,
    /// As often as one likes.
    Many,
}

/// What a module takes whose word is a URL.
pub(crate) const URL: &str = "URL";

/// The value of a key that names a file.
pub(crate) const FILE: &str = "FILE";

const fn key(name: &'static str, value: &'static str) -> Key {
    let times = Times::Maybe;
    Key { name, value, times }
}

const fn many(name: &'static str, value: &'static str) -> Key {
    let times = Times::Many;
    Key { name, value, times }
}

const CA: Key = key("ca", FILE);
const VERIFY: Key = key("verify", "yes|no");
const SNI: Key = key("sni", "NAME");
const DAYS: Key = key("days", "N");
const HEADER: Key = many("header", "\"NAME: VALUE\"");
const COMMUNITY: Key = key("community", FILE);
const HOST: &str = "HOST[:PORT]";
const TLS_WHEN: Key = key("tls", "no|starttls|yes");

/// Keys of every check.
pub const CHECK_KEYS: &[Key] = &[
    key("timeout", "TIME"),
    key("within", "TIME"),
    key("slow", "TIME"),
    key("family", "4|6"),
    key("unknown", "bad|warning|good"),
];

/// Keys of every action.
pub const ACTION_KEYS: &[Key] = &[
    key("every", "TIME"),
    key("limit", "N/TIME"),
    key("timeout", "TIME"),
];

const fn module(name: &'static str, takes: &'static str, keys: &'static [Key]) -> Module {
    let command = false;
    Module {
        name,
        takes,
        keys,
        command,
    }
}

const fn command(name: &'static str, takes: &'static str) -> Module {
    Module {
        name,
        takes,
        keys: &[],
        command: true,
    }
}

const MODULES: &[Module] = &[
    module(
        "tcp",
        "HOST:PORT",
        &[
            key("send", "TEXT"),
            key("expect", "TEXT"),
            key("tls", "yes|no"),
            DAYS,
            CA,
            VERIFY,
            SNI,
        ],
    ),
    module(
        "http",
        URL,
        &[
            key("via", HOST),
            key("method", "METHOD"),
            HEADER,
            key("body", "TEXT"),
            key("auth", FILE),
            key("status", "CODE[-CODE][,...]"),
            many("match", "TEXT"),
            many("nomatch", "TEXT"),
            key("follow", "N"),
            DAYS,
            CA,
            VERIFY,
            SNI,
        ],
    ),
    module(
        "dns",
        "NAME",
        &[
            Key {
                name: "server",
                value: HOST,
                times: Times::Once,
            },
            key("type", "TYPE"),
            key("expect", "ANSWER[,...]"),
            key("code", "CODE"),
            key("tcp", "yes|no"),
        ],
    ),
    module(
        "smtp",
        HOST,
        &[TLS_WHEN, DAYS, CA, VERIFY, SNI, key("expect", "TEXT")],
    ),
    module(
        "imap",
        HOST,
        &[
            TLS_WHEN,
            DAYS,
            CA,
            VERIFY,
            SNI,
            key("expect", "TEXT"),
            key("login", FILE),
        ],
    ),
    module(
        "pop",
        HOST,
        &[
            TLS_WHEN,
            DAYS,
            CA,
            VERIFY,
            SNI,
            key("expect", "TEXT"),
            key("login", FILE),
        ],
    ),
    module(
        "ldap",
        URL,
        &[
            key("starttls", "yes|no"),
            DAYS,
            CA,
            VERIFY,
            SNI,
            key("bind", FILE),
            key("base", "DN"),
            key("filter", "FILTER"),
            key("entries", "N"),
        ],
    ),
    module("icmp", "HOST", &[key("count", "N"), key("loss", "PERCENT")]),
    module("ntp", HOST, &[key("offset", "TIME"), key("stratum", "N")]),
    command("exec", "PROGRAM [WORD ...]"),
    command("nagios", "PROGRAM [WORD ...]"),
    command("tcl", "FILE PROC [WORD ...]"),
    module(
        "faild",
        "SERVICE",
        &[key("host", HOST), COMMUNITY, key("state", "STATE[,...]")],
    ),
];

const ACTIONS: &[Module] = &[
    command("exec", "PROGRAM [WORD ...]"),
    module(
        "mail",
        "ADDRESS ...",
        &[
            key("smtp", HOST),
            key("from", "ADDRESS"),
            key("subject", "TEXT"),
            key("body", "TEXT"),
        ],
    ),
    module(
        "webhook",
        URL,
        &[
            key("auth", FILE),
            HEADER,
            key("body", "TEXT"),
            CA,
            VERIFY,
            SNI,
        ],
    ),
    module("syslog", "", &[key("level", "error|warn|info|debug")]),
    module("failc", "SERVICE", &[key("host", HOST), COMMUNITY]),
    command("tcl", "FILE PROC [WORD ...]"),
];

/// All modules, in the order in which they are told.
pub fn modules() -> &'static [Module] {
    MODULES
}

/// All actions.
pub fn actions() -> &'static [Module] {
    ACTIONS
}

impl Module {
    /// How it is used: `icmp HOST [count=N] [loss=PERCENT]`. Of a command the keys come first.
    pub fn usage(&self) -> String {
        let keys = self.keys.iter().map(|key| {
            let (name, value) = (key.name, key.value);
            match key.times {
                Times::Maybe => format!("[{name}={value}]"),
                Times::Once => format!("{name}={value}"),
                Times::Many => format!("[{name}={value}]..."),
            }
        });
        let takes = Some(self.takes.to_string()).filter(|takes| !takes.is_empty());
        let words = [self.name.to_string()].into_iter().chain(takes).chain(keys);
        words.collect::<Vec<_>>().join(" ")
    }
}
