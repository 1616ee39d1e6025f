//! Runs a pipeline for a test: one program after the other, through temporary files, which
//! is all that programs which end by themselves need.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use fail_core::exec::{End, Errors, ExecFailed, ExecResult, Finished, Input, Output, Pipeline};
use fail_core::time::Span;

pub fn run(pipeline: &Pipeline) -> ExecResult {
    let dir = super::Dir::new();
    let temp = |name: &str| {
        let path = dir.0.join(name);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        options.open(path).unwrap()
    };
    let mut input: Stdio = match &pipeline.stdin {
        Input::Null => Stdio::null(),
        Input::Bytes(bytes) => {
            let mut file = temp("stdin");
            file.write_all(bytes).unwrap();
            file.rewind().unwrap();
            file.into()
        }
        Input::File(path) => File::open(path)
            .map_err(|e| failed("read file", path, &e))?
            .into(),
    };
    let mut collected = temp("stderr");
    let mut ends = Vec::new();
    let last = pipeline.stages.len() - 1;
    let mut stdout = Vec::new();
    let mut timed_out = false;
    let began = Instant::now();
    for (i, stage) in pipeline.stages.iter().enumerate() {
        let mut between = temp(&format!("stdout{i}"));
        let output = match &pipeline.stdout {
            Output::File { path, append } if i == last => write(path, *append)?,
            _ => between.try_clone().unwrap(),
        };
        let errors = match &stage.stderr {
            Errors::Collect => collected.try_clone().unwrap(),
            Errors::Merge | Errors::Output => output.try_clone().unwrap(),
            Errors::Ours => panic!("only for real children"),
            Errors::File { path, append } => write(path, *append || i > 0)?,
        };
        let mut command = Command::new(&stage.argv[0]);
        if let Some(dir) = &pipeline.given.dir {
            command.current_dir(dir);
        }
        let mut child = command
            .args(&stage.argv[1..])
            .envs(pipeline.given.env.iter().cloned())
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|e| failed("execute", &stage.argv[0], &e))?;
        let status = match pipeline.given.timeout {
            None => child.wait().unwrap(),
            Some(limit) => {
                let (status, late) = within(&mut child, limit);
                timed_out |= late;
                status
            }
        };
        let end = match status.signal() {
            Some(signal) => End::Signal(signal),
            None => End::Exit(status.code().unwrap()),
        };
        ends.push((child.id(), end));
        between.rewind().unwrap();
        if i == last {
            between.read_to_end(&mut stdout).unwrap();
        }
        input = between.into();
    }
    let mut stderr = Vec::new();
    collected.rewind().unwrap();
    collected.read_to_end(&mut stderr).unwrap();
    Ok(Finished {
        stdout,
        stderr,
        ends,
        cut: false,
        timed_out,
        took: Span(u64::try_from(began.elapsed().as_nanos()).unwrap()),
    })
}

/// Waits so long, then asks the group to go; and whether it had to.
fn within(child: &mut Child, limit: Span) -> (ExitStatus, bool) {
    let end = Instant::now() + Duration::from_nanos(limit.0);
    let mut late = false;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status, late);
        }
        if !late && Instant::now() >= end {
            late = true;
            let group = format!("-{}", child.id());
            let kill = Command::new("kill").args(["-TERM", "--", &group]).status();
            assert!(kill.unwrap().success());
        }
        // The condition is that of a process: nothing else could be waited for here.
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn write(path: &str, append: bool) -> Result<File, ExecFailed> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .append(append)
        .write(true)
        .truncate(!append);
    options
        .open(path)
        .map_err(|e| failed("write file", path, &e))
}

fn failed(what: &str, path: &str, error: &std::io::Error) -> ExecFailed {
    let (errno, words) = match error.kind() {
        std::io::ErrorKind::NotFound => ("ENOENT", "no such file or directory"),
        std::io::ErrorKind::PermissionDenied => ("EACCES", "permission denied"),
        other => panic!("{other}"),
    };
    ExecFailed {
        sentence: format!("couldn't {what} \"{path}\": {words}"),
        errno: errno.to_string(),
    }
}
