//! getnode: shows what one or several hcs know, as a table, a tree, a history, JSON, as a
//! plugin of Nagios, as figures for Prometheus, or as it changes.
//!
//! Hosts are asked side by side, so one that is silent costs its own time-out only. A host that
//! does not answer is a line that says so, and the exit code of the first such host. What comes
//! from a hc is cleaned before it is printed, by `grid` or by `clean_json`.

#![forbid(unsafe_code)]

mod json;
mod plugin;
#[cfg(test)]
mod stage;
mod table;
mod tree;
mod watch;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use fail_cli::{Failure, Getnode, HostPort, exit};
use fail_client::grid::{Grid, Ink};
use fail_client::health::metrics::metrics;
use fail_client::health::words::by_name;
use fail_client::health::{Place, Snapshot, TargetView, Unread, ask_all, fits};
use fail_client::screen::Terminal;
use fail_client::{clean, print, words};

/// What came of asking one host.
#[derive(Debug)]
struct Asked {
    /// As it was named.
    host: String,
    /// What it said, or the exit code and a sentence.
    told: Result<Snapshot, (u8, String)>,
}

/// Everything that is shown.
#[derive(Debug)]
struct Picture {
    asked: Vec<Asked>,
    /// Names and patterns; none: all.
    patterns: Vec<String>,
    /// In milliseconds since 1970.
    now: i64,
}

fn main() -> ExitCode {
    let done = fail_cli::parse().and_then(|options| run(&options));
    match done {
        Ok(code) => ExitCode::from(code),
        // Nagios reads nothing else. When it can not be written, nobody reads at all.
        Err(failure) if Getnode::is_plugin(std::env::args_os().skip(1)) => {
            let _ = print(&plugin::failure(&failure));
            ExitCode::from(exit::UNKNOWN)
        }
        Err(failure) => {
            eprintln!("getnode: {}", clean(&failure.to_string()));
            ExitCode::from(failure.code)
        }
    }
}

fn run(options: &Getnode) -> Result<u8, Failure> {
    if options.watch {
        return watch::watch(options);
    }
    let picture = look(options);
    if options.nagios {
        let (code, line) = plugin::line(&picture);
        say(&line)?;
        return Ok(code);
    }
    let text = match (options.json, options.metrics) {
        (true, _) => json::text(&picture),
        (_, true) => {
            picture
                .silent()
                .for_each(|sentence| eprintln!("getnode: {}", clean(sentence)));
            picture.metrics()
        }
        _ => {
            let mut grid = Grid::default();
            picture.troubles(&mut grid);
            match (options.tree, options.history) {
                (true, _) => tree::draw(&picture, &mut grid),
                (_, true) => table::history(&picture, &mut grid),
                _ => table::table(&picture, &mut grid),
            }
            Terminal::find().show(&grid, false)
        }
    };
    say(&text)?;
    let unknown = picture.unknown();
    for name in &unknown {
        eprintln!("getnode: {}", clean(&picture.nobody_knows(name)));
    }
    let failed = picture
        .asked
        .iter()
        .find_map(|asked| asked.told.as_ref().err());
    Ok(match (failed, unknown.is_empty()) {
        (Some((code, _)), _) => *code,
        (None, false) => exit::USAGE,
        (None, true) => exit::OK,
    })
}

/// Asks everybody.
fn look(options: &Getnode) -> Picture {
    let place = |host: &HostPort| Place {
        host: host.host.clone(),
        port: host.port_or(options.port),
    };
    let places = options.hosts.0.iter().map(place).collect();
    // A pattern can fit any name, so all are wanted.
    let is_exact = options.targets.iter().all(|name| !name.contains('%'));
    let names: &[String] = if is_exact { &options.targets } else { &[] };
    let told = ask_all(places, names, options.timeout.0).into_iter();
    let asked = told.zip(&options.hosts.0).map(|(told, host)| Asked {
        host: host.to_string(),
        told: told.map_err(|error| failed(&error, host, options)),
    });
    Picture {
        asked: asked.collect(),
        patterns: options.targets.clone(),
        now: now_ms(),
    }
}

