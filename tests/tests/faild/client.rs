//! The client library against a live faild: its examples as they stand in its folder, and a
//! watch on a bad way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use fail_client::{Marks, Name, News, Options, Reason, Record, State, Wanted, Watch, What};
use fail_wire::{Body, Code, Figure, Figures, History, Key, Packet, Past, Refusal, emit};
use failover_tests::faild::{Faild, client};
use failover_tests::lines::Lines;
use failover_tests::program::{self, Running};
use failover_tests::proxy::{Fate, Proxy, Way};
use failover_tests::wait::{self, LIMIT};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn set(faild: &Faild, service: &str, state: State, reason: &str) {
    let wanted = |_: &Record| Wanted {
        state: Some(state),
        set: Marks(0),
        clear: Marks(0),
        reason: Reason::new(reason),
    };
    let changed = faild.client("public").change(&name(service), wanted);
    changed.unwrap();
}

/// What a message says.
fn body(bytes: &[u8]) -> Body {
    Packet::read(bytes).unwrap().body().unwrap()
}

fn is_notify(bytes: &[u8]) -> bool {
    matches!(body(bytes), Body::Notify(notify) if notify.number > 0)
}

/// Impatient, so that silence is noticed soon.
fn watch(proxy: &Proxy, names: &[Name]) -> Watch {
    let options = Options {
        timeout: std::time::Duration::from_millis(300),
        tries: 2,
        ..Options::default()
    };
    client(proxy.address, "public", options)
        .watch(names)
        .unwrap()
}

/// The news up to the first that is like this, in short: `web UP`, `ready`, `silent`, `back`.
fn until(watch: &mut Watch, end: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let limit = Instant::now() + LIMIT;
    loop {
        let Some(news) = watch.next_until(limit) else {
            panic!("no {end}; there was {seen:?}")
        };
        let news = match news {
            // It comes with time, and nobody supervises anything here.
            News::Record(r) if r.marks.has(Marks::UNSUPERVISED) => continue,
            News::Record(record) => format!("{} {}", record.name, record.state),
            News::Ready => "ready".to_string(),
            News::Silent(_) => "silent".to_string(),
            News::Answers { anew: true } => "anew".to_string(),
            News::Answers { anew: false } => "back".to_string(),
        };
        let is_end = news == end;
        seen.push(news);
        if is_end {
            return seen;
        }
    }
}

#[test]
fn the_example_that_reads_all_prints_every_record() {
    let faild = Faild::start(&[]);
    for n in 0..30 {
        set(&faild, &format!("s{n}"), State::Fail, &"why ".repeat(40));
    }
    faild.failc(&["hold", "web", "new disk"]).done();
    let mut command = program::command("examples/read_all");
    command.args([&faild.address.to_string(), "public"]);
    let out = program::run(command).done();
    assert_eq!(out.lines().count(), 31, "{out}");
    let line = out.lines().last().unwrap();
    assert!(
        line.starts_with("web FAIL [held unpublished] for "),
        "{line}"
    );
    assert!(line.ends_with(": held: new disk"), "{line}");
}

#[test]
fn the_example_that_changes_overwrites_nobody() {
    let faild = Faild::start(&[]);
    let run = |address: &str, from, to| {
        let mut command = program::command("examples/change");
        command.args([address, "public", "web", from, to]);
        program::run(command)
    };
    let address = faild.address.to_string();
    set(&faild, "web", State::Fail, "it broke");
    let why = run(&address, "UP", "FAIL").failed(1);
    assert_eq!(why, "change: web is FAIL: it broke\n");
    let done = run(&address, "FAIL", "RECOVER").done();
    assert_eq!(done, "web is RECOVER in version 2\n");

    // Somebody else is faster than the change that the example sends.
    let proxy = Proxy::to(faild.address);
    let mut other = faild.client("public");
    proxy.judge(move |way, bytes| {
        if way == Way::There && matches!(body(bytes), Body::Change(_)) {
            let wanted = |_: &Record| Wanted {
                state: Some(State::Up),
                set: Marks(0),
                clear: Marks(0),
                reason: Reason::new("faster"),
            };
            other.change(&name("web"), wanted).unwrap();
        }
        Fate::Arrives
    });
    let why = run(&proxy.address.to_string(), "RECOVER", "FAIL").failed(1);
    assert_eq!(why, "change: somebody else was faster with web\n");
    let (record, _) = faild.client("public").read_one(&name("web")).unwrap();
    assert_eq!(
        (record.state, record.reason.as_str()),
        (State::Up, "faster")
    );
}

