//! What was typed, kept in a file for the next time: `$XDG_STATE_HOME/failsh_history`, or
//! `~/.failsh_history`.
//!
//! Only its owner may read it, and what names a community is not in it. A command of several
//! lines is one line there. A file that can not be read or written costs the history and
//! nothing else.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Commands that are remembered.
pub const COMMANDS_MAX: usize = 1_000;

/// A file with more is written anew with the last [`COMMANDS_MAX`].
const LINES_MAX: usize = 2 * COMMANDS_MAX;

/// The file.
#[derive(Debug)]
pub struct History(Option<PathBuf>);

impl History {
    /// That of the user.
    pub fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> History {
        let folder = |name| variable(name).map(PathBuf::from);
        let folder = |name| folder(name).filter(|path: &PathBuf| path.is_absolute());
        let state = folder("XDG_STATE_HOME").map(|path| path.join("failsh_history"));
        History(state.or_else(|| folder("HOME").map(|path| path.join(".failsh_history"))))
    }

    /// The last commands, oldest first.
    pub fn load(&self) -> Vec<String> {
        let Some(path) = &self.0 else {
            return Vec::new();
        };
        let Ok(bytes) = fail_rt::files::read(path) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let kept = &lines[lines.len().saturating_sub(COMMANDS_MAX)..];
        if lines.len() > LINES_MAX {
            let text: String = kept.iter().map(|line| format!("{line}\n")).collect();
            let _ = fail_rt::files::replace(path, text.as_bytes());
        }
        kept.iter().map(|line| unfold(line)).collect()
    }

    /// Adds a command, and says whether it may be remembered at all.
    pub fn add(&self, command: &str) -> bool {
        if command.to_lowercase().contains("community") {
            return false;
        }
        if let Some(path) = &self.0 {
            let mut options = OpenOptions::new();
            options.append(true).create(true).mode(0o600);
            options.custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits());
            let folder = path.parent().map(fs::create_dir_all);
            let _ = folder
                .unwrap_or(Ok(()))
                .and_then(|()| options.open(path))
                .and_then(|mut file| file.write_all((fold(command) + "\n").as_bytes()));
        }
        true
    }
}

/// As one line.
fn fold(command: &str) -> String {
    command.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unfold(line: &str) -> String {
    let mut command = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => command.push(letter),
            (_, true) => match letters.next() {
                Some('n') => command.push('\n'),
                Some(other) => command.push(other),
                None => command.push('\\'),
            },
        }
    }
    command
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("history-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    fn history(folder: &std::path::Path) -> History {
        let folder = folder.to_owned();
        History::of_user(move |name| (name == "HOME").then(|| folder.clone().into()))
    }

    #[test]
    fn what_was_typed_comes_back_and_secrets_do_not() {
        let home = folder("kept");
        let commands = ["fail why web", "proc p {} {\n puts \\n\\\\\n}", "set a é\\"];
        for command in commands {
            assert!(history(&home).add(command));
        }
        assert!(!history(&home).add("failhost b community secret"));
        assert_eq!(history(&home).load(), commands);
        let file = home.join(".failsh_history");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let _ = fs::remove_dir_all(home);
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let home = folder("long");
        let file = home.join(".failsh_history");
        let text: String = (0..=LINES_MAX).map(|n| format!("{n}\n")).collect();
        fs::write(&file, text).unwrap();
        let loaded = history(&home).load();
        assert_eq!(loaded.len(), COMMANDS_MAX);
        assert_eq!(loaded.last().unwrap(), &LINES_MAX.to_string());
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert_eq!(lines, COMMANDS_MAX);
        let _ = fs::remove_dir_all(home);
    }

    #[test]
    fn without_a_home_nothing_is_kept() {
        let none = History::of_user(|_| None);
        assert!(none.add("fail names"));
        assert!(none.load().is_empty());
        let relative = History::of_user(|_| Some("here".into()));
        assert!(relative.0.is_none());
    }
}
