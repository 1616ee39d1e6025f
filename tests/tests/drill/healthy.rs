//! Drills that come to their end.

use std::net::TcpListener;

use fail_core::limits::SUBSCRIPTIONS_EACH_MAX;
use fail_wire::State;
use serde_json::Value;

use super::ring::{QUICK, Ring, json};

/// Scripts that take their time.
const SLOW: &str = "start {exec sleep 0.2; return UP} stop {exec sleep 0.1; return RECOVER}";

/// A script takes as long as it sleeps, less what a moment is rounded by.
fn at_least(value: &Value, ms: i64, object: &Value) {
    let is = value.as_i64();
    let finest = object["resolution_ms"].as_i64().unwrap();
    assert!(
        is.is_some_and(|is| is >= ms - 2 * finest),
        "{value} < {ms}: {object}"
    );
}

#[test]
fn it_goes_there_and_back_and_every_part_is_measured() {
    let ring = Ring::of(&[("hosta", SLOW), ("hostb", SLOW)]);
    let far = [
        "--stop",
        "--detection",
        "--start",
        "--gap",
        "--overlap",
        "--takeover",
        "--handback",
        "--total",
    ];
    let far: Vec<&str> = far.iter().flat_map(|name| [*name, "1h"]).collect();
    for way in [&[][..], &["-T"]] {
        let out = ring
            .drill(&[&["--yes", "-j"], &far[..], way].concat())
            .done();
        let object = json(&out);
        assert_eq!(object["outcome"], "met", "{object}");
        assert_eq!(object["problems"], Value::Array(Vec::new()), "{object}");
        let (a, b) = (ring.address(0), ring.address(1));
        assert_eq!(
            (&object["from"], &object["to"]),
            (&Value::from(&*a), &Value::from(&*b))
        );
        let ways = object["ways"].as_array().unwrap();
        for (no, (word, from, to)) in [("there", &a, &b), ("back", &b, &a)].iter().enumerate() {
            let way = &ways[no];
            let told = [&way["way"], &way["from"], &way["to"]];
            assert_eq!(
                told,
                [
                    &Value::from(*word),
                    &Value::from(&***from),
                    &Value::from(&***to)
                ]
            );
            at_least(&way["stop_ms"], 100, &object);
            at_least(&way["detection_ms"], 0, &object);
            at_least(&way["start_ms"], 200, &object);
            at_least(&way["gap_ms"], 200, &object);
            at_least(&way["whole_ms"], 300, &object);
            assert_eq!(way["overlap_ms"], 0, "{object}");
            // Nobody for the whole gap, and at no other time.
            let moments = way["moments"].as_array().unwrap();
            let [gap] = &moments[..] else {
                panic!("{object}");
            };
            assert_eq!(
                (&gap["ms"], &gap["up"]),
                (&way["gap_ms"], &Value::Array(vec![]))
            );
        }
        at_least(&object["total_ms"], 600, &object);
        let verdicts = object["objectives"].as_array().unwrap();
        assert_eq!(verdicts.len(), 5 * 2 + 3, "{object}");
        assert!(
            verdicts.iter().all(|verdict| verdict["met"] == true),
            "{object}"
        );
        ring.settles();
    }
}

#[test]
fn the_failsh_of_a_host_knows_who_serves_and_people_read_it() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK), ("hostc", QUICK)]);
    for host in [0, 1, 2] {
        let out = ring.drill_at(host, &["--yes", "--overlap", "0"]).done();
        let mut lines = out.lines();
        let local = own_name(&ring, host);
        let name = |no: usize| match no == host {
            true => local.as_str(),
            false => ring.0[no].name,
        };
        let first = format!("web: {} -> {} -> {}", name(0), name(1), name(0));
        assert_eq!(lines.next(), Some(first.as_str()), "{out}");
        let last = format!(
            "now: {} UP, {} RECOVER, {} RECOVER",
            name(0),
            name(1),
            name(2)
        );
        assert_eq!(out.lines().last(), Some(last.as_str()), "{out}");
        for line in [
            "there ",
            "back ",
            "total ",
            "overlap there at most 0: 0ms, met",
        ] {
            assert!(out.lines().any(|is| is.starts_with(line)), "{line}: {out}");
        }
        assert!(!out.contains("not seen"), "{out}");
        ring.settles();
    }
}

/// What a failsh calls its own host.
fn own_name(ring: &Ring, host: usize) -> String {
    let object = json(&ring.drill_at(host, &["--check", "-j"]).done());
    object["hosts"][host]["host"].as_str().unwrap().to_string()
}

