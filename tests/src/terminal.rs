//! A real terminal: a tmux of the test's own, with one window, in which a shell runs.

#![expect(clippy::panic, reason = "a test without its terminal has failed")]

use std::process::Command;

use crate::folder::Folder;
use crate::program;
use crate::wait;

/// A terminal of 80 columns and 24 lines.
#[derive(Debug)]
pub struct Terminal {
    /// Its home directory, and where its tmux is.
    pub home: Folder,
}

impl Terminal {
    /// One in which a shell waits for commands, with the programs of this build; nothing: there
    /// is no tmux here.
    pub fn open() -> Option<Terminal> {
        let there = Command::new("tmux").arg("-V").output();
        if there.is_err() {
            crate::skipped("no tmux here");
            return None;
        }
        let terminal = Terminal {
            home: Folder::new(),
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let home = terminal.home.file("");
        let shell = format!(
            "env -u NO_COLOR -u XDG_STATE_HOME HOME={home} TERM=xterm-256color LANG=C.UTF-8 \
             PS1='$ ' PATH={}:{path} bash --norc --noprofile",
            program::folder().display()
        );
        let size = ["-x", "80", "-y", "24"];
        terminal.tmux(&[&["new-session", "-d"][..], &size, &[&shell]].concat());
        terminal.wait_for_end("$");
        Some(terminal)
    }

    /// Gives tmux an order.
    pub fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        command.args(["-S", &self.home.file("tmux"), "-f", "/dev/null"]);
        let output = command.args(words).output();
        let output = output.unwrap_or_else(|e| panic!("tmux: {e}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses a key, such as `Tab` or `C-c`.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Types this, without Enter.
    pub fn type_in(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Types a line.
    pub fn enter(&self, line: &str) {
        self.type_in(line);
        self.press("Enter");
    }

    /// What is to be seen, without empty lines at the end.
    pub fn screen(&self) -> String {
        let text = self.tmux(&["capture-pane", "-p"]);
        text.trim_end().to_string()
    }

    /// The same with its colours.
    pub fn colours(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// Waits until this is to be seen.
    pub fn wait_for(&self, text: &str) -> String {
        wait::until(text, || self.screen(), |screen| screen.contains(text))
    }

    /// Waits until the screen ends so.
    pub fn wait_for_end(&self, text: &str) -> String {
        wait::until(
            text,
            || self.screen(),
            |screen| screen.ends_with(text.trim_end()),
        )
    }

    /// All settings of the terminal. The shell must be waiting for a command.
    pub fn settings(&self) -> String {
        let file = self.home.file("settings");
        let _ = std::fs::remove_file(&file);
        self.enter("stty -a > ~/settings.new; mv ~/settings.new ~/settings");
        let read = || std::fs::read_to_string(&file).unwrap_or_default();
        wait::until("the settings of the terminal", read, |text| {
            !text.is_empty()
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        command.args(["-S", &self.home.file("tmux"), "kill-server"]);
        let _ = command.output();
    }
}
