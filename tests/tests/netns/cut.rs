//! Networks that are cut and heal.

use std::time::Instant;

use super::lab::{BOUND, Lab};

#[test]
fn a_cable_that_is_pulled_moves_the_service_and_plugged_in_again_moves_it_back() {
    let Some(mut lab) = Lab::new("cable", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    lab.cable("hosta", "down");
    let served = lab.client.served_by("hostb", then, BOUND);
    // A host that is cut off can not be told to stop.
    lab.owned_by(&["hosta", "hostb"]);
    println!(
        "cable pulled: the client is served by hostb after {:.0?}",
        served - then
    );

    let again = Instant::now();
    lab.cable("hosta", "up");
    let served = lab.settles_on("hosta", again);
    lab.host("hosta")
        .log()
        .line(again, "running reclaim", BOUND);
    println!(
        "cable plugged in: served by hosta after {:.0?}",
        served - again
    );
}

#[test]
fn hosts_that_can_not_hear_each_other_both_serve_until_they_can() {
    let Some(mut lab) = Lab::new("partition", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    lab.cut("on");
    // failover(7), "The network is cut": now it is UP on both sides, and the client goes to
    // the one that announced the address last.
    lab.owned_by(&["hosta", "hostb"]);
    let served = lab.client.served_by("hostb", then, BOUND);
    lab.host("hosta")
        .says("to be UP", |record| record["state"] == "UP");
    lab.host("hostb")
        .says("to be UP", |record| record["state"] == "UP");
    println!(
        "network cut: the client is served by hostb after {:.0?}",
        served - then
    );

    let again = Instant::now();
    lab.cut("off");
    let stop = lab.host("hostb").log().line(again, "running stop", BOUND);
    let reclaim = lab
        .host("hosta")
        .log()
        .line(again, "running reclaim", BOUND);
    let served = lab.settles_on("hosta", again);
    assert!(
        reclaim.at > stop.at,
        "hosta announced before hostb had given way"
    );
    assert_eq!(lab.host("hosta").log().count(again, "running reclaim"), 1);
    let (failed, of) = lab.client.failed(again);
    println!(
        "network healed: hostb stops after {:.0?}, hosta reclaims after {:.0?}, served after \
         {:.0?}; {failed} of {of} requests failed",
        stop.at - again,
        reclaim.at - again,
        served - again
    );
}
