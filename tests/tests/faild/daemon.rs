//! faild as a daemon: background, pid file, user, signals, community file.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use failover_tests::disk::Disk;
use failover_tests::faild::{Faild, free_port, nobody};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::wait::{self, LIMIT};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, chown};

/// A faild in the background. Its pid file says which process it is.
struct Background {
    pid: i32,
    port: String,
}

/// Only the tests in this file choose ports here.
const ADDRESS: &str = "127.0.0.3";

/// Whether this process still does something; one that only waits to be reaped does not.
fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    // The first thread may have ended while another still has the files of the process.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    !after_name.is_empty() && (!after_name.starts_with('Z') || threads > 1)
}

fn faild(options: &[&str]) -> Outcome {
    let mut command = program::command("faild");
    command.args(["-a", ADDRESS]).args(options);
    program::run(command)
}

impl Background {
    fn start(pid_file: &str, options: &[&str]) -> Background {
        Background::start_by(|command| command, pid_file, options)
    }

    /// The same by what is made of the command.
    fn start_by(
        by: impl FnOnce(Command) -> Command,
        pid_file: &str,
        options: &[&str],
    ) -> Background {
        let port = free_port(ADDRESS).to_string();
        let mut command = program::command("faild");
        command.args(["-a", ADDRESS, "-p", &port, "-r", pid_file]);
        command.args(options);
        program::run(by(command)).done();
        let text = fs::read_to_string(pid_file).expect("there is a pid file");
        let pid = text.trim().parse().expect("a pid file holds a number");
        Background { pid, port }
    }

    fn failc(&self, words: &[&str]) -> Outcome {
        let mut command = program::command("failc");
        command.args(["-s", ADDRESS, "-p", &self.port]).args(words);
        program::run(command)
    }

