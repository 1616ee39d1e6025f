//! hc in a box: the real `Watch` of `fail-core` on simulated time, with targets that really
//! fail, checks that are slow or never end, actions that hang, an hc that stands still, or
//! what runs its checks, is started anew and reads other files.
//!
//! A run is a seed, as in the box of clusters ([`crate::run`]): [`run`] draws a world and what
//! happens to it, [`look::Look`] watches the properties all the time, and in the end nothing
//! happens for so long that everything must be known. The same seed gives the same trace.

pub mod bounds;
mod draw;
mod driver;
mod flaps;
mod lines;
pub mod look;
mod pace;
pub mod setup;
mod still;
mod told;
pub mod truth;
mod warned;
pub mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use look::Violation;
use setup::Setup;
use world::World;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// How long things happen, in seconds; being still comes on top.
    pub seconds: u64,
    /// Keep every line of the trace.
    pub all_lines: bool,
    /// How the world is broken.
    pub broken: Broken,
}

impl Options {
    /// An ordinary run of this seed.
    pub fn seed(seed: u64) -> Options {
        Options {
            seed,
            seconds: 300,
            all_lines: false,
            broken: Broken::Nothing,
        }
    }
}

/// How the world is broken on purpose, to show that it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It is not.
    Nothing,
    /// hc is not told what depends on what.
    HidesDepends,
    /// Findings that are bad are told as good ones.
    SwallowsBad,
    /// What was found bad once is found bad for ever.
    NeverGood,
    /// Findings that are good are told as bad ones.
    Lies,
    /// hc takes one finding for enough.
    Hasty,
    /// Each action is done twice.
    ActsTwice,
    /// An action that is given up goes on.
    ForgetsForget,
    /// A check that nobody waits for any more goes on.
    ForgetsDrop,
    /// After a restart hc is not told what was kept.
    Forgetful,
    /// hc is made to ask all the time.
    Restless,
    /// hc is woken up late, and nobody says so.
    Sleepy,
    /// hc is not told that what runs the checks stood still.
    Unheard,
    /// hc is not told of limits.
    NoLimits,
    /// How many reports were left out is lost.
    LosesCounts,
    /// hc is not told what flapping is.
    NoFlap,
    /// hc takes far too little for flapping.
    FlapsEarly,
    /// hc believes that it has come to rest much too early.
    RestsEarly,
    /// hc is not told of windows.
    NoWindows,
    /// Warnings are told as good findings.
    SwallowsWarnings,
    /// Good findings are told as warnings.
    InventsWarnings,
    /// Wishes that have failed are told as done.
    SwallowsFailures,
    /// hc is told that each line is about everything.
    HearsAll,
    /// hc is told of the first event of each line only.
    Deaf,
    /// hc is told after each reload that all lines are others.
    NewLines,
    /// hc is told of the lines of the first file only.
    OldLines,
    /// What wishes have done is lost over a restart.
    LosesWishes,
    /// Wishes say the contrary.
    TurnsWishes,
    /// A place in memory decides.
    Address,
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
    pub tally: BTreeMap<&'static str, u64>,
}

/// Runs one world.
pub fn run(options: Options) -> Report {
    let setup = Setup::draw(options.seed, options.seconds);
    run_setup(options, setup)
}

/// Runs one world that is made, not drawn.
pub fn run_setup(options: Options, setup: Setup) -> Report {
    let mut world = World::new(options, setup.clone());
    // A broken invariant of the machine is a finding like any other, with its trace.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.live())) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        world.look.panicked(world.at, text.unwrap_or_default());
    }
    Report {
        violation: world.look.violation,
        hash: world.trace.hash(),
        lived: world.at,
        tally: std::mem::take(&mut world.tally),
        lines: world.trace.into_lines(),
        setup,
    }
}
