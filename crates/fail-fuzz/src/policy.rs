//! Policy files: any text, read by the real Tcl.
//!
//! What is asserted beyond that nothing panics:
//!
//! * a text is a policy or an error; the error is one line, not empty, and names the file and a
//!   line that is there, unless it is that reading took too long;
//! * the normal form of a policy is a policy with the same settings and the same normal form;
//! * reading ends in its time, also with a loop without end in it, and leaves no thread behind;
//! * what is read on the caller's thread and on one of its own is the same.
//!
//! Tcl can do whatever a program can, so a fuzzer that learns its words must not have them all:
//! what touches the world outside of the interpreter, and what fills the memory in one word, is
//! taken away before the text is read (`disarm.tcl`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fail_core::exec::ExecFailed;
use fail_core::log::Level;
use fail_tcl::{Board, FromTcl, Loaded, PolicyError, Read, Scene, Still};
use fail_tcl::{normal_form, start_within};

use crate::Choices;

/// How long reading may take: a loop without end costs that each time.
const READ_MAX: Duration = Duration::from_millis(500);

/// And how long everything after that, on a machine with other things to do.
const END_MAX: Duration = Duration::from_secs(60);

/// Words that make policies when they meet.
const WORDS: [&str; 46] = [
    "failsvc",
    "failhost",
    "failtrap",
    "web",
    "dns",
    "hosta",
    "hostb",
    "start",
    "stop",
    "{return UP}",
    "{return RECOVER}",
    "masters",
    "slaves",
    "interval",
    "confirm",
    "delay",
    "timeout",
    "lonely",
    "check",
    "checkinterval",
    "checkrecover",
    "rise",
    "fall",
    "failback",
    "retry",
    "reclaim",
    "community",
    "address",
    "port",
    "protocol",
    "tcp",
    "1s",
    "200ms",
    "{4 20ms}",
    "no",
    "yes",
    "\n",
    "\n",
    "#",
    "proc p {} {return UP}",
    "package require failover::exec",
    "up",
    "*",
    "{a b}",
    "\\\n",
    "10",
];

/// Any text, or words that are nearly a policy.
pub fn policy(data: &[u8]) {
    let mut from = Choices::new(data);
    // A thread for each takes longer than all the rest.
    let kind = from.byte();
    let own_thread = kind >= 0xf8;
    let text = match kind & 1 == 1 {
        true => words(&mut from),
        false => String::from_utf8_lossy(from.rest()).into_owned(),
    };
    let folder = Folder::new();
    let file = folder.write("policy.tcl", &text);
    let result = still(&folder, &file);
    if own_thread {
        let other = apart(&folder, &file);
        let late = |result: &Result<Loaded, PolicyError>| result.as_ref().is_err_and(is_late);
        assert!(late(&result) || late(&other) || result == other, "{text}");
    }
    match result {
        Err(error) => is_clear(&error, &file, &text),
        Ok(loaded) => {
            let printed = normal_form(&loaded);
            let again = folder.write("normal.tcl", &printed);
            match still(&folder, &again) {
                Err(error) => assert!(is_late(&error), "{error}\n{text}\n{printed}"),
                Ok(again) => {
                    assert_eq!(again.policy, loaded.policy, "{text}\n{printed}");
                    assert_eq!(normal_form(&again), printed, "{text}");
                }
            }
        }
    }
}

fn words(from: &mut Choices) -> String {
    let mut text = String::new();
    while !from.is_over() && text.len() < 4096 {
        match from.below(WORDS.len() + 4) {
            at if at < WORDS.len() => text.push_str(WORDS[at]),
            _ => text.push_str(&from.text(30)),
        }
        text.push(' ');
    }
    text
}

fn is_late(error: &PolicyError) -> bool {
    error
        .sentence
        .contains("reading the policy takes longer than")
}

fn is_clear(error: &PolicyError, file: &Path, text: &str) {
    let shown = error.to_string();
    assert!(
        !error.sentence.trim().is_empty() && !shown.contains('\n'),
        "{shown:?}"
    );
    if is_late(error) {
        return;
    }
    assert_eq!(Path::new(&error.file), file, "{shown}\n{text}");
    let lines = text.split(['\n', '\r']).count();
    let line = error.line.unwrap_or(1) as usize;
    assert!((1..=lines).contains(&line), "{shown}\n{text}");
}

fn disarm(folder: &Folder) -> PathBuf {
    folder.write("disarm.tcl", include_str!("policy/disarm.tcl"))
}

/// Reads it on this thread, where nothing is done that would be outside.
fn still(folder: &Folder, file: &Path) -> Result<Loaded, PolicyError> {
    let files = [disarm(folder), file.to_owned()].map(Read::File);
    let scene = Scene {
        host: "hosta",
        program: "fuzz",
        board: &Board::default(),
        now: 1_700_000_000_000_000,
        seed: 1,
        answering: Box::new(|_| {
            Err(ExecFailed {
                sentence: "nothing runs here".to_string(),
                errno: "ENOENT".to_string(),
            })
        }),
    };
    Still::load_within(READ_MAX, &files, scene).map(|(loaded, _)| loaded)
}

/// Reads it on a thread of its own, as failsh does.
fn apart(folder: &Folder, file: &Path) -> Result<Loaded, PolicyError> {
    let alive = Arc::new(());
    let there = Arc::clone(&alive);
    let out = move |message: FromTcl| {
        let _held = &there;
        if let FromTcl::Log { level, text } = message {
            assert!(level <= Level::Debug && !text.is_empty());
        }
    };
    let files = [disarm(folder), file.to_owned()];
    let begun = Instant::now();
    let read = start_within(READ_MAX, &files, "fuzz", &Board::default(), Box::new(out));
    let result = read.map(|(loaded, tcl)| {
        tcl.quit();
        loaded
    });
    // Who gives up reading does not wait for the thread; it ends by itself.
    while Arc::strong_count(&alive) > 1 {
        assert!(begun.elapsed() < END_MAX, "a thread is left behind");
        std::thread::park_timeout(Duration::from_millis(1));
    }
    result
}

/// A folder that goes away.
pub(crate) struct Folder(PathBuf);

#[expect(
    clippy::expect_used,
    reason = "without a place for files nothing can be tried"
)]
impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let no = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("failover-fuzz-{}-{no}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left there is in the way of nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reaches_nothing_outside_of_its_interpreter() {
        let folder = Folder::new();
        let victim = folder.write("victim", "alive");
        let path = victim.display();
        for attempt in [
            format!("file delete -force {path}"),
            format!("::tcl::file::delete {path}"),
            format!("close [open {path} w]"),
            format!("exec rm {path}"),
            format!("::fail::tcl::exec rm {path}"),
            format!("[interp create] eval {{file delete {path}}}"),
            format!("file rename {path} {path}2"),
            "open |true".to_string(),
            "socket localhost 1".to_string(),
            "exit".to_string(),
            "::fail::tcl::exit".to_string(),
            "package require Thread".to_string(),
            "package require http".to_string(),
            "load libc.so.6".to_string(),
            "cd /".to_string(),
            "string repeat x 1000000000".to_string(),
            "puts $env(HOME)".to_string(),
        ] {
            let file = folder.write("policy.tcl", &attempt);
            assert!(apart(&folder, &file).is_err(), "{attempt}");
            let _ = still(&folder, &file);
            assert_eq!(fs::read_to_string(&victim).unwrap(), "alive", "{attempt}");
        }
        let plain = "failsvc web start {return UP} stop {return RECOVER}";
        let file = folder.write("policy.tcl", plain);
        assert_eq!(apart(&folder, &file).unwrap().policy.services.len(), 1);
    }
}
