//! Every rule that `scripts/mutants` breaks is still where its table says, once; and the table
//! breaks ten rules at least, half of them in the plan.

use std::collections::BTreeSet;
use std::path::Path;

use fail_sim::mutants::{Mutant, parse};

fn table() -> Result<Vec<Mutant>, String> {
    parse(include_str!("../mutants.txt"))
}

#[test]
fn each_is_still_there_once_and_changes_something() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for mutant in table().unwrap() {
        for patch in &mutant.patches {
            let text = std::fs::read_to_string(root.join(&patch.file)).unwrap();
            let changed = patch.apply(&text).unwrap_or_else(|error| {
                panic!("{}: {error}", mutant.what);
            });
            assert_ne!(changed, text, "{}", mutant.what);
        }
    }
}

#[test]
fn enough_of_the_rule_and_of_the_plan_are_broken_and_no_two_are_the_same() {
    let table = table().unwrap();
    let of = |file: &str| {
        let of = |mutant: &&Mutant| mutant.patches.iter().any(|p| p.file.contains(file));
        table.iter().filter(of).count()
    };
    assert!(of("decide.rs") >= 5 && of("/plan/") >= 5);
    let names: BTreeSet<_> = table.iter().map(|mutant| &mutant.what).collect();
    assert_eq!(names.len(), table.len());
}

#[test]
fn a_table_that_can_not_be_read_is_said_so() {
    for (text, error) in [
        ("file\n- a\n+ b\n", "file: not a file with its lines"),
        ("== x\nfile\n- a\n", "file: not a file with its lines"),
        ("== x\n", "x: it changes nothing"),
    ] {
        assert!(parse(text).unwrap_err().starts_with(error), "{text}");
    }
    let table = parse("== x\nfile\n- a\n- b\n+ c\n").unwrap();
    let patch = &table[0].patches[0];
    assert_eq!(patch.apply("1\na\nb\n2\n").unwrap(), "1\nc\n2\n");
    assert!(patch.apply("a\nb\na\nb\n").is_err());
    assert!(patch.apply("nothing").is_err());
}
