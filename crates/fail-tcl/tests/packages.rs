//! The ready-made packages as the policy sees them: their normal form, and where mistakes are
//! blamed. What they do the tests of the whole show, in failsh.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fake::{Engine, load_text};

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
