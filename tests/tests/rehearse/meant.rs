//! What the words of an expectation mean where it is not obvious: one round, trouble that does
//! not count, and a service that is taken out of a policy.

use super::{Set, broken, policy};

/// The two policies with another interval.
fn with_interval(interval: &str, scenario: &str) -> Set {
    let set = Set::new(scenario);
    let slow = |text: String| text.replace("interval 500ms", &format!("interval {interval}"));
    set.0.write("a.tcl", slow(policy("hostb", "slaves")));
    set.0.write("b.tcl", slow(policy("hosta", "masters")));
    set
}

#[test]
fn two_hosts_may_serve_for_about_the_time_of_one_round() {
    let cut = "at 60s partition hosta hostb for 60s\nrun for 4m\n";
    for interval in ["1s", "10s"] {
        with_interval(interval, cut).holds();
    }
    // Whoever writes a bound is held to it.
    let own = format!("{cut}never web UP on 2 hosts for more than 1s unless degraded\n");
    let (value, held) = with_interval("10s", &own).json();
    assert!(!held, "{:?}", broken(&value));
}

const GAP: &str = "never web UP on 0 hosts for more than 5s unless partitioned\nrun for 2m\n";

#[test]
fn only_hosts_that_run_are_partitioned() {
    // Nobody is there to be heard, and nobody serves.
    let set = Set::new(&format!(
        "at 10s crash hosta\nat 10s partition hosta hostb for 100s\nat 30s away web on hostb\n{GAP}"
    ));
    let (value, held) = set.json();
    assert!(!held);
    assert!(broken(&value)[0].1.starts_with("web was UP on no host"));
    // A host that was frozen and has crashed is not frozen any more.
    set.scenario(&format!(
        "at 10s freeze hosta\nat 20s crash hosta\nat 30s return hosta\n\
         at 50s set web FAIL on hosta\nat 50s away web on hostb\n{GAP}"
    ));
    let (value, held) = set.json();
    assert!(!held);
    let freeze = &value["acts"][0];
    assert_eq!(freeze["to_ns"], 20_000_000_000u64, "{freeze}");
}

#[test]
fn a_network_that_loses_all_is_partitioned() {
    Set::new(
        "at 20s loss 100% for 30s\nrun for 2m\n\
         never web UP on 2 hosts for more than 3s unless partitioned\n",
    )
    .holds();
    let (_, held) = Set::new(
        "at 20s loss 100% for 30s\nrun for 2m\nnever web UP on 2 hosts for more than 3s\n",
    )
    .json();
    assert!(!held);
}

#[test]
fn a_service_that_is_taken_out_of_a_policy_stays_as_it_is() {
    let set = Set::new("");
    let text = policy("hostb", "slaves");
    let (rest, _) = text.split_once("failsvc web").unwrap();
    set.0.write("without.tcl", rest);
    set.scenario("at 20s reload hosta -f without.tcl\nrun for 40s\nallow overlap\nexpect web UP on hosta at 39s\nexpect thing {address 192.0.2.10} on at least 1 host after 5s\n");
    set.holds();
}
