//! Options of failsh.

use std::path::{Path, PathBuf};

use crate::community::Community;
use crate::host::HostPort;
use crate::listen::Listen;
use crate::size::Size;

/// Where the state is dumped to on SIGINT, as in the original.
pub const DEFAULT_DUMP: &str = "/var/tmp/failsh.dump";

/// Where consoles find a running failsh.
pub const DEFAULT_SOCKET: &str = "/run/failsh.sock";

/// Failover shell: asks the other hosts, decides, and starts and stops services
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "failsh", version)]
pub struct Failsh {
    /// Policy in Tcl; a directory means its *.tcl in order; may be repeated
    #[arg(
        short = 'f',
        long = "policy",
        value_name = "FILE",
        required_unless_present_any = ["console", "attach", "release", "rehearse", "replay"]
    )]
    pub policies: Vec<PathBuf>,

    /// "-": be an interactive shell, or run a script from standard input
    #[arg(value_name = "-", value_parser = ["-"], conflicts_with_all = ["check", "attach", "release"])]
    pub console: Option<String>,

    /// Be the console of a running failsh
    #[arg(
        long,
        value_name = "SOCKET",
        num_args = 0..=1,
        default_missing_value = DEFAULT_SOCKET,
        conflicts_with_all = ["policies", "check", "release"]
    )]
    pub attach: Option<PathBuf>,

    /// Have a running failsh stop what this host serves, and end it
    #[arg(long, conflicts_with_all = ["policies", "check"])]
    pub release: bool,

    /// Rehearse the policy: play this scenario and tell what comes of it
    #[arg(
        long, group = "tells",
        value_name = "SCENARIO",
        conflicts_with_all = ["console", "attach", "release", "check", "record", "replay"]
    )]
    pub rehearse: Option<PathBuf>,

    /// Tell it as one JSON document; also with --replay and --policy
    #[arg(long, requires = "tells")]
    pub json: bool,

    /// Tell it as one HTML page
    #[arg(long, requires = "rehearse", conflicts_with_all = ["json", "replay"])]
    pub html: bool,

    /// Tell everything: also commands, events and logs
    #[arg(long, requires = "rehearse", conflicts_with = "replay")]
    pub full: bool,

    /// Draw all chance from this number
    #[arg(
        long,
        requires = "rehearse",
        conflicts_with = "replay",
        value_name = "N"
    )]
    pub seed: Option<u64>,

    /// Read the policy, print it in normal form or say what is wrong, and exit
    #[arg(long)]
    pub check: bool,

    /// Stay in the foreground and log to standard error
    #[arg(short = 'F', long)]
    pub foreground: bool,

    /// The faild of this host
    #[arg(
        short,
        long,
        value_name = "HOST[:PORT]",
        default_value = "127.0.0.1:1847"
    )]
    pub server: HostPort,

    /// Ask the faild of this host over TCP
    #[arg(short = 'T', long)]
    pub tcp: bool,

    /// What the local faild is asked with.
    #[command(flatten)]
    pub community: Community,

    /// Write the process id to this file
    #[arg(short = 'i', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,

    /// Write the state to this file on SIGINT; a FIFO is kept open
    #[arg(short = 'l', long, value_name = "FILE", default_value = DEFAULT_DUMP)]
    pub dump_file: PathBuf,

    /// Where monitors are served: a port on loopback (1848), address:port, or none
    #[arg(short, long, value_name = "[ADDRESS:]PORT")]
    pub monitor: Option<Listen>,

    /// Where faildebug is served: a port on loopback (1849), address:port, or none
    #[arg(short = 'D', long, value_name = "[ADDRESS:]PORT")]
    pub debug_port: Option<Listen>,

    /// The socket by which consoles reach this failsh (/run/failsh.sock), or none
    #[arg(long, value_name = "SOCKET")]
    pub socket: Option<PathBuf>,

    /// Record what happens to this file, for failsh --replay
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "attach", "release", "replay"])]
    pub record: Option<PathBuf>,

    /// End the recording at this size
    #[arg(long, value_name = "SIZE", default_value = "1G", requires = "record")]
    pub record_max: Size,

    /// Replay what a faild or failsh has recorded, and say whether this build does the same;
    /// with --policy: where that policy would have decided otherwise
    #[arg(
        long,
        group = "tells",
        value_name = "FILE",
        conflicts_with_all = ["console", "check", "attach", "release"]
    )]
    pub replay: Option<PathBuf>,

    /// Log more about this facility, a level per repetition; implies --foreground
    #[arg(short, long, value_name = "FACILITY")]
    pub debug: Vec<String>,
}

impl Failsh {
    /// Whether the program stays in the foreground.
    pub fn stays_in_foreground(&self) -> bool {
        self.foreground || !self.debug.is_empty() || self.console.is_some()
    }

    /// Where consoles find the failsh that is meant.
    pub fn socket(&self) -> &Path {
        let default = Path::new(DEFAULT_SOCKET);
        self.socket.as_deref().unwrap_or(default)
    }
}
