//! Replays a recording: gives the machine of this build what was recorded, and holds what
//! comes out to what came out then.
//!
//! Whoever wants to see more than whether it was the same is a [`Watch`].

use std::io::BufRead;

use fail_core::decide::Rule;
use fail_core::node::Node;
use fail_core::plan::Plan;
use fail_core::time::{Now, Span};
use serde_json::Value;

use crate::node::NodeStart;
use crate::plan::PlanStart;
use crate::read::{BadRecording, End, Reader, plain};
use crate::stands::Stands;
use crate::told::Told;

/// Looks on while a machine is replayed.
pub trait Watch<M: Told> {
    /// This is about to happen; nothing: the deadline has come.
    fn before(&mut self, _machine: &M, _now: Now, _input: Option<&M::In>) {}
    /// And that came of it.
    fn after(&mut self, _machine: &M, _now: Now, _outs: &[M::Out]) {}
}

/// Nobody looks on.
impl<M: Told> Watch<M> for () {}

/// Two look on.
impl<M: Told, A: Watch<M>, B: Watch<M>> Watch<M> for (A, &mut B) {
    fn before(&mut self, machine: &M, now: Now, input: Option<&M::In>) {
        self.0.before(machine, now, input);
        self.1.before(machine, now, input);
    }
    fn after(&mut self, machine: &M, now: Now, outs: &[M::Out]) {
        self.0.after(machine, now, outs);
        self.1.after(machine, now, outs);
    }
}

/// Where this build did something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The line of what happened.
    pub line: u64,
    /// When that was.
    pub now: Now,
    /// What happened; nothing: the deadline had come.
    pub input: Option<Value>,
    /// What came of it then; nothing: less than now.
    pub recorded: Option<Value>,
    /// What comes of it now; nothing: less than then.
    pub replayed: Option<Value>,
}

/// What a replay has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// How many calls there were, up to the difference if there is one.
    pub turns: u64,
    /// And outputs.
    pub outs: u64,
    /// From the machine's beginning to the last call.
    pub span: Span,
    /// How the recording ends.
    pub end: End,
    /// What the recorder said when it stopped, if it did.
    pub said: Option<String>,
    /// The first difference; nothing: it was the same all the way.
    pub difference: Option<Difference>,
}

/// With what the machine of a recording begins.
#[derive(Debug, Clone)]
pub enum Start {
    /// failsh's.
    Plan(Box<PlanStart>),
    /// faild's.
    Node(Box<NodeStart>),
}

/// Reads what a header says of the machine.
///
/// # Errors
/// It makes no sense.
pub fn start<R: BufRead>(reader: &Reader<R>) -> Result<(Start, Stands), BadRecording> {
    let header = reader.header();
    let mut stands = Stands::replaying();
    let bad = |problem: String| reader.bad(1, problem);
    let (now, seed) = (header.now(), header.seed().map_err(bad)?);
    let start = match (&header.plan, &header.node) {
        (Some(plan), None) => {
            let start = plan.clone().hear(now, seed, &mut stands).map_err(bad)?;
            Start::Plan(Box::new(start))
        }
        (None, Some(node)) => {
            let start = node.clone().hear(now, seed, &mut stands).map_err(bad)?;
            Start::Node(Box::new(start))
        }
        _ => return Err(bad("it is neither failsh's nor faild's".to_string())),
    };
    Ok((start, stands))
}

/// Replays the recording of a failsh, by this rule.
///
/// # Errors
/// A line that makes no sense, or the recording of a faild.
pub fn plan<R: BufRead>(
    reader: &mut Reader<R>,
    rule: Rule,
    watch: &mut impl Watch<Plan>,
) -> Result<Replayed, BadRecording> {
    let (Start::Plan(begin), stands) = start(reader)? else {
        return Err(reader.bad(
            1,
            "the recording of a faild, where one of a failsh is meant",
        ));
    };
    let machine = begin.machine_with(rule);
    let machine = machine.map_err(|problem| reader.bad(1, problem))?;
    run(reader, stands, machine, watch)
}

/// Replays the recording of a faild.
///
/// # Errors
/// A line that makes no sense, or the recording of a failsh.
pub fn node<R: BufRead>(
    reader: &mut Reader<R>,
    watch: &mut impl Watch<Node>,
) -> Result<Replayed, BadRecording> {
    let (Start::Node(begin), stands) = start(reader)? else {
        return Err(reader.bad(
            1,
            "the recording of a failsh, where one of a faild is meant",
        ));
    };
    let machine = begin.machine();
    run(reader, stands, machine, watch)
}

fn run<R: BufRead, M: Told>(
    reader: &mut Reader<R>,
    mut stands: Stands,
    mut machine: M,
    watch: &mut impl Watch<M>,
) -> Result<Replayed, BadRecording> {
    let begin = reader.header().now();
    let mut replayed = Replayed {
        turns: 0,
        outs: 0,
        span: Span::ZERO,
        end: End::Whole,
        said: None,
        difference: None,
    };
    while let Some(turn) = reader.turn()? {
        let bad = |problem: String| reader.bad(turn.line, problem);
        stands.turn();
        let read = |input: &Value| {
            let text = serde_json::from_value(input.clone());
            let text = text.map_err(|e| bad(plain(&e)))?;
            M::hear_in(&mut stands, text).map_err(bad)
        };
        let input = turn.input.as_ref().map(read).transpose()?;
        watch.before(&machine, turn.now, input.as_ref());
        match input {
            Some(input) => machine.handle(turn.now, input),
            None => machine.expire(turn.now),
        }
        let outs: Vec<M::Out> = std::iter::from_fn(|| machine.poll()).collect();
        watch.after(&machine, turn.now, &outs);
        replayed.turns += 1;
        replayed.outs += outs.len() as u64;
        replayed.span = turn.now.mono - begin.mono;
        // What came of the last call of a recording that was cut is not known.
        let Some(recorded) = &turn.outs else { continue };
        let told = |out: &M::Out| serde_json::to_value(M::tell_out(&mut stands, out));
        // Plain values can always be written.
        let now: Vec<Value> = outs.iter().map(told).filter_map(Result::ok).collect();
        if now != *recorded {
            let both = recorded.iter().zip(&now);
            let same = both.take_while(|(then, now)| then == now).count();
            replayed.difference = Some(Difference {
                line: turn.line,
                now: turn.now,
                input: turn.input.clone(),
                recorded: recorded.get(same).cloned(),
                replayed: now.get(same).cloned(),
            });
            break;
        }
    }
    replayed.end = reader.end();
    replayed.said = reader.said().map(str::to_string);
    Ok(replayed)
}
