//! A host on loopback: its faild and its failsh, in an environment of its own, and what its
//! records say.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use fail_client::{Client, Options, Wanted, monitor::Monitor};
use fail_wire::monitor::{HealthView, Update};
use fail_wire::{Marks, Name, Reason, Record, State};
use failover_tests::folder::Folder;
use failover_tests::{faild, program};

use crate::netns::process::{Process, command};

/// Nothing here takes longer, not even on a slow machine.
pub const BOUND: Duration = Duration::from_secs(20);

/// Where the programs of a host run.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// What they have in their environment as well.
    pub environment: Vec<(String, String)>,
    /// The network namespace.
    pub namespace: Option<String>,
}

impl Around {
    fn command(&self, program: &str) -> Command {
        let mut command = match &self.namespace {
            None => program::command(program),
            Some(namespace) => {
                let mut command = command(&["ip", "netns", "exec", namespace]);
                command.arg(program::path(program));
                command
            }
        };
        command.envs(self.environment.iter().cloned());
        command
    }
}

pub struct Host {
    pub name: String,
    /// Where its faild answers.
    pub address: SocketAddr,
    pub faild: Process,
    failsh: Option<Process>,
    /// Where its failsh serves monitors, if it does.
    pub monitor: Option<SocketAddr>,
    pub folder: Folder,
    around: Around,
    /// Where its failsh finds its faild.
    server: SocketAddr,
}

impl Host {
    /// Its faild, which answers at these addresses.
    pub fn new(name: &str, addresses: &[String], around: &Around) -> Host {
        let mut command = around.command("faild");
        let port = match addresses.len() {
            1 => 0,
            _ => faild::free_port(&addresses[0]),
        };
        command.args(["-F", "-p", &port.to_string()]);
        for address in addresses {
            command.args(["-a", address]);
        }
        let then = Instant::now();
        let faild = Process::start(&format!("faild of {name}"), command);
        faild.line(then, "is ready", BOUND);
        let line = faild.line(then, "answering on ", BOUND).text;
        let mut words = line.split_whitespace();
        let address = words.find_map(|word| word.strip_suffix("/udp")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Host {
            name: name.to_string(),
            address,
            faild,
            failsh: None,
            monitor: None,
            folder: Folder::new(),
            around: around.clone(),
            server: address,
        }
    }

    /// One at 127.0.0.1.
    pub fn local(name: &str) -> Host {
        Host::new(name, &["127.0.0.1".to_string()], &Around::default())
    }

    /// Starts its failsh with this policy, in which FOLDER is its folder; it finds its faild
    /// there.
    pub fn run(&mut self, policy: &str, server: SocketAddr) {
        let policy = policy.replace("FOLDER", &self.folder.path().to_string_lossy());
        self.folder.write("p.tcl", policy);
        self.server = server;
        self.start();
    }

    /// Starts its failsh, with the policy as it is now.
    pub fn start(&mut self) {
        let mut command = self.around.command("failsh");
        command.args(["-F", "-s", &self.server.to_string()]);
        command.args(["-f", &self.folder.file("p.tcl")]);
        command.args(["-m", "0", "-D", "none", "--socket", "none"]);
        let then = Instant::now();
        let failsh = Process::start(&format!("failsh of {}", self.name), command);
        failsh.line(then, "is ready", BOUND);
        let line = failsh.line(then, "monitor: listening on 127.0.0.1:", BOUND);
        let word = line.text.rsplit(' ').next();
        self.monitor = word.and_then(|word| word.parse().ok());
        self.failsh = Some(failsh);
    }

    /// `kill -9` of its failsh.
    pub fn kill(&mut self) {
        self.failsh.take().unwrap().kill();
    }

    pub fn failsh(&self) -> &Process {
        self.failsh
            .as_ref()
            .unwrap_or_else(|| panic!("{} has no failsh", self.name))
    }

    /// A client that may change its records.
    pub fn client(&self) -> Client {
        faild::client(self.address, "public", Options::default())
    }

    pub fn record(&self, service: &str) -> Record {
        let (record, _) = self.client().read_one(&name(service)).unwrap();
        record
    }

    /// How its failsh does its work, as it is now: not the figures that stand there, but the
    /// next ones.
    pub fn fresh_health(&self) -> HealthView {
        let mut monitor = Monitor::connect(&[self.monitor.unwrap()], BOUND).unwrap();
        let end = Instant::now() + BOUND;
        let mut told = false;
        loop {
            match monitor.next(end).unwrap() {
                Update::Health(view) if told => return view,
                Update::Health(_) => told = true,
                _ => {}
            }
        }
    }

    /// How many changes of states its failsh has told.
    pub fn transitions(&self) -> usize {
        let lines = self.failsh().lines();
        lines
            .iter()
            .filter(|line| line.text.contains(" -> "))
            .count()
    }
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A change by hand.
pub fn by_hand(
    client: &mut Client,
    service: &Name,
    state: Option<State>,
    set: Marks,
    clear: Marks,
) {
    let reason = Reason::new("by hand");
    let changed = client.change(service, |_| Wanted {
        state,
        set,
        clear,
        reason: reason.clone(),
    });
    // On a busy machine somebody else may be faster again and again.
    drop(changed);
}
