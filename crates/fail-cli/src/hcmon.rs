//! Options of hcmon.cgi, for when it is not a web server that starts it.

use std::path::PathBuf;

use clap::ValueHint;

use crate::host::HostPort;
use crate::ports;
use crate::seconds::{self, Seconds};

/// Shows health checkers as a page
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "hcmon", version)]
pub struct Hcmon {
    /// The hcs to show, by the port of their monitors; nothing: those of the file
    #[arg(value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname)]
    pub hosts: Vec<HostPort>,

    /// A file that names them, one in each line
    #[arg(short, long, value_name = "FILE", default_value = "/etc/failover/hcmon.hosts", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// The port of hosts that name none
    #[arg(short, long, default_value_t = ports::HC, value_parser = ports::port)]
    pub port: u16,

    /// How long to wait for an answer
    #[arg(short, long, value_name = "SECONDS", default_value = "3s")]
    pub timeout: Seconds,

    /// Have the browser read the page again so often
    #[arg(short, long, value_name = "SECONDS", default_value = "10s", value_parser = seconds::refresh)]
    pub refresh: Seconds,
}

impl Hcmon {
    /// Everything as it is when nothing is said: for one who must not read a command line.
    pub fn silent() -> Hcmon {
        <Hcmon as clap::Parser>::parse_from(["hcmon"])
    }
}
