//! Settings from a console: all of one command together, or none; and those that are only
//! lent, which go back.
//!
//! Who runs a console command says when it begins ([`Site::begin_edit`]) and how it ended
//! ([`Site::end_edit`]), by the name of its coroutine. In between the command works on a copy
//! of the policy in force, and sees what it has set; nobody else does. `fail for` lends: its
//! settings are marked with their end, and then [`Site::give_back`] restores just those that
//! nobody has set since.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fail_core::log::Level;
use fail_core::policy::{BadPolicy, Host, Policy};
use fail_core::time::{Span, Wall};

use super::Site;
use super::codes::{Code, Fault};
use super::draft::{Draft, Key, Old};
use super::options::{HOST, Opt, SERVICE};
use super::value::Value;
use crate::mail::FromTcl;
use crate::tcl::{Interp, Obj, TclError};

/// A console command on its way.
#[derive(Default)]
pub(super) struct Edit {
    /// Its copy of the policy, once it has set something, and after how many changes that was
    /// the policy in force.
    copy: Option<(u64, Draft)>,
    /// What it has set, and for which of its loans.
    set: BTreeMap<Key, Option<usize>>,
    /// How long each `fail for` of it lasts.
    loans: Vec<Term>,
    /// It is inside the last of them.
    lending: bool,
}

/// The end of a loan.
#[derive(Clone, Copy)]
struct Term {
    /// For people.
    until: Wall,
    /// Since when, and for how long.
    began: std::time::Instant,
    lasts: Duration,
}

/// Settings that go back to what they were.
pub(super) type Loan = BTreeMap<Key, Old>;

impl Edit {
    /// The policy as it will be.
    pub(super) fn draft(&self) -> Option<&Draft> {
        self.copy.as_ref().map(|(_, draft)| draft)
    }

    /// Sets something in the copy of `base`, the policy in force after so many `changes`.
    pub(super) fn change(
        &mut self,
        base: &Draft,
        changes: u64,
        keys: Vec<Key>,
        f: impl FnOnce(&mut Draft) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (_, draft) = self.copy.get_or_insert_with(|| (changes, base.clone()));
        let loan = self.lending.then(|| self.loans.len() - 1);
        let new = keys.iter().find(|key| !base.has(key));
        if let (Some(_), Some(key)) = (loan, new) {
            return Err(only_for_good(key));
        }
        f(draft)?;
        self.set.extend(keys.into_iter().map(|key| (key, loan)));
        Ok(())
    }
}

fn only_for_good(key: &Key) -> Fault {
    let (what, code) = match key {
        Key::Host(name, _) => ("host", Code::Host(name.to_string())),
        Key::Service(name, _) => ("service", Code::Service(name.to_string())),
        Key::Traps => ("trap", Code::Closed),
    };
    Fault::new(code, format!("a new {what} can not be made for a time"))
}

impl Site {
    /// A console command begins, in the coroutine of this name.
    pub(crate) fn begin_edit(&self, origin: &str) {
        self.edits
            .borrow_mut()
            .insert(origin.to_string(), Edit::default());
    }

    /// It has ended, well or not. The new policy, if it has made one; an error if its settings
    /// make no sense. Then nothing has changed.
    pub(crate) fn end_edit(
        &self,
        interp: &Interp,
        origin: &str,
        well: bool,
    ) -> Result<Option<Policy>, TclError> {
        let edit = self.edits.borrow_mut().remove(origin).unwrap_or_default();
        let Some((changes, mut draft)) = edit.copy.filter(|_| well && !edit.set.is_empty()) else {
            return Ok(None);
        };
        if changes != self.changes.get() {
            let said =
                "the policy has been changed meanwhile, and nothing of this is done; say it again";
            return Err(TclError::new(said));
        }
        check(&draft)?;
        let mut lent: Vec<Loan> = edit.loans.iter().map(|_| Loan::new()).collect();
        for (key, loan) in edit.set {
            let old = self
                .recall(&key)
                .unwrap_or_else(|| self.draft.borrow().value(&key));
            let until = loan.and_then(|n| edit.loans.get(n)).map(|term| term.until);
            draft.console.insert(key.clone(), until);
            if let Some(lent) = loan.and_then(|n| lent.get_mut(n)) {
                lent.insert(key, old);
            }
        }
        for (loan, term) in lent.into_iter().zip(edit.loans) {
            self.lend(interp, loan, term);
        }
        Ok(Some(self.put_in_force(draft)))
    }

    fn put_in_force(&self, draft: Draft) -> Policy {
        let policy = draft.finished();
        self.draft.replace(draft);
        self.changes.set(self.changes.get() + 1);
        policy
    }

    /// Takes something out of the loan that it is in: what it was before.
    fn recall(&self, key: &Key) -> Option<Old> {
        let mut loans = self.loans.borrow_mut();
        loans.values_mut().find_map(|loan| loan.remove(key))
    }

