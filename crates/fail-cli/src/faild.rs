//! Options of faild.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::ports;
use crate::size::Size;

/// State daemon of the failover suite: holds the state of services and answers queries
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "faild", version)]
pub struct Faild {
    /// Stay in the foreground and log to standard error
    #[arg(short = 'F', long)]
    pub foreground: bool,

    /// Who may read and change what; without it `public` may read, and change from this host
    #[arg(short, long, value_name = "FILE")]
    pub community_file: Option<PathBuf>,

    /// Where states and wishes outlive a restart; without it they do not
    #[arg(short, long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,

    /// Write the process id to this file
    #[arg(short = 'r', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,

    /// Run as this user, by name or number, once everything is open
    #[arg(short, long)]
    pub user: Option<String>,

    /// Lock all memory: nothing of it is swapped out
    #[arg(short = 'm', long)]
    pub lock_memory: bool,

    /// Lower the nice value by this much
    #[arg(short = 'n', long, value_name = "NONNICE", value_parser = clap::value_parser!(i32).range(1..=39))]
    pub nonnice: Option<i32>,

    /// Keep capabilities, files and system calls that are not needed after the start
    #[arg(long)]
    pub no_sandbox: bool,

    /// Answer over TCP only
    #[arg(short = 'T', long, conflicts_with = "udp_only")]
    pub tcp_only: bool,

    /// Answer over UDP only
    #[arg(short = 'U', long)]
    pub udp_only: bool,

    /// UDP and TCP port to answer on
    #[arg(short, long, default_value_t = ports::FAILD, value_parser = ports::or_any)]
    pub port: u16,

    /// IPv4 or IPv6 address to answer on; may be repeated
    #[arg(
        short,
        long = "address",
        value_name = "ADDRESS",
        default_value = "0.0.0.0"
    )]
    pub addresses: Vec<IpAddr>,

    /// Record what happens to this file, for failsh --replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// End the recording at this size
    #[arg(long, value_name = "SIZE", default_value = "1G", requires = "record")]
    pub record_max: Size,

    /// Log more about this facility, a level per repetition; implies --foreground
    #[arg(short, long, value_name = "FACILITY")]
    pub debug: Vec<String>,
}

impl Faild {
    /// Whether the program stays in the foreground.
    pub fn stays_in_foreground(&self) -> bool {
        self.foreground || !self.debug.is_empty()
    }
}
