//! Writes what a program knows into a file for people, now and then, without being held up.
//!
//! A thread of its own makes the text and writes it. The place may be in a directory where
//! everybody may write, so nothing is followed, and nothing is written into what somebody
//! else has put there:
//!
//! * a regular file is never opened, but replaced by a new one that only its owner may read:
//!   what a hard link leads to keeps its content;
//! * a FIFO that this user or root has made is opened once and kept open, so that its reader
//!   sees one dump after the other; what does not fit is thrown away, and the log says so;
//! * everything else is refused: symbolic links, devices, and what belongs to anybody else.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::geteuid;

use crate::files;
use crate::log::Log;
use crate::reason;

/// Dumps that wait while one is written. Who asks more often gets fewer.
const WAITING_MAX: usize = 1;

/// How long the reader of a FIFO has for the next piece.
const READER_MAX: Duration = Duration::from_millis(500);

/// Makes the text, in the thread that writes it.
pub type Text = Box<dyn FnOnce() -> String + Send>;

/// A place to dump to.
pub struct Dump {
    path: PathBuf,
    log: Log,
    thread: Option<SyncSender<Text>>,
}

impl Dump {
    /// Nothing happens to this file, and no thread is started, before the first dump.
    pub fn new(path: &Path, log: Log) -> Dump {
        Dump {
            path: path.to_path_buf(),
            log,
            thread: None,
        }
    }

    /// Writes this, soon. When the last one is not written yet, this one is left out.
    pub fn write(&mut self, text: Text) {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => match self.start() {
                Ok(thread) => thread,
                Err(e) => {
                    let why = reason::words(&e);
                    return self
                        .log
                        .warn(format_args!("no dump: no thread for it: {why}"));
                }
            },
        };
        if thread.try_send(text).is_err() {
            self.log
                .warn("a dump is left out: the last one is still being written");
        }
        self.thread = Some(thread);
    }

    fn start(&self) -> io::Result<SyncSender<Text>> {
        let (sender, texts) = mpsc::sync_channel(WAITING_MAX);
        let writer = Writer {
            path: self.path.clone(),
            fifo: None,
            cut: false,
        };
        let log = self.log.clone();
        let write = move || serve(writer, &texts, &log);
        thread::Builder::new().name("dump".into()).spawn(write)?;
        Ok(sender)
    }
}

/// The thread. It ends with the program or with its [`Dump`].
fn serve(mut writer: Writer, texts: &Receiver<Text>, log: &Log) {
    // With a dump each second, the same complaint each second would be the whole log.
    let mut last = String::new();
    while let Ok(text) = texts.recv() {
        let path = writer.path.display().to_string();
        match writer.write(&text()) {
            Ok(Done::Replaced) => {
                last.clear();
                log.info(format_args!("the state is dumped to {path}"));
            }
            Ok(Done::Sent) => last.clear(),
            Err(e) => {
                let why = reason::words(&e);
                if why != last {
                    log.warn(format_args!("dump to {path}: {why}"));
                    last = why;
                }
            }
        }
    }
}

/// A FIFO, and which one it is.
struct Fifo {
    file: File,
    is: (u64, u64),
}

struct Writer {
    path: PathBuf,
    fifo: Option<Fifo>,
    /// The last dump was not written to its end.
    cut: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Done {
    Replaced,
    Sent,
}

impl Writer {
    fn write(&mut self, text: &str) -> io::Result<Done> {
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => Some(found),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        if let Some(found) = &found {
            admit(found)?;
        }
        match found.filter(|found| found.file_type().is_fifo()) {
            Some(fifo) => self.send(&fifo, text).map(|()| Done::Sent),
            None => {
                self.fifo = None;
                files::replace(&self.path, text.as_bytes()).map(|()| Done::Replaced)
            }
        }
    }

    fn send(&mut self, found: &Metadata, text: &str) -> io::Result<()> {
        let is = (found.dev(), found.ino());
        let fifo = match self.fifo.take().filter(|fifo| fifo.is == is) {
            Some(fifo) => fifo,
            None => {
                self.cut = false;
                open(&self.path, is)?
            }
        };
        let fifo = self.fifo.insert(fifo);
        let mark = if self.cut {
            "\n(the dump before this one was cut short)\n"
        } else {
            ""
        };
        self.cut = true;
        for piece in [mark, text] {
            put(&mut fifo.file, piece.as_bytes())?;
        }
        self.cut = false;
        Ok(())
    }
}

/// Whether this may be written to, or replaced.
fn admit(found: &Metadata) -> io::Result<()> {
    let kind = found.file_type();
    let refuse = |why: &str| Err(io::Error::other(format!("{why}; nothing is written")));
    if kind.is_symlink() {
        return refuse("it is a symbolic link, which is not followed");
    }
    if !kind.is_file() && !kind.is_fifo() {
        return refuse("it is neither a regular file nor a FIFO");
    }
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return refuse("it belongs to another user");
    }
    Ok(())
}

