//! Options of `failc drill`: how it is done, and the objectives it is held to.
//!
//! They are options of failc, where every other verb refuses them: [`Drill::first`] names one
//! that was given.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::host::HostPort;
use crate::seconds::Seconds;

/// How long a drill waits for each way, unless it is told otherwise.
const WITHIN: &str = "60s";

/// How long it leaves the service there: who uses it shall have noticed.
const STAY: &str = "1s";

/// Options that only `drill` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Drill {
    /// Drill: only say whether it would be allowed
    #[arg(long)]
    pub check: bool,

    /// Drill: do not ask whether it is meant
    #[arg(long, conflicts_with = "check")]
    pub yes: bool,

    /// Drill: measure only the way there
    #[arg(long)]
    pub no_back: bool,

    /// Drill: how long to leave it there
    #[arg(long, value_name = "SECONDS", default_value = STAY)]
    pub stay: Time,

    /// Drill: undo it if one way takes longer
    #[arg(long, value_name = "SECONDS", default_value = WITHIN)]
    pub within: Seconds,

    /// Drill: from the wish until the service is stopped, at most
    #[arg(long, value_name = "SECONDS")]
    pub stop: Option<Time>,

    /// Drill: from then until the next host claims it, at most
    #[arg(long, value_name = "SECONDS")]
    pub detection: Option<Time>,

    /// Drill: from the claim until it is UP, at most
    #[arg(long, value_name = "SECONDS")]
    pub start: Option<Time>,

    /// Drill: nobody UP on one way, at most
    #[arg(long, value_name = "SECONDS")]
    pub gap: Option<Time>,

    /// Drill: two hosts UP on one way, at most
    #[arg(long, value_name = "SECONDS")]
    pub overlap: Option<Time>,

    /// Drill: the way there, at most
    #[arg(long, value_name = "SECONDS")]
    pub takeover: Option<Time>,

    /// Drill: the way back, at most
    #[arg(long, value_name = "SECONDS", conflicts_with = "no_back")]
    pub handback: Option<Time>,

    /// Drill: both ways together, at most
    #[arg(long, value_name = "SECONDS")]
    pub total: Option<Time>,

    /// Drill: connect here all the time, as those who use the service do
    #[arg(long, value_name = "tcp:HOST:PORT")]
    pub probe: Option<Probe>,

    /// Drill: the probe fails on one way, at most
    #[arg(long, value_name = "SECONDS", requires = "probe")]
    pub outage: Option<Time>,
}

impl Drill {
    /// One of these options that was given, for a verb that has no use for it.
    pub fn first(&self) -> Option<&'static str> {
        let within = self.within.to_string() != WITHIN;
        let stay = STAY.parse() != Ok(self.stay);
        let all = [
            ("--check", self.check),
            ("--yes", self.yes),
            ("--no-back", self.no_back),
            ("--stay", stay),
            ("--within", within),
            ("--stop", self.stop.is_some()),
            ("--detection", self.detection.is_some()),
            ("--start", self.start.is_some()),
            ("--gap", self.gap.is_some()),
            ("--overlap", self.overlap.is_some()),
            ("--takeover", self.takeover.is_some()),
            ("--handback", self.handback.is_some()),
            ("--total", self.total.is_some()),
            ("--probe", self.probe.is_some()),
            ("--outage", self.outage.is_some()),
        ];
        all.into_iter().find(|(_, is)| *is).map(|(name, _)| name)
    }
}

/// A time as everywhere, or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Time, String> {
        match text {
            "0" | "0s" | "0ms" => Ok(Time(Duration::ZERO)),
            time => time.parse().map(|Seconds(time)| Time(time)),
        }
    }
}

/// Where a probe connects: `tcp:host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl FromStr for Probe {
    type Err = String;

    fn from_str(text: &str) -> Result<Probe, String> {
        let Some(place) = text.strip_prefix("tcp:") else {
            return Err(format!("\"{text}\" is no probe; write tcp:host:port"));
        };
        let HostPort { host, port } = place.parse()?;
        match port {
            Some(port) => Ok(Probe { host, port }),
            None => Err(format!("\"{text}\" has no port; write tcp:host:port")),
        }
    }
}

/// As it may be typed.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.clone();
        let port = Some(self.port);
        write!(f, "tcp:{}", HostPort { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failc;
    use clap::{Args, Parser};

    fn drill(line: &str) -> Drill {
        Failc::try_parse_from(line.split(' ')).unwrap().drill
    }

    #[test]
    fn every_option_of_a_drill_can_be_named() {
        assert_eq!(drill("failc web").first(), None);
        let mut command = Drill::augment_args(clap::Command::new("drill"));
        command.build();
        let mut seen = 0;
        for arg in command.get_arguments().filter_map(|arg| arg.get_long()) {
            let line = match arg {
                "help" => continue,
                "check" | "yes" | "no-back" => format!("failc --{arg} web"),
                "probe" => "failc --probe=tcp:[::1]:80 web".to_string(),
                "outage" => {
                    let both = drill("failc --probe=tcp:a:80 --outage=1 web");
                    let alone = Drill {
                        probe: None,
                        ..both
                    };
                    assert_eq!(alone.first(), Some("--outage"));
                    continue;
                }
                arg => format!("failc --{arg}=2s web"),
            };
            assert_eq!(drill(&line).first(), Some(format!("--{arg}").as_str()));
            seen += 1;
        }
        assert_eq!(seen, 14);
    }

    #[test]
    fn an_objective_may_be_nothing_at_all() {
        for (text, ms) in [("0", 0), ("0s", 0), ("0ms", 0), ("0.5", 500), ("2s", 2_000)] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(ms))), "{text}");
        }
        for bad in ["", "-1", "soon", "25h"] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_probe_has_a_kind_a_host_and_a_port() {
        for text in [
            "tcp:web.example:80",
            "tcp:[2001:db8::1]:443",
            "tcp:192.0.2.9:1",
        ] {
            assert_eq!(text.parse::<Probe>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "web:80",
            "tcp:web",
            "udp:web:80",
            "tcp::80",
            "tcp:web:0",
        ] {
            assert!(bad.parse::<Probe>().is_err(), "{bad}");
        }
    }
}
