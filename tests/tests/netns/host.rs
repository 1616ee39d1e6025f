//! One host of a lab: its namespace, its faild and failsh, and how it is hurt. Its policy is
//! what it is furnished with: mostly that of `samples/web-pair`, with nginx and a service
//! address.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Instant;

use fail_cli::ports;
use failover_tests::{folder::Folder, program, tree};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::lab::{BOUND, Namespace, SERVICE};
use super::process::{Process, command, output, run, wait};

/// The key that the hosts share, which may read.
pub const SHARED: &str = "key-of-the-hosts";

/// The key of those who may change a host's states, on that host.
const OWN: &str = "key-of-the-owner";

/// How often the hosts ask each other, and how often again. With answers on a bridge an
/// overdue one is found after 20 ms, and six more questions take 240 ms.
pub const INTERVAL_MS: u64 = 300;
pub const SPACING_MS: u64 = 40;
pub const TIMES: u64 = 6;
pub const OVERDUE_MS: u64 = 20;

/// A host and what runs on it.
pub struct Host {
    pub name: String,
    pub address: Ipv4Addr,
    pub faild: Option<Process>,
    pub failsh: Option<Process>,
    boots: u32,
    pub namespace: Namespace,
    pub folder: Folder,
    /// The files of its policy, in their order.
    pub policy: Vec<String>,
    /// Its programs speak TCP and nothing else; the policy has to say the same.
    pub tcp: bool,
    /// What its failsh has in its environment beside the rest.
    pub environment: Vec<(&'static str, String)>,
}

/// All hosts of a lab and their addresses, in the order of their ranks.
pub type Ranks = [(String, Ipv4Addr)];

impl Host {
    pub fn new(name: &str, address: Ipv4Addr, namespace: Namespace, folder: Folder) -> Host {
        let (faild, failsh) = (None, None);
        let name = name.to_string();
        Host {
            name,
            address,
            faild,
            failsh,
            boots: 0,
            namespace,
            folder,
            policy: Vec::new(),
            tcp: false,
            environment: Vec::new(),
        }
    }

    /// Writes what every host has: communities, a page with its name, and a nginx.conf.
    pub fn furnish(&self) {
        self.readable_by(SHARED);
        self.folder.write("community", format!("{OWN}\n"));
        let html = self.folder.path().join("html");
        fs::create_dir_all(&html).unwrap();
        fs::write(html.join("index.html"), format!("{}\n", self.name)).unwrap();
        self.nginx_conf("nginx", 80, "root html;");
        self.boot_file();
    }

    /// Who may read its states; who may change them is always the same.
    pub fn readable_by(&self, community: &str) {
        self.folder
            .write("communities", format!("* {community} RO\n* {OWN} RW\n"));
    }

    /// Writes a configuration of nginx with one server, which listens to this port.
    pub fn nginx_conf(&self, name: &str, port: u16, server: &str) {
        let config = format!(
            "user root; worker_processes 1; pid {name}.pid; events {{}}\n\
             http {{ access_log off; server {{ listen {port}; {server} }} }}\n"
        );
        self.folder.write(&format!("{name}.conf"), config);
    }

    /// The options with which nginx takes this configuration, and touches nothing outside.
    pub fn nginx_options(&self, name: &str) -> String {
        let folder = self.folder.path().display();
        format!("-e {folder}/errors -p {folder} -c {name}.conf")
    }

    /// Starts an nginx that is there whether this host serves or not.
    pub fn start_nginx(&self) {
        let mut nginx = self.namespace.command("nginx");
        run(nginx.args(self.nginx_options("nginx").split(' ')));
    }

    /// `kill -9` of the nginx whose number is in that file, and of its worker.
    pub fn kill_nginx(&self, name: &str) {
        let number = fs::read_to_string(self.folder.file(&format!("{name}.pid"))).unwrap();
        let number = number.trim();
        let children = format!("/proc/{number}/task/{number}/children");
        let children = fs::read_to_string(children).unwrap();
        // The worker last: it would be started again.
        for number in [number].into_iter().chain(children.split_whitespace()) {
            let pid = Pid::from_raw(number.parse().unwrap());
            kill(pid, Signal::SIGKILL).unwrap();
        }
    }

