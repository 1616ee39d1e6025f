//! A cluster in a box of the kernel: hosts and a client, each in a network namespace of its
//! own, on a bridge in one more. Nothing of it touches the network outside. All of it is
//! removed when the test ends, however it ends; what a killed run has left behind is removed
//! by the next one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use failover_tests::folder::Folder;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::client::Client;
use super::host::{Host, Ranks};
use super::process::{command, output, run, wait};

/// Within so much time everything has to be as it should be: interval, confirming burst,
/// asking again and script are about two seconds, the rest is for a busy machine.
pub const BOUND: Duration = Duration::from_secs(10);

/// The service address.
pub const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);

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

/// Hosts, client, bridge.
pub struct Lab {
    pub client: Client,
    pub hosts: Vec<Host>,
    switch: Namespace,
    /// Where the client is.
    pub outside: Namespace,
}

/// A network namespace; everything in it ends with it.
#[derive(Debug)]
pub struct Namespace(pub String);

impl Lab {
    /// These hosts with the policy of `samples/web-pair`: the first outranks the second and so
    /// on. Everything runs, and the first serves. Nothing if this can not be had here; then
    /// the reason is printed.
    pub fn new(test: &str, names: &[&str]) -> Option<Lab> {
        let lab = Lab::furnished(test, names, Host::web_pair)?;
        lab.settles_on(names[0], Instant::now());
        Some(lab)
    }

    /// These hosts, each with the policy that it is given. Everything has been started.
    pub fn furnished(
        test: &str,
        names: &[&str],
        furnish: impl Fn(&mut Host, &Ranks),
    ) -> Option<Lab> {
        let parts = [names, &["client"]].concat();
        let (switch, mut parts) = plugged(test, &parts)?;
        let client = parts.pop()?;
        client.ip("address add 10.77.0.200/24 dev eth0");
        let mut hosts = Vec::new();
        for ((no, host), namespace) in (1..).zip(names).zip(parts) {
            let address = Ipv4Addr::new(10, 77, 0, no);
            hosts.push(Host::new(host, address, namespace, Folder::new()));
        }
        let all: Vec<(String, Ipv4Addr)> = hosts
            .iter()
            .map(|host| (host.name.clone(), host.address))
            .collect();
        for host in &mut hosts {
            host.furnish();
            host.connect();
            furnish(host, &all);
            host.start_all();
        }
        let asking = Client::start(&client.0, SocketAddr::from((SERVICE, 80)));
        Some(Lab {
            client: asking,
            hosts,
            switch,
            outside: client,
        })
    }

    /// The host with this name.
    pub fn host(&mut self, name: &str) -> &mut Host {
        let found = self.hosts.iter_mut().find(|host| host.name == name);
        found.unwrap_or_else(|| panic!("no host {name}"))
    }

    /// Who has the service address on his interface.
    pub fn owners(&self) -> Vec<&str> {
        self.owners_of(SERVICE)
    }

    fn owners_of(&self, address: Ipv4Addr) -> Vec<&str> {
        let owners = self.hosts.iter().filter(|host| host.owns(address));
        owners.map(|host| host.name.as_str()).collect()
    }

    /// Waits until just these hosts have the service address.
    pub fn owned_by(&self, names: &[&str]) -> Instant {
        self.address_owned_by(SERVICE, names)
    }

    fn address_owned_by(&self, address: Ipv4Addr, names: &[&str]) -> Instant {
        wait(&format!("{address} to be at {names:?}"), BOUND, || {
            let owners = self.owners_of(address);
            match owners == names {
                true => Ok(Instant::now()),
                false => Err(format!("it is at {owners:?}")),
            }
        })
    }

    /// Waits until this host alone has the service address, it alone says UP, and the client
    /// is served by it. Gives when the first of the requests began that it answered.
    pub fn settles_on(&self, name: &str, then: Instant) -> Instant {
        self.service_settles_on(("web", SERVICE), &self.client, name, then)
    }

    /// The same for a service with this name and address, and somebody who uses it.
    pub fn service_settles_on(
        &self,
        (service, address): (&str, Ipv4Addr),
        client: &Client,
        name: &str,
        then: Instant,
    ) -> Instant {
        self.address_owned_by(address, &[name]);
        let served = client.served_by(name, then, BOUND);
        for host in &self.hosts {
            let serves = host.name == name;
            let what = if serves { "to be UP" } else { "not to be UP" };
            if host.runs() {
                host.says_of(service, what, |record| (record["state"] == "UP") == serves);
            }
        }
        // What was true one after the other is true together.
        self.address_owned_by(address, &[name]);
        served
    }

    /// Pulls the cable of a host, or plugs it in.
    pub fn cable(&self, host: &str, state: &str) {
        self.switch.ip(&format!("link set {host} {state}"));
    }

    /// Cuts the connection between all hosts, which the client keeps to each, or heals it.
    pub fn cut(&self, on_off: &str) {
        for host in &self.hosts {
            let name = &host.name;
            self.switch.ip(&format!(
                "link set dev {name} type bridge_slave isolated {on_off}"
            ));
        }
    }
}

/// A switch, and namespaces with these names whose eth0 is plugged into its port of that
/// name. Nothing if this can not be had here; then the reason is printed.
pub fn plugged(test: &str, names: &[&str]) -> Option<(Namespace, Vec<Namespace>)> {
    if let Some(why) = missing(test) {
        failover_tests::skipped(&why.to_string());
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