fn failed(error: &Unread, host: &HostPort, options: &Getnode) -> (u8, String) {
    let code = match error {
        Unread::NoHost(_) => exit::NOHOST,
        Unread::NoAnswer(_) => exit::UNAVAILABLE,
        Unread::Odd(_) => exit::PROTOCOL,
        Unread::System(_) => exit::OSERR,
    };
    let hint = match code {
        exit::UNAVAILABLE => host.hint(),
        exit::NOHOST => meant_target(host, options),
        _ => None,
    };
    let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
    (code, format!("{error}{hint}"))
}

/// A word that no host has may be meant for a target.
fn meant_target(host: &HostPort, options: &Getnode) -> Option<String> {
    let alone = options.hosts.0.len() == 1 && options.targets.is_empty();
    let plain = host.port.is_none() && !host.host.contains('.');
    (alone && plain).then(|| {
        let name = &host.host;
        format!("if that is a target, a host comes before it: getnode 127.0.0.1 {name}")
    })
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// Prints; says whether somebody still reads.
fn say(text: &str) -> Result<bool, Failure> {
    print(text).map_err(|e| {
        let what = format!("can not write to standard output: {}", words(&e));
        Failure::new(exit::IOERR, what)
    })
}

impl Picture {
    /// Those who have answered, with what they told.
    fn told(&self) -> impl Iterator<Item = (&Asked, &Snapshot)> {
        let told = |asked: &'_ Asked| asked.told.is_ok();
        let asked = self.asked.iter().filter(move |asked| told(asked));
        asked.filter_map(|asked| Some((asked, asked.told.as_ref().ok()?)))
    }

    /// The targets of one of them that are wanted, by their names.
    fn chosen<'a>(&'a self, shown: &'a Snapshot) -> Vec<&'a TargetView> {
        let all = shown.targets.values();
        let wanted = all.filter(|target| is_wanted(&self.patterns, &target.name));
        let mut wanted: Vec<&TargetView> = wanted.collect();
        wanted.sort_by(|a, b| by_name(&a.name, &b.name));
        wanted
    }

    /// Why those who have not answered have not.
    fn silent(&self) -> impl Iterator<Item = &str> {
        let asked = self.asked.iter();
        asked.filter_map(|asked| Some(asked.told.as_ref().err()?.1.as_str()))
    }

    /// Figures for Prometheus.
    fn metrics(&self) -> String {
        let asked = self.asked.iter();
        let asked = asked.map(|asked| (asked.host.as_str(), asked.told.as_ref().ok()));
        metrics(asked, |name| is_wanted(&self.patterns, name))
    }

    /// Whether it must be said whose target it is.
    fn has_hosts(&self) -> bool {
        self.asked.len() > 1
    }

    /// What was asked for and nobody has who answered.
    fn unknown(&self) -> Vec<&str> {
        let known = |pattern: &str| {
            let mut names = self.told().flat_map(|(_, shown)| shown.targets.keys());
            names.any(|name| fits(pattern, name))
        };
        // When nobody has answered, nobody can say.
        let patterns = self
            .patterns
            .iter()
            .filter(|_| self.told().next().is_some());
        let patterns = patterns.map(String::as_str);
        patterns.filter(|pattern| !known(pattern)).collect()
    }

    /// The sentence for one of those.
    fn nobody_knows(&self, name: &str) -> String {
        let hosts: Vec<&str> = self.told().map(|(asked, _)| asked.host.as_str()).collect();
        format!("no target \"{name}\" at {}", hosts.join(", "))
    }

    /// A line for each host that gave no answer, and for each Hcfile that is not in force.
    fn troubles(&self, grid: &mut Grid) {
        for Asked { host, told } in &self.asked {
            match told {
                Err((_, sentence)) => grid.line(format!("{host}: {sentence}"), Ink::Bad),
                Ok(shown) => {
                    let broken = shown.health.as_ref().and_then(|h| h.broken.as_ref());
                    if let Some(why) = broken {
                        grid.line(broken_line(host, why), Ink::Warning);
                    }
                }
            }
        }
    }

    /// Those whose Hcfile is not in force, each with a sentence.
    fn broken(&self) -> impl Iterator<Item = String> {
        self.told().filter_map(|(asked, shown)| {
            let why = shown.health.as_ref()?.broken.as_ref()?;
            Some(broken_line(&asked.host, why))
        })
    }
}

fn broken_line(host: &str, why: &str) -> String {
    format!("{host}: its Hcfile can not be read, the one before holds: {why}")
}

/// Whether one of these fits, or there are none.
fn is_wanted(patterns: &[String], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, name))
}
