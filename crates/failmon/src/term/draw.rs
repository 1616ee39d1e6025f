//! The screen: alerts at the very top, a title, the view, a line for messages, the help bar.
//! It is drawn from what is known and what is chosen, and changes neither.

use fail_client::named;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::app::{App, Sort, View};
use super::grid::Grid;
use super::keys::KEYS;
use super::text::{ago, clean, cut, tail, width, wrap};
use super::views::{self, Scene};
use super::wish::{Dialog, Stage, WISHES, word};
use crate::cluster::Cluster;
use crate::matrix::{Alert, Weight};

/// The view.
enum Shown {
    List(Grid),
    Page(Vec<Line<'static>>),
}

/// Draws all of it.
pub fn draw(app: &App, cluster: &Cluster, now: i64, frame: &mut Frame) {
    let area = frame.area();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let scene = Scene::of(cluster, now);
    let layout = views::layout((area.width, area.height), scene.alerts.len());
    let shown = match app.view.is_list() {
        true => Shown::List(views::grid(app, &scene)),
        false => Shown::Page(views::page(app, &scene)),
    };
    let columns = usize::from(area.width);
    let mut line = 0;
    let mut put = |frame: &mut Frame, text: Line<'static>| {
        if line < area.height {
            frame.render_widget(text, Rect::new(0, line, area.width, 1));
        }
        line += 1;
    };
    for text in alert_lines(app, &scene.alerts, usize::from(layout.alerts), columns) {
        put(frame, text);
    }
    put(frame, title(app, &scene, &shown, columns));
    let message = message(app, columns);
    // A longer answer covers the end of the view: it is there until the next key only.
    let room = usize::from(layout.body).saturating_sub(message.len().saturating_sub(1));
    let body = body(app, shown, room, columns);
    let missing = room.saturating_sub(body.len());
    for text in body.into_iter().chain(vec![Line::default(); missing]) {
        put(frame, text);
    }
    let typed = app.typing.then(|| message.first().map_or(0, Line::width));
    let keys = layout.message || message.is_empty();
    if layout.message && message.is_empty() {
        put(frame, Line::default());
    }
    for text in message {
        put(frame, text);
    }
    if keys {
        put(frame, bar(app, columns));
    }
    if let Some(at) = typed.and_then(|at| u16::try_from(at).ok()) {
        let line = area.height - 1 - u16::from(layout.message);
        frame.set_cursor_position(Position::new(at.min(area.width - 1), line));
    }
    if let Some(dialog) = &app.dialog {
        ask(app, dialog, frame);
    }
}

/// The worst ones, and how many more there are.
fn alert_lines(app: &App, alerts: &[Alert], lines: usize, columns: usize) -> Vec<Line<'static>> {
    let more = alerts.len().saturating_sub(lines);
    let shown = alerts.iter().take(lines).enumerate();
    let line = |(at, alert): (usize, &Alert)| {
        let end = match more {
            0 => String::new(),
            _ if at + 1 < lines => String::new(),
            more => format!(" (+{more} more)"),
        };
        let room = columns.saturating_sub(width(&end) + 2);
        let text = format!(" {}{end}", cut(&clean(&alert.text), room));
        let pad = " ".repeat(columns.saturating_sub(width(&text)));
        match alert.weight {
            Weight::Alarm => Line::styled(text + &pad, app.theme.loud()),
            Weight::Warning => Line::styled(text, app.theme.warning()),
        }
    };
    shown.map(line).collect()
}

