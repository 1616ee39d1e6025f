//! One host of a chaos run: its namespace, its small disk, its faild and failsh, and all that
//! can be done to it. What it is started with has a new recording for each start.

#![expect(clippy::panic, reason = "a run that can not have its hosts has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use fail_core::time::Mono;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::owners::Owner;
use super::settings::{OWN, SHARED, host_address, host_name, policy};
use crate::disk::Disk;
use crate::netns::Namespace;
use crate::process::{Process, output, run};
use crate::program;

/// The library by which one program sees another wall clock.
const CLOCK: &str = include_str!("clock.c");

/// One of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The memory.
    Faild,
    /// The mind.
    Failsh,
}

impl Role {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Faild => "faild",
            Role::Failsh => "failsh",
        }
    }
}

/// A program that was started.
#[derive(Debug)]
pub struct Daemon {
    /// The process.
    pub process: Process,
    started: Instant,
    /// It has said that it is ready.
    pub ready: bool,
    /// How often it stands still: by itself, and with the whole host.
    pub stops: u32,
    /// The fewest descriptors that it had in the first calm.
    pub descriptors: Option<usize>,
}

/// What of the net does not work.
#[derive(Debug, Clone, Default)]
pub struct Net {
    /// Whom it does not hear, as often as there is a reason.
    pub deaf: Vec<usize>,
    /// Of hundred packets.
    pub loss: i64,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    /// Its number.
    pub no: usize,
    /// Where it is.
    pub namespace: Namespace,
    /// Its files, outside of its disk.
    pub folder: PathBuf,
    disk: Disk,
    /// By which its programs see another wall clock.
    pub clock: Option<PathBuf>,
    /// Its disk is full.
    pub full: bool,
    /// The memory.
    pub faild: Option<Daemon>,
    /// The mind.
    pub failsh: Option<Daemon>,
    /// There is power.
    pub powered: bool,
    /// What of the net does not work.
    pub net: Net,
    /// Who looks at its addresses.
    pub owner: Owner,
    /// Its faild did not start because of its disk.
    refused: bool,
    bursts: Vec<Child>,
    starts: u32,
    boots: u32,
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    use std::os::unix::fs::OpenOptionsExt;
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_ref()));
    written.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

impl Host {
    /// A host with power, on which nothing runs. Nothing: it can not have its disk.
    pub fn new(
        no: usize,
        hosts: usize,
        namespace: Namespace,
        folder: PathBuf,
        broken: bool,
    ) -> Option<Host> {
        for part in ["disk", "rec"] {
            let made = fs::create_dir_all(folder.join(part));
            made.unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        }
        let file = |name: &str| folder.join(name);
        write(&file("community"), format!("{OWN}\n"));
        write(&file("communities"), format!("* {SHARED} RO\n* {OWN} RW\n"));
        let truth = file("truth").display().to_string();
        write(&file("p.tcl"), policy(no, hosts, &truth, broken));
        let disk = Disk::new(&file("disk").display().to_string(), 128)?;
        let host = Host {
            no,
            owner: Owner::of(&namespace.0),
            namespace,
            folder,
            disk,
            clock: None,
            full: false,
            faild: None,
            failsh: None,
            powered: true,
            net: Net::default(),
            refused: false,
            bursts: Vec::new(),
            starts: 0,
            boots: 0,
        };
        host.boot_file();
        host.set_clock(0);
        host.connect();
        Some(host)
    }

    fn boot_file(&self) {
        let (pid, boots) = (std::process::id(), self.boots * 100 + self.no as u32);
        let id = format!("{pid:08x}-0000-4000-8000-{boots:012x}\n");
        write(&self.folder.join("boot_id"), id);
    }

    fn connect(&self) {
        let address = host_address(self.no);
        self.namespace
            .ip(&format!("address add {address}/24 dev eth0"));
    }

    /// One of its programs, if it was started.
    pub fn daemon(&mut self, role: Role) -> &mut Option<Daemon> {
        match role {
            Role::Faild => &mut self.faild,
            Role::Failsh => &mut self.failsh,
        }
    }

