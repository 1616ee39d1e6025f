//! Hosts on loopback that serve one service in their order: each with a faild, a failsh and a
//! folder of its own.

use std::process::{Command, Stdio};

use fail_wire::{Record, State};
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::lines::Lines;
use failover_tests::program::{self, Outcome, Running};
use failover_tests::wait;
use serde_json::Value;

/// What a policy does when it starts and stops the service, if it is not said otherwise.
pub const QUICK: &str = "start {return UP} stop {return RECOVER}";

/// One host.
pub struct Host {
    pub name: &'static str,
    pub faild: Faild,
    pub failsh: Running,
    log: Lines,
    pub folder: Folder,
}

/// All of them, the highest in rank first.
pub struct Ring(pub Vec<Host>);

impl Ring {
    /// These hosts, each with this as settings of the service web. The first serves.
    pub fn of(hosts: &[(&'static str, &str)]) -> Ring {
        Ring::with(hosts, &[])
    }

    /// The same with options for each faild; the community of all failsh is `key`, then.
    pub fn with(hosts: &[(&'static str, &str)], options: &[&str]) -> Ring {
        let failds: Vec<Faild> = hosts.iter().map(|_| Faild::start(options)).collect();
        let ports: Vec<(&str, u16)> = hosts
            .iter()
            .zip(&failds)
            .map(|((name, _), faild)| (*name, faild.address.port()))
            .collect();
        let community = if options.is_empty() { "public" } else { "key" };
        let all = hosts.iter().zip(failds).enumerate();
        let ring = all.map(|(no, ((name, settings), faild))| {
            let mut policy = String::new();
            for (other, port) in ports.iter().filter(|(other, _)| other != name) {
                policy += &format!(
                    "failhost {other} address 127.0.0.1 port {port} community {community}\n"
                );
            }
            let names = |ports: &[(&str, u16)]| {
                let names = ports.iter().map(|(name, _)| *name);
                names.collect::<Vec<_>>().join(" ")
            };
            policy += &format!(
                "failsvc web masters {{{}}} slaves {{{}}} interval 200ms\nfailsvc web {settings}\n",
                names(&ports[..no]),
                names(&ports[no + 1..])
            );
            Host::start(name, faild, &policy, community)
        });
        let ring = Ring(ring.collect());
        ring.settles();
        ring
    }

    /// Waits until the first serves and all others could.
    pub fn settles(&self) {
        let look = || {
            self.0
                .iter()
                .map(|host| host.record().to_string())
                .collect::<Vec<_>>()
        };
        let is_well = |seen: &Vec<String>| {
            let mut all = seen.iter().enumerate();
            all.all(|(no, is)| is == if no == 0 { "UP" } else { "RECOVER" })
        };
        wait::until("the first host alone to serve", look, is_well);
    }

    /// `failc ... drill web` with all hosts named.
    pub fn drill(&self, options: &[&str]) -> Outcome {
        program::run(self.command(options))
    }

    /// The command for that.
    pub fn command(&self, options: &[&str]) -> Command {
        let mut command = program::command("failc");
        command.args(options).args(["drill", "web"]);
        for host in &self.0 {
            command.arg(host.faild.address.to_string());
        }
        command
    }

    /// `failc ... drill web` with what the failsh of this host knows.
    pub fn drill_at(&self, host: usize, options: &[&str]) -> Outcome {
        let host = &self.0[host];
        let line = host.log.wait_for("monitor: listening on 127.0.0.1:");
        let monitor = line.rsplit(' ').next().unwrap();
        let mut command = program::command("failc");
        command.args(["-m", monitor, "-s", &host.faild.address.to_string()]);
        command.args(options).args(["drill", "web"]);
        program::run(command)
    }

    /// The versions of all records: what was not changed has the same.
    pub fn versions(&self) -> Vec<u64> {
        self.0.iter().map(|host| host.whole().version).collect()
    }

    /// What the hosts are called where they were named by their addresses.
    pub fn address(&self, host: usize) -> String {
        self.0[host].faild.address.to_string()
    }
}

impl Host {
    fn start(name: &'static str, faild: Faild, policy: &str, community: &str) -> Host {
        let folder = Folder::new();
        let mut command = program::command("failsh");
        command.args(["-F", "-s", &faild.address.to_string(), "-c", community]);
        command.args(["-d", "plan", "-m", "0", "-D", "none", "--socket", "none"]);
        command.args(["-i", &folder.file("pid"), "-l", &folder.file("dump")]);
        command.args([
            "-f",
            &folder.write("p.tcl", policy.replace("FOLDER", &folder.file(""))),
        ]);
        let mut failsh = Running::start(command.stderr(Stdio::piped()));
        let log = Lines::of(failsh.0.stderr.take().unwrap());
        log.wait_for("is ready");
        Host {
            name,
            faild,
            failsh,
            log,
            folder,
        }
    }

    /// The record of web.
    pub fn whole(&self) -> Record {
        let name = "web".parse().unwrap();
        let mut client = self.faild.client("public");
        let record = client.read_one(&name).map(|(record, _)| record);
        let record = record.or_else(|_| {
            let mut client = self.faild.client("key");
            client.read_one(&name).map(|(record, _)| record)
        });
        record.unwrap()
    }

    /// `UP`, `RECOVER starting`.
    pub fn record(&self) -> String {
        let record = self.whole();
        let words = [record.state.word()]
            .into_iter()
            .chain(record.marks.words());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Waits until its record is so.
    pub fn becomes(&self, is: &str) {
        let what = format!("web on {} to be {is}", self.name);
        wait::until(&what, || self.record(), |record| record == is);
    }

    /// Waits until its state is this one.
    pub fn is_in(&self, state: State) {
        let what = format!("web on {} to be {state}", self.name);
        wait::until(&what, || self.whole().state, |is| *is == state);
    }
}

/// One line of JSON.
pub fn json(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}