#[test]
fn the_example_that_waits_is_told_when_it_is_so() {
    let faild = Faild::start(&[]);
    let command = |seconds| {
        let mut command = program::command("examples/wait");
        let address = faild.address.to_string();
        command.args([&address, "public", "web", "UP", seconds]);
        command
    };
    let outcome = program::run(command("0"));
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.err.contains("not UP within 0 seconds"),
        "{outcome:?}"
    );

    let mut command = command("60");
    let mut running = Running::start(command.stdout(std::process::Stdio::piped()));
    let lines = Lines::of(running.0.stdout.take().unwrap());
    lines.wait_for("web is FAIL, not yet UP");
    set(&faild, "web", State::Recover, "soon");
    lines.wait_for("web is RECOVER, not yet UP");
    set(&faild, "web", State::Up, "now");
    lines.wait_for("web is UP: now");
    assert_eq!(running.wait(), Some(0));
}

#[test]
fn a_watch_gives_what_is_and_then_is_told_of_every_change() {
    let faild = Faild::start(&[]);
    set(&faild, "dns", State::Recover, "");
    set(&faild, "web", State::Recover, "");
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    assert_eq!(
        until(&mut all, "ready"),
        ["dns RECOVER", "web RECOVER", "ready"]
    );
    // It is told: whatever it asks from now on gets no answer.
    proxy.judge(|way, bytes| match (way, body(bytes)) {
        (Way::There, Body::Acknowledge(_)) | (Way::Back, _) => Fate::Arrives,
        _ => Fate::Lost,
    });
    set(&faild, "web", State::Up, "");
    assert_eq!(until(&mut all, "web UP"), ["web UP"]);
    faild.failc(&["forget", "dns"]).done();
    assert_eq!(until(&mut all, "dns FAIL"), ["dns FAIL"]);

    let proxy = Proxy::to(faild.address);
    let mut one = watch(&proxy, &[name("mail")]);
    assert_eq!(until(&mut one, "ready"), ["mail FAIL", "ready"]);
    set(&faild, "web", State::Recover, "");
    set(&faild, "mail", State::Up, "");
    assert_eq!(until(&mut one, "mail UP"), ["mail UP"]);
}

#[test]
fn a_change_whose_notify_or_acknowledgement_is_lost_is_told_once() {
    let faild = Faild::start(&[]);
    set(&faild, "web", State::Fail, "");
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    until(&mut all, "ready");
    // Nothing but notifies and acknowledgements, of which the first two and the first one are
    // lost.
    let (told, heard) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (notifies, acknowledged) = (Arc::clone(&told), Arc::clone(&heard));
    proxy.judge(move |way, bytes| match way {
        Way::Back if is_notify(bytes) => match notifies.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Fate::Lost,
            _ => Fate::Arrives,
        },
        Way::There if matches!(body(bytes), Body::Acknowledge(_)) => {
            match acknowledged.fetch_add(1, Ordering::Relaxed) {
                0 => Fate::Lost,
                _ => Fate::Arrives,
            }
        }
        _ => Fate::Lost,
    });
    set(&faild, "web", State::Up, "");
    assert_eq!(until(&mut all, "web UP"), ["web UP"]);
    // The acknowledgement of it was lost: it comes again, and is no news.
    set(&faild, "dns", State::Up, "");
    assert_eq!(until(&mut all, "dns UP"), ["dns UP"]);
    assert!(told.load(Ordering::Relaxed) > 3);
    // Each one that arrived, whether it was news or not.
    let count = || heard.load(Ordering::Relaxed);
    wait::until("acknowledgements", count, |count| *count >= 2);
}

/// So many services that they are not all read again with each renewal.
fn many(faild: &Faild) {
    (0..201).for_each(|n| set(faild, &format!("s{n:03}"), State::Fail, ""));
}

