//! Acts as lines of text, and back: what is printed reads back to the same.

use std::fmt;
use std::str::FromStr;

use fail_core::time::Span;
use fail_wire::{Name, State};

use super::{Act, Daemon, Edit, Happening, Undo};
use crate::client::Verb;
use crate::setup::{HOSTS_MAX, host_name};
use crate::skew::Skew;

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Daemon::Faild => "faild",
            Daemon::Failsh => "failsh",
        })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edit::Settings(service) => write!(f, "settings of {service}"),
            Edit::Drops(service) => write!(f, "existence of {service}"),
            Edit::Community => f.write_str("community"),
            Edit::Traps => f.write_str("traps"),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, span) = (|host: &usize| host_name(*host), |ns: &u64| Span(*ns));
        match self {
            Act::Cut(a, b, long) => {
                write!(f, "cut {} and {} for {}", host(a), host(b), span(long))
            }
            Act::CutOneWay(a, b, long) => {
                write!(f, "cut {} to {} for {}", host(a), host(b), span(long))
            }
            Act::Isolate(a, long) => write!(f, "isolate {} for {}", host(a), span(long)),
            Act::Slow {
                from,
                to,
                by,
                lose,
                long,
            } => write!(
                f,
                "slow {} to {} by {} losing {lose} for {}",
                host(from),
                host(to),
                span(by),
                span(long)
            ),
            Act::Kill(daemon, a, long) => {
                write!(f, "kill {daemon} of {} for {}", host(a), span(long))
            }
            Act::LoseState(a, long) => {
                write!(f, "lose state of {} for {}", host(a), span(long))
            }
            Act::KillHost(a, long) => write!(f, "kill {} for {}", host(a), span(long)),
            Act::Stop(daemon, a, long) => {
                write!(f, "stop {daemon} of {} for {}", host(a), span(long))
            }
            Act::Freeze {
                host: a,
                clocks,
                long,
            } => {
                let clocks = if *clocks { " and its clocks" } else { "" };
                write!(f, "freeze {}{clocks} for {}", host(a), span(long))
            }
            Act::StepWall(a, by) => write!(f, "step clock of {} by {by} ms", host(a)),
            Act::Update(daemon, a, to, long) => {
                write!(f, "make {daemon} of {} {to} for {}", host(a), span(long))
            }
            Act::Type {
                host: a,
                service,
                verb,
                within,
            } => {
                let program = if *within { "failsh" } else { "failc" };
                write!(f, "type {program} {} {verb} {service}", host(a))
            }
            Act::Repair(service) => write!(f, "repair {service}"),
            Act::Crash(service, a) => write!(f, "crash {service} of {}", host(a)),
            Act::Appear(service, a) => write!(f, "start {service} of {}", host(a)),
            Act::Reload(a) => write!(f, "reload {}", host(a)),
            Act::Edit(a, edit) => write!(f, "edit {} {edit}", host(a)),
            Act::ReleaseAll(a) => write!(f, "release {}", host(a)),
        }
    }
}

/// As something that a host does or that becomes of it. Nobody reads this back.
impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undo::Mend(_, to) => write!(f, "is heard by {} again", host_name(*to)),
            Undo::Hasten(_, to) => write!(f, "is as close to {} as before", host_name(*to)),
            Undo::Start(daemon, _) => write!(f, "has its {daemon} again"),
            Undo::Boot(_) => f.write_str("boots"),
            Undo::Continue(daemon, _) => write!(f, "has its {daemon} go on"),
            Undo::Thaw(_) => f.write_str("goes on"),
            Undo::Update(daemon, _) => write!(f, "has its first {daemon} again"),
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} {}", Span(self.at), self.act)
    }
}

fn host(word: &str) -> Result<usize, String> {
    let mut hosts = 0..HOSTS_MAX;
    let found = hosts.find(|host| host_name(*host).as_str() == word);
    found.ok_or_else(|| format!("{word}: no host, which are hosta to hoste"))
}

fn span(word: &str) -> Result<u64, String> {
    let span = Span::parse(word).map(|span| span.0);
    span.ok_or_else(|| format!("{word}: no time, such as 250ms or 3s"))
}

fn number<T: FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word}: no number"))
}

fn name(word: &str) -> Result<Name, String> {
    Name::new(word).map_err(|error| format!("{word}: {error}"))
}

