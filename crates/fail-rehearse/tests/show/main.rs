//! What people and programs get to see of a rehearsal, from reports made by hand.
//!
//! Each form is held to a golden file in `tests/golden/rehearse`. Where one differs, what came
//! is left beside it, to be read and taken over if it is better.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod documents;
mod page;
mod reports;
mod texts;

use std::path::PathBuf;

/// Holds texts to their golden files, all of them before it complains.
fn golden<'a>(texts: impl IntoIterator<Item = (&'a str, String)>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/rehearse");
    let mut faults = Vec::new();
    for (name, text) in texts {
        let path = folder.join(name);
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if text != expected {
            let came = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::fs::write(&came, text).unwrap();
            faults.push(format!("diff {} {}", path.display(), came.display()));
        }
    }
    assert!(faults.is_empty(), "not as it was:\n{}", faults.join("\n"));
}
