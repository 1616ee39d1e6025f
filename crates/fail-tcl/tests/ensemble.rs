//! `fail`: what its subcommands tell, ask and refuse, and the codes of all errors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::sync::Arc;

use fail_core::job::{ByHand, Task};
use fail_core::limits::{HOSTS_MAX, TRAPS_MAX};
use fail_tcl::Ask;
use fail_wire::monitor::{
    CheckView, HealthView, HearView, HostView, Note, Pause, PeerView, RetryView, ScriptView,
    ServiceView,
};
use fail_wire::{Name, State};
use fake::{Engine, load_text};

const POLICY: &str = "
    failsvc web masters {a b} start {return UP} stop {return RECOVER}
    failsvc db slaves c start {return UP} stop {return RECOVER}";

fn peer(host: &str, state: Option<&str>) -> PeerView {
    PeerView {
        host: host.to_string(),
        role: "master".to_string(),
        state: state.map(String::from),
        reachable: state.map(|_| true),
        marks: vec!["held".to_string(), "unsupervised".to_string()],
        reason: "by hand".to_string(),
        since: state.map(|_| 1_700_000_000_001),
    }
}

fn view() -> ServiceView {
    ServiceView {
        name: "web".to_string(),
        state: Some("UP".to_string()),
        since: 1_700_000_000_000,
        marks: vec!["held".to_string()],
        reason: "the [reason".to_string(),
        why: "no master can serve".to_string(),
        waiting: Some("retry".to_string()),
        until: Some(1_700_000_009_000),
        script: Some(ScriptView {
            task: "check".to_string(),
            since: 5,
            until: 6,
        }),
        peers: vec![peer("b", Some("RECOVER")), peer("a", None)],
        check: Some(CheckView {
            good: 3,
            bad: 1,
            last: Some(7),
            said: "fine".to_string(),
        }),
        retry: Some(RetryView { failures: 2, at: 9 }),
        journal: vec![
            Note {
                at: 1,
                kind: "state".to_string(),
                text: "is UP".to_string(),
            },
            Note {
                at: 2,
                kind: "hand".to_string(),
                text: "held".to_string(),
            },
        ],
        ..ServiceView::default()
    }
}

/// What a console says to each of these, as an error with its code or as a result.
fn says(engine: &mut Engine, script: &str) -> String {
    let (code, result) = engine.says(&format!(
        "if {{[catch {{{script}}} said opts]}} {{list $said [dict get $opts -errorcode]}} {{set said}}"
    ));
    assert_eq!(code, 0, "{script}: {result}");
    result
}

