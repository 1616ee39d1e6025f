//! A client that reads slowly, against targets that change fast; and what clients may ask for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use fail_rt::poller::Poller;
use fail_rt::stream::PACE;

use super::*;

/// Only a broken monitor takes so long.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Targets(BTreeMap<Name, usize>);

impl Board for Targets {
    fn names(&self) -> Vec<Name> {
        self.0.keys().cloned().collect()
    }
    fn target(&self, name: &Name) -> Option<TargetView> {
        let round = self.0.get(name)?;
        Some(TargetView {
            name: name.to_string(),
            why: format!("{round} {}", "x".repeat(3_000)),
            ..TargetView::default()
        })
    }
    fn health(&self) -> HealthView {
        HealthView::default()
    }
}

struct Hc {
    poller: Poller,
    monitor: Monitor,
    board: Targets,
    /// So far the clock is ahead.
    ahead: Span,
}

impl Hc {
    fn turn(&mut self) {
        let soon = clock::now().mono + Span::from_millis(2);
        let deadline = earliest([self.monitor.deadline(), Some(soon)]);
        let events = self.poller.wait(deadline).unwrap();
        let tokens: Vec<_> = events.map(|e| e.token()).collect();
        let now = clock::now().mono + self.ahead;
        for token in tokens {
            self.monitor.on_event(token, now);
        }
        self.monitor.turn(now, &self.board);
    }

    fn change(&mut self, name: &Name, round: usize) {
        self.board.0.insert(name.clone(), round);
        self.monitor.changed([name]);
    }

    fn turn_until(&mut self, what: &str, mut done: impl FnMut(&Hc) -> bool) {
        let end = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < end, "{what} does not come");
            self.turn();
        }
    }
}

fn hc(names: &[&str]) -> (Hc, TcpStream) {
    let mut poller = Poller::new().unwrap();
    let log = Log::to("hc", std::io::sink());
    let mut monitor = Monitor::new(poller.desk().unwrap(), log);
    let at = monitor.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = TcpStream::connect(at).unwrap();
    let board = names.iter().map(|name| (name.parse().unwrap(), 0));
    let board = Targets(board.collect());
    let hc = Hc {
        poller,
        monitor,
        board,
        ahead: Span(0),
    };
    (hc, client)
}

/// Reads up to the target that is called `end`.
fn read(client: TcpStream) -> Receiver<Update> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(client).lines() {
            let update: Update = serde_json::from_str(&line.unwrap()).unwrap();
            let end = is_end(&update);
            if tell.send(update).is_err() || end {
                break;
            }
        }
    });
    told
}

impl Hc {
    /// What is read up to this one.
    fn read_until(
        &mut self,
        reader: &Receiver<Update>,
        is_last: impl Fn(&Update) -> bool,
    ) -> Vec<Update> {
        let mut seen = Vec::new();
        self.turn_until("the last line", |_| {
            while let Ok(update) = reader.try_recv() {
                let last = is_last(&update);
                seen.push(update);
                if last {
                    return true;
                }
            }
            false
        });
        seen
    }
}

fn is_end(update: &Update) -> bool {
    matches!(update, Update::Target(view) if view.name == "end")
}

#[test]
fn who_reads_slowly_sees_fewer_steps_and_always_the_last() {
    const TARGETS: usize = 50;
    const ROUNDS: usize = 400;
    let names: Vec<String> = (0..TARGETS).map(|n| format!("t{n}")).collect();
    let texts: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut hc, client) = hc(&texts);
    hc.turn_until("the client", |hc| !hc.monitor.stream.is_empty());
    let names: Vec<Name> = hc.board.names();
    // 60 MB: the kernel takes a tenth of that.
    for round in 0..ROUNDS {
        for name in &names {
            hc.change(name, round);
        }
        hc.turn();
        // A rest is over.
        hc.ahead = Span(hc.ahead.0 + PACE.0);
    }
    let reader = read(client);
    hc.turn_until("rest", |hc| hc.monitor.stream.is_told());
    hc.change(&"end".parse().unwrap(), ROUNDS);
    let seen = hc.read_until(&reader, is_end);
    let mut last = BTreeMap::new();
    let mut views = 0;
    for update in seen {
        if let Update::Target(view) = update {
            views += 1;
            last.insert(view.name, view.why);
        }
    }
    last.remove("end");
    assert_eq!(last.len(), TARGETS);
    let final_round = format!("{} ", ROUNDS - 1);
    assert!(last.values().all(|why| why.starts_with(&final_round)));
    assert!(views < TARGETS * ROUNDS / 2, "{views} views were told");
}

#[test]
fn who_asks_for_some_is_told_of_no_others() {
    let (mut hc, mut client) = hc(&["a", "b", "c"]);
    client
        .write_all(b"{\"targets\":[\"b\",\"end\",\"nope\"]}\n")
        .unwrap();
    // A further line is not read: not even this one is refused.
    client.write_all(b"nonsense\n").unwrap();
    let gone = |name: &str| Update::Gone {
        name: name.to_string(),
    };
    let reader = read(client);
    let mut seen = hc.read_until(&reader, |update| *update == gone("nope"));
    for name in ["a", "b", "c"] {
        hc.change(&name.parse().unwrap(), 7);
    }
    hc.turn_until("rest", |hc| hc.monitor.stream.is_told());
    hc.board.0.remove(&"b".parse().unwrap());
    hc.monitor.changed([&"b".parse().unwrap()]);
    seen.extend(hc.read_until(&reader, |update| *update == gone("b")));
    hc.change(&"a".parse().unwrap(), 8);
    hc.change(&"end".parse().unwrap(), 1);
    seen.extend(hc.read_until(&reader, is_end));
    assert!(seen.contains(&Update::Ready));
    // They may have been told before it asked, never after.
    let others = seen.iter().filter_map(|update| match update {
        Update::Target(view) if view.name != "b" && view.name != "end" => Some(&view.why),
        _ => None,
    });
    let late = others.filter(|why| !why.starts_with("0 ")).count();
    assert_eq!(late, 0);
}

#[test]
fn what_is_not_understood_is_refused_with_a_sentence() {
    for request in [
        "hello\n",
        "{\"targets\":[\"a b\\u0000\"]}\n",
        "{\"targets\":7}\n",
    ] {
        let (mut hc, mut client) = hc(&["a"]);
        client.write_all(request.as_bytes()).unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(client).lines().map_while(Result::ok);
            lines.last().unwrap_or_default()
        });
        hc.turn_until("the refusal", |_| reader.is_finished());
        let last = reader.join().unwrap();
        assert!(
            last.contains("refused") && last.contains("not understood"),
            "{last}"
        );
        assert!(hc.monitor.stream.is_empty(), "it is not forgotten");
    }
}
