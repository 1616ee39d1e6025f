//! Jobs as the engine sees them: what scripts return, how they wait, how they interleave.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_core::exec::ExecFailed;
use fail_core::job::Task;
use fail_core::log::Level;
use fail_tcl::FromTcl;
use fail_wire::State;
use fake::Engine;

fn sentence(script: &str) -> String {
    Engine::script(script).outcome().unwrap_err().sentence
}

#[test]
fn every_way_to_return_a_state_works() {
    for script in [
        "return UP",
        "set x UP",
        "bringup",
        "list UP",
        "concat { UP }",
    ] {
        let policy = format!(
            "proc bringup {{}} {{ return UP }}\nfailsvc web start {{{script}}} stop {{list FAIL}}"
        );
        let mut engine = Engine::new(&policy);
        assert_eq!(engine.outcome(), Ok(State::Up), "{script}");
        let job = engine.order("web", Task::Stop);
        assert_eq!(engine.done(job), Ok(State::Fail));
    }
}

#[test]
fn everything_else_is_an_error_in_one_sentence() {
    for (script, expected) in [
        (
            "return foo",
            r#"start returned "foo", not UP, RECOVER or FAIL"#,
        ),
        (
            "return up",
            r#"start returned "up", not UP, RECOVER or FAIL"#,
        ),
        ("", r#"start returned "", not UP, RECOVER or FAIL"#),
        ("error oops", "start: oops"),
        ("return -code error oops", "start: oops"),
        ("break", r#"start: invoked "break" outside of a loop"#),
        ("nosuch thing", r#"start: invalid command name "nosuch""#),
        (
            "exit",
            "start: exit: a policy can not end failsh; return a state or raise an error instead",
        ),
        ("yield", "start: a script can not yield: nobody resumes it"),
        (
            "failsvc web interval 1",
            "start: failsvc web: settings can only be made while the policy is read, or at a console, not by a script",
        ),
        ("throw {A B} {one\ntwo}", "start: one"),
    ] {
        let script = if script.is_empty() { "list" } else { script };
        assert_eq!(sentence(script), expected, "{script}");
    }
}

#[test]
fn a_script_may_ask_where_it_is() {
    let outcome = Engine::script(
        "after 0
         for {set i 1} {$i <= [info frame]} {incr i} {info frame $i}
         coroutine inner apply {{} {info frame; info frame 1}}
         return UP",
    )
    .outcome();
    assert_eq!(outcome.unwrap(), State::Up);
}

#[test]
fn the_detail_of_an_error_is_its_error_info() {
    let error = Engine::new(
        "proc helper {} {\n  error oops\n}\n\
         failsvc web start {helper; return UP} stop {return RECOVER}",
    )
    .outcome()
    .unwrap_err();
    assert!(
        error.detail.contains("(procedure \"helper\" line 2)"),
        "{}",
        error.detail
    );
}

#[test]
fn a_script_that_does_not_exist_is_an_error() {
    let mut engine = Engine::script("return UP");
    let job = engine.order("web", Task::Reclaim);
    assert_eq!(
        engine.done(job).unwrap_err().sentence,
        "reclaim: the service has no such script"
    );
    let job = engine.order("mail", Task::Start);
    assert_eq!(
        engine.done(job).unwrap_err().sentence,
        "start: there is no service \"mail\""
    );
}

#[test]
fn a_script_sees_its_service_its_reason_and_its_state() {
    let error = sentence("error \"$::fail::service, $::fail::reason, $::fail::from\"");
    assert_eq!(error, "start: web, reason of web, RECOVER");
}

#[test]
fn two_jobs_interleave_and_each_keeps_its_own_variables() {
    let script = "{
        set seen {}
        for {set i 0} {$i < 3} {incr i} { lappend seen [exec $::fail::service-$i] $::fail::service }
        if {[lsort -unique $seen] ne [lsort [list out $::fail::service]]} {error $seen}
        return UP
    }";
    // A script runs in the global scope: a proc keeps `seen` and `i` apart.
    let mut engine = Engine::new(&format!(
        "proc go {{}} {script}\n\
         foreach s {{one two}} {{failsvc $s start go stop {{return RECOVER}}}}"
    ));
    let one = engine.order("one", Task::Start);
    let two = engine.order("two", Task::Start);
    for i in 0..3 {
        let (first, words) = engine.exec(one);
        assert_eq!(words, format!("one-{i}"));
        let (second, words) = engine.exec(two);
        assert_eq!(words, format!("two-{i}"));
        // In the other order, so that they cross.
        engine.succeed(second, "out\n");
        engine.succeed(first, "out\n");
    }
    assert_eq!(engine.done(one), Ok(State::Up));
    assert_eq!(engine.done(two), Ok(State::Up));
}

#[test]
fn after_suspends_one_job_and_no_other() {
    let mut engine = Engine::new(
        "failsvc slow start {after 3600000; return UP} stop {return RECOVER}
         failsvc quick start {after 1; after 0; return UP} stop {return RECOVER}",
    );
    let slow = engine.order("slow", Task::Start);
    let quick = engine.order("quick", Task::Start);
    assert_eq!(engine.done(quick), Ok(State::Up));
    engine.cancel(slow, "enough");
    assert_eq!(engine.done(slow).unwrap_err().sentence, "enough");
}

#[test]
fn vwait_waits_for_other_jobs_timers_and_unsets() {
    let mut engine = Engine::new(
        "failsvc a start {vwait ::go; vwait there(x); vwait gone; return $::go} stop {list UP}
         failsvc b start {set ::go UP; update; set there(x) 1; update
                          set ::gone 1; after 1 {unset ::gone}; return UP} stop {list UP}",
    );
    let a = engine.order("a", Task::Start);
    let b = engine.order("b", Task::Start);
    assert_eq!(engine.done(b), Ok(State::Up));
    assert_eq!(engine.done(a), Ok(State::Up));
}

#[test]
fn a_script_may_even_wait_for_a_variable_that_the_room_sets() {
    let mut engine = Engine::new(
        "failsvc a start {vwait ::fail::reason; return UP} stop {list UP}
         failsvc b start {return UP} stop {list UP}",
    );
    let a = engine.order("a", Task::Start);
    let b = engine.order("b", Task::Start);
    assert_eq!(engine.done(b), Ok(State::Up));
    assert_eq!(engine.done(a), Ok(State::Up));
}

#[test]
fn a_variable_that_changes_a_thousand_times_wakes_its_job_once() {
    let mut engine = Engine::new(
        "failsvc a start {vwait ::x; return UP} stop {list UP}
         failsvc b start {for {set x 0} {$x < 1000} {incr x} {}; return UP} stop {list UP}",
    );
    let a = engine.order("a", Task::Start);
    let b = engine.order("b", Task::Start);
    assert_eq!(engine.done(b), Ok(State::Up));
    assert_eq!(engine.done(a), Ok(State::Up));
}

#[test]
fn the_other_forms_of_after_are_tcls_own() {
    let mut engine = Engine::script(
        "set id [after 3600000 nothing]; after cancel $id
         after 1 {set ::woken UP}; vwait ::woken; after idle {set ::idle 1}; vwait idle
         if {![catch {after nonsense} e]} {error none}
         return $::woken",
    );
    assert_eq!(engine.outcome(), Ok(State::Up));
}

#[test]
fn exec_in_a_c_callback_is_one_clear_error() {
    let expected = "exec can not wait here, inside a command such as lsort -command: \
                    call it before, and keep its result in a variable";
    for script in [
        "lsort -command {apply {{a b} {exec true}}} {b a}",
        "lsort -command {apply {{a b} {after 1}}} {b a}",
    ] {
        let mut engine = Engine::script(&format!(
            "catch {{{script}}} message; fail log info $message; exec next; return UP"
        ));
        let job = engine.order("web", Task::Start);
        let (_, message) = engine.log();
        let expected = match script.contains("exec") {
            true => expected.to_string(),
            false => expected.replacen("exec", "after", 1),
        };
        assert_eq!(message, expected);
        let (exec, words) = engine.exec(job);
        assert_eq!(words, "next");
        engine.succeed(exec, "");
        assert_eq!(engine.done(job), Ok(State::Up));
    }
}

#[test]
fn exec_in_a_coroutine_of_the_script_is_one_clear_error() {
    assert_eq!(
        sentence("coroutine gen apply {{} {exec true}}"),
        "start: exec can not wait inside a coroutine of the script's own, \"::gen\"; \
         call it from the script itself"
    );
    let mut engine =
        Engine::script("coroutine gen apply {{} {yield; yield UP}}; exec true; return [gen]");
    assert_eq!(engine.outcome(), Ok(State::Up));
}

#[test]
fn a_program_that_can_not_start_is_an_error_like_tcls() {
    let mut engine = Engine::script("exec foo bar");
    let job = engine.order("web", Task::Start);
    let (exec, _) = engine.exec(job);
    engine.answer(
        exec,
        Err(ExecFailed {
            sentence: "couldn't execute \"foo\": no such file or directory".to_string(),
            errno: "ENOENT".to_string(),
        }),
    );
    let error = engine.done(job).unwrap_err();
    assert_eq!(
        error.sentence,
        "start: couldn't execute \"foo\": no such file or directory"
    );
    let first = error.detail.lines().nth(2).unwrap_or("");
    assert_eq!(first, "\"exec foo bar\"", "{}", error.detail);
}

#[test]
fn errors_in_the_background_and_words_for_the_log_are_logged() {
    let mut engine = Engine::script(
        "after 0 {error hidden}; after 5; fail log warn {näher \u{1F600}}; return UP",
    );
    assert_eq!(engine.outcome(), Ok(State::Up));
    // Tcl reports errors in the background when it is idle: these two have no order.
    let mut logged = [engine.log(), engine.log()];
    logged.sort();
    let [(Level::Error, error), (Level::Warn, warning)] = logged else {
        panic!("{logged:?}");
    };
    assert!(
        error.starts_with("error in the background: hidden\n"),
        "{error}"
    );
    assert_eq!(warning, "näher \u{1F600}");
}

#[test]
fn strings_of_all_kinds_go_both_ways() {
    let mut engine = Engine::script(
        "set x [exec give]
         if {[string length $x] != [string length [exec again]]} {error length}
         fail log info \"<$x>\\0\"; exec take $x; return UP",
    );
    let job = engine.order("web", Task::Start);
    let text = "é \u{1F600} a\0b \u{10FFFF}";
    for _ in 0..2 {
        let (exec, _) = engine.exec(job);
        engine.succeed(exec, text);
    }
    assert_eq!(engine.log().1, format!("<{text}>\0"));
    assert_eq!(
        engine.done(job).unwrap_err().sentence,
        format!(
            "start: no program can be given the word \"{}\", which contains a NUL",
            text.replace('\0', "\\0")
        )
    );
}

#[test]
fn an_answer_that_nobody_waits_for_is_ignored() {
    let mut engine = Engine::script("exec one; return UP");
    let job = engine.order("web", Task::Start);
    let (exec, _) = engine.exec(job);
    engine.succeed(exec + 1, "");
    engine.succeed(exec, "");
    engine.succeed(exec, "");
    assert_eq!(engine.done(job), Ok(State::Up));
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn quitting_ends_waiting_and_busy_scripts_without_a_word() {
    let mut engine = Engine::new(
        "failsvc a start {exec forever} stop {list UP}
         failsvc b start {fail log info busy; while 1 {catch {expr 1}}} stop {list UP}",
    );
    let a = engine.order("a", Task::Start);
    engine.exec(a);
    engine.order("b", Task::Start);
    assert_eq!(engine.log().1, "busy");
    let rest = engine.rest();
    let done = rest
        .iter()
        .filter(|m| matches!(m, FromTcl::Done { .. }))
        .count();
    assert!(done <= 1, "{rest:?}");
}

const OUTSIDE: &str = "exec can not wait here, outside a script: put it into \"after 0 {...}\", \
                       which makes it a script of its own, or run a program with open \"|...\" \
                       and fileevent";

#[test]
fn what_tcl_calls_by_itself_can_not_exec_once_the_policy_has_been_read() {
    for (before, start) in [
        (
            "",
            "set f [open {|echo x}]; fileevent $f readable {catch {exec true} ::why}; vwait ::why; close $f",
        ),
        (
            "proc bgerror args {catch {exec true} ::why}; interp bgerror {} bgerror",
            "set f [open {|echo x}]; fileevent $f readable {close $f; error oops}; vwait ::why",
        ),
        (
            "set child [interp create]",
            "$::child alias set set; $::child eval {after 1 {catch {exec true} why; set ::why $why}}; vwait ::why",
        ),
    ] {
        let mut engine = Engine::new(&format!(
            "{before}\nfailsvc web start {{{start}; error $::why}} stop {{return RECOVER}}"
        ));
        let why = engine.outcome().unwrap_err().sentence;
        assert!(
            OUTSIDE.starts_with(why.trim_start_matches("start: ")),
            "{start}: {why}"
        );
        assert!(why.len() > 60, "{start}: {why}");
    }
}

#[test]
fn while_the_policy_is_read_exec_is_tcls_own() {
    let mut engine = Engine::new(
        "set said [exec echo hello]
         after 0 {set ::called [exec echo later]}; vwait called
         set child [interp cre -- kid]
         append said \" $called [kid eval {exec echo child}]\"
         failsvc web start {error $::said} stop {return RECOVER}",
    );
    let why = engine.outcome().unwrap_err().sentence;
    assert!(why.ends_with("hello later child"), "{why}");
}

#[test]
fn a_child_interpreter_can_neither_end_failsh_nor_block_it() {
    for (command, why) in [
        ("exit 3", "exit"),
        ("exec true", "exec can not wait here, inside a command"),
    ] {
        let mut engine = Engine::script(&format!("interp create kid; kid eval {{{command}}}"));
        let said = engine.outcome().unwrap_err().sentence;
        assert!(said.contains(why), "{command}: {said}");
    }
}

#[test]
fn the_channels_of_failsh_are_not_closed_by_scripts() {
    for command in ["close stderr", "chan close stdout", "close stdin read"] {
        let why = sentence(command);
        assert!(why.contains("belongs to failsh"), "{command}: {why}");
    }
    let own = "set f [open /dev/null]; close $f; set f [open /dev/null]; chan close $f; close $f";
    let why = sentence(own);
    assert!(why.contains("can not find channel"), "{why}");
}
