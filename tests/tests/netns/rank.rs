//! Three hosts in their order, and administrators who move a service on purpose.

use std::time::{Duration, Instant};

use super::lab::{BOUND, Lab};

#[test]
fn of_three_hosts_the_highest_that_lives_serves() {
    let Some(mut lab) = Lab::new("three", &["hosta", "hostb", "hostc"]) else {
        return;
    };
    let mut told = Vec::new();
    let mut tell = |what: &str, took: Duration| told.push(format!("{what} after {took:.0?}"));
    let then = lab.host("hosta").power_off();
    tell("hostb serves", lab.settles_on("hostb", then) - then);
    let then = lab.host("hostb").power_off();
    tell("hostc serves", lab.settles_on("hostc", then) - then);
    for name in ["hostb", "hosta"] {
        let host = lab.host(name);
        host.connect();
        let then = host.start_all();
        tell(
            &format!("{name} is back"),
            lab.settles_on(name, then) - then,
        );
    }
    println!("three hosts: {}", told.join(", "));
}

#[test]
fn a_service_that_is_sent_away_is_stopped_here_before_it_is_started_there() {
    let Some(mut lab) = Lab::new("away", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    lab.host("hosta")
        .failc(&["away", "web", "the kernel is changed"]);
    let stop = lab.host("hosta").log().line(then, "UP -> FAIL", BOUND);
    let start = lab.host("hostb").log().line(then, "running start", BOUND);
    let served = lab.settles_on("hostb", then);
    assert!(
        stop.at <= start.at,
        "hostb started before hosta had stopped"
    );
    let (failed, of) = lab.client.failed(then);
    println!(
        "away: stopped after {:.0?}, started after {:.0?}, served by hostb after {:.0?}; \
         {failed} of {of} requests failed, outage {:.0?}",
        stop.at - then,
        start.at - then,
        served - then,
        lab.client.outage(then)
    );

    let then = Instant::now();
    lab.host("hosta").failc(&["back", "web"]);
    let stop = lab.host("hostb").log().line(then, "UP -> RECOVER", BOUND);
    let start = lab.host("hosta").log().line(then, "running start", BOUND);
    let served = lab.settles_on("hosta", then);
    assert!(
        stop.at <= start.at,
        "hosta started before hostb had stopped"
    );
    let (failed, of) = lab.client.failed(then);
    println!(
        "back: stopped after {:.0?}, started after {:.0?}, served by hosta after {:.0?}; \
         {failed} of {of} requests failed, outage {:.0?}",
        stop.at - then,
        start.at - then,
        served - then,
        lab.client.outage(then)
    );
}

#[test]
fn a_planned_switch_over_does_not_wait_for_the_next_round() {
    let Some(mut lab) = Lab::new("told", &["hosta", "hostb"]) else {
        return;
    };
    lab.settles_on("hosta", Instant::now());
    // From now on nobody asks again within the time of this test.
    for name in ["hosta", "hostb"] {
        let host = lab.host(name);
        let then = Instant::now();
        host.reload("failsvc web interval 10m checkinterval 10m\n");
        host.log().line(then, "the policy is in force", BOUND);
    }
    for (verb, next) in [("away", "hostb"), ("back", "hosta")] {
        let then = Instant::now();
        lab.host("hosta").failc(&[verb, "web"]);
        let served = lab.settles_on(next, then);
        println!(
            "{verb}: {next} serves after {:.0?}, at an interval of 10 min",
            served - then
        );
    }
}
