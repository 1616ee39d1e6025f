//! A client that reads slowly, against a board that changes fast.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fail_core::limits::MONITOR_EVENTS_MAX;
use fail_core::time::Span;
use fail_rt::clock::earliest;
use fail_rt::poller::Poller;
use fail_rt::stream::PACE;
use fail_wire::monitor::ServiceView;

use super::*;

/// Only a broken monitor takes so long.
const LIMIT: Duration = Duration::from_secs(30);

struct Failsh {
    poller: Poller,
    monitor: Monitor,
    board: Board,
    /// So far the clock is ahead.
    ahead: Span,
}

impl Failsh {
    fn turn(&mut self) {
        let soon = clock::now().mono + Span::from_millis(2);
        let deadline = earliest([self.monitor.deadline(), Some(soon)]);
        let tokens: Vec<_> = self
            .poller
            .wait(deadline)
            .unwrap()
            .map(|e| e.token())
            .collect();
        let now = clock::now().mono + self.ahead;
        for token in tokens {
            self.monitor.on_event(token, now);
        }
        self.monitor.expire(now);
        self.monitor.write(now);
    }

    fn change(&mut self, name: String, round: usize) {
        let view = ServiceView {
            reason: format!("{round} {}", "x".repeat(3_000)),
            name,
            ..ServiceView::default()
        };
        let shown = Some(Arc::new(view.clone()));
        self.board.put_service(&view.name, shown);
        self.monitor.changed(&Update::Service(Box::new(view)));
    }
}

fn failsh() -> (Failsh, TcpStream) {
    let mut poller = Poller::new().unwrap();
    let board = Board::default();
    let mut monitor = Monitor::new(poller.desk().unwrap(), board.clone());
    let at = monitor.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = TcpStream::connect(at).unwrap();
    let failsh = Failsh {
        poller,
        monitor,
        board,
        ahead: Span(0),
    };
    (failsh, client)
}

#[test]
fn who_reads_slowly_sees_fewer_steps_and_always_the_last() {
    const SERVICES: usize = 50;
    const ROUNDS: usize = 400;
    let (mut failsh, client) = failsh();
    while !failsh.monitor.is_watched() {
        failsh.turn();
    }
    // 60 MB: the kernel takes a tenth of that.
    for round in 0..ROUNDS {
        for n in 0..SERVICES {
            failsh.change(format!("s{n}"), round);
        }
        let event = EventView {
            at: 0,
            event: "up".to_string(),
            subject: round.to_string(),
            data: BTreeMap::new(),
        };
        // Many more than are kept.
        for _ in 0..10 {
            failsh.monitor.changed(&Update::Event(event.clone()));
        }
        failsh.turn();
        // A rest is over.
        failsh.ahead = Span(failsh.ahead.0 + PACE.0);
    }
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for line in BufReader::new(client).lines() {
            let update: Update = serde_json::from_str(&line.unwrap()).unwrap();
            let end = matches!(&update, Update::Gone { name, .. } if name == "end");
            seen.push(update);
            if end {
                break;
            }
        }
        seen
    });
    let end = Instant::now() + LIMIT;
    while !failsh.monitor.stream.is_told() {
        assert!(Instant::now() < end, "it does not come to an end");
        failsh.turn();
    }
    let name = "end".to_string();
    let what = "service".to_string();
    failsh.monitor.changed(&Update::Gone { what, name });
    while !reader.is_finished() {
        assert!(Instant::now() < end, "the end does not come");
        failsh.turn();
    }
    let mut last = BTreeMap::new();
    let (mut views, mut events, mut lost) = (0, 0, 0);
    for update in reader.join().unwrap() {
        match update {
            Update::Service(view) => {
                views += 1;
                last.insert(view.name, view.reason);
            }
            Update::Event(event) if event.event == "lost" => {
                lost += event.data["count"].parse::<usize>().unwrap();
            }
            Update::Event(_) => events += 1,
            _ => {}
        }
    }
    assert_eq!(last.len(), SERVICES);
    let final_round = format!("{} ", ROUNDS - 1);
    assert!(last.values().all(|reason| reason.starts_with(&final_round)));
    assert!(views < SERVICES * ROUNDS / 2, "{views} views were told");
    assert!(
        lost > 0 && events >= MONITOR_EVENTS_MAX,
        "{events} told, {lost} lost"
    );
    assert_eq!(events + lost, ROUNDS * 10);
}
