//! A network that loses one packet in five.

use std::time::{Duration, Instant};

use super::host::TIMES;
use super::lab::Lab;
use super::process::wait;

/// Of hundred packets.
const LOSS: u32 = 20;

/// So many seconds in every run of the tests; `FAILOVER_LOSS_SECONDS=60` makes it a minute.
const SECONDS: u64 = 15;

/// Question and answer both arrive with 0.8 x 0.8, so one question fails with p = 0.36, and a
/// round of 1 + 6 questions with p^7 = 0.0008. A minute has 200 rounds at 300 ms: 0.16 rounds
/// in which hostb gives hosta up. Before it starts it asks once more, and with 0.64 hears that
/// hosta serves: 0.06 wrong take-overs in a minute. Three are an accident of 1 in 30000, and one more is
/// granted to a machine that is too busy to answer in time. Without confirm there are six in
/// 15 seconds.
const WRONG_MAX: usize = 3;

#[test]
fn one_packet_in_five_may_be_lost_and_the_service_stays_where_it_is() {
    let Some(mut lab) = Lab::new("loss", &["hosta", "hostb"]) else {
        return;
    };
    let seconds = std::env::var("FAILOVER_LOSS_SECONDS").ok();
    let seconds = seconds.map_or(SECONDS, |text| text.parse().expect("FAILOVER_LOSS_SECONDS"));
    let then = Instant::now();
    for host in &lab.hosts {
        host.lose(LOSS);
    }
    // A sample is a look at all hosts: who has the address?
    let (mut samples, mut others, mut nobody) = (0, 0, 0);
    wait(
        "the time of the loss to pass",
        Duration::from_secs(seconds + 10),
        || {
            let owners = lab.owners();
            samples += 1;
            others += usize::from(owners.len() > 1 || owners == ["hostb"]);
            nobody += usize::from(owners.is_empty());
            let passed = then.elapsed();
            if passed.as_secs() >= seconds {
                Ok(())
            } else {
                Err(format!("{passed:?}"))
            }
        },
    );
    let (failed, of) = lab.client.failed(then);
    for host in &lab.hosts {
        host.lose(0);
    }
    let healed = Instant::now();
    lab.settles_on("hosta", healed);
    let hostb = lab.host("hostb").log();
    let wrong = hostb.count(then, "running start");
    let lines = hostb.lines().into_iter().filter(|line| line.at >= then);
    let given_up = lines.filter(|line| line.text.contains("host hosta: unreachable"));
    let given_up: Vec<String> = given_up
        .map(|line| format!("{:.1?}", line.at - then))
        .collect();
    println!(
        "{LOSS} % loss for {seconds} s with confirm {TIMES}: {wrong} wrong take-overs; hosta given \
         up at {given_up:?}; of {samples} looks at the owners {others} saw hostb, {nobody} nobody; \
         {failed} of {of} requests of the client failed"
    );
    assert!(wrong <= WRONG_MAX, "{wrong} wrong take-overs");
    assert_eq!(nobody, 0);
}
