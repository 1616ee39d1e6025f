//! The keys: one table. Dispatch, the help bar, the screen `?` and a test of the section KEYS
//! of `failmon(1)` are made of it, so that none of them can tell another story.
//!
//! In a line that is typed, and in the menu of wishes, keys are letters and arrows: `app` and
//! `wish` have them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::View;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Shows the keys.
    Help,
    /// Ends the program.
    Quit,
    /// Shows the hosts.
    Hosts,
    /// Last connect, or last call.
    Call,
    /// Shows the services.
    Services,
    /// Shows the chosen service.
    Detail,
    /// From the hosts to the services, and back.
    Other,
    /// Shows who serves what.
    Matrix,
    /// Shows what has happened.
    Log,
    /// Shows how failsh itself does.
    Health,
    /// One up.
    Up,
    /// One down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    Home,
    /// To the last.
    End,
    /// The next target.
    Next,
    /// Only what holds a text.
    Filter,
    /// In another order.
    Sort,
    /// In the opposite order.
    Reverse,
    /// Makes a wish.
    Wish,
    /// Back to where one was.
    Back,
    /// Draws everything anew.
    Redraw,
    /// Gives the terminal back for a while.
    Suspend,
}

/// A line of the table.
#[derive(Debug)]
pub struct Key {
    /// The keys by their names, as people write them.
    pub names: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// One or two words for the help bar; none: it is not in it.
    pub short: &'static str,
    /// A sentence.
    pub help: &'static str,
    /// Where they work; none: everywhere.
    pub views: &'static [View],
}

const LISTS: &[View] = &[View::Hosts, View::Services, View::Matrix];
const FILTERED: &[View] = &[View::Hosts, View::Services, View::Matrix, View::Log];
const OF_SERVICE: &[View] = &[View::Services, View::Matrix, View::Detail];

const fn key(
    names: &'static [&'static str],
    action: Action,
    short: &'static str,
    help: &'static str,
    views: &'static [View],
) -> Key {
    Key {
        names,
        action,
        short,
        help,
        views,
    }
}

/// All keys, in the order of the help bar: what does not fit there is left out at its end.
#[rustfmt::skip]
pub const KEYS: [Key; 24] = [
    key(&["?"], Action::Help, "help", "Show the keys, or no longer.", &[]),
    key(&["q", "Ctrl-C"], Action::Quit, "quit", "End failmon.", &[]),
    key(&["h"], Action::Hosts, "hosts", "Show the hosts.", &[]),
    key(&["l", "Left"], Action::Services, "services", "Show the services.", &[]),
    key(&["s", "Right", "Enter"], Action::Detail, "details", "Show the details of the chosen service.", &[]),
    key(&["m"], Action::Matrix, "matrix", "Show who serves what: a line for each service, a column for each host.", &[]),
    key(&["e"], Action::Log, "events", "Show what has happened, the latest first.", &[]),
    key(&["w"], Action::Wish, "wish", "Make a wish for the chosen service, or set its state, on the host that is shown.", OF_SERVICE),
    key(&["/"], Action::Filter, "filter", "Show only what holds a text. Enter keeps it, Esc drops it.", FILTERED),
    key(&["i"], Action::Health, "itself", "Show how well failsh does its own work.", &[]),
    key(&["o"], Action::Sort, "order", "Sort by name, by state with the worst first, or by time with the latest first.", LISTS),
    key(&["t"], Action::Next, "target", "Look at the next target.", &[]),
    key(&["c"], Action::Call, "connect/call", "Show the hosts; there, change between the last connect and the last call.", &[]),
    key(&["Tab"], Action::Other, "other", "Change between the hosts and the services, or the service that was shown.", &[]),
    key(&["Esc"], Action::Back, "", "Drop the filter; if there is none, go back.", &[]),
    key(&["O"], Action::Reverse, "", "Turn the order round.", LISTS),
    key(&["Up", "k"], Action::Up, "", "Move up.", &[]),
    key(&["Down", "j"], Action::Down, "", "Move down.", &[]),
    key(&["PgUp"], Action::PageUp, "", "Move up by a page.", &[]),
    key(&["PgDn", "Space"], Action::PageDown, "", "Move down by a page.", &[]),
    key(&["Home"], Action::Home, "", "Move to the first line.", &[]),
    key(&["End"], Action::End, "", "Move to the last line.", &[]),
    key(&["Ctrl-L"], Action::Redraw, "", "Draw everything anew.", &[]),
    key(&["Ctrl-Z"], Action::Suspend, "", "Stop failmon until the shell continues it.", &[]),
];

impl Key {
    /// Whether it works there.
    pub fn works(&self, view: View) -> bool {
        self.views.is_empty() || self.views.contains(&view)
    }
}

/// What this key does there, if anything.
pub fn action(pressed: KeyEvent, view: View) -> Option<Action> {
    let is = |key: &&Key| {
        key.works(view)
            && key
                .names
                .iter()
                .any(|name| event(name) == pressed_as(pressed))
    };
    KEYS.iter().find(is).map(|key| key.action)
}

/// Shift is in the letter already.
fn pressed_as(event: KeyEvent) -> Option<(KeyCode, KeyModifiers)> {
    Some((event.code, event.modifiers - KeyModifiers::SHIFT))
}

/// A key by its name.
fn event(name: &str) -> Option<(KeyCode, KeyModifiers)> {
    let plain = |code| Some((code, KeyModifiers::NONE));
    if let Some(letter) = name.strip_prefix("Ctrl-") {
        let letter = letter.chars().next()?.to_ascii_lowercase();
        return Some((KeyCode::Char(letter), KeyModifiers::CONTROL));
    }
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return plain(KeyCode::Char(letter));
    }
    plain(match name {
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "Esc" => KeyCode::Esc,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Space" => KeyCode::Char(' '),
        _ => return None,
    })
}

/// A key of the table as it comes from a terminal.
#[cfg(test)]
pub fn press(name: &str) -> KeyEvent {
    let (code, modifiers) = event(name).unwrap();
    KeyEvent::new(code, modifiers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_man_page_has_the_same_keys_and_words() {
        let page = include_str!("../../../../man/failmon.1");
        let section = page.split(".Sh KEYS\n").nth(1).unwrap();
        let list = section.split("\n.El").next().unwrap();
        let told: Vec<(Vec<&str>, String)> = list
            .split(".It Ic ")
            .skip(1)
            .map(|item| {
                let (names, help) = item.split_once('\n').unwrap();
                let names = names
                    .split(" , ")
                    .map(|name| name.trim_start_matches("\\&"));
                (names.collect(), help.trim().replace('\n', " "))
            })
            .collect();
        let table = KEYS
            .iter()
            .map(|key| (key.names.to_vec(), key.help.to_string()));
        assert_eq!(told, table.collect::<Vec<_>>());
    }

    #[test]
    fn each_key_does_one_thing() {
        let mut seen = BTreeSet::new();
        for key in &KEYS {
            for name in key.names {
                assert!(seen.insert(name), "{name} twice");
                let view = key.views.first().copied().unwrap_or(View::Hosts);
                assert_eq!(action(press(name), view), Some(key.action), "{name}");
            }
            assert!(key.help.ends_with('.'), "{}", key.help);
        }
        let shifted = KeyEvent::new(KeyCode::Char('O'), KeyModifiers::SHIFT);
        assert_eq!(action(shifted, View::Hosts), Some(Action::Reverse));
        assert_eq!(action(press("w"), View::Log), None);
        let ctrl_q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
        assert_eq!(action(ctrl_q, View::Hosts), None);
    }
}
