//! A second implementation of the protocol, the client of `samples/python`, written from
//! `failover-protocol(7)` alone: it reads and makes the golden messages and talks to a live
//! faild as the suite does, and its README is true.

use std::path::Path;
use std::process::{Command, Stdio};

use fail_client::Wanted;
use fail_wire::{
    Acknowledge, AskFigures, AskHistory, Body, Figure, Forget, Hear, Key, Marks, Name, Packet,
    Past, Reason, State,
};
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::lines::Lines;
use failover_tests::program::{self, Running};
use failover_tests::{python, tree, wait};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

fn bytes(file: &Path) -> Vec<u8> {
    let text = tree::read(file);
    let words = text.split_whitespace();
    words
        .map(|word| u8::from_str_radix(word, 16).unwrap())
        .collect()
}

fn words(marks: Marks) -> Vec<&'static str> {
    marks.words().collect()
}

fn hears(hears: &[Hear]) -> Vec<Value> {
    let hear = |hear: &Hear| {
        json!({
            "host": hear.name.as_str(),
            "nonce": hear.nonce,
            "reachable": hear.reachable,
        })
    };
    hears.iter().map(hear).collect()
}

fn one_level(facility: &Reason, level: u8) -> Value {
    json!({ "facility": facility.as_str(), "level": level })
}

fn past(past: &Past) -> Value {
    json!({
        "version": past.version,
        "state": past.state.word(),
        "marks": words(past.marks),
        "age_ms": past.age_ms,
        "at_ms": past.at,
        "reason": past.reason.as_str(),
        "who": past.who.as_str(),
    })
}