    /// Asks it to end, and waits for that.
    fn end(&self) {
        kill(Pid::from_raw(self.pid), Signal::SIGTERM).expect("it runs");
        wait::until("the end of faild", || lives(self.pid), |lives| !lives);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Only if it is still our faild.
        let exe = fs::read_link(format!("/proc/{}/exe", self.pid));
        if exe.is_ok_and(|exe| exe == program::path("faild")) {
            let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

#[test]
fn in_the_background_it_answers_at_once_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let (pid_file, state) = (folder.file("pid"), folder.file("state"));
    let faild = Background::start(&pid_file, &["-s", &state]);
    assert!(lives(faild.pid));
    faild.failc(&["-n", "1", "web", "UP"]).done();
    let link = |what: &str| fs::read_link(format!("/proc/{}/{what}", faild.pid)).unwrap();
    assert_eq!(link("cwd"), Path::new("/"));
    for fd in 0..3 {
        assert_eq!(link(&format!("fd/{fd}")), Path::new("/dev/null"));
    }
    faild.end();
    assert_eq!(folder.names(), ["state"], "the pid file is gone");
    assert_eq!(faild.failc(&["-n", "1", "web"]).code, Some(69));

    let faild = Background::start(&pid_file, &["-s", &state]);
    faild.failc(&["-q", "web"]).done();
}

#[test]
fn in_the_background_it_goes_on_logging_to_a_syslog_that_was_started_again() {
    let Some(dev) = Disk::new("/dev", 64) else {
        return;
    };
    dev.run("mknod -m 666 /dev/null c 1 3");
    let listen = || {
        let _ = fs::remove_file(dev.seen("log"));
        let socket = UnixDatagram::bind(dev.seen("log")).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        socket
    };
    let wait_for = |socket: &UnixDatagram, text: &str| {
        let mut bytes = [0; 4096];
        loop {
            let count = socket.recv(&mut bytes).expect("a line");
            let line = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if line.contains(text) {
                return line;
            }
        }
    };
    let first = listen();
    let folder = Folder::new();
    let pid_file = folder.file("pid");
    let faild = Background::start_by(|command| dev.within(&command), &pid_file, &[]);
    let pid = faild.pid;
    let line = wait_for(&first, "is ready");
    assert!(line.contains(&format!("faild[{pid}]: version")), "{line}");
    drop(first);
    let second = listen();
    kill(Pid::from_raw(pid), Signal::SIGHUP).unwrap();
    wait_for(&second, "there is no community file");
    faild.end();
    wait_for(&second, "ends");
}

#[test]
fn a_second_faild_is_refused_with_a_sentence_and_harms_nothing() {
    let folder = Folder::new();
    let pid_file = folder.file("pid");
    let first = Background::start(&pid_file, &[]);
    first.failc(&["web", "UP"]).done();

    let sentence = faild(&["-p", "0", "-r", &pid_file]).failed(73);
    let holder = format!("{pid_file} is held by process {}", first.pid);
    assert!(sentence.contains(&holder), "{sentence}");

    let other = folder.file("other");
    let sentence = faild(&["-p", &first.port, "-r", &other]).failed(73);
    assert!(sentence.contains(&first.port), "{sentence}");
    assert!(sentence.contains("is another faild running?"), "{sentence}");

    let sentence = faild(&["-F", "-p", &first.port]).failed(73);
    assert!(sentence.contains("is another faild running?"), "{sentence}");

    assert_eq!(folder.names(), ["pid"]);
    first.failc(&["-q", "web"]).done();
}

#[test]
fn a_pid_file_of_a_faild_that_was_killed_holds_nobody_up() {
    let folder = Folder::new();
    let pid_file = folder.file("pid");
    let first = Background::start(&pid_file, &[]);
    kill(Pid::from_raw(first.pid), Signal::SIGKILL).unwrap();
    wait::until("the end of faild", || lives(first.pid), |lives| !lives);
    assert_eq!(folder.names(), ["pid"]);
    let second = Background::start(&pid_file, &[]);
    assert_ne!(second.pid, first.pid);
}

#[test]
fn what_is_in_the_way_of_a_pid_file_or_a_socket_is_named_and_left_as_it_is() {
    let folder = Folder::new();
    let text = folder.write("notes", "call Ann\n");
    let sentence = faild(&["-p", "0", "-r", &text]).failed(73);
    assert!(sentence.contains("is not a pid file"), "{sentence}");
    assert_eq!(fs::read_to_string(&text).unwrap(), "call Ann\n");
    let nowhere = folder.file("missing/pid");
    let sentence = faild(&["-p", "0", "-r", &nowhere]).failed(73);
    assert!(sentence.contains(&nowhere), "{sentence}");
    let sentence = faild(&["-F", "-p", "0", "-a", "192.0.2.1"]).failed(73);
    assert!(
        sentence.contains("is it an address of this host?"),
        "{sentence}"
    );
    let sentence = faild(&["-F", "-p", "0", "-u", "nosuchuser"]);
    let told = sentence.err.contains("there is no user \"nosuchuser\"");
    assert!(sentence.code == Some(78) && told, "{sentence:?}");
}

#[test]
fn with_u_it_gives_up_root_for_good_and_still_writes_its_state() {
    let Some(nobody) = nobody() else { return };
    let folder = Folder::new();
    chown(folder.path(), Some(nobody.uid), Some(nobody.gid)).unwrap();
    let state = folder.file("state");
    let mut faild = Faild::start(&["-s", &state, "-u", "nobody"]);
    let status = fs::read_to_string(format!("/proc/{}/status", faild.pid())).unwrap();
    for (field, id) in [("Uid:", nobody.uid.as_raw()), ("Gid:", nobody.gid.as_raw())] {
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let ids: Vec<u32> = line[4..]
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        assert_eq!(ids, [id; 4], "{line}");
    }
    let line = status.lines().find(|line| line.starts_with("Groups:"));
    let mut groups = line.unwrap()[7..].split_whitespace();
    assert!(groups.all(|group| group != "0"), "{line:?}");
    let line = status.lines().find(|line| line.starts_with("CapEff:"));
    assert!(line.unwrap().ends_with("0000000000000000"), "{line:?}");

    faild.failc(&["web", "UP"]).done();
    let data = fs::metadata(&state).unwrap();
    assert_eq!(data.uid(), nobody.uid.as_raw());
    assert_eq!(data.mode() & 0o777, 0o600);
    faild.kill();
    let faild = Faild::start(&["-s", &state, "-u", "nobody"]);
    faild.failc(&["-q", "web"]).done();
}

#[test]
fn with_u_a_pid_file_that_can_not_be_removed_is_emptied_and_holds_nobody_up() {
    if nobody().is_none() {
        return;
    }
    let folder = Folder::new();
    let pid_file = folder.file("pid");
    let options = ["-r", &pid_file, "-u", "nobody"];
    for _ in 0..2 {
        let mut faild = Faild::start(&options);
        let text = fs::read_to_string(&pid_file).unwrap();
        assert_eq!(text, format!("{}\n", faild.pid()));
        assert_eq!(faild.end(), Some(0));
        assert_eq!(fs::read_to_string(&pid_file).unwrap(), "");
    }
}

#[test]
fn at_sighup_the_rules_are_read_again_and_a_bad_file_changes_nothing() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* first RW\n");
    let faild = Faild::start(&["-c", &rules]);
    let ask = |community: &str| {
        let quick = ["-t", "200ms", "-n", "9", "-c", community, "-q", "web", "UP"];
        faild.failc(&quick).code
    };
    assert_eq!((ask("first"), ask("second")), (Some(0), Some(77)));

    folder.write("communities", "# new\n* second RW\nweb third ro\n");
    faild.signal(Signal::SIGHUP);
    let line = faild.log.wait_for("the old rules stay in force");
    assert!(line.contains(&format!("{rules}:3: ")), "{line}");
    assert!(line.contains("\"ro\" should be RO or RW"), "{line}");
    assert_eq!((ask("first"), ask("second")), (Some(0), Some(77)));

    fs::remove_file(&rules).unwrap();
    faild.signal(Signal::SIGHUP);
    faild.log.wait_for("can not read community file");
    assert_eq!(ask("first"), Some(0));

    folder.write("communities", "* second RW\n");
    faild.signal(Signal::SIGHUP);
    faild.log.wait_for("read again");
    assert_eq!((ask("first"), ask("second")), (Some(77), Some(0)));
    let all = faild.log.all().join("\n");
    assert!(!all.contains("second"), "a key in the log:\n{all}");
}

#[test]
fn without_a_community_file_sighup_is_harmless_and_says_so() {
    let mut faild = Faild::start(&[]);
    faild.signal(Signal::SIGHUP);
    faild.log.wait_for("there is no community file");
    faild.failc(&["web", "UP"]).done();
    assert_eq!(faild.end(), Some(0));
    faild.log.wait_for("ends");
}

#[test]
fn a_community_file_with_an_error_stops_the_start_with_file_and_line() {
    let folder = Folder::new();
    let bad = folder.write("communities", "* public RO\nweb s3cret\n");
    let sentence = faild(&["-p", "0", "-c", &bad]).failed(65);
    assert!(
        sentence.contains(&format!("{bad}:2: 2 words")),
        "{sentence}"
    );
    assert!(!sentence.contains("s3cret"), "{sentence}");
    let missing = folder.file("missing");
    let sentence = faild(&["-p", "0", "-c", &missing]).failed(74);
    assert!(sentence.contains(&missing), "{sentence}");
    let latin = folder.write("latin", b"# x\n* \xe9t\xe9 RW\n");
    let sentence = faild(&["-p", "0", "-c", &latin]).failed(65);
    assert!(
        sentence.contains(&format!("{latin}:2: it is not UTF-8")),
        "{sentence}"
    );
    let marked = folder.write("marked", "\u{feff}* public RO\n");
    let sentence = faild(&["-p", "0", "-c", &marked]).failed(65);
    assert!(sentence.contains("byte order mark"), "{sentence}");
}

#[test]
fn a_community_file_that_others_may_read_is_warned_about() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* s3cret RW\n");
    let faild = Faild::start(&["-c", &rules]);
    let all = faild.log.all().join("\n");
    assert!(!all.contains("chmod"), "{all}");
    fs::set_permissions(&rules, fs::Permissions::from_mode(0o644)).unwrap();
    faild.signal(Signal::SIGHUP);
    let line = faild.log.wait_for("every user of this host may read it");
    assert!(line.contains(&rules), "{line}");
    let fresh = Faild::start(&["-c", &rules]);
    fresh.log.wait_for("every user of this host may read it");
}

