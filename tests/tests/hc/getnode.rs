//! getnode against the real hc, and against nobody.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use failover_tests::faild::free_port;
use failover_tests::hc::{FAST, Hc};
use failover_tests::lines::Lines;
use failover_tests::program::{self, Outcome, Running};
use failover_tests::{prometheus, wait};
use serde_json::{Value, json};

/// Up, down, below what is down, a group, and a plugin with figures.
const TARGETS: &str = "load exec nagios\n\
     up:\n exec true\n\
     down:\n exec test -e FOLDER/well\n\
     below: down\n exec true\n\
     group: up below\n need 1\n\
     warns:\n nagios /bin/sh FOLDER/plugin\n";

const PLUGIN: &str = "echo 'OK: fine | load1=1.5;2;3;0 load5=0.25'\n";

fn hc() -> Hc {
    let folder = failover_tests::folder::Folder::new();
    folder.write("plugin", PLUGIN);
    let hc = Hc::within(folder, &format!("{FAST}{TARGETS}"), &[]);
    for (name, state) in [
        ("up", "up"),
        ("down", "down"),
        ("below", "dependency"),
        ("group", "up"),
        ("warns", "up"),
    ] {
        hc.wait_for(name, |view| view.state == state);
    }
    hc
}

fn getnode(words: &[&str]) -> Outcome {
    let mut command = program::command("getnode");
    command.args(words);
    program::run(command)
}

/// An address of loopback where nobody listens.
fn nobody() -> String {
    format!("127.0.0.1:{}", free_port("127.0.0.1"))
}

#[test]
fn a_table_a_tree_a_history_and_json_say_what_is_so() {
    let hc = hc();
    let at = hc.monitor.to_string();
    let table = getnode(&[&at]).done();
    let names: Vec<&str> = table.lines().filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(
        names,
        ["TARGET", "down", "below", "group", "up", "warns"],
        "{table}"
    );
    assert!(table.contains("waits for down"), "{table}");
    let some = getnode(&[&at, "w%", "up"]).done();
    assert_eq!(some.lines().count(), 3, "{some}");

    let tree = getnode(&["--tree", &at]).done();
    let names: Vec<&str> = tree.lines().map(|line| &line[..11]).collect();
    let is = [
        "down       ",
        "  below    ",
        "    group  ",
        "up         ",
        "  group    ",
        "warns      ",
    ];
    assert_eq!(names, is, "{tree}");
    assert!(
        tree.contains("(group, 1 of 2)") && tree.contains("(see above)"),
        "{tree}"
    );

    let history = getnode(&["--history", &at, "down"]).done();
    let last = history.lines().last().unwrap();
    assert!(
        last.starts_with("down") && last.contains("  pending  down  ended with 1"),
        "{history}"
    );

    let all: Value = serde_json::from_str(&getnode(&["-j", &at]).done()).unwrap();
    let told = &all["hosts"][0];
    assert_eq!(told["host"], json!(at));
    assert_eq!(told["hello"]["program"], "hc");
    assert_eq!(told["targets"][0]["name"], "down");
    assert_eq!(told["targets"].as_array().unwrap().len(), 5);
    assert_eq!(told["health"]["targets"], 5);
}

