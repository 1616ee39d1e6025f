//! hc without a daemon: checks that are run once, files that are only read, and the examples of
//! its page.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use failover_tests::folder::Folder;
use failover_tests::hc::run;
use failover_tests::man::Page;
use failover_tests::program::{self, Outcome};
use failover_tests::wait;

const TCL: &str = "proc disks {where most} {
    hc::figure used 95 % 80 $most
    puts noise
    if {95 > $most} {throw {HC WARNING} \"$where is nearly full\"}
    return \"$where is well\"
}
proc odd {} {throw {HC UNKNOWN} \"no such table\"}
proc bad {} {error \"no\\nway\"}
proc loop {} {while 1 {}}
";

fn hc(options: &[&str]) -> Outcome {
    let mut command = program::command("hc");
    command.args(options);
    program::run(command)
}

#[test]
fn a_probe_is_a_plugin_of_nagios() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for (check, code, said) in [
        (format!("tcp 127.0.0.1:{port}"), 0, "HC OK"),
        (
            "nagios sh -c \"echo 'half | a=1s;2;3'; exit 1\"".to_string(),
            1,
            "HC WARNING: half",
        ),
        (
            "exec sh -c 'echo gone; exit 7'".to_string(),
            2,
            "HC CRITICAL: gone",
        ),
        ("exec /does/not/exist".to_string(), 3, "HC UNKNOWN: "),
        (
            "exec timeout=100ms sleep 60".to_string(),
            2,
            "did not end within 100ms",
        ),
    ] {
        let done = hc(&["--probe", &check]);
        assert_eq!(done.code, Some(code), "{check}: {done:?}");
        assert!(
            done.out.contains(said) && done.out.lines().count() == 1,
            "{done:?}"
        );
        assert!(done.out.contains("time="), "{done:?}");
        assert_eq!(done.err, "", "{check}");
    }
    let wrong = hc(&["--probe", "htpp http://x"]).failed(64);
    assert!(wrong.contains("1:1") && wrong.contains("http"), "{wrong}");
}

#[test]
fn targets_are_checked_once_side_by_side() {
    let folder = Folder::new();
    let text = "load exec nagios\nhangs:\n timeout 300ms\n exec sleep 60\n exec sleep 60\n\
                good: hangs\n exec echo fine\nwarns:\n nagios sh -c 'echo half; exit 1'\n";
    let once = |targets: &[&str]| {
        let options: Vec<&str> = ["-f", "Hcfile", "--once"]
            .iter()
            .chain(targets)
            .copied()
            .collect();
        run(&folder, text, &options)
    };
    let all = once(&["%"]);
    assert_eq!(all.code, Some(2), "{all:?}");
    let lines: Vec<&str> = all.out.lines().collect();
    assert_eq!(lines.len(), 4, "{all:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("good exec: HC OK: fine")),
        "{all:?}"
    );
    let late = lines
        .iter()
        .filter(|line| line.contains("did not end within 300ms"));
    assert_eq!(late.count(), 2);
    assert_eq!(once(&["good", "warns"]).code, Some(1));
    assert_eq!(once(&["good"]).code, Some(0));
    // As getnode has it.
    let some = once(&["g%d", "warn%"]);
    assert_eq!((some.code, some.out.lines().count()), (Some(1), 2));
    let unfit = once(&["good", "web-%"]).failed(64);
    assert!(unfit.contains("no target fits \"web-%\""), "{unfit}");
    let unknown = once(&["nope"]).failed(64);
    assert!(unknown.contains("\"nope\""), "{unknown}");
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let folder = Folder::new();
    let wrong = "load exec\nwww:\n htpp http://x\n exce true\n";
    for options in [
        &["--check"][..],
        &["--print"],
        &["-t"],
        &["--once", "%"],
        &["-F"],
    ] {
        let said = run(&folder, wrong, options).failed(65);
        assert!(
            said.contains("Hcfile:3:2: ") && said.contains("Hcfile:4:2: "),
            "{said}"
        );
    }
    let none = hc(&["-f", "/does/not/exist", "--check"]);
    assert_eq!(none.code, Some(74));
    assert_eq!(
        none.err,
        "hc: /does/not/exist: can not be read: no such file or directory\n"
    );
    for empty in ["", "load exec\n"] {
        for options in [&["--check"][..], &["-F"]] {
            let said = run(&folder, empty, options).failed(65);
            assert!(said.contains("Hcfile: there is no target in it"), "{said}");
        }
    }
    let missing = "load exec\nwww:\n exec bin/check\n on down exec /bin/sh\n";
    let warned = run(&folder, missing, &["--check"]);
    assert_eq!(warned.code, Some(0));
    let program = folder.file("bin/check");
    assert_eq!(
        warned.err,
        format!("hc: Hcfile:3:2: there is no program \"{program}\"\n")
    );
    let good = "load exec\ninterval = 7s\nwww:\n exec echo \"a b\"\n on down exec true\n";
    assert_eq!(run(&folder, good, &["--check"]).done(), "");
    let printed = run(&folder, good, &["--print"]).done();
    assert!(printed.contains("interval 7s"), "{printed}");
    assert_eq!(run(&folder, &printed, &["--print"]).done(), printed);
}

#[test]
fn what_a_line_can_not_use_is_said_before_the_night_in_which_it_is_needed() {
    let folder = Folder::new();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let community = file("community", "secret\n", 0o644);
    let login = file("login", "secret\n", 0o600);
    let ca = file("ca", "secret\n", 0o644);
    file("good", "user:secret\n", 0o640);
    let text = "load exec http imap ldap faild\n\
                www:\n \
                maintenance 2020-01-01T00:00/2020-01-02T00:00 2999-01-01T00:00/2999-01-02T00:00\n \
                http https://127.0.0.1/ auth=good ca=ca\n \
                imap 127.0.0.1 login=login\n \
                imap 127.0.0.1 login=good\n \
                ldap ldap://127.0.0.1/ bind=none\n \
                faild web community=community\n \
                exec no-such-program-of-failover\n \
                on down webhook http://127.0.0.1/ auth=folder\n";
    std::fs::create_dir(folder.file("folder")).unwrap();
    let warned = run(&folder, text, &["--check"]);
    let path = |name: &str| folder.file(name);
    let open = format!(
        "can not use the community file {community}: others can read or change it (mode 0644)"
    );
    let lines = [
        "3:14: the window 2020-01-01T00:00/2020-01-02T00:00 is over".to_string(),
        format!("4:2: there is no certificate in {ca}"),
        format!("5:2: the password file {login} does not begin with user:password"),
        format!(
            "7:2: can not use the password file {}: no such file or directory",
            path("none")
        ),
        format!("8:2: {open}"),
        "9:2: there is no program \"no-such-program-of-failover\" in PATH".to_string(),
        format!(
            "10:2: can not use the password file {}: it is not a file",
            path("folder")
        ),
    ];
    let lines: String = lines.map(|line| format!("hc: Hcfile:{line}\n")).concat();
    assert_eq!((warned.code, warned.err), (Some(0), lines));
    // In the words of who needs it.
    let needed = hc(&["--probe", &format!("faild web community={community}")]);
    let begins = format!("HC UNKNOWN: {open} | ");
    assert!(needed.out.starts_with(&begins), "{needed:?}");
}

#[test]
fn root_does_not_read_what_others_may_write() {
    let folder = Folder::new();
    let good = "load exec\nwww:\n exec true\n";
    run(&folder, good, &["--check"]).done();
    let path = folder.file("Hcfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let done = hc(&["-f", &path, "--check"]);
    assert!(
        done.err.contains("every user of this host may write it"),
        "{done:?}"
    );
    let refused = if nix::unistd::geteuid().is_root() {
        65
    } else {
        0
    };
    assert_eq!(done.code, Some(refused), "{done:?}");
}

#[test]
fn a_procedure_in_tcl_says_what_it_found() {
    let folder = Folder::new();
    let file = folder.write("checks.tcl", TCL);
    for (words, code, said) in [
        (
            &["disks", "/var", "90"][..],
            1,
            "/var is nearly full | used=95%;80;90\n",
        ),
        (
            &["disks", "-x [exit]", "99"],
            0,
            "-x [exit] is well | used=95%;80;99\n",
        ),
        (&["odd"], 3, "no such table\n"),
        (&["bad"], 2, "no way\n"),
    ] {
        let mut options = vec!["--tcl", &file];
        options.extend(words);
        let done = hc(&options);
        assert_eq!(
            (done.code, done.out.as_str()),
            (Some(code), said),
            "{done:?}"
        );
    }
    let text = "load tcl\nwww:\n tcl checks.tcl disks /var 90\n";
    let once = run(&folder, text, &["--once", "www"]);
    assert_eq!(once.code, Some(1));
    assert!(once.out.contains("/var is nearly full") && once.out.contains("used=95%;80;90"));
    let text = "load tcl\nwww:\n timeout 300ms\n tcl checks.tcl loop\n";
    let once = run(&folder, text, &["--once", "www"]);
    assert_eq!(once.code, Some(2), "{once:?}");
}

#[test]
fn the_examples_of_the_page_run() {
    let folder = Folder::new();
    let here = folder.file("");
    std::fs::write(folder.file("Hcfile"), "load exec\nwww:\n exec true\n").unwrap();
    std::fs::write(folder.file("checks.tcl"), TCL).unwrap();
    let page = Page::open("hc.8");
    let places = |text: &str| {
        let text = text.replace("\\(dq", "\"");
        let text = text.replace("/etc/failover/", &here);
        text.replace("/var/lib/failover/", &here)
            .replace("/run/", &here)
    };
    let examples = page.examples('#').into_iter().chain(page.examples('$'));
    let examples: Vec<String> = examples.map(places).collect();
    assert!(examples.len() >= 6, "{examples:?}");
    for example in examples {
        let words = example.strip_prefix("hc ").unwrap();
        let mut command = std::process::Command::new("sh");
        // The monitor and the debug port of a hc of this host are not ours to take.
        let daemon = words.contains("-m ") || words.contains("-F ");
        let more = match (words.contains("-m "), daemon) {
            (true, _) => " -p 0 -D none",
            (_, true) => " -D none",
            _ => "",
        };
        let program = program::path("hc");
        let line = format!("exec {} {words}{more}", program.display());
        command.args(["-c", &line]).current_dir(folder.path());
        if words.contains("-F ") {
            command.stderr(std::process::Stdio::piped());
            let mut running = program::Running::start(&mut command);
            let lines = failover_tests::lines::Lines::of(running.0.stderr.take().unwrap());
            lines.wait_for("is ready");
            running.signal(nix::sys::signal::Signal::SIGTERM);
            assert_eq!(running.wait(), Some(0), "{example}");
            continue;
        }
        let done = program::run(command);
        let known = done.code.is_some_and(|code| code <= 3);
        // A daemon whose log goes nowhere says so while somebody can read it.
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let lost = daemon && socket.connect("/dev/log").is_err();
        let (no_syslog, mut others): (Vec<&str>, Vec<&str>) =
            { done.err.lines() }.partition(|line| line.starts_with("hc: no syslog at /dev/log: "));
        others.retain(|line| *line != "noise");
        assert_eq!((no_syslog.len(), others), (usize::from(lost), vec![]));
        assert!(known, "{example}: {done:?}");
        if daemon {
            let pid = std::fs::read_to_string(folder.file("hc.pid")).unwrap();
            let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
            let there = || folder.names().contains(&"hc.pid".to_string());
            wait::until("its end", there, |there| !there);
        }
    }
}
