//! What plugins print is read and said again, whatever it is; the plugins of Debian among them.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};
use std::process::Command;

use fail_core::exec::{End, ExecFailed, ExecResult, Finished};
use fail_core::limits::{FIGURE_BYTES_MAX, FIGURES_MAX, FINDING_BYTES_MAX};
use fail_core::time::Span;
use fail_core::watch::{Figure, Finding, Verdict};
use fail_probe::plugin::{exec, nagios, print};
use fail_probe::{bad, good};

fn done(stdout: &[u8], end: End) -> Finished {
    Finished {
        stdout: stdout.to_vec(),
        stderr: Vec::new(),
        ends: vec![(1, end)],
        cut: false,
        timed_out: false,
        took: Span::from_millis(12),
    }
}

fn said(text: &str, code: i32) -> ExecResult {
    Ok(done(text.as_bytes(), End::Exit(code)))
}

fn figures(text: &str) -> Vec<Figure> {
    nagios(&said(&format!("OK | {text}"), 0)).figures
}

/// Name, value and unit of each.
fn short(figures: &[Figure]) -> Vec<(&str, f64, &str)> {
    let each = figures.iter();
    each.map(|f| (&*f.name, f.value, &*f.unit)).collect()
}

#[test]
fn the_code_is_the_verdict() {
    let cases = [
        (0, Verdict::Good),
        (1, Verdict::Warning),
        (2, Verdict::Bad),
        (3, Verdict::Unknown),
    ];
    for (code, verdict) in cases {
        let found = nagios(&said("DISK - free\nmore\n", code));
        assert_eq!((found.verdict, &*found.why), (verdict, "DISK - free"));
        assert_eq!(found.took, Span::from_millis(12));
    }
    let odd = nagios(&said("sh: no such thing\n", 127));
    assert_eq!(odd.verdict, Verdict::Unknown);
    assert_eq!(odd.why, "ended with 127: sh: no such thing");
    let killed = nagios(&Ok(done(b"", End::Signal(11))));
    assert_eq!(killed.verdict, Verdict::Unknown);
    assert!(killed.why.starts_with("ended by signal 11"), "{killed:?}");
    assert_eq!(nagios(&said(" \n", 2)).why, "says nothing and ended with 2");
}

#[test]
fn what_hangs_or_can_not_be_started_says_so() {
    let mut hung = done(b"still at it\n", End::Signal(15));
    hung.timed_out = true;
    for read in [nagios, exec] {
        let found = read(&Ok(hung.clone()));
        assert_eq!(found.verdict, Verdict::Bad);
        assert_eq!(found.why, "did not end in time: still at it");
        let sentence = "couldn't execute \"x\": no such file or directory".to_string();
        let errno = "ENOENT".to_string();
        let missing = read(&Err(ExecFailed { sentence, errno }));
        assert_eq!(missing.verdict, Verdict::Unknown);
        assert!(missing.why.ends_with("no such file or directory"));
    }
}

#[test]
fn a_program_is_good_when_it_ends_with_zero() {
    assert_eq!(exec(&said("fine\nmore", 0)), {
        let mut fine = good("fine");
        fine.took = Span::from_millis(12);
        fine
    });
    assert_eq!(exec(&said("disk full\n", 3)).why, "disk full");
    let silent = exec(&said("", 3));
    assert_eq!(
        (silent.verdict, &*silent.why),
        (Verdict::Bad, "ended with 3")
    );
    let mut errors = done(b"", End::Exit(1));
    errors.stderr = b"\nno disk\n".to_vec();
    assert_eq!(exec(&Ok(errors)).why, "no disk");
    let killed = exec(&Ok(done(b"", End::Signal(9))));
    assert_eq!(killed.why, "ended by signal 9");
}

