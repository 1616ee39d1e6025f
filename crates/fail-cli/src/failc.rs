//! Options of failc.

use std::path::PathBuf;

use clap::ValueHint;

use crate::community::Community;
use crate::drill::Drill;
use crate::failsh::DEFAULT_SOCKET;
use crate::host::HostPort;
use crate::ports;
use crate::seconds::Seconds;

const USAGE: &str = "failc [OPTIONS] SERVICE
       failc [OPTIONS] SERVICE UP|RECOVER|FAIL [REASON]...
       failc [OPTIONS] hold|release|away|back SERVICE [REASON]...
       failc [OPTIONS] forget|history|why SERVICE
       failc [OPTIONS] watch [SERVICE]...
       failc [OPTIONS] reload
       failc [OPTIONS] drill SERVICE [HOST[:PORT]]...";

/// Reads or changes the state of a service in a faild
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "failc", version, override_usage = USAGE)]
pub struct Failc {
    /// The faild to ask
    #[arg(short, long, value_name = "HOST[:PORT]", default_value = "127.0.0.1", value_hint = ValueHint::Hostname)]
    pub server: HostPort,

    /// Its port, if --server names none
    #[arg(short, long, default_value_t = ports::FAILD, value_parser = ports::port)]
    pub port: u16,

    /// The failsh to ask why, and by a drill who serves, by the port of its monitor
    #[arg(
        short,
        long,
        value_name = "HOST[:PORT]",
        default_value = "127.0.0.1:1848",
        value_hint = ValueHint::Hostname
    )]
    pub monitor: HostPort,

    /// What the faild is asked with.
    #[command(flatten)]
    pub community: Community,

    /// Print nothing: the exit code is the state, 0 UP, 1 RECOVER, 2 FAIL
    #[arg(short, long)]
    pub quiet: bool,

    /// Print JSON, an object in each line
    #[arg(short, long, conflicts_with = "quiet")]
    pub json: bool,

    /// Ask over TCP
    #[arg(short = 'T', long)]
    pub tcp: bool,

    /// The control socket of the failsh that is to reload
    #[arg(long, value_name = "SOCKET", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,

    /// With reload: only say what the policy would have decided otherwise lately
    #[arg(long)]
    pub dry_run: bool,

    /// How long to wait for an answer, per try: 0.5, 500ms
    #[arg(short, long, value_name = "SECONDS", default_value = "1s")]
    pub timeout: Seconds,

    /// How often to ask
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub tries: u32,

    /// What a drill is to hold.
    #[command(flatten)]
    pub drill: Drill,

    /// A service to read; a service, its new state and why; a wish, a service and why; another
    /// verb and its service
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
}
