//! A policy as plain values: what the administrator's Tcl said, after it was read.
//!
//! `fail-tcl` fills it in, `plan` decides by it. Which settings exist, what they are when
//! nobody sets them, and which combinations make no sense is said here and nowhere else.

use std::collections::BTreeMap;

use fail_wire::Name;

use crate::event::EventKind;
use crate::limits;
use crate::time::{Span, Wall};

/// The port of a faild that says nothing else (`fail-cli` has the list of all ports).
pub const FAILD_PORT: u16 = 1847;

/// The key that hosts share when nobody sets another.
pub const DEFAULT_COMMUNITY: &str = "public";

/// Everything a failsh was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// The other hosts, by the names the services use.
    pub hosts: BTreeMap<Name, Host>,
    /// The services this host may serve.
    pub services: BTreeMap<Name, Service>,
    /// What is run when something happens, in the order in which it was said.
    pub traps: Vec<Trap>,
}

/// What is run when something happens: `failtrap`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trap {
    /// A pattern over names of services and hosts, as in Tcl's `string match`.
    pub pattern: String,
    /// What has to happen.
    pub on: On,
    /// Tcl that is run then. What it returns does not matter.
    pub script: String,
}

/// The events that a trap waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Just this one.
    Event(EventKind),
    /// `change`: up, recover or fail.
    Change,
    /// `*`.
    Any,
}

impl On {
    /// All events that a trap can wait for, in the order of `failover(n)`.
    pub fn all() -> impl Iterator<Item = On> {
        let (states, others) = EventKind::WORDS.split_at(3);
        let on = |(kind, _): &(EventKind, &str)| On::Event(*kind);
        let states = states.iter().map(on).chain([On::Change]);
        states.chain(others.iter().map(on)).chain([On::Any])
    }

    /// The word for it in `failtrap`.
    pub fn word(self) -> &'static str {
        match self {
            On::Event(kind) => kind.word(),
            On::Change => "change",
            On::Any => "*",
        }
    }

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<On> {
        On::all().find(|on| on.word() == word)
    }
}

/// How another host is reached: `failhost`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Host {
    /// An address or a name to look up; the host's own name when nothing is set.
    pub address: Option<String>,
    /// The port of its faild.
    pub port: u16,
    /// How it is asked.
    pub protocol: Protocol,
    /// The key shared with it. It is never written.
    #[serde(skip)]
    pub community: String,
    /// The longest wait for one answer; nothing: as measured, at most half an interval.
    pub timeout: Option<Span>,
}

impl Default for Host {
    fn default() -> Host {
        Host {
            address: None,
            port: FAILD_PORT,
            protocol: Protocol::Udp,
            community: DEFAULT_COMMUNITY.to_string(),
            timeout: None,
        }
    }
}

/// How a host is asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// One connection, where nothing else passes. The original asked by it unless told
    /// otherwise.
    Tcp,
}

/// One service and what to do for it: `failsvc`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// How often the other hosts are asked.
    pub interval: Span,
    /// Hosts that outrank this one.
    pub masters: Vec<Name>,
    /// Hosts that this one outranks.
    pub slaves: Vec<Name>,
    /// Tcl that starts the service and returns the new state.
    pub start: Option<String>,
    /// Tcl that stops it.
    pub stop: Option<String>,
    /// Tcl that takes it back after somebody else has served as well.
    pub reclaim: Option<String>,
    /// The longest that a script may take.
    pub timeout: Span,
    /// How long after start-up the first claim may be made.
    pub delay: Span,
    /// How a silent host is asked again.
    pub confirm: Confirm,
    /// What to do when the local faild has been silent so long that the others must have
    /// given this host up.
    pub lonely: Lonely,
    /// Tcl that looks whether the service is well, and returns the state it is in.
    pub check: Option<String>,
    /// How often it is checked.
    pub check_interval: Span,
    /// Whether it is also checked while it is `RECOVER`.
    pub check_recover: bool,
    /// So many good checks in a row make the bad ones before them forgotten.
    pub rise: u32,
    /// So many bad checks in a row make the service `FAIL`.
    pub fall: u32,
    /// Whether a service that is `UP` gives way to a master that is only `RECOVER`.
    pub failback: bool,
    /// When the service may leave `FAIL` by itself after a failure of its own.
    pub retry: Option<Retry>,
    /// The key for this service alone, at every host; nothing: that of each host. It is never
    /// written.
    #[serde(skip)]
    pub community: Option<String>,
    /// Options that were changed at the console, and until when; nothing: until the policy
    /// is read again.
    pub console: BTreeMap<String, Option<Wall>>,
}

/// `retry initial ?factor? ?maximum?`: how long a service that failed by itself stays `FAIL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Retry {
    /// The first time.
    pub initial: Span,
    /// Each further time is so many thousandths of the one before.
    pub factor_milli: u32,
    /// But never longer than this.
    pub maximum: Span,
}

