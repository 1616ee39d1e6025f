//! The list of the programs, and how each reads its command line.

use clap::{Command, CommandFactory, Parser};

use crate::{
    Failc, Faild, Faildebug, Failmon, Failsh, Failstat, Failure, Getnode, Hc, Hcmon, exit,
};

/// One program of the suite.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The section of its man page.
    pub section: u8,
    /// Its options, for those who want to look at them.
    pub command: fn() -> Command,
    /// The exit codes it may end with, in their order.
    pub exits: &'static [u8],
    /// It is also a plugin of Nagios: [`exit::PLUGIN`].
    pub is_plugin: bool,
}

impl Program {
    /// What a code means when this program ends with it, in the words of its man page.
    pub fn meaning(&self, code: u8) -> Option<&'static str> {
        let plugin = exit::PLUGIN.iter().filter(|_| self.is_plugin);
        let mut all = plugin.chain(&exit::MEANINGS);
        all.find(|(known, _)| *known == code).map(|(_, text)| *text)
    }
}

/// Every program.
pub const PROGRAMS: [Program; 9] = [
    Program {
        name: "faild",
        section: 8,
        command: Faild::command,
        exits: &[
            exit::OK,
            exit::USAGE,
            exit::DATA,
            exit::SOFTWARE,
            exit::OSERR,
            exit::CANTCREAT,
            exit::IOERR,
            exit::CONFIG,
        ],
        is_plugin: false,
    },
    Program {
        name: "failsh",
        section: 8,
        command: Failsh::command,
        exits: &[
            exit::OK,
            exit::BROKEN,
            exit::USAGE,
            exit::DATA,
            exit::NOHOST,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::CANTCREAT,
            exit::IOERR,
            exit::TEMPFAIL,
            exit::NOPERM,
        ],
        is_plugin: false,
    },
    Program {
        name: "failc",
        section: 1,
        command: Failc::command,
        exits: &[
            exit::OK,
            exit::RECOVER,
            exit::FAIL,
            exit::BROKEN,
            exit::REFUSED,
            exit::USAGE,
            exit::DATA,
            exit::NOHOST,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::IOERR,
            exit::TEMPFAIL,
            exit::PROTOCOL,
            exit::NOPERM,
        ],
        is_plugin: false,
    },
    Program {
        name: "failstat",
        section: 1,
        command: Failstat::command,
        exits: &[
            exit::OK,
            exit::USAGE,
            exit::NOHOST,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::IOERR,
            exit::PROTOCOL,
            exit::NOPERM,
        ],
        is_plugin: false,
    },
    Program {
        name: "failmon",
        section: 1,
        command: Failmon::command,
        exits: &[
            exit::OK,
            exit::USAGE,
            exit::DATA,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::CANTCREAT,
            exit::IOERR,
        ],
        is_plugin: false,
    },
    Program {
        name: "faildebug",
        section: 1,
        command: Faildebug::command,
        exits: &[
            exit::OK,
            exit::USAGE,
            exit::NOHOST,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::IOERR,
            exit::TEMPFAIL,
            exit::PROTOCOL,
            exit::NOPERM,
        ],
        is_plugin: false,
    },
    Program {
        name: "hc",
        section: 8,
        command: Hc::command,
        exits: &[
            exit::OK,
            exit::WARNING,
            exit::BAD,
            exit::UNKNOWN,
            exit::USAGE,
            exit::DATA,
            exit::SOFTWARE,
            exit::OSERR,
            exit::CANTCREAT,
            exit::IOERR,
        ],
        is_plugin: true,
    },
    Program {
        name: "getnode",
        section: 1,
        command: Getnode::command,
        exits: &[
            exit::OK,
            exit::WARNING,
            exit::BAD,
            exit::UNKNOWN,
            exit::USAGE,
            exit::NOHOST,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::IOERR,
            exit::PROTOCOL,
        ],
        is_plugin: true,
    },
    Program {
        name: "hcmon",
        section: 8,
        command: Hcmon::command,
        exits: &[
            exit::OK,
            exit::USAGE,
            exit::UNAVAILABLE,
            exit::SOFTWARE,
            exit::OSERR,
            exit::IOERR,
        ],
        is_plugin: false,
    },
];

/// Reads the command line. Help and version end the program with 0; a bad option is
/// explained in one sentence on standard error and ends it with [`exit::USAGE`].
pub fn parse_or_exit<T: Parser>() -> T {
    parse().unwrap_or_else(|failure| {
        eprintln!("{}: {failure}", T::command().get_name());
        std::process::exit(i32::from(failure.code))
    })
}

/// Reads the command line. Help and version end the program with 0.
///
/// # Errors
/// A bad option, with [`exit::USAGE`].
pub fn parse<T: Parser>() -> Result<T, Failure> {
    T::try_parse().map_err(|message| {
        if !message.use_stderr() {
            // There is nobody left to tell when even this can not be written.
            let _ = message.print();
            std::process::exit(i32::from(exit::OK));
        }
        let name = T::command().get_name().to_string();
        let text = format!("{}; see {name} --help", sentence(&message));
        Failure::new(exit::USAGE, text)
    })
}

