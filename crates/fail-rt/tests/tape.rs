//! A recording's file: made without harm to others, safe before it is waited for no longer,
//! and never in the way of a loop.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fail_rt::log::Log;
use fail_rt::tape::{self, Tape, WAITING_MAX};

const HEAD: &[u8] = b"{\"head";

/// A directory of its own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("tape-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Place(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("file")
    }

    fn old(&self) -> PathBuf {
        self.0.join("file.old")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn log(&self) -> Log {
        Log::to("test", self.clone())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_earlier_recording_is_set_aside_and_nothing_else_is_touched() {
    let place = Place::new("create");
    let file = tape::create(&place.file(), HEAD).unwrap();
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    drop(file);
    // One with nothing in it is one, too.
    tape::create(&place.file(), HEAD).unwrap();
    fs::write(place.file(), "{\"header\":1}").unwrap();
    tape::create(&place.file(), HEAD).unwrap();
    assert_eq!(fs::read_to_string(place.old()).unwrap(), "{\"header\":1}");
    fs::write(place.file(), "my diary").unwrap();
    let refused = tape::create(&place.file(), HEAD).unwrap_err();
    assert!(
        refused
            .ends_with("there is something that is no recording; remove it or name another file"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "my diary");
    fs::write(place.file(), HEAD).unwrap();
    fs::write(place.old(), "my diary").unwrap();
    let refused = tape::create(&place.file(), HEAD).unwrap_err();
    assert!(refused.contains("file.old: there is"), "{refused}");
    assert_eq!(fs::read_to_string(place.old()).unwrap(), "my diary");
    fs::remove_file(place.file()).unwrap();
    symlink(place.old(), place.file()).unwrap();
    let refused = tape::create(&place.file(), HEAD).unwrap_err();
    assert!(
        refused.ends_with("it is a symbolic link; remove it"),
        "{refused}"
    );
    fs::remove_file(place.file()).unwrap();
    fs::create_dir(place.file()).unwrap();
    assert!(tape::create(&place.file(), HEAD).is_err());
    let nowhere = tape::create(&place.0.join("no/file"), HEAD).unwrap_err();
    assert!(nowhere.ends_with("no such file or directory"), "{nowhere}");
}

#[test]
fn what_was_put_first_is_in_the_file() {
    let (place, said) = (Place::new("first"), Said::default());
    let file = tape::create(&place.file(), HEAD).unwrap();
    let mut tape = Tape::new(file, &place.file(), 1 << 20, &said.log()).unwrap();
    let mut text = String::new();
    for n in 0..200 {
        text += &format!("{n}\n");
        assert!(tape.put_first(format!("{n}\n").as_bytes()));
        // On a busy machine the disk is slow now and then.
        let there = fs::read_to_string(place.file()).unwrap() == text;
        assert!(there || tape.is_late(), "{n}");
        text += "out\n";
        assert!(tape.put(b"out\n"));
    }
    drop(tape);
    assert_eq!(fs::read_to_string(place.file()).unwrap(), text);
    assert_eq!(said.text(), "");
}

#[test]
fn the_largest_size_is_kept_and_the_last_line_says_so() {
    let (place, said) = (Place::new("size"), Said::default());
    let file = tape::create(&place.file(), HEAD).unwrap();
    let log = said.log();
    let mut tape = Tape::new(file, &place.file(), 5_000, &log).unwrap();
    let line = [b"x".repeat(99), b"\n".to_vec()].concat();
    let taken = (0..100).take_while(|_| tape.put_first(&line)).count();
    assert!(!tape.put(&line), "it is over");
    drop(tape);
    let text = fs::read_to_string(place.file()).unwrap();
    assert!(text.len() <= 5_000);
    assert_eq!(text.lines().count(), taken + 1);
    assert!(
        text.ends_with("{\"end\":\"it has its largest size, 5000 bytes\"}\n"),
        "{text}"
    );
    assert!(log.flush(Duration::from_secs(10)));
    assert_eq!(said.text().lines().count(), 1, "{}", said.text());
    assert!(
        said.text()
            .contains("the recording ends: it has its largest size")
    );
}

#[test]
fn a_disk_that_hangs_holds_nobody_up_and_ends_the_recording() {
    let said = Said::default();
    let log = said.log();
    // A stream that nobody reads is as good as a disk that hangs.
    let (mut hung, end) = UnixStream::pair().unwrap();
    let file = File::from(std::os::fd::OwnedFd::from(end));
    let mut tape = Tape::new(file, &PathBuf::from("file"), 1 << 30, &log).unwrap();
    let line = [b"x".repeat(9_999), b"\n".to_vec()].concat();
    let taken = (0..10_000).take_while(|_| tape.put_first(&line)).count();
    assert!(taken * 10_000 > WAITING_MAX && taken < 10_000, "{taken}");
    assert!(tape.is_late(), "it is no longer waited for");
    assert!(!tape.put_first(&line));
    assert!(log.flush(Duration::from_secs(10)));
    assert!(
        said.text()
            .contains("the recording ends: the disk does not take it")
    );
    assert_eq!(said.text().lines().count(), 1);
    let reader = std::thread::spawn(move || hung.read_to_end(&mut Vec::new()).unwrap());
    drop(tape);
    assert!(reader.join().unwrap() > WAITING_MAX / 2);
}

#[test]
fn a_full_disk_ends_the_recording_with_one_line() {
    let said = Said::default();
    let log = said.log();
    let full = File::options().append(true).open("/dev/full").unwrap();
    let mut tape = Tape::new(full, &PathBuf::from("file"), 1 << 30, &log).unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while tape.put_first(b"line\n") {
        assert!(Instant::now() < end, "nobody has noticed");
    }
    assert!(!tape.put(b"line\n"));
    assert!(log.flush(Duration::from_secs(10)));
    let text = said.text();
    assert!(
        text.contains("file: the recording ends: no space left on device"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
}
