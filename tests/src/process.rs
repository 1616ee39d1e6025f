//! Programs under test: started, listened to, killed. Each line that one writes is
//! kept with the moment at which it came. What was started here never outlives the test.
//!
//! Nobody sleeps: `wait` looks until a condition holds or its time is over.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test whose subject can not be run has failed"
)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::wait::LIMIT;

/// How long between two looks at a condition.
const PACE: Duration = Duration::from_millis(10);

/// Lines of a program that are shown when the test fails.
const LINES_SHOWN: usize = 40;

/// Waits until `look` finds what is waited for. What it sees instead is told when the time is
/// over.
pub fn wait<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + limit;
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if Instant::now() > end => {
                panic!("{what}: not within {limit:?}; last seen: {seen}")
            }
            Err(_) => thread::park_timeout(PACE),
        }
    }
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a command that must succeed, and gives what it prints.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}{errors}");
    text
}

/// A command out of words.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// One line, and when it came.
#[derive(Debug, Clone)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// What.
    pub text: String,
}

/// A program that runs.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Process {
    /// Starts it, and begins to listen to what it writes.
    pub fn start(name: &str, mut command: Command) -> Process {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        listen(child.stdout.take().unwrap(), &lines);
        listen(child.stderr.take().unwrap(), &lines);
        let name = name.to_string();
        Process { name, child, lines }
    }

    /// `kill -9`, and nothing else is told.
    pub fn kill(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.unwrap_or_else(|error| panic!("kill {}: {error}", self.name));
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end; nothing: it does not come.
    pub fn wait(&mut self) -> Option<ExitStatus> {
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            thread::park_timeout(PACE);
        }
        None
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let sent = nix::sys::signal::kill(pid, signal);
        sent.unwrap_or_else(|error| panic!("{signal} to {}: {error}", self.name));
    }

    /// Everything so far.
    pub fn lines(&self) -> Vec<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// How many lines since then hold this text.
    pub fn count(&self, since: Instant, text: &str) -> usize {
        let hit = |line: &&Line| line.at >= since && line.text.contains(text);
        self.lines().iter().filter(hit).count()
    }

    /// The first line since then that holds this text, waited for.
    pub fn line(&self, since: Instant, text: &str, limit: Duration) -> Line {
        let what = format!("{} to say \"{text}\"", self.name);
        wait(&what, limit, || {
            let lines = self.lines();
            let mut after = lines.iter().filter(|line| line.at >= since);
            let found = after.find(|line| line.text.contains(text));
            let last = || {
                lines
                    .last()
                    .map_or("nothing", |line| &line.text)
                    .to_string()
            };
            found.cloned().ok_or_else(last)
        })
    }
}

fn listen(from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<Line>>>) {
    let into = Arc::clone(into);
    thread::spawn(move || {
        for text in BufReader::new(from).lines().map_while(Result::ok) {
            let at = Instant::now();
            let mut lines = into.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(Line { at, text });
        }
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already, by the test or by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            let lines = self.lines();
            let skipped = lines.len().saturating_sub(LINES_SHOWN);
            eprintln!("-- {}, its last lines:", self.name);
            for line in &lines[skipped..] {
                let ago = line.at.elapsed().as_millis();
                eprintln!("{ago:>7} ms ago  {}", line.text);
            }
        }
    }
}
