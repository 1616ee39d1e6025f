//! Hosts and daemons that stand still for a while and then go on as if nothing had been, as
//! virtual machines do.

use std::time::Instant;

use nix::sys::signal::Signal;

use super::host::Host;
use super::lab::{BOUND, Lab};

fn freeze(host: &Host, signal: Signal) {
    for daemon in [&host.faild, &host.failsh] {
        daemon.as_ref().unwrap().signal(signal);
    }
}

#[test]
fn a_host_that_stood_still_takes_its_service_back_and_is_found_again() {
    let Some(mut lab) = Lab::new("frozen", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    freeze(lab.host("hosta"), Signal::SIGSTOP);
    let served = lab.client.served_by("hostb", then, BOUND);
    // The kernel of hosta goes on answering; only its daemons stand still.
    lab.owned_by(&["hosta", "hostb"]);
    lab.host("hostb")
        .says("to be UP", |record| record["state"] == "UP");
    println!(
        "frozen: the client is served by hostb after {:.0?}",
        served - then
    );

    let again = Instant::now();
    freeze(lab.host("hosta"), Signal::SIGCONT);
    let served = lab.settles_on("hosta", again);
    println!(
        "goes on: the client is served by hosta after {:.0?}",
        served - again
    );
}

#[test]
fn a_faild_that_hangs_is_as_good_as_dead_until_it_goes_on() {
    let Some(mut lab) = Lab::new("hangs", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    let faild = lab.host("hosta").faild.as_ref().unwrap();
    faild.signal(Signal::SIGSTOP);
    lab.host("hosta").log().line(then, "running stop", BOUND);
    lab.owned_by(&["hostb"]);
    let served = lab.client.served_by("hostb", then, BOUND);
    println!(
        "faild hangs: the client is served by hostb after {:.0?}",
        served - then
    );

    let again = Instant::now();
    let faild = lab.host("hosta").faild.as_ref().unwrap();
    faild.signal(Signal::SIGCONT);
    let served = lab.settles_on("hosta", again);
    let (failed, of) = lab.client.failed(again);
    println!(
        "faild goes on: served by hosta after {:.0?}; {failed} of {of} requests failed",
        served - again
    );
}
