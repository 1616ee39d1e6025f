//! `--replay`: what a faild or failsh has recorded, given to the machine of this build. Each
//! decision is a line; what is not as it was then is shown, and is the end.

use std::io::{self, Write};
use std::path::Path;

use fail_cli::{Failure, exit};
use fail_core::decide::decide;
use fail_core::time::Now;
use fail_replay::replay::{self, Start};
use fail_replay::{Difference, End, Moment, Reader, Replayed, Story};
use fail_rt::clock;
use serde_json::Value;

/// Replays a file and prints what is decided. Gives the exit code.
pub fn replay(path: &Path) -> Result<u8, Failure> {
    let bad = |e| Failure::new(exit::DATA, e);
    let mut reader = Reader::open(path).map_err(|e| {
        let code = if e.line == 0 { exit::IOERR } else { exit::DATA };
        Failure::new(code, e)
    })?;
    let mut out = io::stdout().lock();
    let header = reader.header().clone();
    let mut printed = writeln!(
        out,
        "{} on {}, version {}, recorded from {} on",
        header.program,
        header.host,
        header.release,
        clock::utc(header.wall)
    );
    let (start, _) = replay::start(&reader).map_err(bad)?;
    let tell = |moment: Moment| {
        if printed.is_ok() {
            printed = line(&mut out, &moment);
        }
    };
    let mut story = Story::new(header.now(), tell);
    let replayed = match start {
        Start::Plan(_) => replay::plan(&mut reader, decide, &mut story),
        Start::Node(_) => replay::node(&mut reader, &mut story),
    };
    let replayed = replayed.map_err(bad)?;
    printed
        .and_then(|()| summary(&mut out, path, header.now(), &replayed))
        .and_then(|()| out.flush())
        .or_else(|e| match e.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(Failure::new(exit::IOERR, e)),
        })?;
    Ok(match replayed.difference {
        Some(_) => exit::BROKEN,
        None => exit::OK,
    })
}

/// `   12.345  web  start ended with UP`.
fn line(out: &mut impl Write, moment: &Moment) -> io::Result<()> {
    let ms = moment.after.as_millis();
    let subject = match moment.subject.as_str() {
        "" => "-",
        subject => subject,
    };
    let text = clean(&moment.text);
    writeln!(out, "{:>8}.{:03}  {subject}  {text}", ms / 1000, ms % 1000)
}

/// A recording may have been edited; nobody's terminal is to suffer from it.
fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

fn summary(out: &mut impl Write, path: &Path, begin: Now, replayed: &Replayed) -> io::Result<()> {
    let file = path.display();
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
    let (file, line) = (path.display(), difference.line);
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
