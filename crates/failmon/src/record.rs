//! What was seen, in a file, and played again: for bug reports, and to show a fail-over to
//! somebody who was not there.
//!
//! JSON lines. The first says who was looked at and when it begins, each other one what was
//! seen of whom, and when. No community is in the stream, so none is in the file; reasons and
//! settings are, so it is for its owner only (0600). It has a largest size. A file whose last
//! line is torn, by a kill, is played up to there; whatever else is wrong is a sentence with
//! its line.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fail_cli::{Failure, exit};
use fail_client::follow::Seen;
use fail_client::monitor::{LINE_BYTES_MAX, Update};
use fail_client::words;
use serde::{Deserialize, Serialize};

use crate::source::{Came, Clock, NAP, Post};

/// The largest recording. At 500 services that all change each second, an hour.
pub const BYTES_MAX: u64 = 1 << 30;

/// The most targets: one who has made a file himself must not fill the memory.
const TARGETS_MAX: usize = 1_000;

/// A line holds a line of the stream and a little more.
const LINE_MAX: u64 = LINE_BYTES_MAX as u64 + 1_000;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// `failmon`, so that one sees what it is.
    failover: String,
    version: u32,
    release: String,
    from: i64,
    targets: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: i64,
    target: usize,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Connected(std::net::SocketAddr),
    Lost(String),
    Update(Update),
}

/// Writes what is seen.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Recorder {
    /// Makes the file, which must not be there yet.
    ///
    /// # Errors
    /// It can not be made.
    pub fn create(path: &Path, targets: &[String], now_ms: i64) -> Result<Recorder, Failure> {
        let bad = |e: std::io::Error| {
            let text = format!(
                "can not make the recording {}: {}",
                path.display(),
                words(&e)
            );
            Failure::new(exit::CANTCREAT, text)
        };
        // One that is there is not written over: it may be the only one of last night. So
        // nothing is followed either that somebody has laid there.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(bad)?;
        let mut recorder = Recorder {
            file,
            path: path.to_path_buf(),
            bytes: 0,
        };
        let head = Head {
            failover: "failmon".to_string(),
            version: 1,
            release: env!("CARGO_PKG_VERSION").to_string(),
            from: now_ms,
            targets: targets.to_vec(),
        };
        match recorder.put(&head) {
            Ok(()) => Ok(recorder),
            Err(sentence) => Err(Failure::new(exit::IOERR, sentence)),
        }
    }

    /// Writes what was seen.
    ///
    /// # Errors
    /// The recording ends here, with a sentence.
    pub fn write(&mut self, now_ms: i64, target: usize, seen: &Seen) -> Result<(), String> {
        let what = match seen {
            Seen::Connected(at) => What::Connected(*at),
            Seen::Lost(why) => What::Lost(why.clone()),
            Seen::Update(update) => What::Update(update.clone()),
        };
        self.put(&Line {
            at: now_ms,
            target,
            what,
        })
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), String> {
        let path = self.path.display();
        let mut text = serde_json::to_vec(line).map_err(|e| format!("{path}: {e}"))?;
        text.push(b'\n');
        self.bytes += text.len() as u64;
        if self.bytes > BYTES_MAX {
            return Err(format!(
                "{path} is full: it ends here, with {BYTES_MAX} bytes"
            ));
        }
        // One call for each line, so that what is there is whole.
        self.file
            .write_all(&text)
            .map_err(|e| format!("can not write {path}, it ends here: {}", words(&e)))
    }
}

/// A recording that can be played.
#[derive(Debug)]
pub struct Recording {
    /// Who was looked at.
    pub targets: Vec<String>,
    /// When it begins, in milliseconds since 1970.
    pub from: i64,
    path: PathBuf,
    lines: Lines,
}

#[derive(Debug)]
struct Lines {
    file: BufReader<File>,
    number: usize,
}

impl Lines {
    /// The next whole line; nothing: there is none.
    fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut line = Vec::new();
        let mut part = (&mut self.file).take(LINE_MAX);
        self.number += 1;
        match part.read_until(b'\n', &mut line) {
            Err(e) => Err(words(&e)),
            Ok(_) if line.ends_with(b"\n") => Ok(Some(line)),
            Ok(_) if line.len() as u64 >= LINE_MAX => Err("the line is too long".to_string()),
            // Nothing, or a torn end.
            Ok(_) => Ok(None),
        }
    }
}

impl Recording {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// It can not be read, or is none of ours.
    pub fn open(path: &Path) -> Result<Recording, Failure> {
        let named = |code, what: String| Failure::new(code, format!("{}: {what}", path.display()));
        let file = File::open(path).map_err(|e| named(exit::IOERR, words(&e)))?;
        let mut lines = Lines {
            file: BufReader::new(file),
            number: 0,
        };
        let no = || {
            named(
                exit::DATA,
                "line 1: this is no recording of failmon".to_string(),
            )
        };
        let first = lines
            .next()
            .map_err(|what| named(exit::IOERR, format!("line 1: {what}")))?;
        let head: Head = first
            .and_then(|line| serde_json::from_slice(&line).ok())
            .ok_or_else(no)?;
        if head.failover != "failmon" || head.targets.len() > TARGETS_MAX {
            return Err(no());
        }
        if head.version != 1 {
            let what = format!(
                "line 1: a recording of version {}, by failmon {}; this one plays version 1",
                head.version, head.release
            );
            return Err(named(exit::DATA, what));
        }
        Ok(Recording {
            targets: head.targets,
            from: head.from,
            path: path.to_path_buf(),
            lines,
        })
    }

