//! The options of `failhost` and `failsvc`: one line each, with how it is read and how it is
//! printed. What is printed reads back to the same, and what has never been set prints like
//! what is set to that.

use std::collections::BTreeMap;
use std::fmt::Display;

use fail_core::limits::{
    CONFIRM_MAX, INTERVAL_MAX_S, INTERVAL_MIN_MS, PEERS_MAX, RETRY_FACTOR_MAX_MILLI, RISE_FALL_MAX,
};
use fail_core::policy::{Confirm, Host, Lonely, Protocol, Retry, Service};
use fail_core::time::Span;
use fail_wire::{Key, Name};

use super::codes::{Code, Fault};
use super::normal::list;
use crate::tcl::{Interp, Obj};

/// One option of a `T`.
pub(super) struct Opt<T: 'static> {
    pub(super) word: &'static str,
    pub(super) set: fn(&mut T, &Value<'_>) -> Result<(), Fault>,
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
                "tcp" => {
                    let said = "this version only speaks udp, not tcp";
                    return Err(said.to_string().into());
                }
                other => return Err(bad("protocol", other, "udp")),
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
            host.community = value.community()?;
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
            service.interval = value.interval()?;
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
        word: "check",
        set: |service, value| {
            service.check = value.script()?;
            Ok(())
        },
        print: |service| service.check.clone().unwrap_or_default(),
    },
    Opt {
        word: "checkinterval",
        set: |service, value| {
            service.check_interval = value.interval()?;
            Ok(())
        },
        print: |service| service.check_interval.to_string(),
    },
    Opt {
        word: "checkrecover",
        set: |service, value| {
            service.check_recover = value.boolean()?;
            Ok(())
        },
        print: |service| yes_or_no(service.check_recover),
    },
    Opt {
        word: "rise",
        set: |service, value| {
            service.rise = number(&value.text(), 1, RISE_FALL_MAX)?;
            Ok(())
        },
        print: |service| service.rise.to_string(),
    },
    Opt {
        word: "fall",
        set: |service, value| {
            service.fall = number(&value.text(), 1, RISE_FALL_MAX)?;
            Ok(())
        },
        print: |service| service.fall.to_string(),
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
        word: "failback",
        set: |service, value| {
            service.failback = value.boolean()?;
            Ok(())
        },
        print: |service| yes_or_no(service.failback),
    },
    Opt {
        word: "retry",
        set: |service, value| {
            service.retry = value.retry()?;
            Ok(())
        },
        print: |service| service.retry.as_ref().map(print_retry).unwrap_or_default(),
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
                other => return Err(bad("word", other, "stop or keep")),
            };
            Ok(())
        },
        print: |service| match service.lonely {
            Lonely::Stop => "stop".to_string(),
            Lonely::Keep => "keep".to_string(),
        },
    },
    Opt {
        word: "community",
        set: |service, value| {
            service.community = match value.text().is_empty() {
                true => None,
                false => Some(value.community()?),
            };
            Ok(())
        },
        print: |service| service.community.clone().unwrap_or_default(),
    },
];

/// All settings of a service as `failsvc` gives them, for those who only look. A community is
/// a key, and so it is not among them: of one that is set it says `(set)`.
pub fn settings(service: &Service) -> BTreeMap<String, String> {
    let shown = |option: &Opt<Service>| match option.word {
        "community" if service.community.is_some() => "(set)".to_string(),
        _ => (option.print)(service),
    };
    let pairs = SERVICE.iter();
    pairs.map(|o| (o.word.to_string(), shown(o))).collect()
}

