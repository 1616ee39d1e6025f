//! What a process gives up and what it gets before others: the sandbox, locked memory, a lower
//! nice value. All of it is for good, so each is tried in a process of its own: this program
//! starts itself with the name of a role. No test harness, which would bring threads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test with a main of its own"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use fail_core::time::Span;
use fail_rt::daemon::{Keep, PidFile, daemonize};
use fail_rt::files::{read, replace, set_aside};
use fail_rt::log::Log;
use fail_rt::poller::Poller;
use fail_rt::priority::{lock_memory, lower_nice};
use fail_rt::sandbox::{self, Use};
use fail_rt::signals::{Signal, Signals};
use fail_rt::{clock, udp::Udp};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{self, kill, raise};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{Pid, Uid, setgroups};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

const LIMIT: Duration = Duration::from_secs(60);

/// Its number in the kernel.
const CAP_IPC_LOCK: u32 = 14;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["role", "sandbox", act, folder] => role_sandbox(act, folder.as_ref()),
        ["role", "without", how, call] => role_without(how, call.parse().unwrap()),
        ["role", "locks"] => role_locks(),
        ["role", "nice", by] => role_nice(by),
        // `cargo test -- --list` and the like.
        ["--list", ..] => {}
        _ => tests(),
    }
}

fn tests() {
    for (name, test) in [
        ("what goes on", test_what_goes_on as fn()),
        ("files out of reach", test_files),
        ("calls that are no more", test_calls),
        ("an older kernel, a strict manager", test_without),
        ("locked memory", test_locks),
        ("nice", test_nice),
    ] {
        test();
        println!("test {name} ... ok");
    }
}

/// Runs a role to its end, but not for ever.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("role").args(arguments);
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

/// Enters with one directory to write in and one to read in, and does one thing there.
fn role_sandbox(act: &str, folder: &Path) {
    let places = [
        (folder.join("home"), Use::Replace),
        (folder.join("rules"), Use::Read),
        (folder.join("nowhere"), Use::Replace),
    ];
    let sandbox = sandbox::enter(&places, Keep::Nothing).unwrap();
    match act {
        "report" => println!("{} {}", sandbox.is_complete(), sandbox.binds_files()),
        "goes on" => goes_on(folder),
        "files" => files_out_of_reach(folder),
        // Each of these is the end.
        "exec" => println!("{:?}", Command::new("true").status()),
        "mount" => println!("{:?}", unshare(CloneFlags::CLONE_NEWNS)),
        "fork" => println!("{:?}", daemonize().map(drop)),
        // Each of these is only refused.
        "netlink" => {
            let (kind, family) = (SockType::Raw, AddressFamily::Netlink);
            let made = socket(family, kind, SockFlag::empty(), None);
            println!("{:?}", made.map(drop));
        }
        "kill" => println!("{:?}", kill(Pid::from_raw(1), None)),
        "root" => println!("{:?}", setgroups(&[])),
        "executable" => println!("{:?}", executable_memory()),
        _ => panic!("{act}"),
    }
}

#[allow(unsafe_code, reason = "there is no safe way to ask for such memory")]
fn executable_memory() -> nix::Result<()> {
    let prot = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new memory, which nobody uses.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), 4096, prot, flags, -1, 0) };
    match memory == libc::MAP_FAILED {
        true => Err(nix::errno::Errno::last()),
        false => Ok(()),
    }
}

