//! The ready-made packages: `tests/tcl/*.test`, run by the real failsh as a script on its
//! standard input, and the examples of their pages.
//!
//! As root they run in a network and mount namespace of their own, those of `failover::systemd`
//! beside a systemd of their own; what can not run elsewhere tcltest skips, and says so.

use std::process::{Command, Stdio};

use failover_tests::failsh::Failsh;
use failover_tests::folder::Folder;
use failover_tests::man::Page;
use failover_tests::{program, skipped, tree, wait};

/// What tcltest counted: passed, skipped, failed.
fn count(text: &str) -> Option<[u32; 3]> {
    // exec.test:	Total	28	Passed	28	Skipped	0	Failed	0
    let sum = text.lines().rev().find(|line| line.contains("\tTotal\t"))?;
    let number = |word: &str| {
        let mut words = sum.split('\t').skip_while(|part| *part != word);
        words.nth(1)?.parse().ok()
    };
    Some([number("Passed")?, number("Skipped")?, number("Failed")?])
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs one file, with these words before failsh.
fn passes(name: &str, before: &[String]) {
    let file = tree::path("tests/tcl").join(name);
    let mut words = before.to_vec();
    words.push(program::path("failsh").to_string_lossy().into_owned());
    // No faild is needed: nothing of ours listens on port 1.
    words.extend(["-", "-m", "none", "-D", "none", "-s", "127.0.0.1:1"].map(String::from));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("LC_ALL", "C.UTF-8");
    let exim = tree::path("target/debian/exim");
    if exim.join("usr/sbin/exim4").exists() {
        command.env("TEST_EXIM", exim);
    }
    let folder = Folder::new();
    let script = folder.write("script", format!("source {{{}}}\n", file.display()));
    let script = std::fs::File::open(script).unwrap();
    let output = command.stdin(Stdio::from(script)).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    match count(&text) {
        Some([passed, left_out, 0]) if passed > 0 => {
            if left_out > 0 {
                let reasons: Vec<&str> = text.lines().filter(|l| l.starts_with('\t')).collect();
                skipped(&format!("{left_out} of {name}:{}", reasons.join(",")));
            }
        }
        Some([0, ..]) | None => panic!("{name}: no test ran\n{text}"),
        Some(_) => panic!("{name}: some failed\n{text}"),
    }
}

/// In a network and mount namespace of its own, where that can be had.
fn alone(name: &str) {
    let words = "unshare --net --mount env TEST_NETNS=1 sh -c";
    let mut before: Vec<String> = words.split(' ').map(String::from).collect();
    before.extend([r#"ip link set lo up && exec "$@""#, "sh"].map(String::from));
    let can = is_root()
        && Command::new("unshare")
            .args(["--net", "--mount", "true"])
            .status()
            .is_ok_and(|status| status.success());
    passes(name, if can { &before } else { &[] });
}

#[test]
fn all() {
    alone("all.test");
}

#[test]
fn exec() {
    alone("exec.test");
}

#[test]
fn ip() {
    alone("ip.test");
}

#[test]
fn lsb() {
    alone("lsb.test");
}

#[test]
fn notify() {
    alone("notify.test");
}

#[test]
fn ocf() {
    alone("ocf.test");
}

#[test]
fn what_needs_no_systemd() {
    passes("systemd.test", &[]);
}

#[test]
fn units_of_a_real_systemd() {
    let folder = Folder::new();
    let with = tree::path("tests/tcl/with-systemd");
    let words = [with.to_string_lossy().into_owned(), folder.file("")];
    let tried = Command::new(&words[0]).arg(&words[1]).arg("true").output();
    match tried {
        Ok(tried) if is_root() && tried.status.success() => passes("systemd.test", &words),
        _ if !is_root() => skipped("not root, so no systemd of our own"),
        Ok(tried) => skipped(&format!(
            "no systemd of our own: {}",
            String::from_utf8_lossy(&tried.stderr).trim()
        )),
        Err(error) => panic!("{}: {error}", words[0]),
    }
}

#[test]
fn every_file_of_tests_is_run_here() {
    let here = tree::read(&tree::path("tests/tests/packages.rs"));
    for file in tree::files(&tree::path("tests/tcl"), "test") {
        let name = tree::name(&file);
        assert!(here.contains(&format!("(\"{name}\"")), "{name} is not run");
    }
}

/// A part is a file: it runs while the file is there.
const PARTS: &str = "
    package require failover::all
    package require failover::exec
    package require failover::notify
    all::service web {
        foreach part {address disk server} {
            exec::part $part -start [list sh -c {echo start $1 >> $2/order; touch $2/$1} - $part FOLDER] \
                -stop [list sh -c {echo stop $1 >> $2/order; rm -f $2/$1} - $part FOLDER] \
                -check [list test -e FOLDER/$part] -codes {1 RECOVER}
        }
    } interval 100ms checkinterval 50ms fall 2
    notify::on web {up fail} {command {sh -c {echo $1 >> $2/told} - {%name %event: %reason} FOLDER}}";

#[test]
fn a_service_of_parts_starts_is_watched_and_stopped_and_somebody_is_told() {
    let failsh = Failsh::start(PARTS);
    failsh.log.wait_for("service web: RECOVER -> UP");
    let read = |name: &str| std::fs::read_to_string(failsh.folder.file(name)).unwrap_or_default();
    assert_eq!(read("order"), "start address\nstart disk\nstart server\n");
    std::fs::remove_file(failsh.folder.file("disk")).unwrap();
    let line = failsh.log.wait_for("service web: UP -> FAIL");
    assert!(
        line.contains("disk: RECOVER, the other parts are not"),
        "{line}"
    );
    let stopped = "stop server\nstop disk\nstop address\n";
    assert!(read("order").ends_with(stopped), "{}", read("order"));
    let told = wait::until(
        "both events",
        || read("told"),
        |told| told.lines().count() == 2,
    );
    assert!(
        told.contains("web up: ") && told.contains("web fail: "),
        "{told}"
    );
}

#[test]
fn a_part_that_does_not_start_is_named_and_those_before_it_are_stopped() {
    let policy = PARTS.replace(
        "touch $2/$1}",
        "[ $1 = server ] && { echo no port >&2; exit 1; }; touch $2/$1}",
    );
    let failsh = Failsh::start(&policy);
    let line = failsh.log.wait_for("service web: RECOVER -> FAIL");
    assert!(line.contains("server: sh: no port"), "{line}");
    let order = std::fs::read_to_string(failsh.folder.file("order")).unwrap();
    let expected =
        "start address\nstart disk\nstart server\nstop server\nstop disk\nstop address\n";
    assert!(order.starts_with(expected), "{order}");
}

/// The policies of EXAMPLES: what stands between `.Bd -literal` and `.Ed`.
fn policies(page: &Page) -> Vec<String> {
    let mut policies = Vec::new();
    let mut inside = false;
    for line in page.section("EXAMPLES") {
        if line.starts_with(".Bd -literal") {
            policies.push(String::new());
            inside = true;
        } else if line == ".Ed" {
            inside = false;
        } else if let (true, Some(policy)) = (inside, policies.last_mut()) {
            policy.push_str(&line.replace("\\e", "\\").replace("\\&", ""));
            policy.push('\n');
        }
    }
    policies
}

/// What the examples need of a host stands in a folder of programs that do nothing.
#[test]
fn examples_are_policies_whose_normal_form_reads_the_same() {
    let folder = Folder::new();
    for (name, text) in [("systemctl", "echo disabled; exit 1"), ("curl", "exit 0")] {
        let path = folder.write(name, format!("#!/bin/sh\n{text}\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.path().display());
    let check = |text: &str| {
        let file = folder.write("policy.tcl", text);
        let mut command = program::command("failsh");
        command.env("PATH", &path).args(["--check", "-f", &file]);
        program::run(command)
    };
    let hosts = "failhost hosta address 192.0.2.1\nfailhost hostb address 192.0.2.2\n";
    for name in ["all", "exec", "ip", "lsb", "notify", "ocf", "systemd"] {
        let page = Page::open(&format!("failover-{name}.n"));
        let policies = policies(&page);
        assert!(!policies.is_empty(), "{name}: no EXAMPLES");
        let before = match name {
            "lsb" if !std::path::Path::new("/etc/init.d/nginx").exists() => "/etc/init.d/nginx",
            "ocf" if !std::path::Path::new("/usr/lib/ocf/resource.d/heartbeat").exists() => {
                "Debian's resource-agents"
            }
            _ => "",
        };
        if !before.is_empty() {
            skipped(&format!("the examples of failover-{name}(n): no {before}"));
            continue;
        }
        for policy in policies {
            let first = check(&format!("{hosts}{policy}")).done();
            let ours = format!("package require failover::{name}");
            assert!(first.contains(&ours), "{name}: {first}");
            assert_eq!(check(&first).done(), first, "{name}: {policy}");
        }
    }
}
