//! Options of failmon.

use std::path::PathBuf;

use clap::{ArgAction, ValueHint};

use crate::host::HostPort;
use crate::listen::Listen;
use crate::ports;
use crate::seconds::Seconds;

/// The forms that serve nothing. clap does not ask for what is required when something on the
/// command line excludes it: so they are named where something requires `--serve`.
const NOT_SERVED: [&str; 5] = ["curses", "lines", "once", "html", "json"];

/// Shows what failsh does
// -h is HTML, as it always was: help is --help only.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "failmon", version, disable_help_flag = true)]
pub struct Failmon {
    /// The failshs to look at, by the port of their monitors
    #[arg(value_name = "TARGET[:PORT]", default_value = "127.0.0.1", value_hint = ValueHint::Hostname)]
    pub targets: Vec<HostPort>,

    /// The port of targets that name none
    #[arg(short, long, default_value_t = ports::MONITOR, value_parser = ports::port)]
    pub port: u16,

    /// Use the terminal; this is the default
    #[arg(short, long, group = "form")]
    pub curses: bool,

    /// Print the state for each Return on standard input
    #[arg(short, long, group = "form")]
    pub lines: bool,

    /// Wait until everything was told once, print it, and exit
    #[arg(short = '1', long, group = "form")]
    pub once: bool,

    /// Print a page of HTML, and exit
    #[arg(short = 'h', long, group = "form")]
    pub html: bool,

    /// Print JSON, an object for each update; with -1 one of everything
    #[arg(short, long, conflicts_with_all = ["curses", "lines", "html", "serve"])]
    pub json: bool,

    /// Serve the page, live, and /api/v1, /metrics, /healthz
    #[arg(long, value_name = "[ADDRESS:]PORT", group = "form")]
    pub serve: Option<Listen>,

    /// With --serve: a file whose first line everybody must show who reads
    #[arg(long, value_name = "FILE", requires = "serve", conflicts_with_all = NOT_SERVED, value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// With --serve: the certificates of the server, for TLS
    #[arg(long, value_name = "FILE", requires_all = ["serve", "tls_key"], conflicts_with_all = NOT_SERVED, value_hint = ValueHint::FilePath)]
    pub tls_cert: Option<PathBuf>,

    /// With --serve: its key
    #[arg(long, value_name = "FILE", requires_all = ["serve", "tls_cert"], conflicts_with_all = NOT_SERVED, value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,

    /// How long to wait for a failsh, with -1 and -h; with -h and -1 what is known then is shown
    #[arg(short, long, value_name = "SECONDS", default_value = "3s")]
    pub timeout: Seconds,

    /// With -h: have the browser read the page again so often
    #[arg(long, value_name = "SECONDS", requires = "html", conflicts_with_all = ["curses", "lines", "once", "json", "serve"])]
    pub refresh: Option<Seconds>,

    /// Write what is seen to a file, to be played
    #[arg(long, value_name = "FILE", conflicts_with = "play", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,

    /// Show what was recorded
    #[arg(long, value_name = "FILE", conflicts_with = "targets", value_hint = ValueHint::FilePath)]
    pub play: Option<PathBuf>,

    /// With --play: so many times as fast as it was
    #[arg(long, value_name = "N", requires = "play", conflicts_with_all = ["targets", "record"], default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,

    /// A file whose first line is the community with which wishes are made
    #[arg(short = 'C', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub community_file: Option<PathBuf>,

    /// The port of the failds to which wishes go
    #[arg(long, value_name = "PORT", default_value_t = ports::FAILD, value_parser = ports::port)]
    pub faild_port: u16,

    /// The control socket of the failsh of this host, by which wishes go without a community
    #[arg(long, value_name = "SOCKET", default_value = crate::failsh::DEFAULT_SOCKET, value_hint = ValueHint::FilePath)]
    pub socket: PathBuf,

    /// Use the mouse
    #[arg(long, conflicts_with_all = ["lines", "once", "html", "json", "serve"])]
    pub mouse: bool,

    /// Say more of: link (connections), stream (updates), web (requests)
    #[arg(short, long, value_name = "FACILITY", value_parser = ["link", "stream", "web"])]
    pub debug: Vec<String>,

    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

impl Failmon {
    /// Everything as it is when nothing is said, and a page of HTML of these targets; of
    /// none: of the usual one.
    pub fn page(targets: Vec<HostPort>) -> Failmon {
        let mut options = <Failmon as clap::Parser>::parse_from(["failmon", "-h"]);
        if !targets.is_empty() {
            options.targets = targets;
        }
        options
    }

    /// Whether more is to be said of this facility.
    pub fn debugs(&self, facility: &str) -> bool {
        self.debug.iter().any(|named| named == facility)
    }

    /// Whether the whole terminal is used, so that nothing may be written beside it.
    pub fn takes_terminal(&self) -> bool {
        !(self.lines || self.once || self.html || self.json || self.serve.is_some())
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| (0.01..=1_000.0).contains(speed))
        .ok_or_else(|| "0.01 to 1000 can be played".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn an_option_without_effect_is_refused() {
        let read = |line: &str| Failmon::try_parse_from(line.split(' '));
        let forms = [
            "-c",
            "-l",
            "-1",
            "-h",
            "-j",
            "--serve 1",
            "--play x",
            "hosta",
        ];
        for (option, with) in [
            ("--token-file f", &["--serve 1"][..]),
            ("--tls-cert f --tls-key f", &["--serve 1"]),
            ("--refresh 7", &["-h"]),
            ("--speed 2", &["--play x"]),
            ("--mouse", &["-c", "--play x", "hosta"]),
        ] {
            for form in forms {
                let line = format!("failmon {option} {form}");
                assert_eq!(read(&line).is_ok(), with.contains(&form), "{line}");
            }
        }
        for line in [
            "-1 -j --play x --speed 2",
            "-h --refresh 7 hosta",
            "-1 -j hosta",
        ] {
            assert!(read(&format!("failmon {line}")).is_ok(), "{line}");
        }
    }
}
