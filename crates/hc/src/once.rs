//! `--once` and `--probe`: checks that are run once and printed, without a daemon; and `--print`.
//!
//! All checks run side by side. What they come to is the exit code of a plugin of Nagios: the
//! worst, where what can not be found out is worse than a warning and better than what is bad.

use std::io::{self, Write};

use fail_cli::{Failure, exit};
use fail_client::health::fits;
use fail_conf::hcfile::check::Line;
use fail_conf::hcfile::{Hcfile, parse_check};
use fail_core::limits::CHECKS_MAX;
use fail_core::time::Span;
use fail_core::watch::{Finding, Pace, Verdict};
use fail_probe::plugin;
use fail_rt::children::{KILL_GRACE, TERM_GRACE};
use fail_rt::clock::{self, earliest};
use fail_rt::log::Log;
use fail_rt::poller::Poller;
use fail_rt::reason;
use fail_rt::signals::{Signal, Signals};
use fail_wire::Name;

use crate::work::{Done, Work};

/// One check of one target.
struct Asked<'a> {
    target: Name,
    line: &'a Line,
    timeout: Span,
    found: Option<Finding>,
}

/// Prints a text.
pub fn print(text: &str) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(exit::OK),
        // Who has read enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(exit::OK),
        Err(e) => {
            let why = reason::words(&e);
            Err(Failure::new(exit::IOERR, format!("can not print: {why}")))
        }
    }
}

/// Runs one check, and says what it found.
pub fn probe(text: &str) -> Result<u8, Failure> {
    let line = parse_check(text).map_err(|fault| Failure::new(exit::USAGE, fault))?;
    let target = "probe".parse();
    let target: Name = target.map_err(|_| Failure::new(exit::SOFTWARE, "no name"))?;
    let mut asked = [Asked {
        target,
        line: &line,
        timeout: line.terms.timeout.unwrap_or(Pace::default().timeout),
        found: None,
    }];
    run(&mut asked)?;
    let Some(found) = &asked[0].found else {
        return interrupted();
    };
    print(&format!("{}\n", plugin::print(found)))?;
    Ok(code(found.verdict))
}

/// Checks these targets, by their names or by patterns in which `%` is any letters, and says what
/// each check found.
pub fn targets(hcfile: &Hcfile, names: &[String]) -> Result<u8, Failure> {
    for wanted in names {
        let mut targets = hcfile.targets.iter();
        if !targets.any(|target| fits(wanted, target.name.as_str())) {
            let what = if wanted.contains('%') {
                "no target fits"
            } else {
                "there is no target"
            };
            let sentence = format!("{what} \"{}\"", fail_client::clean(wanted));
            return Err(Failure::new(exit::USAGE, sentence));
        }
    }
    let wanted = |name: &Name| names.iter().any(|wanted| fits(wanted, name.as_str()));
    let mut asked = Vec::new();
    for target in hcfile.targets.iter().filter(|target| wanted(&target.name)) {
        let body = hcfile.bodies.get(&target.name);
        for line in body.iter().flat_map(|body| &body.checks) {
            asked.push(Asked {
                target: target.name.clone(),
                line,
                timeout: line.terms.timeout.unwrap_or(target.pace.timeout),
                found: None,
            });
        }
    }
    if asked.is_empty() {
        // A group is as good as its members, of which none was asked for.
        print("HC UNKNOWN: there is no check in what was named, only groups\n")?;
        return Ok(exit::UNKNOWN);
    }
    run(&mut asked)?;
    let mut worst = Verdict::Good;
    let mut text = String::new();
    for Asked {
        target,
        line,
        found,
        ..
    } in &asked
    {
        let Some(found) = found else {
            return interrupted();
        };
        worst = worst.max(found.verdict);
        let module = line.shown.split(' ').next().unwrap_or_default();
        text += &format!("{target} {module}: {}\n", plugin::print(found));
    }
    print(&text)?;
    Ok(code(worst))
}

fn interrupted() -> Result<u8, Failure> {
    print("HC UNKNOWN: interrupted\n")?;
    Ok(exit::UNKNOWN)
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Good => exit::OK,
        Verdict::Warning => exit::WARNING,
        Verdict::Unknown => exit::UNKNOWN,
        Verdict::Bad => exit::BAD,
    }
}

/// Runs all of them, or until a signal; and until no program of them is left.
fn run(asked: &mut [Asked<'_>]) -> Result<(), Failure> {
    let os = |e: io::Error| {
        let why = reason::words(&e);
        Failure::new(exit::OSERR, format!("can not run checks: {why}"))
    };
    let log = Log::stderr("hc");
    let mut poller = Poller::new().map_err(os)?;
    let mut signals = Signals::new(poller.desk().map_err(os)?).map_err(os)?;
    let mut work = Work::new(&mut poller, &log).map_err(os)?;
    let mut next = 0;
    let mut open = 0;
    let mut until = None;
    loop {
        let now = clock::now().mono;
        while until.is_none() && open < CHECKS_MAX && next < asked.len() {
            let Asked {
                target,
                line,
                timeout,
                ..
            } = &asked[next];
            work.check(now, next as u64, target, line, *timeout);
            next += 1;
            open += 1;
        }
        while let Some(done) = work.poll() {
            let Done::Found(number, finding) = done else {
                continue;
            };
            open -= 1;
            let asked = usize::try_from(number).ok().and_then(|n| asked.get_mut(n));
            if let Some(asked) = asked {
                asked.found = Some(finding);
            }
        }
        let late = until.is_some_and(|until| now >= until);
        let over = open == 0 && next == asked.len();
        if late || (work.is_over() && (over || until.is_some())) {
            return Ok(());
        }
        if over && until.is_none() {
            // What did not end at its deadline is being ended.
            until = Some(now + TERM_GRACE + KILL_GRACE);
        }
        let mut tokens = Vec::new();
        let deadline = earliest([work.deadline(), until]);
        tokens.extend(
            poller
                .wait(deadline)
                .map_err(os)?
                .map(|event| event.token()),
        );
        let now = clock::now().mono;
        for token in tokens {
            if work.owns(token) {
                work.on_event(token);
            } else if signals.owns(token) {
                for signal in signals.pending() {
                    match signal {
                        Signal::Child => work.reap(now),
                        Signal::Int | Signal::Term if until.is_none() => {
                            until = Some(now + TERM_GRACE + KILL_GRACE);
                            work.end_all(now);
                        }
                        _ => {}
                    }
                }
            }
        }
        work.expire(now);
    }
}
