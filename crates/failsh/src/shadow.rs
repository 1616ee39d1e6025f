//! `--replay FILE --policy FILE`: what another policy would have decided in what really
//! happened; and the same, as text or JSON, for who asks a running failsh.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use fail_cli::{Failsh, Failure, exit};
use fail_core::log::Level;
use fail_core::time::Span;
use fail_replay::clean;
use fail_replay::shadow::{self, Moment, Report, Side};
use fail_tcl::FromTcl;
use serde_json::{Value, json};

use crate::replay::{head, open, printed};
use crate::setup::program;

/// What is random is the same each time, so that the same is printed.
pub const SEED: [u8; 32] = [7; 32];

/// Compares and prints. Gives the exit code.
pub fn shadow(path: &Path, options: &Failsh) -> Result<u8, Failure> {
    let data = |e: String| Failure::new(exit::DATA, e);
    let loaded = fail_tcl::start(
        &options.policies,
        &program(),
        &fail_tcl::Board::default(),
        Box::new(|message| {
            if let FromTcl::Log { level, text } = message {
                if level <= Level::Warn {
                    eprintln!("failsh: {text}");
                }
            }
        }),
    );
    let (loaded, tcl) = loaded.map_err(|e| Failure::new(exit::DATA, e))?;
    tcl.quit();
    let mut reader = open(path)?;
    let header = reader.header().clone();
    let report = shadow::judge(&mut reader, &loaded.policy, &SEED).map_err(data)?;
    let mut out = io::stdout().lock();
    let done = match options.json {
        true => writeln!(out, "{}", json(&report)),
        false => writeln!(out, "{}", head(&header))
            .and_then(|()| out.write_all(text(&report).as_bytes())),
    };
    printed(done.and_then(|()| out.flush()))?;
    Ok(match report.is_same() {
        true => exit::OK,
        false => exit::BROKEN,
    })
}

/// For people: what is left out, each moment in two lines, what is not known, and a summary.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a text can not fail.
    if let Some(line) = report.left_out {
        let _ = writeln!(
            text,
            "NOT the same: this build decides otherwise than the recorded one at line {line}; all \
             that comes after it is left out; see failsh --replay without --policy"
        );
    }
    if let Some(why) = &report.stopped {
        let _ = writeln!(text, "the recording is not whole: {}", clean(why));
    }
    for moment in &report.moments {
        let after = seconds(moment.now().mono - report.from.mono);
        let head = format!("{after:>12}  {}", moment.service);
        let pad = " ".repeat(head.chars().count());
        let then = clean(&side(moment, &moment.recorded));
        let now = clean(&side(moment, &moment.shadow));
        let _ = write!(text, "{head}  then: {then}\n{pad}  now:  {now}\n");
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {}", clean(note));
    }
    let span = seconds(report.to.mono - report.from.mono);
    let services = match report.services {
        1 => "1 service".to_string(),
        n => format!("{n} services"),
    };
    let _ = match report.moments.len() {
        0 if report.left_out.is_some() => {
            writeln!(
                text,
                "the same decisions until then: {services} in {span} s"
            )
        }
        0 => writeln!(text, "the same decisions: {services} in {span} s"),
        1 => writeln!(text, "1 moment is NOT the same: {services} in {span} s"),
        n => writeln!(text, "{n} moments are NOT the same: {services} in {span} s"),
    };
    text
}

/// `start 4.100 s later (no master can serve)`.
fn side(moment: &Moment, side: &Side) -> String {
    let what = side.what.map_or("nothing", |what| what.word());
    let late = side.now.mono - moment.now().mono;
    let late = match late {
        Span::ZERO => String::new(),
        late => format!(" {} s later", seconds(late)),
    };
    format!("{what}{late} ({})", side.why)
}

fn seconds(span: Span) -> String {
    let ms = span.as_millis();
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// For programs.
pub fn json(report: &Report) -> Value {
    let side = |side: &Side| {
        json!({
            "what": side.what.map(|what| what.word()),
            "mono": side.now.mono.0,
            "wall": side.now.wall.0,
            "why": side.why,
        })
    };
    let moments = report.moments.iter().map(|moment| {
        json!({
            "service": moment.service.as_str(),
            "then": side(&moment.recorded),
            "now": side(&moment.shadow),
        })
    });
    json!({
        "same": report.is_same(),
        "left_out_from_line": report.left_out,
        "stopped": report.stopped,
        "from": {"mono": report.from.mono.0, "wall": report.from.wall.0},
        "to": {"mono": report.to.mono.0, "wall": report.to.wall.0},
        "services": report.services,
        "moments": moments.collect::<Vec<_>>(),
        "notes": report.notes,
    })
}
