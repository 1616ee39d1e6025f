//! Policies: what they set, what is wrong with them and where, and their normal form.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::path::PathBuf;
use std::process::Command;

use fail_core::limits::{HOSTS_MAX, PEERS_MAX, POLICY_SERVICES_MAX};
use fail_core::policy::{Lonely, Retry, Service};
use fail_core::time::Span;
use fail_tcl::{Loaded, normal_form};
use fail_wire::Name;
use fake::{Dir, Engine, load, load_text, problem, without};

const SCRIPTS: &str = "start {return UP} stop {return RECOVER}";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn service(text: &str) -> Service {
    let policy = load_text(text).unwrap_or_else(|e| panic!("{e}")).policy;
    policy.services[&name("web")].clone()
}

#[test]
fn all_settings_of_a_service_are_read() {
    let web = service(
        "failsvc web interval 50ms masters {a b} slaves c start {return UP} stop \"return FAIL\" \
         reclaim {list UP} timeout 2m delay 0.5 confirm {3 20ms} lonely keep check {list UP} \
         checkinterval 2 checkrecover on rise 4 fall 5 failback no retry {30s 1.5 1h} \
         community k",
    );
    assert_eq!(web.interval, Span::from_millis(50));
    assert_eq!(web.masters, [name("a"), name("b")]);
    assert_eq!(web.slaves, [name("c")]);
    assert_eq!(web.start.as_deref(), Some("return UP"));
    assert_eq!(web.stop.as_deref(), Some("return FAIL"));
    assert_eq!(web.reclaim.as_deref(), Some("list UP"));
    assert_eq!(web.timeout, Span::from_secs(120));
    assert_eq!(web.delay, Span::from_millis(500));
    assert_eq!(web.confirm.times, 3);
    assert_eq!(web.confirm.spacing, Some(Span::from_millis(20)));
    assert_eq!(web.lonely, Lonely::Keep);
    assert_eq!(web.check.as_deref(), Some("list UP"));
    assert_eq!(web.check_interval, Span::from_secs(2));
    assert!(web.check_recover && !web.failback);
    assert_eq!((web.rise, web.fall), (4, 5));
    let retry = Retry {
        initial: Span::from_secs(30),
        factor_milli: 1_500,
        maximum: Span::from_secs(3_600),
    };
    assert_eq!(web.retry, Some(retry));
    assert_eq!(web.community.as_deref(), Some("k"));
}

#[test]
fn the_originals_form_of_one_setting_per_call_adds_up() {
    let one = service(
        "failsvc web masters a\nfailsvc web interval 2\nfailsvc web start {return UP}\n\
         failsvc web stop {return RECOVER}\nfailsvc web interval 3",
    );
    let same = service("failsvc web masters a interval 3 start {return UP} stop {return RECOVER}");
    assert_eq!(one, same);
}

