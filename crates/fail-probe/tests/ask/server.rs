//! Servers of Debian, unpacked by `scripts/test` and run here in a folder of their own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use fail_core::watch::{Finding, Verdict};

use crate::LIMIT;

/// A server, which ends with this.
pub struct Server {
    child: Child,
    pub folder: PathBuf,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn skipped(why: &str) {
    // Past the capture of the runner, or nobody would see it.
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}

/// Where a package is unpacked, if it is.
pub fn unpacked(package: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debian");
    let folder = folder.join(package);
    let there = folder.join("unpacked").exists();
    if !there {
        skipped(&format!("{package} is not unpacked (scripts/test does it)"));
    }
    there.then(|| folder.canonicalize().unwrap())
}

/// A program of an unpacked package, with its libraries.
pub fn program(package: &Path, path: &str) -> Command {
    let mut command = Command::new(package.join(path));
    command.env("LD_LIBRARY_PATH", package.join("usr/lib/x86_64-linux-gnu"));
    command
}

pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("fail-probe-{name}-{}-{n}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir(&path).unwrap();
    path
}

/// A port on which nobody listens, neither over TCP nor over UDP, of IPv4 and IPv6.
pub fn free_port() -> u16 {
    crate::ports::free(&["127.0.0.1", "::1"])
}

/// Starts it, and waits until this check is good.
pub fn start(
    mut command: Command,
    folder: PathBuf,
    port: u16,
    mut check: impl FnMut() -> Finding,
) -> Server {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    command.stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let child = command.spawn().unwrap();
    let mut server = Server {
        child,
        folder,
        port,
    };
    let begin = Instant::now();
    loop {
        let found = check();
        if found.verdict == Verdict::Good {
            return server;
        }
        let ended = server.child.try_wait().unwrap();
        if ended.is_some() || begin.elapsed() > LIMIT {
            let log = std::fs::read_to_string(server.folder.join("log")).unwrap();
            panic!("{command:?} does not serve ({ended:?}): {found:?}\n{log}");
        }
        // Until it listens the check is refused at once.
        std::thread::yield_now();
    }
}
