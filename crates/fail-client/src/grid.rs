//! Rows of cells, and how they become text: columns as wide as needed, colours where they are
//! wanted, cut to a window where there is one.
//!
//! Widths are counted in columns of a terminal, where a letter of Chinese takes two. Nothing
//! here knows what the cells mean, and nothing asks the terminal.

use unicode_width::UnicodeWidthChar;

use crate::text::clean;

/// How a cell is written where there are colours: the first colours of every terminal, which
/// can be read on light and on dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// As everything else.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Ready, and nothing to look at.
    Faint,
    /// To be looked at.
    Warning,
    /// Left as it is, on purpose.
    Calm,
    /// Broken.
    Bad,
    /// What must be seen first.
    Loud,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Ink::Plain => None,
            Ink::Good => Some("32"),
            Ink::Faint => Some("2"),
            Ink::Warning => Some("33"),
            Ink::Calm => Some("36"),
            Ink::Bad => Some("31"),
            Ink::Loud => Some("1;31"),
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// How it is written.
    pub ink: Ink,
    /// It stands at the right of its column, as numbers do.
    pub right: bool,
}

impl Cell {
    /// A cell of this ink. No control character gets through.
    pub fn new(text: impl Into<String>, ink: Ink) -> Cell {
        Cell {
            text: clean(&text.into()).into_owned(),
            ink,
            right: false,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::new(text, Ink::Plain)
    }
}

/// What is shown: cells in columns, and lines that stand for themselves.
#[derive(Debug, Clone, Default)]
pub struct Grid(Vec<Row>);

#[derive(Debug, Clone)]
enum Row {
    Cells(Vec<Cell>),
    Line(Cell),
}

/// Where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Screen {
    /// There are colours.
    pub colours: bool,
    /// Columns and lines that there is room for; nothing: as much as is needed.
    pub size: Option<(usize, usize)>,
}

/// Between two columns.
const GAP: usize = 2;

impl Grid {
    /// A further row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.push(Row::Cells(cells.into_iter().collect()));
    }

    /// A line without columns.
    pub fn line(&mut self, text: impl Into<String>, ink: Ink) {
        self.0.push(Row::Line(Cell::new(text, ink)));
    }

    /// The whole as text. No line ends in blanks.
    pub fn print(&self, screen: Screen) -> String {
        let widths = self.widths();
        let lines = self.0.iter().map(|row| match row {
            Row::Cells(cells) => pieces(cells, &widths),
            Row::Line(cell) => vec![cell.clone()],
        });
        let mut lines: Vec<Vec<Cell>> = lines.collect();
        if let Some((columns, rows)) = screen.size {
            if lines.len() > rows {
                let shown = rows.saturating_sub(1);
                let left = lines.len() - shown;
                lines.truncate(shown);
                lines.push(vec![
                    format!("({left} more lines have no room here)").into(),
                ]);
            }
            lines.iter_mut().for_each(|line| cut(line, columns));
        }
        lines.iter().map(|line| ink(line, screen.colours)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.0 {
            let Row::Cells(cells) = row else { continue };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(columns(&cell.text));
            }
        }
        widths
    }
}

/// How many columns of a terminal a text takes.
fn columns(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// The cells with what fills their columns between them.
fn pieces(cells: &[Cell], widths: &[usize]) -> Vec<Cell> {
    let mut pieces: Vec<Cell> = Vec::new();
    let mut owed = 0;
    // What is empty at the end needs nothing that fills the columns before it.
    let count = cells.iter().rposition(|cell| !cell.text.is_empty());
    let cells = &cells[..count.map_or(0, |last| last + 1)];
    for (cell, width) in cells.iter().zip(widths) {
        let rest = width.saturating_sub(columns(&cell.text));
        let (before, after) = if cell.right { (rest, 0) } else { (0, rest) };
        pieces.push(" ".repeat(owed + before).into());
        pieces.push(cell.clone());
        owed = after + GAP;
    }
    pieces
}

/// Cuts a line to so many columns; what was cut ends in `>`.
fn cut(line: &mut Vec<Cell>, room: usize) {
    if line.iter().map(|cell| columns(&cell.text)).sum::<usize>() <= room {
        return;
    }
    // For the sign that something is missing.
    let mut left = room.saturating_sub(1);
    for cell in line.iter_mut() {
        let fits = |letter: &char| {
            let width = letter.width().unwrap_or(0);
            let fits = width <= left;
            left = if fits { left - width } else { 0 };
            fits
        };
        cell.text = cell.text.chars().take_while(fits).collect();
    }
    line.push(">".into());
}

fn ink(line: &[Cell], colours: bool) -> String {
    let mut text = String::new();
    for cell in line {
        match cell.ink.code().filter(|_| colours) {
            Some(code) => text += &format!("\x1b[{code}m{}\x1b[0m", cell.text),
            None => text += &cell.text,
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid::default();
        grid.line("a line that is longer than any row", Ink::Loud);
        grid.row(["NAME", "STATE", "WHY"].map(Cell::from));
        grid.row([
            "网站".into(),
            Cell::new("UP", Ink::Good),
            "啊 why not".into(),
        ]);
        grid.row(["a".into(), Cell::new("RECOVER", Ink::Faint), "x".into()]);
        grid
    }

    fn cut_to(columns: usize, rows: usize) -> String {
        grid().print(Screen {
            colours: false,
            size: Some((columns, rows)),
        })
    }

    #[test]
    fn columns_are_as_wide_as_the_terminal_shows_them() {
        let text = "\
a line that is longer than any row
NAME  STATE    WHY
网站  UP       啊 why not
a     RECOVER  x
";
        assert_eq!(grid().print(Screen::default()), text);
    }

    #[test]
    fn colours_go_round_the_word_and_not_round_what_fills_the_column() {
        let screen = Screen {
            colours: true,
            size: None,
        };
        let text = grid().print(screen);
        assert!(
            text.contains("网站  \x1b[32mUP\x1b[0m       啊"),
            "{text:?}"
        );
        assert!(text.starts_with("\x1b[1;31ma line"), "{text:?}");
    }

    #[test]
    fn a_window_is_never_overrun() {
        let whole = grid().print(Screen::default());
        assert_eq!(cut_to(34, 4), whole);
        for width in 1..34 {
            for rows in 1..5 {
                let text = cut_to(width, rows);
                assert!(text.lines().count() <= rows, "{text}");
                let fits = text.lines().all(|line| columns(line) <= width);
                assert!(fits, "{width} columns: {text}");
            }
        }
        let text = "a line that is l>\nNAME  STATE    W>\n网站  UP       >\n";
        assert_eq!(
            cut_to(17, 4).lines().take(3).collect::<Vec<_>>().join("\n") + "\n",
            text
        );
        assert!(cut_to(80, 3).ends_with("WHY\n(2 more lines have no room here)\n"));
    }

    #[test]
    fn no_line_ends_in_blanks() {
        let mut grid = Grid::default();
        grid.row(["a", "bb", "c"].map(Cell::from));
        grid.row(["aaa", "", ""].map(Cell::from));
        grid.row(["", "", ""].map(Cell::from));
        assert_eq!(grid.print(Screen::default()), "a    bb  c\naaa\n\n");
    }

    #[test]
    fn numbers_stand_at_the_right() {
        let mut grid = Grid::default();
        for number in ["7", "4711"] {
            let mut cell = Cell::from(number);
            cell.right = true;
            grid.row(["n".into(), cell]);
        }
        assert_eq!(grid.print(Screen::default()), "n     7\nn  4711\n");
    }
}
