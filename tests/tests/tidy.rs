//! The habits of the house that a program can check.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use failover_tests::tree;

/// The longest source file.
const LINES_MAX: usize = 700;

/// Words that are not ours. Written in halves, so that this file may be checked as well.
const UNWANTED: [(&str, &str); 6] = [
    (concat!("todo", "!("), "finish it or open an issue"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("#[", "ignore]"), "say why: #[ignore = \"reason\"]"),
    (
        concat!("fn get", "_"),
        "a getter has the name of what it gives",
    ),
    (concat!("Man", "ager"), "say what it does"),
    (concat!("FIX", "ME"), "mend it or open an issue"),
];

/// Files whose name says nothing about what is in them.
const EMPTY_NAMES: [&str; 4] = ["utils.rs", "util.rs", "misc.rs", "common.rs"];

fn sources() -> Vec<PathBuf> {
    let mut files = tree::files(&tree::path("crates"), "rs");
    files.extend(tree::files(&tree::path("tests"), "rs"));
    assert!(files.len() > 10);
    files
}

/// All at once, so that one run shows all there is to do.
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_source_file_begins_with_what_it_is() {
    let faults = sources()
        .into_iter()
        .filter(|file| !tree::read(file).starts_with("//! "));
    none(
        faults
            .map(|file| format!("{}: does not begin with //!", file.display()))
            .collect(),
    );
}

#[test]
fn no_source_file_is_too_long() {
    let long = sources().into_iter().filter_map(|file| {
        let lines = tree::read(&file).lines().count();
        let fault = format!("{}: {lines} lines, at most {LINES_MAX}", file.display());
        (lines > LINES_MAX).then_some(fault)
    });
    none(long.collect());
}

#[test]
fn no_source_file_has_unwanted_words() {
    let mut faults = Vec::new();
    for file in sources() {
        for (at, line) in tree::read(&file).lines().enumerate() {
            for (word, advice) in UNWANTED.iter().filter(|(word, _)| line.contains(word)) {
                faults.push(format!("{}:{}: {word}: {advice}", file.display(), at + 1));
            }
        }
        if EMPTY_NAMES.contains(&tree::name(&file).as_str()) {
            faults.push(format!("{}: name it after what is in it", file.display()));
        }
    }
    none(faults);
}

#[test]
fn scripts_can_be_run() {
    let mut faults = Vec::new();
    let scripts = tree::list(&tree::path("scripts"));
    for file in scripts.into_iter().filter(|path| path.is_file()) {
        let text = tree::read(&file);
        let first = text.lines().next().unwrap_or_default();
        let mode = file.metadata().unwrap().permissions().mode();
        if !first.starts_with("#!") || mode & 0o111 != 0o111 {
            faults.push(format!("{}: not executable, or no #! line", file.display()));
        }
        if first.ends_with("sh") {
            let bash = Command::new("bash").arg("-n").arg(&file).output().unwrap();
            if !bash.status.success() {
                faults.push(String::from_utf8_lossy(&bash.stderr).into_owned());
            }
        }
    }
    none(faults);
}

#[test]
fn no_line_ends_in_white_space() {
    let mut faults = Vec::new();
    let pages = tree::list(&tree::path("man")).into_iter();
    let texts = ["README", "INSTALL", "crates/README"].map(tree::path);
    for file in sources().into_iter().chain(pages).chain(texts) {
        for (at, line) in tree::read(&file).lines().enumerate() {
            if line.ends_with([' ', '\t']) {
                faults.push(format!(
                    "{}:{}: white space at the end",
                    file.display(),
                    at + 1
                ));
            }
        }
    }
    none(faults);
}
