//! What a power failure would find: the order of the system calls of each save, seen by strace.
//! The new content is written and synced beside the old file before it takes its name, the
//! directory is synced after that, and only then is anybody told.

use std::fs;
use std::process::Command;

use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::{program, wait};

/// A system call that is done.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    /// With its arguments and its result.
    text: String,
    /// The lines of the trace at which it begins and ends.
    begin: usize,
    end: usize,
}

/// The calls in a trace, in the order in which they began. Those of two threads overlap.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        if text.starts_with("<... ") {
            let at = open.iter().position(|(of, _)| of == thread);
            let (_, call) = open.swap_remove(at.expect("it has begun"));
            calls[call].text.push_str(text);
            calls[call].end = line;
        } else if let Some((name, _)) = text.split_once('(') {
            if text.ends_with("<unfinished ...>") {
                open.push((thread.to_string(), calls.len()));
            }
            calls.push(Call {
                name: name.to_string(),
                text: text.to_string(),
                begin: line,
                end: line,
            });
        }
    }
    calls
}

/// What a call has to do with the state file or with a client.
fn step(call: &Call, folder: &str, state: &str) -> Option<String> {
    let new = format!("{state}.new-");
    let on = |what: &str| call.text.contains(what);
    let what = match call.name.as_str() {
        "openat" if on(&new) && on("O_CREAT") && on("O_EXCL") => "create new",
        "write" if on(&new) => "write new",
        "fsync" if on(&new) => "sync new",
        name if name.starts_with("rename") && on(&new) => "rename",
        "fsync" if on(&format!("<{folder}>")) => "sync directory",
        "sendmsg" if on("sin_port") || on("UDP") => "answer",
        _ if on(state) && !on(".lock") && call.name != "openat" => "something else",
        _ => return None,
    };
    Some(what.to_string())
}

#[test]
fn each_change_is_written_synced_renamed_and_synced_before_it_is_acknowledged() {
    if !program::can_trace() {
        return;
    }
    let folder = Folder::new();
    let home = folder.file("home");
    fs::create_dir(&home).unwrap();
    let (state, trace) = (format!("{home}/state"), folder.file("trace"));
    let mut command = Command::new("strace");
    let traced = "trace=openat,open,creat,write,pwrite64,writev,fsync,fdatasync,sync_file_range,\
                  ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,sendmsg,sendto";
    command.args(["-D", "-f", "-yy", "-s", "8", "-o", &trace, "-e", traced]);
    command.arg(program::path("faild"));
    let mut faild = Faild::with(command, &["-s", &state]);
    const CHANGES: usize = 5;
    let mut client = faild.client("public");
    for n in 0..CHANGES {
        let name = fail_wire::Name::new(&format!("service{n}")).unwrap();
        let wanted = |_: &fail_wire::Record| fail_client::Wanted {
            state: Some(fail_wire::State::Up),
            set: fail_wire::Marks(0),
            clear: fail_wire::Marks(0),
            reason: fail_wire::Reason::new("a test"),
        };
        client.change(&name, wanted).unwrap();
    }
    assert_eq!(faild.end(), Some(0));
    // strace writes its last lines after the end of what it traces.
    let read = || fs::read_to_string(&trace).unwrap();
    let ended = |trace: &String| trace.contains("+++ exited with 0 +++");
    let trace = wait::until("the end of the trace", read, ended);

    let calls = calls(&trace);
    let steps = calls
        .iter()
        .filter_map(|call| Some((step(call, &home, &state)?, call)));
    let steps: Vec<(String, &Call)> = steps.collect();
    let save = [
        "create new",
        "write new",
        "sync new",
        "rename",
        "sync directory",
    ];
    // Once at the start; then for each change an answer to the question what there is.
    let change = [&["answer"][..], &save, &["answer"]].concat();
    let expected = [&save[..], &vec![change; CHANGES].concat()].concat();
    let seen: Vec<&str> = steps.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(seen, expected, "{trace}");
    for pair in steps.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        assert!(before.end < after.begin, "{before:?} overlaps {after:?}");
        assert!(!before.text.contains(" = -1 "), "{before:?}");
    }
}
