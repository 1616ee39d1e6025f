//! What faild gives up when it is set up, and what it goes on doing all the same.

use std::fs;
use std::os::unix::fs::symlink;

use failover_tests::faild::{Faild, nobody};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::wait;
use nix::sys::signal::Signal;
use nix::unistd::{Uid, chown};

/// What is in force, as the log says; nothing: not all of it, because of this kernel.
fn walls(faild: &Faild) -> Option<String> {
    let line = faild.log.wait_for("sandbox: ");
    if line.contains("not in force") {
        failover_tests::skipped(&line);
        return None;
    }
    Some(line)
}

/// A field in the status of each thread of a process.
fn fields(faild: &Faild, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", faild.pid())).unwrap();
    let status = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")));
    let value = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.unwrap().trim().to_string()
    };
    status.map(|status| value(status.unwrap())).collect()
}

/// Options: as who we are, and as somebody else where we may.
fn users() -> Vec<&'static [&'static str]> {
    let other = nobody().map(|_| &["-u", "nobody"][..]);
    [&[][..]].into_iter().chain(other).collect()
}

/// A folder for a faild with those options.
fn home(user: &[&str]) -> Folder {
    let folder = Folder::new();
    if let (false, Some(nobody)) = (user.is_empty(), nobody()) {
        chown(folder.path(), Some(nobody.uid), None).unwrap();
    }
    folder
}

#[test]
fn every_thread_has_given_up_what_it_does_not_need() {
    for user in users() {
        let folder = home(user);
        let state = folder.file("state");
        let options = [&["-s", state.as_str()][..], user].concat();
        let faild = Faild::start(&options);
        if walls(&faild).is_none() {
            return;
        }
        faild.failc(&["web", "UP"]).done();
        for (field, value) in [
            ("NoNewPrivs:", "1"),
            ("Seccomp:", "2"),
            ("CapEff:", "0000000000000000"),
            ("CapPrm:", "0000000000000000"),
        ] {
            let values = fields(&faild, field);
            assert!(values.len() >= 3, "loop, log, state file: {values:?}");
            assert!(values.iter().all(|is| is == value), "{field} {values:?}");
        }
    }
}

#[test]
fn with_no_sandbox_nothing_is_given_up_and_the_log_says_so() {
    let faild = Faild::start(&["--no-sandbox"]);
    faild.log.wait_for("sandbox: none (--no-sandbox)");
    for (field, value) in [("NoNewPrivs:", "NoNewPrivs:"), ("Seccomp:", "Seccomp:")] {
        let own = fs::read_to_string("/proc/self/status").unwrap();
        let own = own.lines().find_map(|line| line.strip_prefix(value));
        let values = fields(&faild, field);
        assert!(
            values
                .iter()
                .all(|is| Some(is.as_str()) == own.map(str::trim))
        );
    }
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("CapEff:"));
    assert_eq!(fields(&faild, "CapEff:")[0], own.unwrap().trim());
}

#[test]
fn the_community_file_is_read_again_where_it_was_and_nowhere_else() {
    for (option, bound) in [(None, true), (Some("--no-sandbox"), false)] {
        let (folder, other) = (Folder::new(), Folder::new());
        let rules = folder.write("communities", "* first RW\n");
        let options = [&["-c", rules.as_str()][..], option.as_slice()].concat();
        let faild = Faild::start(&options);
        if bound && walls(&faild).is_none() {
            return;
        }
        let ask = |community: &str| {
            let quick = ["-t", "200ms", "-n", "9", "-c", community, "-q", "web", "UP"];
            faild.failc(&quick).code
        };
        assert_eq!(ask("first"), Some(0));
        let new = folder.write("new", "* second RW\n");
        fs::rename(&new, &rules).unwrap();
        faild.signal(Signal::SIGHUP);
        faild.log.wait_for("read again");
        assert_eq!((ask("first"), ask("second")), (Some(77), Some(0)));

        let elsewhere = other.write("communities", "* third RW\n");
        fs::remove_file(&rules).unwrap();
        symlink(&elsewhere, &rules).unwrap();
        faild.signal(Signal::SIGHUP);
        if bound {
            let line = faild.log.wait_for("the old rules stay in force");
            assert!(line.contains(&rules), "{line}");
            assert!(line.contains("permission denied"), "{line}");
            assert!(line.contains("may only read in the directory"), "{line}");
            assert_eq!((ask("second"), ask("third")), (Some(0), Some(77)));
        } else {
            wait::until("the rules", || ask("third"), |code| *code == Some(0));
        }
    }
}

#[test]
fn a_community_file_behind_a_link_may_be_replaced_on_both_ends() {
    let (folder, other) = (Folder::new(), Folder::new());
    let real = other.write("communities", "* first RW\n");
    let link = folder.file("communities");
    symlink(&real, &link).unwrap();
    let faild = Faild::start(&["-c", &link]);
    let ask = |community: &str| {
        let quick = ["-t", "200ms", "-n", "9", "-c", community, "-q", "web", "UP"];
        faild.failc(&quick).code
    };
    other.write("communities", "* second RW\n");
    faild.signal(Signal::SIGHUP);
    wait::until("the rules", || ask("second"), |code| *code == Some(0));
    fs::remove_file(&link).unwrap();
    folder.write("communities", "* third RW\n");
    faild.signal(Signal::SIGHUP);
    wait::until("the rules", || ask("third"), |code| *code == Some(0));
}

