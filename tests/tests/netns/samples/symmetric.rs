//! `samples/symmetric`: two hosts, each the master of one service and the slave of the other's.
//! Both units are nginx, and a stand-in for systemctl starts them.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use super::super::client::Client;
use super::super::host::Host;
use super::super::lab::{BOUND, Lab};
use super::{sample, stand_ins};

const DNS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 101);

fn furnish(host: &mut Host) {
    sample(host, "symmetric", &[("192.0.2.20", &DNS.to_string())]);
    for (unit, port) in [("nginx", 80), ("named", 53)] {
        host.nginx_conf(unit, port, "root html;");
        let conf = host.folder.file(&format!("{unit}.conf"));
        let mut conf = OpenOptions::new().append(true).open(conf).unwrap();
        conf.write_all(b"daemon off;\n").unwrap();
        let words = format!("/usr/sbin/nginx {}\n", host.nginx_options(unit));
        host.folder.write(&format!("{unit}.service"), words);
    }
    let units = host.folder.path().display().to_string();
    host.environment = vec![stand_ins(), ("UNITS", units)];
}

#[test]
fn each_host_serves_its_own_and_when_one_dies_the_other_serves_both() {
    let names = ["hosta", "hostb"];
    let Some(mut lab) = Lab::furnished("symmetric", &names, |host, _| furnish(host)) else {
        return;
    };
    let dns = Client::start(&lab.outside.0, SocketAddr::from((DNS, 53)));
    let settle = |lab: &Lab, web: &str, of_dns: &str, then: Instant| {
        let web = lab.settles_on(web, then) - then;
        let of_dns = lab.service_settles_on(("dns", DNS), &dns, of_dns, then) - then;
        format!("web after {web:.0?}, dns after {of_dns:.0?}")
    };
    // Whoever is ready first may serve both for a moment.
    settle(&lab, "hosta", "hostb", Instant::now());
    let begin = Instant::now();
    for client in [&lab.client, &dns] {
        client.goes_on(10, BOUND);
    }
    for (dies, lives) in [("hosta", "hostb"), ("hostb", "hosta")] {
        let then = lab.host(dies).power_off();
        let took = settle(&lab, lives, lives, then);
        println!("symmetric: {dies} dies, {lives} serves {took}");
        let host = lab.host(dies);
        host.connect();
        let then = host.start_all();
        let took = settle(&lab, "hosta", "hostb", then);
        println!("symmetric: {dies} returns, each serves its own, {took}");
    }
    lab.client.goes_on(40, BOUND);
    assert_eq!(lab.client.servers(begin), ["hosta", "hostb", "hosta"]);
    assert_eq!(dns.servers(begin), ["hostb", "hosta", "hostb"]);
}
