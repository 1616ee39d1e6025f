//! The room of system calls: loop, sockets, children, signals, daemonising, logs.
//!
//! It knows `Machine`, time and `exec` values of `fail-core`, and nothing of services or of the
//! protocol. `unsafe` stands in seven small modules (`address::sys`, `inherited`, `daemon`,
//! `notify`, `priority`, `resolve`, `sandbox`), each with its reason. Nothing here sleeps, and
//! nothing blocks but [`poller::Poller::wait`], the thread of an [`address::Worker`] when it
//! speaks to the kernel, [`resolve::lookup`], the disk in [`files`], the parent in
//! [`daemon::daemonize`], and for a moment the end of a [`log::Log`].
//!
//! A program has one thread with one loop. It is built in this order: become a daemon, pid
//! file, signals, then whatever starts threads (resolver), sockets and children; give up the
//! rights of root; say that it is ready. (One that also enters the [`sandbox`] starts threads
//! after that, and starts no children.) Then:
//!
//! ```no_run
//! use std::collections::VecDeque;
//! use std::net::SocketAddr;
//! use std::path::Path;
//!
//! use fail_core::exec::{ExecResult, Pipeline};
//! use fail_core::machine::Machine;
//! use fail_rt::children::Children;
//! use fail_rt::clock::{self, earliest};
//! use fail_rt::daemon::{PidFile, daemonize, drop_to};
//! use fail_rt::driver::Driver;
//! use fail_rt::log::{Levels, Log};
//! use fail_rt::poller::Poller;
//! use fail_rt::queue;
//! use fail_rt::resolve::{Resolver, Unresolved};
//! use fail_rt::signals::{Signal, Signals};
//! use fail_rt::udp::{Datagram, Udp};
//!
//! enum In {
//!     Datagram(Datagram),
//!     Ran(u64, ExecResult),
//!     Resolved(u64, Result<SocketAddr, Unresolved>),
//!     Command(String),
//! }
//! enum Out {
//!     Send { to: SocketAddr, local: Option<SocketAddr>, bytes: Vec<u8> },
//!     Run { no: u64, pipeline: Pipeline, deadline: fail_core::time::Mono },
//!     Resolve { no: u64, name: String, port: u16 },
//! }
//!
//! # fn program(machine: impl Machine<In = In, Out = Out>)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let ready = daemonize()?;
//! let _pid_file = PidFile::create(Path::new("/run/faild.pid"))?;
//! let levels = Levels::new(&["node", "net"]);
//! let log = Log::syslog("faild").with_levels(levels.clone());
//! let mut poller = Poller::new()?;
//! let mut signals = Signals::new(poller.desk()?)?;
//! let mut children = Children::new(poller.desk()?, log.clone());
//! let mut udp = Udp::new(poller.desk()?);
//! udp.listen("0.0.0.0:1847".parse()?)?;
//! let mut resolver = Resolver::new(poller.waker())?;
//! let (_for_others, mut commands) = queue::bounded(&poller.waker(), 1000);
//! let mut driver = Driver::new(machine, log.clone());
//! drop_to("faild")?;
//! ready.ready()?;
//!
//! let mut inputs = VecDeque::new();
//! let mut outputs = Vec::new();
//! driver.drain(|out| outputs.push(out));
//! let mut leaving = false;
//! while !(leaving && children.is_empty()) {
//!     // 1. Do what is wanted.
//!     for out in outputs.drain(..) {
//!         match out {
//!             Out::Send { to, local, bytes } => {
//!                 if let Err(e) = udp.send(to, local, &bytes) {
//!                     log.facility("net").debug(format_args!("{to}: {e}"));
//!                 }
//!             }
//!             Out::Run { no, pipeline, deadline } => {
//!                 children.spawn(no, pipeline, Some(deadline));
//!             }
//!             Out::Resolve { no, name, port } => resolver.ask(no, &name, port),
//!         }
//!     }
//!     // 2. Wait. A child that could not be started has its answer ready: do not wait then.
//!     while let Some((no, result)) = children.poll() {
//!         inputs.push_back(In::Ran(no, result));
//!     }
//!     let at_once = (!inputs.is_empty()).then(|| clock::now().mono);
//!     let deadline = earliest([driver.deadline(), children.deadline(), at_once]);
//!     for event in poller.wait(deadline)? {
//!         let token = event.token();
//!         let now = clock::now();
//!         if udp.owns(token) {
//!             while let Some(datagram) = udp.receive(token) {
//!                 inputs.push_back(In::Datagram(datagram));
//!             }
//!         } else if children.owns(token) {
//!             children.on_event(token);
//!         } else if signals.owns(token) {
//!             for signal in signals.pending() {
//!                 match signal {
//!                     Signal::Child => children.reap(now.mono),
//!                     Signal::Term | Signal::Int => {
//!                         leaving = true;
//!                         children.kill_all(now.mono);
//!                     }
//!                     Signal::Hup | Signal::Usr1 => {}
//!                 }
//!             }
//!         }
//!     }
//!     // 3. Timers first, so that no flood delays them; then what came, in its order.
//!     let now = clock::now();
//!     driver.expire(now, |out| outputs.push(out));
//!     children.expire(now.mono);
//!     while let Some((no, result)) = children.poll() {
//!         inputs.push_back(In::Ran(no, result));
//!     }
//!     while let Some((no, answer)) = resolver.poll() {
//!         inputs.push_back(In::Resolved(no, answer));
//!     }
//!     while let Some(command) = commands.poll() {
//!         inputs.push_back(In::Command(command));
//!     }
//!     for input in inputs.drain(..) {
//!         driver.handle(now, input, |out| outputs.push(out));
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub mod address;
pub mod children;
pub mod clients;
pub mod clock;
pub mod daemon;
pub mod debug;
pub mod driver;
pub mod dump;
pub mod files;
mod inherited;
pub mod log;
pub mod notify;
pub mod poller;
pub mod priority;
pub mod queue;
pub mod reason;
pub mod resolve;
pub mod sandbox;
pub mod signals;
pub mod state_file;
pub mod stream;
pub mod tape;
pub mod udp;
