//! A machine that is recorded, or not: what goes in is written before it is handled, what
//! comes out when it has been taken.
//!
//! It is a machine as the one in it, so that who drives it sees no difference. Where the lines
//! go is a [`Sink`]'s: it may stop, and then nothing is written any more and nothing else
//! changes.

use std::ops::Deref;

use fail_core::machine::Machine;
use fail_core::node::Node;
use fail_core::plan::Plan;
use fail_core::time::{Mono, Now, Wall};
use fail_wire::Dice;
use serde::Serialize;

use crate::header::{Header, Origin};
use crate::node::NodeStart;
use crate::plan::PlanStart;
use crate::stands::Stands;
use crate::told::Told;

/// What a [`Sink`] is given.
#[derive(Debug, Clone, Copy)]
pub enum Put<'a> {
    /// Whole lines that are to be safe before the program goes on.
    Before(&'a [u8]),
    /// Whole lines.
    After(&'a [u8]),
    /// Nothing comes after this, because of that.
    Stop(&'a str),
}

/// Takes lines. Says whether it wants more.
pub type Sink = Box<dyn FnMut(Put<'_>) -> bool + Send>;

/// A machine and its recording.
pub struct Recorded<M> {
    machine: M,
    tape: Option<Tape>,
}

struct Tape {
    stands: Stands,
    sink: Sink,
    /// What came out since the last input, but for the end of the line.
    outs: Vec<u8>,
}

/// A call as it is written.
#[derive(Serialize)]
struct Call<T> {
    at: Mono,
    wall: Wall,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    input: Option<T>,
    #[serde(skip_serializing_if = "is_false")]
    expire: bool,
}

fn is_false(is: &bool) -> bool {
    !is
}

impl PlanStart {
    /// The machine, recorded if there is a sink.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn recorded(&self, origin: &Origin, sink: Option<Sink>) -> Result<Recorded<Plan>, String> {
        let machine = self.machine()?;
        let tape = sink.map(|sink| {
            let header = Header::new(origin, Plan::PROGRAM, self.now, &self.seed);
            let tell = |stands: &mut Stands| Header {
                plan: Some(self.tell(stands)),
                ..header
            };
            Tape::begin(origin, sink, tell)
        });
        Ok(Recorded::new(machine, tape.flatten()))
    }
}

impl NodeStart {
    /// The machine, recorded if there is a sink.
    pub fn recorded(&self, origin: &Origin, sink: Option<Sink>) -> Recorded<Node> {
        let tape = sink.map(|sink| {
            let header = Header::new(origin, Node::PROGRAM, self.now, &self.seed);
            let tell = |stands: &mut Stands| Header {
                node: Some(self.tell(stands)),
                ..header
            };
            Tape::begin(origin, sink, tell)
        });
        Recorded::new(self.machine(), tape.flatten())
    }
}

impl Tape {
    fn begin(
        origin: &Origin,
        mut sink: Sink,
        header: impl FnOnce(&mut Stands) -> Header,
    ) -> Option<Tape> {
        let mut stands = Stands::recording(Dice::new(&origin.secret).key());
        let header = header(&mut stands);
        let more = line(&header).is_some_and(|line| sink(Put::Before(&line)));
        let tape = Tape {
            stands,
            sink,
            outs: Vec::new(),
        };
        tape.goes_on(more)
    }

    /// Nothing: it has ended.
    fn goes_on(mut self, more: bool) -> Option<Tape> {
        if let Some(why) = self.stands.failed() {
            (self.sink)(Put::Stop(why));
            return None;
        }
        more.then_some(self)
    }

    fn call<M: Told>(mut self, now: Now, input: Option<&M::In>) -> Option<Tape> {
        self.stands.turn();
        let call = Call {
            at: now.mono,
            wall: now.wall,
            expire: input.is_none(),
            input: input.map(|input| M::tell_in(&mut self.stands, input)),
        };
        self.outs.clear();
        let more = line(&call).is_some_and(|line| (self.sink)(Put::Before(&line)));
        self.goes_on(more)
    }

    fn out<M: Told>(&mut self, out: &M::Out) {
        let head: &[u8] = if self.outs.is_empty() {
            b"{\"out\":["
        } else {
            b","
        };
        self.outs.extend(head);
        // Plain values can always be written.
        let _ = serde_json::to_writer(&mut self.outs, &M::tell_out(&mut self.stands, out));
    }

    fn drained(mut self) -> Option<Tape> {
        if self.outs.is_empty() {
            return Some(self);
        }
        self.outs.extend(b"]}\n");
        let more = (self.sink)(Put::After(&self.outs));
        self.outs.clear();
        self.goes_on(more)
    }
}

/// Nothing: it can not be written, and plain values always can.
fn line(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(value).ok()?;
    line.push(b'\n');
    Some(line)
}

impl<M: Told> Recorded<M> {
    fn new(machine: M, tape: Option<Tape>) -> Recorded<M> {
        Recorded { machine, tape }
    }

    /// Whether it is still being recorded.
    pub fn is_recorded(&self) -> bool {
        self.tape.is_some()
    }
}

impl<M> Deref for Recorded<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.machine
    }
}

impl<M: Told> Machine for Recorded<M> {
    type In = M::In;
    type Out = M::Out;

    fn handle(&mut self, now: Now, input: M::In) {
        let tape = self.tape.take();
        self.tape = tape.and_then(|tape| tape.call::<M>(now, Some(&input)));
        self.machine.handle(now, input);
    }

    fn expire(&mut self, now: Now) {
        let tape = self.tape.take();
        self.tape = tape.and_then(|tape| tape.call::<M>(now, None));
        self.machine.expire(now);
    }

    fn deadline(&self) -> Option<Mono> {
        self.machine.deadline()
    }

    fn poll(&mut self) -> Option<M::Out> {
        let out = self.machine.poll();
        match (&out, self.tape.take()) {
            (_, None) => {}
            (Some(out), Some(mut tape)) => {
                tape.out::<M>(out);
                self.tape = Some(tape);
            }
            (None, Some(tape)) => self.tape = tape.drained(),
        }
        out
    }
}
