//! Daemons that die while their host lives on.

use std::time::Instant;

use super::host::marked;
use super::lab::{BOUND, Lab};

#[test]
fn nobody_takes_over_when_failsh_dies_and_a_new_one_goes_on_where_it_was() {
    let Some(mut lab) = Lab::new("failsh-dies", &["hosta", "hostb"]) else {
        return;
    };
    let before = lab.host("hosta").record().unwrap();
    let then = Instant::now();
    lab.host("hosta").failsh.as_mut().unwrap().kill();
    lab.host("hosta").says("to be unsupervised", |record| {
        marked(record, "unsupervised")
    });
    let unsupervised = then.elapsed();
    // Several rounds of hostb later.
    lab.client.goes_on(60, BOUND);
    assert_eq!(lab.owners(), ["hosta"]);
    let record = lab.host("hosta").record().unwrap();
    assert_eq!(record["state"], "UP");
    assert_eq!(record["version"], before["version"]);
    assert_eq!(lab.host("hostb").log().count(then, "running start"), 0);

    let again = Instant::now();
    lab.host("hosta").start_failsh();
    lab.host("hosta")
        .log()
        .line(again, "service web: found UP", BOUND);
    let supervised = |record: &_| !marked(record, "unsupervised");
    let record = lab.host("hosta").says("to be supervised", supervised);
    lab.client.goes_on(60, BOUND);
    assert_eq!(
        record["version"], before["version"],
        "it was published anew: {record}"
    );
    let log = lab.host("hosta").log();
    assert_eq!(log.count(again, "running"), 0, "a script ran");
    assert_eq!(log.count(again, " -> "), 0, "a transition");
    assert_eq!(lab.owners(), ["hosta"]);
    let (failed, of) = lab.client.failed(then);
    println!(
        "failsh dies: unsupervised after {unsupervised:.0?}; {failed} of {of} requests failed"
    );
    assert_eq!(failed, 0);
}

#[test]
fn a_host_whose_faild_dies_gives_way_and_takes_back_with_a_new_one() {
    let Some(mut lab) = Lab::new("faild-dies", &["hosta", "hostb"]) else {
        return;
    };
    let then = Instant::now();
    lab.host("hosta").faild.as_mut().unwrap().kill();
    lab.host("hosta").faild = None;
    let stop = lab.host("hosta").log().line(then, "running stop", BOUND);
    assert!(
        stop.text.contains("the local faild is silent"),
        "{}",
        stop.text
    );
    let start = lab.host("hostb").log().line(then, "running start", BOUND);
    let served = lab.settles_on("hostb", then);
    println!(
        "faild dies: hosta stops after {:.0?}, hostb starts after {:.0?}, the client is served \
         after {:.0?}",
        stop.at - then,
        start.at - then,
        served - then
    );

    let again = Instant::now();
    lab.host("hosta").start_faild();
    let served = lab.settles_on("hosta", again);
    let (failed, of) = lab.client.failed(again);
    println!(
        "faild is back: served by hosta after {:.0?}; {failed} of {of} requests failed",
        served - again
    );
}

#[test]
fn when_both_daemons_die_the_other_host_serves_and_gives_back_when_they_return() {
    let Some(mut lab) = Lab::new("both-die", &["hosta", "hostb"]) else {
        return;
    };
    let then = lab.host("hosta").kill_daemons();
    // Without daemons there is nobody on hosta who could remove its address: failover(7) says
    // so ("Both die") and asks for a service manager that starts both again. The client is
    // served by hostb all the same, since hostb has announced the address.
    let served = lab.client.served_by("hostb", then, BOUND);
    lab.owned_by(&["hosta", "hostb"]);
    println!(
        "both die: the client is served by hostb after {:.0?}",
        served - then
    );

    let again = Instant::now();
    lab.host("hosta").start_faild();
    lab.host("hosta").start_failsh();
    let served = lab.settles_on("hosta", again);
    let log = lab.host("hosta").log();
    log.line(again, "service web: found UP", BOUND);
    log.line(again, "running reclaim", BOUND);
    assert_eq!(log.count(again, "running start"), 0);
    println!(
        "both return: the client is served by hosta after {:.0?}",
        served - again
    );
}

#[test]
fn a_failsh_that_returns_after_its_faild_makes_sure_that_it_is_found_again() {
    let Some(mut lab) = Lab::new("late", &["hosta", "hostb"]) else {
        return;
    };
    let then = lab.host("hosta").kill_daemons();
    lab.client.served_by("hostb", then, BOUND);
    // hostb hears that hosta is UP, and gives way while there is no failsh on hosta: that one
    // finds an UP that the neighbours of both hosts have long forgotten.
    lab.host("hosta").start_faild();
    lab.owned_by(&["hosta"]);
    let again = Instant::now();
    lab.host("hosta").start_failsh();
    let served = lab.settles_on("hosta", again);
    println!(
        "failsh returns after faild: the client is served by hosta after {:.0?}",
        served - again
    );
}