#[test]
fn what_is_known_can_be_asked_for() {
    let mut engine = Engine::new(POLICY);
    engine.board.put_service("web", Some(Arc::new(view())));
    for (script, said) in [
        ("fail state web", "UP"),
        ("fail why web", "no master can serve"),
        ("dict keys [fail peers web]", "b a"),
        ("dict get [fail peers web] b state", "RECOVER"),
        ("dict get [fail peers web] b reachable", "1"),
        ("dict get [fail peers web] b marks", "held unsupervised"),
        ("dict get [fail peers web] b since", "1700000000001"),
        (
            "dict get [fail peers web] a",
            "marks {held unsupervised} reachable {} reason {by hand} role master since {} state {}",
        ),
        (
            "lsort [dict keys [fail why web -dict]]",
            "check console journal marks name reason retry script since state until waiting why",
        ),
        ("dict get [fail why web -dict] reason", "the [reason"),
        ("dict get [fail why web -dict] until", "1700000009000"),
        (
            "dict get [fail why web -dict] script",
            "since 5 task check until 6",
        ),
        (
            "dict get [fail why web -dict] check",
            "bad 1 good 3 last 7 said fine",
        ),
        ("dict get [fail why web -dict] retry", "at 9 failures 2"),
        (
            "fail journal web",
            "{at 1 kind state text {is UP}} {at 2 kind hand text held}",
        ),
        ("fail names", "db web"),
        ("fail names w*", "web"),
        ("fail names x*", ""),
        ("fail hosts", "a b c"),
        ("fail hosts {[ab]}", "a b"),
        ("fail version", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(says(&mut engine, script), said, "{script}");
    }
    let health = HealthView {
        late_p50_us: 50,
        doubts: 1,
        pauses: vec![Pause { at: 3, ms: 400 }],
        faild: Some(true),
        ..HealthView::default()
    };
    engine.board.put_health(Arc::new(health));
    assert_eq!(
        says(&mut engine, "fail health"),
        "doubts 1 dropped 0 faild 1 hosts {} late_max_us 0 late_p50_us 50 late_p99_us 0 \
         pauses {{at 3 ms 400}} scripts 0 scripts_run 0 sent 0"
    );
}

#[test]
fn the_way_to_each_host_and_whom_it_hears_is_part_of_the_health() {
    let mut engine = Engine::new(POLICY);
    let hear = |host: &str, reachable| HearView {
        host: host.to_string(),
        reachable,
    };
    let a = HostView {
        name: "a".to_string(),
        address: Some("192.0.2.1:1847".to_string()),
        reachable: Some(true),
        since: 1,
        last_call: Some(4),
        last_answer: Some(5),
        trip_us: Some(210),
        lost_permille: 20,
        hint: None,
        hears: vec![hear("me", true), hear("b", false)],
        heard: Some(3),
    };
    let b = HostView {
        name: "b".to_string(),
        reachable: Some(false),
        trip_us: None,
        hears: Vec::new(),
        heard: None,
        ..a.clone()
    };
    let health = HealthView {
        sent: 7,
        ..HealthView::default()
    };
    engine.board.put_health(Arc::new(health));
    for view in [b, a] {
        let name = view.name.clone();
        engine.board.put_host(&name, Some(Arc::new(view)));
    }
    for (script, said) in [
        ("dict keys [dict get [fail health] hosts]", "a b"),
        (
            "dict get [fail health] hosts a",
            "address 192.0.2.1:1847 heard 3 hears {{host me reachable 1} {host b reachable 0}} \
             hint {} last_answer 5 last_call 4 lost_permille 20 reachable 1 since 1 trip_us 210",
        ),
        ("dict get [fail health] hosts b reachable", "0"),
        ("dict get [fail health] hosts b trip_us", ""),
    ] {
        assert_eq!(says(&mut engine, script), said, "{script}");
    }
}

#[test]
fn what_is_not_known_yet_is_said_and_not_invented() {
    let mut engine = Engine::new(POLICY);
    for (script, said) in [
        ("fail state web", "FAIL"),
        (
            "fail why web",
            "{fail why web: nothing is known about it yet} {FAIL UNKNOWN web}",
        ),
        (
            "fail why web -dict",
            "{fail why web: nothing is known about it yet} {FAIL UNKNOWN web}",
        ),
        (
            "fail peers db",
            "{fail peers db: nothing is known about it yet} {FAIL UNKNOWN db}",
        ),
        (
            "fail journal db",
            "{fail journal db: nothing is known about it yet} {FAIL UNKNOWN db}",
        ),
        (
            "fail health",
            "{fail health: nothing is known about it yet} {FAIL UNKNOWN health}",
        ),
    ] {
        assert_eq!(says(&mut engine, script), said, "{script}");
    }
    let unknown = ServiceView {
        state: None,
        ..view()
    };
    engine.board.put_service("web", Some(Arc::new(unknown)));
    assert_eq!(says(&mut engine, "fail state web"), "FAIL");
    assert_eq!(says(&mut engine, "dict get [fail why web -dict] state"), "");
}

#[test]
fn usage_errors_are_in_tcls_own_words() {
    let mut engine = Engine::new(POLICY);
    for (script, usage) in [
        ("fail", "fail subcommand ?arg ...?"),
        ("fail state", "fail state name"),
        ("fail state a b", "fail state name"),
        ("fail set web", "fail set name state ?reason?"),
        ("fail set web UP a b", "fail set name state ?reason?"),
        ("fail hold", "fail hold name ?reason?"),
        ("fail release", "fail release name ?reason?"),
        ("fail away web a b", "fail away name ?reason?"),
        ("fail back", "fail back name ?reason?"),
        ("fail why", "fail why name ?-dict?"),
        ("fail peers", "fail peers name"),
        ("fail journal web 3", "fail journal name"),
        ("fail names a b", "fail names ?pattern?"),
        ("fail hosts a b", "fail hosts ?pattern?"),
        ("fail log info", "fail log level text"),
        ("fail after 3", "fail after time script"),
        ("fail cancel", "fail cancel id"),
        ("fail for 3", "fail for time script"),
        ("fail health x", "fail health"),
        ("fail version x", "fail version"),
        ("failsvc", "failsvc name ?option value ...?"),
        ("failhost", "failhost name ?option value ...?"),
        ("failtrap x", "failtrap ?pattern event ?script??"),
    ] {
        assert_eq!(
            says(&mut engine, script),
            format!("{{wrong # args: should be \"{usage}\"}} {{TCL WRONGARGS}}"),
            "{script}"
        );
    }
    assert_eq!(
        says(&mut engine, "fail nothing"),
        "{unknown or ambiguous subcommand \"nothing\": must be after, away, back, cancel, for, \
         health, hold, hosts, journal, log, names, peers, release, run, set, state, version, or \
         why} {TCL LOOKUP SUBCOMMAND nothing}"
    );
    assert_eq!(
        says(&mut engine, "fail why web -list"),
        "{bad option \"-list\": must be -dict} {TCL LOOKUP INDEX option -list}"
    );
    // As Tcl's own do.
    assert_eq!(says(&mut engine, "fail vers"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_error_has_a_code() {
    let mut engine = Engine::new(POLICY);
    let long = "x".repeat(65);
    let hosts = format!("for {{set i 0}} {{$i <= {HOSTS_MAX}}} {{incr i}} {{failhost h$i port 1}}");
    let peers = "failsvc web masters [lmap i [lrepeat 65 x] {incr n; set x h$n}]";
    let traps = format!("for {{set i 0}} {{$i <= {TRAPS_MAX}}} {{incr i}} {{failtrap h$i up x}}");
    let timers = "for {set i 0} {$i <= 1000} {incr i} {fail after 1h x}";
    for (script, code) in [
        ("failsvc web colour blue", "FAIL OPTION failsvc colour"),
        ("failsvc web colour", "FAIL OPTION failsvc colour"),
        ("failsvc web interval 3 rise", "FAIL OPTION failsvc rise"),
        ("failhost a colour blue", "FAIL OPTION failhost colour"),
        ("failsvc web interval soon", "FAIL VALUE interval soon"),
        ("failsvc web retry {1 2 3 4}", "FAIL VALUE retry {1 2 3 4}"),
        (
            "failsvc web failback perhaps",
            "FAIL VALUE failback perhaps",
        ),
        ("failsvc web check \\{", "FAIL VALUE check \\{"),
        ("failhost a port 0", "FAIL VALUE port 0"),
        ("failhost a protocol x25", "FAIL VALUE protocol x25"),
        ("failhost a community {}", "FAIL VALUE community {}"),
        ("failtrap * down x", "FAIL VALUE event down"),
        ("failtrap * up \\{", "FAIL VALUE script \\{"),
        ("failtrap {} up x", "FAIL VALUE pattern {}"),
        ("fail log loud x", "FAIL VALUE level loud"),
        ("fail set web DOWN", "FAIL VALUE state DOWN"),
        ("fail after soon x", "FAIL VALUE time soon"),
        ("fail after 1 \\{", "FAIL VALUE script \\{"),
        ("fail for soon x", "FAIL VALUE time soon"),
        ("failsvc {a b} interval 3", "FAIL NAME {a b}"),
        ("failsvc web masters {a -b}", "FAIL NAME -b"),
        (
            &format!("failhost {long} port 3"),
            &format!("FAIL NAME {long}"),
        ),
        ("failsvc x", "FAIL LOOKUP SERVICE x"),
        ("failsvc x interval", "FAIL LOOKUP SERVICE x"),
        ("failsvc x console", "FAIL LOOKUP SERVICE x"),
        ("fail state x", "FAIL LOOKUP SERVICE x"),
        ("fail set x UP", "FAIL LOOKUP SERVICE x"),
        ("fail hold {a b}", "FAIL LOOKUP SERVICE {a b}"),
        ("fail why x -dict", "FAIL LOOKUP SERVICE x"),
        ("fail peers x", "FAIL LOOKUP SERVICE x"),
        ("fail journal x", "FAIL LOOKUP SERVICE x"),
        ("failhost x", "FAIL LOOKUP HOST x"),
        ("failhost x console", "FAIL LOOKUP HOST x"),
        ("fail cancel timer7", "FAIL LOOKUP TIMER timer7"),
        (&hosts, "FAIL LIMIT hosts 1000"),
        (peers, "FAIL LIMIT peers 64"),
        (&traps, "FAIL LIMIT traps 256"),
        (timers, "FAIL LIMIT timers 1000"),
    ] {
        let (_, said) = engine.says(&format!(
            "set code {{}}; catch {{{}}} said opts; dict get $opts -errorcode",
            script.replace("\\{", "[format %c 123]")
        ));
        assert_eq!(said, code, "{script}");
        // As a script does it.
        if !said.contains('\\') {
            let trapped = format!("try {{{script}}} trap {{{code}}} {{}} {{set x yes}}");
            assert_eq!(engine.says(&trapped), (0, "yes".to_string()), "{script}");
        }
        // Nothing of it stays.
        engine.says("error back");
    }
}

#[test]
fn changes_by_hand_wait_for_the_answer() {
    let mut engine = Engine::new(POLICY);
    let state = |state| ByHand::State(state);
    for (script, change, reason) in [
        (
            "fail set web FAIL {disk is full}",
            state(State::Fail),
            "disk is full",
        ),
        ("fail set web RECOVER", state(State::Recover), ""),
        (
            "fail hold web {being repaired}",
            ByHand::Hold,
            "being repaired",
        ),
        ("fail release web", ByHand::Release, ""),
        ("fail away web {to hostb}", ByHand::Away, "to hostb"),
        ("fail back web", ByHand::Back, ""),
    ] {
        let job = engine.types(script);
        let (ask, what) = engine.asked();
        let expected = Ask::Set {
            service: Name::new("web").unwrap(),
            change,
            reason: reason.to_string(),
        };
        assert_eq!(what, expected, "{script}");
        engine.tell(ask, Ok("RECOVER"));
        assert_eq!(engine.evaluated(job), (0, "RECOVER".to_string(), None));

        let job = engine.types(&format!("catch {{{script}}} said; list $said $errorCode"));
        let (ask, _) = engine.asked();
        engine.tell(ask, Err("no"));
        assert_eq!(engine.evaluated(job).1, "no {FAIL REFUSED}");
    }
}

#[test]
fn a_script_runs_after_a_time_unless_it_is_cancelled() {
    let mut engine = Engine::new(&format!(
        "{POLICY}
         fail after 1ms {{fail log info \"[exec echo early] $::fail::service.\"}}
         failsvc web start {{
             set id [fail after 1h {{fail log info never}}]
             fail after 0.002 {{after 1; fail log info [exec echo late]}}
             fail cancel $id
             catch {{fail cancel $id}} said
             fail log info $said
             return UP
         }}"
    ));
    let said = serve_log(&mut engine);
    assert_eq!(said, "early .");
    let job = engine.order("web", Task::Start);
    engine.done(job).unwrap();
    assert_eq!(
        serve_log(&mut engine),
        "fail cancel: nothing waits by the id \"timer2\""
    );
    assert_eq!(serve_log(&mut engine), "late");
    // One that has run does not wait any more.
    assert!(says(&mut engine, "fail cancel timer3").ends_with("{FAIL LOOKUP TIMER timer3}"));
    assert_eq!(says(&mut engine, "fail after 1h {}"), "timer4");
    assert_eq!(says(&mut engine, "fail cancel timer4"), "");
}

/// The next line of the log; what is to be run meanwhile is run.
fn serve_log(engine: &mut Engine) -> String {
    engine.serve("log", |m| match m {
        fail_tcl::FromTcl::Log { text, .. } => Some(text.clone()),
        _ => None,
    })
}

#[test]
fn the_words_of_fail_hide_none_of_tcls() {
    let mut engine = Engine::new(POLICY);
    for command in ["set", "after", "for", "exec", "proc"] {
        let here = format!("namespace eval ::fail {{namespace which {command}}}");
        assert_eq!(engine.says(&here).1, format!("::{command}"));
    }
}

#[test]
fn while_the_policy_is_read_names_are_those_so_far_and_nothing_is_known() {
    load_text(
        "if {[fail names] ne {}} {error names}
         failsvc web masters {a b} start x stop y
         if {[fail names] ne {web} || [fail hosts] ne {a b}} {error names}
         if {[fail state web] ne {FAIL}} {error state}
         if {![catch {fail why web} said opts]} {error why}
         if {[dict get $opts -errorcode] ne {FAIL UNKNOWN web}} {error code}
         if {![catch {fail for 1m {}} said]} {error for}",
    )
    .unwrap_or_else(|e| panic!("{e}"));
}