    /// Plays it, in a thread of its own, by this clock.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn play(mut self, clock: Clock, post: Post) -> Result<(), Failure> {
        let run = move || {
            let problem = self.all(clock, &post).err();
            let path = self.path.display();
            let problem = problem.map(|what| format!("{path}: line {}: {what}", self.lines.number));
            post(Came::Over(problem));
        };
        let thread = thread::Builder::new().name("play".to_string()).spawn(run);
        thread
            .map(|_| ())
            .map_err(|e| Failure::new(exit::OSERR, format!("no thread: {e}")))
    }

    fn all(&mut self, clock: Clock, post: &Post) -> Result<(), String> {
        let mut last = self.from;
        while let Some(line) = self.lines.next()? {
            let line: Line = serde_json::from_slice(&line).map_err(|e| e.to_string())?;
            if line.target >= self.targets.len() {
                return Err(format!("there is no target {}", line.target));
            }
            // A clock that was set back while it was recorded does not stop it.
            last = last.max(line.at);
            while clock.now_ms() < last {
                thread::sleep(clock.until(last).min(NAP));
            }
            let seen = match line.what {
                What::Connected(at) => Seen::Connected(at),
                What::Lost(why) => Seen::Lost(why),
                What::Update(update) => Seen::Update(update),
            };
            if !post(Came::Seen(line.target, seen)) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A function that takes what comes as a [`Post`].
pub fn post(take: impl Fn(Came) -> bool + Send + Sync + 'static) -> Post {
    Arc::new(take)
}

impl Clock {
    /// How long it takes until this clock shows that.
    fn until(&self, at: i64) -> Duration {
        let ms = u64::try_from(at.saturating_sub(self.now_ms())).unwrap_or(0);
        let real = match self {
            Clock::Here => ms,
            // Never negative, and at most what fits.
            Clock::Played { speed, .. } => (ms as f64 / speed) as u64,
        };
        Duration::from_millis(real.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Dir {
            let path = std::env::temp_dir().join(format!("failmon-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Dir(path)
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn play(path: &Path) -> (Vec<String>, Option<String>) {
        let recording = Recording::open(path).unwrap();
        let clock = Clock::Played {
            from: recording.from,
            began: Instant::now(),
            speed: 1e9,
        };
        let (send, receive) = channel();
        recording
            .play(clock, post(move |came| send.send(came).is_ok()))
            .unwrap();
        let mut seen = Vec::new();
        loop {
            match receive.recv_timeout(Duration::from_secs(20)).unwrap() {
                Came::Seen(number, what) => seen.push(format!("{number} {what:?}")),
                Came::Over(problem) => return (seen, problem),
            }
        }
    }

    #[test]
    fn what_was_seen_is_seen_again() {
        let dir = Dir::new("again");
        let path = dir.0.join("r");
        let targets = ["hosta".to_string(), "hostb".to_string()];
        let mut recorder = Recorder::create(&path, &targets, 1_000).unwrap();
        let at = "192.0.2.1:1848".parse().unwrap();
        let all = [
            (0, Seen::Connected(at)),
            (0, Seen::Update(Update::Ready)),
            (1, Seen::Lost("nobody".to_string())),
            (
                0,
                Seen::Update(Update::Gone {
                    what: "service".into(),
                    name: "wéb".into(),
                }),
            ),
        ];
        for (n, (number, seen)) in all.iter().enumerate() {
            recorder.write(1_000_000 * n as i64, *number, seen).unwrap();
        }
        drop(recorder);
        let expected: Vec<String> = all
            .iter()
            .map(|(n, seen)| format!("{n} {seen:?}"))
            .collect();
        assert_eq!(play(&path), (expected.clone(), None));
        // A second one does not write over it.
        let second = Recorder::create(&path, &targets, 0).unwrap_err();
        assert!(second.to_string().contains("file exists"), "{second}");
        // A torn end is an end.
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        assert_eq!(play(&path), (expected[..3].to_vec(), None));
        // A broken line is a sentence.
        let text = String::from_utf8(whole)
            .unwrap()
            .replace("\"target\":1", "\"target\":7");
        std::fs::write(&path, text).unwrap();
        let (seen, problem) = play(&path);
        assert_eq!(seen, expected[..2]);
        assert!(
            problem
                .unwrap()
                .ends_with("r: line 4: there is no target 7")
        );
    }

    #[test]
    fn what_is_no_recording_is_said_to_be_none() {
        let dir = Dir::new("none");
        let path = dir.0.join("r");
        for text in [
            "",
            "{}",
            "{}\n",
            "\u{0}\n",
            "{\"failover\":\"recording\",\"version\":1}\n",
        ] {
            std::fs::write(&path, text).unwrap();
            let problem = Recording::open(&path).unwrap_err();
            assert!(
                problem
                    .to_string()
                    .ends_with("line 1: this is no recording of failmon")
            );
            assert_eq!(problem.code, exit::DATA);
        }
        assert_eq!(Recording::open(&dir.0).unwrap_err().code, exit::IOERR);
        assert_eq!(
            Recording::open(&dir.0.join("x")).unwrap_err().code,
            exit::IOERR
        );
    }
}
