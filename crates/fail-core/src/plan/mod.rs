//! failsh: asks the other hosts, decides by the rule, orders scripts, publishes facts.
//!
//! Each class of services has rounds: one question to each faild, asked again a few times
//! when it is overdue, and at the end of the round a decision for each service. What a
//! script has done is owed to the local faild until that has acknowledged it. A failsh that
//! was itself late throws its open questions away and asks anew before it accuses anybody.
//!
//! Not here: sockets, Tcl, children, clocks. See `judge` for the decision, `ask` for the
//! questions, `post` for what is published, `jobs` for the scripts.

mod ask;
mod check;
mod class;
mod duty;
mod health;
mod hears;
mod jobs;
mod judge;
mod late;
mod link;
mod news;
mod notes;
mod omens;
mod post;
mod release;
mod renew;
mod retry;
mod set;
mod traps;
mod view;
mod views;
mod waits;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use fail_wire::{Dice, Key, Name, State};

use crate::decide::{Rule, decide};
use crate::event::Event;
use crate::job::{ByHand, Fired, JobNo, Order, Outcome, ScriptError};
use crate::log::{Level, Line};
use crate::machine::Machine;
use crate::policy::{Policy, Protocol, Service};
use crate::time::{Mono, Now, Span};
use ask::Ask;
use class::Class;
use duty::Duty;
use health::Health;
use hears::Hears;
pub use jobs::CANCEL_GRACE;
use late::Lates;
use link::{LOOKUP_AGAIN, LOOKUP_LATER, Link};
use news::News;
use notes::Notes;
use post::Post;
pub use traps::TRAP_TIMEOUT;
use traps::Traps;

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// The local faild.
    Local,
    /// The faild of another host.
    Host(Name),
}

/// What happens to a failsh.
#[derive(Debug, Clone)]
pub enum In {
    /// A datagram arrived.
    Datagram {
        /// From whom.
        from: SocketAddr,
        /// Whatever it is.
        bytes: Vec<u8>,
    },
    /// A script that was ordered has begun: its time counts from now.
    Began {
        /// Which.
        job: JobNo,
    },
    /// A script kept all others from going on for so long.
    Held {
        /// Which.
        by: JobNo,
        /// How long, since this was said last.
        span: Span,
    },
    /// A script has ended.
    Done {
        /// Which.
        job: JobNo,
        /// How.
        outcome: Outcome,
    },
    /// A name was looked up, or could not be.
    Resolved {
        /// The number of the question.
        no: u64,
        /// The address, or one sentence.
        answer: Result<SocketAddr, String>,
    },
    /// A trap has ended, with an error or without.
    Trapped {
        /// Which.
        job: JobNo,
        /// What went wrong.
        error: Option<ScriptError>,
    },
    /// A script, a trap or a console wants a record changed, as `failc` would.
    Set {
        /// Brings the answer back: [`Out::Answered`], once.
        no: u64,
        /// Which service.
        service: Name,
        /// What to change.
        change: ByHand,
        /// Why.
        reason: String,
    },
    /// From now on this is the policy. It was [admitted](Plan::admits) and checked before.
    Policy {
        /// All of it.
        policy: Box<Policy>,
        /// The addresses of hosts that were looked up before.
        known: Vec<(Name, SocketAddr)>,
    },
    /// Stop what is served here and withdraw every record; [`Out::Released`] says when.
    Release,
}

