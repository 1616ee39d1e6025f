//! A policy rehearsed before it matters: the hosts of a scenario in one process, each with the
//! real faild (`Node`), the real failsh (`Plan`) and its real Tcl policy, on invented time and
//! an invented network.
//!
//! What scripts would run is not run: it is answered as the scenario says, and written down.
//! Nothing outside of this process is asked or changed, but for the files that are read.
//!
//! `scenario` reads the language of `failover-rehearse(5)`, `world` plays it, `judge` holds what
//! was seen against what was expected, `random` looks for a story that breaks it, `show` prints.

#![forbid(unsafe_code)]

mod answer;
mod judge;
mod ledger;
pub mod limits;
mod meaning;
pub mod random;
pub mod report;
pub mod scenario;
pub mod show;
mod spans;
mod world;

use std::path::{Path, PathBuf};

use fail_core::decide::{Rule, decide};
use fail_core::glob;
use fail_tcl::PolicyError;

pub use self::judge::seconds;
use self::report::Report;
use self::scenario::{Hold, SECOND, Scenario};
use self::world::How;

/// How a scenario is rehearsed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The policy of hosts that name none.
    pub policies: Vec<PathBuf>,
    /// By which name this program was called.
    pub program: String,
    /// Another seed than the scenario's.
    pub seed: Option<u64>,
    /// By which rule is decided: another one only in tests.
    pub rule: Rule,
}

impl Options {
    /// As people do it.
    pub fn new(program: &str) -> Options {
        Options {
            policies: Vec::new(),
            program: program.to_string(),
            seed: None,
            rule: decide,
        }
    }
}

/// Rehearses a scenario.
///
/// # Errors
/// What is wrong with the scenario or with a policy, with file, line and word.
pub fn rehearse(file: &Path, options: &Options) -> Result<Report, PolicyError> {
    let scenario = scenario::read(file, &options.policies, &options.program)?;
    let seed = options.seed.unwrap_or(scenario.seed);
    let how = How {
        decide: options.rule,
        ..How::new(&options.program, seed, length(&scenario))
    };
    let services = world::check(&scenario, how)?;
    if let Some(random) = &scenario.random {
        let acts = random::happens(&scenario, random, &services, seed);
        scenario::no_act(&scenario, |pattern| {
            acts.iter().any(|act| glob::matches(pattern, act))
        })?;
    }
    let played = world::play(&scenario, &scenario.acts, how)?;
    let whole = played.given_up.is_none();
    let mut report = judge::judge(&scenario, played, false);
    if let Some(random) = scenario.random.as_ref().filter(|_| whole) {
        let given = random::Given {
            scenario: &scenario,
            random,
            program: &options.program,
            services: &services,
        };
        let (chance, tested) = given.try_seeds(seed)?;
        report.chance = Some(chance);
        // The scenario's own expectations are the last ones.
        let mine = report.verdicts.iter_mut().rev().zip(tested.iter().rev());
        for (verdict, tested) in mine.filter(|(verdict, _)| verdict.tested == 0) {
            (verdict.tested, verdict.measured) = (*tested, "by chance".to_string());
        }
    }
    // What was never looked at can not be relied on.
    for verdict in &mut report.verdicts {
        verdict.held &= verdict.tested > 0;
    }
    Ok(report)
}

/// As long as everything takes that is expected, and half a minute more.
fn length(scenario: &Scenario) -> u64 {
    const MORE: u64 = 30 * SECOND;
    if let Some(length) = scenario.length {
        return length;
    }
    let ends = scenario.acts.iter().map(|at| at.at + at.act.lasts());
    let last = ends.max().unwrap_or(0);
    let waits = scenario.expects.iter().map(|expect| match &expect.hold {
        Hold::Within(_, within, _) => *within,
        Hold::Moment(_, at) => at.saturating_sub(last),
        Hold::Settled(_, after, _) => *after,
        Hold::Never(_, longer, _) => *longer,
    });
    last + waits.max().unwrap_or(0) + MORE
}
