//! Two cores: one for the server that is measured, the other for whoever asks it. And how long
//! a process has really run.

use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Which core does what.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    server: usize,
    load: usize,
}

impl Cores {
    /// The first two that this process may use; the one, if there is only one.
    pub fn choose() -> io::Result<Cores> {
        let all = sched_getaffinity(Pid::from_raw(0))?;
        let mut allowed = (0..CpuSet::count()).filter(|core| all.is_set(*core).unwrap_or(false));
        let server = allowed.next().unwrap_or(0);
        let load = allowed.next().unwrap_or(server);
        Ok(Cores { server, load })
    }

    /// Keeps the thread that calls, and what it starts from now on, on the core of the server.
    pub fn as_server(self) -> io::Result<()> {
        keep_to(self.server)
    }

    /// The same for the core of the load.
    pub fn as_load(self) -> io::Result<()> {
        keep_to(self.load)
    }
}

impl Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cores { server, load } = self;
        match server == load {
            false => write!(
                f,
                "Servers run on core {server} alone, whoever asks them on core {load}."
            ),
            true => write!(
                f,
                "There is one core: whoever asks takes time from the server, and all is slower."
            ),
        }
    }
}

fn keep_to(core: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
}

/// How long all threads of a process have run so far.
pub fn busy(pid: i32) -> io::Result<Duration> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // Nanoseconds on a core, nanoseconds in the queue, turns.
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let ran: Option<u64> = text.split(' ').next().and_then(|word| word.parse().ok());
        sum += ran.ok_or_else(|| io::Error::other(format!("schedstat says {text:?}")))?;
    }
    Ok(Duration::from_nanos(sum))
}