    /// The policy of `samples/web-pair`; the last file has what is of this lab.
    pub fn web_pair(&mut self, all: &Ranks) {
        let hosts: Vec<String> = all
            .iter()
            .map(|(name, address)| format!("{name} {address}"))
            .collect();
        let folder = self.folder.path().display();
        let settings = [
            ("me", self.name.clone()),
            ("hosts", format!("{{{}}}", hosts.join(" "))),
            ("port", ports::FAILD.to_string()),
            ("community", SHARED.to_string()),
            ("interval", format!("{INTERVAL_MS}ms")),
            ("address", format!("{SERVICE}/24")),
            ("device", "eth0".to_string()),
            ("nginx", "/usr/sbin/nginx".to_string()),
            ("options", format!("{{{}}}", self.nginx_options("nginx"))),
            ("pidfile", format!("{folder}/nginx.pid")),
        ];
        let lines = settings.map(|(name, value)| format!("set site({name}) {value}\n"));
        // What a check finds comes in between where a host is without its cable for long.
        let confirm = format!(
            "failsvc web confirm {{{TIMES} {SPACING_MS}ms}}\nfailsvc web checkinterval 1m\n"
        );
        let web = tree::path("samples/web-pair/web.tcl");
        self.policy = vec![
            self.folder.write("site.tcl", lines.concat()),
            web.display().to_string(),
            self.folder.write("lab.tcl", confirm),
        ];
    }

    /// The option that has a program speak as this host does.
    fn way(&self) -> Option<&'static str> {
        self.tcp.then_some("-T")
    }

    fn boot_file(&self) {
        let (pid, boots) = (std::process::id(), self.boots);
        let id = format!("{pid:08x}-0000-4000-8000-{boots:012x}\n");
        self.folder.write("boot_id", id);
    }

    /// Gives it its own address.
    pub fn connect(&self) {
        self.namespace
            .ip(&format!("address add {}/24 dev eth0", self.address));
    }

    /// Starts both daemons; gives when.
    pub fn start_all(&mut self) -> Instant {
        let then = Instant::now();
        self.start_faild();
        self.start_failsh();
        then
    }

    /// Starts faild and waits until it answers. It sees the boot id of this host.
    pub fn start_faild(&mut self) {
        let boot_id = "/proc/sys/kernel/random/boot_id";
        let script = format!("mount --bind \"$1\" {boot_id} && shift && exec \"$@\"");
        let mut faild = self.namespace.command("sh");
        faild.args(["-c", &script, "sh", &self.folder.file("boot_id")]);
        faild.arg(program::path("faild"));
        faild.args(["-F", "-d", "state", "-a", "127.0.0.1", "-a"]);
        faild.arg(self.address.to_string());
        faild.args(["-c", &self.folder.file("communities")]);
        faild.args(["-s", &self.folder.file("state")]);
        faild.args(self.way());
        let then = Instant::now();
        let faild = Process::start(&format!("faild of {}", self.name), faild);
        faild.line(then, "is ready", BOUND);
        self.faild = Some(faild);
    }

    /// Starts failsh and waits until it has read its policy.
    pub fn start_failsh(&mut self) {
        let mut failsh = self.namespace.command(program::path("failsh"));
        failsh.args(["-F", "-d", "plan", "-d", "host", "-s", "127.0.0.1"]);
        // The file system is that of all hosts.
        failsh.args(["--socket", "none", "-C", &self.folder.file("community")]);
        failsh.args(self.way());
        for file in &self.policy {
            failsh.args(["-f", file]);
        }
        failsh.envs(self.environment.iter().cloned());
        let then = Instant::now();
        let failsh = Process::start(&format!("failsh of {}", self.name), failsh);
        failsh.line(then, "is ready", BOUND);
        self.failsh = Some(failsh);
    }

    /// One more file of its policy.
    pub fn add_policy(&mut self, name: &str, text: &str) {
        self.policy.push(self.folder.write(name, text));
    }