#[test]
fn with_u_the_community_file_must_be_readable_to_that_user_from_the_start() {
    if nobody().is_none() {
        return;
    }
    let folder = Folder::new();
    let rules = folder.write("communities", "* public RW\n");
    let mut command = program::command("faild");
    command.args([
        "-F",
        "-p",
        "0",
        "-a",
        "127.0.0.1",
        "-u",
        "nobody",
        "-c",
        &rules,
    ]);
    let outcome = program::run(command);
    assert_eq!(outcome.code, Some(74), "{outcome:?}");
    let sentence = format!("can not read community file {rules}: permission denied");
    assert!(outcome.err.contains(&sentence), "{outcome:?}");
}

#[test]
fn the_pid_file_is_removed_at_the_end() {
    let folder = Folder::new();
    let pid_file = folder.file("pid");
    let mut faild = Faild::start(&["-r", &pid_file]);
    assert_eq!(folder.names(), ["pid"]);
    assert_eq!(faild.end(), Some(0));
    assert!(folder.names().is_empty());
}

/// A field of the status, as a number.
fn number(faild: &Faild, field: &str) -> u64 {
    let text = &fields(faild, field)[0];
    text.split(' ').next().unwrap().parse().unwrap()
}

/// faild that does not get far.
fn refused(command: &mut std::process::Command) -> Outcome {
    command.args(["-F", "-p", "0", "-a", "127.0.0.1"]);
    program::run(std::mem::replace(command, program::command("faild")))
}

#[test]
fn with_m_all_memory_is_locked_also_for_another_user() {
    let outcome = {
        let mut command = program::command("faild");
        refused(command.args(["-m", "-a", "192.0.2.1"]))
    };
    if outcome.err.contains("can not lock the memory") {
        assert_eq!(outcome.code, Some(71));
        return failover_tests::skipped(&outcome.err);
    }
    for user in users() {
        let folder = home(user);
        let state = folder.file("state");
        let faild = Faild::start(&[&["-m", "-s", state.as_str()][..], user].concat());
        for n in 0..100 {
            let service = format!("service{n}");
            faild.failc(&[&service, "UP"]).done();
        }
        let (locked, size) = (number(&faild, "VmLck:"), number(&faild, "VmRSS:"));
        assert!(locked >= size, "{locked} of {size} kB are locked");
        assert_eq!(number(&faild, "VmSwap:"), 0);
        let line = faild.log.wait_for("sandbox: ");
        let caps = u64::from_str_radix(&fields(&faild, "CapEff:")[0], 16).unwrap();
        assert!(
            caps == 0 || caps == 1 << 14,
            "more than CAP_IPC_LOCK: {caps:x}"
        );
        assert_eq!(line.contains("that to lock memory"), caps != 0, "{line}");
    }
}

#[test]
fn with_n_the_nice_value_is_lower_in_every_thread() {
    let nice = |pid: i32| {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        // A thread may end between two looks, those of the tests as well.
        let stat = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        let nice = |stat: &str| stat.rsplit(") ").next()?.split(' ').nth(16)?.parse().ok();
        let values = stat.map(|stat| nice(&stat).unwrap());
        values.collect::<Vec<i32>>()
    };
    if Uid::effective().is_root() {
        let own = nice(i32::try_from(std::process::id()).unwrap())[0];
        let faild = Faild::start(&["-n", "3"]);
        let values = nice(faild.pid());
        assert!(values.len() > 1, "{values:?}");
        assert!(
            values.iter().all(|is| *is == (own - 3).max(-20)),
            "{values:?}"
        );
    }
    for (line, code, words) in [
        ("-n 0", 64, "0 is not in 1..=39"),
        ("-n 40", 64, "40 is not in 1..=39"),
        ("-n x", 64, "x"),
    ] {
        let mut command = program::command("faild");
        let sentence = refused(command.args(line.split(' '))).failed(code);
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[test]
fn who_may_not_is_told_what_it_takes_and_there_is_no_faild() {
    if nobody().is_none() {
        return;
    }
    for (option, words) in [
        ("-m", "can not lock the memory: "),
        (
            "-n5",
            "can not lower the nice value by 5: permission denied",
        ),
    ] {
        let mut command = std::process::Command::new("setpriv");
        let nothing = [
            "--inh-caps=-all",
            "--ambient-caps=-all",
            "--bounding-set=-all",
        ];
        command
            .args(nothing)
            .args(["prlimit", "--memlock=8192", "--nice=0"]);
        command.arg(program::path("faild")).arg(option);
        let sentence = refused(&mut command).failed(71);
        assert!(sentence.contains(words), "{sentence}");
        assert!(sentence.contains("it takes root with CAP_"), "{sentence}");
    }
}
