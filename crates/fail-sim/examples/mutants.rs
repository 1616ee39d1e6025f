//! Breaks the rules of `mutants.txt` one at a time, in a copy of the tree, and says what caught
//! each: seeds of the simulator, and what other commands are given. Building and running are
//! two steps, so that each can be done at its time. `scripts/mutants` runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use fail_sim::mutants::{Mutant, parse};

const USAGE: &str = "usage: mutants copy-of-the-tree [--seeds n] [--limit seconds] [--only word] [--build | --run] \
                     [--also name command]...";

struct Wanted {
    tree: PathBuf,
    seeds: String,
    limit: String,
    only: String,
    build: bool,
    run: bool,
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
        build: true,
        run: true,
        also: Vec::new(),
    };
    while let Some(option) = args.next() {
        match option.as_str() {
            "--seeds" => wanted.seeds = args.next()?,
            "--limit" => wanted.limit = args.next()?,
            "--build" => wanted.run = false,
            "--run" => wanted.build = false,
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

fn failed(error: impl ToString) -> String {
    error.to_string()
}

/// The simulator of a broken tree.
fn program(wanted: &Wanted, n: usize) -> PathBuf {
    wanted.tree.with_file_name(format!("sim-{n}"))
}

/// Which simulator: that of clusters, or that of hc.
fn box_of(mutant: &Mutant) -> &'static str {
    match mutant.patches[0].file.contains("/watch/") {
        true => "hc",
        false => "sim",
    }
}

fn build(wanted: &Wanted, n: usize, sim: &str) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let build = format!("exec {cargo} build --quiet --release -p fail-sim --example {sim}");
    let built = run(wanted, &build).map_err(failed)?;
    if !built.status.success() {
        let why = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(format!("it does not build:\n{why}"));
    }
    let built = format!("target/release/examples/{sim}");
    std::fs::copy(wanted.tree.with_file_name(built), program(wanted, n)).map_err(failed)?;
    Ok(())
}

/// What the simulator says.
fn simulate(wanted: &Wanted, n: usize) -> Result<Option<String>, String> {
    let sim = program(wanted, n).display().to_string();
    let output = run(
        wanted,
        &format!("exec '{sim}' --first --seeds {}", wanted.seeds),
    );
    let said = text(&output.map_err(failed)?);
    // The last line of a violation: "seed 12: OneServer at 3.1 s: ...".
    let mut lines = said
        .lines()
        .filter(|line| line.starts_with("seed ") && line.contains(" at "));
    Ok(lines.next_back().map(|line| {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let seed = words[..2].join(" ");
        format!("{} ({})", words[2], seed.trim_end_matches(':'))
    }))
}

/// What catches this one; nothing: it was only built.
fn one(wanted: &Wanted, n: usize, mutant: &Mutant) -> Result<Option<bool>, String> {
    let were = mutate(&wanted.tree, mutant)?;
    if wanted.build {
        build(wanted, n, box_of(mutant))?;
    }
    let mut caught = Vec::new();
    if wanted.run {
        let found = simulate(wanted, n)?;
        caught.extend(found.map(|what| format!("simulation: {what}")));
        for (name, command) in &wanted.also {
            caught.extend(also(wanted, name, command)?);
        }
    }
    for (path, was) in were.into_iter().rev() {
        std::fs::write(&path, was).map_err(failed)?;
    }
    if !wanted.run {
        return Ok(None);
    }
    let by = match caught.is_empty() {
        true => "NOT CAUGHT".to_string(),
        false => caught.join("; "),
    };
    println!("{:<66} {by}", mutant.what);
    Ok(Some(!caught.is_empty()))
}

/// Whether another command fails.
fn also(wanted: &Wanted, name: &str, command: &str) -> Result<Option<String>, String> {
    let output = run(wanted, command).map_err(failed)?;
    // 124: it was stopped by the limit, and has found nothing until then.
    if output.status.success() || output.status.code() == Some(124) {
        return Ok(None);
    }
    let said = text(&output);
    let test = said.lines().find(|line| line.ends_with("FAILED"));
    let test = test.unwrap_or("it fails").trim_start_matches("test ");
    let test = test.trim_end_matches(" ... FAILED");
    Ok(Some(format!("{name}: {test}")))
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
    for (n, mutant) in mutants.iter().enumerate() {
        if !mutant.what.contains(&wanted.only) {
            continue;
        }
        match one(&wanted, n, mutant) {
            Ok(caught) => {
                all += u32::from(caught.is_some());
                left += u32::from(caught == Some(false));
            }
            Err(error) => {
                eprintln!("mutants: {}: {error}", mutant.what);
                return ExitCode::from(70);
            }
        }
    }
    if wanted.run {
        println!("{all} rules broken, {} caught", all - left);
    }
    match left {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
