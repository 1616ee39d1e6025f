//! hc beside failsh: a web server that answers, but with an error, while its process runs well. No
//! check of a process finds that. Its host is sent away, and called back when it serves again.

use std::time::Instant;

use failover_tests::program;

use super::host::Host;
use super::lab::{BOUND, Lab, SERVICE};
use super::process::Process;

/// Only the address is moved: nginx runs on every host, so that hc sees when it is well again.
fn policy(host: &mut Host, all: &[(String, std::net::Ipv4Addr)]) {
    let place = all.iter().position(|(name, _)| *name == host.name).unwrap();
    let names = |hosts: &[(String, std::net::Ipv4Addr)]| -> String {
        let names: Vec<&str> = hosts.iter().map(|(name, _)| name.as_str()).collect();
        names.join(" ")
    };
    let mut text = String::new();
    for (name, address) in all.iter().filter(|(name, _)| *name != host.name) {
        text += &format!(
            "failhost {name} address {address} community {}\n",
            super::host::SHARED
        );
    }
    text += &format!(
        "proc up {{}} {{\n    exec ip address replace {SERVICE}/24 dev eth0\n    \
         exec arping -A -c 1 -I eth0 {SERVICE}\n    return UP\n}}\n\
         proc down {{}} {{\n    exec ip address flush dev eth0 to {SERVICE}/32\n    \
         return RECOVER\n}}\n\
         failsvc web masters {{{}}} slaves {{{}}} interval 300ms confirm {{4 25ms}} timeout 10s\n\
         failsvc web start up stop down reclaim up\n",
        names(&all[..place]),
        names(&all[place + 1..]),
    );
    host.policy = vec![host.folder.write("web.tcl", &text)];
    let broken = host.folder.file("broken");
    let name = &host.name;
    host.nginx_conf(
        "nginx",
        80,
        &format!(
            "location / {{ if (-f {broken}) {{ return 500 \"broken {name}\\n\"; }} root html; }}"
        ),
    );
    host.start_nginx();
}

/// hc on a host, with its own nginx as the one target.
fn hc(host: &Host) -> Process {
    let file = format!(
        "load http\nnginx:\n    interval 500ms\n    retry 100ms\n    timeout 500ms\n    rise 2\n    \
         fall 2\n    http http://127.0.0.1/ status=200 match={}\n    \
         on change failc web community={}\n",
        host.name,
        host.folder.file("community"),
    );
    let mut hc = host.namespace.command(program::path("hc"));
    hc.args([
        "-F",
        "-d",
        "action",
        "-f",
        &host.folder.write("Hcfile", &file),
    ]);
    let then = Instant::now();
    let hc = Process::start(&format!("hc of {}", host.name), hc);
    hc.line(then, "target nginx: pending -> up", BOUND);
    hc
}

#[test]
fn a_server_that_answers_with_an_error_is_moved_away_from_and_comes_back() {
    let Some(lab) = Lab::furnished("answers-500", &["hosta", "hostb"], policy) else {
        return;
    };
    lab.settles_on("hosta", Instant::now());
    let checkers: Vec<Process> = lab.hosts.iter().map(hc).collect();

    let begin = Instant::now();
    let broken = lab.hosts[0].folder.write("broken", "");
    let served = lab.settles_on("hostb", begin);
    let bad = |answer: &Result<String, String>| answer.as_deref() == Ok("broken hosta");
    let requests = lab.client.since(begin);
    let mut wrong = requests.iter().filter(|request| bad(&request.answer));
    let first = wrong.next().expect("the client has seen the error").began;
    println!(
        "500: first good answer {:.0?} after the first bad one",
        served - first
    );
    assert!(served - first < BOUND, "{:?}", served - first);
    let down = checkers[0].line(begin, "target nginx: up -> down", BOUND);
    assert!(down.text.contains("500"), "{}", down.text);
    let away = lab.hosts[0].says("to be away", |record| {
        record["marks"].to_string().contains("away")
    });
    let reason = away["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("away: hc: nginx: "), "{away}");
    // The process was well all the time: nobody has restarted it.
    assert!(lab.hosts[1].owns(SERVICE) && !lab.hosts[0].owns(SERVICE));

    let mended = Instant::now();
    std::fs::remove_file(broken).unwrap();
    checkers[0].line(mended, "target nginx: down -> up", BOUND);
    let served = lab.settles_on("hosta", mended);
    println!(
        "mended: served by hosta again after {:.0?}",
        served - mended
    );
    assert!(
        !lab.hosts[0].record().unwrap()["marks"]
            .to_string()
            .contains("away")
    );
    assert_eq!(lab.client.servers(served), ["hosta"]);
    for mut checker in checkers {
        checker.kill();
    }
}

#[test]
fn who_was_sent_away_by_a_person_is_not_called_back_by_hc() {
    let Some(lab) = Lab::furnished("away-by-hand", &["hosta", "hostb"], policy) else {
        return;
    };
    lab.settles_on("hosta", Instant::now());
    let checker = hc(&lab.hosts[0]);
    lab.hosts[0].failc(&["away", "web", "new disks"]);
    let then = Instant::now();
    lab.settles_on("hostb", then);
    let broken = lab.hosts[0].folder.write("broken", "");
    checker.line(then, "target nginx: up -> down", BOUND);
    let mended = Instant::now();
    std::fs::remove_file(broken).unwrap();
    checker.line(mended, "target nginx: down -> up", BOUND);
    // What hc does about it is done: nothing.
    checker.line(mended, "is done", BOUND);
    let record = lab.hosts[0].record().unwrap();
    assert!(record["marks"].to_string().contains("away"), "{record}");
    assert!(lab.hosts[1].owns(SERVICE), "{record}");
}
