//! How things look. Only the sixteen colours that each terminal lets its user choose, only
//! for letters, and none that is lost on a light or a dark ground; a state is always a word as
//! well. With `NO_COLOR` there is none.

use ratatui::style::{Color, Modifier, Style};

/// The colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// There are colours.
    pub colour: bool,
}

impl Theme {
    fn of(self, colour: Color) -> Style {
        match self.colour {
            true => Style::new().fg(colour),
            false => Style::new(),
        }
    }

    /// The word of a state.
    pub fn state(self, state: Option<&str>) -> Style {
        match state {
            Some("UP") => self.of(Color::Green).add_modifier(Modifier::BOLD),
            Some("RECOVER") => self.of(Color::Cyan),
            Some("FAIL") => self.of(Color::Red).add_modifier(Modifier::BOLD),
            _ => self.dim(),
        }
    }

    /// Somebody has to do something.
    pub fn loud(self) -> Style {
        let style = self.of(Color::Red).add_modifier(Modifier::BOLD);
        style.add_modifier(Modifier::REVERSED)
    }

    /// It is to be known.
    pub fn warning(self) -> Style {
        self.of(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    /// It is well.
    pub fn good(self) -> Style {
        self.of(Color::Green)
    }

    /// What matters less.
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Headings, and keys.
    pub fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The line that is chosen.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Bars.
    pub fn bars(self) -> Style {
        self.of(Color::Cyan)
    }
}
