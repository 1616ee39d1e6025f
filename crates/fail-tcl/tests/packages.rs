//! The tests of the ready-made packages, `tests/tcl/*.test`, as a script of a service: there
//! everything that waits gives way. The tests of the whole run them in `failsh`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::path::{Path, PathBuf};

use fail_wire::State;
use fake::{Dir, Engine, load_text};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tcl")
}

/// Runs one file in a job; what tcltest has to say goes into a file.
fn passes(name: &str) {
    let dir = Dir::new();
    let said = dir.0.join("said");
    let policy = format!(
        "package require tcltest
        ::tcltest::configure -outfile {{{0}}} -errfile {{{0}}} -tmpdir {{{1}}}
        failsvc web stop {{return RECOVER}} start {{
            source {{{2}}}
            close [::tcltest::outputChannel]
            return UP
        }}",
        said.display(),
        dir.0.display(),
        folder().join(name).display(),
    );
    let outcome = Engine::new(&policy).outcome();
    let text = std::fs::read_to_string(&said).unwrap_or_default();
    if let Err(error) = &outcome {
        panic!("{name}: {}\n{text}", error.detail);
    }
    assert_eq!(outcome, Ok(State::Up));
    // exec.test:	Total	28	Passed	28	Skipped	0	Failed	0
    let sum = text.lines().rev().find(|line| line.contains("\tTotal\t"));
    let sum = sum.unwrap_or_else(|| panic!("{name} ran no test:\n{text}"));
    let count = |word: &str| -> u32 {
        let rest = sum.split_once(word).unwrap().1;
        rest.split('\t').nth(1).unwrap().parse().unwrap()
    };
    assert!(count("Passed") > 0 && count("Failed") == 0, "{text}");
}

#[test]
fn all() {
    passes("all.test");
}

#[test]
fn exec() {
    passes("exec.test");
}

#[test]
fn ip() {
    passes("ip.test");
}

#[test]
fn lsb() {
    passes("lsb.test");
}

#[test]
fn notify() {
    passes("notify.test");
}

#[test]
fn systemd() {
    passes("systemd.test");
}

#[test]
fn ocf() {
    passes("ocf.test");
}

#[test]
fn every_file_of_tests_is_run_here() {
    let known = [
        "all.test",
        "exec.test",
        "ip.test",
        "lsb.test",
        "notify.test",
        "ocf.test",
        "systemd.test",
    ];
    for entry in folder().read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let run = known.contains(&name.as_str()) || !name.ends_with(".test");
        assert!(run, "{name} is not run");
    }
}

#[test]
fn the_normal_form_names_the_packages_and_reads_the_same() {
    let policy = "package require failover::exec
        package require failover::all
        exec::service one -start {echo $x} -stop {echo {a b}} slaves hostb
        all::service two {exec::part p -start {sh -c {echo [}} -stop true} masters hostb";
    let first = load_text(policy).unwrap();
    let text = fail_tcl::normal_form(&first);
    assert!(
        text.starts_with("package require failover::all\npackage require failover::exec\n"),
        "{text}"
    );
    let second = load_text(&text).unwrap();
    assert_eq!(second.policy, first.policy);
    assert_eq!(fail_tcl::normal_form(&second), text);
}

#[test]
fn a_wrong_word_names_the_line_of_the_policy_and_nothing_else() {
    let policy = "package require failover::exec\n\nexec::service web -begin true";
    let problem = fake::problem(policy);
    assert!(
        problem.starts_with(r#"policy.tcl:3: exec::service web: bad option "-begin": must be"#),
        "{problem}"
    );
    let inside = "package require failover::all\npackage require failover::exec\n\
        all::service web {\n    exec::part disk -start true\n}";
    assert_eq!(
        fake::problem(inside),
        "policy.tcl:4: exec::part disk: -stop is missing"
    );
    let setting =
        "package require failover::exec\n\nexec::service web -start true -stop true intervall 1";
    let problem = fake::problem(setting);
    assert!(
        problem.starts_with(r#"policy.tcl:3: failsvc web: bad option "intervall""#),
        "{problem}"
    );
}

#[test]
fn an_error_inside_a_package_names_its_procedure() {
    let mut engine = Engine::new(
        "package require failover::exec\n\
         exec::service web -start /nonexistent/x -stop true",
    );
    let error = engine.outcome().unwrap_err();
    assert!(error.sentence.starts_with("start: "), "{}", error.sentence);
    assert!(error.detail.contains("::exec::Run"), "{}", error.detail);
}
