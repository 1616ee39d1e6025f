//! Starts the programs of a pipeline, wired as it says. Files are opened before anything runs,
//! so a wrong path starts nothing; each file once, so that two stages that write into the
//! same one do not overwrite each other.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use fail_core::exec::{End, Errors, ExecFailed, Finished, Given, Input, Output, Pipeline, Stage};
use fail_core::time::Span;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::job::pid;
use super::pipes::Opened;
use crate::{notify, reason};

/// Where Tcl's words for an error are not the system's.
const TCLS_WORDS: [(i32, &str); 2] = [
    (libc::EISDIR, "illegal operation on a directory"),
    (libc::ETXTBSY, "text file or pseudo-device busy"),
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
        let given = &pipeline.given;
        let child = spawn(stage, given, from.take(), to, stderr, started.first());
        started.push(child.map_err(cannot)?);
        from = next;
    }
    Ok(())
}

/// One program, in the group of the first. All ends given are closed on our side.
fn spawn(
    stage: &Stage,
    given: &Given,
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
    let group = first.map_or(0, |child| pid(child).as_raw());
    let attempt = |program: &str, script: Option<&str>, words: &[String]| {
        let stdio = |fd: &Option<OwnedFd>| match fd {
            Some(fd) => fd.try_clone().map(Stdio::from),
            None => Ok(Stdio::null()),
        };
        let mut command = Command::new(program);
        for variable in notify::VARIABLES {
            command.env_remove(variable);
        }
        if let Some(dir) = &given.dir {
            command.current_dir(dir);
        }
        command
            .envs(given.env.iter().map(|(name, value)| (name, value)))
            .args(script)
            .args(words)
            .stdin(stdio(&stdin)?)
            .stdout(stdio(&stdout)?)
            .stderr(stdio(&stderr)?)
            .process_group(group)
            .spawn()
    };
    let (program, words) = (&stage.argv[0], &stage.argv[1..]);
    match attempt(program, None, words) {
        // A script that does not say by whom it is to be read.
        Err(e) if e.raw_os_error() == Some(libc::ENOEXEC) => {
            attempt("/bin/sh", Some(&found(program)), words)
        }
        started => started,
    }
}

/// Where a program is that the system has found.
fn found(program: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').map(|dir| format!("{dir}/{program}"));
    let there = |place: &String| std::fs::metadata(place).is_ok_and(|file| file.is_file());
    match program.contains('/') {
        true => None,
        false => places.find(there),
    }
    .unwrap_or_else(|| program.to_owned())
}

/// Opens everything. Nothing runs yet.
pub(super) fn wire(pipeline: &Pipeline) -> Result<(Wires, Opened), ExecFailed> {
    let cannot = |e: io::Error| failed("execute", name(pipeline.stages.first()), &e);
    if pipeline.stages.is_empty() || pipeline.stages.iter().any(|s| s.argv.is_empty()) {
        return Err(cannot(io::Error::from_raw_os_error(libc::EINVAL)));
    }
    if let Some(dir) = &pipeline.given.dir {
        // Afterwards one could not tell whether the program or the directory is missing.
        let is_dir = match std::fs::metadata(dir) {
            Ok(there) if there.is_dir() => Ok(()),
            Ok(_) => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
            Err(e) => Err(e),
        };
        is_dir.map_err(|e| failed("change working directory to", dir, &e))?;
    }
    let collects = !pipeline.background;
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
        Output::Collect if collects => collect(&mut ends.stdout).map_err(cannot)?,
        Output::Collect | Output::Ours => our_own(io::stdout().as_fd()).map_err(cannot)?,
        Output::File { path, append } => files.write_to(path, *append)?,
    };
    let mut errors: Option<OwnedFd> = None;
    let mut stderrs = Vec::new();
    for stage in &pipeline.stages {
        stderrs.push(match &stage.stderr {
            Errors::Merge => None,
            Errors::Output => Some(stdout.try_clone().map_err(cannot)?),
            Errors::File { path, append } => Some(files.write_to(path, *append)?),
            Errors::Ours => Some(our_own(io::stderr().as_fd()).map_err(cannot)?),
            Errors::Collect if !collects => Some(our_own(io::stderr().as_fd()).map_err(cannot)?),
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

/// What came of a pipeline in the background: it runs.
pub(super) fn in_background(children: &[Child]) -> Finished {
    let ends = children.iter().map(|child| (child.id(), End::Running));
    Finished {
        stdout: Vec::new(),
        stderr: Vec::new(),
        ends: ends.collect(),
        cut: false,
        timed_out: false,
        took: Span::ZERO,
    }
}

/// Where our own output or our own errors go. Who has closed his has none to lose.
fn our_own(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let nowhere = || OpenOptions::new().write(true).open("/dev/null");
    fd.try_clone_to_owned()
        .or_else(|_| nowhere().map(OwnedFd::from))
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
        Some(number) => match TCLS_WORDS.iter().find(|(known, _)| *known == number) {
            Some((_, words)) => (*words).to_owned(),
            None => reason::words(error),
        },
        None => "a NUL byte can not be passed on".to_owned(),
    };
    ExecFailed {
        sentence: format!("couldn't {doing} \"{on}\": {why}"),
        errno: reason::name(error),
    }
}
