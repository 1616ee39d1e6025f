//! A small disk of a test's own: memory mounted on a folder, in a mount namespace that nobody
//! else sees. It lives as long as the value, and outlives the programs that use it.

#![expect(clippy::panic, reason = "a test that can not have its disk has failed")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};

use nix::unistd::Uid;

use crate::lines::Lines;
use crate::program::{self, Running};

/// Mounts, says so, and waits for the end of its standard input.
const HOLD: &str = r#"mount -t tmpfs -o size="$2",mode=755 tmpfs "$1" && echo mounted && exec cat"#;

/// Writes that are more than any disk of a test takes.
const FILL_MAX: u32 = 10_000;

/// The namespace and what is mounted in it.
#[derive(Debug)]
pub struct Disk {
    holder: Running,
    _stdin: Option<ChildStdin>,
    at: String,
}

impl Disk {
    /// So many kilobytes at this folder. Nothing, if it can not be had here; then the reason
    /// is printed.
    pub fn new(at: &str, kilobytes: u32) -> Option<Disk> {
        if !Uid::effective().is_root() {
            crate::skipped("needs root, to mount a disk of its own");
            return None;
        }
        // Root in a container may not.
        if !program::works("unshare", &["--mount", "true"]) {
            return None;
        }
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "sh",
            "-c",
            HOLD,
            "sh",
            at,
            &format!("{kilobytes}k"),
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = Running::start(&mut command);
        let out = holder.0.stdout.take();
        Lines::of(out.unwrap_or_else(|| panic!("no output"))).wait_for("mounted");
        Some(Disk {
            _stdin: holder.0.stdin.take(),
            holder,
            at: at.to_string(),
        })
    }

    /// A command that runs this one where the disk is seen.
    pub fn within(&self, command: &Command) -> Command {
        let mut outer = Command::new("nsenter");
        outer.args([format!("--mount=/proc/{}/ns/mnt", self.holder.pid())]);
        outer.arg("--").arg(command.get_program());
        outer.args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        outer
    }

    /// Runs a line of shell there.
    pub fn run(&self, line: &str) {
        let mut command = Command::new("sh");
        command.args(["-ec", line]);
        program::run(self.within(&command)).done();
    }

    /// Where we see a file of it.
    pub fn seen(&self, name: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.pid());
        PathBuf::from(format!("{root}{}/{name}", self.at))
    }

    /// Leaves no room for anything.
    pub fn fill(&self) {
        let path = self.seen("fill");
        let opened = fs::File::create(&path);
        let mut file = opened.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let full = (0..FILL_MAX).any(|_| file.write_all(&[0; 512]).is_err());
        assert!(full, "the disk has no end");
    }

    /// Makes room again.
    pub fn clear(&self) {
        let path = self.seen("fill");
        fs::remove_file(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}
