//! What many checks cost hc, and Monit and Icinga's checker for the same. Measured by
//! `scripts/hcload`; nothing here decides whether a test passes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fail_wire::health::{HealthView, Update};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use failover_tests::{tree, wait, web};

const TARGETS: usize = 2_000;

/// What is asked: a web server that counts, and ports that accept and say nothing.
struct Asked {
    folder: Folder,
    at: SocketAddr,
    silent: TcpListener,
    /// Of [`TARGETS`].
    silents: usize,
    nginx: Running,
}

impl Asked {
    fn new(silents: usize) -> Asked {
        let folder = Folder::new();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        let path = folder.path().display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};"))
            .concat();
        let config = folder.write(
            "nginx.conf",
            format!(
                "worker_processes 1; daemon off; master_process off; pid {path}/pid; error_log {path}/errors;\n\
                 events {{ worker_connections 8192; }}\n\
                 http {{ access_log off; {temp} server {{ listen {at} backlog=4096;\n\
                 location / {{ return 200 \"Welcome\\n\"; }}\n\
                 location /status {{ stub_status; }} }} }}\n"
            ),
        );
        let mut nginx = Command::new("nginx");
        let nginx = nginx.args(["-e", &folder.file("errors"), "-c", &config]);
        let nginx = Running::start(nginx);
        let connects = || TcpStream::connect(at).is_ok();
        wait::until("nginx to listen", connects, |connects| *connects);
        Asked {
            folder,
            at,
            silent: TcpListener::bind("127.0.0.1:0").unwrap(),
            silents,
            nginx,
        }
    }

    /// The port of a target. Silent ones are spread over all, as who asks one after the other
    /// would not come to the rest otherwise.
    fn port(&self, no: usize) -> u16 {
        let every = TARGETS.checked_div(self.silents);
        match every.is_some_and(|every| no % every == 0) {
            true => self.silent.local_addr().unwrap().port(),
            false => self.at.port(),
        }
    }

    /// How many requests the web server has had.
    fn requests(&self) -> u64 {
        let request = "GET /status HTTP/1.0\r\n\r\n";
        let body = web::send(self.at, request).body;
        let numbers = body.lines().nth(2).unwrap().split_whitespace();
        numbers.last().unwrap().parse().unwrap()
    }
}

/// A process and all that came of it, by their numbers.
fn family(root: i32) -> Vec<i32> {
    let mut parents: BTreeMap<i32, i32> = BTreeMap::new();
    for entry in tree::list(Path::new("/proc")) {
        let text = std::fs::read_to_string(entry.join("stat")).unwrap_or_default();
        let parent = text
            .rsplit(')')
            .next()
            .and_then(|t| t.split_whitespace().nth(1));
        if let (Ok(pid), Some(Ok(parent))) = (tree::name(&entry).parse(), parent.map(str::parse)) {
            parents.insert(pid, parent);
        }
    }
    let mut family = vec![root];
    let mut at = 0;
    while at < family.len() {
        let children = parents.iter().filter(|(_, parent)| **parent == family[at]);
        let children: Vec<i32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        at += 1;
    }
    family
}

/// The processor time of these and of their children that have ended, and their memory in kB.
fn cost(pids: &[i32]) -> (Duration, u64) {
    let (mut ticks, mut memory) = (0, 0);
    for pid in pids {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default();
        let numbers = fields
            .split_whitespace()
            .map(|f| f.parse::<u64>().unwrap_or(0));
        ticks += numbers.skip(11).take(4).sum::<u64>();
        let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        memory += kilobytes.unwrap_or(0);
    }
    (Duration::from_millis(ticks * 10), memory)
}

/// Lets it warm up for 15 seconds, then measures for so long.
fn measure(name: &str, asked: &Asked, running: &Running, time: Duration) {
    rest(Duration::from_secs(15));
    let (before, _) = cost(&family(running.pid()));
    let (first, begin) = (asked.requests(), Instant::now());
    rest(time);
    let took = begin.elapsed().as_secs_f64();
    let (after, memory) = cost(&family(running.pid()));
    let requests = asked.requests() - first;
    println!(
        "{name}: {:.1} % of a core, {:.1} MB, {:.0} answers in 10 s (of {} due)",
        (after.saturating_sub(before)).as_secs_f64() * 100.0 / took,
        memory as f64 / 1024.0,
        requests as f64 * 10.0 / took,
        TARGETS - asked.silents,
    );
}

fn rest(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// What hc says of its own work.
fn health(at: SocketAddr) -> HealthView {
    let stream = TcpStream::connect(at).unwrap();
    let mut health = None;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line.unwrap()).unwrap() {
            Update::Health(view) => health = Some(view),
            Update::Ready => break,
            _ => {}
        }
    }
    health.unwrap()
}

