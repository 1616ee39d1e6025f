//! Targets as rows, the worst first, whoever told them; and their changes as rows.

use fail_client::grid::{Cell, Grid, Ink};
use fail_client::health::words::{by_name, mood, ms, share, state, took, why_and_failed, worse};
use fail_client::health::{Snapshot, TargetView};
use fail_client::{age, named, utc};

use crate::{Asked, Picture};

const HEAD: [&str; 8] = [
    "TARGET", "STATE", "SINCE", "HOUR", "DAY", "WEEK", "TOOK", "WHY",
];

/// Those of them that are numbers.
const NUMBERS: std::ops::Range<usize> = 3..7;

/// A row for each target of each host.
pub fn table(picture: &Picture, grid: &mut Grid) {
    let mut rows: Vec<(&Asked, &Snapshot, &TargetView)> = Vec::new();
    for (asked, shown) in picture.told() {
        let targets = picture.chosen(shown).into_iter();
        rows.extend(targets.map(|target| (asked, shown, target)));
    }
    // Hosts stay in their order.
    rows.sort_by(|(_, _, a), (_, _, b)| worse(a, b));
    if rows.is_empty() {
        if picture.patterns.is_empty() && picture.told().next().is_some() {
            grid.line("(no targets)", Ink::Plain);
        }
        return;
    }
    head(picture, grid, HEAD.map(Cell::from));
    for (asked, shown, target) in rows {
        let cells = cells(picture, shown, target, target.name.clone());
        row(picture, grid, asked, cells);
    }
}

/// The cells of a target, under this name.
pub fn cells(picture: &Picture, shown: &Snapshot, target: &TargetView, name: String) -> [Cell; 8] {
    let available = &target.available;
    [
        named(&name).into(),
        Cell::new(state(target), mood(target).ink()),
        age(shown.ago(target.since, picture.now)).into(),
        share(available.hour).into(),
        share(available.day).into(),
        share(available.week).into(),
        took(target).map_or("-".into(), |took| ms(took).into()),
        why_and_failed(target).into(),
    ]
}

/// A row of heads, with one for the hosts if there are several.
pub fn head<const N: usize>(picture: &Picture, grid: &mut Grid, cells: [Cell; N]) {
    let host = picture.has_hosts().then(|| Cell::from("HOST"));
    grid.row(host.into_iter().chain(right(cells)));
}

/// A row, with its host if there are several.
pub fn row<const N: usize>(picture: &Picture, grid: &mut Grid, asked: &Asked, cells: [Cell; N]) {
    let host = picture.has_hosts().then(|| Cell::from(asked.host.as_str()));
    grid.row(host.into_iter().chain(right(cells)));
}

/// Numbers stand at the right. Only a row of a target has some.
fn right<const N: usize>(mut cells: [Cell; N]) -> [Cell; N] {
    if N == HEAD.len() {
        for cell in &mut cells[NUMBERS] {
            cell.right = true;
        }
    }
    cells
}

/// A row for each change of each target, by targets.
pub fn history(picture: &Picture, grid: &mut Grid) {
    let mut rows: Vec<(&TargetView, &Asked)> = Vec::new();
    for (asked, shown) in picture.told() {
        let targets = picture.chosen(shown).into_iter();
        rows.extend(targets.map(|target| (target, asked)));
    }
    rows.sort_by(|(a, _), (b, _)| by_name(&a.name, &b.name));
    if rows.iter().all(|(target, _)| target.changes.is_empty()) {
        if picture.told().next().is_some() && picture.unknown().is_empty() {
            grid.line("(no changes)", Ink::Plain);
        }
        return;
    }
    let words = ["TARGET", "WHEN", "FROM", "TO", "WHY"];
    head(picture, grid, words.map(Cell::from));
    for (target, asked) in rows {
        for change in &target.changes {
            let to = TargetView {
                state: change.to.clone(),
                ..TargetView::default()
            };
            let cells = [
                named(&target.name).into(),
                utc(change.at).into(),
                change.from.as_str().into(),
                Cell::new(change.to.as_str(), mood(&to).ink()),
                change.why.as_str().into(),
            ];
            row(picture, grid, asked, cells);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{stage, tree};
    use fail_client::grid::Screen;

    fn print(picture: &Picture, draw: impl Fn(&Picture, &mut Grid)) -> String {
        let mut grid = Grid::default();
        picture.troubles(&mut grid);
        draw(picture, &mut grid);
        grid.print(Screen::default())
    }

    fn golden(name: &str, text: &str) {
        // Whoever means it so writes it there.
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/getnode");
        let path = std::path::Path::new(path).join(name);
        if std::env::var_os("GOLDEN_WRITE").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let is = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, is, "{}", path.display());
    }

    #[test]
    fn what_is_printed_is_what_was_looked_at() {
        let picture = stage::picture(&[]);
        golden("table.txt", &print(&picture, table));
        golden("tree.txt", &print(&picture, tree::draw));
        golden("history.txt", &print(&picture, history));
        let several = stage::several();
        golden("table-several.txt", &print(&several, table));
        golden("tree-several.txt", &print(&several, tree::draw));
        golden("history-several.txt", &print(&several, history));
    }

    #[test]
    fn nothing_that_a_hc_says_steers_a_terminal() {
        let picture = stage::odd();
        for draw in [table, tree::draw, history] {
            let text = print(&picture, draw);
            let odd = text.chars().find(|c| *c != '\n' && fail_client::is_odd(*c));
            assert_eq!(odd, None, "{text:?}");
            assert!(text.contains("\\u{1b}"), "{text}");
        }
        let text = crate::json::text(&picture);
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().chars().any(fail_client::is_odd), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value["hosts"][0]["targets"][0]["why"],
            "\u{1b}[31m\u{7}\r\n\u{202e}x"
        );
    }

    #[test]
    fn a_chain_of_ten_thousand_is_a_tree_that_can_be_read() {
        let picture = stage::chain(10_000);
        let text = print(&picture, tree::draw);
        assert_eq!(text.lines().count(), 10_000);
        assert!(text.len() < 2_000_000, "{}", text.len());
        let last = text.lines().last().unwrap();
        assert!(last.trim_start().starts_with("(9999) t09999  up"), "{last}");
    }
}
