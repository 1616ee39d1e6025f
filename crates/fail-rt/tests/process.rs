//! What needs a process of its own: becoming a daemon, giving up root, signals, limits. This
//! program starts itself with the name of a role. No test harness, which would bring threads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test with a main of its own"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use fail_core::time::Span;
use fail_rt::clock;
use fail_rt::daemon::{daemonize, drop_to};
use fail_rt::files::replace;
use fail_rt::log::Log;
use fail_rt::poller::Poller;
use fail_rt::signals::{Signal, Signals};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{self, kill, raise};
use nix::unistd::{Pid, Uid, getpid, getsid};

const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["role", "ready", socket] => role_ready(socket),
        ["role", "fails"] => role_fails(),
        ["role", "dies"] => role_dies(),
        ["role", "threads"] => role_threads(),
        ["role", "drops", user] => role_drops(user),
        ["role", "signals"] => role_signals(),
        ["role", "no-stderr"] => role_no_stderr(),
        ["role", "speaks"] => Log::stderr("test").warn("hello"),
        ["role", "full-disk", path] => role_full_disk(path),
        // `cargo test -- --list` and the like.
        ["--list", ..] => {}
        _ => tests(),
    }
}

fn tests() {
    for (name, test) in [
        ("ready", test_ready as fn()),
        ("fails", test_fails),
        ("dies", test_dies),
        ("threads", test_threads),
        ("drops", test_drops),
        ("signals", test_signals),
        ("no stderr", test_no_stderr),
        ("journal", test_journal),
        ("full disk", test_full_disk),
    ] {
        test();
        println!("test {name} ... ok");
    }
}

fn role(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("role").args(arguments);
    command
}

/// Runs a role to its end, but not for ever.
fn run(arguments: &[&str]) -> Output {
    let mut command = role(arguments);
    within(move || command.output().unwrap())
}

fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(LIMIT).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reports what it is after it is ready, then ends.
fn role_ready(socket: &str) {
    // What the process was started with; nobody here will close it.
    let exe = std::env::current_exe().unwrap();
    let stray = fs::File::open(&exe).unwrap().into_raw_fd();
    assert!(stray > 2);
    let ready = daemonize().unwrap();
    let mut report = UnixStream::connect(socket).unwrap();
    eprintln!("this is still seen");
    ready.ready().unwrap();
    eprintln!("this is not");
    let link = |fd: u32| fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    let leads = getsid(None).unwrap() == getpid();
    let cwd = std::env::current_dir().unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let strays = open.filter(|fd| fs::read_link(fd.path()).is_ok_and(|path| path == exe));
    let line = format!(
        "{leads} {cwd:?} {:?} {:?} {:?} {}",
        link(0),
        link(1),
        link(2),
        strays.count()
    );
    report.write_all(line.as_bytes()).unwrap();
}

