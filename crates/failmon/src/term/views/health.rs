//! How well the failsh of a target does its own work.

use ratatui::text::{Line, Span};

use super::{HEAD, target, theirs, told};
use crate::cluster::Cluster;
use crate::term::app::App;
use crate::term::text::{ago, micros, rows};

/// Lines of the bars.
const BARS: usize = 4;

pub(super) fn page(app: &App, cluster: &Cluster, now: i64) -> Vec<Line<'static>> {
    let Some(view) = target(app, cluster) else {
        return Vec::new();
    };
    let theme = app.theme;
    let there = view.shown.there(now);
    let mut lines = Vec::new();
    if let Some(hello) = &view.shown.hello {
        let text = format!(
            "{} {} on {}, process {}, for {}",
            hello.program,
            hello.version,
            hello.host,
            hello.pid,
            ago(there, hello.started)
        );
        told(app, &mut lines, "failsh", vec![theirs(&text)]);
        told(
            app,
            &mut lines,
            "policy",
            vec![Span::raw(format!("read {}", times(hello.policy)))],
        );
    }
    let Some(health) = &view.shown.health else {
        lines.push(Line::styled("it has not told how it does", theme.dim()));
        return lines;
    };
    let faild = match health.faild {
        Some(true) => Span::styled("answers", theme.good()),
        Some(false) => Span::styled("does not answer", theme.state(Some("FAIL"))),
        None => Span::styled("not asked yet", theme.dim()),
    };
    told(app, &mut lines, "faild", vec![faild]);
    let text = format!(
        "half within {}, 99 of 100 within {}, the worst {}",
        micros(health.late_p50_us),
        micros(health.late_p99_us),
        micros(health.late_max_us)
    );
    told(app, &mut lines, "lateness", vec![Span::raw(text)]);
    let columns = usize::from(app.size.0).saturating_sub(HEAD + 1);
    if view.shown.lateness.len() > 1 {
        for bars in rows(&view.shown.lateness, columns, BARS) {
            told(app, &mut lines, "", vec![Span::styled(bars, theme.bars())]);
        }
    }
    let doubts = format!("{}: so late that it asked all anew", times(health.doubts));
    told(app, &mut lines, "doubts", vec![Span::raw(doubts)]);
    for (at, pause) in health.pauses.iter().rev().enumerate() {
        let text = format!(
            "{} long, {} ago",
            ago(i64::try_from(pause.ms).unwrap_or(i64::MAX), 0),
            ago(there, pause.at)
        );
        told(
            app,
            &mut lines,
            if at == 0 { "pauses" } else { "" },
            vec![Span::raw(text)],
        );
    }
    let scripts = format!("{} run now, {} so far", health.scripts, health.scripts_run);
    told(app, &mut lines, "scripts", vec![Span::raw(scripts)]);
    let sent = format!(
        "{} sent; {} datagrams were no answer to one",
        health.sent, health.dropped
    );
    told(app, &mut lines, "questions", vec![Span::raw(sent)]);
    lines
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_string(),
        1 => "once".to_string(),
        count => format!("{count} times"),
    }
}
