//! Completion and help: what a line could go on with, without running anything.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::collections::BTreeSet;

use fail_core::job::Task;
use fake::{Dir, Engine};

const POLICY: &str = "
    proc web_start {} {return UP}
    proc web_stop {} {return RECOVER}
    namespace eval my {proc helper {} {}; namespace eval inner {proc deep {} {}}; variable v 1}
    set my_variable 1
    failhost alpha port 1
    failsvc web masters {hosta hostb} start web_start stop web_stop
    failsvc waits start {exec forever} stop web_stop
    proc unknown args {fail log error \"somebody ran $args\"}";

#[test]
fn a_line_goes_on_with_what_makes_sense_there() {
    let mut engine = Engine::new(POLICY);
    for (line, expected) in [
        ("web_", "web_start|web_stop"),
        ("set x [web_st", "set x [web_start|set x [web_stop"),
        ("if {1} {web_sta", "if {1} {web_start"),
        ("fails", "failsvc"),
        ("my", "my::"),
        ("my::", "my::helper|my::inner::"),
        ("::my::inner::d", "::my::inner::deep"),
        ("failsvc w", "failsvc waits|failsvc web"),
        ("failsvc web mas", "failsvc web masters"),
        (
            "failsvc web interval 1 int",
            "failsvc web interval 1 interval",
        ),
        (
            "failsvc web masters host",
            "failsvc web masters hosta|failsvc web masters hostb",
        ),
        (
            "failsvc web masters {hosta hostb",
            "failsvc web masters {hosta hostb",
        ),
        ("failsvc web masters {alp", "failsvc web masters {alpha"),
        (
            "failsvc web lonely ",
            "failsvc web lonely keep|failsvc web lonely stop",
        ),
        ("failhost al", "failhost alpha"),
        ("failhost alpha po", "failhost alpha port"),
        ("failtrap we", "failtrap web"),
        ("failtrap web unr", "failtrap web unreachable"),
        ("failtrap web ch", "failtrap web change"),
        ("fail why we", "fail why web"),
        ("fail set web U", "fail set web UP"),
        ("fail log w", "fail log warn"),
        ("fail run -ti", "fail run -timeout"),
        ("string tot", "string totitle"),
        ("string tol", "string tolower"),
        ("dict keys x; dict ke", "dict keys x; dict keys"),
        ("exec -ig", "exec -ignorestderr"),
        ("puts $my_", "puts $my_variable"),
        ("puts ${my_", "puts ${my_variable"),
        ("puts $my::v", "puts $my::v"),
        ("puts \"now $my_v", "puts \"now $my_variable"),
        ("web_start hosta", "web_start hosta"),
        ("help failt", "help failtrap"),
        ("help failover::i", "help failover::ip"),
        ("# fai", ""),
        ("nosuch_", ""),
        ("string \u{e9}", ""),
        ("a*", ""),
        ("[\\", ""),
        ("${", "${my_variable"),
    ] {
        let found: BTreeSet<_> = engine.completes(line).into_iter().collect();
        let mut wanted = expected.split('|').filter(|line| !line.is_empty());
        assert!(
            wanted.clone().all(|line| found.contains(line)),
            "{line}: {found:?}"
        );
        if line != "${" {
            assert_eq!(found.len(), wanted.clone().count(), "{line}: {found:?}");
        }
        assert!(wanted.all(|w| w.starts_with(line)));
    }
    let everything = engine.completes("");
    assert!(
        everything.contains(&"failsvc".to_string()),
        "{everything:?}"
    );
    let rest = engine.rest();
    assert!(rest.is_empty(), "something was run: {rest:?}");
}

#[test]
fn files_go_on_after_a_slash_and_in_quotes() {
    let dir = Dir::new();
    dir.file("one file", "");
    dir.file("other", "");
    std::fs::create_dir(dir.0.join("folder")).unwrap();
    let at = dir.0.display();
    let mut engine = Engine::new(POLICY);
    for (line, expected) in [
        (
            format!("exec cat {at}/o"),
            vec![
                format!("exec cat {at}/one\\ file"),
                format!("exec cat {at}/other"),
            ],
        ),
        (
            format!("exec cat \"{at}/one f"),
            vec![format!("exec cat \"{at}/one file")],
        ),
        (
            format!("exec cat {at}/fo"),
            vec![format!("exec cat {at}/folder/")],
        ),
        (format!("exec cat {at}/folder/"), vec![]),
        (format!("exec cat {at}/none/x"), vec![]),
    ] {
        assert_eq!(engine.completes(&line), expected, "{line}");
    }
}

#[test]
fn an_answer_comes_while_other_scripts_wait() {
    let mut engine = Engine::new(POLICY);
    let job = engine.order("waits", Task::Start);
    let (exec, _) = engine.exec(job);
    assert_eq!(engine.completes("failsv"), ["failsvc"]);
    engine.succeed(exec, "");
    assert!(engine.done(job).is_err());
}

/// Commands that Tcl itself has, and what lies in an interpreter of ours only because Tcl's
/// library was asked for it.
fn is_tcls(command: &str) -> bool {
    let out = std::process::Command::new("tclsh8.6")
        .arg("/dev/stdin")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            use std::io::Write;
            let script = format!("auto_load parray; puts [info exists ::auto_index({command})][llength [info commands ::{command}]]");
            child.stdin.take().unwrap().write_all(script.as_bytes())?;
            child.wait_with_output()
        })
        .unwrap();
    out.stdout != b"00\n"
}

#[test]
fn every_command_of_ours_has_its_line_of_help() {
    let mut engine = Engine::script("return UP");
    let all = engine.says("help").1;
    let ours = engine.says("info commands").1;
    for command in ours.split_whitespace().filter(|name| !is_tcls(name)) {
        let help = engine.says(&format!("help {command}"));
        assert_eq!(help.0, 0, "{command}: {help:?}");
        assert!(help.1.contains("(n)"), "{help:?}");
    }
    let unknown = engine.says("fail nosuch").1;
    let (_, subcommands) = unknown.split_once("must be ").unwrap();
    let subcommands = subcommands.replace(" or ", " ");
    let subcommands: Vec<_> = subcommands
        .split([',', ' '])
        .filter(|w| !w.is_empty())
        .collect();
    for subcommand in &subcommands {
        let named = format!("\nfail {subcommand}");
        assert!(all.contains(&named), "no help for fail {subcommand}");
    }
    // And the other way round.
    for line in all.lines().take_while(|line| !line.starts_with("Packages")) {
        let words: Vec<_> = line.split(' ').collect();
        let known = engine.says(&format!("info commands {}", words[0])).1;
        assert_eq!(known, words[0], "{line}: no such command");
        assert!(
            words[0] != "fail" || subcommands.contains(&words[1]),
            "{line}"
        );
    }
    let (code, none) = engine.says("help nosuch");
    assert_eq!(code, 1);
    assert!(none.starts_with("no help for \"nosuch\""), "{none}");
}
