//! The services of a target: how they are here, who serves them, and why.

use ratatui::style::Style;

use super::{Scene, badness, order, passes, target};
use crate::matrix::{self, Row as Served, Trouble};
use crate::term::app::App;
use crate::term::grid::{Cell, Grid, Row, cell, column};
use crate::term::text::ago;
use crate::term::theme::Theme;

pub(super) fn grid(app: &App, scene: &Scene) -> Grid {
    let now = scene.now;
    let theme = app.theme;
    let mut grid = Grid {
        columns: vec![
            column("SERVICE", 8, 32, 0),
            column("STATE", 7, 7, 1),
            column("SINCE", 6, 7, 2),
            column("SERVED BY", 9, 26, 3),
            column("MARKS", 5, 12, 5),
            column("WHY", 12, usize::MAX, 4),
        ],
        rows: Vec::new(),
        empty: match app.filter.is_empty() {
            true => "no service is known of",
            false => "no service passes the filter",
        },
    };
    let Some(view) = target(app, scene) else {
        return grid;
    };
    let whole = &scene.whole;
    let there = view.shown.there(now);
    let stale = view.stale(now).is_some();
    let mut rows: Vec<_> = whole
        .rows
        .iter()
        .filter_map(|row| Some((row, view.shown.services.get(&row.service)?)))
        .collect();
    rows.retain(|(row, shown)| {
        let state = shown.state.as_deref().unwrap_or_default();
        let marks = shown.marks.join(" ");
        passes(
            app,
            &[
                &row.service,
                state,
                &marks,
                &shown.why,
                &served(whole, row).0,
            ],
        )
    });
    rows.sort_by(|(a, x), (b, y)| {
        order(
            app,
            (&a.service, badness(x.state.as_deref()), x.since),
            (&b.service, badness(y.state.as_deref()), y.since),
        )
    });
    grid.rows = rows
        .into_iter()
        .map(|(row, shown)| {
            let state = shown.state.as_deref();
            let calm = |style: Style| if stale { theme.dim() } else { style };
            let why = match &shown.script {
                Some(script) => {
                    let since = ago(there, script.since);
                    format!("{} runs for {since}: {}", script.task, shown.why)
                }
                None => shown.why.clone(),
            };
            Row {
                key: row.service.clone(),
                cells: vec![
                    cell(fail_client::named(&row.service), calm(theme.title())),
                    cell(state.unwrap_or("?"), calm(theme.state(state))),
                    cell(
                        match state {
                            Some(_) => ago(there, shown.since),
                            None => String::new(),
                        },
                        calm(Style::new()),
                    ),
                    servers(whole, row, theme),
                    cell(shown.marks.join(" "), calm(theme.warning())),
                    cell(why, calm(Style::new())),
                ],
            }
        })
        .collect();
    grid
}

/// Who serves it, in words and in a style.
pub(super) fn servers(whole: &matrix::Matrix, row: &Served, theme: Theme) -> Cell {
    let (text, _) = served(whole, row);
    let style = match row.trouble {
        Trouble::Twice => theme.loud(),
        Trouble::Nobody => theme.state(Some("FAIL")),
        Trouble::Degraded => theme.warning(),
        Trouble::None => Style::new(),
    };
    cell(text, style)
}

/// The hosts where it is `UP`, and since when the first of them has it.
pub(super) fn served(whole: &matrix::Matrix, row: &Served) -> (String, Option<i64>) {
    let hosts: Vec<&str> = row
        .servers()
        .map(|at| whole.columns[at].host.as_str())
        .collect();
    let cells = row.servers().filter_map(|at| row.cells[at].as_ref());
    let since = cells.filter_map(|cell| cell.since).max();
    match hosts.is_empty() {
        true => ("nobody".to_string(), None),
        false => (hosts.join(", "), since),
    }
}
