//! The samples: every policy is one that failsh accepts, printing it loses nothing, and the
//! units are ones that systemd understands.

use std::path::PathBuf;
use std::process::Command;

use failover_tests::folder::Folder;
use failover_tests::{program, tree};

/// failsh where the units of systemd that a sample names are installed.
fn failsh() -> Command {
    let mut command = program::command("failsh");
    let path = std::env::var("PATH").unwrap_or_default();
    let stand_in = tree::path("tests/stand-in");
    command.env("PATH", format!("{}:{path}", stand_in.display()));
    command
}

/// `failsh --check` on these files or folders; what it prints.
fn check(policies: &[&str]) -> String {
    let mut command = failsh();
    command.arg("--check");
    for policy in policies {
        command.args(["-f", policy]);
    }
    program::run(command).done()
}

/// The folders below `samples/` that hold a policy, and no rehearsals of one.
fn policies() -> Vec<PathBuf> {
    let files = tree::files(&tree::path("samples"), "tcl");
    // Those of hc are its checks.
    let hc = tree::path("samples/hc");
    let mut folders: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| file.parent().map(PathBuf::from))
        .filter(|folder| !folder.ends_with("rehearsal") && *folder != hc)
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// A text with one line of its own replaced.
fn instead(text: &str, line: &str, by: &str) -> String {
    assert_eq!(text.matches(line).count(), 1, "{line}");
    text.replace(line, by)
}

#[test]
fn every_policy_is_accepted_and_printing_it_loses_nothing() {
    let folders = policies();
    assert!(folders.len() > 6, "{folders:?}");
    for folder in folders {
        let printed = check(&[&folder.to_string_lossy()]);
        assert!(printed.contains("failsvc "), "{}", folder.display());
        let own = Folder::new();
        let again = check(&[&own.write("printed.tcl", &printed)]);
        assert_eq!(again, printed, "{}", folder.display());
    }
}

#[test]
fn on_the_other_host_one_line_differs_and_the_ranks_are_turned_round() {
    for (folder, site, policy, me) in [
        ("web-pair", "site.tcl", "web.tcl", "set site(me) hosta\n"),
        ("symmetric", "me.tcl", "services.tcl", "set me hosta\n"),
        ("stack", "me.tcl", "web.tcl", "set me hosta\n"),
    ] {
        let folder = tree::path("samples").join(folder);
        let policy = folder.join(policy).to_string_lossy().into_owned();
        let here = check(&[&folder.to_string_lossy()]);
        let text = tree::read(&folder.join(site));
        let own = Folder::new();
        let other = own.write(site, instead(&text, me, &me.replace("hosta", "hostb")));
        let there = check(&[&other, &policy]);

        let ranks = |printed: &str, rank: &str| printed.matches(rank).count();
        assert!(ranks(&here, "slaves hostb") > 0);
        assert_eq!(ranks(&here, "slaves hostb"), ranks(&there, "masters hosta"));
        assert_eq!(ranks(&here, "masters hostb"), ranks(&there, "slaves hosta"));
        assert!(there.contains("failhost hosta ") && !there.contains("failhost hostb "));

        let nobody = own.write("nobody.tcl", instead(&text, me, &me.replace("hosta", "x")));
        let mut command = failsh();
        command.args(["--check", "-f", &nobody, "-f", &policy]);
        let why = program::run(command).failed(fail_cli::exit::DATA);
        assert!(why.contains("this host is \"x\", which is not"), "{why}");
    }
}

#[test]
fn in_the_chain_whoever_stands_before_outranks() {
    let folder = tree::path("samples/chain");
    let policy = folder.join("web.tcl").to_string_lossy().into_owned();
    let text = tree::read(&folder.join("me.tcl"));
    let own = Folder::new();
    for (me, ranks) in [
        ("hosta", &["slaves {hostb hostc hostd}"][..]),
        ("hostb", &["masters hosta", "slaves {hostc hostd}"]),
        ("hostc", &["masters {hosta hostb}", "slaves hostd"]),
        ("hostd", &["masters {hosta hostb hostc}"]),
    ] {
        let line = "set me hosta\n";
        let me = instead(&text, line, &line.replace("hosta", me));
        let printed = check(&[&own.write("me.tcl", me), &policy]);
        assert_eq!(printed.matches("failhost ").count(), 3, "{printed}");
        for rank in ["masters ", "slaves "] {
            let there = ranks.iter().any(|words| words.starts_with(rank));
            assert_eq!(printed.contains(rank), there, "{printed}");
        }
        for words in ranks {
            assert!(printed.contains(words), "{printed}");
        }
    }
}

#[test]
fn the_policy_of_the_readme_is_the_sample() {
    let readme = tree::read(&tree::path("README"));
    // "    12  failhost ...": a number, two blanks, the line.
    let numbered = readme.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?.trim_start();
        let text = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number = text.len() < line.len();
        let text = text.strip_prefix("  ").unwrap_or(text);
        number.then(|| format!("{text}\n"))
    });
    let hosta = tree::read(&tree::path("samples/minimal/hosta/address.tcl"));
    assert_eq!(numbered.collect::<String>(), hosta);

    let hostb = instead(
        &hosta,
        "failhost hostb address 192.0.2.12",
        "failhost hosta address 192.0.2.11",
    );
    let hostb = instead(&hostb, "slaves   hostb", "masters  hosta");
    let sample = tree::read(&tree::path("samples/minimal/hostb/address.tcl"));
    assert_eq!(hostb, sample);
}

#[test]
fn every_sample_has_a_readme_that_names_its_files() {
    let overview = tree::read(&tree::path("samples/README"));
    for folder in tree::list(&tree::path("samples")) {
        if !folder.is_dir() {
            continue;
        }
        let name = tree::name(&folder);
        assert!(overview.contains(&format!("`{name}/`")), "{name}");
        let readme = tree::read(&folder.join("README"));
        for file in tree::list(&folder) {
            let file = tree::name(&file);
            assert!(file == "README" || readme.contains(&file), "{name}/{file}");
        }
    }
}

#[test]
fn systemd_understands_the_units() {
    let units = tree::files(&tree::path("samples/systemd"), "service");
    assert_eq!(units.len(), 3);
    let own = Folder::new();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]);
    for unit in units {
        let text = tree::read(&unit);
        // The programs must exist where the unit says; here they are where cargo put them.
        let name = tree::name(&unit).replace(".service", "");
        let installed = format!("ExecStart=/usr/local/sbin/{name} ");
        let here = format!("ExecStart=\"{}\" ", program::path(&name).display());
        command.arg(own.write(&tree::name(&unit), instead(&text, &installed, &here)));
        // While it is gone somebody else serves or nobody sees; but what is wrong with a file is
        // not mended by starting again ten times a second.
        if name == "hc" {
            assert!(text.contains("\nRestartPreventExitStatus=64 65\n"));
        }
        let options = exec_start(&text);
        let known = fail_cli::PROGRAMS
            .into_iter()
            .find(|known| known.name == name);
        let parsed = (known.expect("a unit has the name of its program").command)()
            .try_get_matches_from(options);
        assert!(parsed.is_ok(), "{}: {parsed:?}", unit.display());
    }
    match command.output() {
        // Past the capture of the test runner, so that it is seen.
        Err(e) => {
            failover_tests::skipped(&format!("systemd-analyze: {e}; the units are not verified"));
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
    }
}

/// The words of the command line that a unit runs.
fn exec_start(unit: &str) -> Vec<String> {
    let mut lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix("ExecStart="));
    let line = lines.next().expect("a unit has ExecStart");
    line.split_whitespace().map(String::from).collect()
}
