//! Starts the programs of a pipeline, wired as it says. Files are opened before anything runs,
//! so a wrong path starts nothing; each file once, so that two stages that write into the
//! same one do not overwrite each other.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use fail_core::exec::{Errors, ExecFailed, Input, Output, Pipeline, Stage};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::job::pid;
use super::pipes::Opened;
use crate::reason;

/// What the service manager told this process, and no child.
const OURS_ALONE: [&str; 5] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_FDS",
    "LISTEN_PID",
];

/// The programs' ends.
pub(super) struct Wires {
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderrs: Vec<Option<OwnedFd>>,
}

/// The program of a stage.
pub(super) fn name(stage: Option<&Stage>) -> &str {
    stage
        .and_then(|s| s.argv.first())
        .map_or("", String::as_str)
}

/// Starts all programs. Those that run already when one fails are in `started`, and are the
/// caller's to kill.
pub(super) fn start(
    pipeline: &Pipeline,
    wires: Wires,
    started: &mut Vec<Child>,
) -> Result<(), ExecFailed> {
    let Wires {
        stdin: mut from,
        stdout,
        stderrs,
    } = wires;
    let last = pipeline.stages.len() - 1;
    let mut stdout = Some(stdout);
    for (n, (stage, stderr)) in pipeline.stages.iter().zip(stderrs).enumerate() {
        let cannot = |e| failed("execute", name(Some(stage)), &e);
        let (next, to) = match n == last {
            true => (None, stdout.take()),
            false => pipe2(OFlag::O_CLOEXEC)
                .map(|(read, write)| (Some(read), Some(write)))
                .map_err(|e| cannot(e.into()))?,
        };
        let child = spawn(stage, from.take(), to, stderr, started.first());
        started.push(child.map_err(cannot)?);
        from = next;
    }
    Ok(())
}

/// One program, in the group of the first. All ends given are closed on our side.
fn spawn(
    stage: &Stage,
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    first: Option<&Child>,
) -> io::Result<Child> {
    // None is `Errors::Merge`.
    let stderr = match (stderr, &stdout) {
        (None, Some(stdout)) => Some(stdout.try_clone()?),
        (stderr, _) => stderr,
    };
    let stdio = |fd: Option<OwnedFd>| fd.map_or_else(Stdio::null, Stdio::from);
    let group = first.map_or(0, |child| pid(child).as_raw());
    let mut command = Command::new(&stage.argv[0]);
    for variable in OURS_ALONE {
        command.env_remove(variable);
    }
    command
        .args(&stage.argv[1..])
        .stdin(stdio(stdin))
        .stdout(stdio(stdout))
        .stderr(stdio(stderr))
        .process_group(group)
        .spawn()
}

/// Opens everything. Nothing runs yet.
pub(super) fn wire(pipeline: &Pipeline) -> Result<(Wires, Opened), ExecFailed> {
    let cannot = |e: io::Error| failed("execute", name(pipeline.stages.first()), &e);
    if pipeline.stages.is_empty() || pipeline.stages.iter().any(|s| s.argv.is_empty()) {
        return Err(cannot(io::Error::from_raw_os_error(libc::EINVAL)));
    }
    let mut ends = Opened::default();
    let mut files = Files::default();
    let stdin = match &pipeline.stdin {
        Input::Null => None,
        Input::Bytes(bytes) => {
            let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(|e| cannot(e.into()))?;
            ends.stdin = Some((ours(write).map_err(cannot)?, bytes.clone()));
            Some(read)
        }
        Input::File(path) => Some(read_from(path).map_err(|e| failed("read file", path, &e))?),
    };
    let stdout = match &pipeline.stdout {
        Output::Collect => collect(&mut ends.stdout).map_err(cannot)?,
        Output::File { path, append } => files.write_to(path, *append)?,
    };
    let mut errors: Option<OwnedFd> = None;
    let mut stderrs = Vec::new();
    for stage in &pipeline.stages {
        stderrs.push(match &stage.stderr {
            Errors::Merge => None,
            Errors::File { path, append } => Some(files.write_to(path, *append)?),
            Errors::Collect => {
                if errors.is_none() {
                    errors = Some(collect(&mut ends.stderr).map_err(cannot)?);
                }
                let shared = errors.as_ref().map(OwnedFd::try_clone);
                shared.transpose().map_err(cannot)?
            }
        });
    }
    let wires = Wires {
        stdin,
        stdout,
        stderrs,
    };
    Ok((wires, ends))
}

/// A pipe whose reading end is ours.
fn collect(ours_goes_to: &mut Option<File>) -> io::Result<OwnedFd> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    *ours_goes_to = Some(ours(read)?);
    Ok(write)
}

fn ours(fd: OwnedFd) -> io::Result<File> {
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(File::from(fd))
}

/// Files opened for writing, by what was asked for.
#[derive(Default)]
struct Files(Vec<(String, bool, OwnedFd)>);

impl Files {
    fn write_to(&mut self, path: &str, append: bool) -> Result<OwnedFd, ExecFailed> {
        let fail = |e: io::Error| failed("write file", path, &e);
        let known = self.0.iter().find(|(p, a, _)| p == path && *a == append);
        if let Some((_, _, fd)) = known {
            return fd.try_clone().map_err(fail);
        }
        let mut options = OpenOptions::new();
        options.create(true).append(append);
        if !append {
            options.write(true).truncate(true);
        }
        let fd = open(&mut options, path).map_err(fail)?;
        let copy = fd.try_clone().map_err(fail)?;
        self.0.push((path.to_owned(), append, fd));
        Ok(copy)
    }
}

fn read_from(path: &str) -> io::Result<OwnedFd> {
    open(OpenOptions::new().read(true), path)
}

/// Without blocking, as opening a FIFO would; a FIFO that nobody reads is an error.
fn open(options: &mut OpenOptions, path: &str) -> io::Result<OwnedFd> {
    let options = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    // The program expects reads and writes that block.
    let flags = OFlag::from_bits_retain(fcntl(file.as_fd(), FcntlArg::F_GETFL)?);
    fcntl(file.as_fd(), FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    Ok(OwnedFd::from(file))
}

pub(super) fn failed(doing: &str, on: &str, error: &io::Error) -> ExecFailed {
    // A NUL byte in a word is the one refusal that does not come from the system.
    let why = match error.raw_os_error() {
        Some(_) => reason::words(error),
        None => "a NUL byte can not be passed on".to_owned(),
    };
    ExecFailed {
        sentence: format!("couldn't {doing} \"{on}\": {why}"),
        errno: reason::name(error),
    }
}