/// What is shown, of whom, and how old it is.
fn title(app: &App, scene: &Scene, shown: &Shown, columns: usize) -> Line<'static> {
    let (cluster, now) = (scene.cluster, scene.now);
    let theme = app.theme;
    let Some(target) = cluster.views.get(app.target) else {
        return Line::raw("");
    };
    let host = clean(target.host());
    let what = match app.view {
        View::Hosts => format!("Hosts, seen by {host}"),
        View::Services => format!("Services on {host}"),
        View::Detail => {
            let first = || target.shown.services.keys().next();
            let name = app.service.as_ref().or_else(first);
            format!(
                "{} on {host}",
                clean(name.map_or("no service", |name| named(name)))
            )
        }
        View::Matrix => "Who serves what".to_string(),
        View::Log => "Events".to_string(),
        View::Health => format!("failsh on {host}"),
        View::Help => "Keys".to_string(),
    };
    let mut right = Vec::new();
    match shown {
        Shown::List(grid) => {
            let out = grid.left_out(columns);
            if out > 0 && app.view == View::Matrix {
                right.push(format!("{out} columns do not fit"));
            }
            right.extend(order(app));
            let count = grid.rows.len();
            if count > 0 {
                right.push(format!("{}/{count}", views::place(app, grid) + 1));
            }
        }
        Shown::Page(lines) => {
            let (all, room) = (lines.len(), views::room(app, scene));
            if all > room {
                let below = (app.scroll + room).min(all);
                right.push(format!("{below}/{all}"));
            }
        }
    }
    if cluster.views.len() > 1 && !matches!(app.view, View::Matrix | View::Log | View::Help) {
        right.push(format!("target {}/{}", app.target + 1, cluster.views.len()));
    }
    match app.played {
        Some(true) => right.push("end of the recording".to_string()),
        Some(false) => right.push("recording".to_string()),
        None => {}
    }
    let clock = fail_client::utc(now);
    right.push(clock.get(11..).unwrap_or(&clock).to_string());
    let age = target
        .stale(now)
        .filter(|_| !matches!(app.view, View::Matrix | View::Log | View::Help));
    let age = age.map_or(String::new(), |age| format!(", as of {} ago", ago(age, 0)));
    // What there is no room for goes from the left: the clock is the last.
    let mut end = right.join("  ");
    while right.len() > 1 && width(&end) + width(&what) + width(&age) + 2 > columns {
        right.remove(0);
        end = right.join("  ");
    }
    let room = columns.saturating_sub(width(&end) + 2);
    let what = cut(&what, room.saturating_sub(width(&age)).max(room / 2));
    let age = cut(&age, room.saturating_sub(width(&what)));
    let pad = columns.saturating_sub(width(&what) + width(&age) + width(&end));
    Line::from(vec![
        Span::styled(what, theme.title()),
        Span::styled(age, theme.warning()),
        Span::raw(" ".repeat(pad)),
        Span::styled(end, theme.dim()),
    ])
}

fn order(app: &App) -> Option<String> {
    let by = match app.sort {
        Sort::Name if !app.reverse => return None,
        Sort::Name => "by name",
        Sort::State => "by state",
        Sort::Since => "by time",
    };
    Some(match app.reverse {
        true => format!("{by}, turned"),
        false => by.to_string(),
    })
}

fn body(app: &App, shown: Shown, room: usize, columns: usize) -> Vec<Line<'static>> {
    if room == 0 {
        return Vec::new();
    }
    match shown {
        Shown::List(grid) => {
            let at = views::place(app, &grid);
            let lines = views::shown(at, grid.rows.len(), room - 1);
            grid.lines(columns, lines, Some(at), app.theme)
        }
        Shown::Page(lines) => {
            let from = app.scroll.min(lines.len().saturating_sub(room));
            lines.into_iter().skip(from).take(room).collect()
        }
    }
}

/// Lines of an answer: a sentence, and why.
const MESSAGE_MAX: usize = 3;

/// What is typed, what was said, what is under way, or what is filtered.
fn message(app: &App, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    if app.typing {
        let text = tail(&app.filter, columns.saturating_sub(9)).to_string();
        let head = Span::styled("filter: ", theme.title());
        return vec![Line::from(vec![head, Span::raw(clean(&text))])];
    }
    if let Some((good, text)) = &app.said {
        let style = match good {
            true => theme.good(),
            false => theme.warning(),
        };
        let mut lines = wrap(&clean(text), columns);
        if lines.len() > MESSAGE_MAX {
            let rest = lines.split_off(MESSAGE_MAX - 1).join(" ");
            lines.push(cut(&rest, columns));
        }
        let line = |text| Line::styled(text, style);
        return lines.into_iter().map(line).collect();
    }
    if let Some(order) = &app.busy {
        let text = cut(&clean(&format!("{order}: asked")), columns);
        return vec![Line::styled(text, theme.dim())];
    }
    let filters = app.view.is_list() || app.view == View::Log;
    if filters && !app.filter.is_empty() {
        let text = format!("filter: {}  (Esc drops it)", clean(&app.filter));
        return vec![Line::styled(cut(&text, columns), theme.title())];
    }
    Vec::new()
}

