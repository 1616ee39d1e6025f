//! A cluster in a box: two to five hosts, each with the real faild (`Node`) and the real
//! failsh (`Plan`) of `fail-core`, on simulated time, network, disks, scripts and people.
//!
//! A run is a seed: [`run`] draws the cluster and everything that happens to it, watches the
//! properties of [`watch::Property`] all the time, and ends with a healed world in which
//! everything must settle. The same seed gives the same trace, byte for byte.
//!
//! Not here: real sockets, Tcl, files, names that are looked up.

#![forbid(unsafe_code)]

pub mod acts;
pub mod bounds;
pub mod client;
pub mod hc;
pub mod host;
pub mod mutants;
pub mod net;
pub mod rng;
pub mod script;
pub mod setup;
pub mod shrink;
pub mod skew;
pub mod story;
pub mod tell;
pub mod trace;
pub mod watch;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fail_core::decide::{Rule, decide};

use acts::Happening;
use bounds::Bounds;
use rng::Rng;
use setup::{SECOND, Setup};
use watch::Violation;
use world::{Broken, Tally, World};

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// How many hosts; nothing: as drawn.
    pub hosts: Option<usize>,
    /// How long things happen, in seconds; healing comes on top.
    pub seconds: u64,
    /// Keep every line of the trace.
    pub all_lines: bool,
    /// How the world is broken.
    pub broken: Broken,
    /// The rule that all failsh decide by.
    pub rule: Rule,
    /// Every failsh reads its policy again all the time, which must change nothing.
    pub reloads: bool,
}

impl Options {
    /// An ordinary run of this seed.
    pub fn seed(seed: u64) -> Options {
        Options {
            seed,
            hosts: None,
            seconds: 40,
            all_lines: false,
            broken: Broken::Nothing,
            rule: decide,
            reloads: false,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The first property that did not hold.
    pub violation: Option<Violation>,
    /// A number that equal traces share.
    pub hash: u64,
    /// The trace, or the end of it.
    pub lines: Vec<String>,
    /// How long the world lived, in nanoseconds.
    pub lived: u64,
    /// What was drawn.
    pub setup: Setup,
    /// How often what was seen.
    pub tally: Tally,
}

/// Runs one world.
pub fn run(options: Options) -> Report {
    // The world's own dice must not repeat those that drew it.
    let setup = Setup::draw(&mut Rng::new(!options.seed), options.hosts);
    run_setup(options, setup)
}

/// Runs one world that is made, not drawn; what happens to it is drawn.
pub fn run_setup(options: Options, setup: Setup) -> Report {
    let acts = acts_of(options.seed, options.seconds, &setup);
    run_acts(options, setup, &acts)
}

/// Everything that happens to this world by its seed.
pub fn acts_of(seed: u64, seconds: u64, setup: &Setup) -> Vec<Happening> {
    // Neither the dice that drew the world nor those within it.
    let mut rng = Rng::new(seed.rotate_left(32) ^ 0x5eed);
    acts::draw::acts(&mut rng, setup, seconds * SECOND)
}

/// Runs one world in which just this happens.
pub fn run_acts(options: Options, setup: Setup, acts: &[Happening]) -> Report {
    let healing = setup.services.iter().map(|svc| {
        let bounds = Bounds::of(&setup, svc);
        // Whoever is FAIL may come back first.
        bounds.settled + bounds.retried
    });
    // Scripts of the storm may hang for their timeout, twice, and the grace of each.
    let hung = setup
        .services
        .iter()
        .map(|svc| svc.settings.timeout.0)
        .max();
    let hung = if setup.wild {
        2 * hung.unwrap_or(0) + 12 * SECOND
    } else {
        0
    };
    let storm = options.seconds * SECOND;
    let end = storm + 5 * SECOND + hung + healing.max().unwrap_or(0);
    let mut world = World::new(options.seed, setup.clone(), storm, options.all_lines);
    world.broken = options.broken;
    world.with_rule(options.rule);
    if options.reloads {
        world.later(SECOND, world::Event::ReloadAll);
    }
    // A broken invariant of a machine is a finding like any other, with its trace.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.live(acts, end))) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        world.watch.panicked(world.at, text.unwrap_or_default());
    }
    Report {
        violation: world.watch.violation,
        hash: world.trace.hash(),
        lived: world.at,
        tally: std::mem::take(&mut world.tally),
        lines: world.trace.into_lines(),
        setup,
    }
}
