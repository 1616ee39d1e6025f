//! From the command line to a daemon that is ready: everything is opened before the parent
//! is told so, and the rights of root are given up last.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fail_cli::{Faild, exit};
use fail_conf::{community, state};
use fail_core::access::Access;
use fail_core::node::{Image, Node};
use fail_rt::daemon::{PidFile, Ready, daemonize, drop_to};
use fail_rt::log::{Levels, Log};
use fail_rt::poller::Poller;
use fail_rt::signals::Signals;
use fail_rt::udp::Udp;
use fail_rt::{clock, files, reason};

use crate::store::Store;

/// What `-d` knows.
pub const FACILITIES: [&str; 4] = ["state", "access", "store", "net"];

/// Why the daemon does not start: a sentence and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// See `EXIT STATUS` in `faild(8)`.
    pub code: u8,
    sentence: String,
}

impl Failure {
    pub fn new(code: u8, sentence: impl Display) -> Failure {
        Failure {
            code,
            sentence: sentence.to_string(),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Everything that the loop needs.
pub struct Parts {
    pub node: Node,
    pub poller: Poller,
    pub signals: Signals,
    pub udp: Udp,
    pub store: Store,
    pub community_file: Option<PathBuf>,
    pub log: Log,
    /// Removed when the daemon ends.
    pub _pid_file: Option<PidFile>,
}

/// Opens everything.
pub fn open(options: &Faild) -> Result<Parts, Failure> {
    let levels = Levels::new(&FACILITIES);
    for facility in &options.debug {
        levels
            .raise(facility)
            .map_err(|e| Failure::new(exit::USAGE, e))?;
    }
    // Relative names are meant from here, and a daemon lives in the root directory.
    let community_file = absolute(&options.community_file)?;
    let state_file = absolute(&options.state_file)?;
    let pid_file = absolute(&options.pid_file)?;
    let ready = match options.stays_in_foreground() {
        true => None,
        false => Some(daemonize().map_err(|e| Failure::new(exit::OSERR, e))?),
    };
    let log = match ready {
        None => Log::stderr("faild"),
        Some(_) => Log::syslog("faild"),
    };
    let log = log.with_levels(levels);
    let parts = open_parts(options, community_file, state_file, pid_file, &log)?;
    become_user(options, ready)?;
    log.info(format_args!(
        "version {} is ready",
        env!("CARGO_PKG_VERSION")
    ));
    Ok(parts)
}

fn absolute(path: &Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    let absolute = path.as_ref().map(std::path::absolute).transpose();
    absolute.map_err(|e| Failure::new(exit::USAGE, format!("a file name is bad: {e}")))
}

fn open_parts(
    options: &Faild,
    community_file: Option<PathBuf>,
    state_file: Option<PathBuf>,
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
    let access = match &community_file {
        Some(path) => read_access(path, log)?,
        None => Access::open(),
    };
    let boot = clock::boot_id().map_err(os("read the boot id"))?;
    let seed = clock::seed().map_err(os("get random numbers"))?;
    let image = match &state_file {
        Some(path) => read_state(path, log)?,
        None => {
            log.warn("no state file (-s): what is known is lost when faild ends");
            Image::default()
        }
    };
    let pid_file = pid_file.map(|path| PidFile::create(&path)).transpose();
    let pid_file = pid_file.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    if let Some(path) = &state_file {
        remove_unfinished(path, log);
    }
    let mut poller = Poller::new().map_err(os("make an event loop"))?;
    let signals = Signals::new(poller.desk().map_err(os("make an event loop"))?);
    let signals = signals.map_err(os("catch signals"))?;
    let mut udp = Udp::new(poller.desk().map_err(os("make an event loop"))?);
    for ip in &options.addresses {
        let bound = udp.listen(SocketAddr::new(*ip, options.port));
        let bound =
            bound.map_err(|e| Failure::new(exit::CANTCREAT, format!("{e}{}", hint(&e.source))))?;
        log.info(format_args!("answering on {bound}/udp"));
    }
    let store = Store::new(state_file, &poller.waker())
        .map_err(os("start the thread for the state file"))?;
    let node = Node::new(clock::now(), &boot, &seed, access, image);
    Ok(Parts {
        node,
        poller,
        signals,
        udp,
        store,
        community_file,
        log: log.clone(),
        _pid_file: pid_file,
    })
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; is another faild running?",
        io::ErrorKind::AddrNotAvailable => "; is it an address of this host?",
        _ => "",
    }
}

fn become_user(options: &Faild, ready: Option<Ready>) -> Result<(), Failure> {
    if let Some(user) = &options.user {
        drop_to(user).map_err(|e| Failure::new(exit::CONFIG, e))?;
    }
    if let Some(ready) = ready {
        ready.ready().map_err(|e| {
            Failure::new(exit::OSERR, format!("can not go into the background: {e}"))
        })?;
    }
    Ok(())
}

/// Reads who may do what. Warns of a file that others may read: it holds keys.
pub fn read_access(path: &Path, log: &Log) -> Result<Access, Failure> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::new(
            exit::IOERR,
            format!("can not read community file {file}: {}", reason::words(&e)),
        )
    })?;
    if std::fs::metadata(path).is_ok_and(|data| data.mode() & 0o004 != 0) {
        log.facility("access").warn(format_args!(
            "{file}: every user of this host may read it; chmod o-r it"
        ));
    }
    community::parse(&text)
        .map_err(|bad| Failure::new(exit::DATA, format!("{file}:{}: {}", bad.line, bad.problem)))
}

/// Removes what earlier failds were writing when they were killed: the state file's name
/// with `.new-` and the number of a process that is no more.
fn remove_unfinished(path: &Path, log: &Log) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let prefix = format!("{}.new-", name.to_string_lossy());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let number = found.to_str().and_then(|name| name.strip_prefix(&prefix));
        let Some(number) = number.and_then(|number| number.parse::<u32>().ok()) else {
            continue;
        };
        let path = entry.path();
        if !Path::new(&format!("/proc/{number}")).exists() && std::fs::remove_file(&path).is_ok() {
            let text = format!("removed {}, which an earlier faild left", path.display());
            log.facility("store").info(text);
        }
    }
}

/// Reads what the last faild knew. A damaged file is set aside: it must not stop the
/// daemon, nor be lost.
fn read_state(path: &Path, log: &Log) -> Result<Image, Failure> {
    let file = path.display();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Image::default()),
        Err(e) => {
            let sentence = format!("can not read state file {file}: {}", reason::words(&e));
            return Err(Failure::new(exit::IOERR, sentence));
        }
    };
    state::parse(&bytes).or_else(|damage| {
        let aside = files::set_aside(path).map_err(|e| Failure::new(exit::IOERR, e))?;
        let aside = aside.display();
        let text = format!(
            "state file {file} is damaged: {damage}; it is now {aside}, and faild knows nothing"
        );
        log.facility("store").error(text);
        Ok(Image::default())
    })
}
