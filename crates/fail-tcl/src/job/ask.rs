//! What stands behind `::fail::ask`: things that only the engine can do, read into an [`Ask`].
//!
//! ```text
//! set service UP|RECOVER|FAIL|hold|release|away|back reason
//! address add ip prefix device label probe_ms announce
//! address del ip prefix device
//! address announce ip prefix device times spacing_ms
//! address has ip prefix device
//! address probe ip prefix device wait_ms
//! address list ?device?
//! ```
//!
//! A `label` that is empty is none, and so is a `probe_ms` of 0. These are the words of our
//! own commands and packages, not of policies: they are complete, and are checked all the
//! same.

use fail_core::address::{AddressOn, AddressOrder};
use fail_core::job::ByHand;
use fail_core::time::Span;
use fail_wire::{Name, State};

use crate::mail::Ask;
use crate::tcl::TclError;

/// The kinds, and what a reader calls them.
const KINDS: &[(&str, &str)] = &[("set", "fail set"), ("address", "failover::ip")];

const CHANGES: &[(&str, ByHand)] = &[
    ("UP", ByHand::State(State::Up)),
    ("RECOVER", ByHand::State(State::Recover)),
    ("FAIL", ByHand::State(State::Fail)),
    ("hold", ByHand::Hold),
    ("release", ByHand::Release),
    ("away", ByHand::Away),
    ("back", ByHand::Back),
];

/// What a reader calls the command that asks for this kind.
pub(super) fn called(kind: &str) -> &str {
    let known = KINDS.iter().find(|(word, _)| *word == kind);
    known.map_or(kind, |(_, name)| name)
}

/// Whether somebody who can not wait may ask for it: what comes of it is only whether it
/// was done.
pub(super) fn is_order(ask: &Ask) -> bool {
    match ask {
        Ask::Set { .. } => true,
        Ask::Address(order) => match order {
            AddressOrder::Add { .. } | AddressOrder::Del { .. } | AddressOrder::Announce { .. } => {
                true
            }
            AddressOrder::Has { .. } | AddressOrder::Probe { .. } | AddressOrder::List { .. } => {
                false
            }
        },
    }
}

/// Reads the words behind `::fail::ask`.
pub(super) fn parse(words: &[String]) -> Result<Ask, TclError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set", service, change, reason] => set(service, change, reason),
        ["set", ..] => Err(TclError::usage("::fail::ask set service change reason")),
        ["address", verb, rest @ ..] => address(verb, rest).map(Ask::Address),
        ["address"] => Err(TclError::usage("::fail::ask address verb ?word ...?")),
        [kind, ..] => Err(bad("kind", kind, KINDS.iter().map(|(word, _)| *word))),
        [] => Err(TclError::usage("::fail::ask kind ?word ...?")),
    }
}

fn set(service: &str, change: &str, reason: &str) -> Result<Ask, TclError> {
    let name = Name::new(service)
        .map_err(|e| TclError::new(format!("bad service name \"{service}\": {e}")))?;
    let known = CHANGES.iter().find(|(word, _)| *word == change);
    let &(_, change) =
        known.ok_or_else(|| bad("state", change, CHANGES.iter().map(|(word, _)| *word)))?;
    Ok(Ask::Set {
        service: name,
        change,
        reason: reason.to_string(),
    })
}

fn address(verb: &str, words: &[&str]) -> Result<AddressOrder, TclError> {
    let usage = |words: &str| {
        let line = format!("::fail::ask address {verb} {words}");
        Err(TclError::usage(line.trim_end()))
    };
    Ok(match (verb, words) {
        ("add", [ip, prefix, device, label, probe, announce]) => AddressOrder::Add {
            at: at(ip, prefix, device)?,
            label: Some(*label)
                .filter(|label| !label.is_empty())
                .map(String::from),
            probe: Some(millis(probe)?).filter(|span| *span != Span::ZERO),
            announce: number(announce)?,
        },
        ("del", [ip, prefix, device]) => AddressOrder::Del {
            at: at(ip, prefix, device)?,
        },
        ("announce", [ip, prefix, device, times, spacing]) => AddressOrder::Announce {
            at: at(ip, prefix, device)?,
            times: number(times)?,
            spacing: millis(spacing)?,
        },
        ("has", [ip, prefix, device]) => AddressOrder::Has {
            at: at(ip, prefix, device)?,
        },
        ("probe", [ip, prefix, device, wait]) => AddressOrder::Probe {
            at: at(ip, prefix, device)?,
            wait: millis(wait)?,
        },
        ("list", []) => AddressOrder::List { device: None },
        ("list", [device]) => AddressOrder::List {
            device: Some((*device).to_string()),
        },
        ("add", _) => return usage("ip prefix device label probe_ms announce"),
        ("del" | "has", _) => return usage("ip prefix device"),
        ("announce", _) => return usage("ip prefix device times spacing_ms"),
        ("probe", _) => return usage("ip prefix device wait_ms"),
        ("list", _) => return usage("?device?"),
        (verb, _) => {
            let verbs = ["add", "announce", "del", "has", "list", "probe"];
            return Err(bad("verb", verb, verbs.into_iter()));
        }
    })
}

