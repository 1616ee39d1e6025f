//! A live hc in the foreground, with an Hcfile and a folder of its own.

#![expect(clippy::panic, reason = "a test without its hc has failed")]

use std::io::{BufRead, BufReader, Lines as ReadLines, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use fail_wire::health::{TargetView, Update};
use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::lines::Lines;
use crate::program::{self, Outcome, Running};
use crate::wait::LIMIT;

/// What stands before the targets of most tests: nobody wants to wait.
pub const FAST: &str = "interval = 200ms\nretry = 50ms\ntimeout = 2s\nrise = 1\nfall = 2\n";

/// A running hc.
#[derive(Debug)]
pub struct Hc {
    running: Running,
    /// What it logs.
    pub log: Lines,
    /// Where its monitor is.
    pub monitor: SocketAddr,
    /// Its folder, with its `Hcfile`.
    pub folder: Folder,
}

impl Hc {
    /// Starts one with this Hcfile, in which `FOLDER` is its folder, and waits until it is ready.
    pub fn start(text: &str, options: &[&str]) -> Hc {
        Hc::within(Folder::new(), text, options)
    }

    /// The same in a folder that is there already.
    pub fn within(folder: Folder, text: &str, options: &[&str]) -> Hc {
        Hc::by(program::command("hc"), folder, text, options)
    }

    /// The same by this command, which ends in hc itself.
    pub fn by(mut command: Command, folder: Folder, text: &str, options: &[&str]) -> Hc {
        write(&folder, text);
        command
            .args(["-F", "-m", "-a", "127.0.0.1", "-p", "0", "-f"])
            .arg(folder.file("Hcfile"))
            .args(options);
        if !options.contains(&"-D") {
            command.args(["-D", "none"]);
        }
        let mut running = Running::start(command.stderr(Stdio::piped()));
        let stderr = running.0.stderr.take();
        let log = Lines::of(stderr.unwrap_or_else(|| panic!("it has no standard error")));
        log.wait_for("is ready");
        let line = log.wait_for("monitor: listening on ");
        let monitor = line.rsplit(' ').next().and_then(|word| word.parse().ok());
        Hc {
            running,
            log,
            monitor: monitor.unwrap_or_else(|| panic!("no address in {line:?}")),
            folder,
        }
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Asks it to end; gives its exit code and its folder.
    pub fn end(mut self) -> (Option<i32>, Folder) {
        self.signal(Signal::SIGTERM);
        (self.running.wait(), self.folder)
    }

    /// Gives it another Hcfile, and has it read.
    pub fn reload(&self, text: &str) {
        write(&self.folder, text);
        self.signal(Signal::SIGHUP);
    }

    /// What is in a file of its folder; nothing while it is not there.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.file(name)).unwrap_or_default()
    }

    /// Its monitor stream; with words it is asked for these targets only.
    pub fn watch(&self, targets: &[&str]) -> Stream {
        let stream = TcpStream::connect(self.monitor);
        let mut stream = stream.unwrap_or_else(|e| panic!("{}: {e}", self.monitor));
        let _ = stream.set_read_timeout(Some(LIMIT));
        if !targets.is_empty() {
            let line = format!("{{\"targets\":{targets:?}}}\n");
            let _ = stream.write_all(line.as_bytes());
        }
        Stream(BufReader::new(stream).lines())
    }

    /// A target as it is now.
    pub fn target(&self, name: &str) -> Option<TargetView> {
        self.watch(&[])
            .all()
            .into_iter()
            .find_map(|update| match update {
                Update::Target(view) if view.name == name => Some(*view),
                _ => None,
            })
    }

    /// Waits until a target is as it should be.
    pub fn wait_for(&self, name: &str, good: impl Fn(&TargetView) -> bool) -> TargetView {
        let mut last = None;
        for update in self.watch(&[]) {
            match update {
                Update::Target(view) if view.name == name && good(&view) => return *view,
                Update::Target(view) if view.name == name => last = Some(view),
                _ => {}
            }
        }
        panic!("target {name} does not come to be as it should be; last seen: {last:?}")
    }
}

fn write(folder: &Folder, text: &str) {
    let text = text.replace("FOLDER", &folder.path().to_string_lossy());
    folder.write("Hcfile", text);
}

/// What a monitor says, update by update; it ends when nothing comes for too long.
#[derive(Debug)]
pub struct Stream(ReadLines<BufReader<TcpStream>>);

impl Iterator for Stream {
    type Item = Update;

    fn next(&mut self) -> Option<Update> {
        let line = self.0.next()?.ok()?;
        let update = serde_json::from_str(&line);
        Some(update.unwrap_or_else(|e| panic!("{line}: {e}")))
    }
}

impl Stream {
    /// Everything up to `ready`.
    pub fn all(&mut self) -> Vec<Update> {
        let mut updates = Vec::new();
        for update in self.by_ref() {
            if update == Update::Ready {
                return updates;
            }
            updates.push(update);
        }
        panic!("it is never ready, and said {updates:?}")
    }
}

/// Runs hc to its end, in a folder with this Hcfile.
pub fn run(folder: &Folder, text: &str, options: &[&str]) -> Outcome {
    write(folder, text);
    let mut command = program::command("hc");
    command.current_dir(folder.path()).args(options);
    program::run(command)
}
