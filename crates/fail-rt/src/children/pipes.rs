//! Our ends of a job's pipes: what is fed to it and what is collected from it. Each moves a
//! bounded number of bytes per turn, keeps a bounded number, and never blocks.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use fail_core::limits::OUTPUT_BYTES_MAX;
use mio::Interest;

use crate::poller::Desk;

/// Bytes moved through one pipe in one turn: four times what a pipe holds. A child that
/// writes without end can not starve the rest.
const TURN_BYTES_MAX: usize = 256 * 1024;

/// What a descriptor of a job is for; its place in the numbers of a job.
pub(super) const PIPES: usize = 3;
const STDIN: usize = 0;
const STDOUT: usize = 1;
const STDERR: usize = 2;

/// Our ends as they were opened, none where there is no pipe. They do not block.
#[derive(Default)]
pub(super) struct Opened {
    pub stdin: Option<(File, Vec<u8>)>,
    pub stdout: Option<File>,
    pub stderr: Option<File>,
}

/// Our ends, watched.
pub(super) struct Pipes {
    stdin: Feed,
    stdout: Collect,
    stderr: Collect,
}

/// What was collected.
pub(super) struct Collected {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub cut: bool,
}

impl Pipes {
    /// Under the numbers from `first` on.
    pub fn watch(opened: Opened, desk: &Desk, first: usize) -> io::Result<Pipes> {
        let (file, bytes) = opened.stdin.unzip();
        let end = |file, n, interest| End::watch(file, desk, first + n, interest);
        let collect = |file, n| {
            Ok::<_, io::Error>(Collect {
                end: end(file, n, Interest::READABLE)?,
                bytes: Vec::new(),
                cut: false,
            })
        };
        Ok(Pipes {
            stdin: Feed {
                end: end(file, STDIN, Interest::WRITABLE)?,
                bytes: bytes.unwrap_or_default(),
                at: 0,
            },
            stdout: collect(opened.stdout, STDOUT)?,
            stderr: collect(opened.stderr, STDERR)?,
        })
    }

    /// Something can be moved through the pipe of this number.
    pub fn on_ready(&mut self, desk: &Desk, n: usize) {
        match n % PIPES {
            STDIN => self.stdin.on_ready(desk),
            STDOUT => self.stdout.on_ready(desk),
            _ => self.stderr.on_ready(desk),
        }
    }

    /// Nobody will write any more.
    pub fn are_at_end(&self) -> bool {
        self.stdout.end.file.is_none() && self.stderr.end.file.is_none()
    }

    /// Takes what is still there, and closes.
    pub fn close(mut self, desk: &Desk) -> Collected {
        self.stdout.on_ready(desk);
        self.stderr.on_ready(desk);
        for end in [
            &mut self.stdin.end,
            &mut self.stdout.end,
            &mut self.stderr.end,
        ] {
            end.close(desk);
        }
        Collected {
            stdout: self.stdout.bytes,
            stderr: self.stderr.bytes,
            cut: self.stdout.cut || self.stderr.cut,
        }
    }
}

/// A registered end of a pipe; none when it is closed.
struct End {
    file: Option<File>,
    n: usize,
}

impl End {
    fn watch(file: Option<File>, desk: &Desk, n: usize, what: Interest) -> io::Result<End> {
        if let Some(file) = &file {
            desk.watch(file, n, what)?;
        }
        Ok(End { file, n })
    }

    fn close(&mut self, desk: &Desk) {
        if let Some(file) = self.file.take() {
            desk.forget(&file);
        }
    }

    /// Moves bytes until the pipe would block, it is closed or the turn is over.
    fn turn(
        &mut self,
        desk: &Desk,
        interest: Interest,
        mut step: impl FnMut(&mut File) -> io::Result<usize>,
    ) {
        let Some(file) = &mut self.file else {
            return;
        };
        let mut moved = 0;
        while moved < TURN_BYTES_MAX {
            match step(file) {
                Ok(0) => return self.close(desk),
                Ok(n) => moved += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // The reader has gone, which is its right.
                Err(_) => return self.close(desk),
            }
        }
        desk.rearm(file, self.n, interest);
    }
}

/// What a job reads.
struct Feed {
    end: End,
    bytes: Vec<u8>,
    at: usize,
}

impl Feed {
    fn on_ready(&mut self, desk: &Desk) {
        let Feed { end, bytes, at } = self;
        end.turn(desk, Interest::WRITABLE, |file| {
            if *at == bytes.len() {
                return Ok(0);
            }
            let n = file.write(&bytes[*at..])?;
            *at += n;
            Ok(n)
        });
    }
}

/// What a job writes.
struct Collect {
    end: End,
    bytes: Vec<u8>,
    cut: bool,
}

impl Collect {
    fn on_ready(&mut self, desk: &Desk) {
        let Collect { end, bytes, cut } = self;
        let mut buffer = [0; 16 * 1024];
        end.turn(desk, Interest::READABLE, |file| {
            let n = file.read(&mut buffer)?;
            let kept = n.min(OUTPUT_BYTES_MAX - bytes.len());
            bytes.extend_from_slice(&buffer[..kept]);
            *cut |= kept < n;
            Ok(n)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::poller::Poller;
    use fail_core::time::Span;
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::unistd::pipe2;

    #[test]
    fn a_pipe_that_holds_more_than_a_turn_is_told_again() {
        let mut poller = Poller::new().unwrap();
        let desk = poller.desk().unwrap();
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).unwrap();
        // A child may do that to its output.
        fcntl(&write, FcntlArg::F_SETPIPE_SZ(1 << 20)).unwrap();
        let sent = vec![b'x'; 2 * TURN_BYTES_MAX + 1];
        assert_eq!(nix::unistd::write(&write, &sent).unwrap(), sent.len());
        drop(write);
        let opened = Opened {
            stdout: Some(File::from(read)),
            ..Opened::default()
        };
        let mut pipes = Pipes::watch(opened, &desk, 3 * PIPES).unwrap();
        let limit = clock::now().mono + Span::from_secs(30);
        let mut turns = 0;
        while !pipes.are_at_end() {
            assert!(clock::now().mono < limit, "silent after {turns} turns");
            for event in poller.wait(Some(limit)).unwrap() {
                pipes.on_ready(&desk, desk.number(event.token()).unwrap());
                turns += 1;
            }
        }
        assert_eq!((turns, pipes.close(&desk).stdout == sent), (3, true));
    }
}