impl Value<'_> {
    fn text(&self) -> String {
        self.obj.to_text()
    }

    /// The text, unless there is nothing but white space.
    fn some_text(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.trim().is_empty())
    }

    fn list(&self) -> Result<Vec<String>, Fault> {
        match self.obj.elements() {
            Some(items) => Ok(items.iter().map(Obj::to_text).collect()),
            None => Err(format!("bad list \"{}\"", self.text()).into()),
        }
    }

    fn time(&self) -> Result<Span, Fault> {
        time(&self.text())
    }

    /// A time that is not zero.
    fn some_time(&self) -> Result<Span, Fault> {
        some_time(&self.text())
    }

    /// A time within the limits of an interval.
    fn interval(&self) -> Result<Span, Fault> {
        const MIN: Span = Span::from_millis(INTERVAL_MIN_MS);
        const MAX: Span = Span::from_secs(INTERVAL_MAX_S);
        let interval = self.time()?;
        match (MIN..=MAX).contains(&interval) {
            true => Ok(interval),
            false => Err(bad("time", &self.text(), &format!("from {MIN} to {MAX}"))),
        }
    }

    /// What Tcl takes for a boolean.
    fn boolean(&self) -> Result<bool, Fault> {
        let said = self.text();
        let is = |class: &str| {
            let words = ["string", "is", class, "-strict", &said];
            self.interp
                .command(words)
                .is_ok_and(|is| is.to_text() == "1")
        };
        match (is("true"), is("false")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(bad("boolean", &said, "yes or no")),
        }
    }

    fn community(&self) -> Result<String, Fault> {
        let community = self.text();
        Key::new(&community).map_err(|bad| bad.to_string())?;
        Ok(community)
    }

    fn hosts(&self) -> Result<Vec<Name>, Fault> {
        let words = self.list()?;
        if words.len() > PEERS_MAX {
            let (what, max) = ("peers", PEERS_MAX);
            let sentence = format!("at most {PEERS_MAX} hosts, not {}", words.len());
            return Err(Fault::new(Code::Limit { what, max }, sentence));
        }
        let name = |word: &String| {
            Name::new(word).map_err(|e| {
                let sentence = format!("bad name \"{}\": {e}", visible(word));
                Fault::new(Code::Name(word.clone()), sentence)
            })
        };
        words.iter().map(name).collect()
    }

    fn confirm(&self) -> Result<Confirm, Fault> {
        let words = self.list()?;
        let (times, spacing) = match words.as_slice() {
            [times] => (times, None),
            [times, spacing] => (times, Some(some_time(spacing)?)),
            _ => {
                return Err(bad(
                    "list",
                    &self.text(),
                    "a number and a time, or a number",
                ));
            }
        };
        let times = number(times, 0, CONFIRM_MAX)?;
        Ok(Confirm { times, spacing })
    }

    fn retry(&self) -> Result<Option<Retry>, Fault> {
        let words = self.list()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (initial, factor, maximum) = match words.as_slice() {
            [] => return Ok(None),
            [initial] => (initial, None, None),
            [initial, factor] => (initial, Some(factor), None),
            [initial, factor, maximum] => (initial, Some(factor), Some(maximum)),
            _ => {
                let must = "a time, a factor and a time, or less of it";
                return Err(bad("list", &self.text(), must));
            }
        };
        let initial = some_time(initial)?;
        let factor_milli = factor.map_or(Ok(Retry::FACTOR_MILLI), |word| factor_of(word))?;
        let maximum = match maximum {
            Some(word) => some_time(word)?,
            None => longest_wait(initial),
        };
        if maximum < initial {
            let must = format!("at least the first time, {initial}");
            return Err(bad("time", words.last().unwrap_or(&""), &must));
        }
        Ok(Some(Retry {
            initial,
            factor_milli,
            maximum,
        }))
    }

    /// A script, if there is one, whose braces, brackets and quotes are balanced.
    fn script(&self) -> Result<Option<String>, Fault> {
        let Some(script) = self.some_text() else {
            return Ok(None);
        };
        if self.complete(&script) {
            return Ok(Some(script));
        }
        Err(unbalanced(self.interp, &script).into())
    }

    fn complete(&self, script: &str) -> bool {
        complete(self.interp, script)
    }
}

/// Whether the braces, brackets and quotes of a script are balanced.
pub(super) fn complete(interp: &Interp, script: &str) -> bool {
    interp
        .command(["info", "complete", script])
        .is_ok_and(|yes| yes.to_text() == "1")
}

/// What is missing in a script that is not [`complete`].
pub(super) fn unbalanced(interp: &Interp, script: &str) -> String {
    // What would end it is what is missing. Nobody leaves more than a few open.
    const OPEN_MAX: usize = 8;
    let missing = [("}", "close-brace"), ("]", "close-bracket"), ("\"", "\"")]
        .into_iter()
        .find(|(end, _)| {
            (1..=OPEN_MAX).any(|n| complete(interp, &format!("{script}{}", end.repeat(n))))
        });
    match missing {
        Some((_, what)) => format!("missing {what}"),
        None => "braces, brackets or quotes are not balanced".to_string(),
    }
}

/// `bad time "x": must be this`.
fn bad(what: &str, said: &str, must: &str) -> Fault {
    format!("bad {what} \"{}\": must be {must}", visible(said)).into()
}

/// A text for one line of a message: control characters are spelt out, and the end of a long
/// one is left out.
pub(super) fn visible(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        match c {
            _ if n == CHARS_MAX => return shown + "…",
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_string()
}

fn number<T>(text: &str, min: u32, max: T) -> Result<T, Fault>
where
    T: TryFrom<u32> + PartialOrd + Display,
{
    // Only digits: `parse` also takes a plus sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n| digits && *n >= min);
    number
        .and_then(|n| T::try_from(n).ok())
        .filter(|n| *n <= max)
        .ok_or_else(|| bad("number", text, &format!("from {min} to {max}")))
}

/// How long to wait at most when nobody says so: not shorter than the first wait.
fn longest_wait(initial: Span) -> Span {
    initial.max(Retry::MAXIMUM)
}

/// A decimal number as thousandths.
fn factor_of(text: &str) -> Result<u32, Fault> {
    let wrong = || {
        bad(
            "factor",
            text,
            &format!("from 1 to {}", RETRY_FACTOR_MAX_MILLI / 1_000),
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let milli: u32 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let all = whole.checked_mul(1_000).and_then(|n| n.checked_add(milli));
    all.filter(|n| (1_000..=RETRY_FACTOR_MAX_MILLI).contains(n))
        .ok_or_else(wrong)
}

/// As it was said, without what is so by default.
fn print_retry(retry: &Retry) -> String {
    let Retry {
        initial,
        factor_milli,
        maximum,
    } = retry;
    let factor = format!("{}.{:03}", factor_milli / 1_000, factor_milli % 1_000);
    let factor = factor.trim_end_matches('0').trim_end_matches('.');
    if *maximum != longest_wait(*initial) {
        format!("{initial} {factor} {maximum}")
    } else if *factor_milli != Retry::FACTOR_MILLI {
        format!("{initial} {factor}")
    } else {
        initial.to_string()
    }
}

/// Reads a time.
pub(super) fn time(text: &str) -> Result<Span, Fault> {
    Span::parse(text).ok_or_else(|| bad("time", text, "seconds, or such as 50ms, 2m, 1h"))
}

/// Reads a time that is not zero.
pub(super) fn some_time(text: &str) -> Result<Span, Fault> {
    match time(text)? {
        Span::ZERO => Err(bad("time", text, "more than nothing")),
        span => Ok(span),
    }
}