/// Opens a FIFO for both ways: so it needs no reader, and its reader meets no end.
fn open(path: &Path, is: (u64, u64)) -> io::Result<Fifo> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY)
        .open(path)?;
    let opened = file.metadata()?;
    admit(&opened)?;
    if !opened.file_type().is_fifo() || (opened.dev(), opened.ino()) != is {
        return Err(io::Error::other(
            "somebody has just put something else there",
        ));
    }
    Ok(Fifo { file, is })
}

/// Writes all of it, as long as somebody goes on reading.
fn put(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    let mut end = Instant::now() + READER_MAX;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(count) => {
                bytes = &bytes[count..];
                end = Instant::now() + READER_MAX;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    let lost = "nobody reads the FIFO, and it is full; the rest is thrown away";
                    return Err(io::Error::other(lost));
                }
                let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
                poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], left)?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let name = format!("failover-dump-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Place(path)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn writer(&self) -> Writer {
            Writer {
                path: self.file("dump"),
                fifo: None,
                cut: false,
            }
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_and_only_its_owner_reads_it() {
        let place = Place::new("file");
        let (mut writer, dump) = (place.writer(), place.file("dump"));
        assert_eq!(writer.write("one").unwrap(), Done::Replaced);
        // Somebody has made a hard link to it meanwhile, or it is one to a file of value.
        fs::hard_link(&dump, place.file("other")).unwrap();
        assert_eq!(writer.write("2").unwrap(), Done::Replaced);
        assert_eq!(fs::read_to_string(&dump).unwrap(), "2");
        assert_eq!(fs::read_to_string(place.file("other")).unwrap(), "one");
        let mode = fs::metadata(&dump).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn nothing_is_followed_and_nothing_odd_is_written_to() {
        let place = Place::new("odd");
        let (mut writer, dump) = (place.writer(), place.file("dump"));
        fs::write(place.file("value"), "of value").unwrap();
        symlink(place.file("value"), &dump).unwrap();
        let why = writer.write("x").unwrap_err().to_string();
        assert!(why.contains("symbolic link"), "{why}");
        assert_eq!(fs::read_to_string(place.file("value")).unwrap(), "of value");
        fs::remove_file(&dump).unwrap();
        fs::create_dir(&dump).unwrap();
        let why = writer.write("x").unwrap_err().to_string();
        assert!(why.contains("neither a regular file nor a FIFO"), "{why}");
        writer.path = PathBuf::from("/dev/null");
        assert!(writer.write("x").is_err());
        // Only root can give something away.
        if geteuid().is_root() {
            for kind in ["file", "fifo"] {
                writer.path = place.file(kind);
                match kind {
                    "file" => fs::write(&writer.path, "theirs").unwrap(),
                    _ => nix::unistd::mkfifo(&writer.path, Mode::S_IRWXU).unwrap(),
                }
                std::os::unix::fs::chown(&writer.path, Some(12345), None).unwrap();
                let why = writer.write("x").unwrap_err().to_string();
                assert!(why.contains("another user"), "{why}");
            }
            assert_eq!(fs::read_to_string(place.file("file")).unwrap(), "theirs");
        }
    }

    #[test]
    fn a_fifo_is_kept_open_and_never_waited_for() {
        let place = Place::new("fifo");
        let (mut writer, dump) = (place.writer(), place.file("dump"));
        nix::unistd::mkfifo(&dump, Mode::S_IRWXU).unwrap();
        assert_eq!(writer.write("one\n").unwrap(), Done::Sent);
        assert_eq!(writer.write("two\n").unwrap(), Done::Sent);
        let long = "x".repeat(200_000);
        let why = writer.write(&long).unwrap_err().to_string();
        assert!(why.contains("nobody reads"), "{why}");
        // A reader comes, and goes on reading.
        let mut reader = File::open(&dump).unwrap();
        let thread = thread::spawn(move || {
            let (mut seen, mut piece) = (String::new(), [0; 5_000]);
            while !seen.ends_with("the end") {
                let count = reader.read(&mut piece).unwrap();
                seen += std::str::from_utf8(&piece[..count]).unwrap();
            }
            seen
        });
        assert_eq!(writer.write(&format!("{long}the end")).unwrap(), Done::Sent);
        let seen = thread.join().unwrap();
        assert!(seen.starts_with("one\ntwo\nxxx"), "{}", &seen[..20]);
        assert!(seen.contains("\n(the dump before this one was cut short)\nxxx"));
        // Another one in its place.
        fs::remove_file(&dump).unwrap();
        nix::unistd::mkfifo(&dump, Mode::S_IRWXU).unwrap();
        assert_eq!(writer.write("three").unwrap(), Done::Sent);
        let mut bytes = [0; 5];
        let mut reader = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&dump)
            .unwrap();
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"three");
    }
}
