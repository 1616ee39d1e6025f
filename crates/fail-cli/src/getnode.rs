//! Options of getnode.

use std::ffi::OsString;

use clap::ValueHint;

use crate::host::HostList;
use crate::ports;
use crate::seconds::Seconds;

/// Shows what a health checker knows
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "getnode", version)]
pub struct Getnode {
    /// The hc to ask, by the port of its monitor; several with commas between them
    #[arg(value_name = "HOST[:PORT]", default_value = "127.0.0.1", value_hint = ValueHint::Hostname)]
    pub hosts: HostList,

    /// The targets to show, with % for any letters; all, if none is named
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,

    /// The port of hosts that name none
    #[arg(short, long, default_value_t = ports::HC, value_parser = ports::port)]
    pub port: u16,

    /// Print JSON
    #[arg(short, long, group = "form")]
    pub json: bool,

    /// Print one line and exit as a Nagios plugin does: 0 all up, 1 a warning, 2 one is down, 3 not
    /// known
    #[arg(short, long, group = "form")]
    pub nagios: bool,

    /// Print figures for Prometheus
    #[arg(long, group = "form")]
    pub metrics: bool,

    /// Print the tree of dependencies
    #[arg(long, group = "form")]
    pub tree: bool,

    /// Print the history of each target
    #[arg(long, group = "form")]
    pub history: bool,

    /// Show every change from now on, until interrupted
    #[arg(short, long, conflicts_with_all = ["nagios", "metrics", "tree", "history"])]
    pub watch: bool,

    /// How long to wait for an answer
    #[arg(short, long, value_name = "SECONDS", default_value = "3s")]
    pub timeout: Seconds,
}

impl Getnode {
    /// Whether these words ask for a plugin of Nagios, even if they can not be read: Nagios wants
    /// to hear of that as of all else.
    pub fn is_plugin(words: impl Iterator<Item = OsString>) -> bool {
        let words = words.map(|word| word.to_string_lossy().into_owned());
        let mut options = words.take_while(|word| word != "--");
        options.any(|word| match word.strip_prefix('-') {
            Some("-nagios") => true,
            // Behind -p and -t stands a value.
            Some(short) if !short.starts_with('-') => {
                let mut letters = short.chars().take_while(|c| !"pt".contains(*c));
                letters.any(|c| c == 'n')
            }
            _ => false,
        })
    }
}
