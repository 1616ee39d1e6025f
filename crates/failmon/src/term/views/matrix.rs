//! Who serves what: a line for each service, a column for each host.

use ratatui::style::Style;

use super::services::{served, servers};
use super::{Scene, order, passes};
use crate::matrix::{Cell as Known, Trouble};
use crate::term::app::App;
use crate::term::grid::{Cell, Grid, Row, cell, column};
use crate::term::text::ago;
use crate::term::theme::Theme;

pub(super) fn grid(app: &App, scene: &Scene) -> Grid {
    let now = scene.now;
    let whole = &scene.whole;
    let mut columns = vec![
        column("SERVICE", 8, 32, 0),
        column("SERVED BY", 9, 26, 1),
        column("SINCE", 6, 7, 2),
    ];
    // The hosts that are looked at stand first, and are the last to go.
    for (at, host) in whole.columns.iter().enumerate() {
        columns.push(column(&crate::term::text::clean(&host.host), 7, 20, 3 + at));
    }
    let mut rows: Vec<_> = whole
        .rows
        .iter()
        .filter(|row| {
            passes(
                app,
                &[
                    &row.service,
                    &served(whole, row).0,
                    trouble_word(row.trouble),
                ],
            )
        })
        .collect();
    let badness = |trouble| match trouble {
        Trouble::Twice => 3,
        Trouble::Nobody => 2,
        Trouble::Degraded => 1,
        Trouble::None => 0,
    };
    let since = |row| served(whole, row).1.unwrap_or(i64::MAX);
    rows.sort_by(|a, b| {
        order(
            app,
            (&a.service, badness(a.trouble), since(a)),
            (&b.service, badness(b.trouble), since(b)),
        )
    });
    let rows = rows.into_iter().map(|row| {
        let since = served(whole, row).1;
        let mut cells = vec![
            cell(fail_client::named(&row.service), app.theme.title()),
            servers(whole, row, app.theme),
            cell(
                since.map_or(String::new(), |since| ago(now, since)),
                Style::new(),
            ),
        ];
        cells.extend(
            row.cells
                .iter()
                .map(|known| known_of(known.as_deref(), app.theme)),
        );
        Row {
            key: row.service.clone(),
            cells,
        }
    });
    Grid {
        rows: rows.collect(),
        columns,
        empty: match app.filter.is_empty() {
            true => "no service is known of",
            false => "no service passes the filter",
        },
    }
}

fn trouble_word(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Twice => "twice",
        Trouble::Nobody => "nobody",
        Trouble::Degraded => "degraded",
        Trouble::None => "",
    }
}

fn known_of(known: Option<&Known>, theme: Theme) -> Cell {
    let Some(known) = known else {
        // That host has no such service.
        return cell("-", theme.dim());
    };
    let state = known.state.as_deref();
    let mut text = match state {
        Some(state) => state.to_string(),
        None if known.unreachable => "silent".to_string(),
        None => "?".to_string(),
    };
    if let Some(task) = &known.task {
        text += &format!(" {task}");
    }
    for mark in &known.marks {
        text += &format!(" {mark}");
    }
    let mut style = match state {
        None if known.unreachable => theme.warning(),
        state => theme.state(state),
    };
    if let Some(age) = known.stale {
        text += &format!(" {} ago", ago(age, 0));
        style = theme.dim();
    } else if known.unreachable && state.is_some() {
        text += " silent";
        style = theme.dim();
    }
    cell(text, style)
}
