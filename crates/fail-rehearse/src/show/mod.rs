//! A report for people and programs: `text` for a terminal, `json`, and `html` as one page
//! without anything from elsewhere.
//!
//! All three say the same. Nothing here asks the terminal or the environment: how the text is
//! to look is an argument.

mod acts;
mod chart;
mod html;
pub(crate) mod json;
mod limits;
mod outcome;
mod paper;
mod picture;
mod text;
mod time;

pub use html::html;
pub use json::json;
pub use paper::steady;
pub use text::text;

/// How a text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The columns of the terminal; at least 40 are used.
    pub width: usize,
    /// In colours.
    pub colour: bool,
    /// Drawn with, and written in, the letters of ASCII only.
    pub ascii: bool,
    /// The whole timeline, with commands, events and logs.
    pub full: bool,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            width: 80,
            colour: false,
            ascii: false,
            full: false,
        }
    }
}