#[test]
fn more_changes_than_one_notify_has_room_for_are_all_found() {
    let faild = Faild::start(&[]);
    many(&faild);
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    until(&mut all, "ready");
    proxy.judge(|way, bytes| match way == Way::Back && is_notify(bytes) {
        true => Fate::Lost,
        false => Fate::Arrives,
    });
    for n in 0..30 {
        set(&faild, &format!("t{n:02}"), State::Fail, &"why ".repeat(40));
    }
    proxy.judge(|_, _| Fate::Arrives);
    set(&faild, "web", State::Up, "");
    let mut seen = until(&mut all, "web UP");
    while seen.len() < 31 {
        let Some(News::Record(record)) = all.next_until(Instant::now() + LIMIT) else {
            panic!("only {seen:?}")
        };
        seen.push(format!("{} {}", record.name, record.state));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 31, "{seen:?}");
}

#[test]
fn a_watch_survives_silence_and_a_faild_that_is_started_anew() {
    let faild = Faild::start(&[]);
    set(&faild, "web", State::Recover, "");
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    until(&mut all, "ready");
    proxy.judge(|_, _| Fate::Lost);
    assert_eq!(until(&mut all, "silent"), ["silent"]);
    // What happens meanwhile is news when it is back.
    set(&faild, "web", State::Up, "");
    proxy.judge(|_, _| Fate::Arrives);
    assert_eq!(until(&mut all, "web UP"), ["back", "web UP"]);
    set(&faild, "web", State::Recover, "");
    assert_eq!(until(&mut all, "web RECOVER"), ["web RECOVER"]);

    // Another faild is like the same one, started anew; it knows nothing of web.
    let anew = Faild::start(&[]);
    set(&anew, "dns", State::Up, "");
    proxy.lead_to(anew.address);
    assert_eq!(until(&mut all, "web FAIL"), ["anew", "dns UP", "web FAIL"]);
    set(&anew, "dns", State::Recover, "");
    assert_eq!(until(&mut all, "dns RECOVER"), ["dns RECOVER"]);
}

#[test]
fn what_was_told_before_and_is_played_again_is_no_news() {
    let faild = Faild::start(&[]);
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    until(&mut all, "ready");
    // The first notify, of web UP, comes again when the one of web FAIL has arrived.
    let (mut recorded, mut played) = (None, false);
    proxy.judge(move |way, bytes| match (way, body(bytes), &recorded) {
        (Way::Back, Body::Notify(notify), None) if notify.number > 0 => {
            recorded = Some(bytes.to_vec());
            Fate::Arrives
        }
        (Way::There, Body::Acknowledge(heard), Some(old)) if heard.number > 1 && !played => {
            played = true;
            Fate::Answered(old.clone())
        }
        _ => Fate::Arrives,
    });
    set(&faild, "web", State::Up, "");
    assert_eq!(until(&mut all, "web UP"), ["web UP"]);
    set(&faild, "web", State::Fail, "");
    assert_eq!(until(&mut all, "web FAIL"), ["web FAIL"]);
    set(&faild, "dns", State::Fail, "");
    assert_eq!(until(&mut all, "dns FAIL"), ["dns FAIL"]);
}

#[test]
fn what_changes_in_a_silence_that_ends_the_subscription_is_found() {
    let faild = Faild::start(&[]);
    many(&faild);
    let proxy = Proxy::to(faild.address);
    let mut all = watch(&proxy, &[]);
    until(&mut all, "ready");
    proxy.judge(|_, _| Fate::Lost);
    // One that nobody need supervise.
    set(&faild, "web", State::Fail, "");
    assert_eq!(until(&mut all, "silent"), ["silent"]);
    let subscriptions = || {
        let figures = faild.client("public").figures(What::Counters).unwrap();
        let mut named = figures.iter();
        named
            .find(|f| f.name.as_str() == "subscriptions now")
            .unwrap()
            .value
    };
    wait::until("faild to give it up", subscriptions, |n| *n == 0);
    proxy.judge(|_, _| Fate::Arrives);
    assert_eq!(until(&mut all, "web FAIL"), ["back", "web FAIL"]);
}

