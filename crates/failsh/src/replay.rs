//! `--replay`: what a faild or failsh has recorded, given to the machine of this build. Each
//! decision is a line; what is not as it was then is shown, and is the end.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use fail_cli::{Failure, exit};
use fail_core::decide::decide;
use fail_core::time::Now;
use fail_replay::replay::{self, Start};
use fail_replay::{Difference, End, Header, Moment, Reader, Replayed, Story, clean};
use fail_rt::clock;
use serde_json::Value;

/// Opens a recording.
pub fn open(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    Reader::open(path).map_err(|e| {
        let code = if e.line == 0 { exit::IOERR } else { exit::DATA };
        Failure::new(code, e)
    })
}

/// Says what came of printing. Who reads no further has read enough.
pub fn printed(result: io::Result<()>) -> Result<(), Failure> {
    result.or_else(|e| match e.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::new(exit::IOERR, e)),
    })
}

/// Replays a file and prints what is decided. Gives the exit code.
pub fn replay(path: &Path) -> Result<u8, Failure> {
    let bad = |e| Failure::new(exit::DATA, e);
    let mut reader = open(path)?;
    let mut out = io::stdout().lock();
    let header = reader.header().clone();
    let mut done = writeln!(out, "{}", head(&header));
    let (start, _) = replay::start(&reader).map_err(bad)?;
    let tell = |moment: Moment| {
        if done.is_ok() {
            done = line(&mut out, &moment);
        }
    };
    let mut story = Story::new(header.now(), tell);
    let replayed = match start {
        Start::Plan(_) => replay::plan(&mut reader, decide, &mut story),
        Start::Node(_) => replay::node(&mut reader, &mut story),
    };
    let replayed = replayed.map_err(bad)?;
    let done = done
        .and_then(|()| summary(&mut out, path, header.now(), &replayed))
        .and_then(|()| out.flush());
    printed(done)?;
    Ok(match replayed.difference {
        Some(_) => exit::BROKEN,
        None => exit::OK,
    })
}

/// `failsh on hosta, version 1.0.0, recorded from ... on`.
pub fn head(header: &Header) -> String {
    let Header {
        program,
        host,
        release,
        ..
    } = header;
    let since = clock::utc(header.wall);
    clean(&format!(
        "{program} on {host}, version {release}, recorded from {since} on"
    ))
}

/// `   12.345  web  start ended with UP`.
fn line(out: &mut impl Write, moment: &Moment) -> io::Result<()> {
    let ms = moment.after.as_millis();
    let subject = match moment.subject.as_str() {
        "" => "-",
        subject => subject,
    };
    let text = clean(&format!("{subject}  {}", moment.text));
    writeln!(out, "{:>8}.{:03}  {text}", ms / 1000, ms % 1000)
}

fn summary(out: &mut impl Write, path: &Path, begin: Now, replayed: &Replayed) -> io::Result<()> {
    let file = clean(&path.display().to_string());
    let ms = replayed.span.as_millis();
    let (turns, outs) = (replayed.turns, replayed.outs);
    if let Some(said) = &replayed.said {
        writeln!(out, "{file}: the recording ends there: {}", clean(said))?;
    }
    if replayed.end == End::Cut {
        writeln!(
            out,
            "{file}: the last line is not whole, as after a kill; it is left out"
        )?;
    }
    let Some(difference) = &replayed.difference else {
        let s = format!("{}.{:03} s", ms / 1000, ms % 1000);
        return writeln!(
            out,
            "the same: {turns} inputs and deadlines in {s}, {outs} outputs"
        );
    };
    show(out, path, begin, difference)
}

fn show(out: &mut impl Write, path: &Path, begin: Now, difference: &Difference) -> io::Result<()> {
    let ms = (difference.now.mono - begin.mono).as_millis();
    let (file, line) = (clean(&path.display().to_string()), difference.line);
    writeln!(
        out,
        "{file}:{line}: NOT the same, after {}.{:03} s",
        ms / 1000,
        ms % 1000
    )?;
    let shown = |value: &Option<Value>, none: &str| match value {
        Some(value) => clean(&value.to_string()),
        None => none.to_string(),
    };
    let input = shown(&difference.input, "the deadline had come");
    writeln!(out, "  input:    {input}")?;
    let recorded = shown(&difference.recorded, "nothing more");
    writeln!(out, "  recorded: {recorded}")?;
    let replayed = shown(&difference.replayed, "nothing more");
    writeln!(out, "  now:      {replayed}")
}
