//! Changes by hand that come from a script or a console of this failsh. They are what `failc`
//! would send: a change of the record, seen afterwards like anybody's. Each is answered once.

use fail_wire::{Code, Marks, Name, Reason, Record, Refusal, State};

use super::{Out, Plan};
use crate::job::ByHand;
use crate::limits;
use crate::time::Now;

/// How often a change is made anew since the record was changed meanwhile.
const TRIES: u32 = 3;

/// A change by hand.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// Brings the answer back.
    pub no: u64,
    change: ByHand,
    reason: String,
    tries: u32,
    /// The start of the local faild that is over: the next one is waited for.
    over: Option<u64>,
}

/// What a change by hand comes to: state, marks to set, marks to clear, reason.
pub(super) type Wanted = (Option<State>, Marks, Marks, Reason);

impl Set {
    fn wanted(&self, record: &Record) -> Wanted {
        let none = Marks(0);
        let (word, state, set, clear) = match self.change {
            ByHand::State(state) => ("set by hand", Some(state), none, none),
            ByHand::Hold => ("held", None, Marks::HELD, none),
            ByHand::Release => ("released", None, none, Marks::HELD),
            ByHand::Away => ("away", None, Marks::AWAY, none),
            ByHand::Back if record.state == State::Fail => {
                ("back", Some(State::Recover), none, Marks::AWAY)
            }
            ByHand::Back => ("back", None, none, Marks::AWAY),
        };
        let reason = match (self.change, self.reason.as_str()) {
            // Why it is in its state stays known while it is held.
            (ByHand::Hold, "") if record.version > 0 => record.reason.clone(),
            (_, "") => Reason::new(word),
            (ByHand::State(_), reason) => Reason::new(reason),
            (_, reason) => Reason::new(&format!("{word}: {reason}")),
        };
        (state, set, clear, reason)
    }
}

impl Plan {
    /// Somebody here wants a record changed.
    pub(super) fn set(&mut self, now: Now, no: u64, name: Name, change: ByHand, reason: String) {
        let Some(duty) = self.duties.get_mut(&name) else {
            let sentence = format!("service {name} is not in the policy");
            return self.answer(no, Err(sentence));
        };
        if duty.sets.len() >= limits::SETS_MAX {
            let sentence = format!(
                "{} changes of service {name} wait for the local faild already",
                limits::SETS_MAX
            );
            return self.answer(no, Err(sentence));
        }
        let tries = 0;
        duty.sets.push_back(Set {
            no,
            change,
            reason,
            tries,
            over: None,
        });
        let class = &self.classes[duty.class];
        match class.lost.contains(&super::Target::Local) {
            true => self.drop_sets(&name, "the local faild is silent"),
            false => self.next_set(now, &name),
        }
    }

    fn answer(&mut self, no: u64, result: Result<(), String>) {
        self.out.push_back(Out::Answered { no, result });
    }

    /// Posts the next change by hand, if the record is known and nothing else is under way.
    pub(super) fn next_set(&mut self, now: Now, name: &Name) {
        if self.posts.contains_key(name) || self.nonce.is_none() {
            return;
        }
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let Some((record, _)) = duty.local.clone() else {
            return;
        };
        let over = duty.sets.front().and_then(|set| set.over);
        if over.is_some() && over == self.nonce {
            return;
        }
        if let Some(set) = duty.sets.pop_front() {
            let wanted = set.wanted(&record);
            self.post_by_hand(now, name, wanted, set);
        }
    }

    /// Changes that nobody will take.
    pub(super) fn drop_sets(&mut self, name: &Name, why: &str) {
        let sets = self
            .duties
            .get_mut(name)
            .map(|duty| std::mem::take(&mut duty.sets));
        for set in sets.unwrap_or_default() {
            self.answer(set.no, Err(why.to_string()));
        }
    }

    /// Its publication was given up before it was answered: it waits for the next answer of
    /// the local faild.
    pub(super) fn put_back(&mut self, name: &Name, set: Set) {
        if let Some(duty) = self.duties.get_mut(name) {
            duty.sets.push_front(set);
        }
    }

    /// It has taken effect.
    pub(super) fn set_done(&mut self, now: Now, name: &Name, set: &Set, record: Record) {
        if let Some(duty) = self.duties.get_mut(name) {
            let asked = duty.local.as_ref().map_or(now.mono, |(_, asked)| *asked);
            duty.hear_local(Some(&record), asked);
        }
        self.answer(set.no, Ok(()));
        // What somebody says is to be seen at once, as that of a script is.
        self.round_soon(now, name);
        self.touch(name);
    }

    /// It was refused. Whoever changed the record meanwhile did so before us: ours is the last
    /// word, unless that happens again and again.
    pub(super) fn set_refused(&mut self, now: Now, name: &Name, mut set: Set, refusal: Refusal) {
        set.tries += 1;
        match (refusal.code, &refusal.record) {
            (Ok(Code::Stale), Some(record)) if set.tries < TRIES => {
                if let Some(duty) = self.duties.get_mut(name) {
                    let asked = duty.local.as_ref().map_or(now.mono, |(_, asked)| *asked);
                    duty.hear_local(Some(record), asked);
                }
                self.put_back(name, set);
            }
            (Ok(Code::Stale), _) => {
                let sentence = "superseded: the record is changed by others all the time";
                self.answer(set.no, Err(sentence.to_string()));
            }
            (Ok(Code::Nonce), _) if set.tries < TRIES => {
                set.over = self.nonce;
                self.put_back(name, set);
                self.round_soon(now, name);
            }
            _ => {
                let sentence = format!("the local faild refuses the change: {refusal}");
                self.answer(set.no, Err(sentence));
            }
        }
    }
}
