//! From the command line to a daemon that is ready: everything is opened before the parent
//! is told so.
//!
//! The order matters. The pid file, the sockets, locked memory and a lower nice value may need
//! root. Then its rights are given up, so that root never touches a path in the user's
//! directory, and all else that is not needed from there on (`sandbox`): whatever can not be
//! read or written with what is left is noticed now. Nothing is logged up to there, since the
//! log is a thread, which would keep everything. Then the state file is locked before it is
//! read: two failds never share one, and a starting one never reads what an ending one still
//! writes. Last it is written once, so that a file that can not be written is noticed now and
//! not with the first change.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use fail_cli::{Faild, Failure, exit};
use fail_conf::state;
use fail_core::access::Access;
use fail_core::node::{Image, Node};
use fail_replay::header::BEGINNING;
use fail_replay::{NodeStart, Origin, Put, Recorded, Sink};
use fail_rt::daemon::{Keep, PidFile, daemonize};
use fail_rt::log::{Levels, Log};
use fail_rt::notify::Notify;
use fail_rt::poller::Poller;
use fail_rt::priority::{lift_open_files, lock_memory, lower_nice};
use fail_rt::signals::Signals;
use fail_rt::state_file::{self, StateFileError};
use fail_rt::tape::{self, Tape};
use fail_rt::{clock, reason};

use crate::community::CommunityFile;
use crate::net::Net;
use crate::sandbox;
use crate::store::Store;

/// What `-d` knows.
pub const FACILITIES: [&str; 4] = ["state", "access", "store", "net"];

