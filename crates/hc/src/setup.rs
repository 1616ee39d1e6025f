//! From the command line to a daemon that is ready. The Hcfile is read first, so that all that is
//! wrong with it is said where hc was started; then into the background before there is any
//! thread; then signals, the pid file, the state file, and what has threads. The parent is told
//! when everything is there.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use fail_cli::{Failure, Hc, Listen, exit, ports};
use fail_core::debug::DebugPort;
use fail_core::watch::Kept;
use fail_rt::daemon::{PidFile, Ready, daemonize};
use fail_rt::debug::Debug;
use fail_rt::log::{Levels, Log, syslog_is_there};
use fail_rt::notify::Notify;
use fail_rt::poller::{Desk, Poller};
use fail_rt::priority::lift_open_files;
use fail_rt::signals::Signals;
use fail_rt::{clock, reason};
use fail_wire::Key;

use crate::descriptors;
use crate::monitor::Monitor;
use crate::source::{Loaded, Origin};
use crate::store::{self, Opened, Store};
use crate::work::Work;

/// What `-d` knows.
pub const FACILITIES: [&str; 6] = ["watch", "probe", "action", "monitor", "file", "state"];

/// Everything that the loop needs.
pub struct Parts {
    pub loaded: Loaded,
    pub origin: Origin,
    pub kept: Vec<Kept>,
    pub poller: Poller,
    pub signals: Signals,
    pub work: Work,
    pub store: Store,
    pub monitor: Monitor,
    pub debug: Debug,
    pub notify: Notify,
    pub log: Log,
    /// Removed when the daemon ends; the lock goes with it.
    pub _pid_file: Option<PidFile>,
}

fn origin(options: &Hc) -> Result<Origin, Failure> {
    let base = std::env::current_dir().map_err(|e| {
        let why = reason::words(&e);
        Failure::new(exit::OSERR, format!("the working directory: {why}"))
    })?;
    let name = options.file.to_string_lossy().into_owned();
    Ok(Origin { name, base })
}

/// Reads the Hcfile of the options.
pub fn load(options: &Hc) -> Result<Loaded, Failure> {
    let loaded = origin(options)?.load();
    loaded.map_err(|broken| {
        let what = match broken.code {
            // Each line has its place; one more at the top says whose it is.
            exit::DATA => format!("the Hcfile has errors:\n{}", broken.all),
            _ => broken.all,
        };
        Failure::new(broken.code, what)
    })
}

/// Files, by their full names: relative ones are meant from here, and a daemon lives in the root
/// directory.
struct Paths {
    pid_file: Option<PathBuf>,
    state_file: Option<PathBuf>,
}

fn paths(options: &Hc) -> Result<Paths, Failure> {
    let absolute = |path: &Option<PathBuf>| {
        let absolute = path.as_ref().map(std::path::absolute).transpose();
        absolute.map_err(|e| Failure::new(exit::USAGE, format!("a file name is bad: {e}")))
    };
    let state_file = absolute(&options.state_file)?.map(store::real_path);
    Ok(Paths {
        pid_file: absolute(&options.pid_file)?,
        state_file: state_file.transpose()?,
    })
}

/// Into the background, if that is wanted, and the log that there is then.
fn background(options: &Hc) -> Result<(Option<Ready>, Log), Failure> {
    let levels = Levels::new(&FACILITIES);
    for facility in &options.debug {
        let raised = levels.raise(facility);
        raised.map_err(|e| Failure::new(exit::USAGE, e))?;
    }
    let (ready, log) = match options.stays_in_foreground() {
        true => (None, Log::stderr("hc")),
        false => {
            if !syslog_is_there() {
                let lost = "what is logged is lost; with -F it is seen here";
                eprintln!("hc: no syslog at /dev/log: {lost}");
            }
            let ready = daemonize().map_err(|e| Failure::new(exit::OSERR, e))?;
            (Some(ready), Log::syslog("hc"))
        }
    };
    Ok((ready, log.with_levels(levels)))
}

