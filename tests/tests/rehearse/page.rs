//! failover-rehearse(5) and the language have the same words.

use std::collections::BTreeSet;

use fail_rehearse::scenario::{ACTS, STATEMENTS};
use failover_tests::tree;

/// The words behind `.It Ic` between two headings.
fn words(text: &str, from: &str, to: &str) -> BTreeSet<String> {
    let begin = text.find(from).unwrap_or_else(|| panic!("{from}"));
    let part = &text[begin..];
    let part = &part[..part.find(to).unwrap_or(part.len())];
    let items = part.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    items
        .filter_map(|item| Some(item.split(' ').next()?.to_string()))
        .collect()
}

#[test]
fn every_act_and_every_statement_stands_in_the_page_and_no_other() {
    let text = tree::read(&tree::path("man/failover-rehearse.5"));
    let acts = words(&text, "The acts:", ".Ss How commands");
    let known: BTreeSet<String> = ACTS.iter().map(ToString::to_string).collect();
    assert_eq!(acts, known);
    let mut all = words(&text, ".Ss Hosts", ".Ss What happens");
    all.insert("at".to_string());
    for (from, to) in [
        (".Ss How commands", ".Ss Things"),
        (".Ss Things", ".Ss What is expected"),
        (".Ss What is expected", ".Sh OUTPUT"),
    ] {
        all.extend(words(&text, from, to));
    }
    for answer in ["takes", "prints", "fails", "exits", "hangs", "missing"] {
        assert!(all.remove(answer), "{answer}");
    }
    let known: BTreeSet<String> = STATEMENTS.iter().map(ToString::to_string).collect();
    assert_eq!(all, known);
}

#[test]
fn the_examples_of_the_page_can_be_played() {
    let text = tree::read(&tree::path("man/failover-rehearse.5"));
    let (_, examples) = text.split_once(".Sh EXAMPLES\n").unwrap();
    let blocks = examples.split(".Bd -literal -offset indent\n").skip(1);
    let blocks: Vec<&str> = blocks.map(|b| b.split(".Ed\n").next().unwrap()).collect();
    let [hosts, more, chance] = blocks[..] else {
        panic!("{blocks:?}")
    };
    let set = super::Set::new("");
    let unit = |text: String| {
        let start = "    exec ip address replace";
        text.replace(
            start,
            &format!("    exec systemctl start nginx.service\n{start}"),
        )
    };
    set.0
        .write("hosta.tcl", unit(super::policy("hostb", "slaves")));
    set.0
        .write("hostb.tcl", unit(super::policy("hosta", "masters")));
    let play = |text: String| {
        set.0.write("scenario.tcl", text);
        set.json()
    };
    let (value, held) = play(hosts.to_string());
    assert!(held && value["notes"] == serde_json::json!([]), "{value}");
    let (value, _) = play(format!("{hosts}{more}"));
    assert_eq!(value["notes"], serde_json::json!([]));
    let ran = super::commands(&value, "hosta");
    assert_eq!(ran[0].1, "exits with 1: no such unit");
    let few = chance.replace("100 seeds", "3 seeds");
    let (value, _) = play(format!("{hosts}{few}"));
    assert_eq!(value["chance"]["seeds"], 3);
}

#[test]
fn the_three_forms_tell_the_same() {
    let set = super::Set::new("at 20s crash hosta\nnever web UP on hostb\n");
    let text = set.run(&[]);
    let html = set.run(&["--html"]);
    assert_eq!((text.code, html.code), (Some(3), Some(3)));
    assert!(text.out.contains("never web UP on hostb"), "{}", text.out);
    assert!(html.out.starts_with("<!DOCTYPE html>"));
    assert!(html.out.contains("never web UP on hostb"));
    // Nothing from elsewhere.
    for word in ["href=", "src=", "@import", "<script"] {
        assert!(!html.out.contains(word), "{word}");
    }
}
