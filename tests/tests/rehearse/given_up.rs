//! A rehearsal that can not be played to its end is never a success: it is given up within
//! seconds, and says where and why.

use super::{Set, broken, policy};

/// Plays for an hour with more in the policy of hosta, and gives what did not hold at last.
fn given_up(more: &str, start: &str) -> (String, serde_json::Value) {
    let set = Set::new("command foo takes 0\nnever web UP on hostb for more than 2h\nrun for 1h\n");
    let text = policy("hostb", "slaves").replace("    exec ip address replace", start);
    set.0.write("a.tcl", text + more);
    let (value, held) = set.json();
    assert!(!held);
    let broken = broken(&value);
    let end = broken
        .iter()
        .find(|(text, _)| text == "the rehearsal is played to its end");
    let (_, seen) = end.unwrap_or_else(|| panic!("{broken:?}"));
    (seen.clone(), value)
}

#[test]
fn a_script_that_runs_commands_in_a_circle_ends_the_rehearsal_as_broken() {
    let (seen, value) = given_up("", "    while 1 {exec foo}\n    exec ip address replace");
    assert!(
        seen.starts_with("hosta: a script of its policy goes on"),
        "{seen}"
    );
    // What was not played is not judged.
    assert!(value["length_ns"].as_u64().unwrap() < 2_000_000_000);
    let notes = value["notes"].to_string();
    assert!(notes.contains("the rehearsal is given up at 0."), "{notes}");
}

#[test]
fn a_policy_whose_timers_never_rest_ends_the_rehearsal_as_broken() {
    let same = "    exec ip address replace";
    let (seen, _) = given_up("proc p {} {after 0 p}\np\n", same);
    assert!(seen.contains("no time passes"), "{seen}");
    let (seen, value) = given_up("proc p {} {after 1 p}\np\n", same);
    assert!(
        seen.starts_with("hosta: the scripts of its policy are never at rest"),
        "{seen}"
    );
    assert!(value["length_ns"].as_u64().unwrap() > 30_000_000_000);
}
