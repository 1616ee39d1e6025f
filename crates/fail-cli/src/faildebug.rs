//! Options of faildebug.

use crate::community::Community;
use crate::host::HostPort;
use crate::ports;
use crate::seconds::Seconds;

/// Lists or sets the debug levels of a running program
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "faildebug", version)]
pub struct Faildebug {
    /// A host, or nothing for this one; then a facility and its level, or nothing to list all
    #[arg(value_name = "[HOST[:PORT]] [FACILITY LEVEL]", num_args = 0..=3)]
    pub words: Vec<String>,

    /// The debug port of a host that names none; that of a faild is 1847
    #[arg(short, long, default_value_t = ports::DEBUG, value_parser = ports::port)]
    pub port: u16,

    /// What the program is asked with.
    #[command(flatten)]
    pub community: Community,

    /// How long to wait for an answer, per try: 0.5, 500ms
    #[arg(short, long, value_name = "SECONDS", default_value = "1s")]
    pub timeout: Seconds,

    /// How often to ask
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub tries: u32,
}

/// The highest level that a facility can have.
const LEVEL_MAX: u8 = 2;

impl Faildebug {
    /// Whom to ask, and which facility is to have which level.
    ///
    /// # Errors
    /// A sentence that names the word that is no host or no level.
    pub fn words(&self) -> Result<(HostPort, Option<(String, u8)>), String> {
        let (host, rest) = match self.words.as_slice() {
            [] => ("127.0.0.1", None),
            [host] => (host.as_str(), None),
            [facility, level] => ("127.0.0.1", Some((facility, level))),
            [host, facility, level, ..] => (host.as_str(), Some((facility, level))),
        };
        let host = host.parse().map_err(|e| format!("host \"{host}\": {e}"))?;
        let set = rest.map(|(facility, level)| {
            let number = level.parse().ok().filter(|n| *n <= LEVEL_MAX);
            let number =
                number.ok_or_else(|| format!("level \"{level}\": must be 0 to {LEVEL_MAX}"))?;
            Ok::<_, String>((facility.clone(), number))
        });
        Ok((host, set.transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn read(line: &str) -> Result<(HostPort, Option<(String, u8)>), String> {
        Faildebug::try_parse_from(line.split(' ')).unwrap().words()
    }

    #[test]
    fn one_word_is_a_host_two_are_a_level_three_are_both() {
        let plan = Some(("plan".to_string(), 2));
        for (line, host, set) in [
            ("faildebug", "127.0.0.1", None),
            ("faildebug hosta:99", "hosta:99", None),
            ("faildebug plan 2", "127.0.0.1", plan.clone()),
            ("faildebug hosta plan 2", "hosta", plan),
        ] {
            let (is_host, is_set) = read(line).unwrap();
            assert_eq!(
                (is_host.to_string(), is_set),
                (host.to_string(), set),
                "{line}"
            );
        }
        for (line, word) in [
            ("faildebug plan x", "\"x\""),
            ("faildebug a plan 3", "\"3\""),
        ] {
            assert!(read(line).unwrap_err().contains(word), "{line}");
        }
    }
}
