//! The views: lists as a grid, pages as lines. All are made anew from the cluster each time;
//! the terminal gets only what differs.

mod detail;
mod health;
mod hosts;
mod log;
mod matrix;
mod services;

use std::cmp::Ordering;
use std::ops::Range;

use ratatui::text::{Line, Span};

use super::app::{App, Sort, View};
use super::grid::Grid;
use super::keys::{KEYS, Key};
use super::text::{clean, wrap};
use crate::cluster::{Cluster, View as Target};
use crate::matrix::{self as picture, Alert};

/// On a lower screen the last line is the help bar or a message, and not both.
const LOW: u16 = 16;

/// From left to right the room of a screen is this.
pub struct Layout {
    /// Lines of alerts, at the top.
    pub alerts: u16,
    /// Lines of the list or page, with its headings.
    pub body: u16,
    /// A line for messages of its own.
    pub message: bool,
}

/// How the screen is divided when there are so many alerts.
pub fn layout(size: (u16, u16), alerts: usize) -> Layout {
    let lines = size.1;
    // A sixth of the screen: on 24 lines four, and what they are about is seen still.
    let most = usize::from(lines / 6).clamp(1, 6);
    let alerts = u16::try_from(alerts.min(most)).unwrap_or(1);
    let message = lines >= LOW;
    Layout {
        alerts,
        body: lines.saturating_sub(alerts + 2 + u16::from(message)),
        message,
    }
}

/// All alerts, as they are now.
pub fn alerts(cluster: &Cluster, now: i64) -> Vec<Alert> {
    picture::alerts(cluster, &picture::matrix(cluster, now), now)
}

/// The list of a view that is one.
pub fn grid(app: &App, cluster: &Cluster, now: i64) -> Grid {
    match app.view {
        View::Hosts => hosts::grid(app, cluster, now),
        View::Matrix => matrix::grid(app, cluster, now),
        _ => services::grid(app, cluster, now),
    }
}

/// The lines of a view that is none.
pub fn page(app: &App, cluster: &Cluster, now: i64) -> Vec<Line<'static>> {
    match app.view {
        View::Help => help(app),
        View::Log => log::page(app, cluster),
        View::Health => health::page(app, cluster, now),
        _ => detail::page(app, cluster, now),
    }
}

/// Where in the list what is chosen stands. When it is gone: what comes where it was.
pub fn place(app: &App, grid: &Grid) -> usize {
    let Some(chosen) = app.chosen() else {
        return 0;
    };
    let mut rows = grid.rows.iter();
    if let Some(at) = rows.position(|row| row.key == *chosen) {
        return at;
    }
    let mut rows = grid.rows.iter();
    let after = rows.position(|row| row.key > *chosen && app.sort == Sort::Name && !app.reverse);
    after.unwrap_or(0)
}

/// Lines of a list without its headings, or of a page.
pub fn room(app: &App, cluster: &Cluster, now: i64) -> usize {
    let body = usize::from(layout(app.size, alerts(cluster, now).len()).body);
    body.saturating_sub(usize::from(app.view.is_list()))
}

/// Which lines of a list are shown: those around the chosen one.
pub fn shown(at: usize, all: usize, room: usize) -> Range<usize> {
    let from = at.saturating_sub(room / 2).min(all.saturating_sub(room));
    from..(from + room).min(all)
}

/// What stands on this line of the screen.
pub fn at_line(app: &App, cluster: &Cluster, grid: &Grid, line: u16, now: i64) -> Option<usize> {
    let layout = layout(app.size, alerts(cluster, now).len());
    // The title and the headings.
    let line = line.checked_sub(layout.alerts + 2)?;
    let room = layout.body.saturating_sub(1);
    let mut shown = shown(place(app, grid), grid.rows.len(), usize::from(room));
    shown.nth(usize::from(line)).filter(|_| line < room)
}

/// The target that is looked at.
fn target<'a>(app: &App, cluster: &'a Cluster) -> Option<&'a Target> {
    cluster.views.get(app.target)
}

/// Whether one of these holds the filter; capital letters do not matter.
fn passes(app: &App, texts: &[&str]) -> bool {
    let wanted = app.filter.to_lowercase();
    wanted.is_empty()
        || texts
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
}

/// The order of two lines, each with its name, how bad it is, and since when it is so.
fn order(app: &App, a: (&str, u8, i64), b: (&str, u8, i64)) -> Ordering {
    let by_name = || a.0.cmp(b.0);
    let order = match app.sort {
        Sort::Name => by_name(),
        Sort::State => b.1.cmp(&a.1).then_with(by_name),
        Sort::Since => b.2.cmp(&a.2).then_with(by_name),
    };
    match app.reverse {
        true => order.reverse(),
        false => order,
    }
}

/// How bad a state is.
fn badness(state: Option<&str>) -> u8 {
    match state {
        Some("FAIL") => 3,
        None => 2,
        Some("UP") => 0,
        Some(_) => 1,
    }
}

/// A line of a page: a word, and what is to be said of it, over several lines if need be.
fn told(app: &App, lines: &mut Vec<Line<'static>>, word: &str, mut spans: Vec<Span<'static>>) {
    let head = Span::styled(format!("{word:<HEAD$}"), app.theme.dim());
    let room = usize::from(app.size.0).saturating_sub(HEAD);
    let last = spans.pop().unwrap_or_default();
    let mut before: usize = spans.iter().map(Span::width).sum();
    let mut line = [vec![head], spans].concat();
    if before > 0 && before + LEAST > room {
        // What comes last gets lines of its own.
        lines.push(Line::from(std::mem::take(&mut line)));
        before = 0;
        line.push(Span::raw(" ".repeat(HEAD)));
    }
    for part in wrap(&last.content, room.saturating_sub(before)) {
        line.push(Span::styled(part, last.style));
        lines.push(Line::from(std::mem::take(&mut line)));
        line.push(Span::raw(" ".repeat(HEAD + before)));
    }
}

/// Beside what stands before it a text has so many columns at least.
const LEAST: usize = 16;

/// Columns of the word before a line of a page.
const HEAD: usize = 10;

/// A text of somebody else, harmless.
fn theirs(text: &str) -> Span<'static> {
    Span::raw(clean(text))
}

/// The keys.
fn help(app: &App) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.0);
    let names = |key: &Key| key.names.join(", ");
    let head = KEYS
        .iter()
        .map(|key| names(key).len() + 2)
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for key in &KEYS {
        let names = names(key);
        for (at, part) in wrap(key.help, columns.saturating_sub(head))
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { names.as_str() } else { "" };
            let name = Span::styled(format!("{name:<head$}"), app.theme.title());
            lines.push(Line::from(vec![name, Span::raw(part)]));
        }
    }
    lines
}