/// What a failsh wants done.
#[derive(Debug, Clone)]
#[must_use]
pub enum Out {
    /// Send a message.
    Send {
        /// To whom.
        to: SocketAddr,
        /// As a datagram, or over a connection.
        protocol: Protocol,
        /// The whole message.
        bytes: Vec<u8>,
    },
    /// Close the connection to this faild, if there is one: the next message opens another.
    HangUp {
        /// To whom.
        to: SocketAddr,
    },
    /// Run a script, and say so with [`In::Done`], once.
    Run(Order),
    /// End a script: it has had its time.
    Cancel {
        /// Which.
        job: JobNo,
        /// The error it gets.
        why: String,
    },
    /// Look up a name, and say so with [`In::Resolved`], once.
    Resolve {
        /// Brings the answer back.
        no: u64,
        /// What to look up.
        name: String,
        /// Goes into the address.
        port: u16,
    },
    /// A line for the log.
    Log(Line),
    /// Run a trap, and say so with [`In::Trapped`], once.
    Trap(Fired),
    /// What came of [`In::Set`].
    Answered {
        /// The number it came with.
        no: u64,
        /// One sentence if it was refused.
        result: Result<(), String>,
    },
    /// Something has happened: for monitors. Traps are ordered apart.
    Event(Event),
    /// The view of a service, or of a host, is no longer what it was, or it is gone.
    Changed(Subject),
    /// Everything that was served here has been stopped, and nobody waits for this host; but
    /// for what could not be done, each with a sentence. Said once.
    Released {
        /// Services that are not as [`In::Release`] wants them, and why.
        left: Vec<(Name, String)>,
    },
}

/// A service or a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A service.
    Service(Name),
    /// A host.
    Host(Name),
}

/// The local faild.
#[derive(Debug, Clone)]
pub struct Local {
    /// Where it listens.
    pub addr: SocketAddr,
    /// A community that may change the services.
    pub key: Key,
    /// How it is asked.
    pub protocol: Protocol,
}

/// What was asked, by the id of the request.
#[derive(Debug, Clone)]
enum Sent {
    Ask(usize, Target),
    Post(Name),
}

/// The failover shell.
#[derive(Debug, Clone)]
pub struct Plan {
    policy: Policy,
    rule: Rule,
    dice: Dice,
    local: Link,
    hosts: BTreeMap<Name, Link>,
    classes: Vec<Class>,
    duties: BTreeMap<Name, Duty>,
    asks: BTreeMap<(usize, Target), Ask>,
    posts: BTreeMap<Name, Post>,
    sent: BTreeMap<u64, Sent>,
    /// Questions that were given up.
    lates: Lates,
    /// The start of the local faild that we know.
    nonce: Option<u64>,
    jobs: u64,
    lookups: u64,
    /// How often in a row this failsh was late and asked anew.
    doubts: u32,
    /// Since when each host is in the policy.
    met: BTreeMap<Name, Mono>,
    /// Services that are no longer in the policy, and have something to end.
    leaving: BTreeMap<Name, Service>,
    /// Since when everything is released.
    releasing: Option<Mono>,
    /// And that this is done.
    released: bool,
    stats: Stats,
    notes: Notes,
    traps: Traps,
    health: Health,
    hears: Hears,
    news: News,
    out: VecDeque<Out>,
}

/// What has happened so far, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Questions and changes sent.
    pub sent: u64,
    /// Datagrams that were not the answer to an open question.
    pub dropped: u64,
    /// Times this failsh was late and doubted itself.
    pub doubted: u64,
    /// The longest that it was late.
    pub late_max: Span,
}

/// What this failsh holds for true of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The local state; nothing: not known yet.
    pub state: Option<State>,
    /// Why, in words.
    pub why: String,
    /// Whether a script runs.
    pub busy: bool,
}

/// A failsh that is late this often in a row stops doubting and goes on: a host that is
/// always late would otherwise never find anybody dead.
const DOUBTS_MAX: u32 = 10;

/// Being late by less than this is every scheduler's right.
const LATE_MIN: Span = Span::from_millis(10);

impl Plan {
    /// A failsh with this policy. Addresses that are no literals are asked for by
    /// [`Out::Resolve`].
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn new(now: Now, seed: &[u8; 32], local: Local, policy: Policy) -> Result<Plan, String> {
        Plan::with_rule(now, seed, local, policy, decide)
    }

