//! A server that is measured: a process of its own, on the core of the servers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fail_client::{Client, Options};
use fail_wire::{Body, Key, Query, emit_padded, room_for};
use failover_tests::faild::free_port;
use failover_tests::program::Running;
use failover_tests::wait::LIMIT;
use nix::sys::signal::Signal;

use crate::Plan;

/// The community of all that is measured.
pub const COMMUNITY: &str = "public";

/// A running server.
pub struct Server {
    running: Running,
    /// Where it answers.
    pub address: SocketAddr,
    /// From before its program was started until its first answer.
    pub start: Duration,
}

impl Server {
    /// A faild with this state file, or without one.
    pub fn faild(plan: &Plan, state: Option<&Path>) -> io::Result<Server> {
        let port = free_port("127.0.0.1");
        let mut command = Command::new(&plan.faild);
        command.args(["-F", "-a", "127.0.0.1", "-p", &port.to_string()]);
        if let Some(state) = state {
            command.arg("-s").arg(state);
        }
        let port = (Ipv4Addr::LOCALHOST, port).into();
        Server::start(plan, command, |_| Ok(port))
    }

    /// Starts it on its core and waits until it answers where `address` says.
    pub fn start(
        plan: &Plan,
        mut command: Command,
        address: impl FnOnce(&mut Running) -> io::Result<SocketAddr>,
    ) -> io::Result<Server> {
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        // It begins on the core of the thread that starts it.
        let mut running = std::thread::scope(|scope| {
            let start = || {
                plan.cores
                    .as_server()
                    .map(|()| Running::start(&mut command))
            };
            let started = scope.spawn(start).join();
            started.unwrap_or_else(|_| Err(io::Error::other("it can not be started")))
        })?;
        let address = address(&mut running)?;
        first_answer(address).map_err(|e| io::Error::other(format!("{command:?}: {e}")))?;
        Ok(Server {
            running,
            address,
            start: began.elapsed(),
        })
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Somebody to ask it.
    pub fn client(&self) -> io::Result<Client> {
        Client::new(self.address, COMMUNITY, Options::default()).map_err(io::Error::other)
    }

    /// Asks it to end, and waits until it has.
    pub fn end(mut self) {
        self.running.signal(Signal::SIGTERM);
        self.running.wait();
    }
}

/// Asks so often that what passes is the server's time and not ours.
fn first_answer(address: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(Duration::from_micros(500)))?;
    let key = Key::new(COMMUNITY).map_err(io::Error::other)?;
    let question = emit_padded(&key, 1, &Body::Query(Query::default()), room_for(1));
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        // Nobody may listen yet, which both of them tell.
        let answered = socket
            .send(&question)
            .and_then(|_| socket.recv(&mut [0; 2048]));
        if answered.is_ok() {
            return Ok(());
        }
    }
    Err(io::Error::other("it does not answer"))
}
