//! What completes command lines: made by the script that INSTALL names, accepted by the shells,
//! and tried in a real bash.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use fail_cli::{PROGRAMS, Program, Verb};
use failover_tests::program;
use failover_tests::tree;

/// The shells and the names of their files.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash/*"),
    ("zsh", "zsh/_*"),
    ("fish", "fish/*.fish"),
];

/// The folder into which all were written, beside the programs.
fn written() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = program::path("completions");
        // What an earlier run left must not be taken for what is written now.
        let _ = std::fs::remove_dir_all(&folder);
        let mut command = program::command("examples/completions");
        program::run({
            command.arg(&folder);
            command
        })
        .done();
        folder
    })
}

fn file(program: &Program, pattern: &str) -> PathBuf {
    written().join(pattern.replace('*', program.name))
}

fn is_there(shell: &str) -> bool {
    let mut command = Command::new(shell);
    let tried = command.args(["-c", "true"]).stdin(Stdio::null()).output();
    let there = tried.is_ok_and(|output| output.status.success());
    if !there {
        failover_tests::skipped(&format!("no {shell} here"));
    }
    there
}

#[test]
fn every_shell_accepts_what_is_made_for_it() {
    for (shell, pattern) in SHELLS {
        if !is_there(shell) {
            continue;
        }
        for program in PROGRAMS {
            let mut command = Command::new(shell);
            command.arg("-n").arg(file(&program, pattern));
            let outcome = program::run(command);
            assert_eq!(
                (outcome.code, outcome.err.as_str()),
                (Some(0), ""),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn every_option_of_every_program_is_in_each_file() {
    for program in PROGRAMS {
        let mut command = (program.command)();
        command.build();
        let longs: Vec<&str> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .collect();
        assert!(longs.contains(&"help") && longs.len() > 4, "{longs:?}");
        for (shell, pattern) in SHELLS {
            let text = tree::read(&file(&program, pattern));
            for long in &longs {
                let name = match shell {
                    "fish" => format!(" -l {long}"),
                    _ => format!("--{long}"),
                };
                let after = |rest: &str| {
                    let next = rest.chars().next().unwrap_or(' ');
                    !(next.is_alphanumeric() || next == '-')
                };
                let mut at = text.match_indices(&name);
                let is = at.any(|(at, found)| after(&text[at + found.len()..]));
                assert!(is, "{shell}: {} has no {name}", program.name);
            }
        }
    }
}

/// What a real bash makes of these words when Tab is pressed at the end of the last.
fn completed(words: &[&str]) -> Vec<String> {
    let script = r#"
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "_$1" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut command = Command::new("bash");
    command
        .args(["--norc", "-c", script, "bash"])
        .arg(written().join("bash").join(words[0]))
        .args(words);
    let out = program::run(command).done();
    out.lines().map(String::from).collect()
}

#[test]
fn a_real_bash_completes_options_and_verbs() {
    for (words, expected) in [
        (
            &["failc", "--comm"][..],
            &["--community", "--community-file"][..],
        ),
        (&["failc", "-s", "hosta", "--tr"], &["--tries"]),
        (&["failc", "his"], &["history"]),
        (&["failc", "-q", "f"], &["forget"]),
        (&["failc", "web", "REC"], &["RECOVER"]),
        (&["failstat", "--ma"], &["--matrix"]),
        (&["failsh", "--ch"], &["--check"]),
        (&["faild", "--state"], &["--state-file"]),
        (&["faildebug", "--tim"], &["--timeout"]),
    ] {
        assert_eq!(completed(words), expected, "{words:?}");
    }
}

#[test]
fn every_verb_of_failc_is_in_each_file() {
    let failc = PROGRAMS
        .iter()
        .find(|program| program.name == "failc")
        .unwrap();
    let words: Vec<&str> = Verb::words().collect();
    for (shell, pattern) in SHELLS {
        let text = tree::read(&file(failc, pattern));
        assert!(text.contains(&words.join(" ")), "{shell}: {words:?}");
    }
    // And in its help and its page.
    let page = tree::read(&tree::path("man/failc.1"));
    let usage = (failc.command)().render_usage().to_string();
    for word in words {
        let is = |text: &str| text.split(|c: char| !c.is_alphabetic()).any(|w| w == word);
        assert!(is(&page) && is(&usage), "{word}: {usage}");
    }
}

#[test]
fn the_script_and_its_folders_are_those_of_install() {
    let install = tree::read(&tree::path("INSTALL"));
    assert!(install.contains("    scripts/completions target/completions\n"));
    for (shell, _) in SHELLS {
        let line = format!("    install -m 644 {shell}/* /usr/local/share/");
        assert!(install.contains(&line), "INSTALL: no line {line}");
    }
    let script = tree::path("scripts/completions");
    let help = program::run({
        let mut command = Command::new(&script);
        command.arg("--help");
        command
    });
    assert!(help.done().contains("DIR/zsh"));
    let bare = program::run(Command::new(&script));
    assert_eq!(bare.code, Some(64), "{bare:?}");
    // It drives what is tested here.
    let text = tree::read(&script);
    assert!(
        text.contains("--example completions -- \"$folder\""),
        "{text}"
    );
}