/// Everything that a daemon goes on doing.
fn goes_on(folder: &Path) {
    let state = folder.join("home/state");
    replace(&state, b"new").unwrap();
    let aside = set_aside(&state).unwrap();
    replace(&state, b"newer").unwrap();
    fs::remove_file(aside).unwrap();
    assert_eq!(read(&folder.join("rules/rules")).unwrap(), b"r");
    drop(PidFile::create(&folder.join("home/lock")).unwrap());

    let mut poller = Poller::new().unwrap();
    let mut signals = Signals::new(poller.desk().unwrap()).unwrap();
    raise(signal::Signal::SIGHUP).unwrap();
    let limit = clock::now().mono + Span::from_secs(50);
    while signals.pending().next() != Some(Signal::Hup) {
        assert!(clock::now().mono < limit);
        let _ = poller.wait(Some(limit)).unwrap().count();
    }
    let mut udp = Udp::new(poller.desk().unwrap());
    let bound = udp.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    udp.send(bound, None, b"x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream.set_nodelay(true).unwrap();
    listener.accept().unwrap().0.write_all(b"x").unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.read_exact(&mut [0]).unwrap();

    let thread = std::thread::Builder::new().name("more".to_owned());
    let size = thread.spawn(|| vec![1_u8; 40 << 20].len()).unwrap();
    assert_eq!(size.join().unwrap(), 40 << 20);
    clock::seed().unwrap();
    Log::syslog("fail-rt-test").info("in a sandbox");
    Log::stderr("test").info("went on");
}

fn files_out_of_reach(folder: &Path) {
    let denied = |done: std::io::Result<()>| {
        let number = done.unwrap_err().raw_os_error();
        assert!(matches!(number, Some(libc::EACCES | libc::EXDEV)));
    };
    let outside = folder.join("outside");
    let rules = folder.join("rules/rules");
    denied(fs::read(&outside).map(drop));
    denied(fs::read("/etc/passwd").map(drop));
    denied(fs::read(folder.join("rules/link")).map(drop));
    denied(fs::write(&rules, "mine"));
    denied(fs::remove_file(&rules));
    denied(fs::write(folder.join("new"), ""));
    denied(fs::rename(&rules, folder.join("home/rules")));
    println!("out of reach");
}

fn in_sandbox(act: &str) -> (Output, PathBuf) {
    let folder = std::env::temp_dir().join(format!("fail-rt-{}-box", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    for name in ["home", "rules"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("rules/rules"), "r").unwrap();
    fs::write(folder.join("outside"), "o").unwrap();
    symlink(folder.join("outside"), folder.join("rules/link")).unwrap();
    (run(&["sandbox", act, folder.to_str().unwrap()]), folder)
}

fn test_what_goes_on() {
    let (output, folder) = in_sandbox("goes on");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr), "test: went on\n");
    assert_eq!(fs::read(folder.join("home/state")).unwrap(), b"newer");
    assert_eq!(fs::read_dir(folder.join("home")).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}

/// Whether this kernel has both kinds of walls.
fn is_walled() -> bool {
    let (output, folder) = in_sandbox("report");
    fs::remove_dir_all(folder).unwrap();
    match text(&output.stdout).as_str() {
        "true true\n" => true,
        other => {
            println!("this kernel has no whole sandbox: not tested ({other:?})");
            false
        }
    }
}

fn test_files() {
    if is_walled() {
        let (output, folder) = in_sandbox("files");
        assert_eq!(text(&output.stdout), "out of reach\n", "{output:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}

fn test_calls() {
    if !is_walled() {
        return;
    }
    for act in ["exec", "mount", "fork"] {
        let (output, folder) = in_sandbox(act);
        let signal = output.status.signal();
        assert_eq!(signal, Some(libc::SIGSYS), "{act}: {output:?}");
        fs::remove_dir_all(folder).unwrap();
    }
    for act in ["netlink", "kill", "root", "executable"] {
        let (output, folder) = in_sandbox(act);
        assert_eq!(text(&output.stdout), "Err(ENOSYS)\n", "{act}: {output:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}

/// Enters where this call is not to be had: unknown, as in an older kernel, or the end of who
/// makes it, as some service managers have it.
fn role_without(how: &str, call: i64) {
    let this = match how {
        "unknown" => SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        _ => SeccompAction::KillProcess,
    };
    let calls = [(call, Vec::new())].into();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, this, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
    println!("{}", sandbox::enter(&[], Keep::Nothing).unwrap());
}

fn test_without() {
    if !is_walled() {
        return;
    }
    let forbidden = "forbidden by whoever started this process";
    for (how, call, part, why) in [
        (
            "forbidden",
            libc::SYS_landlock_create_ruleset,
            "files",
            forbidden,
        ),
        ("forbidden", libc::SYS_seccomp, "system calls", forbidden),
        ("forbidden", libc::SYS_capset, "capabilities", forbidden),
        (
            "unknown",
            libc::SYS_landlock_create_ruleset,
            "files",
            "this kernel has no Landlock",
        ),
        (
            "unknown",
            libc::SYS_seccomp,
            "system calls",
            "Function not implemented",
        ),
    ] {
        let output = run(&["without", how, &call.to_string()]);
        let told = text(&output.stdout);
        let missing = format!("; not in force for {part} (");
        let (have, lack) = told
            .split_once(&missing)
            .unwrap_or_else(|| panic!("{output:?}"));
        assert!(
            have.contains("few ") && !lack.contains("), "),
            "only that: {told}"
        );
        assert!(lack.contains(why), "{told}");
    }
}

/// What stands behind a field of our own status.
fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.unwrap().trim().to_owned()
}

/// Locks, gives up root if it can, and needs more memory than the usual limit allows.
fn role_locks() {
    let keep = match lock_memory() {
        Ok(keep) => keep,
        Err(refused) => return println!("{refused}"),
    };
    if Uid::effective().is_root() {
        keep.and_drop_to("nobody").unwrap();
    }
    let memory = vec![1_u8; 80 << 20];
    let locked = status("VmLck:");
    let locked: usize = locked.split(' ').next().unwrap().parse().unwrap();
    assert!(locked << 10 > memory.len(), "{locked} kB");
    for set in ["CapPrm:", "CapEff:"] {
        let has = u64::from_str_radix(&status(set), 16).unwrap();
        let wanted = match keep {
            Keep::LockMemory => 1 << CAP_IPC_LOCK,
            Keep::Nothing => 0,
        };
        assert_eq!(has, wanted, "{set}");
    }
    println!("locked");
}

fn test_locks() {
    let told = text(&run(&["locks"]).stdout);
    if told.starts_with("can not lock the memory: ") {
        println!("memory can not be locked here: {told}");
    } else {
        assert_eq!(told, "locked\n");
    }
    if !Uid::effective().is_root() {
        return;
    }
    // Somebody without any right to it.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--bounding-set=-all", "--inh-caps=-all"]);
    command.args(["prlimit", "--memlock=8192"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["role", "locks"]);
    let output = within(move || command.output().unwrap());
    let told = text(&output.stdout);
    assert!(
        told.contains("it takes root with CAP_IPC_LOCK"),
        "{output:?}"
    );
}

fn role_nice(by: &str) {
    if let Err(refused) = lower_nice(by.parse().unwrap()) {
        return println!("{refused}");
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    println!("{}", stat.split(' ').nth(18).unwrap());
}

fn test_nice() {
    if !Uid::effective().is_root() {
        let told = text(&run(&["nice", "5"]).stdout);
        let words = "can not lower the nice value by 5: ";
        assert!(told.starts_with(words), "{told}");
        return;
    }
    let usual = text(&run(&["nice", "0"]).stdout);
    let usual: i32 = usual.trim().parse().unwrap();
    for (by, nice) in [("5", (usual - 5).max(-20)), ("39", -20)] {
        assert_eq!(text(&run(&["nice", by]).stdout), format!("{nice}\n"));
    }
}
