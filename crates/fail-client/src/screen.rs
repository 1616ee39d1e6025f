//! The terminal, if there is one: whether it has colours, whether it can be painted anew, and
//! how large its window is now.

use std::io::IsTerminal;

use terminal_size::{Height, Width, terminal_size};

use crate::grid::{Grid, Screen};

/// To the upper left corner.
const HOME: &str = "\x1b[H";

/// What was there before is removed as the new lines come, not first: so nothing flickers.
const REST_OF_LINE: &str = "\x1b[K\n";

const REST_OF_SCREEN: &str = "\x1b[J";

/// What standard output is; by default no terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    colours: bool,
    paints: bool,
}

impl Terminal {
    /// As the environment has it: NO_COLOR, if it is not empty, forbids colours, and a terminal
    /// that is dumb has none and is not painted.
    pub fn find() -> Terminal {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let paints = std::io::stdout().is_terminal() && !is_dumb;
        Terminal {
            colours: paints && !is_set("NO_COLOR"),
            paints,
        }
    }

    /// What to write to show this; when it is shown again and again, over what was there and
    /// no more than the window has room for.
    pub fn show(&self, grid: &Grid, again: bool) -> String {
        let colours = self.colours;
        if !(again && self.paints) {
            let size = None;
            return grid.print(Screen { colours, size });
        }
        let size = terminal_size().map(|(Width(columns), Height(lines))| {
            // The cursor stays in the last line.
            let lines = lines.saturating_sub(1).max(1);
            (usize::from(columns), usize::from(lines))
        });
        let text = grid.print(Screen { colours, size });
        let text = text.replace('\n', REST_OF_LINE);
        format!("{HOME}{text}{REST_OF_SCREEN}")
    }
}