/// The same message as the suite reads it.
fn as_json(bytes: &[u8], community: &str) -> Value {
    let packet = Packet::read(bytes).unwrap();
    let (kind, body) = match packet.body().unwrap() {
        Body::Query(query) => {
            let beat = query.beat.map(|b| (b.nonce, b.count, b.interval_ms));
            let (nonce, count, interval_ms) = beat.unwrap_or_default();
            let after = query.after.as_ref().map_or("", |name| name.as_str());
            let names: Vec<&str> = query.names.iter().map(|name| name.as_str()).collect();
            let beat = json!({ "nonce": nonce, "count": count, "interval_ms": interval_ms });
            let body = json!({ "beat": beat, "after": after, "names": names });
            ("query", body)
        }
        Body::Change(change) => (
            "change",
            json!({
                "nonce": change.nonce,
                "version": change.version,
                "service": change.name.as_str(),
                "state": change.state.map(State::word),
                "set": words(change.set),
                "clear": words(change.clear),
                "reason": change.reason.as_str(),
                "interval_ms": change.interval_ms,
            }),
        ),
        Body::Answer(answer) => {
            let records: Vec<Value> = answer.records.iter().map(fail_client::json).collect();
            let (nonce, more) = (answer.nonce, answer.more);
            let body = json!({ "nonce": nonce, "more": more, "records": records });
            ("answer", body)
        }
        Body::Subscribe(subscribe) => {
            let names: Vec<&str> = subscribe.names.iter().map(|name| name.as_str()).collect();
            let (cookie, for_ms) = (subscribe.cookie, subscribe.for_ms);
            let body = json!({ "cookie": cookie, "for_ms": for_ms, "names": names });
            ("subscribe", body)
        }
        Body::Notify(notify) => (
            "notify",
            json!({
                "nonce": notify.nonce,
                "cookie": notify.cookie,
                "left_ms": notify.left_ms,
                "number": notify.number,
                "more": notify.more,
                "records": notify.records.iter().map(fail_client::json).collect::<Vec<_>>(),
            }),
        ),
        Body::Acknowledge(Acknowledge { nonce, number }) => {
            ("acknowledge", json!({ "nonce": nonce, "number": number }))
        }
        Body::Forget(Forget {
            nonce,
            version,
            name,
        }) => (
            "forget",
            json!({ "nonce": nonce, "version": version, "service": name.as_str() }),
        ),
        Body::AskHistory(AskHistory { name, before }) => (
            "history_asked",
            json!({ "service": name.as_str(), "before": before }),
        ),
        Body::History(history) => (
            "history",
            json!({
                "nonce": history.nonce,
                "more": history.more,
                "entries": history.entries.iter().map(past).collect::<Vec<_>>(),
            }),
        ),
        Body::AskFigures(AskFigures { what, after }) => (
            "figures_asked",
            json!({ "what": what as u8, "after": after.as_str() }),
        ),
        Body::Figures(said) => {
            let figure =
                |figure: &Figure| json!({ "name": figure.name.as_str(), "value": figure.value });
            let figures: Vec<Value> = said.figures.iter().map(figure).collect();
            let (what, more) = (said.what as u8, said.more);
            let body = json!({ "what": what, "more": more, "figures": figures });
            ("figures", body)
        }
        Body::Report(report) => ("report", json!({ "hears": hears(&report.hears) })),
        Body::AskReport => ("report_asked", json!({})),
        Body::Reported(said) => (
            "reported",
            json!({
                "age_ms": said.age_ms.unwrap_or(0),
                "told": said.age_ms.is_some(),
                "hears": hears(&said.hears),
            }),
        ),
        Body::SetLevel(order) => {
            let set = order
                .set
                .as_ref()
                .map(|(facility, level)| one_level(facility, *level));
            ("set_level", json!({ "stamp": order.stamp, "set": set }))
        }
        Body::Levels(said) => {
            let levels = said.levels.iter();
            let levels: Vec<Value> = levels.map(|(f, level)| one_level(f, *level)).collect();
            let program = said.program.as_str();
            let body = json!({ "stamp": said.stamp, "program": program, "levels": levels });
            ("levels", body)
        }
        Body::Refusal(refusal) => (
            "refusal",
            json!({
                "code": refusal.code.map_or_else(|number| number, |code| code as u8),
                "detail": refusal.detail,
                "word": refusal.text.as_str(),
                "record": refusal.record.as_ref().map(fail_client::json),
            }),
        ),
    };
    let mut all = json!({
        "type": kind,
        "key_id": packet.key_id(),
        "request": packet.request(),
        "signed": packet.verify(&Key::new(community).unwrap()),
    });
    let fields = all.as_object_mut().unwrap();
    fields.extend(body.as_object().unwrap().clone());
    all
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

#[test]
fn the_golden_messages_mean_the_same_in_both_languages() {
    if !python::is_there() {
        return;
    }
    let files = tree::files(&tree::path("tests/golden/wire"), "hex");
    let paths: Vec<String> = files
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for community in ["public", "another"] {
        let words = [&[community][..], &paths].concat();
        let out = python::run("tests/python/golden.py", &words).done();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), files.len());
        for (line, file) in lines.into_iter().zip(&files) {
            let read = parse(line);
            let message = &read["message"];
            assert_eq!(*message, as_json(&bytes(file), community), "{file:?}");
            let stranger = tree::name(file) == "refusal-stranger.hex";
            let ours = community == "public" && !stranger;
            assert_eq!(message["signed"], ours, "{file:?}");
            // Made again of what was read, each is what it was.
            let hex: String = bytes(file).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(read["again"] == hex, ours, "{file:?}");
        }
    }
}

/// The Python client as a program, asking this faild.
fn failc(faild: &Faild, community: &str, words: &[&str]) -> program::Outcome {
    let port = faild.address.port().to_string();
    let head = ["-j", "-c", community, "-p", &port];
    python::run("samples/python/failc.py", &[&head[..], words].concat())
}

/// A record without what only depends on when it was asked for.
fn ageless(record: &Value) -> Value {
    let mut record = record.clone();
    record["age_ms"].take();
    // Nobody supervises what is set by hand; when that shows is a matter of age, too.
    if let Some(marks) = record["marks"].as_array_mut() {
        marks.retain(|mark| mark != "unsupervised");
    }
    record
}

#[test]
fn a_client_written_from_the_page_does_what_failc_does() {
    if !python::is_there() {
        return;
    }
    does_what_failc_does(&[]);
    does_what_failc_does(&["-T"]);
}

fn does_what_failc_does(way: &[&str]) {
    let (ours, theirs) = (Faild::start(&[]), Faild::start(&[]));
    let nameless = |record: &Value| {
        let mut record = ageless(record);
        record["last_change_ms"].take();
        record
    };
    for words in [
        &["web"][..],
        &["web", "UP", "written from the page"],
        &["hold", "web", "look"],
        &["away", "web"],
        &["web", "FAIL"],
        &["back", "web", "néw disk"],
        &["release", "web"],
        &["web", "RECOVER"],
    ] {
        let here = failc(&theirs, "public", &[way, words].concat()).done();
        let there = ours.failc(&[&["-j"][..], words].concat()).done();
        let (here, there) = (parse(&here), parse(&there));
        assert_eq!(nameless(&here), nameless(&there), "{words:?}");
        // And what the one has written, the other reads.
        let there = theirs.failc(&["-j", "web"]).done();
        assert_eq!(ageless(&parse(&there)), ageless(&here), "{words:?}");
    }
}

