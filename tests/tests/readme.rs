//! README and INSTALL: every program, page and package has its place there, and what is shown
//! is what the programs accept.

use fail_cli::PROGRAMS;
use failover_tests::folder::Folder;
use failover_tests::words::shell_words;
use failover_tests::{program, tree};

fn readme() -> String {
    tree::read(&tree::path("README"))
}

fn install() -> String {
    tree::read(&tree::path("INSTALL"))
}

/// The names of all packages, from the code.
fn packages() -> Vec<String> {
    let pages = tree::files(&tree::path("man"), "n");
    let names = pages.iter().map(|page| tree::name(page));
    let names = names.filter_map(|name| {
        let name = name.strip_prefix("failover-")?.strip_suffix(".n")?;
        (name != "scripts").then(|| format!("failover::{name}"))
    });
    names.collect()
}

#[test]
fn every_program_page_and_package_is_named() {
    let (readme, install) = (readme(), install());
    for program in PROGRAMS {
        let row = format!("| `{}` |", program.name);
        assert!(readme.contains(&row), "README has no row {row}");
        let mut lines = install.lines().map(str::trim);
        let is = lines.any(|line| {
            line.starts_with("install -m 755 ") && line.split(' ').any(|word| word == program.name)
        });
        assert!(is, "INSTALL does not install {}", program.name);
    }
    for page in tree::list(&tree::path("man")) {
        let name = tree::name(&page);
        let there =
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("`man/{name}`"));
        assert!(there, "README does not name {name}");
        let (_, section) = name.rsplit_once('.').unwrap();
        let line = format!("    install -m 644 *.{section} /usr/local/share/man/man{section}\n");
        assert!(install.contains(&line), "INSTALL: no line {line}");
    }
    assert_eq!(packages().len(), 7);
    for package in packages() {
        let row = format!("| `{package}` |");
        assert!(readme.contains(&row), "README has no row {row}");
    }
}

#[test]
fn the_policy_with_a_package_is_one() {
    let readme = readme();
    let (_, policy) = readme
        .split_once("    package require failover::ip\n")
        .unwrap();
    let (policy, _) = policy.split_once("\n\n").unwrap();
    let policy = format!("package require failover::ip\n{policy}\n");
    let own = Folder::new();
    let mut command = program::command("failsh");
    command.args(["--check", "-f", &own.write("address.tcl", policy)]);
    let printed = program::run(command).done();
    for setting in [
        "failsvc address ",
        "slaves hostb",
        "start ",
        "stop ",
        "reclaim ",
        "check ",
    ] {
        assert!(printed.contains(setting), "no {setting} in {printed}");
    }
}

#[test]
fn the_command_lines_are_ones_that_the_programs_accept() {
    let lines = [readme(), install()].join("\n");
    let mut seen = 0;
    for line in lines.lines().filter_map(|line| line.strip_prefix("    ")) {
        let line = line.trim().trim_start_matches("$ ");
        // What is typed at a console.
        if line.starts_with("failsh hosta> ") {
            continue;
        }
        let words = shell_words(line);
        let is = |program: &fail_cli::Program| words.first().is_some_and(|w| w == program.name);
        let Some(used) = PROGRAMS.into_iter().find(is) else {
            continue;
        };
        let result = (used.command)().try_get_matches_from(&words);
        assert!(result.is_ok(), "{line}: {result:?}");
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}

#[test]
fn the_units_that_are_installed_exist() {
    let install = install();
    let units = install.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let unit = words.iter().find(|word| word.ends_with(".service"))?;
        Some((*unit).to_string())
    });
    let units: Vec<String> = units.collect();
    assert_eq!(units.len(), 3);
    for unit in units {
        assert!(tree::path(&unit).exists(), "{unit}");
    }
}
