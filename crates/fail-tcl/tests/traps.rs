//! `failtrap`: what is added, taken away, listed, and what is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_core::event::EventKind;
use fail_core::limits::TRAPS_MAX;
use fail_core::policy::{On, Trap};
use fake::{load_text, problem};

fn traps(text: &str) -> Vec<Trap> {
    load_text(text)
        .unwrap_or_else(|e| panic!("{e}"))
        .policy
        .traps
}

fn trap(pattern: &str, on: On, script: &str) -> Trap {
    Trap {
        pattern: pattern.to_string(),
        on,
        script: script.to_string(),
    }
}

#[test]
fn traps_are_kept_in_the_order_in_which_they_were_said() {
    let up = On::Event(EventKind::Up);
    assert_eq!(
        traps("failtrap web* up {a}\nfailtrap * change {b}\nfailtrap web* up {c}\nfailtrap * * d"),
        [
            trap("web*", up, "a"),
            trap("*", On::Change, "b"),
            trap("web*", up, "c"),
            trap("*", On::Any, "d"),
        ]
    );
}

#[test]
fn every_event_has_a_word() {
    let all = "foreach e {up recover fail change unreachable reachable takeover handback \
               splitbrain unsupervised scripterror *} {failtrap * $e x}";
    let on: Vec<On> = traps(all).into_iter().map(|trap| trap.on).collect();
    assert_eq!(on, On::all().collect::<Vec<On>>());
    assert_eq!(on.len(), EventKind::WORDS.len() + 2);
}

#[test]
fn the_same_a_second_time_is_no_second_trap_and_an_empty_script_takes_away() {
    let up = On::Event(EventKind::Up);
    assert_eq!(
        traps("failtrap * up a\nfailtrap * up b\nfailtrap * up a").len(),
        2
    );
    assert_eq!(
        traps(
            "failtrap * up a\nfailtrap x up a\nfailtrap * fail a\nfailtrap * up b\nfailtrap * up { }"
        ),
        [
            trap("x", up, "a"),
            trap("*", On::Event(EventKind::Fail), "a")
        ]
    );
    assert_eq!(traps("failtrap nobody up {}"), []);
}

#[test]
fn traps_can_be_asked_for() {
    load_text(
        "failtrap * up {mail a}; failtrap {web ?} change b; failtrap * up c
         foreach {script expected} {
            {failtrap}             {{* up {mail a}} {{web ?} change b} {* up c}}
            {failtrap * up}        {{mail a} c}
            {failtrap * change}    {}
            {failtrap {web ?} change} b
         } {
            if {[set is [eval $script]] ne $expected} {error \"$script: $is\"}
         }",
    )
    .unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn every_mistake_is_one_sentence() {
    let usage = "wrong # args: should be \"failtrap ?pattern event ?script??\"";
    let long = "x".repeat(257);
    for (policy, expected) in [
        ("failtrap web", usage),
        ("failtrap web up a b", usage),
        (
            "failtrap web down {mail}",
            "failtrap: bad event \"down\": must be up, recover, fail, change, unreachable, \
             reachable, takeover, handback, splitbrain, unsupervised, scripterror, or *",
        ),
        (
            "failtrap web UP",
            "failtrap: bad event \"UP\": must be up, recover, fail, change, unreachable, \
             reachable, takeover, handback, splitbrain, unsupervised, scripterror, or *",
        ),
        (
            "failtrap web up \"if 1 \\{\"",
            "failtrap \"web\" up: script: missing close-brace",
        ),
        (
            "failtrap {} up x",
            "failtrap \"\" up: a pattern has 1 to 256 bytes",
        ),
    ] {
        assert_eq!(
            problem(policy),
            format!("policy.tcl:1: {expected}"),
            "{policy}"
        );
    }
    let said = problem(&format!("failtrap {long} up x"));
    assert!(
        said.ends_with("…\" up: a pattern has 1 to 256 bytes"),
        "{said}"
    );
    assert!(load_text(&format!("failtrap {} up x", &long[1..])).is_ok());
}

#[test]
fn there_are_at_most_so_many() {
    let many =
        |n: usize| format!("for {{set i 0}} {{$i < {n}}} {{incr i}} {{\nfailtrap w$i up x}}");
    assert_eq!(traps(&many(TRAPS_MAX)).len(), TRAPS_MAX);
    assert_eq!(
        problem(&many(TRAPS_MAX + 1)),
        format!(
            "policy.tcl:2: failtrap \"w{TRAPS_MAX}\" up: at most {TRAPS_MAX} traps in a policy"
        )
    );
    // One that is there already is not one more.
    let again = format!("{}\nfailtrap w0 up x", many(TRAPS_MAX));
    assert_eq!(traps(&again).len(), TRAPS_MAX);
}