#[test]
fn it_is_refused_in_one_sentence_and_with_the_exit_codes_of_failc() {
    if !python::is_there() {
        return;
    }
    let folder = Folder::new();
    let rules = folder.write("communities", "* write RW\n* read RO\nweb some RW\n");
    let faild = Faild::start(&["-c", &rules]);
    for (community, words) in [
        ("read", &["web", "UP"][..]),
        ("nobody", &["web"]),
        ("some", &["dns"]),
        ("write", &["a b"]),
        ("write", &["web", "DOWN"]),
        ("write", &["-s", "no-such-host.invalid", "web"]),
        // Nobody listens there.
        ("write", &["-s", "127.0.0.2", "-t", "0.1", "web"]),
        ("write", &["--frobnicate"]),
    ] {
        for way in [&[][..], &["-T"]] {
            let words = [way, words].concat();
            let python = failc(&faild, community, &words);
            let mut tool = program::command("failc");
            let port = faild.address.port().to_string();
            tool.args(["-j", "-c", community, "-p", &port]).args(&words);
            let tool = program::run(tool);
            assert_eq!(python.code, tool.code, "{words:?}: {python:?}, {tool:?}");
            assert_ne!(python.code, Some(0), "{words:?}");
            let sentence = python.err.strip_prefix("failc.py: ");
            let lines = sentence.map(|sentence| sentence.trim_end().lines().count());
            assert_eq!(lines, Some(1), "{words:?}: {python:?}");
        }
    }
    let seen = faild.failstat(&["--json", "-c", "write"]).done();
    assert_eq!(parse(&seen)["hosts"][0]["services"], json!([]));
}

/// Limits and counters of a faild, asked for in messages of so many bytes.
fn figures(faild: &Faild, bytes: &str) -> Value {
    let script = "import failover, json, sys\n\
        failover.DATAGRAM = int(sys.argv[2])\n\
        faild = failover.Client(port=int(sys.argv[1]))\n\
        print(json.dumps([faild.figures(failover.LIMITS), faild.figures(failover.COUNTERS)]))";
    let mut command = Command::new("python3");
    command
        .args(["-B", "-c", script, &faild.address.port().to_string(), bytes])
        .env("PYTHONPATH", tree::path("samples/python"));
    parse(&program::run(command).done())
}

#[test]
fn it_forgets_a_service_and_reads_what_happened_to_it() {
    if !python::is_there() {
        return;
    }
    let faild = Faild::start(&[]);
    // More than a page of history, and more than is kept.
    for n in 0..20 {
        let why = format!("{n:02}{}", " why".repeat(45));
        faild.failc(&["-q", "web", "RECOVER", &why]);
    }
    let history = |way: &[&str], service| {
        let words = [way, &["history", service]].concat();
        let out = failc(&faild, "public", &words).done();
        out.lines()
            .map(|line| ageless(&parse(line)))
            .collect::<Vec<_>>()
    };
    let entries = history(&[], "web");
    assert_eq!(entries, history(&["-T"], "web"));
    let versions: Vec<u64> = entries
        .iter()
        .map(|e| e["version"].as_u64().unwrap())
        .collect();
    assert_eq!(versions, (5..=20).rev().collect::<Vec<u64>>());
    assert_eq!(entries[0]["who"], "127.0.0.1");
    assert!(
        entries[15]["reason"]
            .as_str()
            .unwrap()
            .starts_with("04 why")
    );
    assert_eq!(history(&[], "dns"), [] as [Value; 0]);

    let gone = parse(&failc(&faild, "public", &["forget", "web"]).done());
    assert_eq!(
        (&gone["reason"], &gone["last_change_ms"]),
        (&json!("unknown"), &json!(0))
    );
    assert_eq!(failc(&faild, "public", &[]).done(), "");
    // Its versions go on where they were, so that nothing old can be played again.
    let again = parse(&failc(&faild, "public", &["web", "UP"]).done());
    assert!(again["version"].as_u64() > Some(20), "{again}");
}

