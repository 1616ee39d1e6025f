//! Breaks the rules of `mutants.txt` one at a time, in a copy of the tree, and says what caught
//! each: seeds of the simulator, and what other commands are given. `scripts/mutants` runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use fail_sim::mutants::{Mutant, parse};

const USAGE: &str = "usage: mutants copy-of-the-tree [--seeds n] [--limit seconds] [--only word] \
                     [--also name command]...";

struct Wanted {
    tree: PathBuf,
    seeds: String,
    limit: String,
    only: String,
    /// Further commands: each catches a mutant by failing.
    also: Vec<(String, String)>,
}

fn wanted() -> Option<Wanted> {
    let mut args = std::env::args().skip(1);
    let mut wanted = Wanted {
        tree: PathBuf::from(args.next()?),
        seeds: "1000".to_string(),
        limit: "300".to_string(),
        only: String::new(),
        also: Vec::new(),
    };
    while let Some(option) = args.next() {
        match option.as_str() {
            "--seeds" => wanted.seeds = args.next()?,
            "--limit" => wanted.limit = args.next()?,
            "--only" => wanted.only = args.next()?,
            "--also" => wanted.also.push((args.next()?, args.next()?)),
            _ => return None,
        }
    }
    Some(wanted)
}

/// Runs a command of the shell in the copy, for so long at most.
fn run(wanted: &Wanted, command: &str) -> std::io::Result<Output> {
    let mut timeout = Command::new("timeout");
    timeout.args([wanted.limit.as_str(), "sh", "-c", command]);
    timeout.current_dir(&wanted.tree).output()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Changes the files of the copy; gives what they were.
fn mutate(tree: &Path, mutant: &Mutant) -> Result<Vec<(PathBuf, String)>, String> {
    let mut were = Vec::new();
    for patch in &mutant.patches {
        let path = tree.join(&patch.file);
        let error = |error| format!("{}: {error}", patch.file);
        let was = std::fs::read_to_string(&path).map_err(error)?;
        std::fs::write(&path, patch.apply(&was)?).map_err(error)?;
        were.push((path, was));
    }
    Ok(were)
}

/// What the simulator says of the tree as it is.
fn simulate(wanted: &Wanted) -> Result<Option<String>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let build = format!("exec {cargo} build --quiet -p fail-sim --example sim");
    let built = run(wanted, &build).map_err(|error| error.to_string())?;
    if !built.status.success() {
        let why = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(format!("it does not build:\n{why}"));
    }
    let sim = "exec \"$CARGO_TARGET_DIR\"/debug/examples/sim --first --seeds";
    let output = run(wanted, &format!("{sim} {}", wanted.seeds));
    let output = output.map_err(|error| error.to_string())?;
    let said = text(&output);
    // The last line of a violation: "seed 12: OneServer at 3.1 s: ...".
    let line = said
        .lines()
        .filter(|line| line.starts_with("seed ") && line.contains(" at "));
    Ok(line.last().map(|line| {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        format!(
            "{} ({})",
            words[2],
            words[..2].join(" ").trim_end_matches(':')
        )
    }))
}

fn one(wanted: &Wanted, mutant: &Mutant) -> Result<bool, String> {
    let were = mutate(&wanted.tree, mutant)?;
    let found = simulate(wanted);
    let mut caught = Vec::new();
    caught.extend(found.clone()?.map(|what| format!("simulation: {what}")));
    for (name, command) in &wanted.also {
        let output = run(wanted, command).map_err(|error| error.to_string())?;
        // 124: it was stopped by the limit, and has found nothing until then.
        if !output.status.success() && output.status.code() != Some(124) {
            let said = text(&output);
            let failed = said.lines().find(|line| line.ends_with("FAILED"));
            let failed = failed.unwrap_or("it fails").trim_start_matches("test ");
            caught.push(format!(
                "{name}: {}",
                failed.trim_end_matches(" ... FAILED")
            ));
        }
    }
    for (path, was) in were.into_iter().rev() {
        std::fs::write(&path, was).map_err(|error| error.to_string())?;
    }
    let by = match caught.is_empty() {
        true => "NOT CAUGHT".to_string(),
        false => caught.join("; "),
    };
    println!("{:<72} {by}", mutant.what);
    Ok(!caught.is_empty())
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let mutants = match parse(include_str!("../mutants.txt")) {
        Ok(mutants) => mutants,
        Err(error) => {
            eprintln!("mutants: {error}");
            return ExitCode::from(65);
        }
    };
    let (mut all, mut left) = (0, 0);
    for mutant in mutants.iter().filter(|m| m.what.contains(&wanted.only)) {
        all += 1;
        match one(&wanted, mutant) {
            Ok(caught) => left += u32::from(!caught),
            Err(error) => {
                eprintln!("mutants: {}: {error}", mutant.what);
                return ExitCode::from(70);
            }
        }
    }
    println!("{all} rules broken, {} caught", all - left);
    match left {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