#[test]
fn as_a_plugin_it_is_what_nagios_expects() {
    let hc = hc();
    let at = hc.monitor.to_string();
    for (words, code, begins) in [
        (&["up"][..], 0, "OK: 1 target: 1 up"),
        (&["warns"], 0, "OK: 1 target: 1 up | 'warns/nagios/time'=0."),
        (
            &["down"],
            2,
            "CRITICAL: 1 target: 1 down; down is down (ended with 1",
        ),
        (
            &["below"],
            3,
            "UNKNOWN: 1 target: 1 dependency; below waits for down | ",
        ),
        (&["b%", "up"], 3, "UNKNOWN: 2 targets: "),
        (
            &[],
            2,
            "CRITICAL: 5 targets: 3 up, 1 dependency, 1 down; down is down (",
        ),
        (
            &["nix"],
            3,
            "UNKNOWN: no targets; no target \"nix\" at 127.0.0.1:",
        ),
    ] {
        let said = getnode(&[&["-n", at.as_str()], words].concat());
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.out.starts_with(begins), "{said:?}");
        assert_eq!(
            (said.out.lines().count(), said.err.as_str()),
            (1, ""),
            "{said:?}"
        );
    }
    let figures = getnode(&["-n", &at, "warns"]).done();
    assert!(
        figures.contains(" 'warns/nagios/load1'=1.5;2;3;0 'warns/nagios/load5'=0.25"),
        "{figures}"
    );
    let said = getnode(&["-n", &nobody(), "www"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.out.contains("no hc answers at"), "{said:?}");
    // Also what can not even be read.
    for (words, begins) in [
        (
            &["-n", "-p", "99999"][..],
            "UNKNOWN: invalid value '99999' for '--port <PORT>': ",
        ),
        (
            &["-n", ""],
            "UNKNOWN: invalid value '' for '[HOST[:PORT]]': no host in \"\"; ",
        ),
        (
            &["-n", "127.0.0.1:0"],
            "UNKNOWN: invalid value '127.0.0.1:0' for ",
        ),
        (
            &["--frob", "-n"],
            "UNKNOWN: unexpected argument '--frob' found; ",
        ),
        (
            &["-wn"],
            "UNKNOWN: the argument '--watch' cannot be used with ",
        ),
        (
            &["-n", &at, ""],
            "UNKNOWN: no targets; no target \"\" at 127.0.0.1:",
        ),
    ] {
        let said = getnode(words);
        assert_eq!((said.code, said.err.as_str()), (Some(3), ""), "{said:?}");
        let line = said.out.starts_with(begins) && said.out.lines().count() == 1;
        assert!(line, "{said:?}");
    }
    // An action that fails is one trouble more.
    hc.reload(&format!(
        "{FAST}{TARGETS}\n on flapping,up,down exec false\n"
    ));
    hc.folder.write("plugin", "exit 2");
    hc.wait_for("warns", |view| view.state == "down");
    hc.folder.write("plugin", PLUGIN);
    hc.wait_for("warns", |view| {
        let acted = view
            .actions
            .iter()
            .any(|action| action.failed.is_some() && !action.runs);
        view.state == "up" && acted
    });
    let failed = "on flapping,up,down exec false failed: ended with 1";
    let said = getnode(&["-n", &at, "warns"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let begins = format!("WARNING: 1 target: 1 up; warns: {failed}");
    assert!(said.out.starts_with(&begins), "{said:?}");
    let table = getnode(&[&at, "warns"]).done();
    assert!(table.contains(failed), "{table}");
    // A plugin that only looks at what warns.
    hc.folder
        .write("plugin", "echo 'WARNING: full | load1=2.5;2;3;0'; exit 1\n");
    hc.wait_for("warns", |view| view.warning);
    let said = getnode(&["-n", &at, "warns"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("; warns is up warning ("), "{said:?}");
}

#[test]
fn a_host_that_waits_is_well() {
    let text = format!(
        "{FAST}load exec\nhere:\n quiet yes\n exec test -e FOLDER/here\nweb: here\n exec false\nup:\n exec true\n"
    );
    let hc = Hc::start(&text, &[]);
    hc.wait_for("here", |view| view.state == "down" && view.quiet);
    hc.wait_for("web", |view| view.state == "dependency" && view.quiet);
    hc.wait_for("up", |view| view.state == "up" && !view.quiet);
    let at = hc.monitor.to_string();
    let said = getnode(&["-n", &at]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let begins = "OK: 3 targets: 2 quiet, 1 up | ";
    assert!(said.out.starts_with(begins), "{said:?}");
    let table = getnode(&[&at]).done();
    assert!(
        table.contains("down quiet") && table.contains("dependency quiet"),
        "{table}"
    );
    // It serves now, and what is asked there counts.
    hc.folder.write("here", "");
    hc.wait_for("web", |view| view.state == "down" && !view.quiet);
    assert_eq!(getnode(&["-n", &at]).code, Some(2));
}

#[test]
fn prometheus_takes_its_figures() {
    let hc = hc();
    let at = hc.monitor.to_string();
    let nobody = nobody();
    let said = getnode(&["--metrics", &format!("{at},{nobody}")]);
    assert_eq!(said.code, Some(69), "{said:?}");
    assert!(
        said.err.starts_with("getnode: no hc answers at "),
        "{said:?}"
    );
    prometheus::takes(&said.out);
    for line in [
        format!("failover_hc_up{{hc=\"{nobody}\"}} 0"),
        format!("failover_hc_up{{hc=\"{at}\"}} 1"),
        format!("failover_hc_target_state{{hc=\"{at}\",target=\"below\",state=\"dependency\"}} 1"),
        format!("failover_hc_check_good{{hc=\"{at}\",target=\"down\",check=\"exec\"}} 0"),
        format!(
            "failover_hc_check_figure{{hc=\"{at}\",target=\"warns\",check=\"nagios\",\
             figure=\"load1\",unit=\"\"}} 1.5"
        ),
    ] {
        assert!(
            said.out.lines().any(|is| is == line),
            "no {line} in {}",
            said.out
        );
    }
    let some = getnode(&["--metrics", &at, "warns"]).done();
    assert!(!some.contains("target=\"up\""), "{some}");
    getnode(&["--metrics", "-w", &at]).failed(64);
}

#[test]
fn one_host_that_is_silent_is_said_and_the_others_are_shown() {
    let hc = hc();
    // It is connected to, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_at = silent.local_addr().unwrap().to_string();
    let hosts = format!("{silent_at},{}", hc.monitor);
    let begin = Instant::now();
    let said = getnode(&["-t", "300ms", &hosts]);
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!((said.code, said.err.as_str()), (Some(69), ""), "{said:?}");
    assert!(said.out.starts_with(&format!(
        "{silent_at}: {silent_at} says nothing within 300ms\n"
    )));
    assert!(
        said.out
            .contains(&format!("{}  down    down  ", hc.monitor)),
        "{}",
        said.out
    );
    let said = getnode(&["-n", "-t", "300ms", &hosts, "up"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.out.contains("1 up; ") && said.out.contains("says nothing"),
        "{said:?}"
    );
    // What nobody knows is said, and the rest is shown.
    let said = getnode(&[&hc.monitor.to_string(), "up", "nix"]);
    assert_eq!(said.code, Some(64), "{said:?}");
    assert_eq!(
        said.err,
        format!("getnode: no target \"nix\" at {}\n", hc.monitor)
    );
    assert_eq!(said.out.lines().count(), 2, "{said:?}");
    let said = getnode(&["no such.host.invalid"]);
    assert_eq!(said.code, Some(64), "{said:?}");
    let said = getnode(&["no-such-target"]);
    assert_eq!(said.code, Some(68), "{said:?}");
    let hint = "; if that is a target, a host comes before it: getnode 127.0.0.1 no-such-target\n";
    assert!(
        said.out.ends_with(hint) && !said.out.contains("failed to lookup"),
        "{said:?}"
    );
}

#[test]
fn each_change_is_a_line_as_it_comes() {
    let hc = hc();
    let mut command = program::command("getnode");
    command.args(["-w", &hc.monitor.to_string(), "down", "below"]);
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let out = Lines::of(running.0.stdout.take().unwrap());
    out.wait_for("connected, 2 targets: 1 dependency, 1 down");
    hc.folder.write("well", "");
    out.wait_for("down  down  ->  up");
    // By way of `pending`, if that was shown in between.
    let is_up = |lines: &Vec<String>| {
        let mut lines = lines.iter();
        lines.any(|line| line.contains("  below  ") && line.contains("  ->  up"))
    };
    wait::until("below to be up", || out.all(), is_up);
    hc.reload(&format!("{FAST}load exec\nup:\n exec true\n"));
    out.wait_for("below  up  ->  gone");
    drop(hc);
    out.wait_for("has hung up");
}
