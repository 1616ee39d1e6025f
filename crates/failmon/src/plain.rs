//! Text and JSON: `-1` once, `-l` for each Return, `--json` for programs.
//!
//! No control character of what a failsh sends gets through, and each alert, service and host
//! is one line, so that the tools of a shell can be used on it.

use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use fail_cli::{Failmon, Failure, exit};
use fail_client::follow::Seen;
use fail_client::grid::{Cell, Grid, Ink};
use fail_client::screen::Terminal;
use fail_client::{age, clean_json, named, print, utc, words};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Link};
use crate::matrix::{Matrix, Trouble, Weight, alerts, matrix};
use crate::record::post;
use crate::source::{Came, Source};

/// What comes in while nobody takes it; then the failsh waits.
const QUEUE: usize = 1_000;

/// Something to do.
enum Turn {
    Came(Came),
    /// Somebody has pressed Return; nothing: nobody will any more.
    Return(bool),
}

/// `-1`: prints what there is once everybody has told everything, or when time is over.
///
/// # Errors
/// Nothing can be read or written.
pub fn once(options: &Failmon) -> Result<u8, Failure> {
    let (source, _) = gathered(options)?;
    let now = source.clock.now_ms();
    let out = match options.json {
        true => clean_json(whole(&source.cluster, now).to_string() + "\n"),
        false => text(&source.cluster, now, &Terminal::find()),
    };
    say(&out)?;
    Ok(code(&source.cluster))
}

/// A picture that is whole, or as whole as it is when the time is over; and what else comes.
pub fn gathered(options: &Failmon) -> Result<(Source, Receiver<Came>), Failure> {
    let (send, receive) = sync_channel(QUEUE);
    let mut source = Source::begin(options, &post(move |came| send.send(came).is_ok()))?;
    let end = Instant::now() + options.timeout.0;
    while !source.is_whole() {
        let left = end.saturating_duration_since(Instant::now());
        match receive.recv_timeout(left) {
            Ok(Came::Seen(number, seen)) => complain(source.take(number, seen)),
            Ok(Came::Over(problem)) => {
                over(problem)?;
                break;
            }
            Err(_) => break,
        }
    }
    Ok((source, receive))
}

/// The code: whether anybody has answered.
pub fn code(cluster: &Cluster) -> u8 {
    let answered = |view: &crate::cluster::View| view.heard.is_some() && view.link == Link::Up;
    match cluster.views.iter().all(answered) {
        true => exit::OK,
        false => exit::UNAVAILABLE,
    }
}

/// `-l`: prints the state for each Return, until the end of standard input.
///
/// # Errors
/// Nothing can be read or written.
pub fn lines(options: &Failmon) -> Result<u8, Failure> {
    let (send, receive) = sync_channel(QUEUE);
    let came = send.clone();
    let take = move |what| came.send(Turn::Came(what)).is_ok();
    let mut source = Source::begin(options, &post(take))?;
    listen(send)?;
    let terminal = Terminal::find();
    // The first Return may come before anything else: whoever pipes one in wants an answer.
    let mut owed = 0_usize;
    let mut ends = false;
    let patience = Instant::now() + options.timeout.0;
    loop {
        let ready = source.is_whole() || Instant::now() >= patience;
        while ready && owed > 0 {
            let now = source.clock.now_ms();
            if !say(&text(&source.cluster, now, &terminal))? {
                return Ok(exit::OK);
            }
            owed -= 1;
        }
        if ends && owed == 0 {
            return Ok(code(&source.cluster));
        }
        let turn = match ready {
            true => receive.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => receive.recv_timeout(patience.saturating_duration_since(Instant::now())),
        };
        match turn {
            Ok(Turn::Came(Came::Seen(number, seen))) => complain(source.take(number, seen)),
            Ok(Turn::Came(Came::Over(problem))) => over(problem)?,
            Ok(Turn::Return(true)) => owed += 1,
            Ok(Turn::Return(false)) => ends = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(exit::OK),
        }
    }
}

/// Reads Returns, in a thread of its own.
fn listen(send: SyncSender<Turn>) -> Result<(), Failure> {
    let run = move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        // What stands before the Return is nothing to us, however long it is.
        while input
            .read_until(b'\n', &mut line)
            .is_ok_and(|bytes| bytes > 0)
        {
            if line.ends_with(b"\n") && send.send(Turn::Return(true)).is_err() {
                return;
            }
            line.clear();
        }
        let _ = send.send(Turn::Return(false));
    };
    let thread = thread::Builder::new().name("input".to_string()).spawn(run);
    thread
        .map(|_| ())
        .map_err(|e| Failure::new(exit::OSERR, format!("no thread: {e}")))
}

