//! Each refusal that the protocol knows, provoked against a live program: by the tools where
//! they can be brought to it, with their sentence and exit code, and otherwise by the Python
//! client, which says things that no tool of ours would say. A code that nobody provokes does
//! not compile.

use std::fs;

use fail_cli::exit;
use fail_wire::{Change, Code, Marks, Name, Reason, Refusal, State};
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::man::Page;
use failover_tests::{program, python};
use serde_json::Value;

/// A faild that knows `writer` and `reader`.
fn guarded(folder: &Folder) -> Faild {
    let rules = folder.write("communities", "* writer RW\n* reader RO\n");
    Faild::start(&["-c", &rules])
}

/// What the Python client is told when it has this refused.
fn by_python(code: Code) -> Value {
    let folder = Folder::new();
    let faild = guarded(&folder);
    let port = faild.address.port().to_string();
    let words = [&port, "writer", code.word()];
    let out = python::run("tests/python/refusals.py", &words).done();
    let said: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{code:?}: {e}: {out}"));
    assert_eq!(said["code"], code as u8, "{said}");
    // With proof of who said it, if the page has it so.
    let signed = if said["signed"] == true { "yes" } else { "no" };
    let row = format!(".It {} Ta {} Ta {signed} Ta", code as u8, code.word());
    let page = Page::open("failover-protocol.7");
    assert!(page.text.contains(&row), "the page has no row {row}");
    let sentence = said["sentence"].as_str().unwrap();
    assert_eq!(sentence.contains("without proof"), signed == "no", "{said}");
    said
}

/// A tool ends with this code and says so.
fn by_tool(code: Code, outcome: program::Outcome, exit: u8) {
    let sentence = outcome.failed(exit);
    let words = Refusal::plain(code).to_string();
    assert!(sentence.contains(&words), "{code:?}: {sentence}");
    assert_eq!(sentence.lines().count(), 1, "{code:?}: {sentence}");
}

/// With the record as it is now.
fn with_record(said: &Value, state: &str, version: u64) {
    let record = &said["record"];
    assert_eq!(record["service"], "web", "{said}");
    assert_eq!(record["state"], state, "{said}");
    assert_eq!(record["version"], version, "{said}");
}

/// What only this refusal says.
fn provoke(code: Code) {
    let folder = Folder::new();
    match code {
        Code::Version => assert_eq!(by_python(code)["detail"], 1),
        Code::Type | Code::Malformed | Code::Mac => {
            assert_eq!(by_python(code)["record"], Value::Null)
        }
        Code::Community => {
            let faild = guarded(&folder);
            by_tool(code, faild.failc(&["-c", "nobody", "web"]), exit::NOPERM);
            by_tool(
                code,
                faild.failc(&["-c", "nobody", "web", "UP"]),
                exit::NOPERM,
            );
            let outcome = faild.failstat(&["-c", "nobody"]);
            assert_eq!(outcome.code, Some(i32::from(exit::NOPERM)), "{outcome:?}");
        }
        Code::ReadOnly => {
            let faild = guarded(&folder);
            by_tool(
                code,
                faild.failc(&["-c", "reader", "web", "UP"]),
                exit::NOPERM,
            );
            by_tool(
                code,
                faild.failc(&["-c", "reader", "away", "web"]),
                exit::NOPERM,
            );
        }
        Code::Nonce => with_record(&by_python(code), "FAIL", 0),
        Code::Stale => with_record(&by_python(code), "RECOVER", 1),
        Code::Limit => {
            let said = by_python(code);
            assert_eq!(said["detail"], 64, "{said}");
            assert!(said["word"].as_str().unwrap().contains("host"), "{said}");
        }
        Code::Unsaved => {
            let state = folder.path().join("here");
            fs::create_dir(&state).unwrap();
            let faild = Faild::start(&["-s", &state.join("state").to_string_lossy()]);
            fs::remove_dir_all(&state).unwrap();
            by_tool(code, faild.failc(&["web", "UP"]), exit::IOERR);
            // It is in force.
            assert!(faild.failc(&["web"]).done().starts_with("web UP"));
        }
        Code::Cramped => {
            // 59 bytes, and a record of 30 bytes, its name and its reason.
            let least = 59 + 30 + "web".len() + "unknown".len();
            assert_eq!(by_python(code)["detail"], least);
        }
        Code::Marks => with_record_or_none(&by_python(code)),
        Code::Facility => {
            let faild = Faild::start(&[]);
            let mut faildebug = program::command("faildebug");
            let port = faild.address.port().to_string();
            faildebug.args(["-p", &port, "weather", "1"]);
            by_tool(code, program::run(faildebug), exit::USAGE);
        }
        Code::Published => {
            with_record(&by_python(code), "UP", 1);
            let faild = Faild::start(&[]);
            publish(&faild);
            by_tool(code, faild.failc(&["forget", "web"]), exit::TEMPFAIL);
            assert!(faild.failc(&["web"]).done().starts_with("web UP"));
        }
    }
}

/// Publishes web as one who has a minute's time until he says it again.
fn publish(faild: &Faild) {
    let mut client = faild.client("public");
    let name = Name::new("web").unwrap();
    let (record, nonce) = client.read_one(&name).unwrap();
    let change = Change {
        nonce,
        version: record.version,
        name,
        state: Some(State::Up),
        set: Marks(0),
        clear: Marks(0),
        reason: Reason::new("served"),
        interval_ms: 60_000,
    };
    client.change_exactly(&change).unwrap();
}

/// The page promises no record here, and forbids none.
fn with_record_or_none(said: &Value) {
    let record = &said["record"];
    assert!(record.is_null() || record["state"] == "FAIL", "{said}");
}

#[test]
fn each_refusal_of_the_protocol_is_provoked_and_is_what_its_page_says() {
    if !python::is_there() {
        return;
    }
    for code in Code::ALL {
        provoke(code);
    }
}