    /// The same with another rule: for the simulator, to show that a broken rule is caught.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn with_rule(
        now: Now,
        seed: &[u8; 32],
        local: Local,
        policy: Policy,
        rule: Rule,
    ) -> Result<Plan, String> {
        Plan::admits(&policy)?;
        let mut hosts = BTreeMap::new();
        for (name, host) in &policy.hosts {
            hosts.insert(name.clone(), renew::link_of(now, name, host)?);
        }
        let classes = class::classes(&policy, now.mono);
        let mut duties = BTreeMap::new();
        for (index, class) in classes.iter().enumerate() {
            for name in &class.targets[&Target::Local] {
                let claim_after = now.mono + policy.services[name].delay;
                duties.insert(name.clone(), Duty::new(index, now.mono, claim_after));
            }
        }
        Ok(Plan {
            policy,
            rule,
            dice: Dice::new(seed),
            local: Link::new(Some(local.addr), local.key, None).by(local.protocol),
            classes,
            duties,
            asks: BTreeMap::new(),
            posts: BTreeMap::new(),
            sent: BTreeMap::new(),
            lates: Lates::default(),
            nonce: None,
            jobs: 0,
            lookups: 0,
            doubts: 0,
            met: hosts.keys().map(|host| (host.clone(), now.mono)).collect(),
            leaving: BTreeMap::new(),
            releasing: None,
            released: false,
            stats: Stats::default(),
            notes: Notes::default(),
            traps: Traps::default(),
            health: Health::default(),
            hears: Hears::default(),
            news: News::default(),
            out: VecDeque::new(),
            hosts,
        })
    }

    /// The address of a host that was looked up before the plan was made.
    pub fn know(&mut self, now: Now, host: &Name, addr: SocketAddr) {
        if let Some(link) = self.hosts.get_mut(host) {
            link.addr = Some(addr);
            if let Some(lookup) = &mut link.lookup {
                lookup.next = now.mono + LOOKUP_LATER;
            }
        }
    }

    /// What has happened so far, in numbers.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// What is held for true of a service; nothing if it is not in the policy.
    pub fn status(&self, name: &Name) -> Option<Status> {
        let duty = self.duties.get(name)?;
        Some(Status {
            state: duty.believed,
            why: duty.why.clone(),
            busy: duty.job.is_some(),
        })
    }

    /// The settings of a service, also of one that is about to leave.
    fn service(&self, name: &Name) -> Option<&Service> {
        let services = &self.policy.services;
        services.get(name).or_else(|| self.leaving.get(name))
    }

    fn link(&self, target: &Target) -> &Link {
        match target {
            Target::Local => &self.local,
            // Targets are made from the masters and slaves of the policy, and a complete
            // policy has an entry for each of them; an incomplete one asks itself in vain.
            Target::Host(name) => self.hosts.get(name).unwrap_or(&self.local),
        }
    }

    /// Sends a message to a faild, if its address is known.
    fn send_to(&mut self, target: &Target, bytes: Vec<u8>) {
        let link = self.link(target);
        if let Some(to) = link.addr {
            let protocol = link.protocol;
            let send = Out::Send {
                to,
                protocol,
                bytes,
            };
            self.out.push_back(send);
            self.stats.sent += 1;
        }
    }

    fn link_mut(&mut self, target: &Target) -> &mut Link {
        match target {
            Target::Local => &mut self.local,
            Target::Host(name) => self.hosts.get_mut(name).unwrap_or(&mut self.local),
        }
    }

    /// Was this failsh stopped, or was the host too busy, when it should have acted? Then
    /// answers may have come and gone, and what is still in the sockets is old news.
    fn doubt(&mut self, now: Now) {
        let due = self.deadline().filter(|due| *due <= now.mono);
        let Some(due) = due else { return };
        let late = now.mono - due;
        let fresh = self.measure(now, due, late);
        self.stats.late_max = self.stats.late_max.max(late);
        let interval = self
            .classes
            .iter()
            .filter(|class| !class.is_free())
            .map(|class| class.interval)
            .min()
            .unwrap_or_default();
        if late <= LATE_MIN.max(interval.part(2)) {
            return;
        }
        // Scripts stood still with us: that time does not count.
        for job in self
            .duties
            .values_mut()
            .filter_map(|duty| duty.job.as_mut())
        {
            job.deadline = job.deadline + fresh;
        }
        self.traps.stood_still(fresh, None);
        if fresh > Span::ZERO {
            self.health.paused(now.wall, fresh);
            self.touch_busy();
        }
        if self.asks.is_empty() && self.posts.is_empty() {
            return;
        }
        if self.doubts >= DOUBTS_MAX {
            return;
        }
        self.doubts += 1;
        self.stats.doubted += 1;
        let text = format!(
            "this failsh was late by {} ms; asking all hosts anew",
            late.as_millis()
        );
        self.log(Level::Warn, "plan", text);
        self.asks.clear();
        self.sent.clear();
        self.lates.clear();
        // What people have ordered is repeated as it was.
        self.posts.retain(|_, post| post.is_by_hand());
        self.posts
            .values_mut()
            .for_each(|post| post.again(now.mono));
        for class in &mut self.classes {
            class.due = now.mono;
            class.lost.clear();
        }
        for duty in self.duties.values_mut() {
            duty.seen.clear();
            // What was published before the pause is no promise any more.
            duty.intent = duty.intent.map(|_| now.mono);
        }
    }

    fn look_up(&mut self, now: Now) {
        for link in self.hosts.values_mut() {
            let Some(lookup) = &mut link.lookup else {
                continue;
            };
            if lookup.no.is_none() && lookup.next <= now.mono {
                self.lookups += 1;
                lookup.no = Some(self.lookups);
                let (no, name, port) = (self.lookups, lookup.name.clone(), lookup.port);
                self.out.push_back(Out::Resolve { no, name, port });
            }
        }
    }

    fn resolved(&mut self, now: Now, no: u64, answer: Result<SocketAddr, String>) {
        let (mut line, mut moved, mut found) = (None, None, None);
        for (name, link) in &mut self.hosts {
            let Some(lookup) = link.lookup.as_mut().filter(|lookup| lookup.no == Some(no)) else {
                continue;
            };
            lookup.no = None;
            lookup.next = now.mono
                + if answer.is_ok() {
                    LOOKUP_LATER
                } else {
                    LOOKUP_AGAIN
                };
            match answer {
                // The last good address stays until there is a better one.
                Err(ref why) if !lookup.failed => line = Some(format!("host {name}: {why}")),
                Ok(addr) if link.addr != Some(addr) => {
                    line = Some(format!("host {name}: its address is {}", addr.ip()));
                    found = link.addr.is_none().then(|| name.clone());
                    link.addr = Some(addr);
                    moved = Some(name.clone());
                }
                _ => {}
            }
            lookup.failed = answer.is_err();
            break;
        }
        if let Some(text) = line {
            self.log(Level::Info, "host", text);
        }
        if let Some(host) = moved {
            self.tell_host(&host);
        }
        if let Some(host) = found {
            // Nothing is decided before it has had all its chances.
            for duty in self.duties.values_mut() {
                duty.seen.remove(&host);
            }
            self.ask_anew(now, &host);
        }
    }

    fn log(&mut self, level: Level, facility: &'static str, text: String) {
        self.out.push_back(Out::Log(Line {
            level,
            facility,
            text,
        }));
    }

    fn check_invariants(&self) {
        for (name, duty) in &self.duties {
            debug_assert!(
                duty.job.is_none() || duty.stuck.is_none(),
                "{name}: one script at a time"
            );
            debug_assert!(
                duty.owed.is_none() || !duty.is_at_work(),
                "{name}: a fact is published before the next script runs"
            );
            debug_assert!(
                duty.checks.due.is_none() || duty.job.is_none() && duty.stuck.is_none(),
                "{name}: a check and another script never run at once"
            );
            debug_assert!(
                duty.retries.wake.is_none() || duty.believed == Some(State::Fail),
                "{name}: it comes back from FAIL only"
            );
            let class = self.classes.get(duty.class);
            let asked = class.and_then(|class| class.targets.get(&Target::Local));
            debug_assert!(
                asked.is_some_and(|names| names.contains(name)),
                "{name}: each service is in its class"
            );
            debug_assert!(
                self.policy.services.contains_key(name) != self.leaving.contains_key(name),
                "{name}: it is in the policy or leaves it"
            );
        }
        for (class, target) in self.asks.keys() {
            debug_assert!(
                self.classes[*class].targets.contains_key(target),
                "questions belong to a class"
            );
        }
        debug_assert!(
            self.sent.values().all(|sent| match sent {
                Sent::Ask(class, target) => self.asks.contains_key(&(*class, target.clone())),
                Sent::Post(name) => self.posts.contains_key(name),
            }),
            "every open request belongs to an open question"
        );
    }
}

