//! What stands behind `::fail::ask`: things that only the engine can do, read into an [`Ask`].
//!
//! ```text
//! set service UP|RECOVER|FAIL|hold|release|away|back reason
//! address add|announce|del|has|link|list|probe ...
//! ```
//!
//! The words of `set` are those of our own commands, not of policies: they are complete, and
//! are checked all the same. Those of `address` come from policies, and are read by
//! [`AddressOrder::parse`].

use fail_core::address::AddressOrder;
use fail_core::job::ByHand;
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
            AddressOrder::Has { .. }
            | AddressOrder::Link { .. }
            | AddressOrder::List { .. }
            | AddressOrder::Probe { .. } => false,
        },
    }
}

/// Reads the words behind `::fail::ask`.
pub(super) fn parse(words: &[String]) -> Result<Ask, TclError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set", service, change, reason] => set(service, change, reason),
        ["set", ..] => Err(TclError::usage("::fail::ask set service change reason")),
        ["address", order @ ..] => address(order).map(Ask::Address),
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

/// Reads the words behind `address`.
pub(super) fn address<S: AsRef<str>>(words: &[S]) -> Result<AddressOrder, TclError> {
    AddressOrder::parse(words).map_err(|error| {
        let code: Vec<&str> = error.code.iter().map(String::as_str).collect();
        TclError::new(error.message).code(&code)
    })
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

    #[test]
    fn every_order_is_read() {
        let device = Some("eth0".to_string());
        let list = Ask::Address(AddressOrder::List { device });
        assert_eq!(read("address list eth0"), Ok(list));
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
                "wrong # args: should be \"ip::option ?arg ...?\"",
            ),
            ("address del x eth0", "expected an address but got \"x\""),
        ] {
            let said = read(line).unwrap_err();
            assert!(said.starts_with(problem), "{line}: {said}");
        }
    }
}
