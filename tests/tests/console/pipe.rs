//! The console without a terminal: a script on standard input.

use std::io::Write;
use std::process::{Command, Stdio};

use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::wait;

/// Runs failsh with these options and this script.
fn script(options: &[&str], script: &str) -> Outcome {
    let folder = Folder::new();
    let file = std::fs::File::open(folder.write("script", script)).unwrap();
    let mut command = program::command("failsh");
    command.args(options).stdin(file);
    program::run(command)
}

/// The same in a failsh of its own.
fn own(text: &str) -> Outcome {
    let faild = Faild::start(&[]);
    script(&["-", "-s", &faild.address.to_string(), "-D", "none"], text)
}

#[test]
fn a_script_is_run_as_a_whole() {
    let version = own("puts [fail version]").done();
    assert_eq!(version, format!("{}\n", env!("CARGO_PKG_VERSION")));
    let text =
        "proc p {} {\n  return 5\n}\nputs [p]; puts [exec echo six]; after 50\nputs é\nset x 1\n";
    assert_eq!(own(text).done(), "5\nsix\né\n");
    assert_eq!(own("").done(), "");
}

#[test]
fn an_error_names_its_line_and_exit_its_code() {
    let outcome = own("puts one\nset x 1\nerror oops\nputs never\n");
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), "one\n"));
    let told = "failsh: standard input:3: oops\n    while executing\n\"error oops\"\n";
    assert_eq!(outcome.err, told);
    let outcome = own("puts {");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("missing close-brace"), "{outcome:?}");
    for (text, code) in [("exit", 0), ("exit 3", 3), ("if 1 {exit 250}; puts x", 250)] {
        let outcome = own(text);
        assert_eq!(
            (outcome.code, outcome.out.as_str()),
            (Some(code), ""),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_script_that_is_too_long_is_not_begun() {
    let text = "puts begun\n".to_string() + &"# and so on\n".repeat(100_000);
    assert!(own(&text).failed(65).contains("at most 524288 bytes"));
}

#[test]
fn a_policy_that_is_bad_is_no_console() {
    let folder = Folder::new();
    let policy = folder.write("p.tcl", "failsvc web intervall 1");
    let outcome = script(&["-", "-f", &policy, "-D", "none"], "puts never");
    assert!(outcome.failed(65).contains("p.tcl:1: "));
}

#[test]
fn a_script_can_be_run_by_a_failsh_that_runs() {
    let failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"));
    failsh.log.wait_for("service web: RECOVER -> UP");
    let socket = failsh.folder.file("socket");
    let attach = |text: &str| script(&["--attach", &socket], text);
    assert_eq!(attach("puts [fail state web]; set ::x 5").done(), "UP\n");
    assert_eq!(attach("puts $::x").done(), "5\n");
    assert_eq!(attach("exit 4").code, Some(4));
    let outcome = attach("\nfail state nosuch");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.err.starts_with("failsh: standard input:2: "),
        "{outcome:?}"
    );
    // It is the same failsh as before.
    assert_eq!(
        attach("puts [pid]").done(),
        format!("{}\n", failsh.running.0.id())
    );
}

#[test]
fn where_no_failsh_is_there_is_a_sentence() {
    let folder = Folder::new();
    let nobody = folder.file("socket");
    for options in [
        &["--attach", &nobody][..],
        &["--release", "--socket", &nobody],
    ] {
        let sentence = script(options, "").failed(69);
        let told = format!("failsh: no failsh answers at {nobody}: no such file or directory\n");
        assert_eq!(sentence, told);
    }
    let sentence = script(&["--attach", "hostb"], "").failed(69);
    assert!(sentence.contains("ssh hostb failsh --attach"), "{sentence}");
    drop(std::os::unix::net::UnixListener::bind(&nobody).unwrap());
    let sentence = script(&["--attach", &nobody], "").failed(69);
    assert!(sentence.contains("connection refused"), "{sentence}");
}

/// A failsh run by nobody.
fn as_nobody(options: &[&str]) -> Outcome {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(program::path("failsh")).args(options);
    command.stdin(Stdio::null());
    program::run(command)
}

#[test]
fn others_are_kept_out_by_the_file_and_by_failsh() {
    if !nix::unistd::geteuid().is_root() {
        failover_tests::skipped("only root can be somebody else");
        return;
    }
    let failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"));
    let socket = failsh.folder.file("socket");
    let sentence = as_nobody(&["--attach", &socket]).failed(77);
    assert!(sentence.contains("only root and the user"), "{sentence}");
    // A door that somebody has opened does not help.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&socket, mode).unwrap();
    for options in [
        &["--attach", &socket][..],
        &["--release", "--socket", &socket],
    ] {
        let sentence = as_nobody(options).failed(69);
        assert!(sentence.contains("only root and the user"), "{sentence}");
    }
    assert_eq!(script(&["--attach", &socket], "puts in").done(), "in\n");
}

#[test]
fn a_change_lasts_until_the_policy_is_read_again() {
    let policy = format!("failsvc web start {{return UP}} {REST}");
    let failsh = Failsh::serving(&policy);
    let socket = failsh.folder.file("socket");
    let attach = |text: &str| script(&["--attach", &socket], text).done();
    let interval = || attach("puts [failsvc web interval]");
    let why = || {
        let mut command = program::command("failc");
        command.args(["-m", &failsh.monitor().to_string(), "why", "web"]);
        program::run(command).done()
    };
    assert_eq!(interval(), "100ms\n");
    assert!(!why().contains("console"), "{}", why());
    attach("failsvc web interval 250ms");
    assert_eq!(interval(), "250ms\n");
    wait::until("the change to be shown", why, |why| {
        why.contains("changed at the console: interval")
    });
    // One that goes back by itself.
    attach("fail for 1s {failsvc web interval 400ms}");
    assert_eq!(interval(), "400ms\n");
    wait::until("it to go back", interval, |now| now == "250ms\n");
    // All of a command or nothing.
    let bad = script(&["--attach", &socket], "failsvc web interval 300ms start {");
    assert_eq!(bad.code, Some(1));
    let bad = script(
        &["--attach", &socket],
        "failsvc web interval 300ms intervall 1",
    );
    assert_eq!(bad.code, Some(1));
    assert_eq!(interval(), "250ms\n");
    failsh.signal(nix::sys::signal::Signal::SIGHUP);
    failsh.log.wait_for("policy read again");
    assert_eq!(interval(), "100ms\n");
    wait::until("the change to be gone", why, |why| !why.contains("console"));
}

#[test]
fn everything_is_released_or_named() {
    let mut failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"));
    failsh.log.wait_for("service web: RECOVER -> UP");
    let socket = failsh.folder.file("socket");
    script(&["--release", "--socket", &socket], "").done();
    assert_eq!(failsh.running.wait(), Some(0));
    assert!(
        failsh.state("web").contains("FAIL unpublished"),
        "{}",
        failsh.state("web")
    );
    assert!(!failsh.exists("socket"));
    let stop = "stop {error broken} interval 100ms";
    let mut failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {stop}"));
    failsh.log.wait_for("service web: RECOVER -> UP");
    let socket = failsh.folder.file("socket");
    let sentence = script(&["--release", "--socket", &socket], "").failed(75);
    assert!(
        sentence.contains("web") && sentence.contains("broken"),
        "{sentence}"
    );
    assert_eq!(failsh.running.wait(), Some(0));
}

#[test]
fn whoever_hangs_up_takes_his_command_with_him() {
    let failsh = Failsh::serving("");
    let socket = failsh.folder.file("socket");
    let mut command = program::command("failsh");
    command.args(["--attach", &socket]).stdin(Stdio::piped());
    let mut running = program::Running::start(command.stdout(Stdio::null()));
    let text = format!(
        "try {{close [open {0} w]; exec sleep 1000}} finally {{close [open {1} w]}}",
        failsh.folder.file("began"),
        failsh.folder.file("ended")
    );
    let mut stdin = running.0.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    failsh.wait_for_file("began");
    drop(running);
    failsh.wait_for_file("ended");
}