fn test_ready() {
    let path = std::env::temp_dir().join(format!("fail-rt-{}.socket", std::process::id()));
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let output = run(&["ready", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "this is still seen\n");
    let report = within(move || {
        let mut text = String::new();
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let null = "\"/dev/null\"";
    assert_eq!(report, format!("true \"/\" {null} {null} {null} 0"));
    fs::remove_file(path).unwrap();
}

fn role_fails() {
    let _ready = daemonize().unwrap();
    eprintln!("can not listen");
    std::process::exit(7);
}

fn test_fails() {
    let output = run(&["fails"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(text(&output.stderr), "can not listen\n");
}

fn role_dies() {
    let _ready = daemonize().unwrap();
    raise(signal::Signal::SIGKILL).unwrap();
}

fn test_dies() {
    let output = run(&["dies"]);
    assert_eq!(output.status.code(), Some(128 + 9));
    let told = text(&output.stderr);
    assert!(told.ends_with("was killed by SIGKILL\n"), "{told}");
}

fn role_threads() {
    std::thread::spawn(std::thread::park);
    let refused = daemonize().unwrap_err();
    eprintln!("{refused}");
    std::process::exit(3);
}

fn test_threads() {
    let output = run(&["threads"]);
    assert_eq!(output.status.code(), Some(3));
    let told = text(&output.stderr);
    assert_eq!(
        told,
        "can not go into the background: 2 threads are running\n"
    );
}

fn role_drops(user: &str) {
    if let Err(e) = drop_to(user) {
        eprintln!("{e}");
        std::process::exit(1);
    }
    // To be that user already is no reason to fail.
    drop_to(user).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let wanted = ["Uid:", "Gid:", "Groups:"];
    for line in status
        .lines()
        .filter(|l| wanted.iter().any(|w| l.starts_with(w)))
    {
        println!("{}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert!(nix::unistd::setuid(Uid::from_raw(0)).is_err());
}

fn test_drops() {
    let unknown = run(&["drops", "no-such-user"]);
    assert_eq!(text(&unknown.stderr), "there is no user \"no-such-user\"\n");
    assert_eq!(
        text(&run(&["drops", "4000000000"]).stderr),
        "there is no user \"4000000000\"\n"
    );
    let Ok(Some(nobody)) = nix::unistd::User::from_name("nobody") else {
        return println!("no user nobody here: not tested");
    };
    if !Uid::effective().is_root() {
        let refused = text(&run(&["drops", "root"]).stderr);
        assert!(
            refused.starts_with("can not become user \"root\": "),
            "{refused}"
        );
        return;
    }
    let (uid, gid) = (nobody.uid, nobody.gid);
    for user in ["nobody".to_owned(), uid.to_string()] {
        let output = run(&["drops", &user]);
        let told = text(&output.stdout);
        assert!(
            told.starts_with(&format!(
                "Uid: {uid} {uid} {uid} {uid}\nGid: {gid} {gid} {gid} {gid}\n"
            )),
            "{told}{output:?}"
        );
        assert!(told.ends_with(&format!("Groups: {gid}\n")), "{told}");
    }
}

/// Says each signal that comes, until TERM.
fn role_signals() {
    let mut poller = Poller::new().unwrap();
    let mut signals = Signals::new(poller.desk().unwrap()).unwrap();
    println!("listening");
    let limit = clock::now().mono + Span::from_secs(50);
    while clock::now().mono < limit {
        for event in poller.wait(Some(limit)).unwrap() {
            assert!(signals.owns(event.token()));
            for signal in signals.pending() {
                println!("{signal:?}");
                if signal == Signal::Term {
                    return;
                }
            }
        }
    }
}

fn test_signals() {
    let mut child = role(&["signals"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let mut output = child.stdout.take().unwrap();
    within(move || {
        for (send, expect) in [
            (None, "listening\n"),
            (Some(signal::Signal::SIGHUP), "Hup\n"),
            (Some(signal::Signal::SIGINT), "Int\n"),
            (Some(signal::Signal::SIGUSR1), "Usr1\n"),
            (Some(signal::Signal::SIGCHLD), "Child\n"),
            (Some(signal::Signal::SIGPIPE), ""),
            (Some(signal::Signal::SIGTERM), "Term\n"),
        ] {
            if let Some(send) = send {
                kill(pid, send).unwrap();
            }
            let mut line = vec![0; expect.len()];
            output.read_exact(&mut line).unwrap();
            assert_eq!(text(&line), expect);
        }
    });
    assert!(child.wait().unwrap().success());
}

#[allow(unsafe_code, reason = "closing standard error is what is tested")]
fn role_no_stderr() {
    // SAFETY: nothing of this process uses that descriptor but what is tested.
    unsafe { libc::close(2) };
    Log::stderr("test").error("nobody hears this");
}

fn test_no_stderr() {
    assert!(run(&["no-stderr"]).status.success());
}

/// A priority stands before the line only if standard error is the journal's own stream.
fn test_journal() {
    let path = std::env::temp_dir().join(format!("fail-rt-{}.journal", std::process::id()));
    let mut lines = Vec::new();
    for off in [0, 1] {
        let file = fs::File::create(&path).unwrap();
        let stream = file.metadata().unwrap();
        let mut command = role(&["speaks"]);
        command
            .env(
                "JOURNAL_STREAM",
                format!("{}:{}", stream.dev(), stream.ino() + off),
            )
            .stderr(file);
        assert!(within(move || command.status().unwrap()).success());
        lines.push(fs::read_to_string(&path).unwrap());
    }
    assert_eq!(lines, ["<4>test: hello\n", "test: hello\n"]);
    fs::remove_file(path).unwrap();
}

#[allow(
    unsafe_code,
    reason = "a write past the limit shall be an error, not the end"
)]
fn role_full_disk(path: &str) {
    // SAFETY: a constant disposition.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    setrlimit(Resource::RLIMIT_FSIZE, 100, 100).unwrap();
    println!("{}", replace(path.as_ref(), &[0; 1000]).unwrap_err());
}

fn test_full_disk() {
    let dir = std::env::temp_dir().join(format!("fail-rt-{}-full", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir(&dir).unwrap();
    let path = dir.join("state");
    fs::write(&path, "old").unwrap();
    let told = text(&run(&["full-disk", path.to_str().unwrap()]).stdout);
    assert!(
        told.starts_with(&format!("can not write {}.new-", path.display())),
        "{told}"
    );
    assert!(
        told.ends_with(": file too large; the old file is unchanged\n"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        1,
        "the temporary file is gone"
    );
    fs::remove_dir_all(dir).unwrap();
}
