//! Each act does what the page says.

use super::{Set, broken, first, policy};

/// Plays one act at 20 s, and gives what came of it.
fn act(act: &str, more: &str) -> (Set, serde_json::Value) {
    let set = Set::new(&format!(
        "at 20s {act}\nrun for 60s\nallow overlap\n{more}\n"
    ));
    let value = set.holds();
    (set, value)
}

#[test]
fn a_host_that_is_lost_in_any_way_is_replaced() {
    for (lost, seconds) in [
        ("crash hosta", 3),
        ("halt hosta", 3),
        ("freeze hosta", 3),
        ("release hosta", 3),
        ("kill faild hosta", 3),
        ("partition hosta hostb", 3),
        ("deafen hostb to hosta", 3),
        ("away web on hosta {because of works}", 3),
        ("set web FAIL on hosta", 3),
    ] {
        let expect = format!(
            "expect web UP on hostb within {seconds}s after {{{}}}",
            lost.replace(['{', '}'], "")
        );
        act(lost, &expect);
    }
}

#[test]
fn what_comes_back_serves_again() {
    for (lost, back) in [
        ("crash hosta", "return hosta"),
        ("halt hosta", "return hosta"),
        ("freeze hosta", "thaw hosta"),
        ("release hosta", "start failsh hosta"),
        ("kill faild hosta", "start faild hosta"),
        ("partition hosta hostb", "heal"),
        ("away web on hosta", "back web on hosta"),
        ("set web FAIL on hosta", "set web RECOVER on hosta"),
    ] {
        let again = format!(
            "at 40s {back}\nexpect web RECOVER on hostb within 4s after {{{back}}}\n\
             expect web UP on exactly 1 host after 15s unless partitioned\nexpect web UP on hosta at 59s"
        );
        act(lost, &again);
    }
}

#[test]
fn what_lasts_for_a_while_is_over_then() {
    for lost in [
        "freeze hosta for 10s",
        "partition hosta hostb for 10s",
        "deafen hostb to hosta for 10s",
    ] {
        let (_, value) = act(lost, "expect web UP on exactly 1 host after 15s");
        assert!(
            first(&value, "web", "hostb", "UP", 20.0).is_some_and(|at| at < 23.0),
            "{lost}"
        );
        assert!(
            first(&value, "web", "hostb", "RECOVER", 30.0).is_some_and(|at| at < 33.0),
            "{lost}"
        );
        let acts = value["acts"].as_array().unwrap();
        assert_eq!(acts[0]["to_ns"], 30_000_000_000u64, "{lost}");
    }
}

#[test]
fn a_failsh_that_is_killed_leaves_its_service_and_one_that_is_held_does_nothing() {
    act(
        "kill failsh hosta",
        "expect web UP on hosta at 59s\nnever web UP on hostb for more than 1s",
    );
    act(
        "hold web on hostb",
        "at 21s crash hosta\nexpect web RECOVER on hostb at 39s\nat 40s unhold web on hostb\n\
         expect web UP on hostb within 3s after {unhold web on hostb}",
    );
}

#[test]
fn loss_and_delay_are_felt() {
    let lost = act(
        "loss 100% for 10s",
        "expect web UP on hostb within 3s after {loss 100% for 10s}",
    );
    drop(lost);
    act(
        "loss 10% between hosta hostb for 20s",
        "never web UP on hostb for more than 30s",
    );
    let (_, value) = act("delay 100ms", "never web UP on hostb for more than 3s");
    drop(value);
    let set = Set::new(
        "network delay 50ms jitter 10ms loss 1%\nrun for 60s\nexpect web UP on hosta within 5s after start\n",
    );
    set.holds();
}

#[test]
fn a_device_without_a_carrier_is_seen_by_the_package() {
    let set = Set::new(
        "at 20s device eth0 on hosta nocarrier for 20s\nrun for 90s\nexpect web UP on hostb within 9s after {device eth0 on hosta nocarrier for 20s}\n",
    );
    let text = |rank: &str, other: &str, ip: u8| {
        format!(
            "package require failover::ip\nfailhost {other} address 192.0.2.{ip}\n\
             ip::service web 192.0.2.10/24 eth0 {rank} {other} interval 500ms checkinterval 1s\n"
        )
    };
    set.0.write("a.tcl", text("slaves", "hostb", 12));
    set.0.write("b.tcl", text("masters", "hosta", 11));
    set.holds();
}

#[test]
fn a_policy_is_read_again_and_a_wrong_one_changes_nothing() {
    let set = Set::new("");
    set.0.write("new.tcl", policy("hostb", "masters"));
    set.0.write("newb.tcl", policy("hosta", "slaves"));
    set.0.write("wrong.tcl", "failsvc web strat x");
    set.scenario(
        "at 20s reload hosta -f new.tcl\nat 20s reload hostb -f newb.tcl\nrun for 60s\n\
         expect web UP on hostb within 5s after {reload hostb*}\nexpect web UP on hostb at 59s\n",
    );
    set.holds();
    set.scenario("at 20s reload hosta -f wrong.tcl\nrun for 60s\nexpect web UP on hosta at 59s\n");
    let value = set.holds();
    let text = value["entries"].to_string();
    assert!(text.contains("the policy is not read again"), "{text}");
}

#[test]
fn an_expectation_that_does_not_hold_says_what_was_seen() {
    for (expect, seen) in [
        ("expect web UP on hostb at 10s", "web is RECOVER on hostb: "),
        (
            "expect web UP on hostb within 100ms after {crash hosta}",
            "0.1s after \"crash hosta\" web is RECOVER on hostb",
        ),
        (
            "expect web UP on exactly 2 hosts after 10s",
            "web was UP on hosta",
        ),
        (
            "never web UP on 0 hosts for more than 100ms",
            "web was UP on no host for ",
        ),
        ("never web UP on hostb", "web was UP on hostb for "),
        (
            "expect thing {address 192.0.2.99} on hostb within 5s after {crash hosta}",
            "hostb does not have address 192.0.2.99",
        ),
        (
            "expect command nothing on hostb within 5s after {crash hosta}",
            "hostb has run no such command",
        ),
        ("never command {ip *} on hostb", "it was run"),
    ] {
        let text = format!("5s after \"crash hosta\" {seen}");
        let set = Set::new(&format!("at 20s crash hosta\n{expect}\n"));
        let (value, held) = set.json();
        assert!(!held, "{expect}");
        let broken = broken(&value);
        let (_, said) = broken.last().unwrap();
        assert!(
            said.starts_with(seen) || said.starts_with(&text),
            "{expect}: {said}"
        );
    }
}
