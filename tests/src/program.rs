//! The real programs, as cargo builds them beside the tests: found, built once for each run
//! of the tests, started, and never left behind.

#![expect(
    clippy::panic,
    reason = "a test that can not start its subject has failed"
)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::tree;
use crate::wait::{self, LIMIT};

/// What is built, and of these two their examples.
const PROGRAMS: [&str; 11] = [
    "faild",
    "failsh",
    "failc",
    "failstat",
    "failmon",
    "faildebug",
    "hc",
    "getnode",
    "hcmon",
    "fail-client",
    "fail-cli",
];

/// What a program that has ended said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; nothing: killed by a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Outcome {
    /// Its output, if it ended with 0.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Its sentence on standard error, if it ended with this code and printed nothing else.
    pub fn failed(self, code: u8) -> String {
        assert_eq!(self.code, Some(i32::from(code)), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        self.err
    }
}

/// The folder with the programs of this build.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

/// The path of a program, or of an example: `examples/read_all`.
pub fn path(name: &str) -> PathBuf {
    folder().join(name)
}

/// A command that runs a program, without what the environment says about communities.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(path(name));
    command.env_remove("FAIL_COMMUNITY").stdin(Stdio::null());
    command
}

/// Whether strace is here and may look into programs; if not, says that a test is skipped.
pub fn can_trace() -> bool {
    works("strace", &["-o", "/dev/null", "true"])
}

/// Whether a program that is not ours works so; if not, says that a test is skipped.
pub fn works(name: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(name);
    let why = match command.args(arguments).stdin(Stdio::null()).output() {
        Ok(done) if done.status.success() => return true,
        Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_string(),
        Err(error) => error.to_string(),
    };
    crate::skipped(&format!("{name}: {why}"));
    false
}

/// A program of a package that is only unpacked; nothing: it is not there.
pub fn unpacked(package: &str, program: &str) -> Option<Command> {
    let folder = tree::path("target/debian").join(package);
    let program = folder.join(program);
    if !program.exists() {
        crate::skipped(&format!("no {}", program.display()));
        return None;
    }
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", folder.join("usr/lib/x86_64-linux-gnu"));
    Some(command)
}

/// Cargo builds the programs of other packages for nobody's tests, so it is asked to: the
/// tests never run what was built from yesterday's source.
fn build() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_else(|e| panic!("where am I? {e}"));
    // A program, not a test: who built it has built the others beside it.
    if let Some(beside) = exe.parent().filter(|folder| !folder.ends_with("deps")) {
        return beside.to_path_buf();
    }
    // target/profile/deps/test
    let parents: Vec<&Path> = exe.ancestors().skip(2).take(2).collect();
    let [profile, target] = parents[..] else {
        panic!("{}: not in a target folder of cargo", exe.display())
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--bins", "--examples"])
        .arg("--manifest-path")
        .arg(tree::path("Cargo.toml"))
        .arg("--target-dir")
        .arg(target);
    PROGRAMS.iter().for_each(|name| {
        cargo.args(["-p", name]);
    });
    match tree::name(profile).as_str() {
        "debug" => {}
        name => {
            cargo.args(["--profile", name]);
        }
    }
    let built = cargo.stdin(Stdio::null()).output();
    let built = built.unwrap_or_else(|e| panic!("can not run cargo to build the programs: {e}"));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the programs do not build:\n{said}");
    profile.to_path_buf()
}

/// Runs a command to its end.
pub fn run(command: Command) -> Outcome {
    run_within(LIMIT, command)
}

/// The same for one that computes for long.
pub fn run_within(limit: Duration, mut command: Command) -> Outcome {
    let shown = format!("{command:?}");
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command);
    let out = read_all(running.0.stdout.take());
    let err = read_all(running.0.stderr.take());
    let text = |read: mpsc::Receiver<String>| {
        let text = read.recv_timeout(limit);
        text.unwrap_or_else(|_| panic!("{shown}: not done within {limit:?}"))
    };
    let (out, err) = (text(out), text(err));
    Outcome {
        code: running.wait(),
        out,
        err,
    }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
        let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    told
}

/// A child that does not outlive its test.
#[derive(Debug)]
pub struct Running(pub Child);

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Running {
        match command.spawn() {
            Ok(child) => Running(child),
            Err(e) => panic!("{command:?}: {e}"),
        }
    }

    /// Its number.
    pub fn pid(&self) -> i32 {
        // Numbers of processes are small.
        i32::try_from(self.0.id()).unwrap_or(i32::MAX)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.pid()), signal);
    }

    /// Waits for its end; gives its code, unless a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        let look = || self.0.try_wait().ok().flatten();
        let status = wait::until("the end of a program", look, Option::is_some);
        status.and_then(|status| status.code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing when it has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