/// As many keys as fit, in the order of the table.
fn bar(app: &App, columns: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for key in KEYS
        .iter()
        .filter(|key| key.works(app.view) && !key.short.is_empty())
    {
        let gap = if used == 0 { "" } else { "  " };
        let wide = width(gap) + width(key.names[0]) + 1 + width(key.short);
        if used + wide > columns {
            continue;
        }
        used += wide;
        spans.push(Span::styled(
            format!("{gap}{}", key.names[0]),
            app.theme.title(),
        ));
        spans.push(Span::styled(format!(" {}", key.short), app.theme.dim()));
    }
    Line::from(spans)
}

/// The dialog, over everything else.
fn ask(app: &App, dialog: &Dialog, frame: &mut Frame) {
    let theme = app.theme;
    let area = frame.area();
    let wide = area.width.min(64);
    let room = usize::from(wide.saturating_sub(4));
    let fit = |text: &str| cut(&clean(text), room);
    let order = &dialog.order;
    let mut cursor = None;
    let mut lines = Vec::new();
    let head = match dialog.stage {
        Stage::Menu => format!("{} on {}", named(&order.service), order.host),
        _ => order.to_string(),
    };
    let state = match &dialog.state {
        Some(state) => format!("it was {state} there when you asked"),
        None => "its state there is not known".to_string(),
    };
    if dialog.stage == Stage::Menu {
        for (at, (_, word, means)) in WISHES.iter().enumerate() {
            let text = fit(&format!("{word:<12} {means}"));
            let pad = " ".repeat(room.saturating_sub(width(&text)));
            let style = if at == dialog.at {
                theme.chosen()
            } else {
                Style::new()
            };
            lines.push(Line::styled(text + &pad, style));
        }
        lines.push(Line::styled(fit("Enter goes on, Esc leaves"), theme.dim()));
    } else {
        let means = WISHES.iter().find(|(wish, _, _)| *wish == order.wish);
        let means = means.map_or("", |(_, _, means)| means);
        lines.push(Line::raw(fit(&format!("{}: {means}", word(order.wish)))));
        lines.push(Line::raw(fit(&format!("{state}; by {}", order.way))));
        lines.push(Line::raw(""));
        let reason = clean(&order.reason);
        let reason = tail(&reason, room.saturating_sub(9)).to_string();
        if dialog.stage == Stage::Reason {
            cursor = Some((lines.len(), width(&reason) + 8));
        }
        let head = Span::styled("reason: ", theme.title());
        lines.push(Line::from(vec![head, Span::raw(reason)]));
        if dialog.stage == Stage::Reason {
            lines.push(Line::styled(
                fit("may be empty; Enter goes on, Esc leaves"),
                theme.dim(),
            ));
        } else {
            lines.push(Line::raw(""));
            let button = |yes: bool, text: &'static str| match dialog.yes == yes {
                true => Span::styled(format!("[ {text} ]"), theme.chosen()),
                false => Span::raw(format!("  {text}  ")),
            };
            lines.push(Line::from(vec![
                button(false, "no"),
                Span::raw("  "),
                button(true, "yes"),
            ]));
            lines.push(Line::styled(
                fit("Left and Right choose, Enter does it"),
                theme.dim(),
            ));
        }
    }
    let high = u16::try_from(lines.len() + 2)
        .unwrap_or(area.height)
        .min(area.height);
    let place = Rect::new(
        (area.width - wide) / 2,
        (area.height - high) / 2,
        wide,
        high,
    );
    let head = format!(" {} ", cut(&clean(&head), room.saturating_sub(2)));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .title(Span::styled(head, theme.title()));
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let inner = Rect::new(
        inner.x + 1,
        inner.y,
        inner.width.saturating_sub(2),
        inner.height,
    );
    frame.render_widget(Paragraph::new(lines), inner);
    if let Some((line, column)) = cursor {
        let x = inner.x.saturating_add(u16::try_from(column).unwrap_or(0));
        let y = inner.y.saturating_add(u16::try_from(line).unwrap_or(0));
        frame.set_cursor_position(Position::new(
            x.min(inner.right().saturating_sub(1)),
            y.min(inner.bottom().saturating_sub(1)),
        ));
    }
}
