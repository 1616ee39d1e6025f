//! Hosts that speak TCP and nothing else.

use std::time::Instant;

use super::host::Host;
use super::lab::{BOUND, Lab};

#[test]
fn over_tcp_a_dead_host_is_found_and_hands_over_and_back_as_over_udp() {
    let furnish = |host: &mut Host, all: &super::host::Ranks| {
        host.web_pair(all);
        host.tcp = true;
        let lines = all.iter().filter(|(name, _)| *name != host.name);
        let lines = lines.map(|(name, _)| format!("failhost {name} protocol tcp\n"));
        let lines: Vec<String> = lines.collect();
        host.add_policy("tcp.tcl", &lines.concat());
    };
    let Some(mut lab) = Lab::furnished("tcp", &["hosta", "hostb"], furnish) else {
        return;
    };
    lab.settles_on("hosta", Instant::now());

    let then = Instant::now();
    lab.host("hosta").failc(&["away", "web"]);
    println!("away after {:.0?}", lab.settles_on("hostb", then) - then);
    lab.host("hosta").failc(&["back", "web"]);
    lab.settles_on("hosta", Instant::now());

    // Its packets stop, and nobody resets the connection.
    let then = lab.host("hosta").power_off();
    println!(
        "dead: hostb serves after {:.0?}",
        lab.settles_on("hostb", then) - then
    );
    let host = lab.host("hosta");
    host.connect();
    let then = host.start_all();
    println!("back after {:.0?}", lab.settles_on("hosta", then) - then);

    // A faild that is started anew is found again over a new connection.
    let then = Instant::now();
    lab.host("hosta").kill_faild();
    let line = lab
        .host("hosta")
        .log()
        .line(then, "local faild is silent", BOUND);
    lab.host("hosta").start_faild();
    lab.host("hosta")
        .log()
        .line(line.at, "local faild answers again", BOUND);
    lab.settles_on("hosta", Instant::now());
}