#[test]
fn figures_have_labels_units_and_ranges() {
    let found = figures("time=0.012s;;;0 'a b'=1;2;@3:4;0;5 'it''s'=-1.5% n=3c rta=1e-05ms x=1us");
    let expected = [
        ("time", 0.012, "s"),
        ("a b", 1.0, ""),
        ("it's", -1.5, "%"),
        ("n", 3.0, "c"),
        ("rta", 1e-5, "ms"),
        ("x", 1.0, "us"),
    ];
    assert_eq!(short(&found), expected);
    assert_eq!((found[0].min, found[0].max), (Some(0.0), None));
    let (warn, bad) = (found[1].warn.as_str(), found[1].bad.as_str());
    assert_eq!((warn, bad), ("2", "@3:4"));
    assert_eq!((found[1].min, found[1].max), (Some(0.0), Some(5.0)));
    // `/=` of check_disk, in MB.
    let disk = figures("/=7MB;8;9;0;10MB /boot=1KB;;;;");
    assert_eq!(short(&disk), [("/", 7.0, "MB"), ("/boot", 1.0, "KB")]);
    assert_eq!(disk[0].max, Some(10.0));
}

#[test]
fn figures_of_further_lines_are_read() {
    let found = nagios(&said("OK | a=1 b=2\nlong text\nmore | c=3\nd=4\n e=5 ", 0));
    let names: Vec<_> = found.figures.iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert_eq!(found.why, "OK");
}

#[test]
fn broken_figures_are_left_out_and_the_rest_is_read() {
    let broken = [
        "a", "=1", "a=", "a=U", "a=x", "a=1..2", "a=--1", "a=1,5s", "a=nan", "a=inf", "a=1e999",
        "'a b=1", "''=1", "a=1;", "a=1<b>", "'a' =1", "a=.",
    ];
    for text in broken {
        let all = figures(&format!("{text} good=1"));
        let names: Vec<_> = all.iter().map(|f| &*f.name).collect();
        match text {
            "'a b=1" => assert_eq!(names, Vec::<&str>::new(), "{text}"),
            "a=1;" => assert_eq!(names, ["a", "good"], "{text}"),
            _ => assert_eq!(names, ["good"], "{text}"),
        }
    }
    let odd = figures("a=1;<b>;$(x);zero;1");
    assert_eq!((&*odd[0].warn, &*odd[0].bad), ("", ""));
    assert_eq!((odd[0].min, odd[0].max), (None, Some(1.0)));
    let many: String = (0..10_000).map(|n| format!("f{n}=1 ")).collect();
    assert_eq!(figures(&many).len(), FIGURES_MAX);
}

#[test]
fn output_that_was_cut_gives_no_half_figure() {
    let mut cut = done(b"OK | a=1 b=23", End::Exit(0));
    cut.cut = true;
    assert_eq!(short(&nagios(&Ok(cut)).figures), [("a", 1.0, "")]);
    let mut cut = done(b"|a=2", End::Exit(0));
    cut.cut = true;
    assert_eq!(short(&nagios(&Ok(cut)).figures), []);
}

#[test]
fn a_label_is_as_it_is_shown_short_and_not_empty() {
    let odd = figures(&format!("'{}'=1 '\t'=2 '   '=3", "\u{1}".repeat(100)));
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(odd[0].name.starts_with("\\u{1}") && odd[0].name.len() <= FIGURE_BYTES_MAX);
}

#[test]
fn binary_output_does_no_harm() {
    let all: Vec<u8> = (0..=255)
        .cycle()
        .take(100_000)
        .filter(|b| *b != b'\n')
        .collect();
    for end in [End::Exit(0), End::Exit(2), End::Signal(9)] {
        for read in [nagios, exec] {
            let found = read(&Ok(done(&all, end)));
            assert!(found.why.len() <= FINDING_BYTES_MAX, "{}", found.why.len());
            assert!(!found.why.chars().any(fail_client::is_odd), "{}", found.why);
            let names = found.figures.iter().map(|f| &f.name);
            assert!(
                !names
                    .into_iter()
                    .any(|n| n.chars().any(fail_client::is_odd))
            );
        }
    }
    let bidi = nagios(&said("a\u{202e}b\x1b[2J", 0)).why;
    assert_eq!(bidi, "a\\u{202e}b\\u{1b}[2J");
}

