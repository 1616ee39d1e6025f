//! Options of hc.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueHint;

use crate::community::Community;
use crate::listen::Listen;
use crate::ports;

/// Health checker: checks targets and says what has changed
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "hc", version)]
pub struct Hc {
    /// Stay in the foreground and log to standard error
    #[arg(short = 'F', long)]
    pub foreground: bool,

    /// What is checked, how, and what is done about it
    #[arg(short, long, value_name = "HCFILE", default_value = "Hcfile", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Open the monitor, for getnode and hcmon.cgi
    #[arg(short, long)]
    pub monitor: bool,

    /// With --monitor: its TCP port
    #[arg(short, long, requires = "monitor", default_value_t = ports::HC, value_parser = ports::or_any)]
    pub port: u16,

    /// With --monitor: the address on which it listens; may be repeated
    #[arg(
        short,
        long = "address",
        value_name = "ADDRESS",
        requires = "monitor",
        default_value = "0.0.0.0"
    )]
    pub addresses: Vec<IpAddr>,

    /// Where states and history outlive a restart; without it they do not
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state_file: Option<PathBuf>,

    /// Write the process id to this file
    #[arg(short = 'r', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pid_file: Option<PathBuf>,

    /// Read the Hcfile, say what is wrong with it, and exit
    #[arg(short = 't', long, group = "instead", conflicts_with_all = ["monitor", "state_file", "pid_file"])]
    pub check: bool,

    /// Read the Hcfile, print it in its normal form, and exit
    #[arg(long, group = "instead", conflicts_with_all = ["monitor", "state_file", "pid_file"])]
    pub print: bool,

    /// Check these targets once, by names or patterns, all with "%"; print what was found, and exit
    /// as a Nagios plugin does. Nothing is done about it
    #[arg(long, value_name = "TARGET", num_args = 1.., group = "instead", conflicts_with_all = ["monitor", "state_file", "pid_file"])]
    pub once: Vec<String>,

    /// Run one check, given as in an Hcfile in one word; print what it found, and exit as a Nagios
    /// plugin does. No Hcfile is read
    #[arg(long, value_name = "CHECK", group = "instead", conflicts_with_all = ["monitor", "state_file", "pid_file", "file"])]
    pub probe: Option<String>,

    /// Call a procedure of a Tcl file, as hc does it for checks and actions that are written in
    /// Tcl. No Hcfile is read
    #[arg(long, value_names = ["FILE", "PROC", "WORD"], num_args = 2.., group = "instead", allow_hyphen_values = true, conflicts_with_all = ["monitor", "state_file", "pid_file", "file"])]
    pub tcl: Vec<String>,

    /// Where faildebug is served: a port on loopback (1850), address:port, or none
    #[arg(short = 'D', long, value_name = "[ADDRESS:]PORT")]
    pub debug_port: Option<Listen>,

    /// What faildebug must know.
    #[command(flatten)]
    pub community: Community,

    /// Log more about this facility, a level per repetition; implies --foreground
    #[arg(short, long, value_name = "FACILITY")]
    pub debug: Vec<String>,
}

impl Hc {
    /// Whether the program stays in the foreground.
    pub fn stays_in_foreground(&self) -> bool {
        self.foreground || !self.debug.is_empty()
    }
}