impl Machine for Plan {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In) {
        self.notes.turn(now.mono);
        if let In::Datagram { from, bytes } = &input {
            // A flood of what nobody asked for costs no more than this look.
            if !self.is_awaited(bytes) {
                self.stats.dropped += 1;
                return;
            }
            self.doubt(now);
            self.datagram(now, *from, bytes);
            return self.check_invariants();
        }
        self.doubt(now);
        match input {
            In::Datagram { .. } => {}
            In::Began { job } => {
                self.traps.began(now.mono, job);
                self.began(now, job);
            }
            In::Held { by, span } => {
                self.traps.stood_still(span, Some(by));
                self.held_up(by, span);
                self.touch_busy();
            }
            In::Done { job, outcome } => self.done(now, job, outcome),
            In::Resolved { no, answer } => self.resolved(now, no, answer),
            In::Trapped { job, error } => self.trapped(now, job, error),
            In::Set {
                no,
                service,
                change,
                reason,
            } => self.set(now, no, service, change, reason),
            In::Policy { policy, known } => self.renew(now, *policy, known),
            In::Release => self.release(now),
        }
        self.tell_released();
        self.check_invariants();
    }

    fn expire(&mut self, now: Now) {
        self.notes.expire(now.mono);
        self.doubt(now);
        self.look_up(now);
        self.expire_jobs(now);
        self.expire_traps(now);
        self.expire_asks(now);
        self.expire_news(now);
        self.expire_posts(now);
        self.expire_rounds(now);
        self.expire_retries(now);
        self.expire_checks(now);
        self.tell_released();
        self.check_invariants();
    }

    fn deadline(&self) -> Option<Mono> {
        let lookups = self.hosts.values().filter_map(|link| link.lookup.as_ref());
        let lookups = lookups
            .filter(|lookup| lookup.no.is_none())
            .map(|lookup| lookup.next);
        let jobs = self
            .duties
            .values()
            .filter_map(|duty| duty.job.as_ref())
            .map(|job| job.deadline);
        let asks = self.asks.values().map(|ask| ask.next);
        let posts = self.posts.values().map(|post| post.next);
        let used = self.classes.iter().filter(|class| !class.is_free());
        let rounds = used.map(|class| class.due);
        let duties = self.duties.values();
        let own = duties.flat_map(|duty| [duty.checks.due, duty.retries.wake]);
        lookups
            .chain(jobs)
            .chain(asks)
            .chain(posts)
            .chain(rounds)
            .chain(own.flatten())
            .chain(self.traps.deadline())
            .chain(self.news.deadline())
            .min()
    }

    fn poll(&mut self) -> Option<Out> {
        self.out.pop_front().or_else(|| self.changed())
    }
}

#[cfg(test)]
mod tests;