#[test]
fn all_settings_of_a_host_are_read_and_named_hosts_come_into_being() {
    let policy = load_text(&format!(
        "failhost a port 4000 protocol udp address 192.0.2.1 community k timeout 10ms\n\
         failsvc web masters a slaves b {SCRIPTS}"
    ))
    .unwrap()
    .policy;
    let a = &policy.hosts[&name("a")];
    assert_eq!((a.port, a.community.as_str()), (4000, "k"));
    assert_eq!(a.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(a.timeout, Some(Span::from_millis(10)));
    assert_eq!(policy.hosts[&name("b")], fail_core::policy::Host::default());
}

#[test]
fn what_retry_leaves_out_is_as_the_page_says_and_is_not_printed() {
    for (said, expected, printed) in [
        ("{}", None, ""),
        ("30", Some((30, 2_000, 600)), "30s"),
        ("{30s 2}", Some((30, 2_000, 600)), "30s"),
        ("{30s 2.000 10m}", Some((30, 2_000, 600)), "30s"),
        ("{30s 1}", Some((30, 1_000, 600)), "30s 1"),
        ("{30s 1.25}", Some((30, 1_250, 600)), "30s 1.25"),
        ("{30s 2 30s}", Some((30, 2_000, 30)), "30s 2 30s"),
        ("15m", Some((900, 2_000, 900)), "15m"),
        ("{15m 3}", Some((900, 3_000, 900)), "15m 3"),
        (
            "{1h 1000 1d}",
            Some((3_600, 1_000_000, 86_400)),
            "1h 1000 1d",
        ),
    ] {
        let web = service(&format!("failsvc web retry {said} {SCRIPTS}"));
        let expected = expected.map(|(initial, factor_milli, maximum)| Retry {
            initial: Span::from_secs(initial),
            factor_milli,
            maximum: Span::from_secs(maximum),
        });
        assert_eq!(web.retry, expected, "{said}");
        assert_eq!(fail_tcl::settings(&web)["retry"], printed, "{said}");
    }
}

#[test]
fn booleans_are_tcls() {
    for (yes, no) in [("yes", "no"), ("true", "false"), ("1", "0"), ("ON", "off")] {
        let web = service(&format!(
            "failsvc web check x checkrecover {yes} failback {no} {SCRIPTS}"
        ));
        assert!(web.check_recover && !web.failback, "{yes} {no}");
        let web = service(&format!(
            "failsvc web check x checkrecover {no} failback {yes} {SCRIPTS}"
        ));
        assert!(!web.check_recover && web.failback, "{yes} {no}");
    }
}

#[test]
fn the_settings_that_others_see_are_those_of_failsvc_without_its_key() {
    let policy = format!("failsvc web masters {{a b}} retry 5 community s3cret {SCRIPTS}");
    let mut shown = fail_tcl::settings(&service(&policy));
    assert_eq!(shown.remove("community").as_deref(), Some("(set)"));
    let mut engine = Engine::new(&format!(
        "{policy}\nfailsvc web start {{fail log info [failsvc web]; return UP}}"
    ));
    engine.outcome().unwrap();
    let said = engine.log().1;
    assert!(said.contains("community s3cret"), "{said}");
    for (option, value) in shown {
        let is = said.contains(&format!("{option} {value}"))
            || said.contains(&format!("{option} {{{value}}}"));
        assert!(is || value == "(set)", "{option} {value}: {said}");
    }
    assert_eq!(fail_tcl::settings(&Service::default())["community"], "");
    // A proc has a name that all may read; what else stands in a script may be a password.
    for (script, shown) in [
        ("web_start", "web_start"),
        ("login s3cret", "(set)"),
        ("", ""),
    ] {
        let web = Service {
            check: Some(script.to_string()),
            ..Service::default()
        };
        assert_eq!(fail_tcl::settings(&web)["check"], shown);
    }
}

#[test]
fn the_pairs_of_one_call_take_effect_together_or_not_at_all() {
    let policy = format!(
        "failsvc web {SCRIPTS} interval 3\n\
         if {{![catch {{failsvc web interval 7 rise 5 fall many}}]}} {{error not}}\n\
         if {{![catch {{failhost a port 7 timeout 0}}]}} {{error not}}\n\
         if {{![catch {{failsvc new interval 7 fall many}}]}} {{error not}}"
    );
    let policy = load_text(&policy).unwrap().policy;
    let web = &policy.services[&name("web")];
    assert_eq!((web.interval, web.rise), (Span::from_secs(3), 2));
    assert!(policy.hosts.is_empty());
    assert_eq!(policy.services.len(), 1);
}

#[test]
fn settings_can_be_asked_for() {
    let mut engine = Engine::new(&format!(
        "failsvc web masters {{a b}} confirm {{2 10ms}} {SCRIPTS}
         failhost c port 99
         foreach {{script expected}} {{
            {{failsvc names}} web   {{failhost names}} {{a b c}}
            {{fail names}} web      {{fail hosts}} {{a b c}}
            {{failsvc web interval}} 1s   {{failsvc web masters}} {{a b}}
            {{failsvc web confirm}} {{2 10ms}}   {{failhost a port}} 1847
            {{dict get [failsvc web] start}} {{return UP}}
            {{dict size [failsvc web]}} 18   {{dict get [failhost c] port}} 99
            {{failsvc web failback}} yes   {{failsvc web checkrecover}} no
            {{failsvc web retry}} {{}}   {{failsvc web console}} {{}}   {{failhost a console}} {{}}
            {{failsvc web {{*}}[failsvc web]}} {{}}  {{failhost a {{*}}[failhost a]}} {{}}
         }} {{
            if {{[set is [eval $script]] ne $expected}} {{error \"$script: $is\"}}
         }}
         failsvc web start {{fail log info [failsvc web interval]; return UP}}",
    ));
    engine.outcome().unwrap();
    assert_eq!(engine.log().1, "1s");
}

#[test]
fn every_mistake_is_one_sentence_with_file_and_line() {
    let options = "must be interval, masters, slaves, start, stop, reclaim, check, \
                   checkinterval, checkrecover, rise, fall, timeout, delay, failback, retry, \
                   confirm, lonely, or community";
    for (policy, expected) in [
        (
            "failsvc web intervall 1",
            format!("1: failsvc web: bad option \"intervall\": {options}"),
        ),
        (
            "\nfailsvc web nothing",
            format!("2: failsvc web: bad option \"nothing\": {options}"),
        ),
        (
            "failhost a prot 1",
            "1: failhost a: bad option \"prot\": must be address, port, protocol, community, or \
             timeout"
                .to_string(),
        ),
        (
            "failsvc",
            "1: wrong # args: should be \"failsvc name ?option value ...?\"".to_string(),
        ),
        (
            "failsvc web interval 1 masters",
            "1: failsvc web: value for \"masters\" missing".to_string(),
        ),
        (
            "failsvc {a b} interval 1",
            "1: failsvc: bad name \"a b\": a name can not contain ' '".to_string(),
        ),
        (
            "failsvc web masters {x -y}",
            "1: failsvc web: masters: bad name \"-y\": a name can not begin with \"-\"".to_string(),
        ),
        (
            "failsvc web masters \"\\{\"",
            "1: failsvc web: masters: bad list \"{\"".to_string(),
        ),
        (
            "failsvc web interval soon",
            "1: failsvc web: interval: bad time \"soon\": must be seconds, or such as 50ms, 2m, 1h"
                .to_string(),
        ),
        (
            "failsvc web interval 9ms",
            "1: failsvc web: interval: bad time \"9ms\": must be from 10ms to 1d".to_string(),
        ),
        (
            "failsvc web interval 25h",
            "1: failsvc web: interval: bad time \"25h\": must be from 10ms to 1d".to_string(),
        ),
        (
            "failsvc web timeout 0",
            "1: failsvc web: timeout: bad time \"0\": must be more than nothing".to_string(),
        ),
        (
            "failsvc web confirm 101",
            "1: failsvc web: confirm: bad number \"101\": must be from 0 to 100".to_string(),
        ),
        (
            "failsvc web confirm {1 2 3}",
            "1: failsvc web: confirm: bad list \"1 2 3\": must be a number and a time, or a number"
                .to_string(),
        ),
        (
            "failsvc web lonely yes",
            "1: failsvc web: lonely: bad word \"yes\": must be stop or keep".to_string(),
        ),
        (
            "failsvc web start \"if 1 \\{\"",
            "1: failsvc web: start: missing close-brace".to_string(),
        ),
        (
            "failsvc web stop {set x [y}",
            "1: failsvc web: stop: missing close-bracket".to_string(),
        ),
        (
            "failsvc web stop {set x \"y}",
            "1: failsvc web: stop: missing \"".to_string(),
        ),
        (
            "failhost a port 0",
            "1: failhost a: port: bad number \"0\": must be from 1 to 65535".to_string(),
        ),
        (
            "failhost a port 65536",
            "1: failhost a: port: bad number \"65536\": must be from 1 to 65535".to_string(),
        ),
        (
            "failhost a protocol x25",
            "1: failhost a: protocol: bad protocol \"x25\": must be udp or tcp".to_string(),
        ),
        (
            "failhost a community {}",
            "1: failhost a: community: a community has 1 to 128 bytes and no white space or \
             control characters"
                .to_string(),
        ),
        (
            "failsvc web interval",
            "1: failsvc web: unknown service; an option needs a value".to_string(),
        ),
        (
            "failhost a",
            "1: failhost a: unknown host; give it an option, or name it in masters or slaves"
                .to_string(),
        ),
        (
            "fail nothing",
            "1: unknown or ambiguous subcommand \"nothing\": must be after, away, back, cancel, \
             for, health, hold, hosts, journal, log, names, peers, release, run, set, state, \
             version, or why"
                .to_string(),
        ),
        (
            "fail log loud x",
            "1: fail log: bad level \"loud\": must be error, warn, info, or debug".to_string(),
        ),
        (
            "exit 3",
            "1: exit: a policy can not end failsh; return a state or raise an error instead"
                .to_string(),
        ),
        (
            "\n\nfailsv web",
            "3: invalid command name \"failsv\"".to_string(),
        ),
        (
            "set x 1\nif {$x} {\n\n  failsv web\n}",
            "4: invalid command name \"failsv\"".to_string(),
        ),
        (
            "proc p {} {\n  failsv web\n}\nforeach x {1 2} {\n  p\n}",
            "2: invalid command name \"failsv\"".to_string(),
        ),
        (
            "proc p {s} {\n  failsvc $s \\\n interval 0\n}\np web",
            "2: failsvc web: interval: bad time \"0\": must be from 10ms to 1d".to_string(),
        ),
        (
            "proc p {s} {\n  set x [lindex]\n}\n\np web",
            "5: wrong # args: should be \"lindex list ?index ...?\" (procedure \"p\" line 2)"
                .to_string(),
        ),
        (
            "set x 1\nset y {\n a\n",
            "2: missing close-brace".to_string(),
        ),
        ("\nset x \"a", "2: missing \"".to_string()),
        ("error {one\ntwo}", "1: one".to_string()),
        ("error {}", "1: an error without a message".to_string()),
        (
            "failsvc web start {return UP}\nset x 1",
            "1: failsvc web: no stop script; add one that returns RECOVER".to_string(),
        ),
        (
            &format!("failsvc web {SCRIPTS}\nfailsvc web masters a\n\nfailsvc web slaves {{b a}}"),
            "4: failsvc web: host \"a\" is both master and slave; it can only be one".to_string(),
        ),
        (
            &format!("\nfailsvc web {SCRIPTS}\nfailsvc web masters {{a a}}\n"),
            "3: failsvc web: host \"a\" is named twice".to_string(),
        ),
    ] {
        assert_eq!(
            problem(policy),
            format!("policy.tcl:{expected}"),
            "{policy}"
        );
    }
}

#[test]
fn an_error_that_was_caught_is_none() {
    load_text(&format!(
        "catch {{failsvc web intervall 1}}; catch nonsense\nfailsvc web {SCRIPTS}"
    ))
    .unwrap();
    assert_eq!(
        problem("catch {failsvc web intervall 1}\nerror other"),
        "policy.tcl:2: other"
    );
}

#[test]
fn limits_hold_at_their_edges() {
    let peers = |n: usize| {
        (0..n)
            .map(|i| format!("h{i}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        load_text(&format!(
            "failsvc web {SCRIPTS} masters {{{}}}",
            peers(PEERS_MAX)
        ))
        .is_ok()
    );
    assert_eq!(
        problem(&format!("failsvc web masters {{{}}}", peers(PEERS_MAX + 1))),
        "policy.tcl:1: failsvc web: masters: at most 64 hosts, not 65"
    );
    let services =
        |n: usize| format!("for {{set i 0}} {{$i < {n}}} {{incr i}} {{\nfailsvc s$i {SCRIPTS}\n}}");
    assert!(load_text(&services(POLICY_SERVICES_MAX)).is_ok());
    assert_eq!(
        problem(&services(POLICY_SERVICES_MAX + 1)),
        "policy.tcl:2: failsvc s2000: at most 2000 services in a policy"
    );
    let hosts =
        |n: usize| format!("for {{set i 0}} {{$i < {n}}} {{incr i}} {{failhost h$i port 1}}");
    assert!(load_text(&hosts(HOSTS_MAX)).is_ok());
    let one_more = format!("{}\nfailsvc web masters {{h1 x}}", hosts(HOSTS_MAX));
    assert_eq!(
        problem(&one_more),
        "policy.tcl:2: failsvc web: at most 1000 hosts in a policy"
    );
    assert_eq!(
        problem(&hosts(HOSTS_MAX + 1)),
        "policy.tcl:1: failhost h1000: at most 1000 hosts in a policy"
    );
}

#[test]
fn files_and_directories_are_read_in_order() {
    let dir = Dir::new();
    std::fs::create_dir(dir.0.join("d")).unwrap();
    dir.file("d/20-b.tcl", "lappend order b");
    dir.file("d/10-a.tcl", "lappend order a");
    dir.file("d/ignored.txt", "error ignored");
    let first = dir.file("first.tcl", "lappend order first");
    let last = dir.file(
        "last.tcl",
        &format!("failsvc web {SCRIPTS} masters $order\nsource [file join [file dirname [info script]] inner.tcl]"),
    );
    dir.file("inner.tcl", "set x 1\nfailsvc web lonely perhaps");
    let files = [first, dir.0.join("d"), last];
    assert_eq!(
        without(&dir.0, &load(&files).unwrap_err()),
        "inner.tcl:2: failsvc web: lonely: bad word \"perhaps\": must be stop or keep"
    );
    dir.file("inner.tcl", "");
    let policy = load(&files).unwrap().policy;
    let masters = ["first", "a", "b"].map(name);
    assert_eq!(policy.services[&name("web")].masters, masters);
    // A combination that makes no sense is blamed on the file that completed it.
    dir.file("d/30-c.tcl", "\nfailsvc web slaves a");
    assert_eq!(
        without(&dir.0, &load(&files).unwrap_err()),
        "d/30-c.tcl:2: failsvc web: host \"a\" is both master and slave; it can only be one"
    );
}

#[test]
fn files_that_are_not_there_are_named() {
    let dir = Dir::new();
    let missing = load(&[dir.0.join("missing.tcl")]).unwrap_err();
    assert_eq!(missing.line, None);
    assert_eq!(
        without(&dir.0, &missing),
        "missing.tcl: couldn't read file \"missing.tcl\": no such file or directory"
    );
    let empty = load(std::slice::from_ref(&dir.0)).unwrap_err();
    assert_eq!(empty.sentence, "no file in this directory ends in .tcl");
}

#[test]
fn an_error_names_the_file_as_the_administrator_did() {
    let dir = Dir::new();
    let file = dir.file("policy.tcl", "nonsense");
    let here = std::env::current_dir().unwrap();
    let up = "../".repeat(here.components().count() - 1);
    let relative = PathBuf::from(format!(
        "{up}{}",
        file.display().to_string().trim_start_matches('/')
    ));
    let error = load(std::slice::from_ref(&relative)).unwrap_err();
    assert_eq!(error.file, relative.display().to_string());
    assert_eq!(error.line, Some(1));
}

#[test]
fn the_normal_form_reads_back_to_the_same_and_is_its_own_normal_form() {
    let policies = [
        format!("failsvc web {SCRIPTS}"),
        r#"failsvc web masters {a b} interval 0.05 slaves c delay 90 timeout 1.5
           failsvc web confirm {0 1us} lonely keep reclaim {return UP}
           failsvc web start {
               # a comment with a brace \{
               if {[catch {exec ip addr add 192.0.2.1/24 dev eth0} e]} { return "FAIL" }
               set x "$e \[ \\"
               return UP
           }
           failsvc web stop "return \\\n RECOVER ;# \}"
           failhost b community {it's"a"$key[x]\\} timeout 20ms
           failhost unused port 1847
           failhost a address fe80::1%eth0 port 99
           failsvc names start {return UP} stop {list 😀 é}
           failsvc é start "return UP\u0000\r\x1a" stop { }
           failsvc é stop {bringdown} check {return [lindex {a "} 0]} checkinterval 50ms
           failsvc é checkrecover yes rise 7 fall 1 failback off retry {0.5 1.001 2d} community "k"
           failtrap {w[a-z]*} change {exec logger -t failover "$::fail::service\{"}
           failtrap * * "fail log info \"\[dict get \$::fail::data reason]\""
           failtrap é fail {mail é}
           failtrap * up {mail 1}
           failtrap * up {mail 2}
           proc bringdown {{how {a b}} x args} {
               # don't
               return RECOVER
           }
           proc none {} {}"#
            .to_string(),
        // Such a proc is in force from where it stands, and everything before it was meant.
        r#"failhost b address 192.0.2.1
           failsvc web masters b start {return UP} stop {return RECOVER}
           failtrap * * {mail 1}
           package require failover::exec
           foreach name {failhost failsvc failtrap package} { proc $name args { return $args } }
           proc a {} {}
           proc z {} {}
           proc proc args {}"#
            .to_string(),
    ];
    for policy in policies {
        let loaded = load_text(&policy).unwrap_or_else(|e| panic!("{e}"));
        let text = normal_form(&loaded);
        let again = load_text(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(again.policy, loaded.policy, "{text}");
        assert_eq!(again.procs, loaded.procs, "{text}");
        assert_eq!(normal_form(&again), text);
    }
}

#[test]
fn the_normal_form_is_what_one_would_write() {
    let loaded: Loaded = load_text(
        "proc up {dev} {\n    return UP\n}
         failsvc web stop {return RECOVER} start {up eth0} interval .1 masters {a b} confirm 4
         failhost b port 4000
         failtrap web up {mail up}
         failtrap * splitbrain {mail help}
         failsvc web retry {30 2 10m} failback 1 checkrecover no checkinterval 5 check {up eth0}",
    )
    .unwrap();
    assert_eq!(
        normal_form(&loaded),
        "proc up dev {\n    return UP\n}\n\
         failhost b port 4000\n\
         failsvc web interval 100ms masters {a b} start {up eth0} stop {return RECOVER} check {up eth0} \
         checkinterval 5s retry 30s\n\
         failtrap web up {mail up}\n\
         failtrap * splitbrain {mail help}\n"
    );
}

#[test]
fn files_are_utf8_whatever_the_locale_says() {
    let dir = Dir::new();
    let file = dir.file(
        "policy.tcl",
        &format!("failsvc wéb {SCRIPTS}\nfailhost h community {{é€\u{1F600}}}"),
    );
    let me = std::env::current_exe().unwrap();
    for (variable, value) in [
        ("LC_ALL", "C"),
        ("LANG", ""),
        ("LC_ALL", "de_DE.ISO-8859-1"),
    ] {
        let output = Command::new(&me)
            .args(["--ignored", "--exact", "child_reads_utf8"])
            .env_remove("LC_ALL")
            .env_remove("LANG")
            .env(variable, value)
            .env("POLICY_OF_CHILD", &file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
#[ignore = "run by files_are_utf8_whatever_the_locale_says"]
fn child_reads_utf8() {
    let file = std::env::var("POLICY_OF_CHILD").unwrap();
    let policy = load(&[PathBuf::from(file)]).unwrap().policy;
    assert!(policy.services.contains_key(&name("wéb")));
    assert_eq!(policy.hosts[&name("h")].community, "é€\u{1F600}");
}
