//! A list with columns, fitted to the room that there is: what matters less goes first, and
//! what is too long is cut.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{clean, cut, width};
use super::theme::Theme;

/// Between two columns.
const GAP: usize = 2;

/// A long name takes no more than one part of so many as long as others are cut.
const SHARES: usize = 4;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// It is never narrower.
    pub least: usize,
    /// It is never wider.
    pub most: usize,
    /// The column with the highest number goes first where there is not room for all, and is
    /// the last to be widened.
    pub rank: usize,
}

/// A column.
pub fn column(title: &str, least: usize, most: usize, rank: usize) -> Column {
    Column {
        title: title.to_string(),
        least,
        most,
        rank,
    }
}

/// What stands in a column of a line.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

/// A text in this style. Whoever sent it can not do harm with it.
pub fn cell(text: impl AsRef<str>, style: Style) -> Cell {
    Cell {
        text: clean(text.as_ref()),
        style,
    }
}

/// A line.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose it is: the service, or the host.
    pub key: String,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

/// A list.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its lines.
    pub rows: Vec<Row>,
    /// What is said where there is no line.
    pub empty: &'static str,
}

impl Grid {
    /// How wide each column is in so much room; none: it is left out.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let natural: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
                let widest = cells.map(|cell| width(&cell.text)).max().unwrap_or(0);
                widest
                    .max(width(&column.title))
                    .clamp(column.least, column.most.max(column.least))
            })
            .collect();
        let least = |at: usize| self.columns[at].least.min(natural[at]);
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|at| self.columns[*at].rank);
        let needs = |order: &[usize]| {
            let gaps = GAP * order.len().saturating_sub(1);
            order.iter().map(|at| least(*at)).sum::<usize>() + gaps
        };
        while order.len() > 1 && needs(&order) > room {
            order.pop();
        }
        let mut left = room.saturating_sub(needs(&order));
        let mut widths = vec![None; self.columns.len()];
        for at in &order {
            widths[*at] = Some(least(*at).min(room));
        }
        // First what makes most of them readable, then what makes the first ones whole.
        for share in [room / SHARES, usize::MAX] {
            for at in &order {
                let is = widths[*at].unwrap_or(0);
                let more = natural[*at].min(share).saturating_sub(is).min(left);
                left -= more;
                widths[*at] = Some(is + more);
            }
        }
        widths
    }

    /// How many columns there is no room for.
    pub fn left_out(&self, room: usize) -> usize {
        self.widths(room)
            .iter()
            .filter(|width| width.is_none())
            .count()
    }

    /// The headings and these lines; one of them may be chosen.
    pub fn lines(
        &self,
        room: usize,
        shown: std::ops::Range<usize>,
        chosen: Option<usize>,
        theme: Theme,
    ) -> Vec<Line<'static>> {
        let widths = self.widths(room);
        let mut lines = vec![self.head(&widths, room, theme)];
        for at in shown {
            let Some(row) = self.rows.get(at) else {
                break;
            };
            let over = (chosen == Some(at)).then(|| theme.chosen());
            lines.push(line(&row.cells, &widths, room, over));
        }
        if self.rows.is_empty() {
            lines.push(Line::styled(cut(self.empty, room), theme.dim()));
        }
        lines
    }

    /// The headings; at their right end how many columns there is no room for.
    fn head(&self, widths: &[Option<usize>], room: usize, theme: Theme) -> Line<'static> {
        let titles = self.columns.iter();
        let mut titles: Vec<Cell> = titles
            .map(|column| cell(&column.title, theme.dim()))
            .collect();
        let missing = widths.iter().filter(|width| width.is_none()).count();
        let mut head = line(&titles, widths, room, None);
        if missing == 0 {
            return head;
        }
        let sign = format!("+{missing}");
        let left = room.saturating_sub(width(&sign));
        let over = (head.width() + 1).saturating_sub(left);
        let last = widths.iter().rposition(Option::is_some);
        if let (true, Some(last)) = (over > 0, last) {
            let is = width(&titles[last].text).min(widths[last].unwrap_or(0));
            titles[last].text = cut(&titles[last].text, is.saturating_sub(over));
            head = line(&titles, widths, room, None);
        }
        let pad = left.saturating_sub(head.width());
        head.spans.push(Span::raw(" ".repeat(pad)));
        head.spans.push(Span::styled(sign, theme.warning()));
        head
    }
}

fn line(
    cells: &[Cell],
    widths: &[Option<usize>],
    room: usize,
    over: Option<Style>,
) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    let mut pad = 0;
    for (cell, columns) in cells.iter().zip(widths) {
        let Some(columns) = *columns else {
            continue;
        };
        if pad > 0 {
            spans.push(Span::raw(" ".repeat(pad)));
        }
        let text = cut(&cell.text, columns);
        let is = width(&text);
        used += pad + is;
        pad = columns.saturating_sub(is) + GAP;
        spans.push(Span::styled(text, cell.style));
    }
    let mut line = Line::from(spans);
    if let Some(style) = over {
        // The whole line is reversed, to its end.
        line.spans
            .push(Span::raw(" ".repeat(room.saturating_sub(used))));
        for span in &mut line.spans {
            span.style = span.style.patch(style);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_less_goes_first() {
        let plain = Style::new();
        let grid = Grid {
            columns: vec![
                column("A", 3, 20, 0),
                column("B", 4, 4, 2),
                column("C", 3, 99, 1),
            ],
            rows: vec![Row {
                key: "x".to_string(),
                cells: vec![
                    cell("long name", plain),
                    cell("mark", plain),
                    cell("why so", plain),
                ],
            }],
            empty: "",
        };
        let nth = |room, at: usize| {
            let lines = grid.lines(room, 0..9, None, Theme { colour: true });
            let spans = lines[at].spans.iter();
            spans.map(|span| span.content.as_ref()).collect::<String>()
        };
        let text = |room| nth(room, 1);
        let head = |room| nth(room, 0);
        assert_eq!(text(40), "long name  mark  why so");
        assert_eq!(text(20), "long n…  mark  why …");
        assert_eq!(text(14), "lo…  mark  wh…");
        assert_eq!(text(13), "long na…  wh…");
        assert_eq!(text(7), "long n…");
        // What has gone is counted in the headings.
        assert_eq!(head(14), "A    B     C");
        assert_eq!(head(13), "A          +1");
        assert_eq!(head(7), "A    +2");
        assert_eq!(head(3), " +2");
        for room in 0..50 {
            assert!(width(&head(room)) <= room.max(2), "{}", head(room));
            assert!(width(&text(room)) <= room.max(1));
        }
    }
}
