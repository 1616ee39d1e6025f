//! Writes the completions of all programs for bash, zsh and fish, made from the very options
//! that the programs read: `scripts/completions DIR` runs it.
//!
//! In DIR comes a folder for each shell, with files of the names under which it looks for them.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use fail_cli::{PROGRAMS, Program, Verb};

/// The shells, and the names of their files: that of a program is put in place of `*`.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash/*"),
    (Shell::Zsh, "zsh/_*"),
    (Shell::Fish, "fish/*.fish"),
];

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let (Some(folder), None) = (words.next(), words.next()) else {
        eprintln!("completions: one folder is needed, to write into");
        return ExitCode::from(fail_cli::exit::USAGE);
    };
    for program in PROGRAMS {
        for (shell, file) in SHELLS {
            let path = Path::new(&folder).join(file.replace('*', program.name));
            if let Err(error) = write(&program, shell, &path) {
                eprintln!("completions: can not write {}: {error}", path.display());
                return ExitCode::from(fail_cli::exit::CANTCREAT);
            }
        }
    }
    ExitCode::from(fail_cli::exit::OK)
}

fn write(program: &Program, shell: Shell, path: &Path) -> io::Result<()> {
    let mut text = Vec::new();
    let mut command = command(program);
    clap_complete::generate(shell, &mut command, program.name, &mut text);
    if shell == Shell::Fish && program.name == "failc" {
        // clap_complete writes no words for fish, only options.
        let words: Vec<&str> = Verb::words().collect();
        let line = format!("complete -c failc -f -a \"{}\"\n", words.join(" "));
        text.extend(line.into_bytes());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

/// The options, and for failc the words that it knows; it takes others too, which are names of
/// services.
fn command(program: &Program) -> Command {
    let command = (program.command)();
    match program.name {
        "failc" => command.mut_arg("words", |words| {
            words.value_parser(PossibleValuesParser::new(Verb::words()))
        }),
        _ => command,
    }
}