    fn lend(&self, interp: &Interp, loan: Loan, term: Term) {
        if loan.is_empty() {
            return;
        }
        let number = {
            let mut loans = self.loans.borrow_mut();
            // One that is empty by now stays until its timer rings: its number is taken.
            let number = loans.keys().next_back().map_or(0, |last| last + 1);
            loans.insert(number, loan);
            number
        };
        let left = term.lasts.saturating_sub(term.began.elapsed());
        let left = left.as_millis().to_string();
        let number = number.to_string();
        let after = interp.command(["::fail::tcl::after", &left, "::fail::give_back", &number]);
        if let Err(e) = after {
            self.log(Level::Error, format!("fail for: {}", e.message));
        }
    }

    /// A loan is over. What would make no sense any more does not come back.
    pub(super) fn give_back(&self, interp: &Interp, number: u64) {
        let Some(loan) = self.loans.borrow_mut().remove(&number) else {
            return;
        };
        let words: Vec<String> = loan.keys().map(Key::to_string).collect();
        if words.is_empty() {
            return;
        }
        let words = words.join(", ");
        let mut draft = self.draft.borrow().clone();
        for key in loan.keys() {
            draft.console.remove(key);
        }
        let restored = loan
            .iter()
            .try_for_each(|(key, old)| restore(interp, &mut draft, key, old))
            .and_then(|()| check(&draft).map_err(|bad| bad.to_string()));
        match restored {
            Ok(()) => {
                let policy = self.put_in_force(draft);
                (self.out)(FromTcl::Policy(Box::new(policy)));
                self.log(Level::Info, format!("fail for: over; as before: {words}"));
            }
            Err(why) => {
                let mut draft = self.draft.borrow().clone();
                for key in loan.into_keys() {
                    draft.console.insert(key, None);
                }
                let policy = self.put_in_force(draft);
                (self.out)(FromTcl::Policy(Box::new(policy)));
                let said = format!("fail for: over, but stays as it is: {words}: {why}");
                self.log(Level::Error, said);
            }
        }
    }

    /// `fail for` begins, inside a console command.
    pub(super) fn lending(&self, interp: &Interp, lasts: Span) -> Result<(), TclError> {
        let origin = self.origin(interp);
        let mut edits = self.edits.borrow_mut();
        let edit = origin.and_then(|origin| edits.get_mut(&origin));
        let Some(edit) = edit else {
            return Err(Code::Closed.error("fail for: only at a console"));
        };
        if edit.lending {
            return Err(Code::Closed.error("fail for: not inside another"));
        }
        let lasts = Duration::from_nanos(lasts.0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let until = now.unwrap_or_default() + lasts;
        edit.loans.push(Term {
            until: Wall(i64::try_from(until.as_millis()).unwrap_or(i64::MAX)),
            began: std::time::Instant::now(),
            lasts,
        });
        edit.lending = true;
        Ok(())
    }

    /// Its script has ended.
    pub(super) fn lent(&self, interp: &Interp) {
        if let Some(origin) = self.origin(interp) {
            if let Some(edit) = self.edits.borrow_mut().get_mut(&origin) {
                edit.lending = false;
            }
        }
    }

    fn log(&self, level: Level, text: String) {
        (self.out)(FromTcl::Log { level, text });
    }
}

fn check(draft: &Draft) -> Result<(), BadPolicy> {
    draft.finished().check()
}

/// Gives something its old value back. What was printed reads back.
fn restore(interp: &Interp, draft: &mut Draft, key: &Key, old: &Old) -> Result<(), String> {
    match (key, old) {
        (Key::Host(name, option), Old::Text(text)) => {
            let mut host = draft.host(name).unwrap_or_default();
            reset(HOST, interp, &mut host, option, text)?;
            draft.policy.hosts.remove(name);
            // Without settings it comes into being by being named; if nobody names it, it
            // was made on purpose.
            if host != Host::default() || !draft.hosts().contains(name) {
                draft.policy.hosts.insert(name.clone(), host);
            }
        }
        (Key::Service(name, option), Old::Text(text)) => {
            if let Some(service) = draft.policy.services.get_mut(name) {
                reset(SERVICE, interp, service, option, text)?;
            }
        }
        (_, Old::Traps(traps)) => draft.policy.traps.clone_from(traps),
        (Key::Traps, Old::Text(_)) => {}
    }
    Ok(())
}

fn reset<T>(
    options: &[Opt<T>],
    interp: &Interp,
    of: &mut T,
    word: &str,
    text: &str,
) -> Result<(), String> {
    let Some(option) = options.iter().find(|o| o.word == word) else {
        return Ok(());
    };
    let obj = &Obj::text(text);
    (option.set)(of, &Value { interp, obj }).map_err(|fault| format!("{word}: {}", fault.sentence))
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Host(name, option) => write!(f, "failhost {name} {option}"),
            Key::Service(name, option) => write!(f, "failsvc {name} {option}"),
            Key::Traps => f.write_str("failtrap"),
        }
    }
}
