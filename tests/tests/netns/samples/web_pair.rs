//! `samples/web-pair`, with its own pace of checks. How it stands everything else is told in the
//! files beside this folder.

use std::time::Instant;

use super::super::lab::{BOUND, Lab};

/// The pair, without what the lab adds.
fn pair(test: &str) -> Option<Lab> {
    let lab = Lab::furnished(test, &["hosta", "hostb"], |host, all| {
        host.web_pair(all);
        host.policy.pop();
    })?;
    lab.settles_on("hosta", Instant::now());
    Some(lab)
}

#[test]
fn nginx_dies_and_the_other_host_serves_until_it_is_tried_again() {
    let Some(mut lab) = pair("nginx-dies") else {
        return;
    };
    let begin = Instant::now();
    lab.host("hosta").kill_nginx("nginx");
    let fail = lab.host("hosta").log().line(begin, "UP -> FAIL", BOUND);
    assert!(fail.text.contains("nginx"), "{}", fail.text);
    let served = lab.client.served_by("hostb", begin, BOUND);
    let back = lab.settles_on("hosta", served);
    println!(
        "nginx dies: FAIL after {:.0?}, served by hostb after {:.0?}, by hosta again after {:.0?}",
        fail.at - begin,
        served - begin,
        back - begin
    );
    assert_eq!(lab.client.servers(served), ["hostb", "hosta"]);
}

#[test]
fn a_host_without_its_cable_stops_by_itself() {
    let Some(mut lab) = pair("no-cable") else {
        return;
    };
    let then = Instant::now();
    lab.cable("hosta", "down");
    let served = lab.client.served_by("hostb", then, BOUND);
    // Three checks of two seconds; then an nginx that waits for a visitor whom the cable has taken
    // away is given five seconds, and five more.
    let fail = lab.host("hosta").log().line(then, "UP -> FAIL", 3 * BOUND);
    assert!(fail.text.contains("no carrier"), "{}", fail.text);
    lab.owned_by(&["hostb"]);
    println!(
        "no cable: served by hostb after {:.0?}, hosta stops after {:.0?}",
        served - then,
        fail.at - then
    );
    lab.cable("hosta", "up");
    let again = Instant::now();
    let served = lab.settles_on("hosta", again);
    println!(
        "the cable again: served by hosta after {:.0?}",
        served - again
    );
}
