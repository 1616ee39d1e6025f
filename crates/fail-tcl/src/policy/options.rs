//! The options of `failhost` and `failsvc`: one line each, with how it is read and how it is
//! printed. What is printed reads back to the same, and what has never been set prints like
//! what is set to that.

use std::fmt::Display;

use fail_core::limits::{CONFIRM_MAX, INTERVAL_MAX_S, INTERVAL_MIN_MS, PEERS_MAX};
use fail_core::policy::{Confirm, Host, Lonely, Protocol, Service};
use fail_core::time::Span;
use fail_wire::{Key, Name};

use super::normal::list;
use crate::tcl::{Interp, Obj};

/// One option of a `T`.
pub(super) struct Opt<T: 'static> {
    pub(super) word: &'static str,
    pub(super) set: fn(&mut T, &Value<'_>) -> Result<(), String>,
    pub(super) print: fn(&T) -> String,
}

/// The value of an option, as it was said.
pub(super) struct Value<'a> {
    pub(super) interp: &'a Interp,
    pub(super) obj: &'a Obj,
}

/// The options of `failhost`.
pub(super) const HOST: &[Opt<Host>] = &[
    Opt {
        word: "address",
        set: |host, value| {
            host.address = value.some_text();
            Ok(())
        },
        print: |host| host.address.clone().unwrap_or_default(),
    },
    Opt {
        word: "port",
        set: |host, value| {
            host.port = number(&value.text(), 1, u16::MAX)?;
            Ok(())
        },
        print: |host| host.port.to_string(),
    },
    Opt {
        word: "protocol",
        set: |host, value| {
            host.protocol = match value.text().as_str() {
                "udp" => Protocol::Udp,
                "tcp" => return Err("this version only speaks udp, not tcp".to_string()),
                other => return Err(format!("bad protocol \"{other}\": must be udp")),
            };
            Ok(())
        },
        print: |host| match host.protocol {
            Protocol::Udp => "udp".to_string(),
        },
    },
    Opt {
        word: "community",
        set: |host, value| {
            let community = value.text();
            Key::new(&community).map_err(|bad| bad.to_string())?;
            host.community = community;
            Ok(())
        },
        print: |host| host.community.clone(),
    },
    Opt {
        word: "timeout",
        set: |host, value| {
            host.timeout = match value.some_text() {
                Some(_) => Some(value.some_time()?),
                None => None,
            };
            Ok(())
        },
        print: |host| host.timeout.map(|t| t.to_string()).unwrap_or_default(),
    },
];

/// The options of `failsvc`.
pub(super) const SERVICE: &[Opt<Service>] = &[
    Opt {
        word: "interval",
        set: |service, value| {
            const MIN: Span = Span::from_millis(INTERVAL_MIN_MS);
            const MAX: Span = Span::from_secs(INTERVAL_MAX_S);
            let interval = value.time()?;
            if !(MIN..=MAX).contains(&interval) {
                let said = value.text();
                return Err(format!("bad time \"{said}\": must be from {MIN} to {MAX}"));
            }
            service.interval = interval;
            Ok(())
        },
        print: |service| service.interval.to_string(),
    },
    Opt {
        word: "masters",
        set: |service, value| {
            service.masters = value.hosts()?;
            Ok(())
        },
        print: |service| list(service.masters.iter().map(Name::as_str)),
    },
    Opt {
        word: "slaves",
        set: |service, value| {
            service.slaves = value.hosts()?;
            Ok(())
        },
        print: |service| list(service.slaves.iter().map(Name::as_str)),
    },
    Opt {
        word: "start",
        set: |service, value| {
            service.start = value.script()?;
            Ok(())
        },
        print: |service| service.start.clone().unwrap_or_default(),
    },
    Opt {
        word: "stop",
        set: |service, value| {
            service.stop = value.script()?;
            Ok(())
        },
        print: |service| service.stop.clone().unwrap_or_default(),
    },
    Opt {
        word: "reclaim",
        set: |service, value| {
            service.reclaim = value.script()?;
            Ok(())
        },
        print: |service| service.reclaim.clone().unwrap_or_default(),
    },
    Opt {
        word: "timeout",
        set: |service, value| {
            service.timeout = value.some_time()?;
            Ok(())
        },
        print: |service| service.timeout.to_string(),
    },
    Opt {
        word: "delay",
        set: |service, value| {
            service.delay = value.time()?;
            Ok(())
        },
        print: |service| service.delay.to_string(),
    },
    Opt {
        word: "confirm",
        set: |service, value| {
            service.confirm = value.confirm()?;
            Ok(())
        },
        print: |service| {
            let Confirm { times, spacing } = service.confirm;
            let spacing = spacing.map(|s| s.to_string());
            list([times.to_string()].into_iter().chain(spacing))
        },
    },
    Opt {
        word: "lonely",
        set: |service, value| {
            service.lonely = match value.text().as_str() {
                "stop" => Lonely::Stop,
                "keep" => Lonely::Keep,
                other => return Err(format!("bad word \"{other}\": must be stop or keep")),
            };
            Ok(())
        },
        print: |service| match service.lonely {
            Lonely::Stop => "stop".to_string(),
            Lonely::Keep => "keep".to_string(),
        },
    },
];