    /// `kill -9` of its faild.
    pub fn kill_faild(&mut self) {
        if let Some(faild) = &mut self.faild {
            faild.kill();
        }
        self.faild = None;
    }

    /// Has failsh read its policy again, with something more at its end.
    pub fn reload(&self, more: &str) {
        let lab = self.folder.file("lab.tcl");
        let text = fs::read_to_string(&lab).unwrap();
        fs::write(&lab, text + more).unwrap();
        self.log().signal(Signal::SIGHUP);
    }

    /// `kill -9` of faild and failsh; gives when.
    pub fn kill_daemons(&mut self) -> Instant {
        let then = Instant::now();
        for daemon in [&mut self.failsh, &mut self.faild] {
            daemon.as_mut().unwrap().kill();
            *daemon = None;
        }
        then
    }

    /// The power is gone: no process, no address, and the next boot is another one.
    pub fn power_off(&mut self) -> Instant {
        let then = Instant::now();
        self.namespace.kill_all();
        (self.failsh, self.faild) = (None, None);
        self.namespace.ip("address flush dev eth0");
        self.boots += 1;
        self.boot_file();
        then
    }

    /// Whether both daemons are thought to run.
    pub fn runs(&self) -> bool {
        self.faild.is_some() && self.failsh.is_some()
    }

    /// The log of its failsh.
    pub fn log(&self) -> &Process {
        self.failsh.as_ref().unwrap()
    }

    /// Whether a service address is on its interface.
    pub fn owns(&self, address: Ipv4Addr) -> bool {
        let list = self
            .namespace
            .ip(&format!("-4 -o address show dev eth0 to {address}"));
        !list.is_empty()
    }

    /// Waits until failstat shows the service web in this way.
    pub fn says(&self, what: &str, like: impl Fn(&Value) -> bool) -> Value {
        self.says_of("web", what, like)
    }

    /// Waits until failstat shows a service in this way.
    pub fn says_of(&self, service: &str, what: &str, like: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{service} on {}: {what}", self.name);
        wait(&what, BOUND, || match self.record_of(service) {
            Ok(record) if like(&record) => Ok(record),
            Ok(record) => Err(record.to_string()),
            Err(said) => Err(said),
        })
    }

    /// What failstat shows of the service web, or what it says instead.
    pub fn record(&self) -> Result<Value, String> {
        self.record_of("web")
    }

    /// What failstat shows of a service, or what it says instead.
    pub fn record_of(&self, service: &str) -> Result<Value, String> {
        let mut failstat = self.namespace.command(program::path("failstat"));
        failstat.args(["-C", &self.folder.file("community")]);
        failstat.args(["--json", "127.0.0.1"]).args(self.way());
        let output = output(&mut failstat);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value: Value = serde_json::from_str(&text).map_err(|_| text.clone())?;
        let services = value["hosts"][0]["services"].as_array();
        let mut services = services.into_iter().flatten();
        let found = services.find(|record| record["service"] == service);
        found.cloned().ok_or(text)
    }

    /// Runs failc with the right to change.
    pub fn failc(&self, words: &[&str]) -> String {
        let mut failc = self.namespace.command(program::path("failc"));
        failc
            .args(["-C", &self.folder.file("community")])
            .args(self.way())
            .args(words);
        run(&mut failc)
    }

    /// Loses so many of hundred packets that come in from the net, until it is called with 0.
    pub fn lose(&self, percent: u32) {
        let nft = |words: &str| {
            let mut nft = command(&["ip", "netns", "exec", &self.namespace.0, "nft"]);
            run(nft.arg(words))
        };
        match percent {
            0 => nft("delete table ip loss"),
            _ => nft(&format!(
                "add table ip loss; \
                 add chain ip loss input {{ type filter hook input priority 0; }}; \
                 add rule ip loss input iifname eth0 numgen random mod 100 < {percent} drop"
            )),
        };
    }
}

/// Whether a record has this mark.
pub fn marked(record: &Value, mark: &str) -> bool {
    let marks = record["marks"].as_array();
    marks.is_some_and(|marks| marks.iter().any(|is| is == mark))
}