#[test]
fn a_community_file_that_others_may_write_or_own_is_warned_about() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* s3cret RW\n");
    let faild = Faild::start(&["-c", &rules]);
    let set = |mode| fs::set_permissions(&rules, fs::Permissions::from_mode(mode)).unwrap();
    for (mode, words) in [
        (0o602, "every user of this host may write it; chmod o-w it"),
        (0o660, "its group may write it; chmod g-w it"),
    ] {
        set(mode);
        faild.signal(Signal::SIGHUP);
        let line = faild.log.wait_for(words);
        assert!(line.contains(&rules), "{line}");
    }
    let Some(nobody) = nobody() else { return };
    // Root's, and that of the user of faild: nothing to say.
    set(0o640);
    chown(rules.as_str(), None, Some(nobody.gid)).unwrap();
    let own = Faild::start(&["-c", &rules, "-u", "nobody"]);
    chown(rules.as_str(), Some(nobody.uid), None).unwrap();
    own.signal(Signal::SIGHUP);
    own.log.wait_for("read again");
    let all = own.log.all().join("\n");
    assert!(!all.contains("chown") && !all.contains("chmod"), "{all}");
    // A stranger's.
    chown(rules.as_str(), Some(Uid::from_raw(12_345)), None).unwrap();
    own.signal(Signal::SIGHUP);
    let line = own.log.wait_for("it belongs to user 12345");
    let user = format!("the user of faild ({})", nobody.uid);
    assert!(line.contains(&user), "{line}");
}