/// `--json`: an object for each update, as it comes, until somebody ends it.
///
/// # Errors
/// Nothing can be read or written.
pub fn stream(options: &Failmon) -> Result<u8, Failure> {
    let (send, receive) = sync_channel(QUEUE);
    let mut source = Source::begin(options, &post(move |came| send.send(came).is_ok()))?;
    while let Ok(came) = receive.recv() {
        let (number, seen) = match came {
            Came::Seen(number, seen) => (number, seen),
            Came::Over(problem) => {
                over(problem)?;
                return Ok(exit::OK);
            }
        };
        let mut line = match &seen {
            Seen::Connected(at) => json!({ "type": "connected", "address": at.to_string() }),
            Seen::Lost(why) => json!({ "type": "lost", "why": why }),
            // What came from JSON goes back to it.
            Seen::Update(update) => serde_json::to_value(update).unwrap_or_default(),
        };
        let target = source
            .cluster
            .views
            .get(number)
            .map(|view| view.target.clone());
        line["target"] = target.into();
        line["at"] = line
            .get("at")
            .cloned()
            .unwrap_or_else(|| source.clock.now_ms().into());
        complain(source.take(number, seen));
        if !say(&clean_json(format!("{line}\n")))? {
            break;
        }
    }
    Ok(exit::OK)
}

fn complain(said: Option<String>) {
    if let Some(said) = said {
        eprintln!("failmon: {}", fail_client::clean(&said));
    }
}

fn over(problem: Option<String>) -> Result<(), Failure> {
    match problem {
        Some(problem) => Err(Failure::new(exit::DATA, problem)),
        None => Ok(()),
    }
}

/// Prints; says whether somebody still reads.
///
/// # Errors
/// It can not be printed.
pub fn say(text: &str) -> Result<bool, Failure> {
    print(text).map_err(|e| {
        let what = format!("can not write to standard output: {}", words(&e));
        Failure::new(exit::IOERR, what)
    })
}

/// Everything as one object, with what it comes to.
pub fn whole(cluster: &Cluster, now_ms: i64) -> Value {
    let matrix = matrix(cluster, now_ms);
    let alerts = alerts(cluster, &matrix, now_ms);
    let targets = cluster.views.iter().map(|view| {
        json!({
            "target": view.target,
            "host": view.host(),
            "link": match &view.link {
                Link::Trying => "trying",
                Link::Up => "up",
                Link::Lost(_) => "lost",
            },
            "trouble": view.trouble(now_ms),
            "since": view.since,
            "heard": view.heard,
            "stale_ms": view.stale(now_ms),
            "shown": view.shown,
        })
    });
    json!({
        "now": now_ms,
        "alerts": alerts,
        "matrix": matrix,
        "targets": targets.collect::<Vec<_>>(),
    })
}

/// Everything as text.
pub fn text(cluster: &Cluster, now_ms: i64, terminal: &Terminal) -> String {
    let matrix = matrix(cluster, now_ms);
    let mut grid = Grid::default();
    grid.line(utc(now_ms), Ink::Plain);
    for alert in alerts(cluster, &matrix, now_ms) {
        let (word, ink) = match alert.weight {
            Weight::Alarm => ("ALARM", Ink::Loud),
            Weight::Warning => ("warning", Ink::Bad),
        };
        grid.line(format!("{word}: {}", alert.text), ink);
    }
    let mut text = terminal.show(&grid, false);
    let parts = [
        services(&matrix, now_ms),
        reasons(cluster, &matrix),
        hosts(cluster, &matrix, now_ms),
    ];
    for part in parts.into_iter().flatten() {
        text.push('\n');
        text += &terminal.show(&part, false);
    }
    text
}

fn span(ms: i64) -> String {
    age(u64::try_from(ms).unwrap_or(0))
}

fn services(matrix: &Matrix, now_ms: i64) -> Option<Grid> {
    let mut grid = Grid::default();
    let head = matrix
        .columns
        .iter()
        .map(|column| column.host.clone().into());
    grid.row(std::iter::once("SERVICE".into()).chain(head));
    for row in &matrix.rows {
        let cells = row.cells.iter().map(|cell| {
            let Some(cell) = cell else {
                return "-".into();
            };
            let state = cell.state.as_deref();
            let mut text = match (state, cell.unreachable) {
                (Some(state), _) => state.to_string(),
                (None, true) => "unreachable".to_string(),
                (None, false) => "unknown".to_string(),
            };
            for mark in &cell.marks {
                text += &format!(" {mark}");
            }
            if let Some(task) = &cell.task {
                text += &format!(" {task}...");
            }
            if let Some(since) = cell.since.filter(|_| state.is_some()) {
                text += &format!(" {}", span(now_ms.saturating_sub(since)));
            }
            if let Some(stale) = cell.stale {
                text += &format!(" ({} ago)", span(stale));
            }
            let ink = match state {
                Some("UP") if row.trouble == Trouble::Twice => Ink::Loud,
                Some("UP") => Ink::Good,
                Some("FAIL") | None => Ink::Bad,
                _ => Ink::Plain,
            };
            Cell::new(text, ink)
        });
        grid.row(std::iter::once(Cell::from(named(&row.service))).chain(cells));
    }
    (!matrix.rows.is_empty()).then_some(grid)
}

