//! What has happened on all targets since they are looked at, the latest first.

use ratatui::text::{Line, Span};

use super::passes;
use crate::cluster::{Cluster, Entry};
use crate::term::app::App;
use crate::term::text::{clean, cut, width};

pub(super) fn page(app: &App, cluster: &Cluster) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.0);
    let theme = app.theme;
    let host = |entry: &Entry| {
        let view = cluster.views.get(entry.by);
        view.map_or(String::new(), |view| clean(view.host()))
    };
    let entries = cluster.log.iter().rev().filter(|entry| {
        passes(
            app,
            &[&host(entry), &entry.event, &entry.subject, &entry.text],
        )
    });
    let mut lines: Vec<Line> = entries
        .map(|entry| {
            let style = match entry.event.as_str() {
                "up" | "reachable" | "connected" => theme.good(),
                "fail" | "lost" | "unreachable" => theme.state(Some("FAIL")),
                _ => theme.title(),
            };
            // Of the moment the time: a log is short.
            let when = fail_client::utc(entry.at);
            let when = when.get(11..19).unwrap_or(&when).to_string();
            let head = [
                Span::styled(format!("{when} "), theme.dim()),
                Span::raw(format!("{} ", cut(&host(entry), columns / 4))),
                Span::styled(format!("{} ", clean(&entry.event)), style),
                Span::styled(
                    format!("{} ", cut(&clean(&entry.subject), columns / 3)),
                    theme.title(),
                ),
            ];
            let used: usize = head.iter().map(|span| width(&span.content)).sum();
            let text = match entry.text == entry.event {
                true => "",
                false => &entry.text,
            };
            let text = cut(&clean(text), columns.saturating_sub(used));
            let mut line = Line::from(head.to_vec());
            line.spans.push(Span::raw(text));
            line
        })
        .collect();
    if lines.is_empty() {
        let text = match app.filter.is_empty() {
            true => "nothing has happened since this was started",
            false => "nothing passes the filter",
        };
        lines.push(Line::styled(text, theme.dim()));
    }
    lines
}
