//! A second implementation of the protocol, in Python, written from `failover-protocol(7)`
//! alone: it reads the golden messages and talks to a live faild as the suite does.

use std::path::Path;
use std::process::Command;

use fail_wire::{Body, Hear, Key, Marks, Packet, Reason, State};
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::tree;
use serde_json::{Value, json};

fn python(arguments: &[&str]) -> Outcome {
    let mut command = Command::new("python3");
    command
        .arg("-B")
        .arg(tree::path("tests/python/decoder.py"))
        .args(arguments);
    program::run(command)
}

/// Without Python nothing can be shown here; the rest of the tests needs none.
fn have_python() -> bool {
    let have = Command::new("python3").arg("--version").output();
    let have = have.is_ok_and(|output| output.status.success());
    if !have {
        failover_tests::skipped("there is no python3");
    }
    have
}

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

/// The same message as the suite reads it.
fn as_json(bytes: &[u8], community: &str) -> Value {
    let packet = Packet::read(bytes).unwrap();
    let (kind, body) = match packet.body().unwrap() {
        Body::Subscribe(_)
        | Body::Notify(_)
        | Body::Acknowledge(_)
        | Body::Forget(_)
        | Body::AskHistory(_)
        | Body::History(_)
        | Body::AskFigures(_)
        | Body::Figures(_) => return Value::Null,
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
        Body::Report(report) => ("report", json!({ "hears": hears(&report.hears) })),
        Body::AskReport => ("report_asked", json!({})),
        Body::Reported(said) => (
            "reported",
            json!({ "age_ms": said.age_ms, "hears": hears(&said.hears) }),
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
    if !have_python() {
        return;
    }
    let files = tree::files(&tree::path("tests/golden/wire"), "hex");
    let paths: Vec<String> = files
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for community in ["public", "another"] {
        let out = python(&[&["decode", community][..], &paths].concat()).done();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), files.len());
        for (line, file) in lines.into_iter().zip(&files) {
            let message = parse(line);
            assert_eq!(message, as_json(&bytes(file), community), "{file:?}");
            let stranger = tree::name(file) == "refusal-stranger.hex";
            assert_eq!(
                message["signed"],
                community == "public" && !stranger,
                "{file:?}"
            );
        }
    }
}

#[test]
fn a_client_written_from_the_page_reads_and_changes_a_live_faild() {
    if !have_python() {
        return;
    }
    let folder = Folder::new();
    let rules = folder.write("communities", "* écrire RW\n* lire RO\n");
    let faild = Faild::start(&["-c", &rules]);
    let port = faild.address.port().to_string();
    let python = |verb: &str, community: &str, words: &[&str]| {
        let head = [verb, community, "127.0.0.1", &port];
        parse(&python(&[&head[..], words].concat()).done())
    };
    let failc = |service: &str| parse(&faild.failc(&["-c", "écrire", "-j", service]).done());
    let ageless = |record: &Value| {
        let mut record = record.clone();
        record["age_ms"].take();
        // Nobody supervises what is set by hand; when that shows is a matter of age, too.
        if let Some(marks) = record["marks"].as_array_mut() {
            marks.retain(|mark| mark != "unsupervised");
        }
        record
    };

    let done = python("change", "écrire", &["web", "UP", "written from the page"]);
    assert_eq!(done["type"], "answer", "{done}");
    assert_eq!(done["records"][0]["reason"], "written from the page");
    let record = failc("web");
    assert_eq!(ageless(&record), ageless(&done["records"][0]));
    assert_eq!(
        (&record["state"], &record["version"]),
        (&json!("UP"), &json!(1))
    );

    let refused = python("change", "lire", &["web", "FAIL", "not allowed"]);
    assert_eq!(
        (&refused["type"], &refused["code"]),
        (&json!("refusal"), &json!(6))
    );
    assert_eq!(refused["signed"], true);
    assert_eq!(ageless(&refused["record"]), ageless(&record));
    let stranger = python("query", "nobody", &["web"]);
    assert_eq!(
        (&stranger["signed"], &stranger["code"]),
        (&json!(false), &json!(4))
    );

    let named = python("query", "lire", &["web", "dns"]);
    assert_eq!(ageless(&named["records"][1]), ageless(&record));
    assert_eq!(named["records"][0]["marks"], json!(["unpublished"]));

    // More than a page.
    for n in 0..20 {
        let (service, why) = (format!("service-{n:02}"), "why ".repeat(40));
        let words = ["-c", "écrire", "-q", &service, "UP", &why];
        faild.failc(&words).done();
    }
    let all = python("query", "lire", &[]);
    let seen: Vec<Value> = all["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(ageless)
        .collect();
    let text = faild.failstat(&["-c", "lire", "--json"]).done();
    let stat = parse(&text);
    let services = stat["hosts"][0]["services"].as_array().unwrap();
    assert_eq!(seen, services.iter().map(ageless).collect::<Vec<_>>());
    assert_eq!(seen.len(), 21);
    let nonce = format!("{:016x}", all["nonce"].as_u64().unwrap());
    assert_eq!(stat["hosts"][0]["nonce"], nonce);
}
