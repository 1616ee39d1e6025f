//! Where a world ends up when it is left in peace: **settled**, the mirror of one server.
//!
//! All states are walked through, and of the steps those are kept that happen in a calm world
//! too. Whoever walks there for ever, and takes none of his ways never, ends in a set of
//! states that he can not leave: a circle of rounds, or a standstill. In each of these sets
//! every state must be settled. That is said for every reachable state with a whole network,
//! in the middle of whatever was under way, and it is stronger than that a good end can be
//! reached. What it takes for granted is that no message, round or script is put off for ever.
//!
//! States are told apart by 64 bits of a hash, as stateright does.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::World;

/// How a state came about: each step with the state after it; the beginning has no step.
pub type Story<W> = Vec<(Option<<W as World>::Action>, <W as World>::State)>;

/// What a walk through all states has found.
#[derive(Debug)]
pub struct Calm<W: World> {
    /// How many states there are.
    pub states: usize,
    /// How many of them are healed: those from which peace must settle it.
    pub healed: usize,
    /// In how many of them it is as it should be, for ever.
    pub ends: usize,
    /// How far the last of them is from the beginning.
    pub depth: usize,
    /// The shortest way to a state that can not be left, and is not settled.
    pub unsettled: Option<Story<W>>,
    /// There are more states than were asked for: nothing is proved.
    pub cut_short: bool,
}

/// The hash is a hash already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// All states, as numbers in the order in which they were met.
#[derive(Default)]
struct Graph {
    prints: Vec<u64>,
    parents: Vec<u32>,
    healed: Vec<bool>,
    settled: Vec<bool>,
    /// Where the calm steps of each state begin in `steps`.
    first: Vec<usize>,
    steps: Vec<u32>,
}

const NONE: u32 = u32::MAX;

fn print_of<S: Hash>(state: &S) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Walks through all states of a world, at most so many.
pub fn walk<W: World>(world: &W, at_most: usize) -> Calm<W> {
    let mut known: HashMap<u64, u32, BuildHasherDefault<Same>> = HashMap::default();
    let mut graph = Graph::default();
    let mut queue = VecDeque::new();
    let mut meet =
        |graph: &mut Graph, queue: &mut VecDeque<(W::State, u32)>, state, parent, deep| {
            let (number, print) = (graph.parents.len() as u32, print_of(&state));
            match known.entry(print) {
                Entry::Occupied(old) => *old.get(),
                Entry::Vacant(new) => {
                    new.insert(number);
                    graph.prints.push(print);
                    graph.parents.push(parent);
                    graph.healed.push(world.is_healed(&state));
                    graph.settled.push(world.is_settled(&state));
                    queue.push_back((state, deep));
                    number
                }
            }
        };
    for state in world.begin() {
        meet(&mut graph, &mut queue, state, NONE, 0);
    }
    let (mut depth, mut number, mut cut_short) = (0, 0, false);
    let mut actions = Vec::new();
    while let Some((state, deep)) = queue.pop_front() {
        depth = depth.max(deep as usize);
        graph.first.push(graph.steps.len());
        cut_short = graph.parents.len() > at_most;
        if cut_short {
            break;
        }
        actions.clear();
        // A wrong state is the end of its story.
        if world.flaw(&state).is_none() {
            world.actions(&state, &mut actions);
        }
        for action in &actions {
            let Some(after) = world.step(&state, action) else {
                continue;
            };
            let to = meet(&mut graph, &mut queue, after, number, deep + 1);
            if graph.healed[number as usize] && world.is_calm(action) {
                graph.steps.push(to);
            }
        }
        number += 1;
    }
    let states = graph.parents.len();
    let mut calm = Calm {
        states,
        healed: graph.healed.iter().filter(|healed| **healed).count(),
        ends: 0,
        depth,
        unsettled: None,
        cut_short,
    };
    if cut_short {
        return calm;
    }
    graph.first.push(graph.steps.len());
    let ends = graph.ends();
    calm.ends = ends.iter().filter(|end| **end).count();
    let wrong = (0..states).find(|n| ends[*n] && !graph.settled[*n]);
    calm.unsettled = wrong.map(|n| graph.story(world, n));
    calm
}

impl Graph {
    /// Which healed states lie in a set that can not be left: Tarjan's algorithm, with a stack
    /// of its own.
    fn ends(&self) -> Vec<bool> {
        let states = self.parents.len();
        let (mut order, mut low) = (vec![NONE; states], vec![NONE; states]);
        let (mut done, mut ends) = (vec![false; states], vec![false; states]);
        // What was met under a state leads out of its set.
        let mut leaves = vec![false; states];
        let (mut open, mut count) = (Vec::new(), 0);
        for root in (0..states).filter(|n| self.healed[*n]) {
            if order[root] != NONE {
                continue;
            }
            let mut path = vec![(root, self.first[root])];
            while let Some((at, step)) = path.last().copied() {
                if step == self.first[at] && order[at] == NONE {
                    (order[at], low[at]) = (count, count);
                    count += 1;
                    open.push(at);
                }
                if step < self.first[at + 1] {
                    let to = self.steps[step] as usize;
                    if order[to] == NONE {
                        path.push((to, self.first[to]));
                        continue;
                    }
                    match done[to] {
                        true => leaves[at] = true,
                        false => low[at] = low[at].min(low[to]),
                    }
                    if let Some(last) = path.last_mut() {
                        last.1 += 1;
                    }
                    continue;
                }
                path.pop();
                if low[at] != order[at] {
                    continue;
                }
                let begins = open.iter().rposition(|n| *n == at).unwrap_or(0);
                let set = open.split_off(begins);
                let end = set.iter().all(|n| !leaves[*n]);
                for n in set {
                    (done[n], ends[n]) = (true, end);
                }
            }
        }
        ends
    }

    /// How a state came about. The states themselves were not kept: they are made once more.
    fn story<W: World>(&self, world: &W, end: usize) -> Story<W> {
        let mut way = vec![end];
        while let Some(parent) = way.last().map(|n| self.parents[*n]).filter(|n| *n != NONE) {
            way.push(parent as usize);
        }
        way.reverse();
        let is = |state: &W::State, n: usize| print_of(state) == self.prints[n];
        let first = world.begin().into_iter().find(|state| is(state, way[0]));
        let mut story: Vec<_> = first.into_iter().map(|state| (None, state)).collect();
        for n in &way[1..] {
            let Some((_, state)) = story.last() else {
                break;
            };
            let mut actions = Vec::new();
            world.actions(state, &mut actions);
            let next = actions.into_iter().find_map(|action| {
                let after = world.step(state, &action)?;
                is(&after, *n).then_some((Some(action), after))
            });
            story.extend(next);
        }
        story
    }
}
