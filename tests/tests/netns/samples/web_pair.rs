//! `samples/web-pair`, with its own pace of checks. How it stands everything else is told in the
//! files beside this folder.

use std::time::Instant;

use super::super::lab::{BOUND, Lab};

#[test]
fn nginx_dies_and_the_other_host_serves_until_it_is_tried_again() {
    let Some(mut lab) = Lab::new("nginx-dies", &["hosta", "hostb"]) else {
        return;
    };
    let begin = Instant::now();
    lab.host("hosta").kill_nginx("nginx");
    let fail = lab.host("hosta").log().line(begin, "UP -> FAIL", BOUND);
    assert!(fail.text.contains("nginx"), "{}", fail.text);
    let served = lab.client.served_by("hostb", begin, BOUND);
    let back = lab.settles_on("hosta", served);
    println!(
        "nginx dies: FAIL after {:.0?}, served by hostb after {:.0?}, by hosta again after {:.0?}",
        fail.at - begin,
        served - begin,
        back - begin
    );
    assert_eq!(lab.client.servers(served), ["hostb", "hosta"]);
}