    /// Both programs run, are ready and do not stand still, and there is room on the disk.
    pub fn in_order(&self) -> bool {
        let well = |daemon: &Option<Daemon>| {
            daemon
                .as_ref()
                .is_some_and(|daemon| daemon.ready && daemon.stops == 0)
        };
        well(&self.faild) && well(&self.failsh) && !self.full
    }

    /// Whether one of its programs stands still.
    pub fn stands_still(&mut self, role: Role) -> bool {
        let daemon = self.daemon(role).as_ref();
        daemon.is_some_and(|daemon| daemon.stops > 0)
    }

    /// Sees whether its programs are ready by now; gives those that have ended by themselves.
    pub fn look(&mut self) -> Vec<String> {
        let (mut ended, full) = (Vec::new(), self.full);
        for role in [Role::Faild, Role::Failsh] {
            let name = host_name(self.no);
            let Some(daemon) = self.daemon(role) else {
                continue;
            };
            daemon.ready = daemon.ready || daemon.process.count(daemon.started, "is ready") > 0;
            let lines = daemon.process.lines();
            if let Some(line) = lines.iter().find(|line| line.text.contains("panicked")) {
                ended.push(format!("{} of {name}: {}", role.name(), line.text));
            }
            if let Some(status) = daemon.process.ended() {
                // A faild that can not write at its start says so and ends; whoever started
                // it starts it again when there is room.
                if role == Role::Faild && status.code() == Some(74) && full && !daemon.ready {
                    *self.daemon(role) = None;
                    self.refused = true;
                    continue;
                }
                let last = lines
                    .last()
                    .map_or("nothing", |line| &line.text)
                    .to_string();
                ended.push(format!(
                    "{} of {name} ended by itself: {status}; it said: {last}",
                    role.name()
                ));
                *self.daemon(role) = None;
            }
        }
        ended
    }

    /// Starts one of its programs, if it does not run.
    pub fn start(&mut self, role: Role) {
        if !self.powered || self.daemon(role).is_some() {
            return;
        }
        self.starts += 1;
        let file = |name: &str| self.folder.join(name).display().to_string();
        let record = file(&format!("rec/{:03}.{}", self.starts, role.name()));
        // Only the boot id of this host is to be seen in it.
        let script = "mount --bind \"$1\" /proc/sys/kernel/random/boot_id && shift && exec \"$@\"";
        let mut command = self.namespace.command("sh");
        command.args(["-c", script, "sh", &file("boot_id")]);
        command.arg(program::path(role.name()));
        match role {
            Role::Faild => {
                let address = host_address(self.no).to_string();
                command.args(["-F", "-d", "state", "-a", "127.0.0.1", "-a", &address]);
                command.args(["-c", &file("communities"), "-s", &file("disk/state")]);
            }
            Role::Failsh => {
                command.args(["-F", "-d", "plan", "-s", "127.0.0.1", "--socket", "none"]);
                command.args(["-C", &file("community"), "-f", &file("p.tcl")]);
                command.args(["-l", &file("dump")]);
            }
        }
        command.args(["--record", &record]);
        if let Some(library) = &self.clock {
            command
                .env("LD_PRELOAD", library)
                .env("CHAOS_CLOCK", file("clock"));
        }
        let mut command = self.disk.within(&command);
        // Ctrl-C is for the run, which ends them.
        command.process_group(0);
        let started = Instant::now();
        let name = format!("{} of {}", role.name(), host_name(self.no));
        *self.daemon(role) = Some(Daemon {
            process: Process::start(&name, command),
            started,
            ready: false,
            stops: 0,
            descriptors: None,
        });
    }

    /// `kill -9`.
    pub fn kill(&mut self, role: Role) {
        if let Some(mut daemon) = self.daemon(role).take() {
            self.keep_log(role, &daemon);
            daemon.process.kill();
        }
    }

