//! SIGINT: everything that failsh knows, into a file or a FIFO, and failsh goes on.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use failover_tests::failsh::{Failsh, REST};
use failover_tests::wait;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;

fn policy() -> String {
    format!(
        "failhost b address 127.0.0.1 port 9
         failsvc web slaves b start {{return UP}} {REST}
         failsvc idle start {{return FAIL}} {REST}\n"
    )
}

fn started() -> Failsh {
    let failsh = Failsh::start(&policy());
    failsh.log.wait_for("service web: RECOVER -> UP");
    failsh.log.wait_for("service idle: RECOVER -> FAIL");
    failsh
}

#[test]
fn the_state_is_dumped_into_a_file_and_failsh_goes_on() {
    let failsh = started();
    for n in 1..=2 {
        failsh.signal(Signal::SIGINT);
        failsh.wait_for_lines(n, "the state is dumped to ");
        let dump = failsh.read("dump");
        for text in [
            "failsh 20",
            "\n  version     1.0.0\n",
            &format!("\n  process     {}\n", failsh.running.pid()),
            &format!("\n  files       {}\n", failsh.folder.file("p.tcl")),
            "\n  policy      reading 1\n",
            "\n  minds       1 (0 scripts)\n",
            "\nservice idle\n  state       FAIL\n",
            "\nservice web\n  state       UP\n",
            "\nhost b\n  address     127.0.0.1:9\n  reachable   no\n",
            "\nhealth\n",
            "\nend of the dump\n",
        ] {
            assert!(dump.contains(text), "{text:?} is not in\n{dump}");
        }
    }
    let file = File::open(failsh.folder.file("dump")).unwrap();
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!failsh.state("web").contains("unsupervised"));
}

/// The original's way: `while sleep 1; do kill -INT ...; done`, and `cat` on the FIFO.
#[test]
fn a_fifo_is_kept_open_and_one_that_nobody_reads_holds_up_nothing() {
    let failsh = started();
    let fifo = failsh.folder.file("dump");
    nix::unistd::mkfifo(fifo.as_str(), Mode::S_IRWXU).unwrap();
    // Nobody reads: the pipe is full after a while, and that is worth one line.
    let fill = || {
        failsh.signal(Signal::SIGINT);
        failsh.count("nobody reads the FIFO")
    };
    wait::until("the FIFO to be full", fill, |lines| *lines > 0);
    assert!(!failsh.state("web").contains("unsupervised"));
    let (tell, told) = mpsc::channel();
    let mut reader = File::open(&fifo).unwrap();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count) = reader.read(&mut piece) {
            let text = String::from_utf8_lossy(&piece[..count]).into_owned();
            if count == 0 || tell.send(text).is_err() {
                return;
            }
        }
    });
    let mut seen = String::new();
    let mut read = || {
        failsh.signal(Signal::SIGINT);
        while let Ok(text) = told.recv_timeout(Duration::from_millis(20)) {
            seen += &text;
        }
        seen.matches("the dump before this one was cut short")
            .count()
    };
    wait::until("a dump after the lost ones", &mut read, |count| *count > 0);
    assert!(seen.matches("end of the dump").count() > 2);
    assert_eq!(failsh.count("nobody reads the FIFO"), 1);
}

#[test]
fn a_link_is_not_followed() {
    let failsh = started();
    let value = failsh.folder.write("value", "of value");
    symlink(&value, failsh.folder.file("dump")).unwrap();
    failsh.signal(Signal::SIGINT);
    failsh
        .log
        .wait_for("it is a symbolic link, which is not followed; nothing is written");
    assert_eq!(failsh.read("value"), "of value");
}

#[test]
fn a_dump_tells_of_scripts_in_old_minds() {
    let failsh = Failsh::start(&format!(
        "failsvc web start {{close [open FOLDER/began w]; vwait ever}} {REST}"
    ));
    failsh.wait_for_file("began");
    failsh.signal(Signal::SIGHUP);
    failsh.log.wait_for("policy read again: ");
    failsh.signal(Signal::SIGINT);
    failsh.log.wait_for("the state is dumped to ");
    let dump = failsh.read("dump");
    assert!(
        dump.contains("minds       1 (1 script), 2 (0 scripts)"),
        "{dump}"
    );
    assert!(dump.contains("policy      reading 2"), "{dump}");
}

/// `script` gives a program a terminal of its own.
#[test]
fn at_a_terminal_ctrl_c_twice_ends_it() {
    let mut failsh = Failsh::with(&policy(), |command| {
        let mut line = std::ffi::OsString::from("exec");
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            line.push(" ");
            line.push(word);
        }
        *command = std::process::Command::new("script");
        command.arg("-qefc").arg(line).arg("/dev/null");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
    });
    let mut keys = failsh.running.0.stdin.take().unwrap();
    let lines = failover_tests::lines::Lines::of(failsh.running.0.stdout.take().unwrap());
    lines.wait_for("is ready");
    // Once it has ended there is nobody to press for.
    let mut press = || drop(std::io::Write::write_all(&mut keys, b"\x03"));
    press();
    lines.wait_for("the state is dumped to ");
    press();
    // Perhaps that was too late to be the second one, but then it was the first.
    let told = || lines.all().iter().any(|line| line.contains("ends; "));
    let mut pressed = Instant::now();
    let mut ended = || failsh.running.0.try_wait().unwrap();
    wait::until(
        "the end",
        || {
            // script(1) stays until there were no keys for 10 ms, and twice is within 700 ms.
            if !told() && pressed.elapsed() > Duration::from_millis(100) {
                press();
                pressed = Instant::now();
            }
            ended()
        },
        Option::is_some,
    );
}