/// Everything that the loop needs.
pub struct Parts {
    pub node: Recorded<Node>,
    pub poller: Poller,
    pub signals: Signals,
    pub net: Net,
    pub store: Store,
    pub community: Option<CommunityFile>,
    pub notify: Notify,
    pub log: Log,
    /// Removed when the daemon ends; the locks go with them.
    pub _files: [Option<PidFile>; 2],
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
    let recording = absolute(&options.record)?;
    let ready = match options.stays_in_foreground() {
        true => None,
        false => Some(daemonize().map_err(|e| Failure::new(exit::OSERR, e))?),
    };
    let log = match ready {
        None => Log::stderr("faild"),
        Some(_) => Log::syslog("faild"),
    };
    let log = log.with_levels(levels);
    // While there is one thread: the environment is cleaned of it.
    let notify = Notify::from_env();
    let files = Files {
        community_file,
        state_file,
        pid_file,
        recording,
    };
    let parts = open_parts(options, files, notify, &log)?;
    if let Some(ready) = ready {
        ready.ready().map_err(|e| {
            let why = reason::words(&e);
            Failure::new(
                exit::OSERR,
                format!("can not go into the background: {why}"),
            )
        })?;
    }
    parts.notify.ready();
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

/// Files, by their full paths.
pub struct Files {
    pub community_file: Option<PathBuf>,
    pub state_file: Option<PathBuf>,
    pub pid_file: Option<PathBuf>,
    pub recording: Option<PathBuf>,
}

fn open_parts(
    options: &Faild,
    mut files: Files,
    notify: io::Result<Notify>,
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
    // With less, everything works until a thousand others are connected.
    let _ = lift_open_files();
    let boot = clock::boot_id().map_err(os("read the boot id"))?;
    let seed = clock::seed().map_err(os("get random numbers"))?;
    let pid_file = files.pid_file.as_deref().map(PidFile::create).transpose();
    let pid_file = pid_file.map_err(|e| Failure::new(exit::CANTCREAT, e))?;
    let mut poller = Poller::new().map_err(os("make an event loop"))?;
    let signals = Signals::new(poller.desk().map_err(os("make an event loop"))?);
    let signals = signals.map_err(os("catch signals"))?;
    let (net, answers) = Net::open(options, &mut poller)?;
    let keep = give_up_root(options)?;
    let state_file = files.state_file.map(state_file::real_path).transpose();
    files.state_file = state_file.map_err(refused)?;
    // By who is to write it, and before files are out of reach.
    let recording = files.recording.take();
    let recording = recording.map(|path| Ok((create(&path)?, path)));
    let recording = recording.transpose()?;
    let sandbox = match options.no_sandbox {
        true => None,
        false => Some(sandbox::enter(&files, keep).map_err(os("give up what is not needed"))?),
    };
    // From here on there may be threads, and lines for the log.
    answers.iter().for_each(|line| log.info(line));
    sandbox::report(sandbox.as_ref(), log);
    let notify = Notify::or_warn(notify, log);
    let bound = sandbox.is_some_and(|sandbox| sandbox.binds_files());
    let community = files
        .community_file
        .map(|path| CommunityFile::new(path, bound));
    let access = match &community {
        Some(file) => file.read(log)?,
        None => Access::open(),
    };
    let state_file = files.state_file;
    let lock = state_file
        .as_deref()
        .map(|path| state_file::lock(path, "faild"));
    let lock = lock.transpose().map_err(refused)?;
    let image = match &state_file {
        Some(path) => read_state(path, log)?,
        None => {
            log.warn("no state file (-s): what is known is lost when faild ends");
            Image::default()
        }
    };
    let start = NodeStart {
        now: clock::now(),
        seed,
        boot,
        access,
        image,
        facilities: log.levels().iter().collect(),
    };
    let tape = recording.map(|(file, path)| Tape::new(file, &path, options.record_max.0, log));
    let tape = tape.transpose().map_err(os("start a thread"))?;
    let origin = Origin {
        host: clock::host_name(),
        boot: start.boot.clone(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
        secret: clock::seed().map_err(os("get random numbers"))?,
    };
    let node = start.recorded(&origin, tape.map(sink));
    if let Some(path) = &state_file {
        for path in state_file::remove_unfinished(path) {
            let text = format!("removed {}, which an earlier faild left", path.display());
            log.facility("store").info(text);
        }
        state_file::write(path, &state::print(&node.image())).map_err(refused)?;
    }
    let store = Store::new(state_file, bound, &poller.waker())
        .map_err(os("start the thread for the state file"))?;
    Ok(Parts {
        node,
        poller,
        signals,
        net,
        store,
        community,
        notify,
        log: log.clone(),
        _files: [lock, pid_file],
    })
}

/// The file for a recording.
fn create(path: &Path) -> Result<File, Failure> {
    tape::create(path, BEGINNING).map_err(|e| Failure::new(exit::CANTCREAT, e))
}

/// Where the lines of a recording go.
fn sink(mut tape: Tape) -> Sink {
    Box::new(move |put| match put {
        Put::Before(lines) => tape.put_first(lines),
        Put::After(lines) => tape.put(lines),
        Put::Stop(why) => {
            tape.stop(why);
            false
        }
    })
}

/// The last things for which root may be needed, and then it is given up.
fn give_up_root(options: &Faild) -> Result<Keep, Failure> {
    let refused = |e| Failure::new(exit::OSERR, e);
    if let Some(by) = options.nonnice {
        lower_nice(by).map_err(refused)?;
    }
    let keep = match options.lock_memory {
        true => lock_memory().map_err(refused)?,
        false => Keep::Nothing,
    };
    if let Some(user) = &options.user {
        let dropped = keep.and_drop_to(user);
        dropped.map_err(|e| Failure::new(exit::CONFIG, e))?;
    }
    Ok(keep)
}

fn refused(error: StateFileError) -> Failure {
    let code = match error {
        StateFileError::Taken(_) => exit::CANTCREAT,
        StateFileError::Full(_) | StateFileError::Failed(_) => exit::IOERR,
    };
    Failure::new(code, error)
}

/// Reads what the last faild knew.
fn read_state(path: &Path, log: &Log) -> Result<Image, Failure> {
    let image = state_file::read(path, state::BEGINNING, state::parse, |damage, aside| {
        let file = path.display();
        let text = format!(
            "state file {file} is damaged: {damage}; it is now {aside}, and faild knows nothing"
        );
        log.facility("store").error(text);
    });
    image.map_err(refused)
}