#[test]
fn a_faild_that_does_not_know_how_to_tell_is_watched_all_the_same() {
    let faild = Faild::start(&[]);
    let proxy = Proxy::to(faild.address);
    let key = Key::new("public").unwrap();
    proxy.judge(move |way, bytes| {
        let packet = Packet::read(bytes).unwrap();
        match (way, packet.body().unwrap()) {
            (Way::There, Body::Subscribe(_)) => {
                let refusal = Body::Refusal(Refusal::plain(Code::Type));
                Fate::Answered(emit(Some(&key), packet.request(), &refusal))
            }
            _ => Fate::Arrives,
        }
    });
    let mut all = watch(&proxy, &[]);
    assert_eq!(until(&mut all, "ready"), ["ready"]);
    set(&faild, "web", State::Up, "");
    assert_eq!(until(&mut all, "web UP"), ["web UP"]);
}

#[test]
fn history_and_figures_come_with_all_their_pages() {
    let faild = Faild::start(&[]);
    for n in 0..12 {
        set(
            &faild,
            "web",
            State::Fail,
            &format!("{n} {}", "y".repeat(190)),
        );
    }
    let mut client = faild.client("public");
    let versions: Vec<u64> = client
        .history(&name("web"))
        .unwrap()
        .iter()
        .map(|past| past.version)
        .collect();
    assert_eq!(versions, (1..=12).rev().collect::<Vec<u64>>());
    assert!(client.history(&name("dns")).unwrap().is_empty());
    for (what, known) in [
        (What::Limits, ("services", fail_core::limits::SERVICES_MAX)),
        (What::Counters, ("services now", 1)),
    ] {
        let figures = client.figures(what).unwrap();
        let figure = figures.iter().find(|f| f.name.as_str() == known.0).unwrap();
        assert_eq!(figure.value, known.1 as u64);
    }
}

/// A faild that has as many pages as there are figures and entries, or pages without an end.
fn pages(endless: bool) -> Proxy {
    let proxy = Proxy::to("127.0.0.1:9".parse().unwrap());
    let key = Key::new("public").unwrap();
    proxy.judge(move |_, bytes| {
        let packet = Packet::read(bytes).unwrap();
        let answer = match packet.body().unwrap() {
            Body::AskFigures(ask) => {
                let after = ask.after.as_str().parse().unwrap_or(0);
                let next = if endless { 1 } else { after + 1 };
                let name = Reason::new(&next.to_string());
                Body::Figures(Figures {
                    what: ask.what,
                    more: endless || next < 5,
                    figures: vec![Figure { name, value: next }],
                })
            }
            Body::AskHistory(ask) => {
                let version = match ask.before {
                    0 => 5,
                    before if endless => before,
                    before => before - 1,
                };
                let past = Past {
                    version,
                    state: State::Up,
                    marks: Marks(0),
                    age_ms: 0,
                    at: 0,
                    reason: Reason::new(""),
                    who: Reason::new(""),
                };
                Body::History(History {
                    nonce: 1,
                    more: endless || version > 1,
                    entries: vec![past],
                })
            }
            _ => return Fate::Lost,
        };
        Fate::Answered(emit(Some(&key), packet.request(), &answer))
    });
    proxy
}

#[test]
fn pages_are_asked_for_one_after_the_other_and_must_end() {
    let proxy = pages(false);
    let mut good = client(proxy.address, "public", Options::default());
    let figures = good.figures(What::Counters).unwrap();
    let values: Vec<u64> = figures.iter().map(|figure| figure.value).collect();
    assert_eq!(values, [1, 2, 3, 4, 5]);
    let pasts = good.history(&name("web")).unwrap();
    let versions: Vec<u64> = pasts.iter().map(|past| past.version).collect();
    assert_eq!(versions, [5, 4, 3, 2, 1]);

    let proxy = pages(true);
    let mut bad = client(proxy.address, "public", Options::default());
    for error in [
        bad.figures(What::Counters).unwrap_err(),
        bad.history(&name("web")).unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("its pages do not end"),
            "{error}"
        );
    }
}