fn hc(asked: &Asked, time: Duration) {
    let mut file = String::from("load http\ninterval = 10s\ntimeout = 5s\n");
    for no in 0..TARGETS {
        let port = asked.port(no);
        file += &format!("t{no}:\n    http http://127.0.0.1:{port}/ status=200 match=Welcome\n");
    }
    let file = asked.folder.write("Hcfile", file);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let mut hc = Command::new("taskset");
    hc.args(["-c", "0"]).arg(program::path("hc"));
    hc.args(["-F", "-f", &file, "-m", "-a", "127.0.0.1", "-p"]);
    hc.arg(at.port().to_string());
    let hc = Running::start(hc.stderr(Stdio::null()));
    measure("hc (on one core)", asked, &hc, time);
    let health = health(at);
    println!(
        "    lateness: median {:.2} ms, p99 {:.2} ms; {} checks, {} stalls",
        health.late_median, health.late_p99, health.checks, health.stalls
    );
}

fn unpacked(name: &str, program: &str) -> Option<PathBuf> {
    let path = tree::path("target/debian").join(name).join(program);
    if path.exists() {
        return Some(path);
    }
    failover_tests::skipped(&format!("{name} is not there: scripts/hcload unpacks it"));
    None
}

fn monit(asked: &Asked, time: Duration) {
    let Some(monit) = unpacked("monit", "usr/bin/monit") else {
        return;
    };
    let folder = asked.folder.path().display();
    let mut file = format!(
        "set daemon 10\nset log {folder}/monit.log\nset pidfile {folder}/monit.pid\n\
         set idfile {folder}/monit.id\nset statefile {folder}/monit.state\n"
    );
    for no in 0..TARGETS {
        let port = asked.port(no);
        file += &format!(
            "check host t{no} with address 127.0.0.1\n    \
             if failed port {port} protocol http with timeout 5 seconds then alert\n"
        );
    }
    let file = asked.folder.write("monitrc", file);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).unwrap();
    let mut command = Command::new(monit);
    command.args(["-I", "-c", &file]);
    let monit = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    measure("Monit", asked, &monit, time);
}

fn icinga(asked: &Asked, time: Duration) {
    let program = "usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2";
    let plugin = "usr/lib/nagios/plugins/check_http";
    let Some(icinga) = unpacked("icinga", program) else {
        return;
    };
    let Some(plugin) = unpacked("plugins", plugin) else {
        return;
    };
    let folder = asked.folder.path().display();
    let plugin = plugin.display();
    let ports = (0..TARGETS).map(|no| asked.port(no).to_string());
    let ports: Vec<String> = ports.collect();
    let file = format!(
        "object IcingaApplication \"app\" {{ enable_notifications = false }}\n\
         object CheckerComponent \"checker\" {{ }}\n\
         const MaxConcurrentChecks = 2000\n\
         object CheckCommand \"http_\" {{ command = [ \"{plugin}\", \"-I\", \"127.0.0.1\",\n\
         \"-p\", \"$port_$\", \"-s\", \"Welcome\", \"-t\", \"5\" ] }}\n\
         var ports = [ {} ]\n\
         for (i in range({TARGETS})) {{ object Host \"t\" + i use (i, ports) {{\n\
         check_command = \"http_\"; check_interval = 10s; retry_interval = 10s\n\
         vars.port_ = ports[i] }} }}\n",
        ports.join(", ")
    );
    let file = asked.folder.write("icinga2.conf", file);
    let root = tree::path("target/debian/icinga");
    let mut command = Command::new(icinga);
    command.env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"));
    command.args(["daemon", "-c", &file]);
    for (name, path) in [
        ("ConfigDir", "ic-etc"),
        ("DataDir", "ic-lib"),
        ("CacheDir", "ic-cache"),
        ("LogDir", "ic-log"),
        ("InitRunDir", "ic-run"),
        ("SpoolDir", "ic-spool"),
        ("PidPath", "ic-run/pid"),
        ("VarsPath", "ic-vars"),
        ("ModAttrPath", "ic-mod"),
        ("ObjectsPath", "ic-obj"),
        ("StatePath", "ic-state"),
    ] {
        command.arg(format!("-D{name}={folder}/{path}"));
        if name.ends_with("Dir") {
            std::fs::create_dir_all(asked.folder.path().join(path)).unwrap();
        }
    }
    command.args(["-DRunAsUser=root", "-DRunAsGroup=root"]);
    let icinga = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    measure("Icinga 2 with check_http", asked, &icinga, time);
    // What it has started does not end with it.
    for pid in family(icinga.pid()) {
        let pid = nix::unistd::Pid::from_raw(pid);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
}

#[test]
#[ignore = "a measurement; scripts/hcload runs it"]
fn what_2000_checks_each_10_seconds_cost() {
    let seconds = std::env::var("FAILOVER_HCLOAD_SECONDS").unwrap_or_default();
    let time = Duration::from_secs(seconds.parse().unwrap_or(60));
    for silents in [0, 20] {
        let asked = Asked::new(silents);
        println!("{TARGETS} targets each 10 s, {silents} of them accept and say nothing:");
        hc(&asked, time);
        monit(&asked, time);
        icinga(&asked, time);
        drop(asked.nginx);
    }
}
