//! The walls between the rooms: what `crates/README` says about imports is what the
//! `Cargo.toml` files say, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use failover_tests::tree;

type Table = BTreeMap<String, BTreeSet<String>>;

/// The crates that a `Cargo.toml` names: what it builds with, and what it tests with.
fn dependencies(manifest: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut builds, mut tests) = (BTreeSet::new(), BTreeSet::new());
    let text = tree::read(manifest);
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            section = head.trim_end_matches(']');
        } else if section.ends_with("dependencies") && !line.is_empty() && !line.starts_with('#') {
            let end = line.find(['.', '=', ' ']).unwrap_or(line.len());
            let into = if section.ends_with("dev-dependencies") {
                &mut tests
            } else {
                &mut builds
            };
            into.insert(line[..end].to_string());
        }
    }
    (builds, tests)
}

/// The rows of the table in `crates/README` whose first heading is this.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = tree::read(&tree::path("crates/README"));
    let head = format!("| {heading} |");
    let table = text.lines().skip_while(|line| !line.starts_with(&head));
    let rows = table.take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let inner = line.trim().trim_matches('|').split('|');
        inner.map(|cell| cell.trim().to_string()).collect()
    };
    rows.map(cells).collect()
}

/// Who may import whom, as `crates/README` has it.
fn allowed() -> Table {
    let rows = rows("who imports");
    assert!(rows.len() > 2, "crates/README has no table of imports");
    let mut table = Table::new();
    for row in &rows[2..] {
        let ticked = rows[0].iter().zip(row).skip(1);
        let ticked = ticked.filter(|(_, cell)| cell.starts_with('✓'));
        let imports: BTreeSet<String> = ticked.map(|(room, _)| format!("fail-{room}")).collect();
        for name in row[0].split(", ") {
            let twice = table.insert(name.to_string(), imports.clone());
            assert_eq!(twice, None, "{name} stands twice in the table of imports");
        }
    }
    table
}

#[test]
fn every_room_imports_what_the_map_says() {
    let mut allowed = allowed();
    for folder in tree::list(&tree::path("crates")) {
        let manifest = folder.join("Cargo.toml");
        if !manifest.exists() {
            continue;
        }
        let name = tree::name(&folder);
        let (mut builds, mut tests) = dependencies(&manifest);
        builds.retain(|import| import.starts_with("fail"));
        tests.retain(|import| import.starts_with("fail") && *import != name);
        let may = allowed.remove(&name);
        let may = may.unwrap_or_else(|| panic!("{name} is not in the table of crates/README"));
        assert_eq!(
            builds, may,
            "{name}: Cargo.toml (left) is not as crates/README says (right)"
        );
        assert!(
            tests.is_subset(&may),
            "{name}: its tests import {tests:?}; crates/README allows {may:?}"
        );
    }
    assert!(
        allowed.is_empty(),
        "crates/README has rooms that do not exist: {:?}",
        allowed.keys()
    );
}

#[test]
fn every_room_has_its_line_in_the_map() {
    let text = tree::read(&tree::path("crates/README"));
    for folder in tree::list(&tree::path("crates")) {
        let name = tree::name(&folder);
        if folder.is_dir() {
            let line = format!("| `{name}` |");
            assert!(text.contains(&line), "crates/README has no line {line}");
        }
    }
}

#[test]
fn every_library_is_listed_with_its_reason() {
    let mut used = BTreeSet::new();
    for folder in tree::list(&tree::path("crates")) {
        let manifest = folder.join("Cargo.toml");
        if manifest.exists() {
            let (builds, tests) = dependencies(&manifest);
            used.extend(builds.into_iter().chain(tests));
        }
    }
    used.extend(dependencies(&tree::path("tests/Cargo.toml")).0);
    used.retain(|name| !name.starts_with("fail"));
    let mut listed = BTreeSet::new();
    for row in rows("library").iter().skip(2) {
        let reason = row.last().unwrap();
        assert!(
            !reason.is_empty(),
            "crates/README: {} has no reason",
            row[0]
        );
        listed.extend(
            row[0]
                .split(", ")
                .map(|name| name.trim_matches('`').to_string()),
        );
    }
    let missing: Vec<_> = used.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "crates/README gives no reason for {missing:?}"
    );
    let gone: Vec<_> = listed.difference(&used).collect();
    assert!(
        gone.is_empty(),
        "crates/README lists what nobody uses: {gone:?}"
    );
}