#[test]
fn what_is_said_is_a_line_of_a_plugin() {
    let mut found = good("status 200");
    found.took = Span::from_micros(12_000);
    found.figures = figures("days=12");
    assert_eq!(print(&found), "HC OK: status 200 | time=0.012s days=12");
    let mut found = bad("no | answer\nat all");
    found.took = Span::ZERO;
    assert_eq!(print(&found), "HC CRITICAL: no / answer at all | time=0s");
}

#[test]
fn what_is_said_reads_back() {
    let text =
        "time=0.5s;1;@2:3;0;9 'a b'=1.25% 'it''s'=3KB;;;;4 /=-7MB big=123456789012345680000c";
    let mut found = good("fine");
    found.figures = figures(text);
    assert_eq!(found.figures.len(), 5);
    let again = nagios(&said(&print(&found), 0));
    assert_eq!(again.figures, found.figures);
    assert_eq!(again.why, "HC OK: fine");
}

/// Debian's, where they are installed or unpacked.
fn plugins() -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/debian/monitoring-plugins-basic/usr/lib/nagios/plugins");
    let places = [PathBuf::from("/usr/lib/nagios/plugins"), ours];
    let found = places
        .into_iter()
        .find(|dir| dir.join("check_disk").exists());
    if found.is_none() {
        use std::io::Write;
        let _ = std::io::stderr().write_all(b"skipped: no plugins of monitoring-plugins-basic\n");
    }
    found
}

fn run(dir: &Path, words: &[&str]) -> Finding {
    let done = Command::new(dir.join(words[0]))
        .args(&words[1..])
        .output()
        .unwrap();
    let end = done.status.code().map_or(End::Signal(0), End::Exit);
    nagios(&Ok(Finished {
        stdout: done.stdout,
        stderr: done.stderr,
        ends: vec![(1, end)],
        cut: false,
        timed_out: false,
        took: Span::ZERO,
    }))
}

#[test]
fn the_plugins_of_debian_are_understood() {
    let Some(dir) = plugins() else {
        return;
    };
    let disk = run(&dir, &["check_disk", "-w", "0%", "-c", "0%", "-p", "/"]);
    assert_eq!(disk.verdict, Verdict::Good, "{disk:?}");
    let root = disk.figures.iter().find(|f| f.name == "/").unwrap();
    assert!(root.max.is_some_and(|max| max > 0.0), "{root:?}");
    assert!(root.unit.ends_with('B'), "{root:?}");
    let full = run(&dir, &["check_disk", "-w", "100%", "-c", "100%", "-p", "/"]);
    assert_eq!(full.verdict, Verdict::Bad, "{full:?}");

    let procs = run(&dir, &["check_procs", "-w", "1:100000"]);
    assert_eq!(short(&procs.figures)[0].0, "procs", "{procs:?}");
    assert!(procs.why.starts_with("PROCS OK"), "{procs:?}");
    assert_eq!(procs.figures[0].warn, "1:100000");

    let load = run(
        &dir,
        &["check_load", "-w", "9000,9000,9000", "-c", "9999,9999,9999"],
    );
    assert_eq!(
        (load.verdict, load.figures.len()),
        (Verdict::Good, 3),
        "{load:?}"
    );

    // Nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let http = run(&dir, &["check_http", "-I", "127.0.0.1", "-p", &port]);
    assert_eq!(http.verdict, Verdict::Bad, "{http:?}");
    let dummy = run(&dir, &["check_dummy", "3", "who knows"]);
    assert_eq!(dummy.verdict, Verdict::Unknown);
    assert_eq!(dummy.why, "UNKNOWN: who knows");
}