    /// Has it end, and waits for that. Gives what was wrong with how it ended.
    pub fn end(&mut self, role: Role) -> Option<String> {
        let daemon = self
            .daemon(role)
            .as_mut()
            .filter(|daemon| daemon.stops == 0 && daemon.ready)?;
        daemon.process.signal(Signal::SIGTERM);
        let status = daemon.process.wait();
        let mut daemon = self.daemon(role).take()?;
        self.keep_log(role, &daemon);
        daemon.process.kill();
        let well = status.is_some_and(|status| {
            use std::os::unix::process::ExitStatusExt;
            status.success() || status.signal() == Some(Signal::SIGTERM as i32)
        });
        (!well).then(|| {
            format!(
                "{} of {} ended so after SIGTERM: {status:?}",
                role.name(),
                host_name(self.no)
            )
        })
    }

    fn keep_log(&self, role: Role, daemon: &Daemon) {
        let lines: Vec<String> = daemon
            .process
            .lines()
            .into_iter()
            .map(|line| line.text + "\n")
            .collect();
        write(
            &self
                .folder
                .join(format!("rec/{:03}.{}.log", self.starts, role.name())),
            lines.concat(),
        );
    }

    /// Has one of its programs stand still, or go on.
    pub fn freeze(&mut self, role: Role, still: bool) {
        let Some(daemon) = self.daemon(role) else {
            return;
        };
        let was = daemon.stops;
        daemon.stops = if still {
            was + 1
        } else {
            was.saturating_sub(1)
        };
        match (was, daemon.stops) {
            (0, 1) => daemon.process.signal(Signal::SIGSTOP),
            (1, 0) => daemon.process.signal(Signal::SIGCONT),
            _ => {}
        }
    }

    /// The power is gone.
    pub fn crash(&mut self) {
        self.powered = false;
        self.kill(Role::Failsh);
        self.kill(Role::Faild);
        // What scripts have started ends with the power, too; the one who fills the
        // namespace's numbers is the kernel, and this process itself is not hit.
        self.namespace.kill_all();
        self.namespace.ip("address flush dev eth0");
        self.boots += 1;
        self.boot_file();
    }

    /// The power is back.
    pub fn boot(&mut self) {
        if !self.powered {
            self.powered = true;
            self.connect();
        }
        self.start(Role::Faild);
        self.start(Role::Failsh);
    }

    /// Makes the net be as it is said to be.
    pub fn rewire(&self) {
        let mut text = "add table ip chaos; add chain ip chaos input { type filter hook input \
                        priority 0; }; flush table ip chaos"
            .to_string();
        for other in &self.net.deaf {
            text += &format!(
                "; add rule ip chaos input ip saddr {} drop",
                host_address(*other)
            );
        }
        if self.net.loss > 0 {
            text += &format!(
                "; add rule ip chaos input iifname eth0 numgen random mod 100 < {} drop",
                self.net.loss
            );
        }
        let mut nft = self.namespace.command("nft");
        run(nft.arg(text));
    }

    /// What it sends arrives so many milliseconds late, or at once. False: this kernel can not.
    pub fn delay(&self, ms: i64) -> bool {
        let mut tc = self.namespace.command("tc");
        match ms {
            0 => tc.args(["qdisc", "del", "dev", "eth0", "root"]),
            _ => tc.args([
                "qdisc",
                "add",
                "dev",
                "eth0",
                "root",
                "netem",
                "delay",
                &format!("{ms}ms"),
            ]),
        };
        output(&mut tc).status.success()
    }

    /// Fills its disk, or makes room.
    pub fn fill(&mut self, full: bool) {
        match (self.full, full) {
            (false, true) => self.disk.fill(),
            (true, false) => self.disk.clear(),
            _ => {}
        }
        self.full = full;
        if !full && std::mem::take(&mut self.refused) {
            self.start(Role::Faild);
        }
    }