fn at(ip: &str, prefix: &str, device: &str) -> Result<AddressOn, TclError> {
    let ip: std::net::IpAddr = ip
        .parse()
        .map_err(|_| TclError::new(format!("bad address \"{ip}\": must be such as 192.0.2.1")))?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let prefix = prefix
        .parse()
        .ok()
        .filter(|bits| *bits <= most)
        .ok_or_else(|| TclError::new(format!("bad prefix \"{prefix}\": must be 0 to {most}")))?;
    if device.is_empty() {
        return Err(TclError::new("bad device \"\": must be such as eth0"));
    }
    Ok(AddressOn {
        ip,
        prefix,
        device: device.to_string(),
    })
}

fn number(word: &str) -> Result<u32, TclError> {
    word.parse()
        .map_err(|_| TclError::new(format!("bad number \"{word}\": must be 0 or more")))
}

fn millis(word: &str) -> Result<Span, TclError> {
    number(word).map(|ms| Span::from_millis(ms.into()))
}

fn bad<'a>(what: &str, word: &str, choices: impl Iterator<Item = &'a str>) -> TclError {
    TclError::bad(what, word, &choices.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Ask, String> {
        let words: Vec<String> = line.split(' ').map(|w| w.replace("{}", "")).collect();
        parse(&words).map_err(|e| e.message)
    }

    fn on(ip: &str, prefix: u8, device: &str) -> AddressOn {
        AddressOn {
            ip: ip.parse().unwrap(),
            prefix,
            device: device.to_string(),
        }
    }

    #[test]
    fn every_order_is_read() {
        let at = || on("192.0.2.10", 24, "eth0");
        let ms = Span::from_millis;
        for (line, expected) in [
            (
                "add 192.0.2.10 24 eth0 eth0:web 500 3",
                AddressOrder::Add {
                    at: at(),
                    label: Some("eth0:web".to_string()),
                    probe: Some(ms(500)),
                    announce: 3,
                },
            ),
            (
                "add 2001:db8::1 64 eth0 {} 0 0",
                AddressOrder::Add {
                    at: on("2001:db8::1", 64, "eth0"),
                    label: None,
                    probe: None,
                    announce: 0,
                },
            ),
            ("del 192.0.2.10 24 eth0", AddressOrder::Del { at: at() }),
            (
                "announce 192.0.2.10 24 eth0 5 200",
                AddressOrder::Announce {
                    at: at(),
                    times: 5,
                    spacing: ms(200),
                },
            ),
            ("has 192.0.2.10 24 eth0", AddressOrder::Has { at: at() }),
            (
                "probe 192.0.2.10 24 eth0 300",
                AddressOrder::Probe {
                    at: at(),
                    wait: ms(300),
                },
            ),
            ("list", AddressOrder::List { device: None }),
            (
                "list eth0",
                AddressOrder::List {
                    device: Some("eth0".to_string()),
                },
            ),
        ] {
            assert_eq!(
                read(&format!("address {line}")),
                Ok(Ask::Address(expected)),
                "{line}"
            );
        }
        for &(word, change) in CHANGES {
            let (service, reason) = (Name::new("web").unwrap(), "why".to_string());
            let expected = Ask::Set {
                service,
                change,
                reason,
            };
            assert_eq!(read(&format!("set web {word} why")), Ok(expected));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, problem) in [
            (
                "set web",
                "wrong # args: should be \"::fail::ask set service change reason\"",
            ),
            ("set we* UP x", "bad service name \"we*\""),
            (
                "set web up x",
                "bad state \"up\": must be UP, RECOVER, FAIL, hold, release, away, or back",
            ),
            ("sit", "bad kind \"sit\": must be set or address"),
            (
                "address",
                "wrong # args: should be \"::fail::ask address verb ?word ...?\"",
            ),
            (
                "address bid",
                "bad verb \"bid\": must be add, announce, del, has, list, or probe",
            ),
            (
                "address del x",
                "wrong # args: should be \"::fail::ask address del ip prefix device\"",
            ),
            (
                "address del x 1 eth0",
                "bad address \"x\": must be such as 192.0.2.1",
            ),
            (
                "address del 192.0.2.1 33 eth0",
                "bad prefix \"33\": must be 0 to 32",
            ),
            (
                "address del 192.0.2.1 -1 eth0",
                "bad prefix \"-1\": must be 0 to 32",
            ),
            (
                "address del ::1 129 eth0",
                "bad prefix \"129\": must be 0 to 128",
            ),
            (
                "address del ::1 128 {}",
                "bad device \"\": must be such as eth0",
            ),
            (
                "address probe ::1 128 lo soon",
                "bad number \"soon\": must be 0 or more",
            ),
        ] {
            let said = read(line).unwrap_err();
            assert!(said.starts_with(problem), "{line}: {said}");
        }
    }
}
