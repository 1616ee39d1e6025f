//! Network namespaces on a bridge of their own. Nothing of them touches the network outside. All
//! of it is removed with the value, however the test ends; what a killed run has left behind
//! is removed by the next one.

#![expect(
    clippy::panic,
    reason = "a test that can not have its network has failed"
)]

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::process::{command, output, run};

/// All namespaces are called so, then the process, then the test and the part.
const PREFIX: &str = "failover-netns-";

/// What must be there beside the suite.
const TOOLS: [(&str, &str); 6] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nginx", "nginx"),
    ("arping", "iputils-arping"),
    ("curl", "curl"),
    ("start-stop-daemon", "dpkg"),
];

/// A network namespace; everything in it ends with it.
#[derive(Debug)]
pub struct Namespace(pub String);

/// A switch, and namespaces with these names whose eth0 is plugged into its port of that
/// name. Nothing if this can not be had here; then the reason is printed.
pub fn plugged(test: &str, names: &[&str]) -> Option<(Namespace, Vec<Namespace>)> {
    if let Some(why) = missing(test) {
        crate::skipped(&why.to_string());
        return None;
    }
    static LEFTOVERS: Once = Once::new();
    LEFTOVERS.call_once(remove_leftovers);
    let name = |part: &str| format!("{PREFIX}{}-{test}-{part}", std::process::id());
    let switch = Namespace::new(name("switch"));
    switch.ip("link add bridge type bridge");
    switch.ip("link set bridge up");
    let mut parts = Vec::new();
    for part in names {
        let namespace = Namespace::new(name(part));
        switch.plug(&namespace, part);
        parts.push(namespace);
    }
    Some((switch, parts))
}

impl Namespace {
    fn new(name: String) -> Namespace {
        run(&mut command(&["ip", "netns", "add", &name]));
        let namespace = Namespace(name);
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs `ip` with these words in it.
    pub fn ip(&self, words: &str) -> String {
        let mut command = command(&["ip", "-n", &self.0]);
        run(command.args(words.split(' ')))
    }

    /// A command that runs in it.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = command(&["ip", "netns", "exec", &self.0]);
        command.arg(program.as_ref());
        command
    }

    /// A cable from this bridge to the interface eth0 of another namespace.
    fn plug(&self, other: &Namespace, port: &str) {
        let peer = &other.0;
        self.ip(&format!(
            "link add name {port} type veth peer name eth0 netns {peer}"
        ));
        self.ip(&format!("link set {port} master bridge"));
        self.ip(&format!("link set {port} up"));
        other.ip("link set eth0 up");
    }

    /// Kills everything that runs in it.
    pub fn kill_all(&self) {
        kill_all(&self.0);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn kill_all(namespace: &str) {
    let pids = output(&mut command(&["ip", "netns", "pids", namespace])).stdout;
    for pid in String::from_utf8_lossy(&pids)
        .lines()
        .filter_map(|pid| pid.parse().ok())
    {
        // This process itself is there as long as its client is.
        if pid != Pid::this().as_raw() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

fn remove(namespace: &str) {
    kill_all(namespace);
    output(&mut command(&["ip", "netns", "delete", namespace]));
}

/// What runs that were killed have left behind.
fn remove_leftovers() {
    let gone = |name: &str, prefix: &str| {
        let pid = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('-').next());
        pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.collect::<Vec<_>>()
    };
    for name in names(Path::new("/run/netns")) {
        if gone(&name, PREFIX) {
            remove(&name);
        }
    }
    let temporary = std::env::temp_dir();
    for name in names(&temporary) {
        if gone(&name, "failover-test-") {
            drop(std::fs::remove_dir_all(temporary.join(name)));
        }
    }
}

/// Why there can be no lab here.
fn missing(test: &str) -> Option<String> {
    if !geteuid().is_root() {
        return Some("network namespaces need root".to_string());
    }
    let path = std::env::var("PATH").unwrap_or_default();
    for (tool, package) in TOOLS {
        let there = |folder: &str| Path::new(folder).join(tool).exists();
        if !path.split(':').any(there) {
            return Some(format!("no {tool} (Debian: apt-get install {package})"));
        }
    }
    let probe = format!("{PREFIX}{}-{test}-probe", std::process::id());
    let added = output(&mut command(&["ip", "netns", "add", &probe]));
    output(&mut command(&["ip", "netns", "delete", &probe]));
    let said = String::from_utf8_lossy(&added.stderr);
    (!added.status.success()).then(|| format!("no network namespaces: {}", said.trim()))
}

/// Puts this thread, and those that it starts, into a network namespace.
pub fn enter(namespace: &str) {
    let path = Path::new("/run/netns").join(namespace);
    let entered = File::open(&path).map(|file| setns(file, CloneFlags::CLONE_NEWNET));
    match entered {
        Ok(Ok(())) => {}
        other => panic!("can not enter {}: {other:?}", path.display()),
    }
}
