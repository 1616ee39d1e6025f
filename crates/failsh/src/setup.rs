//! From the command line to a failover shell that is ready. The order matters: into the
//! background before there is any thread, then the policy in its Tcl thread and the names of
//! its hosts, which may take for ever, and only then signals, pid file and sockets; the
//! parent is told when everything is there.

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;

use fail_cli::{Failsh, Failure, exit, ports};
use fail_core::limits;
use fail_core::plan::{Local, Plan};
use fail_core::policy::{Host, Policy, Protocol};
use fail_core::time::Span;
use fail_replay::shadow::Facts;
use fail_replay::{PlanStart, Recorded};
use fail_rt::address::Worker;
use fail_rt::children::Children;
use fail_rt::clients::{Calls, Speech, Terms};
use fail_rt::daemon::{PidFile, daemonize};
use fail_rt::dump::Dump;
use fail_rt::log::{Levels, Log};
use fail_rt::notify::Notify;
use fail_rt::poller::Poller;
use fail_rt::resolve::{self, Resolver, Unresolved};
use fail_rt::signals::Signals;
use fail_rt::udp::Udp;
use fail_rt::{clock, reason};
use fail_tcl::{Board, Loaded, TclHandle};
use fail_wire::{Key, Name};

use crate::console::Own;
use crate::dryrun::{DryRun, Memory};
use crate::post::{self, Inbox};
use crate::record;
use crate::reload::{Reload, Source};
use crate::serves::{Means, Serves};

/// What `-d` knows.
pub const FACILITIES: [&str; 7] = ["plan", "host", "state", "script", "post", "tcl", "net"];

/// Hosts whose names are looked up at the same time, so that a name server that does not
/// answer for some does not hold up the start for each of them in turn.
const LOOKUPS_AT_ONCE: usize = 16;

/// Everything that the loop needs.
pub struct Parts {
    pub plan: Recorded<Plan>,
    pub memory: Memory,
    pub dry_run: DryRun,
    pub poller: Poller,
    pub signals: Signals,
    pub udp: Udp,
    pub tcp: Calls,
    pub children: Children,
    pub resolver: Resolver,
    pub addresses: Worker,
    pub tcl: TclHandle,
    pub post: Inbox,
    pub serves: Serves,
    pub board: Board,
    pub log: Log,
    pub policy: Policy,
    pub reload: Reload,
    pub notify: Notify,
    pub dump: Dump,
    pub at_terminal: bool,
    pub pid_file: Option<PidFile>,
}

/// What Tcl is told of where this program is.
pub fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "failsh".to_string())
}

/// Opens everything. A console of this process is served as others are.
pub fn open(options: &Failsh, console: Option<Own>) -> Result<Parts, Failure> {
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
    let socket = match &options.socket {
        Some(path) if path.as_os_str() != "none" => Some(absolute(path)?),
        other => other.clone(),
    };
    let policies = options.policies.iter().map(absolute);
    let policies = policies.collect::<Result<Vec<_>, _>>()?;
    let ready = match options.stays_in_foreground() {
        true => None,
        false => Some(daemonize().map_err(|e| Failure::new(exit::OSERR, e))?),
    };
    let (console, log) = match (console, &ready) {
        (Some(Own { stream, log }), _) => (Some(stream), log),
        (None, None) => (None, Log::stderr("failsh")),
        (None, Some(_)) => (None, Log::syslog("failsh")),
    };
    let log = log.with_levels(levels);
    let notify = Notify::or_warn(Notify::from_env(), &log);
    if let Some(warning) = options.community.warning() {
        log.warn(warning);
    }
    let dump_file = absolute(&options.dump_file)?;
    let recording = options.record.as_ref().map(absolute).transpose()?;
    let files = Files {
        policies,
        pid_file,
        dump_file,
        recording,
        socket,
    };
    let mut parts = open_parts(options, key, files, notify, &log)?;
    if let Some(stream) = console {
        let failed = |e| Failure::new(exit::OSERR, format!("can not open a console: {e}"));
        parts.serves.adopt(stream).map_err(failed)?;
    }
    if let Some(ready) = ready {
        let failed = |e| Failure::new(exit::OSERR, format!("can not go into the background: {e}"));
        ready.ready().map_err(failed)?;
    }
    parts.notify.ready();
    log.info(format_args!(
        "version {} is ready",
        env!("CARGO_PKG_VERSION")
    ));
    Ok(parts)
}

/// Files, by their full paths.
struct Files {
    policies: Vec<PathBuf>,
    pid_file: Option<PathBuf>,
    dump_file: PathBuf,
    recording: Option<PathBuf>,
    /// Or `none`.
    socket: Option<PathBuf>,
}

