//! Slips in a scenario: a name that nobody has is an error with its line; what shows only when
//! it is played is a note; and what was never put to the test does not count as held.

use super::{Set, broken};

/// What is wrong at line 4 of a scenario, behind the place.
fn wrong(set: &Set, line: &str) -> String {
    set.scenario(&format!("\n{line}\n"));
    let err = set.run(&[]).failed(65);
    let place = format!("failsh: {}:4: ", set.0.file("scenario.tcl"));
    let rest = err.strip_prefix(&place);
    let rest = rest.unwrap_or_else(|| panic!("{line}: {err}"));
    rest.trim_end().to_string()
}

/// The notes of a scenario that holds.
fn notes(text: &str) -> String {
    Set::new(text).holds()["notes"].to_string()
}

#[test]
fn names_and_numbers_that_nobody_has_are_errors() {
    let set = Set::new("");
    for (line, said) in [
        (
            "never wbe UP on 2 hosts",
            "never: there is no service \"wbe\": the policies have web",
        ),
        (
            "expect wbe UP on hosta at 9s",
            "expect: there is no service \"wbe\": the policies have web",
        ),
        (
            "at 10s away wbe on hosta",
            "at: there is no service \"wbe\": the policies have web",
        ),
        (
            "never web UP on 5 hosts",
            "never: 5 is too many: there are 2 hosts",
        ),
        (
            "expect web UP on at most 3 hosts after 5s",
            "expect: 3 is too many: there are 2 hosts",
        ),
        (
            "expect web UP on hosta at 50s; run for 5s",
            "expect: 50s is after the end, which is at 5s (run for)",
        ),
        (
            "expect web UP on hostb within 3s after {crsh hosta}; random 2 seeds",
            "expect: there is no act \"crsh hosta\": nothing happens in this scenario, and it does not happen by chance either",
        ),
        (
            "host hostc -eval {failsvc web interval soon} -f a.tcl",
            "host hostc: eval: ",
        ),
    ] {
        let rest = wrong(&set, line);
        assert!(rest.starts_with(said), "{line}: {rest}");
        assert_eq!(rest.lines().count(), 1, "{rest}");
    }
    // Which may happen by chance is no slip.
    set.scenario(
        "expect web UP on hostb within 3s after {crash hosta}\nrandom 20 seeds of 1m with crash\n",
    );
    let text = set.run(&[]).done();
    assert!(text.contains(", by chance)"), "{text}");
}

#[test]
fn files_for_hosts_that_all_name_their_own_are_an_error() {
    let set = Set::new("");
    let err = set.run(&["-f", "nowhere.tcl"]).failed(65);
    let said = "-f is for hosts that name no file, and each host names its own";
    assert!(err.contains(said), "{err}");
}

#[test]
fn what_has_no_effect_is_noted_with_its_line() {
    let set = Set::new("");
    for (line, said) in [
        (
            "command {zzz *} fails busy",
            "no command was answered by \\\"zzz *\\\"",
        ),
        (
            "never thing {address 192.0.2.99} on 2 hosts",
            "no host ever had \\\"address 192.0.2.99\\\"",
        ),
        (
            "at 10s lose {unit nginx} on hosta",
            "\\\"lose unit nginx on hosta\\\" at 10s changes nothing: hosta has address 192.0.2.10",
        ),
        (
            "at 10s return hosta",
            "\\\"return hosta\\\" at 10s changes nothing: hosta is up",
        ),
        (
            "at 10s thaw hosta",
            "\\\"thaw hosta\\\" at 10s changes nothing: hosta is not frozen",
        ),
        (
            "at 10s heal",
            "\\\"heal\\\" at 10s changes nothing: the network is whole",
        ),
        (
            "at 10s start failsh hosta",
            "changes nothing: failsh of hosta runs",
        ),
        (
            "run for 5s; at 10s crash hosta",
            "\\\"crash hosta\\\" is never done: the end is at 5s",
        ),
    ] {
        let notes = notes(&format!("{line}\n"));
        assert!(notes.contains("line 3: "), "{line}: {notes}");
        assert!(notes.contains(said), "{line}: {notes}");
    }
    set.0.write("wrong.tcl", "failsvc web strat x");
    set.scenario("at 10s reload hosta -f wrong.tcl\n");
    let text = set.run(&[]).done();
    assert!(
        text.contains("line 3: \"reload hosta -f wrong.tcl\""),
        "{text}"
    );
    let html = set.run(&["--html"]).done();
    assert!(
        html.contains("reload hosta -f wrong.tcl&quot; changes nothing"),
        "{html}"
    );
    assert!(notes("").contains("nothing is expected here but what always is"));
    let good =
        "at 10s crash hosta\nat 30s return hosta\nnever web UP on 2 hosts for more than 5s\n";
    assert_eq!(notes(good), "[]");
}

#[test]
fn what_was_never_tested_does_not_hold() {
    let set = Set::new(
        "run for 21s\nat 20s crash hosta\nexpect web UP on hostb within 3s after {crash hosta}\n",
    );
    let (value, held) = set.json();
    assert!(!held);
    assert!(broken(&value)[0].0.contains("within 3s after"));
    let text = set.run(&[]);
    assert_eq!(text.code, Some(3));
    assert!(text.out.contains("Not all was tested: "), "{}", text.out);
}

#[test]
fn what_is_wrong_shows_no_escape_sequences() {
    let set = Set::new("error \"\\u001b\\[31mRED\\u0007\"\n");
    let err = set.run(&[]).failed(65);
    assert!(
        err.contains("RED") && !err.contains(['\u{1b}', '\u{7}']),
        "{err:?}"
    );
}

#[test]
fn a_scenario_that_would_do_something_is_refused() {
    let set = Set::new("");
    let mark = set.0.file("mark");
    for line in [format!("exec touch {mark}"), "exit 0".to_string()] {
        let said = wrong(&set, &line);
        assert!(said.contains(" is not done in a scenario"), "{said}");
    }
    assert!(!set.0.names().contains(&"mark".to_string()));
}

#[test]
fn what_is_printed_does_not_spoil_the_documents() {
    let set = Set::new("puts {from the scenario}\nputs stdout {and again}\n");
    let mad = super::policy("hostb", "slaves").replace(
        "    exec ip address replace",
        "    puts {from a script}\n    close [file tempfile name]\n    exec ip address replace",
    );
    set.0
        .write("a.tcl", format!("puts {{from a policy}}\n{mad}"));
    let outcome = set.run(&["--json"]);
    assert_eq!(outcome.out.lines().count(), 1, "{}", outcome.out);
    assert!(
        outcome.err.contains("from the scenario\nand again"),
        "{}",
        outcome.err
    );
    let value = set.holds();
    let entries = value["entries"].to_string();
    for said in [
        "policy: from a script",
        "policy: from a policy",
        "file tempfile",
    ] {
        assert!(entries.contains(said), "{said}: {entries}");
    }
    assert!(set.run(&["--html"]).out.starts_with("<!DOCTYPE html>"));
}
