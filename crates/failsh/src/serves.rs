//! What failsh serves to others: monitors, consoles. The engine knows of them only this much:
//! events of their sockets go in, what they want done comes out as an [`EngineRequest`], and
//! what became of that goes back as a [`Reply`].
//!
//! Nothing here may hold up the engine: whoever reads slowly loses his connection.

#![allow(dead_code, reason = "nobody is served yet")]

use std::collections::VecDeque;

use fail_core::job::JobNo;
use fail_core::time::Mono;
use fail_rt::poller::Token;
use fail_tcl::Board;
use fail_wire::monitor::Update;

/// What a console wants done. Numbers are given by who serves it, and never twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineRequest {
    /// Run this; the answer is [`Reply::Evaluated`], once, after all that it prints.
    Eval {
        /// A [`JobNo::console`].
        job: JobNo,
        /// Tcl.
        script: String,
    },
    /// How could this line go on? The answer is [`Reply::Completions`], once, unless Tcl is
    /// busy for ever.
    Complete {
        /// Brings the answer back.
        no: u64,
        /// The line up to the cursor.
        line: String,
    },
    /// End this command: it ends with an error. Once more: at once.
    Cancel {
        /// Which.
        job: JobNo,
    },
    /// Stop what is served here and end. [`Reply::Released`] goes to everybody who asked.
    Release,
    /// End as after SIGTERM: the console of this very process has been left.
    End,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A command writes something.
    Printed {
        /// Which.
        job: JobNo,
        /// What.
        text: String,
    },
    /// A command has ended.
    Evaluated {
        /// Which.
        job: JobNo,
        /// Tcl's return code; 0 is well.
        code: i32,
        /// Its result, or its error message.
        result: String,
        /// `errorInfo` after an error.
        info: Option<String>,
    },
    /// How a line could go on.
    Completions {
        /// The number that the question came with.
        no: u64,
        /// From which byte of the line on it would be replaced.
        from: usize,
        /// By what.
        words: Vec<String>,
    },
    /// Nothing is served here any more, and failsh ends after this.
    Released {
        /// What could not be released, one sentence for each service.
        left: Vec<String>,
    },
}

/// Everybody who is served.
pub struct Serves {
    requests: VecDeque<EngineRequest>,
}

impl Serves {
    /// Nobody yet. Who comes is told first what stands on the board.
    pub fn new(_board: Board) -> Serves {
        Serves {
            requests: VecDeque::new(),
        }
    }

    /// Whether this event is for [`Serves::on_event`].
    pub fn owns(&self, _token: Token) -> bool {
        false
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, _token: Token, _now: Mono) {}

    /// When to call [`Serves::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        None
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, _now: Mono) {}

    /// The next thing that somebody wants done; nothing: that was all for now.
    pub fn request(&mut self) -> Option<EngineRequest> {
        self.requests.pop_front()
    }

    /// What became of a request. Who has gone meanwhile is not told.
    pub fn reply(&mut self, _reply: Reply) {}

    /// News for everybody who watches. The board shows them already.
    pub fn changed(&mut self, _update: Update) {}

    /// Whether somebody watches: then he is told of the health once a second.
    pub fn is_watched(&self) -> bool {
        false
    }

    /// So many times the policy has been read.
    pub fn renewed(&mut self, _count: u64) {}

    /// Whether something still has to be written before failsh may end.
    pub fn is_writing(&self) -> bool {
        false
    }
}
