//! Options of failstat.

use clap::ValueHint;

use crate::community::Community;
use crate::host::HostPort;
use crate::ports;
use crate::seconds::Seconds;

/// Shows what a faild holds
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "failstat", version)]
pub struct Failstat {
    /// The failds to ask
    #[arg(value_name = "HOST[:PORT]", default_value = "127.0.0.1", value_hint = ValueHint::Hostname)]
    pub hosts: Vec<HostPort>,

    /// The port of hosts that name none
    #[arg(short, long, default_value_t = ports::FAILD, value_parser = ports::port)]
    pub port: u16,

    /// What the failds are asked with.
    #[command(flatten)]
    pub community: Community,

    /// Print JSON
    #[arg(short, long, conflicts_with = "matrix")]
    pub json: bool,

    /// A row for each service, a column for each host; first what is UP on two hosts at once
    #[arg(short = 'x', long)]
    pub matrix: bool,

    /// Show what each faild has counted since it was started
    #[arg(long, conflicts_with_all = ["matrix", "limits"])]
    pub stats: bool,

    /// Show the limits of each faild
    #[arg(long, conflicts_with = "matrix")]
    pub limits: bool,

    /// Show it again and again, this often, until interrupted [default: 1s]
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1s")]
    pub watch: Option<Seconds>,

    /// Ask over TCP
    #[arg(short = 'T', long)]
    pub tcp: bool,

    /// How long to wait for an answer, per try: 0.5, 500ms
    #[arg(short, long, value_name = "SECONDS", default_value = "1s")]
    pub timeout: Seconds,

    /// How often to ask
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub tries: u32,
}