impl Retry {
    /// Each time twice as long as the last.
    pub const FACTOR_MILLI: u32 = 2_000;

    /// Nobody who waits for longer than this remembers why.
    pub const MAXIMUM: Span = Span::from_secs(600);

    /// How long to wait after so many failures in a row; the first is number 1.
    pub fn wait(&self, failures: u32) -> Span {
        let mut wait = self.initial.0.min(self.maximum.0);
        for _ in 1..failures {
            let longer = u128::from(wait) * u128::from(self.factor_milli) / 1_000;
            let longer = u64::try_from(longer).unwrap_or(u64::MAX);
            if longer == wait || wait >= self.maximum.0 {
                break;
            }
            wait = longer.min(self.maximum.0);
        }
        Span(wait)
    }
}

impl Default for Service {
    fn default() -> Service {
        Service {
            interval: Span::from_secs(1),
            masters: Vec::new(),
            slaves: Vec::new(),
            start: None,
            stop: None,
            reclaim: None,
            timeout: Span::from_secs(30),
            delay: Span::ZERO,
            confirm: Confirm::default(),
            lonely: Lonely::Stop,
            check: None,
            check_interval: Span::from_secs(10),
            check_recover: false,
            rise: 2,
            fall: 3,
            failback: true,
            retry: None,
            community: None,
            console: BTreeMap::new(),
        }
    }
}

impl Service {
    /// How far apart a silent host is asked again: as set, else a twentieth of the
    /// interval, but 5 ms at least and 250 ms at most.
    pub fn spacing(&self) -> Span {
        let (low, high) = (Span::from_millis(5), Span::from_millis(250));
        self.confirm
            .spacing
            .unwrap_or_else(|| self.interval.part(20).clamp(low, high))
    }
}

/// `confirm n ?spacing?`: a host that missed its answer is asked n more times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confirm {
    /// How many more times.
    pub times: u32,
    /// How far apart; nothing: see [`Service::spacing`].
    pub spacing: Option<Span>,
}

impl Default for Confirm {
    /// Four more: with one datagram in ten lost each way, a living host is then held for
    /// dead once in 4,000 rounds.
    fn default() -> Confirm {
        Confirm {
            times: 4,
            spacing: None,
        }
    }
}

/// What to do when the local faild is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lonely {
    /// Stop what is served here, if somebody else may be serving it.
    Stop,
    /// Go on serving.
    Keep,
}

/// A policy that makes no sense, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failsvc {service}: {problem}")]
pub struct BadPolicy {
    /// The service whose settings are at fault.
    pub service: Name,
    /// The option at fault, such as `slaves`.
    pub option: &'static str,
    /// What is wrong with it and what to do, as one sentence that names the word.
    pub problem: String,
}

impl Policy {
    /// Gives every host that a service names an entry of its own; the original's rule that
    /// a host comes into being when it is named.
    pub fn complete(&mut self) {
        let named = self
            .services
            .values()
            .flat_map(|s| s.masters.iter().chain(&s.slaves));
        for host in named {
            self.hosts.entry(host.clone()).or_default();
        }
    }

    /// Holds the settings of each service against each other.
    ///
    /// # Errors
    /// The first service that makes no sense, in order of names.
    pub fn check(&self) -> Result<(), BadPolicy> {
        for (name, service) in &self.services {
            service.check(name)?;
        }
        Ok(())
    }
}

impl Service {
    fn check(&self, name: &Name) -> Result<(), BadPolicy> {
        let bad = |option, problem| {
            Err(BadPolicy {
                service: name.clone(),
                option,
                problem,
            })
        };
        if let Some(both) = self.masters.iter().find(|h| self.slaves.contains(h)) {
            return bad(
                "slaves",
                format!("host \"{both}\" is both master and slave; it can only be one"),
            );
        }
        for (option, hosts) in [("masters", &self.masters), ("slaves", &self.slaves)] {
            let twice = hosts
                .iter()
                .enumerate()
                .find(|(i, h)| hosts[..*i].contains(h));
            if let Some((_, host)) = twice {
                return bad(option, format!("host \"{host}\" is named twice"));
            }
            if hosts.len() > limits::PEERS_MAX {
                return bad(
                    option,
                    format!("at most {} hosts, not {}", limits::PEERS_MAX, hosts.len()),
                );
            }
        }
        if let Some((option, problem)) = self.bad_check().or_else(|| self.bad_retry()) {
            return bad(option, problem);
        }
        if self.start.is_none() {
            return bad(
                "start",
                "no start script; add one that returns UP".to_string(),
            );
        }
        if self.stop.is_none() {
            return bad(
                "stop",
                "no stop script; add one that returns RECOVER".to_string(),
            );
        }
        Ok(())
    }
    fn bad_check(&self) -> Option<(&'static str, String)> {
        if self.check_recover && self.check.is_none() {
            let problem = "no check script; add one, or take checkrecover away";
            return Some(("checkrecover", problem.to_string()));
        }
        for (option, n) in [("rise", self.rise), ("fall", self.fall)] {
            if n == 0 || n > limits::RISE_FALL_MAX {
                let problem = format!("1 to {} checks, not {n}", limits::RISE_FALL_MAX);
                return Some((option, problem));
            }
        }
        let least = Span::from_millis(limits::CHECK_INTERVAL_MIN_MS);
        let most = Span::from_secs(limits::CHECK_INTERVAL_MAX_S);
        let every = self.check_interval;
        let problem = || format!("{least} to {most} between two checks, not {every}");
        (every < least || every > most).then(|| ("checkinterval", problem()))
    }

