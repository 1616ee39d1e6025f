//! The Tcl threads: the *mind* with the policy of today, and older ones in which scripts still
//! run that were begun under the policy of yesterday.
//!
//! A script ends where it began. What comes from a mind is tagged with its generation; the
//! numbers that a mind gives to its programs and questions are its own, so they are exchanged
//! here for numbers that no other mind has. An old mind is told to end when its last script
//! has ended, and nobody waits for it: a script stuck in one does not hold up anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fail_core::exec::ExecResult;
use fail_core::job::{Fired, JobNo, Order};
use fail_tcl::{AskError, TclHandle, ToTcl};

/// Which reading of the policy: 1 is that of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// All Tcl threads.
pub struct Minds {
    current: Generation,
    minds: BTreeMap<Generation, Mind>,
    execs: Exchange,
    asks: Exchange,
}

struct Mind {
    tcl: TclHandle,
    jobs: BTreeSet<JobNo>,
}

/// Numbers of one mind against numbers of the engine.
#[derive(Default)]
struct Exchange {
    last: u64,
    theirs: BTreeMap<u64, (Generation, u64)>,
    ours: BTreeMap<(Generation, u64), u64>,
}

impl Exchange {
    fn give(&mut self, theirs: (Generation, u64)) -> u64 {
        self.last += 1;
        self.theirs.insert(self.last, theirs);
        self.ours.insert(theirs, self.last);
        self.last
    }

    fn take(&mut self, ours: u64) -> Option<(Generation, u64)> {
        let theirs = self.theirs.remove(&ours)?;
        self.ours.remove(&theirs);
        Some(theirs)
    }
}

impl Minds {
    /// Only that of the start.
    pub fn new(generation: Generation, tcl: TclHandle) -> Minds {
        let mut minds = Minds {
            current: generation,
            minds: BTreeMap::new(),
            execs: Exchange::default(),
            asks: Exchange::default(),
        };
        minds.adopt(generation, tcl);
        minds
    }

    fn adopt(&mut self, generation: Generation, tcl: TclHandle) {
        let jobs = BTreeSet::new();
        self.minds.insert(generation, Mind { tcl, jobs });
        self.current = generation;
    }

    /// The one that new scripts go to.
    pub fn current(&self) -> Generation {
        self.current
    }

    /// All that there are, and how many scripts run in each.
    pub fn all(&self) -> impl Iterator<Item = (Generation, usize)> {
        self.minds.iter().map(|(no, mind)| (*no, mind.jobs.len()))
    }

    /// From now on scripts go to this one.
    pub fn replace(&mut self, generation: Generation, tcl: TclHandle) {
        let old = self.current;
        self.adopt(generation, tcl);
        self.dismiss(old);
    }

    /// Runs a script of a service.
    pub fn run(&mut self, order: Order) {
        self.begin(order.job, ToTcl::Run(order));
    }

    /// Runs a trap.
    pub fn trap(&mut self, fired: Fired) {
        self.begin(fired.job, ToTcl::Trap(fired));
    }

    /// Runs a command of a console.
    pub fn eval(&mut self, job: JobNo, script: String) {
        self.begin(job, ToTcl::Eval { job, script });
    }

    fn begin(&mut self, job: JobNo, order: ToTcl) {
        if let Some(mind) = self.minds.get_mut(&self.current) {
            mind.jobs.insert(job);
            mind.tcl.send(order);
        }
    }

    /// A message to the current one that no job is behind.
    pub fn send(&self, message: ToTcl) {
        if let Some(mind) = self.minds.get(&self.current) {
            mind.tcl.send(message);
        }
    }

    /// Ends a job, wherever it runs. One that has ended is left in peace.
    pub fn cancel(&self, job: JobNo, why: String) {
        let mind = self.minds.values().find(|mind| mind.jobs.contains(&job));
        if let Some(mind) = mind {
            mind.tcl.send(ToTcl::Cancel { job, why });
        }
    }

    /// A job has ended.
    pub fn ended(&mut self, generation: Generation, job: JobNo) {
        if let Some(mind) = self.minds.get_mut(&generation) {
            mind.jobs.remove(&job);
            self.dismiss(generation);
        }
    }

    /// An old one in which nothing runs any more may go.
    fn dismiss(&mut self, generation: Generation) {
        if generation == self.current {
            return;
        }
        let idle = |mind: &Mind| mind.jobs.is_empty();
        if self.minds.get(&generation).is_some_and(idle) {
            if let Some(mind) = self.minds.remove(&generation) {
                mind.tcl.send(ToTcl::Quit);
            }
        }
    }

    /// A number for programs that this mind wants run.
    pub fn exec(&mut self, generation: Generation, exec: u64) -> u64 {
        self.execs.give((generation, exec))
    }

    /// The number under which its programs run; nothing if they have ended.
    pub fn running(&self, generation: Generation, exec: u64) -> Option<u64> {
        self.execs.ours.get(&(generation, exec)).copied()
    }

    /// How programs ended, to who waits for that.
    pub fn exec_done(&mut self, no: u64, result: ExecResult) {
        let Some((generation, exec)) = self.execs.take(no) else {
            return;
        };
        if let Some(mind) = self.minds.get(&generation) {
            mind.tcl.send(ToTcl::ExecDone { exec, result });
        }
    }

    /// A number for a question of this mind.
    pub fn ask(&mut self, generation: Generation, ask: u64) -> u64 {
        self.asks.give((generation, ask))
    }

    /// The answer to a question, to who asked it.
    pub fn answered(&mut self, no: u64, result: Result<String, AskError>) {
        let Some((generation, ask)) = self.asks.take(no) else {
            return;
        };
        if let Some(mind) = self.minds.get(&generation) {
            mind.tcl.send(ToTcl::Answered { ask, result });
        }
    }

    /// Which job has kept all others of its mind from going on, and for how long.
    pub fn held(&self) -> Vec<(JobNo, Duration)> {
        let minds = self.minds.values();
        minds.flat_map(|mind| mind.tcl.held()).collect()
    }

    /// Ends all jobs, wherever they run. Twice: at once.
    pub fn cancel_all(&self, why: &str) {
        for mind in self.minds.values() {
            for &job in &mind.jobs {
                let why = why.to_string();
                mind.tcl.send(ToTcl::Cancel { job, why });
            }
        }
    }

    /// Whether no job runs.
    pub fn is_idle(&self) -> bool {
        self.minds.values().all(|mind| mind.jobs.is_empty())
    }
}
