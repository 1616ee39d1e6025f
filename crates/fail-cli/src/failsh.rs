//! Options of failsh.

use std::path::PathBuf;

use crate::community::Community;
use crate::host::HostPort;

/// Failover shell: asks the other hosts, decides, and starts and stops services
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "failsh", version)]
pub struct Failsh {
    /// Policy in Tcl; a directory means its *.tcl in order; may be repeated
    #[arg(short = 'f', long = "policy", value_name = "FILE", required = true)]
    pub policies: Vec<PathBuf>,

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

    /// What the local faild is asked with.
    #[command(flatten)]
    pub community: Community,

    /// Write the process id to this file
    #[arg(short = 'i', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,

    /// Log more about this facility, a level per repetition; implies --foreground
    #[arg(short, long, value_name = "FACILITY")]
    pub debug: Vec<String>,
}

impl Failsh {
    /// Whether the program stays in the foreground.
    pub fn stays_in_foreground(&self) -> bool {
        self.foreground || !self.debug.is_empty()
    }
}
