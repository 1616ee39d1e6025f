//! The life of failsh: its signals, the policy read again, what the service manager hears, and
//! its end.

use fail_core::plan::{In, Plan, Subject};
use fail_core::policy::Policy;
use fail_core::time::{Mono, Span};
use fail_rt::clock;
use fail_rt::signals::Signal;
use fail_tcl::ToTcl;

use super::{Engine, LEAVING_MAX};
use crate::minds::Generation;
use crate::reload::{Changes, Fresh, Wished};
use crate::serves::{Reply, Unread};

/// What becomes of services at the usual end.
pub(super) const STAY: &str = "services stay as they are";

const RELEASED: &str = "this host is being released";

/// Why there is nothing to read again.
pub const NO_FILES: &str = "there is no policy to read again: this failsh was started without -f";

/// Two of them in so short a time are a person's Ctrl-C Ctrl-C, and no loop that wants a dump
/// each second.
const TWICE_MAX: Span = Span::from_millis(700);

impl Engine {
    pub(super) fn on_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Child => self.children.reap(clock::now().mono),
            Signal::Term => self.leave(STAY),
            Signal::Int => self.interrupt(),
            Signal::Hup => self.read_again(None),
            Signal::Usr1 => {}
        }
    }

    /// SIGINT dumps the state. At a terminal it is also Ctrl-C, and who presses that twice wants
    /// the end; at the console of this very process it belongs to the line editor.
    fn interrupt(&mut self) {
        if self.serves.interrupt() {
            return;
        }
        let now = clock::now().mono;
        let twice = self.interrupted.is_some_and(|at| now - at < TWICE_MAX);
        if self.at_terminal && twice {
            return self.leave(STAY);
        }
        self.interrupted = Some(now);
        let snapshot = self.snapshot();
        self.dump.write(Box::new(move || snapshot.print()));
    }

    /// Begins to end, and says what becomes of the services.
    pub(super) fn leave(&mut self, services: &str) {
        if self.leaving.is_none() {
            let now = clock::now().mono;
            self.leaving = Some(now + LEAVING_MAX);
            self.log.info(format_args!("ends; {services}"));
            self.notify.stopping();
            // Their programs end, and what stands behind `finally` is still run.
            self.minds.cancel_all("failsh ends");
            self.children.kill_all(now);
        }
    }

    /// Begins to read the policy again. `who` waits for what comes of it.
    fn read_again(&mut self, who: Option<u64>) {
        if self.leaving.is_some() {
            return;
        }
        if self.releasing {
            self.refuse_reader(who, RELEASED);
            return self.stays(RELEASED);
        }
        match self.reload.wish() {
            Ok(Wished::Begun) => {
                self.notify.reloading();
                self.log.info("reading the policy again");
                let [now, later] = &mut self.reloads;
                now.append(later);
                now.extend(who);
            }
            Ok(Wished::Later) => {
                self.log
                    .info("the policy is being read; it is read once more after that");
                self.reloads[1].extend(who);
            }
            Ok(Wished::NoFiles) => {
                self.log.info(NO_FILES);
                self.refuse_reader(who, NO_FILES);
            }
            Err(e) => {
                let why = format!("no thread for it: {}", fail_rt::reason::words(&e));
                self.refuse_reader(who, &why);
                self.stays(&why);
            }
        }
    }

    /// Somebody at the control socket wants the policy read again, or only tried.
    pub(super) fn reload(&mut self, no: u64, dry_run: bool) {
        if !dry_run {
            return self.read_again(Some(no));
        }
        let source = self.reload.source();
        if let Err(why) = self.dry_run.begin(no, source, &self.memory) {
            let result = Err(why);
            self.serves.reply(Reply::Compared { no, result });
        }
    }

    /// A policy has been tried.
    pub(super) fn on_dry_run(&mut self) {
        if let Some((no, result)) = self.dry_run.poll() {
            self.serves.reply(Reply::Compared { no, result });
        }
    }

    fn refuse_reader(&mut self, who: Option<u64>, why: &str) {
        if let Some(no) = who {
            let result = Err(Unread::NotNow(why.to_string()));
            self.serves.reply(Reply::Reloaded { no, result });
        }
    }

    /// Tells those who wanted this policy read what has become of it.
    fn tell_readers(&mut self, result: Result<String, Unread>) {
        for no in std::mem::take(&mut self.reloads[0]) {
            let result = result.clone();
            self.serves.reply(Reply::Reloaded { no, result });
        }
    }

    /// A policy has been read, or could not be.
    pub(super) fn on_reload(&mut self) {
        let Some(answer) = self.reload.poll() else {
            return;
        };
        match answer {
            Ok(fresh) if self.releasing => {
                fresh.tcl.send(ToTcl::Quit);
                self.stays(RELEASED);
                self.tell_readers(Err(Unread::NotNow(RELEASED.to_string())));
                self.notify.ready();
            }
            // It waits for its moment in the next decision.
            Ok(fresh) => self.fresh = Some(fresh),
            Err(why) => {
                self.stays(&why);
                self.tell_readers(Err(Unread::Bad(why)));
                self.read_already();
            }
        }
    }

    fn stays(&self, why: &str) {
        self.log.error(format_args!("{why}; the old policy stays"));
    }

    /// That reading is done, for the service manager and for who has asked meanwhile.
    fn read_already(&mut self) {
        self.notify.ready();
        if self.reload.is_wanted_again() {
            self.read_again(None);
        }
    }

    /// The new policy takes the place of the old one. What was decided by the old one goes to
    /// the old mind first, or a script that the new one does not have would be run in it.
    pub(super) fn renew(&mut self, fresh: Fresh) {
        self.act();
        let changes = Changes::between(&self.policy, &fresh.loaded.policy);
        let summary = changes.summary();
        self.log.info(&summary);
        if let Some(names) = changes.names() {
            let log = self.log.facility("plan");
            log.debug(format_args!("policy read again: {names}"));
        }
        if fresh.loaded.policy.services.is_empty() {
            self.log
                .warn("the policy has no service: there is nothing to do");
        }
        self.minds.replace(fresh.generation, fresh.tcl);
        self.ask_for_life();
        let policy = fresh.loaded.policy;
        let known = fresh.known;
        self.govern(&policy);
        let policy = Box::new(policy);
        self.tell(clock::now(), In::Policy { policy, known });
        self.serves.renewed(fresh.generation.0);
        self.tell_readers(Ok(summary));
        self.read_already();
    }

    /// A console has changed the policy. One whose mind has been replaced comes too late.
    pub(super) fn on_policy(&mut self, from: Generation, policy: Box<Policy>) {
        if from != self.minds.current() {
            return;
        }
        if self.releasing {
            return self.stays("a change at the console: this host is being released");
        }
        if let Err(why) = Plan::admits(&policy) {
            return self.stays(&format!("a change at the console: {why}"));
        }
        self.govern(&policy);
        let known = Vec::new();
        self.inputs.push_back(In::Policy { policy, known });
    }

    /// From now on views show the settings of this policy, also those of who has gone.
    fn govern(&mut self, policy: &Policy) {
        let services = self.policy.services.keys().chain(policy.services.keys());
        let hosts = self.policy.hosts.keys().chain(policy.hosts.keys());
        self.stale.extend(services.cloned().map(Subject::Service));
        self.stale.extend(hosts.cloned().map(Subject::Host));
        self.policy = policy.clone();
    }

    /// Says that we are alive if the time has come, and asks the Tcl thread for the next time.
    pub(super) fn show_life(&mut self, now: Mono) {
        let due = |dog: &mut fail_rt::notify::Watchdog| dog.is_due(now);
        if self.watchdog.as_mut().is_some_and(due) {
            self.notify.alive();
            self.ask_for_life();
        }
    }

    fn ask_for_life(&self) {
        if self.watchdog.is_some() {
            self.minds.send(ToTcl::Ping);
        }
    }

    /// The Tcl thread lives.
    pub(super) fn on_pong(&mut self, from: Generation) {
        if let Some(dog) = &mut self.watchdog {
            if from == self.minds.current() {
                dog.answered();
            }
        }
    }
}