/// The system refuses this.
fn os(what: &'static str) -> impl Fn(io::Error) -> Failure {
    move |e| {
        let why = reason::words(&e);
        Failure::new(exit::OSERR, format!("can not {what}: {why}"))
    }
}

/// Opens everything.
pub fn open(options: &Hc) -> Result<Parts, Failure> {
    let community = options.community.find(None);
    let community = community.map_err(|e| Failure::new(exit::IOERR, e))?;
    let key = Key::new(&community).map_err(|e| Failure::new(exit::USAGE, e))?;
    let paths = paths(options)?;
    let origin = origin(options)?;
    let loaded = load(options)?;
    let (ready, log) = background(options)?;
    let notify = Notify::or_warn(Notify::from_env(), &log);
    options
        .community
        .warning()
        .iter()
        .for_each(|line| log.warn(line));
    loaded.warnings.iter().for_each(|line| log.warn(line));
    // With less, everything works until many checks are under way.
    let _ = lift_open_files();
    descriptors::warning(&loaded.hcfile)
        .iter()
        .for_each(|line| log.warn(line));
    let mut poller = Poller::new().map_err(os("make an event loop"))?;
    let signals = Signals::new(poller.desk().map_err(os("make an event loop"))?);
    let signals = signals.map_err(os("catch signals"))?;
    let pid_file = paths.pid_file.as_deref().map(PidFile::create).transpose();
    let pid_file = pid_file.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    let mut opened = match &paths.state_file {
        Some(path) => store::open(path, &log.facility("state"))?,
        None => Opened::default(),
    };
    let waker = poller.waker();
    let kept = std::mem::take(&mut opened.kept);
    let store = Store::new(paths.state_file, opened, &waker, log.facility("state"));
    let store = store.map_err(os("start the thread for the state file"))?;
    let work = Work::new(&mut poller, &log).map_err(os("start a thread"))?;
    let desk = poller.desk().map_err(os("make an event loop"))?;
    let monitor = monitor(options, desk, &log)?;
    let desk = poller.desk().map_err(os("make an event loop"))?;
    let debug = debug(options, key, desk, &log)?;
    if let Some(ready) = ready {
        ready.ready().map_err(os("go into the background"))?;
    }
    notify.ready();
    log.info(format_args!(
        "version {} is ready",
        env!("CARGO_PKG_VERSION")
    ));
    Ok(Parts {
        loaded,
        origin,
        kept,
        poller,
        signals,
        work,
        store,
        monitor,
        debug,
        notify,
        log,
        _pid_file: pid_file,
    })
}

/// The monitor, if that is wanted with its ports.
fn monitor(options: &Hc, desk: Desk, log: &Log) -> Result<Monitor, Failure> {
    let mut monitor = Monitor::new(desk, log.facility("monitor"));
    if options.monitor {
        for address in &options.addresses {
            let at = monitor.listen(SocketAddr::new(*address, options.port));
            let at = at.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
            log.info(format_args!("monitor: listening on {at}"));
        }
    }
    Ok(monitor)
}

/// Where faildebug is served. A default that can not be had is worth a warning.
fn debug(options: &Hc, key: Key, desk: Desk, log: &Log) -> Result<Debug, Failure> {
    let seed = clock::seed().map_err(|e| Failure::new(exit::OSERR, e))?;
    let stamp = seed.first_chunk().copied().unwrap_or_default();
    let port = DebugPort::new("hc", key, u64::from_le_bytes(stamp));
    let mut debug = Debug::new(desk, port, log);
    let at = options.debug_port.unwrap_or(Listen::Loopback(ports::HC));
    if let Some(address) = at.addr() {
        match debug.listen(address) {
            Ok(()) => {}
            Err(e) if options.debug_port.is_none() => {
                log.warn(format_args!("{e}; hc goes on without"));
            }
            Err(e) => return Err(Failure::new(exit::CANTCREAT, e)),
        }
    }
    Ok(debug)
}
