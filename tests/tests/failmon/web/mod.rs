//! The page, live and by a web server, and what programs read: the real failmon on real
//! failshs, seen by real browsers and servers.

mod browser;
mod cgi;
mod samples;
mod serve;
mod stranger;

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::lines::Lines;
use failover_tests::program::Running;

/// A failmon that serves.
struct Served {
    running: Running,
    log: Lines,
    at: SocketAddr,
}

impl Served {
    fn start(options: &[&str], targets: &[&str]) -> Served {
        let mut command = super::failmon(&["--serve", "127.0.0.1:0"], options);
        Served::by(command.args(targets))
    }

    fn by(command: &mut Command) -> Served {
        let mut running = Running::start(command.stderr(Stdio::piped()));
        let log = Lines::of(running.0.stderr.take().unwrap());
        let line = log.wait_for("failmon: serving http");
        let (_, rest) = line.split_once("://").unwrap();
        let at = rest.trim_end_matches('/').parse().unwrap();
        Served { running, log, at }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.at)
    }
}

/// A host whose faild says that it serves web, and a failsh that takes over when it does not.
struct Pair {
    hosta: Faild,
    failsh: Failsh,
}

impl Pair {
    fn start() -> Pair {
        let hosta = Faild::start(&[]);
        hosta.failc(&["web", "UP", "the test"]).done();
        let port = hosta.address.port();
        let failsh = Failsh::serving(&format!(
            "failhost hosta address 127.0.0.1 port {port}\n\
             failsvc web masters hosta start {{return UP}} {REST}\n\
             failsvc dns start {{return UP}} {REST}\n"
        ));
        failsh.wait_for_lines(1, "RECOVER -> UP");
        failsh.wait_for_state("web", "RECOVER");
        Pair { hosta, failsh }
    }

    fn target(&self) -> String {
        self.failsh.monitor().to_string()
    }

    /// Now web has to be taken over.
    fn fail_over(&mut self) {
        self.hosta.kill();
    }
}