#[test]
fn it_is_told_of_changes_when_they_happen_also_of_more_than_has_room() {
    if !python::is_there() {
        return;
    }
    is_told_of_changes(&[]);
    is_told_of_changes(&["-T"]);
}

fn is_told_of_changes(way: &[&str]) {
    let faild = Faild::start(&[]);
    let mut watch = python::command("samples/python/failc.py");
    let port = faild.address.port().to_string();
    watch
        .args(way)
        .args(["-j", "-p", &port, "watch"])
        .stdout(Stdio::piped());
    faild.failc(&["web", "RECOVER", "before"]).done();
    let mut watch = Running::start(&mut watch);
    let told = Lines::of(watch.0.stdout.take().unwrap());
    told.wait_for("\"before\"");
    // It asks again only after half a minute, and nothing here waits so long.
    faild.failc(&["web", "UP", "while it listens"]).done();
    told.wait_for("while it listens");

    watch.signal(Signal::SIGSTOP);
    let mut client = faild.client("public");
    for n in 0..30 {
        let wanted = Wanted {
            state: Some(State::Up),
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new(&format!("change {n} {}", "x".repeat(180))),
        };
        let name = Name::new(&format!("service-{n:02}")).unwrap();
        client.change(&name, |_| wanted.clone()).unwrap();
    }
    watch.signal(Signal::SIGCONT);
    let lines = told.wait_for_count(32);
    for n in 0..30 {
        let reason = format!("change {n} ");
        let times = lines.iter().filter(|line| line.contains(&reason)).count();
        assert_eq!(times, 1, "{reason}: {lines:#?}");
    }
    let acknowledged = || figures(&faild, "1400")[1]["notifies acknowledged"].as_u64();
    wait::until("an acknowledgement", acknowledged, |count| *count > Some(0));
}

#[test]
fn it_reads_as_many_pages_as_there_are() {
    if !python::is_there() {
        return;
    }
    let faild = Faild::start(&[]);
    for n in 0..20 {
        let (service, why) = (format!("service-{n:02}"), "why ".repeat(40));
        faild.failc(&["-q", &service, "UP", &why]).done();
    }
    let read = |words: &[&str]| {
        let out = failc(&faild, "public", words).done();
        out.lines()
            .map(|line| ageless(&parse(line)))
            .collect::<Vec<_>>()
    };
    let seen = read(&[]);
    assert_eq!(seen, read(&["-T"]));
    let stat = parse(&faild.failstat(&["--json"]).done());
    let services = stat["hosts"][0]["services"].as_array().unwrap();
    assert_eq!(seen, services.iter().map(ageless).collect::<Vec<_>>());
    assert_eq!(seen.len(), 20);

    // Figures have pages, too, if they are asked for in short messages.
    let figures = |bytes: &str| figures(&faild, bytes);
    let long = figures("1400");
    assert_eq!(long[0], figures("120")[0]);
    assert_eq!(long[0]["services"], fail_core::limits::SERVICES_MAX);
    assert!(long[1].as_object().unwrap().len() > 5, "{long}");
}

#[test]
fn the_examples_of_its_readme_work_as_they_stand_there() {
    if !python::is_there() {
        return;
    }
    let readme = tree::read(&tree::path("samples/python/README"));
    let faild = Faild::start(&[]);
    let port = faild.address.port();

    // Those in Python, by Python's own means. Only the port is another.
    let client = "failover.Client(\"127.0.0.1\", ";
    assert_eq!(readme.matches(client).count(), 1);
    let text = readme.replace(client, &format!("{client}{port}, "));
    let own = Folder::new();
    let mut doctest = Command::new("python3");
    doctest
        .args(["-B", "-m", "doctest", &own.write("README", text)])
        .env("PYTHONPATH", tree::path("samples/python"));
    let outcome = program::run(doctest);
    assert_eq!(outcome.code, Some(0), "{}", outcome.out);

    // Those in a shell.
    let lines = readme.lines().filter_map(|line| {
        let line = line.strip_prefix("    ./failc.py")?;
        Some(format!("./failc.py -p {port}{line}"))
    });
    let lines: Vec<String> = lines.collect();
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &line])
            .current_dir(tree::path("samples/python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("FAIL_COMMUNITY");
        let out = program::run(shell).done();
        assert!(out.contains("web"), "{line}: {out}");
    }
}
