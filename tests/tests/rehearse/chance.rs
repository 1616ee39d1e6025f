//! Rehearsals by chance: the shortest story is looked for, the same seed gives the same, and all
//! forms show what came of it.

use super::{Set, broken};

/// Nobody can promise that: a cut network has two servers.
const NEVER: &str = "allow overlap\nnever web UP on 2 hosts\n";

#[test]
fn the_shortest_story_of_all_that_break_is_told_and_always_the_same() {
    let set = Set::new(&format!(
        "random 100 seeds of 90s with {{crash partition}}\n{NEVER}"
    ));
    let outcome = set.run(&["--json"]);
    assert_eq!(outcome.code, Some(3));
    assert_eq!(set.run(&["--json"]).out, outcome.out);
    let value: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    let chance = &value["chance"];
    // Enough have broken by then.
    assert_eq!(chance["seeds"], 16);
    let broke = chance["broken_seeds"].as_u64().unwrap();
    assert!((5..=16).contains(&broke), "{broke}");
    let statements = chance["story"]["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{statements:?}");
}

#[test]
fn all_seeds_are_played_where_few_break() {
    let set = Set::new("random 20 seeds of 20s with reload\nnever web UP on 2 hosts\n");
    let value = set.holds();
    assert_eq!(value["chance"]["seeds"], 20);
    assert_eq!(value["chance"]["broken_seeds"], 0);
}

#[test]
fn the_story_and_what_came_of_it_are_shown() {
    let set = Set::new(&format!("random 5 seeds of 1m with partition\n{NEVER}"));
    let (value, _) = set.json();
    assert!(broken(&value).is_empty());
    let story = &value["chance"]["story"];
    let seen = story["report"]["verdicts"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    let seen = seen["broken"][0]["seen"].as_str().unwrap();
    let count = format!("by chance {} of 5 broke", value["chance"]["broken_seeds"]);
    // Lines may be parted anywhere.
    let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = flat(set.run(&[]).out);
    let html = flat(set.run(&["--html"]).out);
    for (form, picture) in [
        (&text, "The story that breaks "),
        (&html, "id=\"story-picture-0-title\""),
    ] {
        for what in [seen, &count, picture] {
            assert!(form.contains(what), "{what}: {form}");
        }
    }
}
