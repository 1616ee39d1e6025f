//! A world in the hands of stateright: every state is looked at, breadth first, so that the
//! way to a wrong one is the shortest; and the same world walked through by `calm`.

#![allow(dead_code, reason = "each of its users needs a part of it")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use fail_model::runs::Which;
use fail_model::{Flaw, World, calm};
use stateright::{Checker, HasDiscoveries, Model, Path, Property};

/// What can not be promised.
pub const TWO_UP: &str = "two UP";

/// A world as stateright wants it.
#[derive(Clone)]
pub struct Checked<W: World> {
    pub world: W,
    /// Stop as soon as two hosts are `UP`.
    pub wants_two: bool,
}

impl<W: World> Model for Checked<W> {
    type State = W::State;
    type Action = W::Action;

    fn init_states(&self) -> Vec<W::State> {
        self.world.begin()
    }

    fn actions(&self, state: &W::State, actions: &mut Vec<W::Action>) {
        // A wrong state is the end of its story.
        if self.world.flaw(state).is_none() {
            self.world.actions(state, actions);
        }
    }

    fn next_state(&self, state: &W::State, action: W::Action) -> Option<W::State> {
        self.world.step(state, &action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.wants_two {
            return vec![Property::sometimes(TWO_UP, |model, state| {
                model.world.two_up(state)
            })];
        }
        Flaw::OF_STATES.into_iter().map(always).collect()
    }
}

/// That a state never shows this flaw. Stateright takes plain functions only.
fn always<W: World>(flaw: Flaw) -> Property<Checked<W>> {
    macro_rules! never {
        ($flaw:expr) => {
            Property::always(flaw.word(), |model: &Checked<W>, state| {
                model.world.flaw(state) != Some($flaw)
            })
        };
    }
    match flaw {
        Flaw::NeverTwo => never!(Flaw::NeverTwo),
        Flaw::OneServer => never!(Flaw::OneServer),
        Flaw::HandBack => never!(Flaw::HandBack),
        Flaw::FailStays => never!(Flaw::FailStays),
        Flaw::OneScript => never!(Flaw::OneScript),
        Flaw::Settled => never!(Flaw::Settled),
        Flaw::Contract => never!(Flaw::Contract),
    }
}

/// What came of looking at all states.
pub struct Report {
    /// How many there are.
    pub states: usize,
    /// How many steps from the beginning to the last of them.
    pub depth: usize,
    /// From how many peace leads to a settled end.
    pub healed: usize,
    /// How long it took.
    pub took: Duration,
    /// What is wrong, each with the shortest story that shows it.
    pub flaws: Vec<(Flaw, String)>,
    /// Not all states were looked at.
    pub cut_short: bool,
}

/// Looks at all states of a world of either kind.
pub fn check_run(which: &Which, at_most: usize) -> Report {
    match which {
        Which::Sketch(world) => check(world, at_most),
        Which::Real(world) => check(world, at_most),
    }
}

/// Looks at all states of a world, if there are at most so many.
pub fn check<W: World>(world: &W, at_most: usize) -> Report {
    let began = Instant::now();
    let model = Checked {
        world: world.clone(),
        wants_two: false,
    };
    let checker = model.checker().finish_when(HasDiscoveries::Any);
    let checker = checker.spawn_bfs().join();
    let mut flaws = Vec::new();
    for flaw in Flaw::OF_STATES {
        if let Some(path) = checker.discovery(flaw.word()) {
            flaws.push((flaw, story(world, path)));
        }
    }
    let mut report = Report {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        healed: 0,
        took: began.elapsed(),
        cut_short: false,
        flaws,
    };
    if report.flaws.is_empty() {
        drop(checker);
        let calm = calm::walk(world, at_most);
        report.cut_short = calm.cut_short;
        if !calm.cut_short {
            // Two programs that walk the same way meet the same states.
            assert_eq!(
                calm.states, report.states,
                "stateright (right) and calm (left)"
            );
        }
        report.healed = calm.healed;
        if let Some(way) = calm.unsettled {
            report
                .flaws
                .push((Flaw::Settled, lines(world, way.into_iter())));
        }
    }
    report.took = began.elapsed();
    report
}

/// The shortest way to two hosts that are `UP`; nothing: there is none.
pub fn two_up<W: World>(world: &W) -> Option<String> {
    let model = Checked {
        world: world.clone(),
        wants_two: true,
    };
    let checker = model.checker().spawn_bfs().join();
    checker.discovery(TWO_UP).map(|path| story(world, path))
}

fn story<W: World>(world: &W, path: Path<W::State, W::Action>) -> String {
    let mut steps = Vec::new();
    let mut last = None;
    for (state, action) in path.into_vec() {
        steps.push((last, state));
        last = action;
    }
    lines(world, steps.into_iter())
}

/// A story, a line for each step that is worth one.
fn lines<W: World>(
    world: &W,
    steps: impl Iterator<Item = (Option<W::Action>, W::State)>,
) -> String {
    let mut text = String::new();
    let mut before: Option<W::State> = None;
    for (action, state) in steps {
        if let (Some(before), Some(action)) = (&before, &action) {
            let line = world.tell(before, action, &state);
            if !line.is_empty() {
                let _ = writeln!(text, "{line}");
            }
        }
        before = Some(state);
    }
    text
}
