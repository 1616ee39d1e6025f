//! The examples of failover(n) are what they say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_tcl::{FromTcl, normal_form};
use fake::{Engine, load_text};

/// The literal blocks of EXAMPLES, as a reader sees them.
fn examples() -> Vec<String> {
    let page = include_str!("../../../man/failover.n");
    let (_, examples) = page.split_once(".Sh EXAMPLES\n").unwrap();
    let (examples, _) = examples.split_once(".Sh ").unwrap();
    let blocks = examples.split(".Bd -literal -offset indent\n").skip(1);
    let text = |block: &str| block.split(".Ed\n").next().unwrap_or_default().to_string();
    blocks
        .map(|block| {
            text(block)
                .replace("\\(dq", "\"")
                .replace("\\&", "")
                .replace("\\e", "\\")
        })
        .collect()
}

fn is_for_a_console(example: &str) -> bool {
    example.starts_with("fail for ")
}

#[test]
fn every_example_is_a_policy_or_a_console_command_that_works() {
    let examples = examples();
    assert!(examples.len() > 4);
    for policy in examples.iter().filter(|e| !is_for_a_console(e)) {
        let loaded = load_text(policy).unwrap_or_else(|e| panic!("{e}\n{policy}"));
        let printed = normal_form(&loaded);
        assert_eq!(normal_form(&load_text(&printed).unwrap()), printed);
    }
    let mut engine = Engine::new(&examples[0]);
    let console: Vec<&String> = examples.iter().filter(|e| is_for_a_console(e)).collect();
    assert_eq!(console.len(), 1);
    let (for_a_time, shown) = console[0].split_once('\n').unwrap();
    assert_eq!(engine.says(for_a_time), (0, String::new()));
    let (code, dict) = engine.says(shown);
    assert!(code == 0 && dict.starts_with("interval 1"), "{dict}");
}

#[test]
fn what_the_examples_do_when_something_happens_works() {
    let examples = examples();
    let traps = examples.iter().filter(|e| e.contains("failtrap"));
    assert_eq!(traps.clone().count(), 2);
    for policy in traps {
        // Nothing of this host is to be touched.
        let mut engine = Engine::new(&policy.replace("exec logger -t failover", "fail log info"));
        let script = engine.loaded.policy.traps[0].script.clone();
        let data = [
            ("kind", "service"),
            ("time", "1700000000000"),
            ("reason", "it fell"),
            ("from", "UP"),
            ("to", "FAIL"),
            ("host", "hostb"),
        ];
        let trap = engine.trap("web", &data, &script);
        assert_eq!(engine.trapped(trap), None, "{policy}");
        let said = engine.wait("log", |m| match m {
            FromTcl::Log { text, .. } => Some(text.clone()),
            _ => None,
        });
        let web = said == "web: UP -> FAIL: it fell";
        assert!(web || said == ": hostb serves as well", "{said}");
    }
}

#[test]
fn an_example_that_asks_too_early_is_told_so() {
    let examples = examples();
    let policy = examples.iter().find(|e| e.contains("trap {FAIL UNKNOWN}"));
    let mut engine = Engine::new(policy.unwrap());
    let stop = engine.order("db", fail_core::job::Task::Stop);
    engine.done(stop).unwrap();
    assert_eq!(engine.log().1, "stopped before anything was known");
}
