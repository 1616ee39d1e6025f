//! A host that loses its power and is booted again.

use std::time::Instant;

use super::host::marked;
use super::lab::{BOUND, Lab};

#[test]
fn a_host_that_is_booted_again_says_so_and_then_gets_its_service_back() {
    let Some(mut lab) = Lab::new("reboot", &["hosta", "hostb"]) else {
        return;
    };
    let then = lab.host("hosta").power_off();
    let served = lab.settles_on("hostb", then);
    println!(
        "power off: the client is served by hostb after {:.0?}",
        served - then
    );

    let hosta = lab.host("hosta");
    hosta.connect();
    hosta.start_faild();
    let record = hosta.says("to be rebooted", |record| record["reason"] == "rebooted");
    assert_eq!(record["state"], "FAIL");
    assert!(marked(&record, "unpublished"), "{record}");
    // Nobody claims anything for hosta yet.
    lab.client.goes_on(40, BOUND);
    assert_eq!(lab.owners(), ["hostb"]);

    let again = Instant::now();
    lab.host("hosta").start_failsh();
    let ready = lab.host("hosta").log().line(again, "-> RECOVER", BOUND);
    let served = lab.settles_on("hosta", again);
    let (failed, of) = lab.client.failed(again);
    println!(
        "booted: RECOVER after {:.0?} ({}), served by hosta after {:.0?}; {failed} of {of} \
         requests failed",
        ready.at - again,
        ready.text,
        served - again
    );
}
