//! What people ask of a service: the change of its record that each wish comes to. failc and
//! failmon have it from here, and `fail hold` and its like in Tcl mean the same.

use fail_wire::{Marks, Reason, Record, State};

use crate::Wanted;

/// A wish, or a fact that somebody states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// failsh shall observe and change nothing.
    Hold,
    /// No longer so.
    Release,
    /// The service shall be served elsewhere.
    Away,
    /// No longer so.
    Back,
    /// It is in this state now.
    Set(State),
}

impl Wish {
    /// The change of this record; `reason` may be empty.
    ///
    /// `back` also says that the service could be brought up again, unless it still is up
    /// because failsh has not come to stop it.
    pub fn wanted(self, record: &Record, reason: &str) -> Wanted {
        let none = Marks(0);
        let (word, state, set, clear) = match self {
            Wish::Hold => ("held", None, Marks::HELD, none),
            Wish::Release => ("released", None, none, Marks::HELD),
            Wish::Away => ("away", None, Marks::AWAY, none),
            Wish::Back if record.state == State::Fail => {
                ("back", Some(State::Recover), none, Marks::AWAY)
            }
            Wish::Back => ("back", None, none, Marks::AWAY),
            Wish::Set(state) => ("set by hand", Some(state), none, none),
        };
        let reason = match reason {
            // Why the service is as it is says more than the mark says anyway.
            "" if self == Wish::Hold && record.version > 0 => record.reason.clone(),
            "" => Reason::new(word),
            reason if matches!(self, Wish::Set(_)) => Reason::new(reason),
            reason => Reason::new(&format!("{word}: {reason}")),
        };
        Wanted {
            state,
            set,
            clear,
            reason,
        }
    }

    /// The command of failsh's Tcl that asks for the same.
    pub fn tcl(self, service: &str, reason: &str) -> String {
        let (verb, state) = match self {
            Wish::Hold => ("hold", ""),
            Wish::Release => ("release", ""),
            Wish::Away => ("away", ""),
            Wish::Back => ("back", ""),
            Wish::Set(state) => ("set", state.word()),
        };
        let mut command = format!("fail {verb} {}", tcl_word(service));
        for word in [state, reason].iter().filter(|word| !word.is_empty()) {
            command.push(' ');
            command.push_str(&tcl_word(word));
        }
        command
    }
}

/// A text as one word of Tcl, in which nothing is substituted.
fn tcl_word(text: &str) -> String {
    let mut word = String::new();
    for letter in text.chars() {
        match letter {
            letter if letter.is_ascii_control() => {
                word.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            // Before anything else of ASCII a backslash means just that.
            letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => {
                word.push('\\');
                word.push(letter);
            }
            letter => word.push(letter),
        }
    }
    match word.is_empty() {
        true => "{}".to_string(),
        false => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcl_gets_words_and_no_commands() {
        let tcl = Wish::Away.tcl("we[exit]b", "new $disk; {exit\n");
        assert_eq!(
            tcl,
            "fail away we\\[exit\\]b new\\ \\$disk\\;\\ \\{exit\\u000a"
        );
        let tcl = Wish::Set(State::Fail).tcl("wéb", "");
        assert_eq!(tcl, "fail set wéb FAIL");
        assert_eq!(Wish::Hold.tcl("", ""), "fail hold {}");
    }
}