/// Why each is in its state, from each host that is looked at.
fn reasons(cluster: &Cluster, matrix: &Matrix) -> Option<Grid> {
    let mut grid = Grid::default();
    grid.row(["SERVICE", "ON", "STATE", "WHY"].map(Cell::from));
    let mut some = false;
    for (number, view) in cluster.views.iter().enumerate() {
        for service in view.shown.services.values() {
            some = true;
            let mut why = service.why.clone();
            if let Some(waiting) = &service.waiting {
                why += &format!("; it waits for {waiting}");
            }
            grid.row([
                named(&service.name).into(),
                matrix.host(number).into(),
                service.state.as_deref().unwrap_or("unknown").into(),
                why.into(),
            ]);
        }
    }
    some.then_some(grid)
}

fn hosts(cluster: &Cluster, matrix: &Matrix, now_ms: i64) -> Option<Grid> {
    let mut grid = Grid::default();
    let head = [
        "HOST",
        "SEEN BY",
        "ANSWERS",
        "SINCE",
        "LAST ANSWER",
        "TRIP",
        "LOST",
    ];
    grid.row(head.map(Cell::from));
    let mut some = false;
    for (number, view) in cluster.views.iter().enumerate() {
        let there = view.shown.there(now_ms);
        for host in view.shown.hosts.values() {
            some = true;
            let (word, ink) = match host.reachable {
                Some(true) => ("yes", Ink::Good),
                Some(false) => ("no", Ink::Bad),
                None => ("not asked", Ink::Plain),
            };
            let ago = |at: i64| span(there.saturating_sub(at));
            let last = host.last_answer.map_or("never".to_string(), ago);
            let trip = host.trip_us.map_or("-".to_string(), |us| {
                format!("{}.{:03}ms", us / 1_000, us % 1_000)
            });
            grid.row([
                host.name.clone().into(),
                matrix.host(number).into(),
                Cell::new(word, ink),
                ago(host.since).into(),
                last.into(),
                trip.into(),
                format!("{}.{}%", host.lost_permille / 10, host.lost_permille % 10).into(),
            ]);
        }
    }
    some.then_some(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{self, NOW};

    fn shown(cluster: &Cluster) -> String {
        text(cluster, NOW, &Terminal::default())
    }

    #[test]
    fn a_calm_cluster_as_text() {
        let text = "\
2026-11-27T10:00:00Z

SERVICE  hosta         hostb         hostc
dns      RECOVER 2h0m  UP 2h0m       RECOVER 1h58m
web      UP 2h0m       RECOVER 2h0m  -

SERVICE  ON     STATE    WHY
dns      hosta  RECOVER  yield: a master can serve
web      hosta  UP       keep: no master can serve
dns      hostb  UP       keep: no master can serve
web      hostb  RECOVER  yield: a master can serve

HOST   SEEN BY  ANSWERS  SINCE  LAST ANSWER  TRIP     LOST
hostb  hosta    yes      2h0m   399ms        0.210ms  2.0%
hostc  hosta    yes      2h0m   399ms        0.210ms  2.0%
hosta  hostb    yes      2h0m   399ms        0.210ms  2.0%
hostc  hostb    yes      2h0m   399ms        0.210ms  2.0%
";
        assert_eq!(shown(&stage::calm()), text);
    }

    #[test]
    fn two_servers_stand_first_and_nothing_gets_through_to_the_terminal() {
        let mut cluster = stage::split();
        let line = r#"{"type":"service","name":"a\u001b[2Jb","state":"FAIL","since":@0,"marks":["held"],"reason":"x\ny","why":"\u0007","waiting":null,"until":null,"script":{"task":"stop","since":@0,"until":@0},"peers":[],"check":null,"retry":null,"settings":{},"console":{},"journal":[]}"#;
        stage::say(&mut cluster, 0, NOW, line);
        let text = shown(&cluster);
        let second = text.lines().nth(1).unwrap();
        assert_eq!(second, "ALARM: web is UP on 2 hosts at once: hosta, hostb");
        let odd = |letter: char| fail_client::is_odd(letter) && letter != '\n';
        assert!(!text.contains(odd), "{text}");
        assert!(text.contains("FAIL held stop... 0ms"), "{text}");
    }

    #[test]
    fn json_has_nothing_that_a_terminal_obeys_and_means_the_same() {
        let mut cluster = stage::split();
        let line = r#"{"type":"service","name":"a\u009b2Jb","state":"FAIL","since":@0,"marks":["held"],"reason":"\u202ex","why":"\u200b","waiting":null,"until":null,"script":null,"peers":[],"check":null,"retry":null,"settings":{},"console":{},"journal":[]}"#;
        stage::say(&mut cluster, 0, NOW, line);
        let whole = whole(&cluster, NOW);
        let shown = clean_json(whole.to_string());
        assert!(!shown.chars().any(fail_client::is_odd), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), whole);
        let service = &whole["targets"][0]["shown"]["services"]["a\u{9b}2Jb"];
        assert_eq!(service["reason"], "\u{202e}x");
    }

    #[test]
    fn the_whole_as_json_has_what_it_comes_to() {
        let whole = whole(&stage::split(), NOW);
        assert_eq!(whole["alerts"][0]["weight"], "alarm");
        assert_eq!(whole["matrix"]["rows"][1]["trouble"], "twice");
        assert_eq!(
            whole["targets"][0]["shown"]["services"]["web"]["state"],
            "UP"
        );
    }
}