#[test]
fn an_objective_that_is_missed_has_an_exit_code() {
    let ring = Ring::of(&[("hosta", SLOW), ("hostb", SLOW)]);
    let options = ["--yes", "--start", "50ms", "--gap", "1h"];
    let outcome = ring.drill(&options);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert_eq!(outcome.out.matches(", MISSED\n").count(), 2, "{outcome:?}");
    assert_eq!(outcome.out.matches(", met\n").count(), 2, "{outcome:?}");
    assert!(!outcome.err.contains("unfinished"), "{outcome:?}");
    ring.settles();
    let outcome = ring.drill(&["-q", "--yes", "--total", "1us"]);
    assert_eq!(
        (outcome.code, outcome.out.as_str()),
        (Some(3), ""),
        "{outcome:?}"
    );
    ring.settles();
}

#[test]
fn check_changes_nothing() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK)]);
    let before = ring.versions();
    let said = ring.drill(&["--check"]).done();
    assert!(said.starts_with("web: a drill is allowed\nnow: "), "{said}");
    let object = json(&ring.drill_at(1, &["--check", "-j"]).done());
    assert_eq!(object["outcome"], "allowed");
    assert_eq!(object["hosts"][0]["state"], "UP", "{object}");
    assert_eq!(ring.versions(), before);
}

#[test]
fn a_failsh_that_keeps_what_it_serves_is_no_surprise() {
    let keep = format!("{QUICK} failback no");
    let ring = Ring::of(&[("hosta", &keep), ("hostb", &keep)]);
    // Known beforehand.
    let before = ring.versions();
    let refused = ring.drill_at(0, &["--yes"]).failed(4);
    assert!(refused.contains("failback no"), "{refused}");
    assert_eq!(ring.versions(), before);
    // Only there.
    let out = ring
        .drill_at(
            0,
            &["-j", "--yes", "--stay", "0", "--no-back", "--total", "1h"],
        )
        .done();
    let object = json(&out);
    assert_eq!(object["ways"].as_array().map(Vec::len), Some(1), "{object}");
    assert_eq!(object["objectives"][0]["met"], true, "{object}");
    ring.0[0].becomes("RECOVER");
    ring.0[1].becomes("UP");
    // As the page says, it is brought back.
    for verb in ["away", "back"] {
        ring.0[1].faild.failc(&[verb, "web"]).done();
        ring.0[0].is_in(State::Up);
    }
    ring.settles();
    // Not known.
    let outcome = ring.drill(&["--yes", "--within", "500ms"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.err.contains("failback no"), "{outcome:?}");
    assert!(outcome.err.contains(&ring.address(1)), "{outcome:?}");
    ring.0[0].becomes("RECOVER");
    ring.0[1].becomes("UP");
}

#[test]
fn a_probe_counts_what_those_see_who_use_the_service() {
    let ring = Ring::of(&[("hosta", SLOW), ("hostb", SLOW)]);
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("tcp:{}", door.local_addr().unwrap());
    let out = ring
        .drill(&["-j", "--yes", "--probe", &at, "--outage", "1h"])
        .done();
    let object = json(&out);
    let probe = &object["probe"];
    assert_eq!(
        (&probe["at"], &probe["failed"]),
        (&Value::from(&*at), &Value::from(0))
    );
    assert!(
        probe["attempts"].as_u64().is_some_and(|all| all > 5),
        "{object}"
    );
    for way in object["ways"].as_array().unwrap() {
        assert!(way["outage_ms"].is_i64(), "{object}");
    }
    assert_eq!(object["objectives"].as_array().map(Vec::len), Some(2));
    ring.settles();
    // One that fails from the beginning measures nothing.
    let before = ring.versions();
    drop(door);
    let refused = ring.drill(&["--yes", "--probe", &at]).failed(4);
    assert!(refused.contains("the probe fails before"), "{refused}");
    assert_eq!(ring.versions(), before);
}

#[test]
fn a_faild_that_can_tell_no_more_is_asked_often() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK)]);
    let name = ["web".parse().unwrap()];
    let failds = ring.0.iter().map(|host| &host.faild);
    let everybody: Vec<_> = failds
        .flat_map(|faild| (0..SUBSCRIPTIONS_EACH_MAX).map(|_| faild.client("public")))
        .map(|client| client.watch(&name).unwrap())
        .collect();
    let out = ring
        .drill(&["--yes", "--stay", "0", "--overlap", "0"])
        .done();
    assert!(!out.contains("not seen"), "{out}");
    drop(everybody);
}
