//! The end of a failsh that takes its services with it: each is stopped, and its record is
//! left as if nobody had published it, so that slaves take over at once and the next failsh
//! publishes `RECOVER` by itself. What is held is left alone, and nothing is started.

use fail_wire::{Marks, Name, State};

use super::duty::{Duty, Owed, Then};
use super::{Out, Plan, Target};
use crate::job::Task;
use crate::log::Level;
use crate::time::Now;

/// The reason in the records.
const REASON: &str = "released: failsh ended";

fn withdrawn() -> Owed {
    Owed {
        withdrawn: true,
        ..Owed::new(State::Fail, REASON)
    }
}

impl Plan {
    /// From now on nothing is started, and what is served is stopped.
    pub(super) fn release(&mut self, now: Now) {
        if self.releasing.is_some() {
            return;
        }
        self.releasing = Some(now.mono);
        let text = "releasing all services: each is stopped and withdrawn";
        self.log(Level::Info, "plan", text.to_string());
        for name in self.duties.keys().cloned().collect::<Vec<_>>() {
            self.clear_the_way(now, &name, REASON);
            self.judge_early(now, &name);
        }
    }

    /// Takes one service down and withdraws it.
    pub(super) fn let_go(&mut self, now: Now, name: &Name) {
        match self.duties.get(name).and_then(|duty| duty.believed) {
            Some(State::Up) => {
                let reason = format!("stop: {REASON}");
                self.run(now, name, Task::Stop, &reason, Then::Become(withdrawn()));
            }
            Some(State::Recover) => {
                self.clear_the_way(now, name, REASON);
                self.owe_this(now, name, withdrawn());
            }
            // Why it failed is still to be told.
            Some(State::Fail) if self.failed_at_the_end(&self.duties[name]) => {}
            Some(State::Fail) | None => self.why(now, name, REASON),
        }
    }

    /// The same where the local faild says nothing: what is served is stopped, and nobody can
    /// be told.
    pub(super) fn let_go_alone(&mut self, now: Now, name: &Name) {
        let believed = self.duties.get(name).and_then(|duty| duty.believed);
        if self.releasing.is_some() && believed == Some(State::Up) {
            self.let_go(now, name);
        }
    }

    /// Says once that everything is released.
    pub(super) fn tell_released(&mut self) {
        if self.releasing.is_none() || self.released {
            return;
        }
        if self
            .duties
            .iter()
            .all(|(name, duty)| self.is_let_go(name, duty))
        {
            self.released = true;
            let left = self.duties.iter();
            let left = left.filter_map(|(name, duty)| Some((name.clone(), self.left(duty)?)));
            let left = left.collect();
            self.out.push_back(Out::Released { left });
        }
    }

    /// Whether nothing more is to be done for a service.
    fn is_let_go(&self, name: &Name, duty: &Duty) -> bool {
        if duty.job.is_some() {
            return false;
        }
        let silent = self.classes[duty.class].lost.contains(&Target::Local);
        let marks = duty.local.as_ref().map(|(record, _)| record.marks);
        let unreadable = marks.is_some_and(|marks| marks.has(Marks::UNREADABLE));
        if duty.stuck.is_some() || duty.refused {
            return true;
        }
        if silent || unreadable {
            return duty.held || duty.believed != Some(State::Up);
        }
        let unpublished = marks.is_some_and(|marks| marks.has(Marks::UNPUBLISHED));
        !self.posts.contains_key(name)
            && duty.owed.is_none()
            && match duty.believed {
                Some(State::Fail) => true,
                _ if duty.held => true,
                Some(State::Up | State::Recover) => false,
                None => unpublished,
            }
    }

    /// Whether something went wrong with it since everything is released.
    fn failed_at_the_end(&self, duty: &Duty) -> bool {
        let failed = duty.retries.failed;
        failed.is_some_and(|at| Some(at) >= self.releasing)
    }

    /// Why a service is not as it should be at the end; nothing: it is.
    fn left(&self, duty: &Duty) -> Option<String> {
        let said = |text: &str| Some(text.to_string());
        match duty {
            _ if duty.stuck.is_some() => said("a script that was given up still runs"),
            _ if self.failed_at_the_end(duty) => said(&duty.why),
            _ if duty.refused => said("the local faild refuses the change"),
            _ => None,
        }
    }
}
