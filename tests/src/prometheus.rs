//! What Prometheus says of figures.

#![expect(clippy::panic, reason = "a test without its file has failed")]

use std::fs::File;

use crate::folder::Folder;
use crate::program;

/// Holds that these are figures by all its conventions. Nothing, if it is not there.
pub fn takes(figures: &str) {
    let Some(mut checker) = program::unpacked("prometheus", "usr/bin/promtool") else {
        return;
    };
    let folder = Folder::new();
    let file = File::open(folder.write("figures", figures));
    checker.args(["check", "metrics"]);
    checker.stdin(file.unwrap_or_else(|e| panic!("what was written just now: {e}")));
    let said = program::run(checker);
    assert!(said.err.is_empty(), "{said:?}");
    assert_eq!(said.done(), "");
}
