//! What a reader is told, in which order; and who is sent away.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fail_core::limits::MONITOR_EVENTS_MAX;

use super::*;
use crate::clients::Speech;
use crate::clock;
use crate::poller::Poller;

/// Only a broken stream takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// These are there, the others are gone.
struct Letters(&'static str);

impl Source for Letters {
    type Name = char;
    type Update = String;

    fn names(&self) -> Vec<char> {
        self.0.chars().collect()
    }
    fn hello(&self) -> String {
        "hello".to_string()
    }
    fn thing(&self, name: &char) -> String {
        match self.0.contains(*name) {
            true => name.to_string(),
            false => format!("no {name}"),
        }
    }
    fn is_missed(&self, name: &char) -> bool {
        *name != 'x'
    }
    fn health(&self) -> String {
        "health".to_string()
    }
    fn ready(&self) -> String {
        "ready".to_string()
    }
    fn lost(&self, count: u64) -> Option<String> {
        Some(format!("{count} lost"))
    }
}

/// The next lines, at most so many.
fn told(reader: &mut Reader<char>, source: &Letters, most: usize) -> String {
    let things = BTreeMap::new();
    let mut page = Page { source, things };
    let lines = std::iter::from_fn(|| reader.next(&mut page, Mono(0)));
    let lines = lines.take(most).map(|line| line.trim().replace('"', ""));
    lines.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_reader_is_told_everything_and_then_news() {
    let mut reader = Reader::default();
    let letters = Letters("ab");
    assert_eq!(told(&mut reader, &letters, 9), "hello, a, b, health, ready");
    assert!(!reader.has_news());
    assert_eq!(reader.next_at, Mono(0) + PACE);
    for name in ['b', 'c', 'b'] {
        reader.touch(&name);
    }
    reader.health = true;
    reader.remember(&"up".into());
    assert_eq!(told(&mut reader, &letters, 9), "up, b, no c, health");
}

#[test]
fn one_that_changes_all_the_time_does_not_push_others_aside() {
    let mut reader = Reader::default();
    let letters = Letters("abc");
    told(&mut reader, &letters, 9);
    ['a', 'b', 'c'].iter().for_each(|name| reader.touch(name));
    for next in ["a", "b", "c", "a"] {
        reader.touch(&'a');
        reader.remember(&"up".into());
        assert_eq!(told(&mut reader, &letters, 2), format!("up, {next}"));
    }
}

#[test]
fn what_has_gone_before_it_was_told_is_told_if_it_is_missed() {
    let mut reader = Reader::default();
    told(&mut reader, &Letters("abxy"), 2);
    assert_eq!(
        told(&mut reader, &Letters("b"), 9),
        "b, no y, health, ready"
    );
}

#[test]
fn who_asks_for_some_is_told_of_each_before_ready_or_once_more() {
    let names = |text: &str| text.chars().collect::<BTreeSet<char>>();
    let letters = Letters("abc");
    for (told_before, then) in [
        (0, "hello, b, no z, health, ready"),
        (3, "b, no z, health, ready"),
        (5, "b, no z, ready"),
        (6, "b, no z"),
    ] {
        let mut reader = Reader::default();
        told(&mut reader, &letters, told_before);
        reader.only(names("bz"));
        // The second time is too late.
        reader.only(names("a"));
        assert_eq!(told(&mut reader, &letters, 9), then, "{told_before}");
        ['a', 'b'].iter().for_each(|name| reader.touch(name));
        assert_eq!(told(&mut reader, &letters, 9), "b");
    }
}

#[test]
fn of_events_the_last_are_kept_and_the_others_counted() {
    let mut reader = Reader::default();
    let letters = Letters("");
    told(&mut reader, &letters, 9);
    for n in 0..MONITOR_EVENTS_MAX + 2 {
        reader.remember(&n.to_string().into());
    }
    assert_eq!(told(&mut reader, &letters, 3), "2 lost, 2, 3");
}

#[test]
fn who_is_sent_away_is_forgotten() {
    let mut poller = Poller::new().unwrap();
    let terms = Terms {
        clients: 1,
        full: Vec::new(),
        each: None,
        speech: Speech::Lines(100),
        patience: Some(PATIENCE),
    };
    let mut stream = Stream::new(poller.desk().unwrap(), terms);
    let at = stream.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut client = TcpStream::connect(at).unwrap();
    client.write_all(b"hello\n").unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        client.read_to_string(&mut text).map(|_| text)
    });
    let end = Instant::now() + LIMIT;
    while !reader.is_finished() {
        assert!(Instant::now() < end, "it is not sent away");
        let soon = clock::now().mono + Span::from_millis(2);
        let events = poller.wait(Some(soon)).unwrap();
        let tokens: Vec<_> = events.map(|event| event.token()).collect();
        let now = clock::now().mono;
        for token in tokens {
            stream.on_event(token, now);
        }
        stream.expire(now);
        while let Some(event) = stream.poll() {
            if let Event::Line { client, .. } = event {
                stream.close(client, &"no");
            }
        }
        stream.write(now, &Letters("a"));
    }
    assert!(reader.join().unwrap().unwrap().ends_with("\"no\"\n"));
    assert!(stream.is_empty(), "it is not forgotten");
}
