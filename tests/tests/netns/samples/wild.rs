//! `samples/wild`: a policy in the words of twenty years ago, with ifconfig, that of net-tools
//! and, so that it is tested everywhere, a stand-in.

use std::path::Path;
use std::time::Instant;

use failover_tests::skipped;

use super::super::host::Host;
use super::super::lab::{BOUND, Lab, SERVICE};
use super::{sample, stand_ins};

fn furnish(host: &mut Host) {
    let broadcast = ("192.0.2.255", "10.77.0.255");
    if host.name == "hosta" {
        sample(host, "wild", &[broadcast]);
    } else {
        // As its README says.
        let changes = [
            broadcast,
            ("masters  {}", "masters  {hosta}"),
            ("slaves   {hostb}", "slaves   {}"),
            ("failhost hostb", "failhost hosta"),
            ("192.0.2.12", "192.0.2.11"),
        ];
        sample(host, "wild", &changes);
    }
    // Its community is `public`.
    host.readable_by("public");
    host.start_nginx();
}

fn serves(lab: &Lab, name: &str, then: Instant) -> String {
    let served = lab.service_settles_on(("ipaddr", SERVICE), &lab.client, name, then);
    format!("{name} serves after {:.0?}", served - then)
}

fn story(mut lab: Lab) {
    // Whoever is ready first may serve for a moment.
    serves(&lab, "hosta", Instant::now());
    let begin = Instant::now();
    // It may be sent away faster than somebody asks.
    lab.client.goes_on(1, BOUND);
    let label = lab
        .host("hosta")
        .namespace
        .ip("-4 -o address show label eth0:1");
    assert!(
        label.contains(&format!("{SERVICE}/24 brd 10.77.0.255")),
        "{label}"
    );
    let then = Instant::now();
    lab.host("hosta").failc(&["away", "ipaddr"]);
    println!("wild: away, {}", serves(&lab, "hostb", then));
    let then = Instant::now();
    lab.host("hosta").failc(&["back", "ipaddr"]);
    println!("wild: back, {}", serves(&lab, "hosta", then));
    let then = lab.host("hosta").power_off();
    println!("wild: hosta dies, {}", serves(&lab, "hostb", then));
    let host = lab.host("hosta");
    host.connect();
    host.start_nginx();
    let then = host.start_all();
    println!("wild: hosta returns, {}", serves(&lab, "hosta", then));
    lab.client.goes_on(40, BOUND);
    let order = ["hosta", "hostb", "hosta", "hostb", "hosta"];
    assert_eq!(lab.client.servers(begin), order);
}

#[test]
fn a_policy_from_the_wild_works_as_it_is() {
    let names = ["hosta", "hostb"];
    let lab = Lab::furnished("wild", &names, |host, _| {
        furnish(host);
        host.environment = vec![stand_ins()];
    });
    if let Some(lab) = lab {
        story(lab);
    }
}

#[test]
fn it_works_with_the_ifconfig_of_net_tools() {
    let there = ["/sbin/ifconfig", "/usr/sbin/ifconfig"];
    if !there.iter().any(|path| Path::new(path).exists()) {
        skipped("no ifconfig (Debian: apt-get install net-tools)");
        return;
    }
    let names = ["hosta", "hostb"];
    if let Some(lab) = Lab::furnished("net-tools", &names, |host, _| furnish(host)) {
        story(lab);
    }
}