    fn bad_retry(&self) -> Option<(&'static str, String)> {
        let retry = self.retry?;
        let least = Span::from_millis(limits::RETRY_MIN_MS);
        let most = Span::from_secs(limits::RETRY_MAX_S);
        let factor = retry.factor_milli;
        let problem = if retry.initial < least {
            format!(
                "at least {least} before the first retry, not {}",
                retry.initial
            )
        } else if retry.maximum < retry.initial {
            let (initial, maximum) = (retry.initial, retry.maximum);
            format!("a maximum of {maximum} is less than the first wait, {initial}")
        } else if retry.maximum > most {
            format!("a maximum of {most}, not {}", retry.maximum)
        } else if !(1_000..=limits::RETRY_FACTOR_MAX_MILLI).contains(&factor) {
            let most = limits::RETRY_FACTOR_MAX_MILLI / 1_000;
            let (whole, part) = (factor / 1_000, factor % 1_000);
            format!("a factor of 1 to {most}, not {whole}.{part:03}")
        } else {
            return None;
        };
        Some(("retry", problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Service {
        Service {
            start: Some("start".to_string()),
            stop: Some("stop".to_string()),
            check: Some("check".to_string()),
            ..Service::default()
        }
    }

    fn retry(initial: u64, factor_milli: u32, maximum: u64) -> Option<Retry> {
        Some(Retry {
            initial: Span::from_millis(initial),
            factor_milli,
            maximum: Span::from_millis(maximum),
        })
    }

    fn problem(change: impl FnOnce(&mut Service)) -> Option<String> {
        let mut service = sound();
        change(&mut service);
        let mut policy = Policy::default();
        let name = Name::new("web").unwrap();
        policy.services.insert(name, service);
        let bad = policy.check().err()?;
        Some(format!("{}: {}", bad.option, bad.problem))
    }

    #[test]
    fn what_makes_no_sense_is_named_with_the_word_and_what_to_do() {
        assert_eq!(problem(|_| {}), None);
        type Change = fn(&mut Service);
        let table: [(Change, &str); 9] = [
            (
                |s| (s.check, s.check_recover) = (None, true),
                "checkrecover: no check script; add one, or take checkrecover away",
            ),
            (|s| s.rise = 0, "rise: 1 to 1000 checks, not 0"),
            (|s| s.fall = 1001, "fall: 1 to 1000 checks, not 1001"),
            (
                |s| s.check_interval = Span::from_millis(9),
                "checkinterval: 10ms to 1d between two checks, not 9ms",
            ),
            (
                |s| s.check_interval = Span::from_secs(86_401),
                "checkinterval: 10ms to 1d between two checks, not 86401s",
            ),
            (
                |s| s.retry = retry(99, 2000, 1000),
                "retry: at least 100ms before the first retry, not 99ms",
            ),
            (
                |s| s.retry = retry(2000, 2000, 1000),
                "retry: a maximum of 1s is less than the first wait, 2s",
            ),
            (
                |s| s.retry = retry(2000, 2000, 700_000_000),
                "retry: a maximum of 7d, not 700000s",
            ),
            (
                |s| s.retry = retry(2000, 999, 2000),
                "retry: a factor of 1 to 1000, not 0.999",
            ),
        ];
        for (change, words) in table {
            assert_eq!(problem(change).as_deref(), Some(words));
        }
        assert_eq!(problem(|s| s.retry = retry(100, 1000, 100)), None);
    }

    #[test]
    fn each_retry_waits_longer_up_to_the_maximum() {
        let waits = |retry: Retry| [1, 2, 3, 4, 1_000_000].map(|n| retry.wait(n).as_millis());
        let doubled = retry(1000, 2000, 5000).map(waits);
        assert_eq!(doubled, Some([1000, 2000, 4000, 5000, 5000]));
        let same = retry(1000, 1000, 5000).map(waits);
        assert_eq!(same, Some([1000; 5]));
        let half = retry(1000, 1500, 3000).map(waits);
        assert_eq!(half, Some([1000, 1500, 2250, 3000, 3000]));
    }
}