#[test]
fn an_address_given_twice_is_listened_on_once() {
    let faild = Faild::start(&["-a", "127.0.0.1", "-a", "127.0.0.1"]);
    let all = faild.log.all();
    let lines = all.iter().filter(|line| line.ends_with("/udp"));
    assert_eq!(lines.count(), 1, "{all:?}");
}

#[test]
fn a_state_file_that_its_user_can_not_write_stops_the_start() {
    if nobody().is_none() {
        return;
    }
    let folder = Folder::new();
    let state = folder.file("state");
    let options = ["-F", "-p", "0", "-s", &state, "-u", "nobody"];
    let sentence = faild(&options).failed(74);
    assert!(sentence.contains(&state), "{sentence}");
    assert!(sentence.contains("permission denied"), "{sentence}");
}

#[test]
fn with_d_it_tells_of_each_query_change_and_save() {
    let folder = Folder::new();
    let state = folder.file("state");
    let debug = ["-d", "access", "-d", "store", "-d", "state"];
    let faild = Faild::start(&[&["-s", state.as_str()][..], &debug].concat());
    faild.failc(&["web", "UP"]).done();
    faild.log.wait_for("asks for 1 services by name");
    faild.log.wait_for("changes service web: it takes effect");
    faild
        .log
        .wait_for("service web: version 1; it has no publisher");
    let line = faild.log.wait_for("save 1: ");
    let bytes = fs::metadata(&state).unwrap().len();
    assert!(line.contains(&format!("{bytes} bytes in ")), "{line}");
}

#[test]
fn a_log_that_nobody_reads_delays_no_answer() {
    let (reader, writer) = std::io::pipe().unwrap();
    let port = free_port(ADDRESS).to_string();
    let mut command = program::command("faild");
    command.args(["-F", "-d", "access", "-a", ADDRESS, "-p", &port]);
    let _faild = program::Running::start(command.stderr(writer));
    let address = format!("{ADDRESS}:{port}");
    let options = fail_client::Options::default();
    let mut client = failover_tests::faild::client(address.parse().unwrap(), "public", options);
    let name = fail_wire::Name::new("web").unwrap();
    wait::until("faild", || client.read_one(&name).is_ok(), |ok| *ok);
    // Each is a line, and together they are more than a pipe holds.
    for n in 0..2000 {
        let answer = client.read_one(&name);
        assert!(answer.is_ok(), "query {n}: {answer:?}");
    }
    drop(reader);
}
