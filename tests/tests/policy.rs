//! Policies as people write them: `tests/policies/valid` are read and printed to the same
//! again and again; `tests/policies/invalid` give one line with file, line and word, and the
//! exit code of the man page. What is expected stands beside each: the code, the line, and
//! how the sentence begins.

use std::path::Path;

use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::tree;

fn check(file: &str) -> Outcome {
    let mut command = program::command("failsh");
    command.args(["--check", "-f", file]);
    program::run(command)
}

fn policies(kind: &str) -> Vec<std::path::PathBuf> {
    let files = tree::files(&tree::path("tests/policies").join(kind), "tcl");
    assert!(!files.is_empty(), "no policies in {kind}");
    files
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn the_normal_form_of_a_policy_is_a_policy_with_the_same_normal_form() {
    let folder = Folder::new();
    for file in policies("valid") {
        let first = check(&text(&file)).done();
        let second = check(&folder.write("again.tcl", &first)).done();
        assert_eq!(first, second, "{}", file.display());
        assert!(first.contains("failsvc"), "{first}");
    }
}

#[test]
fn several_files_are_one_policy_and_print_as_one() {
    let folder = tree::path("tests/policies/folders");
    let expected = tree::read(&folder.join("site.expected"));
    let printed = check(&text(&folder.join("site"))).done();
    assert_eq!(printed, expected);
    let own = Folder::new();
    assert_eq!(check(&own.write("again.tcl", &printed)).done(), printed);
}

#[test]
fn policies_are_utf8_whatever_the_locale_says() {
    let file = text(&tree::path("tests/policies/valid/utf8.tcl"));
    let expected = check(&file).done();
    assert!(expected.contains("Grüße aus Zürich"), "{expected}");
    for locale in [None, Some("C"), Some("de_DE.ISO-8859-1")] {
        let mut command = program::command("failsh");
        command.args(["--check", "-f", &file]);
        command
            .env_remove("LC_ALL")
            .env_remove("LC_CTYPE")
            .env_remove("LANG");
        command.envs(locale.map(|locale| ("LANG", locale)));
        assert_eq!(program::run(command).done(), expected, "{locale:?}");
    }
}

#[test]
fn every_bad_policy_gives_one_line_with_file_line_and_word() {
    for file in policies("invalid") {
        let expected = tree::read(&file.with_extension("expected"));
        let (code, rest) = expected.trim_end().split_once(' ').unwrap();
        let sentence = check(&text(&file)).failed(code.parse().unwrap());
        let start = format!("failsh: {}:{rest}", file.display());
        assert!(
            sentence.starts_with(&start),
            "is        {sentence}should be {start}"
        );
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
}

#[test]
fn a_bad_policy_keeps_failsh_from_starting_with_the_same_line_and_code() {
    let file = text(&tree::path("tests/policies/invalid/typo-option.tcl"));
    let checked = check(&file);
    for option in ["-F", "-i/nonexistent/pid"] {
        let mut command = program::command("failsh");
        command.args([option, "-f", &file]);
        let started = program::run(command);
        if option == "-F" {
            assert_eq!(started, checked);
        } else {
            assert_ne!(started.code, Some(0));
        }
    }
}

#[test]
fn a_policy_that_is_not_there_is_named() {
    let sentence = check("/nonexistent/policy.tcl").failed(fail_cli::exit::DATA);
    assert!(sentence.contains("/nonexistent/policy.tcl"), "{sentence}");
    let folder = Folder::new();
    let empty = text(folder.path());
    assert!(check(&empty).failed(fail_cli::exit::DATA).contains(&empty));
}

#[test]
fn a_directory_is_its_tcl_files_in_order() {
    let folder = Folder::new();
    folder.write("20-last.tcl", "failsvc web start {return UP}");
    folder.write(
        "10-first.tcl",
        "failsvc web interval 2 stop {return RECOVER} start {}",
    );
    folder.write("not-tcl.txt", "nonsense");
    let printed = check(&text(folder.path())).done();
    assert_eq!(
        printed,
        "failsvc web interval 2s start {return UP} stop {return RECOVER}\n"
    );
}
