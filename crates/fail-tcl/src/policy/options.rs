//! The options of `failhost` and `failsvc`: one line each, with how it is read and how it is
//! printed. What is printed reads back to the same, and what has never been set prints like
//! what is set to that.

use std::collections::BTreeMap;

use fail_core::limits::{
    CHECK_INTERVAL_MAX_S, CHECK_INTERVAL_MIN_MS, INTERVAL_MAX_S, INTERVAL_MIN_MS, RISE_FALL_MAX,
};
use fail_core::policy::{Confirm, Host, Lonely, Protocol, Retry, Service};
use fail_core::time::Span;
use fail_wire::Name;

use super::codes::Fault;
use super::normal::list;
use super::value::{Value, bad, longest_wait, number};

/// One option of a `T`.
pub(super) struct Opt<T: 'static> {
    pub(super) word: &'static str,
    pub(super) set: fn(&mut T, &Value<'_>) -> Result<(), Fault>,
    pub(super) print: fn(&T) -> String,
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
                "tcp" => Protocol::Tcp,
                other => return Err(bad("protocol", other, "udp or tcp")),
            };
            Ok(())
        },
        print: |host| match host.protocol {
            Protocol::Udp => "udp".to_string(),
            Protocol::Tcp => "tcp".to_string(),
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
            const MIN: Span = Span::from_millis(INTERVAL_MIN_MS);
            const MAX: Span = Span::from_secs(INTERVAL_MAX_S);
            service.interval = value.time_from(MIN, MAX)?;
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
            const MIN: Span = Span::from_millis(CHECK_INTERVAL_MIN_MS);
            const MAX: Span = Span::from_secs(CHECK_INTERVAL_MAX_S);
            service.check_interval = value.time_from(MIN, MAX)?;
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
/// a key, and a script may hold a password: of those that are set it says `(set)`, unless a
/// script is the name of a proc and nothing else.
pub fn settings(service: &Service) -> BTreeMap<String, String> {
    let shown = |option: &Opt<Service>| match option.word {
        "community" if service.community.is_some() => "(set)".to_string(),
        "start" | "stop" | "reclaim" | "check" => match (option.print)(service) {
            script if script.contains(|c: char| !is_of_a_name(c)) => "(set)".to_string(),
            name => name,
        },
        _ => (option.print)(service),
    };
    let pairs = SERVICE.iter();
    pairs.map(|o| (o.word.to_string(), shown(o))).collect()
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.')
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_string()
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