fn daemon(word: &str) -> Result<Daemon, String> {
    match word {
        "faild" => Ok(Daemon::Faild),
        "failsh" => Ok(Daemon::Failsh),
        _ => Err(format!("{word}: neither faild nor failsh")),
    }
}

fn skew(word: &str) -> Result<Skew, String> {
    let found = Skew::ALL.into_iter().find(|skew| skew.word() == word);
    found.ok_or_else(|| format!("{word}: no version, which are today, past, future and next"))
}

fn verb(word: &str) -> Result<Verb, String> {
    let mut verbs = Verb::ALL.into_iter();
    let found = verbs.find(|verb| verb.to_string() == word);
    found.ok_or_else(|| format!("{word}: nothing that can be typed"))
}

impl FromStr for Act {
    type Err = String;

    fn from_str(text: &str) -> Result<Act, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words[..] {
            ["cut", a, "and", b, "for", t] => Act::Cut(host(a)?, host(b)?, span(t)?),
            ["cut", a, "to", b, "for", t] => Act::CutOneWay(host(a)?, host(b)?, span(t)?),
            ["isolate", a, "for", t] => Act::Isolate(host(a)?, span(t)?),
            ["slow", a, "to", b, "by", by, "losing", lose, "for", t] => Act::Slow {
                from: host(a)?,
                to: host(b)?,
                by: span(by)?,
                lose: number(lose)?,
                long: span(t)?,
            },
            ["kill", what, "of", a, "for", t] => Act::Kill(daemon(what)?, host(a)?, span(t)?),
            ["lose", "state", "of", a, "for", t] => Act::LoseState(host(a)?, span(t)?),
            ["kill", a, "for", t] => Act::KillHost(host(a)?, span(t)?),
            ["stop", what, "of", a, "for", t] => Act::Stop(daemon(what)?, host(a)?, span(t)?),
            ["freeze", a, "for", t] => Act::Freeze {
                host: host(a)?,
                clocks: false,
                long: span(t)?,
            },
            ["freeze", a, "and", "its", "clocks", "for", t] => Act::Freeze {
                host: host(a)?,
                clocks: true,
                long: span(t)?,
            },
            ["step", "clock", "of", a, "by", ms, "ms"] => Act::StepWall(host(a)?, number(ms)?),
            ["make", what, "of", a, to, "for", t] => {
                Act::Update(daemon(what)?, host(a)?, skew(to)?, span(t)?)
            }
            ["type", program @ ("failc" | "failsh"), a, word, service] => Act::Type {
                host: host(a)?,
                service: name(service)?,
                verb: verb(word)?,
                within: program == "failsh" && verb(word)?.is_order(),
            },
            ["repair", service] => Act::Repair(name(service)?),
            ["crash", service, "of", a] => Act::Crash(name(service)?, host(a)?),
            ["start", service, "of", a] => Act::Appear(name(service)?, host(a)?),
            ["reload", a] => Act::Reload(host(a)?),
            ["edit", a, "settings", "of", service] => {
                Act::Edit(host(a)?, Edit::Settings(name(service)?))
            }
            ["edit", a, "existence", "of", service] => {
                Act::Edit(host(a)?, Edit::Drops(name(service)?))
            }
            ["edit", a, "community"] => Act::Edit(host(a)?, Edit::Community),
            ["edit", a, "traps"] => Act::Edit(host(a)?, Edit::Traps),
            ["release", a] => Act::ReleaseAll(host(a)?),
            _ => return Err(format!("{text}: nothing that can happen")),
        })
    }
}

impl FromStr for Happening {
    type Err = String;

    fn from_str(text: &str) -> Result<Happening, String> {
        let rest = text.strip_prefix("at ").unwrap_or_default();
        let (at, act) = rest
            .split_once(' ')
            .ok_or_else(|| format!("{text}: not at a time something that happens"))?;
        Ok(Happening {
            at: span(at)?,
            act: act.parse()?,
        })
    }
}

impl Verb {
    /// All that can be typed.
    pub const ALL: [Verb; 11] = [
        Verb::Away,
        Verb::Back,
        Verb::Hold,
        Verb::Release,
        Verb::Set(State::Up),
        Verb::Set(State::Recover),
        Verb::Set(State::Fail),
        Verb::Forget,
        Verb::History,
        Verb::Figures,
        Verb::List,
    ];
}
