//! From the command line to a failover shell that is ready. The order matters: into the
//! background before there is any thread, then the policy in its Tcl thread, then sockets
//! and children; the parent is told only when everything is there.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use fail_cli::{Failsh, exit, ports};
use fail_core::plan::{Local, Plan};
use fail_core::policy::Policy;
use fail_rt::children::Children;
use fail_rt::daemon::{PidFile, daemonize};
use fail_rt::log::{Levels, Log};
use fail_rt::poller::Poller;
use fail_rt::queue::{self, Receiver};
use fail_rt::resolve::{self, Resolver, Unresolved};
use fail_rt::signals::Signals;
use fail_rt::udp::Udp;
use fail_rt::{clock, reason};
use fail_tcl::{FromTcl, Loaded, TclHandle, ToTcl};
use fail_wire::{Key, Name};

use crate::failure::Failure;

/// What `-d` knows.
pub const FACILITIES: [&str; 7] = ["plan", "host", "state", "script", "post", "tcl", "net"];

/// Messages from scripts that the engine has not looked at yet. Each script has at most one
/// of those that matter under way; the rest is log lines.
const MESSAGES_MAX: usize = 10_000;

/// Everything that the loop needs.
pub struct Parts {
    pub plan: Plan,
    pub poller: Poller,
    pub signals: Signals,
    pub udp: Udp,
    pub children: Children,
    pub resolver: Resolver,
    pub tcl: TclHandle,
    pub from_tcl: Receiver<FromTcl>,
    pub log: Log,
    /// Removed when failsh ends.
    pub _pid_file: Option<PidFile>,
}

/// What Tcl is told of where this program is.
pub fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "failsh".to_string())
}

/// Opens everything.
pub fn open(options: &Failsh) -> Result<Parts, Failure> {
    let levels = Levels::new(&FACILITIES);
    for facility in &options.debug {
        levels
            .raise(facility)
            .map_err(|e| Failure::new(exit::USAGE, e))?;
    }
    let community = options
        .community
        .find(None)
        .map_err(|e| Failure::new(exit::IOERR, e))?;
    let key = Key::new(&community).map_err(|e| Failure::new(exit::USAGE, e))?;
    // Relative names are meant from here, and a daemon lives in the root directory.
    let absolute = |path: &PathBuf| {
        std::path::absolute(path)
            .map_err(|e| Failure::new(exit::USAGE, format!("a file name is bad: {e}")))
    };
    let pid_file = options.pid_file.as_ref().map(absolute).transpose()?;
    let ready = match options.stays_in_foreground() {
        true => None,
        false => Some(daemonize().map_err(|e| Failure::new(exit::OSERR, e))?),
    };
    let log = match ready {
        None => Log::stderr("failsh"),
        Some(_) => Log::syslog("failsh"),
    };
    let log = log.with_levels(levels);
    let parts = open_parts(options, key, pid_file, &log)?;
    if let Some(ready) = ready {
        let failed = |e| Failure::new(exit::OSERR, format!("can not go into the background: {e}"));
        ready.ready().map_err(failed)?;
    }
    log.info(format_args!(
        "version {} is ready",
        env!("CARGO_PKG_VERSION")
    ));
    Ok(parts)
}

fn open_parts(
    options: &Failsh,
    key: Key,
    pid_file: Option<PathBuf>,
    log: &Log,
) -> Result<Parts, Failure> {
    let os = |what: &'static str| {
        move |e: io::Error| {
            Failure::new(
                exit::OSERR,
                format!("can not {what}: {}", reason::words(&e)),
            )
        }
    };
    let pid_file = pid_file.map(|path| PidFile::create(&path)).transpose();
    let pid_file = pid_file.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    let mut poller = Poller::new().map_err(os("make an event loop"))?;
    let signals = Signals::new(poller.desk().map_err(os("make an event loop"))?);
    let signals = signals.map_err(os("catch signals"))?;
    let (to_engine, from_tcl) = queue::bounded(&poller.waker(), MESSAGES_MAX);
    // A message that finds the queue full is a log line of a script that writes too many; a
    // script's end that was lost so is found by its deadline.
    let tell = Box::new(move |message| drop(to_engine.send(message)));
    let (loaded, tcl) = fail_tcl::start(&options.policies, &program(), tell)
        .map_err(|e| Failure::new(exit::DATA, e))?;
    look_up_hosts(&loaded, log)?;
    let server = &options.server;
    let addr = resolve::lookup(&server.host, server.port_or(ports::FAILD)).map_err(|why| {
        Failure::new(
            exit::NOHOST,
            format!("host \"{}\" of --server: {why}", server.host),
        )
    })?;
    let mut udp = Udp::new(poller.desk().map_err(os("make an event loop"))?);
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    udp.listen(any)
        .map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    if let Err(e) = udp.listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))) {
        log.facility("net").debug(format_args!("no IPv6: {e}"));
    }
    let children = Children::new(
        poller.desk().map_err(os("make an event loop"))?,
        log.facility("script"),
    );
    let resolver = Resolver::new(poller.waker()).map_err(os("start a thread"))?;
    let seed = clock::seed().map_err(os("get random numbers"))?;
    let plan = plan(&seed, Local { addr, key }, loaded.policy)?;
    let log = log.clone();
    Ok(Parts {
        plan,
        poller,
        signals,
        udp,
        children,
        resolver,
        tcl,
        from_tcl,
        log,
        _pid_file: pid_file,
    })
}

fn plan(seed: &[u8; 32], local: Local, policy: Policy) -> Result<Plan, Failure> {
    Plan::new(clock::now(), seed, local, policy).map_err(|e| Failure::new(exit::DATA, e))
}

/// A host name that does not exist is a typing error. One that can not be looked up now is
/// not: the name server may come back later than this host.
fn look_up_hosts(loaded: &Loaded, log: &Log) -> Result<(), Failure> {
    for (name, host) in &loaded.policy.hosts {
        let address = host.address.as_deref().unwrap_or(name.as_str());
        match resolve::lookup(address, host.port) {
            Ok(_) => {}
            Err(why @ Unresolved::NoSuchName) => {
                return Err(unknown_host(loaded, name, address, &why));
            }
            Err(why) => log
                .facility("host")
                .warn(format_args!("host {name}: {why}; trying again")),
        }
    }
    Ok(())
}

/// A host of the policy that nobody knows, with the line that names it.
pub fn unknown_host(loaded: &Loaded, name: &Name, address: &str, why: &Unresolved) -> Failure {
    let problem = format!("host \"{name}\": the name \"{address}\" is unknown: {why}");
    Failure::new(exit::NOHOST, loaded.blame_host(name, &problem))
}

/// Ends what runs in other threads.
pub fn quit(tcl: &TclHandle) {
    // Not joined: a script inside one long C operation must not hold up the end.
    tcl.send(ToTcl::Quit);
}
