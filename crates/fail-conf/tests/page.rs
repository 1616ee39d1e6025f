//! `Hcfile(5)` against the code: its examples are Hcfiles, and what is told both there and here
//! is the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;

use fail_conf::hcfile::{Hcfile, Warning, parse, print};

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../man/Hcfile.5")).unwrap()
}

/// What stands as it is in a part of the page, as it is shown.
fn literals(part: &str) -> Vec<String> {
    let blocks = part.split(".Bd -literal").skip(1).map(|block| {
        let block = block.split_once('\n').unwrap().1;
        let text = block.split_once("\n.Ed\n").unwrap().0;
        format!("{text}\n")
            .replace("\\&", "")
            .replace("\\(dq", "\"")
            .replace("\\e", "\\")
    });
    blocks.collect()
}

fn read(text: &str) -> (Hcfile, Vec<Warning>) {
    let files = BTreeMap::from([("Hcfile".to_string(), text.as_bytes().to_vec())]);
    parse("Hcfile", &files).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

#[test]
fn each_example_is_an_hcfile_and_what_it_is_printed_as_is_the_same() {
    let page = page();
    let (told, examples) = page.split_once("\n.Sh EXAMPLES\n").unwrap();
    let first = literals(told).remove(0);
    let all: Vec<String> = [first].into_iter().chain(literals(examples)).collect();
    assert!(all.len() > 4);
    for example in all {
        let (hcfile, warnings) = read(&example);
        let wanted = usize::from(example.contains("include"));
        assert_eq!(warnings.len(), wanted, "{example}\n{warnings:?}");
        assert!(!hcfile.targets.is_empty());
        let printed = print(&hcfile);
        println!("{printed}");
        let (again, _) = read(&printed);
        assert!(again == hcfile, "{example}\n{printed}");
        assert_eq!(print(&again), printed);
    }
}