/// What is wrong with a command line. clap says it in several lines, with the usage below: the
/// first of its paragraphs says what is wrong, and a tip what may have been meant.
fn sentence(message: &clap::Error) -> String {
    let text = message.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let line = |paragraph: &str| {
        let words = paragraph.split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    let first = line(paragraphs.next().unwrap_or_default());
    let tips = paragraphs.map(line).filter(|p| p.starts_with("tip: "));
    let tips: String = tips.map(|tip| format!("; {tip}")).collect();
    format!("{}{tips}", first.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_nothing_wrong_with_the_options() {
        for program in PROGRAMS {
            (program.command)().debug_assert();
            assert_eq!((program.command)().get_name(), program.name);
            assert!(program.exits.is_sorted(), "{}", program.name);
            let means = |code: &u8| program.meaning(*code).is_some();
            assert!(program.exits.iter().all(means), "{}", program.name);
        }
    }

    fn failstat(line: &str) -> Result<Failstat, clap::Error> {
        Failstat::try_parse_from(line.split(' '))
    }

    #[test]
    fn a_bad_option_is_one_sentence() {
        let said = |line: &str| sentence(&failstat(line).unwrap_err());
        for (line, is) in [
            (
                "failstat --watsh",
                "unexpected argument '--watsh' found; tip: a similar argument exists: '--watch'",
            ),
            (
                "failstat -n 0",
                "invalid value '0' for '--tries <N>': 0 is not in 1..=100",
            ),
            (
                "failstat --json --matrix",
                "the argument '--json' cannot be used with '--matrix'",
            ),
        ] {
            assert_eq!(said(line), is);
        }
        let none = sentence(&Failc::try_parse_from(["failc"]).unwrap_err());
        assert!(none.ends_with("not provided: <WORD>..."), "{none}");
    }

    #[test]
    fn the_seconds_of_watch_can_not_be_taken_for_a_host() {
        let watch = |line| failstat(line).unwrap().watch.map(|time| time.to_string());
        assert_eq!(watch("failstat hosta"), None);
        assert_eq!(watch("failstat -w hosta"), Some("1s".to_string()));
        assert_eq!(watch("failstat --watch=500ms"), Some("0.5s".to_string()));
        assert_eq!(watch("failstat -w=2 hosta"), Some("2s".to_string()));
        assert!(failstat("failstat -w 2").is_err());
    }

    #[test]
    fn what_follows_the_hosts_are_targets() {
        let read = |line: &str| {
            let read = Getnode::try_parse_from(line.split(' ')).unwrap();
            let hosts = read.hosts.0.iter().map(ToString::to_string);
            (hosts.collect::<Vec<_>>().join(" "), read.targets.join(" "))
        };
        for (line, hosts, targets) in [
            ("getnode", "127.0.0.1", ""),
            ("getnode -j a:1,b", "a:1 b", ""),
            ("getnode a www web-%", "a", "www web-%"),
            ("getnode a,b --tree www", "a b", "www"),
        ] {
            let is = (hosts.to_string(), targets.to_string());
            assert_eq!(read(line), is, "{line}");
        }
        assert!(Getnode::try_parse_from(["getnode", "-w", "-n"]).is_err());
        assert!(Getnode::try_parse_from(["getnode", "-w", "-j"]).is_ok());
    }

    #[test]
    fn a_plugin_is_known_by_words_that_can_not_be_read() {
        for (line, is) in [
            ("-n", true),
            ("--nagios", true),
            ("a -p 99999 --frob -n", true),
            ("-jn", true),
            ("-wn a", true),
            ("-nt", true),
            ("-tn", false),
            ("-p1n", false),
            ("--no", false),
            ("a -- -n", false),
            ("n", false),
        ] {
            let words = line.split(' ').map(Into::into);
            assert_eq!(Getnode::is_plugin(words), is, "{line}");
        }
    }

    #[test]
    fn numbers_that_can_not_be_are_said_in_words() {
        fn said<T: Parser + std::fmt::Debug>(line: &str) -> String {
            sentence(&T::try_parse_from(line.split(' ')).unwrap_err())
        }
        for (said, is) in [
            (
                said::<Hc>("hc -m -p 65536"),
                "invalid value '65536' for '--port <PORT>': \"65536\" is not a port; 1 to 65535 are",
            ),
            (
                said::<Getnode>("getnode -p 0"),
                "invalid value '0' for '--port <PORT>': \"0\" is not a port; 1 to 65535 are",
            ),
            (
                said::<Getnode>("getnode -t 0"),
                "invalid value '0' for '--timeout <SECONDS>': \"0\" is no time to wait: it must be \
                 more than 0 and at most 24h",
            ),
            (
                said::<Hcmon>("hcmon -r 0"),
                "invalid value '0' for '--refresh <SECONDS>': a page can be read again every 1 to \
                 3600 whole seconds",
            ),
            (
                said::<Hcmon>("hcmon -r 1.5"),
                "invalid value '1.5' for '--refresh <SECONDS>': a page can be read again every 1 \
                 to 3600 whole seconds",
            ),
        ] {
            assert_eq!(said, is);
        }
        // Any that is free.
        assert!(Hc::try_parse_from(["hc", "-m", "-p", "0"]).is_ok());
    }

    #[test]
    fn the_defaults_are_those_of_one_host() {
        let faild = Faild::try_parse_from(["faild"]).unwrap();
        assert_eq!(faild.port, crate::ports::FAILD);
        assert_eq!(faild.addresses, [std::net::Ipv4Addr::UNSPECIFIED]);
        assert!(!faild.stays_in_foreground());
        let failsh = Failsh::try_parse_from(["failsh", "-f", "a", "-f", "b"]).unwrap();
        assert_eq!(failsh.server.port, Some(crate::ports::FAILD));
        assert_eq!(failsh.policies.len(), 2);
        assert!(Failsh::try_parse_from(["failsh"]).is_err());
        assert!(Failc::try_parse_from(["failc"]).is_err());
        assert_eq!(failstat("failstat").unwrap().hosts.len(), 1);
    }

    #[test]
    fn debugging_stays_in_the_foreground() {
        let faild = Faild::try_parse_from(["faild", "-d", "node"]).unwrap();
        assert!(faild.stays_in_foreground());
    }
}
