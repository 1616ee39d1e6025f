//! One line per event, to standard error or to syslog (facility `daemon`).
//!
//! A line never holds a control character, whatever came from the network or from a script,
//! and never more than [`LINE_BYTES_MAX`] bytes. Under systemd it carries its priority. A
//! log that can not be written is not worth ending for: the line is lost.
//!
//! Nor is it worth waiting for: lines are written by a thread behind a queue, so a reader
//! that has stopped costs lines and never time. Lines lost so are counted, and one line says
//! how many. The thread is started by the first line, so a log may be made before a fork but
//! not spoken to. Who ends drops his log, which waits up to [`FLUSH_MAX`] for what is queued.
//!
//! Errors, warnings and infos always appear. Each debugging facility has a level of its own,
//! 0 at first: `debug` lines appear from 1, `trace` lines from 2. Levels are raised by `-d` and
//! set at run time; all clones of a log and of its [`Levels`] see that at once.

mod queue;

use fail_core::log::{self, Line};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use nix::sys::stat::fstat;
use nix::syslog::{Facility, LogFlags, Severity, openlog, syslog};

use queue::Queue;

/// Bytes of one line: a stack of Tcl's `errorInfo` fits, and so does what syslog takes.
pub const LINE_BYTES_MAX: usize = 4096;

/// Lines that wait for the reader of the log: some seconds of a busy daemon, at most 4 MB.
pub const QUEUE_LINES_MAX: usize = 1024;

/// How long the end of a program waits for its last lines to be written.
pub const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Above this level of a facility there is nothing more to see.
pub const LEVEL_MAX: u8 = 2;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something may not work soon.
    Warn,
    /// What an administrator wants to read the next morning.
    Info,
    /// For one who looks for a fault.
    Debug,
    /// For one who did not find it with that.
    Trace,
}

impl Level {
    /// The level of a facility from which such lines appear.
    fn needs(self) -> u8 {
        match self {
            Level::Error | Level::Warn | Level::Info => 0,
            Level::Debug => 1,
            Level::Trace => 2,
        }
    }

    fn severity(self) -> Severity {
        match self {
            Level::Error => Severity::LOG_ERR,
            Level::Warn => Severity::LOG_WARNING,
            Level::Info => Severity::LOG_INFO,
            Level::Debug | Level::Trace => Severity::LOG_DEBUG,
        }
    }
}