    /// Its wall clock goes so many seconds wrong. The file stays the same one: it is mapped.
    pub fn set_clock(&self, seconds: i64) {
        let path = self.folder.join("clock");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let written = file.and_then(|mut file| file.write_all(&seconds.to_ne_bytes()));
        written.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// Takes an address away.
    pub fn lose(&self, address: std::net::Ipv4Addr) {
        let mut ip = self.namespace.command("ip");
        output(ip.args(["address", "delete", &format!("{address}/24"), "dev", "eth0"]));
    }

    /// Somebody uses a core for so long.
    pub fn burst(&mut self, seconds: f64) {
        let mut busy = self.namespace.command("timeout");
        busy.args([&format!("{seconds:.1}"), "sh", "-c", "while :; do :; done"]);
        busy.stdin(Stdio::null()).process_group(0);
        self.bursts.extend(busy.spawn().ok());
    }

    /// Waits for those who used a core.
    pub fn reap(&mut self) {
        self.bursts
            .retain_mut(|busy| matches!(busy.try_wait(), Ok(None)));
    }

    /// Changes something by failc; whether that was acknowledged.
    pub fn failc(&self, words: &[&str]) -> bool {
        let mut failc = self.tool("failc");
        failc.args(["-q", "-t", "0.2", "-n", "2"]).args(words);
        // Its exit code is the state; 64 and more say that it is not known.
        output(&mut failc)
            .status
            .code()
            .is_some_and(|code| code < 3)
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = self.namespace.command(program::path(name));
        command
            .env_remove("FAIL_COMMUNITY")
            .args(["-C", &self.folder.join("community").display().to_string()]);
        command
    }

    /// What its faild says of its services: state and marks.
    pub fn records(&self) -> Option<Vec<(String, String, Vec<String>)>> {
        let mut failstat = self.tool("failstat");
        let said = output(failstat.args(["--json", "127.0.0.1"])).stdout;
        let value: Value = serde_json::from_slice(&said).ok()?;
        let services = value["hosts"][0]["services"].as_array()?;
        let records = services.iter().map(|record| {
            let marks = record["marks"].as_array().into_iter().flatten();
            let marks = marks
                .filter_map(|mark| mark.as_str().map(str::to_string))
                .collect();
            let text = |name: &str| record[name].as_str().map(str::to_string);
            Some((text("service")?, text("state")?, marks))
        });
        records.collect()
    }

    /// How many descriptors one of its programs has open.
    pub fn descriptors(&mut self, role: Role) -> Option<usize> {
        let pid = self.daemon(role).as_ref()?.process.pid();
        Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
    }

    /// What they are, and how many of each: `socket 12, pipe 4`.
    pub fn what_is_open(&mut self, role: Role) -> String {
        let pid = self
            .daemon(role)
            .as_ref()
            .map(|daemon| daemon.process.pid());
        let open = pid.and_then(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for entry in open.into_iter().flatten().flatten() {
            let to = fs::read_link(entry.path()).unwrap_or_default();
            let to = to.to_string_lossy();
            // `socket:[4711]`: without its number.
            *kinds
                .entry(to.split(":[").next().unwrap_or_default().to_string())
                .or_default() += 1;
        }
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, n)| format!("{kind} {n}"))
            .collect();
        kinds.join(", ")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for role in [Role::Faild, Role::Failsh] {
            self.kill(role);
        }
        for busy in &mut self.bursts {
            let _ = busy.kill();
            let _ = busy.wait();
        }
    }
}

/// Builds the library by which wall clocks can be set. Nothing: there is no C compiler.
///
/// `libfaketime` does not do: it moves absolute timers on `CLOCK_BOOTTIME` as well, so that
/// whoever waits by them waits for ever; and a time namespace has no wall clock.
pub fn clock_library(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    write(&source, CLOCK);
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source);
    let built = cc.stdin(Stdio::null()).output();
    built
        .is_ok_and(|built| built.status.success())
        .then_some(library)
}

/// Now.
pub fn now() -> Mono {
    fail_rt::clock::now().mono
}
