//! A drill among real addresses: nginx behind a service address that the policy moves, seen by
//! somebody outside who uses it all the time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use failover_tests::program;

use super::ring::json;
use crate::netns::lab::{Lab, SERVICE};
use crate::netns::process::output;

#[test]
fn a_drill_sees_what_a_client_sees() {
    let Some(mut lab) = Lab::new("drill", &["hosta", "hostb"]) else {
        return;
    };
    // From the host that serves, with what its failsh knows; the own key may read and change
    // everywhere.
    let host = lab.host("hosta");
    let community = host.folder.file("community");
    let mut failc = host.namespace.command(program::path("failc"));
    failc.args(["-C", &community, "-j", "--check", "drill", "web"]);
    let said = output(failc.stderr(Stdio::inherit()));
    let object = json(&String::from_utf8_lossy(&said.stdout));
    assert_eq!(object["outcome"], "allowed", "{object}");

    // From outside, where the probe is no use of the host itself.
    let addresses: Vec<String> = lab
        .hosts
        .iter()
        .map(|host| host.address.to_string())
        .collect();
    let mut failc = lab.outside.command(program::path("failc"));
    failc.args([
        "-C",
        &community,
        "-j",
        "--yes",
        "--probe",
        &format!("tcp:{SERVICE}:80"),
    ]);
    failc.args(["--gap", "10s", "--overlap", "0", "--outage", "10s"]);
    failc.args(["drill", "web"]).args(&addresses);
    let then = Instant::now();
    let said = output(failc.stderr(Stdio::inherit()));
    let object = json(&String::from_utf8_lossy(&said.stdout));
    assert_eq!(
        (said.status.code(), &object["outcome"]),
        (Some(0), &"met".into()),
        "{object}"
    );
    assert_eq!(object["to"], addresses[1].as_str(), "{object}");
    lab.settles_on("hosta", then);
    let servers = lab.client.servers(then);
    assert!(
        servers.ends_with(&["hostb", "hosta"].map(String::from)),
        "{servers:?}"
    );
    // What the hosts say is not longer than what was seen from outside, as far as that could be
    // seen: by our own client, who asks every 25 ms.
    let ms = |value: &serde_json::Value| value.as_u64().map(Duration::from_millis);
    let gaps = [0, 1].map(|way| ms(&object["ways"][way]["gap_ms"]).unwrap());
    let outages = [0, 1].map(|way| ms(&object["ways"][way]["outage_ms"]).unwrap());
    let seen = lab.client.outage(then);
    println!("drill: gaps {gaps:?}, outages by its probe {outages:?}, by our client {seen:?}");
    assert!(
        object["probe"]["attempts"]
            .as_u64()
            .is_some_and(|all| all > 10),
        "{object}"
    );
}
