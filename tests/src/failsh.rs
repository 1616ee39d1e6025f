//! A live failsh in the foreground with a faild, a folder, a pid file and a log of its own. It
//! opens no port and no socket unless a test asks for one, so that many can run side by side.

#![expect(clippy::panic, reason = "a test without its failsh has failed")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::faild::Faild;
use crate::folder::Folder;
use crate::lines::Lines;
use crate::program::{self, Running};
use crate::wait;

/// The options by which one failsh is not in the way of another.
pub const APART: [&str; 6] = ["-m", "none", "-D", "none", "--socket", "none"];

/// What a test's service needs beside a start script.
pub const REST: &str = "stop {return RECOVER} interval 100ms";

/// A command that runs failsh in the foreground, out of the way of others.
pub fn command(faild: &Faild) -> Command {
    let mut command = program::command("failsh");
    command.args(["-F", "-s", &faild.address.to_string()]);
    command.args(["-d", "plan", "-d", "host"]).args(APART);
    command
}

/// A monitor on a free port, and a control socket in the folder.
fn served(folder: &Folder) -> [String; 6] {
    let socket = folder.file("socket");
    ["-m", "0", "-D", "none", "--socket", &socket].map(String::from)
}

/// A running failsh.
#[derive(Debug)]
pub struct Failsh {
    /// The faild of its host.
    pub faild: Faild,
    /// Its process.
    pub running: Running,
    /// What it logs.
    pub log: Lines,
    /// Where its files are: the policy is `p.tcl`, the pid file `pid`, the dump `dump`.
    pub folder: Folder,
}

impl Failsh {
    /// With this policy, in which `FOLDER` is its folder.
    pub fn start(policy: &str) -> Failsh {
        Failsh::with(policy, |_| {})
    }

    /// The same, with more options or another environment.
    pub fn with(policy: &str, change: impl FnOnce(&mut Command)) -> Failsh {
        let (faild, folder) = (Faild::start(&[]), Folder::new());
        folder.write("p.tcl", policy.replace("FOLDER", &folder.file("")));
        let (running, log) = run(&faild, &folder, change);
        Failsh {
            faild,
            running,
            log,
            folder,
        }
    }

    /// On this faild and in this folder, recorded in `failsh.rec`.
    pub fn on(
        faild: Faild,
        folder: Folder,
        policy: &str,
        change: impl FnOnce(&mut Command),
    ) -> Failsh {
        folder.write("p.tcl", policy);
        let (running, log) = run(&faild, &folder, |command| {
            command.args(["--record", &folder.file("failsh.rec")]);
            change(command);
        });
        Failsh {
            faild,
            running,
            log,
            folder,
        }
    }

    /// One that serves monitors on a free port, and consoles on `socket` in its folder.
    pub fn serving(policy: &str) -> Failsh {
        let (faild, folder) = (Faild::start(&[]), Folder::new());
        folder.write("p.tcl", policy.replace("FOLDER", &folder.file("")));
        let mut command = program::command("failsh");
        command.args(["-F", "-s", &faild.address.to_string()]);
        command
            .args(["-d", "plan", "-d", "host"])
            .args(served(&folder));
        let (running, log) = start(command, &folder, |_| {});
        log.wait_for("is ready");
        Failsh {
            faild,
            running,
            log,
            folder,
        }
    }

    /// The same once more, with its monitor on this port. The one before has to have ended.
    pub fn serve_again(&mut self, port: &str) {
        let mut command = program::command("failsh");
        command.args(["-F", "-s", &self.faild.address.to_string()]);
        command.args(["-d", "plan", "-d", "host", "-m", port, "-D", "none"]);
        command.args(["--socket", &self.folder.file("socket")]);
        (self.running, self.log) = start(command, &self.folder, |_| {});
        self.log.wait_for("is ready");
    }

    /// Where it serves monitors.
    pub fn monitor(&self) -> SocketAddr {
        let line = self.log.wait_for("monitor: listening on 127.0.0.1:");
        let address = line.rsplit(' ').next().and_then(|word| word.parse().ok());
        address.unwrap_or_else(|| panic!("no address in {line:?}"))
    }

    /// Once more, on the same faild and with the policy as it is now. The one before has to
    /// have ended.
    pub fn start_again(&mut self) {
        (self.running, self.log) = run(&self.faild, &self.folder, |_| {});
    }

    /// Writes another policy; nobody has read it yet.
    pub fn write(&self, policy: &str) {
        let policy = policy.replace("FOLDER", &self.folder.file(""));
        self.folder.write("p.tcl", policy);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Kills it so that it can do nothing about it.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        assert_eq!(self.running.wait(), None, "it ended by itself");
    }

    /// Ends it with a signal; gives its exit code, or nothing: the signal ended it.
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        let code = self.running.wait();
        assert!(!self.exists("pid"), "the pid file is left");
        code
    }

    /// Whether there is this file in its folder.
    pub fn exists(&self, name: &str) -> bool {
        Path::new(&self.folder.file(name)).exists()
    }

    /// Waits for a file in its folder.
    pub fn wait_for_file(&self, name: &str) {
        wait::until(name, || self.exists(name), |there| *there);
    }

    /// What is in a file of its folder; nothing if it is not there.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.file(name)).unwrap_or_default()
    }

    /// What failc says of a service.
    pub fn state(&self, service: &str) -> String {
        self.faild.failc(&[service]).out
    }

    /// Waits until failc says this of a service.
    pub fn wait_for_state(&self, service: &str, text: &str) -> String {
        let what = format!("service {service} to be {text}");
        wait::until(&what, || self.state(service), |said| said.contains(text))
    }

    /// How many lines of the log contain this.
    pub fn count(&self, text: &str) -> usize {
        let lines = self.log.all();
        lines.iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until so many lines of the log contain this.
    pub fn wait_for_lines(&self, count: usize, text: &str) {
        let what = format!("{count} times \"{text}\"");
        wait::until(&what, || self.count(text), |seen| *seen >= count);
    }
}

fn run(faild: &Faild, folder: &Folder, change: impl FnOnce(&mut Command)) -> (Running, Lines) {
    start(command(faild), folder, change)
}

fn start(
    mut command: Command,
    folder: &Folder,
    change: impl FnOnce(&mut Command),
) -> (Running, Lines) {
    command.args(["-i", &folder.file("pid"), "-l", &folder.file("dump")]);
    command.args(["-f", &folder.file("p.tcl")]);
    change(&mut command);
    let mut running = Running::start(command.stderr(Stdio::piped()));
    let stderr = running.0.stderr.take();
    let log = Lines::of(stderr.unwrap_or_else(|| panic!("it has no standard error")));
    (running, log)
}
