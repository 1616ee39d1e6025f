//! Hcfiles: whatever text comes in is targets or errors with their places, and what is printed
//! is read to the same.
//!
//! What is asserted beyond that nothing panics:
//!
//! * of errors there are 20 at most and a number; each names a line and a column that are there,
//!   or the file if there is nothing in it; they stand in the order of the files, and nothing in them could do something to a terminal;
//! * what is an Hcfile prints, and what is printed is read to an equal one without a warning about
//!   anything but what it comes to, and prints to the same bytes; so does each check by itself;
//! * checks, actions and windows are there for each number that the watch will ask for;
//! * an Hcfile that was made from choices has exactly the targets, dependencies, settings and
//!   lines that were chosen ([`drawn`]).

mod drawn;

use std::collections::BTreeMap;

use fail_client::is_odd;
use fail_conf::hcfile::window::Window;
use fail_conf::hcfile::{Errors, Fault, Hcfile, parse, parse_action, parse_check, print};

use crate::Choices;

/// Words that meet each other in lines that are made of choices.
const WORDS: [&str; 64] = [
    "load",
    "include",
    "tcp",
    "http",
    "icmp",
    "exec",
    "tcl",
    "nagios",
    "dns",
    "faild",
    "on",
    "down",
    "up,change,warning,clear",
    "flapping,renotify",
    "mail",
    "syslog",
    "failc",
    "webhook",
    "interval",
    "retry",
    "timeout",
    "rise",
    "backoff",
    "flap",
    "renotify",
    "need",
    "maintenance",
    "none",
    "5s",
    "2",
    "10s",
    "1.5",
    "a:",
    "b:",
    "a",
    "b",
    "web-%:",
    "%:",
    "web-1:",
    "x-%",
    ":",
    "=",
    "+=",
    "?=",
    "$(a)",
    "$@",
    "$*",
    "$$",
    "${b}",
    "\"",
    "'",
    "\\\n",
    "#",
    "localhost:80",
    "[::1]:80",
    "http://x/",
    "match=\"a b\"",
    "a@b.c",
    "every=1m",
    "Sat",
    "22:00-02:00",
    "utc",
    "*.inc",
    "a.inc",
];

/// Files by their names.
type Files = BTreeMap<String, Vec<u8>>;

/// Any bytes, lines of words, several files of them, a single check, or an Hcfile that is one.
pub fn hcfile(data: &[u8]) {
    let mut from = Choices::new(data);
    let mut files = Files::new();
    match from.byte() % 5 {
        0 => drop(files.insert("Hcfile".to_string(), from.rest().to_vec())),
        1 => drop(files.insert("Hcfile".to_string(), lines(&mut from, usize::MAX).into())),
        2 => {
            for name in ["Hcfile", "a.inc", "d/b.inc"] {
                files.insert(name.to_string(), lines(&mut from, 200).into());
            }
        }
        3 => return single(&String::from_utf8_lossy(from.rest())),
        _ => return drawn::drawn(&mut from),
    }
    match parse("Hcfile", &files) {
        Ok((hcfile, warnings)) => {
            warnings.iter().for_each(|warning| placed(warning, &files));
            holds(&hcfile);
        }
        Err(errors) => told(&errors, &files),
    }
}

fn lines(from: &mut Choices, most: usize) -> String {
    let mut text = String::new();
    for _ in 0..most {
        if from.is_over() {
            break;
        }
        match from.below(WORDS.len() + 2) {
            at if at < WORDS.len() => text.push_str(WORDS[at]),
            _ => text.push_str(&from.text(20)),
        }
        text.push_str(from.pick(&[" ", "\n", "\n\t", "\t", ""]));
    }
    text
}

/// Nothing in it could do something to a terminal or a log.
fn plain(text: &str) {
    assert!(!text.chars().any(is_odd), "{text:?}");
    assert!(text.len() < 4096, "{} bytes", text.len());
}