fn open_parts(
    options: &Failsh,
    key: Key,
    files: Files,
    notify: Notify,
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
    let mut poller = Poller::new().map_err(os("make an event loop"))?;
    // Before the policy, which may run programs: an ignored SIGCHLD would be in their way.
    let children = Children::new(
        poller.desk().map_err(os("make an event loop"))?,
        log.facility("script"),
    );
    let (outbox, post) = post::office(&poller.waker(), log);
    let board = Board::default();
    let source = Source {
        files: files.policies,
        program: program(),
        board: board.clone(),
        outbox: outbox.clone(),
        log: log.clone(),
    };
    let tell = Box::new(move |message| outbox.send(message));
    let (loaded, tcl) = fail_tcl::start(&source.files, &source.program, &board, tell)
        .map_err(|e| Failure::new(exit::DATA, e))?;
    if loaded.policy.services.is_empty() && options.console.is_none() {
        log.warn("the policy has no service: there is nothing to do");
    }
    let found = look_up_hosts(&loaded, log)?;
    let server = &options.server;
    let addr = resolve::lookup(&server.host, server.port_or(ports::FAILD)).map_err(|why| {
        Failure::new(
            exit::NOHOST,
            format!("host \"{}\" of --server: {why}", server.host),
        )
    })?;
    // Up to here a signal ends this process as it ends any other: a policy that never comes
    // to its end, or a name server that does not answer, must not keep us. So nothing that
    // has to be cleaned up is made before: no pid file, and no children of the engine's.
    let signals = Signals::new(poller.desk().map_err(os("make an event loop"))?);
    let signals = signals.map_err(os("catch signals"))?;
    let pid_file = files
        .pid_file
        .map(|path| PidFile::create(&path))
        .transpose();
    let pid_file = pid_file.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    let mut udp = Udp::new(poller.desk().map_err(os("make an event loop"))?);
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    udp.listen(any)
        .map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    if let Err(e) = udp.listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))) {
        log.facility("net").debug(format_args!("no IPv6: {e}"));
    }
    let tcp = Calls::new(poller.desk().map_err(os("make an event loop"))?, terms());
    let resolver = Resolver::new(poller.waker()).map_err(os("start a thread"))?;
    let addresses = Worker::new(poller.waker()).map_err(os("start a thread"))?;
    let seed = clock::seed().map_err(os("get random numbers"))?;
    let policy = loaded.policy;
    let debug_key = key.clone();
    let protocol = match options.tcp {
        true => Protocol::Tcp,
        false => Protocol::Udp,
    };
    let local = Local {
        addr,
        key,
        protocol,
    };
    let start = PlanStart {
        now: clock::now(),
        seed,
        local,
        policy: policy.clone(),
        known: found,
    };
    let recording = files.recording.as_deref();
    let memory = Memory::new(Facts::new(start.now, addr, &start.policy));
    let plan = record::begin(&start, recording, options.record_max.0, log)?;
    let means = Means {
        socket: files.socket.as_deref(),
        key: debug_key,
        stamp: u64::from_le_bytes(
            clock::seed().map_err(os("get random numbers"))?[..8]
                .try_into()
                .unwrap_or_default(),
        ),
        board: board.clone(),
    };
    let serves = Serves::open(options, means, &mut poller, log)?;
    let reload = Reload::new(source, &poller.waker());
    let log = log.clone();
    Ok(Parts {
        plan,
        memory,
        dry_run: DryRun::new(&poller.waker()),
        poller,
        signals,
        udp,
        tcp,
        children,
        resolver,
        addresses,
        tcl,
        post,
        serves,
        board,
        policy,
        reload,
        notify,
        dump: Dump::new(&files.dump_file, log.facility("state")),
        at_terminal: options.stays_in_foreground() && at_terminal(),
        log,
        pid_file,
    })
}

fn at_terminal() -> bool {
    io::stdin().is_terminal() || io::stderr().is_terminal()
}

/// What the name service says of one host.
pub struct Answer<'a> {
    pub host: &'a Name,
    /// What was looked up.
    pub address: &'a str,
    pub found: Result<SocketAddr, Unresolved>,
}

/// Looks up all hosts of the policy, several at a time; the answers are in the hosts' order.
pub fn look_up(policy: &Policy) -> Vec<Answer<'_>> {
    let hosts: Vec<(&Name, &Host)> = policy.hosts.iter().collect();
    let share = hosts.len().div_ceil(LOOKUPS_AT_ONCE).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = hosts
            .chunks(share)
            .map(|hosts| {
                scope.spawn(|| {
                    hosts
                        .iter()
                        .map(|(name, host)| ask(name, host))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        // A thread's own panic has been printed by then; its hosts are asked for again later.
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    })
}

fn ask<'a>(host: &'a Name, settings: &'a Host) -> Answer<'a> {
    let address = settings.address.as_deref().unwrap_or(host.as_str());
    Answer {
        host,
        address,
        found: resolve::lookup(address, settings.port),
    }
}

/// A host name that does not exist is a typing error. One that can not be looked up now is
/// not: the name server may come back later than this host.
pub fn look_up_hosts(loaded: &Loaded, log: &Log) -> Result<Vec<(Name, SocketAddr)>, Failure> {
    let log = log.facility("host");
    let mut known = Vec::new();
    for answer in look_up(&loaded.policy) {
        let host = answer.host;
        match &answer.found {
            Ok(addr) => {
                log.debug(format_args!("host {host}: its address is {addr}"));
                known.push((host.clone(), *addr));
            }
            Err(why @ Unresolved::NoSuchName) => {
                return Err(unknown_host(loaded, host, answer.address, why));
            }
            Err(why) => log.warn(format_args!("host {host}: {why}; trying again")),
        }
    }
    Ok(known)
}

/// A host of the policy that nobody knows, with the line that names it.
pub fn unknown_host(loaded: &Loaded, name: &Name, address: &str, why: &Unresolved) -> Failure {
    let problem = format!("host \"{name}\": the name \"{address}\" is unknown: {why}");
    Failure::new(exit::NOHOST, loaded.blame_host(name, &problem))
}

/// What a faild that is asked over a connection may do.
fn terms() -> Terms {
    Terms {
        clients: limits::HOSTS_MAX,
        full: Vec::new(),
        each: None,
        speech: Speech::Frames {
            min: fail_wire::HEADER_BYTES,
            max: usize::from(u16::MAX),
            whole: Span::from_secs(limits::STREAM_WHOLE_S),
            idle: Span::from_secs(limits::STREAM_IDLE_S),
        },
        patience: Some(Span::from_secs(limits::STREAM_PATIENCE_S)),
    }
}
