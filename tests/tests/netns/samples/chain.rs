//! `samples/chain`: an address on four hosts in their order.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::super::host::Host;
use super::super::lab::{BOUND, Lab};
use super::super::process::wait;
use super::sample;

const HOSTS: [&str; 4] = ["hosta", "hostb", "hostc", "hostd"];

/// The lab, with hosta serving; and when that began.
fn chain(test: &str) -> Option<(Lab, Instant)> {
    let lab = Lab::furnished(test, &HOSTS, |host, _| {
        let sendmail = host.folder.write(
            "sendmail",
            format!("#!/bin/sh\nexec cat >>{}\n", host.folder.file("mails")),
        );
        fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o755)).unwrap();
        let mail = "mail -to ops@example.org";
        sample(
            host,
            "chain",
            &[(mail, &format!("{mail} -sendmail {sendmail}"))],
        );
        host.start_nginx();
    })?;
    // Whoever is ready first may serve for a moment.
    let begin = lab.settles_on("hosta", Instant::now());
    Some((lab, begin))
}

/// Waits until somebody has got a mail from this host in which these words are.
fn mailed(host: &Host, words: &str) {
    wait(&format!("a mail of {}: {words}", host.name), BOUND, || {
        let mails = fs::read_to_string(host.folder.file("mails")).unwrap_or_default();
        match mails.contains(words) {
            true => Ok(()),
            false => Err(mails),
        }
    });
}

#[test]
fn of_four_hosts_exactly_one_serves_while_they_die_and_return() {
    let Some((mut lab, begin)) = chain("chain") else {
        return;
    };
    let mut told = Vec::new();
    for (dies, serves) in HOSTS.into_iter().zip(&HOSTS[1..]) {
        let then = lab.host(dies).power_off();
        let took = lab.settles_on(serves, then) - then;
        told.push(format!("{dies} dies: {serves} after {took:.0?}"));
        mailed(lab.host(serves), "takeover");
    }
    for (returns, serves) in [("hostc", "hostc"), ("hosta", "hosta"), ("hostb", "hosta")] {
        let host = lab.host(returns);
        host.connect();
        host.start_nginx();
        let then = host.start_all();
        let took = lab.settles_on(serves, then) - then;
        told.push(format!("{returns} returns: {serves} after {took:.0?}"));
    }
    mailed(lab.host("hostd"), "handback");
    mailed(lab.host("hostc"), "handback");
    // Nobody was served by two in turn.
    lab.client.goes_on(40, BOUND);
    let order = ["hosta", "hostb", "hostc", "hostd", "hostc", "hosta"];
    assert_eq!(lab.client.servers(begin), order);
    println!("chain: {}", told.join("; "));
}

#[test]
fn a_host_whose_web_server_is_dead_is_passed_over() {
    let Some((mut lab, _)) = chain("passed") else {
        return;
    };
    // hostb would be next, but its web server is dead, and it knows that before its turn.
    lab.host("hostb").kill_nginx("nginx");
    let broken = lab
        .host("hostb")
        .says("to be FAIL", |record| record["state"] == "FAIL");
    let reason = broken["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("curl"), "{reason}");
    // Then that of hosta dies.
    let then = Instant::now();
    lab.host("hosta").kill_nginx("nginx");
    let served = lab.settles_on("hostc", then);
    println!("web server dead: hostc serves after {:.0?}", served - then);
    mailed(lab.host("hosta"), "fail");
    let then = Instant::now();
    lab.host("hosta").start_nginx();
    let served = lab.settles_on("hosta", then);
    println!("web server back: hosta serves after {:.0?}", served - then);
}
