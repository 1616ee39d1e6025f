//! What becomes of a script: most do what they are for, the others are the reason for
//! `timeout`, `Out::Cancel` and the mark `starting`.

use fail_core::job::{Outcome, ScriptError, Task};
use fail_wire::State;

use crate::rng::Rng;
use crate::setup::{MS, Setup};

/// What becomes of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Does its work and says so.
    Fine,
    /// Fails; the work may be done or not.
    Error,
    /// Does no start, and says so by another state.
    NotNow(State),
    /// Hangs until it is cancelled, and ends so many nanoseconds after that.
    Hang(u64),
    /// Never ends.
    Immortal,
}

impl Fate {
    /// It does what it is for.
    pub fn honest(self) -> bool {
        self == Fate::Fine
    }
}

/// What happens when a script is run.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// What becomes of it.
    pub fate: Fate,
    /// After how long the service runs or does not, and which.
    pub effect: Option<(u64, bool)>,
    /// After how long it ends by itself, and how.
    pub end: Option<(u64, Result<State, ()>)>,
}

/// Weights: in a wild world one script in four does not do what it should.
const WILD: [(u64, Fate); 7] = [
    (750, Fate::Fine),
    (100, Fate::Error),
    (40, Fate::NotNow(State::Recover)),
    (30, Fate::NotNow(State::Fail)),
    (50, Fate::Hang(300 * MS)),
    // Longer than the five seconds that a cancelled script has.
    (15, Fate::Hang(7000 * MS)),
    (15, Fate::Immortal),
];

/// Checks are run far more often than other scripts, and fail less often.
const WILD_CHECKS: [(u64, Fate); 7] = [
    (930, Fate::Fine),
    (20, Fate::Error),
    (15, Fate::NotNow(State::Recover)),
    (10, Fate::NotNow(State::Fail)),
    (10, Fate::NotNow(State::Up)),
    (10, Fate::Hang(300 * MS)),
    (5, Fate::Hang(7000 * MS)),
];

/// Draws the course of a script.
pub fn course(rng: &mut Rng, task: Task, setup: &Setup) -> Course {
    let refuses = setup.refuses && task == Task::Start;
    let fate = match setup.wild {
        _ if refuses => Fate::NotNow(State::Recover),
        true if task == Task::Check => rng.weighted(&WILD_CHECKS),
        true => rng.weighted(&WILD),
        false => Fate::Fine,
    };
    let longest = if refuses { MS } else { setup.script_max };
    let length = rng.between(longest / 50, longest);
    let moment = rng.between(0, length);
    let (result, runs) = match task {
        Task::Start => (State::Up, Some(true)),
        Task::Stop => (State::Recover, Some(false)),
        // What an honest check says is found out when it ends.
        Task::Reclaim | Task::Check => (State::Up, None),
    };
    let perhaps = rng.per_mille(500);
    let (runs, end) = match fate {
        Fate::Fine => (runs, Some(Ok(result))),
        Fate::Error => (runs.filter(|_| perhaps), Some(Err(()))),
        // A stop or reclaim that returns another state has done its work all the same.
        Fate::NotNow(state) => match task {
            Task::Start => (None, Some(Ok(state))),
            Task::Stop | Task::Reclaim => (Some(false), Some(Ok(state))),
            Task::Check => (None, Some(Ok(state))),
        },
        Fate::Hang(_) | Fate::Immortal => (runs.filter(|_| perhaps), None),
    };
    Course {
        fate,
        effect: runs.map(|runs| (moment, runs)),
        end: end.map(|end| (length, end)),
    }
}

/// What a script reports.
pub fn outcome(task: Task, result: Result<State, ()>) -> Outcome {
    result.map_err(|()| ScriptError {
        sentence: format!("{task}: it did not work"),
        detail: "it did not work\n    while executing\n\"exec broken\"".to_string(),
    })
}

/// What a script is counted as.
pub fn counted(task: Task) -> &'static str {
    match task {
        Task::Start => "starts",
        Task::Stop => "stops",
        Task::Reclaim => "reclaims",
        Task::Check => "checks",
    }
}
