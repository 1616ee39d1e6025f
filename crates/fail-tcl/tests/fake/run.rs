//! Runs a pipeline for a test: one program after the other, through temporary files, which
//! is all that programs which end by themselves need.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

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
        let mut child = Command::new(&stage.argv[0])
            .args(&stage.argv[1..])
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|e| failed("execute", &stage.argv[0], &e))?;
        let status = child.wait().unwrap();
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
        timed_out: false,
        took: Span::ZERO,
    })
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
