//! A wish of the user: a menu, a reason, and a question to be answered with yes. No single key
//! ever changes anything. What comes out of it is an [`Order`]; `order` carries it out.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use fail_client::{State, Wish, named};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest reason that can be typed, in letters: a record holds a little more.
const REASON_MAX: usize = 200;

/// What can be wished, with what it means.
pub const WISHES: [(Wish, &str, &str); 7] = [
    (
        Wish::Hold,
        "hold",
        "failsh shall observe, and change nothing",
    ),
    (Wish::Release, "release", "it shall no longer be held"),
    (Wish::Away, "away", "it shall not be served here"),
    (Wish::Back, "back", "it may be served here again"),
    (Wish::Set(State::Up), "set UP", "it is served here now"),
    (
        Wish::Set(State::Recover),
        "set RECOVER",
        "it could be served here",
    ),
    (
        Wish::Set(State::Fail),
        "set FAIL",
        "it can not be served here",
    ),
];

/// By what way a wish goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To a faild, with the community that was given.
    Faild {
        /// Its host, as it was named.
        host: String,
        /// Its port.
        port: u16,
    },
    /// To the failsh of this host.
    Socket(PathBuf),
}

impl fmt::Display for Way {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Way::Faild { host, port } => match host.parse::<std::net::Ipv6Addr>() {
                Ok(ip) => write!(to, "faild at {}", SocketAddr::new(ip.into(), *port)),
                Err(_) => write!(to, "faild at {host}:{port}"),
            },
            Way::Socket(path) => write!(to, "{}", path.display()),
        }
    }
}

/// A wish that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub wish: Wish,
    /// For which service.
    pub service: String,
    /// Why; may be empty.
    pub reason: String,
    /// On which host.
    pub host: String,
    /// The number of the failsh there, as it was shown.
    pub pid: Option<u32>,
    /// The target, by its place.
    pub target: usize,
    /// By what way.
    pub way: Way,
}

impl fmt::Display for Order {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let word = word(self.wish);
        write!(to, "{word} {} on {}", named(&self.service), self.host)
    }
}

/// A wish by its word.
pub fn word(wish: Wish) -> &'static str {
    let mut all = WISHES.iter();
    all.find(|(is, _, _)| *is == wish)
        .map_or("", |(_, word, _)| word)
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A wish is chosen.
    Menu,
    /// A reason is typed.
    Reason,
    /// Yes or no.
    Sure,
}

/// What a key comes to.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// It goes on.
    Stay,
    /// It is over, and nothing is wished.
    Close,
    /// It is wished.
    Order(Order),
}

/// The dialog.
#[derive(Debug)]
pub struct Dialog {
    /// How far it is.
    pub stage: Stage,
    /// The place of the wish.
    pub at: usize,
    /// Yes is chosen, and not no.
    pub yes: bool,
    /// The state of the service as it was shown when this began.
    pub state: Option<String>,
    /// What it will be.
    pub order: Order,
}

impl Dialog {
    /// A dialog about this service on this host.
    pub fn new(
        service: String,
        host: String,
        state: Option<String>,
        pid: Option<u32>,
        target: usize,
        way: Way,
    ) -> Dialog {
        Dialog {
            stage: Stage::Menu,
            at: 0,
            yes: false,
            state,
            order: Order {
                wish: WISHES[0].0,
                service,
                reason: String::new(),
                host,
                pid,
                target,
                way,
            },
        }
    }

    /// A key was pressed.
    pub fn press(&mut self, key: KeyEvent) -> Step {
        if key.code == KeyCode::Esc {
            return Step::Close;
        }
        match (self.stage, key.code) {
            (Stage::Menu, KeyCode::Up | KeyCode::Char('k')) => self.at = self.at.saturating_sub(1),
            (Stage::Menu, KeyCode::Down | KeyCode::Char('j')) => {
                self.at = (self.at + 1).min(WISHES.len() - 1);
            }
            (Stage::Menu, KeyCode::Char('q')) => return Step::Close,
            (Stage::Menu, KeyCode::Enter) => {
                self.order.wish = WISHES[self.at].0;
                self.stage = Stage::Reason;
            }
            (Stage::Reason, KeyCode::Enter) => self.stage = Stage::Sure,
            (Stage::Reason, _) => self.type_in(key),
            (Stage::Sure, KeyCode::Left | KeyCode::Right | KeyCode::Tab) => self.yes ^= true,
            (Stage::Sure, KeyCode::Enter) if self.yes => {
                return Step::Order(self.order.clone());
            }
            (Stage::Sure, KeyCode::Enter) => return Step::Close,
            _ => {}
        }
        Step::Stay
    }

    /// Types into the reason, while it is its turn.
    pub fn type_in(&mut self, key: KeyEvent) {
        let reason = &mut self.order.reason;
        if self.stage != Stage::Reason {
            return;
        }
        match key.code {
            KeyCode::Backspace => {
                reason.pop();
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => reason.clear(),
            KeyCode::Char(letter)
                if !key.modifiers.contains(KeyModifiers::CONTROL)
                    && reason.chars().count() < REASON_MAX =>
            {
                reason.push(letter);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::keys::press;

    fn dialog() -> Dialog {
        let way = Way::Socket("/run/failsh.sock".into());
        Dialog::new(
            "web".to_string(),
            "hosta".to_string(),
            None,
            Some(7),
            0,
            way,
        )
    }

    #[test]
    fn a_wish_takes_a_choice_a_reason_and_a_yes() {
        let mut dialog = dialog();
        for key in ["Down", "Down", "Enter", "n", "o", "w", "Enter", "Right"] {
            assert_eq!(dialog.press(press(key)), Step::Stay, "{key}");
        }
        let Step::Order(order) = dialog.press(press("Enter")) else {
            panic!("no order");
        };
        assert_eq!(order.wish, Wish::Away);
        assert_eq!(order.reason, "now");
        assert_eq!(order.to_string(), "away web on hosta");
    }

    #[test]
    fn one_key_pressed_again_and_again_wishes_nothing() {
        let all = super::super::keys::KEYS.iter().flat_map(|key| key.names);
        for name in all.chain(["y", "Y", "1"].iter()) {
            let mut dialog = dialog();
            for _ in 0..50 {
                let step = dialog.press(press(name));
                assert!(!matches!(step, Step::Order(_)), "{name}");
                if step == Step::Close {
                    break;
                }
            }
        }
    }
}
