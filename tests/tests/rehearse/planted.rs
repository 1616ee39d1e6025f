//! Errors that people make, planted into good policies, and found by a rehearsal before they
//! matter.

use super::{Set, broken, policy};

const CRASH: &str = "
at 20s crash hosta
at 40s return hosta
expect web UP on hostb within 3s after \"crash hosta\"
expect web UP on hosta within 5s after \"return hosta\"
";

#[test]
fn the_good_policy_holds() {
    Set::new(CRASH).holds();
}

#[test]
fn a_slave_list_with_the_wrong_host_is_found() {
    let set = Set::new(CRASH);
    set.0.write("a.tcl", policy("hostc", "slaves"));
    let outcome = set.run(&[]);
    assert_eq!(outcome.code, Some(3));
    for line in [
        "always    the hosts agree on their ranks",
        "web: hosta names hostc, and there is no such host in this scenario",
        "web: hosta does not know hostb, and hostb calls hosta a master",
    ] {
        assert!(outcome.out.contains(line), "{line}\n{}", outcome.out);
    }
}

#[test]
fn a_host_that_stands_on_the_wrong_side_is_found() {
    let set = Set::new(CRASH);
    set.0.write("b.tcl", policy("hosta", "slaves"));
    let (value, _) = set.json();
    let broken = broken(&value);
    let ranks = "web: hosta calls hostb a slave, and hostb calls hosta a slave";
    assert!(broken.iter().any(|(_, seen)| seen == ranks), "{broken:#?}");
}

#[test]
fn a_stop_script_that_forgets_the_address_is_found() {
    let set = Set::new("at 20s away web on hosta\n");
    let good = policy("hostb", "slaves");
    let stop = "    exec ip address flush dev eth0 to 192.0.2.10/32\n";
    assert!(good.contains(stop));
    set.0.write("a.tcl", good.replace(stop, ""));
    let outcome = set.run(&[]);
    assert_eq!(outcome.code, Some(3));
    let seen = "address 192.0.2.10 was on hosta and hostb for ";
    assert!(outcome.out.contains(seen), "{}", outcome.out);
}

#[test]
fn a_start_that_takes_longer_than_its_timeout_is_found() {
    let set = Set::new("command \"ip address replace *\" on hosta takes 6s\n");
    let (value, held) = set.json();
    assert!(!held);
    let broken = broken(&value);
    let late = "hosta: start of web: timed out after 5s";
    assert!(broken.iter().any(|(_, seen)| seen == late), "{broken:#?}");
}

#[test]
fn a_wrong_address_of_a_host_is_found_when_the_scenario_says_where_it_is() {
    let set = Set::new("");
    set.0.write(
        "scenario.tcl",
        "host hosta -f a.tcl -address 192.0.2.11\nhost hostb -f b.tcl -address 192.0.2.13\n\
         at 20s crash hosta\nat 40s return hosta\n",
    );
    let (value, held) = set.json();
    assert!(!held);
    let seen = "hosta asks hostb at 192.0.2.12, where nobody answers";
    assert_eq!(broken(&value)[0].1, seen);
}

#[test]
fn what_breaks_by_chance_is_made_a_short_story_that_breaks_again() {
    // Nobody can promise that: a cut network has two servers.
    let never = "never web UP on 2 hosts\n";
    let set = Set::new(&format!(
        "random 50 seeds of 1m with partition\nallow overlap\n{never}"
    ));
    let (value, held) = set.json();
    assert!(!held);
    let story = &value["chance"]["story"];
    let statements = story["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{statements:?}");
    let act = statements[0].as_str().unwrap();
    assert!(act.contains(" partition "), "{act}");
    set.scenario(&format!(
        "seed {}\n{act}\nallow overlap\n{never}",
        story["seed"]
    ));
    let (again, held) = set.json();
    assert!(!held && again["chance"].is_null());
    assert_eq!(broken(&again)[0].0, never.trim_end());
}
