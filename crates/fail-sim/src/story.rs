//! A story: a seed, what of its cluster is left out or made plain, and what happens. It is
//! what a run can be told as, and run again from; what is printed reads back to the same.
//!
//! ```text
//! seed 42
//! seconds 40
//! hosts 2
//! without dns
//! plain network
//! plain web check
//! at 2500ms cut hosta and hostb for 3s
//! ```

use std::fmt;
use std::str::FromStr;

use fail_core::policy::{Confirm, Lonely};
use fail_core::time::Span;
use fail_wire::Name;

use crate::acts::Happening;
use crate::rng::Rng;
use crate::setup::{HOSTS_MAX, MS, PERFECT, Setup};
use crate::skew::Skew;
use crate::{Options, Report, acts_of, run_acts};

/// Something of a cluster that is left out or made plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Less {
    /// This service.
    Without(Name),
    /// One of [`PLAIN`].
    Plain(&'static str),
    /// One of [`PLAIN_SERVICE`], of this service.
    PlainService(Name, &'static str),
}

/// What can be plain of a cluster.
pub const PLAIN: [&str; 8] = [
    "network", "links", "clocks", "versions", "scripts", "traps", "disk", "timeout",
];

/// What can be plain of a service.
pub const PLAIN_SERVICE: [&str; 9] = [
    "check",
    "retry",
    "reclaim",
    "delay",
    "confirm",
    "lonely",
    "failback",
    "community",
    "change",
];

impl Less {
    fn apply(&self, setup: &mut Setup) {
        match self {
            Less::Without(name) => setup.services.retain(|svc| svc.name != *name),
            Less::Plain(what) => match *what {
                "network" => setup.net = PERFECT,
                "links" => setup.links.clear(),
                "clocks" => setup.drifts = [0; HOSTS_MAX],
                "versions" => setup.skews = [(Skew::Today, Skew::Today); HOSTS_MAX],
                "scripts" => (setup.wild, setup.script_max) = (false, 5 * MS),
                "traps" => setup.traps.clear(),
                "disk" => setup.save_max = MS,
                _ => setup.answer_timeout = None,
            },
            Less::PlainService(name, what) => {
                for svc in setup.services.iter_mut().filter(|svc| svc.name == *name) {
                    if *what == "change" {
                        svc.other = svc.settings.clone();
                    }
                    for settings in [&mut svc.settings, &mut svc.other] {
                        match *what {
                            "check" => settings.check = None,
                            "retry" => settings.retry = None,
                            "reclaim" => settings.reclaim = None,
                            "delay" => settings.delay = Span::ZERO,
                            "confirm" => settings.confirm = Confirm::default(),
                            "lonely" => settings.lonely = Lonely::Stop,
                            "failback" => settings.failback = true,
                            "community" => settings.community = None,
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

/// A run that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// What the cluster and its dice are drawn from.
    pub seed: u64,
    /// How long things happen, in seconds.
    pub seconds: u64,
    /// How many hosts; nothing: as drawn.
    pub hosts: Option<usize>,
    /// What is left out or plain.
    pub less: Vec<Less>,
    /// What happens.
    pub acts: Vec<Happening>,
}

impl Story {
    /// The story of a seed as it is drawn.
    pub fn of(options: &Options) -> Story {
        let mut story = Story {
            seed: options.seed,
            seconds: options.seconds,
            hosts: options.hosts,
            less: Vec::new(),
            acts: Vec::new(),
        };
        story.acts = acts_of(story.seed, story.seconds, &story.setup());
        story
    }

    /// Its cluster.
    pub fn setup(&self) -> Setup {
        let mut setup = Setup::draw(&mut Rng::new(!self.seed), self.hosts);
        self.less.iter().for_each(|less| less.apply(&mut setup));
        setup
    }

    /// Runs it; of the options counts what is not in the story.
    pub fn run(&self, options: Options) -> Report {
        let options = Options {
            seed: self.seed,
            seconds: self.seconds,
            ..options
        };
        run_acts(options, self.setup(), &self.acts)
    }
}

impl fmt::Display for Less {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Less::Without(name) => write!(f, "without {name}"),
            Less::Plain(what) => write!(f, "plain {what}"),
            Less::PlainService(name, what) => write!(f, "plain {name} {what}"),
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "seconds {}", self.seconds)?;
        if let Some(hosts) = self.hosts {
            writeln!(f, "hosts {hosts}")?;
        }
        self.less
            .iter()
            .try_for_each(|less| writeln!(f, "{less}"))?;
        self.acts.iter().try_for_each(|act| writeln!(f, "{act}"))
    }
}

fn one_of(words: &[&'static str], word: &str) -> Result<&'static str, String> {
    let found = words.iter().find(|known| **known == word);
    found
        .copied()
        .ok_or_else(|| format!("{word}: nothing that can be plain: {}", words.join(", ")))
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word}: no number"))
}

impl FromStr for Story {
    type Err = String;

    fn from_str(text: &str) -> Result<Story, String> {
        let mut story = Story {
            seed: 1,
            seconds: Options::seed(1).seconds,
            hosts: None,
            less: Vec::new(),
            acts: Vec::new(),
        };
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            story
                .read(line)
                .map_err(|error| format!("line {}: {error}", n + 1))?;
        }
        if story.setup().services.is_empty() {
            return Err("no service is left".to_string());
        }
        Ok(story)
    }
}

impl Story {
    fn read(&mut self, line: &str) -> Result<(), String> {
        let name = |word: &str| Name::new(word).map_err(|error| format!("{word}: {error}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["seed", n] => self.seed = number(n)?,
            ["seconds", n] => self.seconds = number(n)?.clamp(1, 100_000),
            ["hosts", n] => self.hosts = Some(number(n)? as usize),
            ["without", service] => self.less.push(Less::Without(name(service)?)),
            ["plain", what] => self.less.push(Less::Plain(one_of(&PLAIN, what)?)),
            ["plain", service, what] => {
                let what = one_of(&PLAIN_SERVICE, what)?;
                self.less.push(Less::PlainService(name(service)?, what));
            }
            _ => self.acts.push(line.parse()?),
        }
        Ok(())
    }
}
