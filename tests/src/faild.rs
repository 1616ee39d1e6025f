//! A live faild in the foreground, on a port of its own of 127.0.0.1, and the tools that ask
//! it.

#![expect(clippy::panic, reason = "a test without its faild has failed")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use fail_client::{Client, Options};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};

use crate::lines::Lines;
use crate::ports;
use crate::program::{self, Outcome, Running};

/// A running faild.
#[derive(Debug)]
pub struct Faild {
    running: Running,
    /// Where it answers.
    pub address: SocketAddr,
    /// What it logs.
    pub log: Lines,
}

impl Faild {
    /// Starts one with these options and waits until it answers.
    pub fn start(options: &[&str]) -> Faild {
        Faild::with(program::command("faild"), options)
    }

    /// The same by this command, which ends in faild itself: one with an environment of its
    /// own, or something that runs it somewhere else.
    pub fn with(mut command: Command, options: &[&str]) -> Faild {
        command
            .args(["-F", "-a", "127.0.0.1", "-p", "0"])
            .args(options);
        let mut running = Running::start(command.stderr(Stdio::piped()));
        let stderr = running.0.stderr.take();
        let log = Lines::of(stderr.unwrap_or_else(|| panic!("it has no standard error")));
        log.wait_for("is ready");
        let line = log.wait_for("answering on ");
        let address = line
            .split_whitespace()
            .find_map(|word| word.split_once('/')?.0.parse().ok());
        Faild {
            running,
            address: address.unwrap_or_else(|| panic!("no address in {line:?}")),
            log,
        }
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Asks it with failc.
    pub fn failc(&self, arguments: &[&str]) -> Outcome {
        let mut command = program::command("failc");
        command.args(["-s", &self.address.to_string()]);
        program::run({
            command.args(arguments);
            command
        })
    }

    /// Asks it with failstat.
    pub fn failstat(&self, options: &[&str]) -> Outcome {
        let mut command = program::command("failstat");
        command.args(options).arg(self.address.to_string());
        program::run(command)
    }

    /// A client of it.
    pub fn client(&self, community: &str) -> Client {
        client(self.address, community, Options::default())
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

    /// Asks it to end and gives its exit code.
    pub fn end(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.running.wait()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.running.0.try_wait(), Ok(None))
    }
}

/// The user to become, if this test may; otherwise it says that it may not.
pub fn nobody() -> Option<User> {
    let user = User::from_name("nobody").ok().flatten();
    if user.is_none() || !Uid::effective().is_root() {
        crate::skipped("needs root, and a user nobody");
        return None;
    }
    user
}

/// A client of a faild somewhere.
pub fn client(faild: SocketAddr, community: &str, options: Options) -> Client {
    Client::new(faild, community, options).unwrap_or_else(|e| panic!("{faild}: {e}"))
}

/// A socket to talk to a faild by hand; an answer that does not come is an error after a
/// while.
pub fn socket(faild: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| {
        socket.connect(faild)?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(socket)
    });
    socket.unwrap_or_else(|e| panic!("a socket for {faild}: {e}"))
}

/// A port that nobody has just now on this address of the loopback interface.
pub fn free_port(address: &str) -> u16 {
    ports::free(&[address])
}