/// It says where something is, and there something is.
fn placed(fault: &Fault, files: &Files) {
    plain(&fault.to_string());
    assert!(!fault.problem.is_empty());
    let bytes = files.get(&*fault.place.file);
    assert!(bytes.is_some(), "there is no file {}", fault.place.file);
    let bytes = bytes.cloned().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.split('\n').collect();
    let line = fault.place.line as usize;
    if line == 0 {
        return assert_eq!(fault.problem, "there is no target in it");
    }
    assert!(
        (1..=lines.len()).contains(&line),
        "{fault} of {}",
        lines.len()
    );
    let letters = lines[line - 1].chars().count();
    let column = fault.place.column as usize;
    assert!(
        (1..=letters.max(1)).contains(&column),
        "{fault} of {letters} in {line}"
    );
}

fn told(errors: &Errors, files: &Files) {
    let shown = &errors.faults;
    assert!((1..=20).contains(&shown.len()), "{} errors", shown.len());
    assert!(errors.more == 0 || shown.len() == 20);
    assert!(errors.to_string().lines().count() <= 21);
    assert!(!errors.public().chars().any(is_odd));
    shown.iter().for_each(|fault| placed(fault, files));
    for pair in shown.windows(2) {
        let (one, two) = (&pair[0].place, &pair[1].place);
        let ordered = one.file != two.file || (one.line, one.column) < (two.line, two.column);
        assert!(ordered, "{one} before {two}");
    }
}

/// What is an Hcfile is whole, and is the same when it was printed.
fn holds(hcfile: &Hcfile) {
    assert_eq!(hcfile.targets.len(), hcfile.bodies.len());
    assert_eq!(hcfile.targets.len(), hcfile.places.len());
    for target in hcfile.targets.iter() {
        let body = &hcfile.bodies[&target.name];
        assert_eq!(target.checks, body.checks.len());
        assert_eq!(target.lines.len(), body.actions.len());
        assert_eq!(target.lines.len(), body.shown.len());
        assert_eq!(target.lines.len(), body.public.len());
        assert!(target.checks > 0 || !target.depends.is_empty());
        assert!(target.pace.retry <= target.pace.interval);
        assert!(
            target
                .need
                .is_none_or(|need| (1..=target.depends.len()).contains(&need))
        );
        for text in &target.windows {
            assert_eq!(Window::parse(text).as_ref(), Ok(&hcfile.windows[text]));
        }
        for line in &body.checks {
            assert_eq!(parse_check(&line.shown).as_ref(), Ok(line));
            assert!(!line.shown.chars().any(is_odd), "{:?}", line.shown);
        }
        for (line, action) in body.shown.iter().zip(&body.actions) {
            assert_eq!(parse_action(line).as_ref(), Ok(action));
            assert!(!line.chars().any(is_odd), "{line:?}");
        }
    }
    let printed = print(hcfile);
    let files = Files::from([("printed".to_string(), printed.clone().into())]);
    let read = parse("printed", &files);
    let said = read.as_ref().map(|_| ());
    assert!(read.is_ok(), "{said:?}\n{printed}");
    let (again, warnings) = read.unwrap_or_default();
    assert!(
        again == *hcfile,
        "{hcfile:?} is\n{printed}which is {again:?}"
    );
    assert_eq!(print(&again), printed);
    // These are so however it is written.
    let kinds = [
        "never happens",
        "never good: ",
        "has no meaning: the timeout is",
        "may send every host away",
    ];
    let known = |warning: &Fault| kinds.iter().any(|kind| warning.problem.contains(kind));
    assert!(warnings.iter().all(known), "{warnings:?}\n{printed}");
}

fn single(text: &str) {
    match parse_check(text) {
        Err(fault) => plain(&fault.to_string()),
        Ok(line) => {
            assert_eq!(parse_check(&line.shown).as_ref(), Ok(&line), "{text:?}");
            assert!(!line.shown.chars().any(is_odd));
        }
    }
}