impl Value<'_> {
    fn text(&self) -> String {
        self.obj.to_text()
    }

    /// The text, unless there is nothing but white space.
    fn some_text(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.trim().is_empty())
    }

    fn list(&self) -> Result<Vec<String>, String> {
        let items = self.obj.elements();
        items
            .map(|items| items.iter().map(Obj::to_text).collect())
            .ok_or_else(|| format!("bad list \"{}\"", self.text()))
    }

    fn time(&self) -> Result<Span, String> {
        time(&self.text())
    }

    /// A time that is not zero.
    fn some_time(&self) -> Result<Span, String> {
        some_time(&self.text())
    }

    fn hosts(&self) -> Result<Vec<Name>, String> {
        let words = self.list()?;
        if words.len() > PEERS_MAX {
            return Err(format!("at most {PEERS_MAX} hosts, not {}", words.len()));
        }
        words
            .iter()
            .map(|word| Name::new(word).map_err(|e| format!("bad name \"{word}\": {e}")))
            .collect()
    }

    fn confirm(&self) -> Result<Confirm, String> {
        let words = self.list()?;
        let (times, spacing) = match words.as_slice() {
            [times] => (times, None),
            [times, spacing] => (times, Some(some_time(spacing)?)),
            _ => {
                let said = self.text();
                return Err(format!(
                    "bad list \"{said}\": must be a number and a time, or a number"
                ));
            }
        };
        let times = number(times, 0, CONFIRM_MAX)?;
        Ok(Confirm { times, spacing })
    }

    /// A script, if there is one, whose braces, brackets and quotes are balanced.
    fn script(&self) -> Result<Option<String>, String> {
        let Some(script) = self.some_text() else {
            return Ok(None);
        };
        if self.complete(&script) {
            return Ok(Some(script));
        }
        // What would end it is what is missing. Nobody leaves more than a few open.
        const OPEN_MAX: usize = 8;
        let missing = [("}", "close-brace"), ("]", "close-bracket"), ("\"", "\"")]
            .into_iter()
            .find(|(end, _)| {
                (1..=OPEN_MAX).any(|n| self.complete(&format!("{script}{}", end.repeat(n))))
            });
        Err(match missing {
            Some((_, what)) => format!("missing {what}"),
            None => "braces, brackets or quotes are not balanced".to_string(),
        })
    }

    fn complete(&self, script: &str) -> bool {
        self.interp
            .command(["info", "complete", script])
            .is_ok_and(|yes| yes.to_text() == "1")
    }
}

fn number<T>(text: &str, min: u32, max: T) -> Result<T, String>
where
    T: TryFrom<u32> + PartialOrd + Display,
{
    let number = text.parse().ok().filter(|n| *n >= min);
    number
        .and_then(|n| T::try_from(n).ok())
        .filter(|n| *n <= max)
        .ok_or_else(|| format!("bad number \"{text}\": must be from {min} to {max}"))
}

fn time(text: &str) -> Result<Span, String> {
    Span::parse(text)
        .ok_or_else(|| format!("bad time \"{text}\": must be seconds, or such as 50ms, 2m, 1h"))
}

fn some_time(text: &str) -> Result<Span, String> {
    match time(text)? {
        Span::ZERO => Err(format!("bad time \"{text}\": must be more than nothing")),
        span => Ok(span),
    }
}