/// The levels of a program's facilities.
#[derive(Debug, Clone, Default)]
pub struct Levels(Arc<[(&'static str, AtomicU8)]>);

/// A name that is no facility.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown debug facility \"{name}\"; there are: {known}")]
pub struct UnknownFacility {
    /// As it was given.
    pub name: String,
    /// All that there are, joined by commas.
    pub known: String,
}

impl Levels {
    /// All at 0.
    pub fn new(facilities: &[&'static str]) -> Levels {
        Levels(facilities.iter().map(|f| (*f, AtomicU8::new(0))).collect())
    }

    /// One `-d facility`.
    pub fn raise(&self, name: &str) -> Result<(), UnknownFacility> {
        let level = self.find(name)?;
        let raised = level.load(Ordering::Relaxed).saturating_add(1);
        level.store(raised.min(LEVEL_MAX), Ordering::Relaxed);
        Ok(())
    }

    /// At run time. What is higher than [`LEVEL_MAX`] is that.
    pub fn set(&self, name: &str, level: u8) -> Result<(), UnknownFacility> {
        self.find(name)?
            .store(level.min(LEVEL_MAX), Ordering::Relaxed);
        Ok(())
    }

    /// Every facility and its level, in the order in which the program named them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u8)> + '_ {
        self.0.iter().map(|(n, l)| (*n, l.load(Ordering::Relaxed)))
    }

    fn find(&self, name: &str) -> Result<&AtomicU8, UnknownFacility> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, level)| level).ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|(known, _)| *known).collect();
            UnknownFacility {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

/// Where lines go, and of which facility they are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    queue: Arc<Queue>,
    levels: Levels,
    facility: Option<usize>,
    /// Lines that matter less do not appear.
    least: Level,
}

/// Whether somebody takes what [`Log::syslog`] writes, so that who starts a daemon can be told
/// that nobody does.
pub fn syslog_is_there() -> bool {
    let socket = UnixDatagram::unbound();
    socket.and_then(|socket| socket.connect("/dev/log")).is_ok()
}

/// Where lines go.
enum Target {
    Stderr {
        program: String,
        prefix: bool,
    },
    Syslog,
    Writer {
        program: String,
        writer: Box<dyn Write + Send>,
    },
}

impl Target {
    /// In one write, so that the lines of two processes do not mix. What fails is lost.
    fn write(&mut self, level: Level, text: &str) {
        match self {
            Target::Stderr { program, prefix } => {
                let number = level.severity() as i32;
                let line = match prefix {
                    true => format!("<{number}>{program}: {text}\n"),
                    false => format!("{program}: {text}\n"),
                };
                let _ = io::stderr().lock().write_all(line.as_bytes());
            }
            Target::Syslog => {
                let _ = syslog(level.severity(), text);
            }
            Target::Writer { program, writer } => {
                let line = format!("{program}: {text}\n");
                let _ = writer.write_all(line.as_bytes());
            }
        }
    }
}

impl Log {
    fn new(target: Target) -> Log {
        Log {
            queue: Arc::new(Queue::new(target)),
            levels: Levels::default(),
            facility: None,
            least: Level::Trace,
        }
    }

    /// To standard error: `program: text`, with the priority before it when that is a stream
    /// of systemd's journal.
    pub fn stderr(program: &str) -> Log {
        Log::new(Target::Stderr {
            program: program.to_owned(),
            prefix: stderr_is_the_journal(),
        })
    }

    /// To syslog, as `program[pid]`. For once in the life of a process: syslog knows one name.
    pub fn syslog(program: &str) -> Log {
        let ident = std::ffi::CString::new(clean(program)).unwrap_or_default();
        // openlog keeps the pointer as long as the process lives, so the name must live on.
        let ident: &'static std::ffi::CStr = Box::leak(ident.into_boxed_c_str());
        let opened = openlog(Some(ident), LogFlags::LOG_PID, Facility::LOG_DAEMON);
        debug_assert!(opened.is_ok());
        Log::new(Target::Syslog)
    }

    /// To any writer, in the shape of standard error.
    pub fn to(program: &str, writer: impl Write + Send + 'static) -> Log {
        Log::new(Target::Writer {
            program: program.to_owned(),
            writer: Box::new(writer),
        })
    }

    /// The levels of its facilities.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The same target with these levels.
    #[must_use]
    pub fn with_levels(self, levels: Levels) -> Log {
        // A facility is a place among the levels, and these are others.
        Log {
            levels,
            facility: None,
            ..self
        }
    }

    /// The same log without the lines that matter less than this.
    #[must_use]
    pub fn only(self, least: Level) -> Log {
        Log { least, ..self }
    }

    /// The same log for lines of one facility. One that the levels do not know shows no
    /// debugging lines.
    #[must_use]
    pub fn facility(&self, name: &str) -> Log {
        Log {
            facility: self.levels.0.iter().position(|(known, _)| *known == name),
            ..self.clone()
        }
    }

    /// Whether such a line would appear; for those that cost something to make.
    pub fn shows(&self, level: Level) -> bool {
        let entry = self.facility.and_then(|n| self.levels.0.get(n));
        level <= self.least
            && level.needs() <= entry.map_or(0, |(_, at)| at.load(Ordering::Relaxed))
    }

    /// Something does not work.
    pub fn error(&self, text: impl Display) {
        self.say(Level::Error, text);
    }

    /// Something may not work soon.
    pub fn warn(&self, text: impl Display) {
        self.say(Level::Warn, text);
    }

    /// Something worth to be known has happened.
    pub fn info(&self, text: impl Display) {
        self.say(Level::Info, text);
    }

    /// For one who looks for a fault.
    pub fn debug(&self, text: impl Display) {
        self.say(Level::Debug, text);
    }

    /// For one who looks for a fault closely.
    pub fn trace(&self, text: impl Display) {
        self.say(Level::Trace, text);
    }

    /// A line that a machine of the core wants written.
    pub fn write(&self, line: &Line) {
        let level = match line.level {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warn,
            log::Level::Info => Level::Info,
            log::Level::Debug => Level::Debug,
        };
        self.facility(line.facility).say(level, &line.text);
    }

    /// One line, if this level appears.
    pub fn say(&self, level: Level, text: impl Display) {
        if !self.shows(level) {
            return;
        }
        self.queue.push(level, clean(&text.to_string()));
    }

    /// Waits until everything said so far is written, but not longer than this. Says whether
    /// it is.
    pub fn flush(&self, limit: Duration) -> bool {
        self.queue.flush(limit)
    }
}

/// systemd sets `JOURNAL_STREAM` to the device and inode of the stream. It is inherited, so
/// only if those are the ones of our standard error it is about us.
fn stderr_is_the_journal() -> bool {
    let told = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    fstat(io::stderr().as_fd()).is_ok_and(|s| told == format!("{}:{}", s.st_dev, s.st_ino))
}

/// One line of text: white space is a blank, other control characters a question mark, and
/// what is too long is cut.
fn clean(text: &str) -> String {
    const CUT: &str = " ...";
    let letter = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}') => {
            '?'
        }
        c => c,
    };
    let mut line: String = text.trim_end().chars().map(letter).collect();
    if line.len() > LINE_BYTES_MAX {
        let room = LINE_BYTES_MAX - CUT.len();
        let end = (0..=room).rev().find(|n| line.is_char_boundary(*n));
        line.truncate(end.unwrap_or(0));
        line.push_str(CUT);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Instant;

    /// Only a broken log takes so long.
    const LIMIT: Duration = Duration::from_secs(20);

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_was_in_it() {
        let kept = Kept::default();
        let log = Log::to("faild", kept.clone());
        log.error("bad\nname \x1b[31m\0\u{9b}\u{202e} é");
        assert!(log.flush(LIMIT));
        assert_eq!(kept.take(), "faild: bad name ?[31m??? é\n");
        log.info("é".repeat(LINE_BYTES_MAX));
        assert!(log.flush(LIMIT));
        let line = kept.take();
        assert!(line.len() <= LINE_BYTES_MAX + "faild: \n".len() && line.ends_with(" ...\n"));
    }

    #[test]
    fn each_facility_has_its_own_level() {
        let kept = Kept::default();
        let levels = Levels::new(&["poll", "node"]);
        let log = Log::to("failsh", kept.clone()).with_levels(levels.clone());
        let (poll, node) = (log.facility("poll"), log.facility("node"));
        let speak = || {
            for (name, log) in [("log", &log), ("poll", &poll), ("node", &node)] {
                log.info(format_args!("{name} info"));
                log.debug(format_args!("{name} debug"));
                log.trace(format_args!("{name} trace"));
            }
            assert!(log.flush(LIMIT));
            kept.take().replace("failsh: ", "")
        };
        assert_eq!(speak(), "log info\npoll info\nnode info\n");
        levels.raise("poll").unwrap();
        assert_eq!(speak(), "log info\npoll info\npoll debug\nnode info\n");
        levels.raise("poll").unwrap();
        levels.raise("poll").unwrap();
        assert_eq!(
            speak(),
            "log info\npoll info\npoll debug\npoll trace\nnode info\n"
        );
        levels.set("poll", 0).unwrap();
        levels.set("node", 200).unwrap();
        assert_eq!(
            levels.iter().collect::<Vec<_>>(),
            [("poll", 0), ("node", 2)]
        );
        let unknown = levels.raise("pool").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown debug facility \"pool\"; there are: poll, node"
        );
    }

    #[test]
    fn syslog_takes_anything() {
        let log = Log::syslog("fail-rt-test");
        log.info("100% sure %s %n \0 \n");
    }

    /// Leaves no room in a pipe, so that whoever writes to it is stuck from his first line on.
    fn fill(writer: &io::PipeWriter) {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        fcntl(writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        while (&mut &*writer).write(&[b'\n'; 4096]).is_ok() {}
        fcntl(writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    }

    #[test]
    fn a_log_that_nobody_reads_costs_lines_and_no_time() {
        let (mut reader, writer) = io::pipe().unwrap();
        fill(&writer);
        let log = Log::to("faild", writer);
        // Far more than the queue holds: if it blocked, it would for ever.
        let said = QUEUE_LINES_MAX * 4;
        for n in 0..said {
            log.info(format_args!("{n} {}", "x".repeat(100)));
            let until = Instant::now() + LIMIT;
            while n == 0 && !log.queue.is_writing() {
                assert!(Instant::now() < until, "nobody writes");
                std::thread::yield_now();
            }
        }
        assert!(!log.flush(Duration::from_millis(1)));
        let read = std::thread::spawn(move || {
            let mut text = String::new();
            io::Read::read_to_string(&mut reader, &mut text).unwrap();
            text
        });
        assert!(log.flush(LIMIT));
        log.info("the end");
        drop(log);
        let text = read.join().unwrap();
        let text = text.trim_start_matches('\n');
        let number = |line: &str| line.split(' ').nth(1)?.parse::<usize>().ok();
        let lines: Vec<&str> = text.lines().collect();
        let (end, lines) = lines.split_last().unwrap();
        let (lost, lines) = lines.split_last().unwrap();
        assert_eq!(*end, "faild: the end");
        assert!(lines.len() >= QUEUE_LINES_MAX);
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(number(line), Some(n), "{line}");
        }
        let lost_expected = said - lines.len();
        assert!(
            lost.contains(&format!("{lost_expected} lines lost")),
            "{lost}"
        );
    }

    #[test]
    fn the_last_lines_are_written_when_the_log_ends() {
        let kept = Kept::default();
        let log = Log::to("faild", kept.clone());
        for n in 0..100 {
            log.facility("any").info(n);
        }
        drop(log);
        let expected: String = (0..100).map(|n| format!("faild: {n}\n")).collect();
        assert_eq!(kept.take(), expected);
    }

    #[test]
    fn a_silent_log_has_no_thread() {
        let log = Log::stderr("test");
        assert!(!log.queue.is_started());
        assert!(log.flush(Duration::ZERO));
    }
}
