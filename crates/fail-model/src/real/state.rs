//! One state of the real machines: the hosts, what is under way between them, and what a
//! watcher remembers.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use fail_core::time::{Mono, Span};
use fail_wire::{Body, Packet};

use super::host::Host;
use super::{Real, canon};
use crate::{Budget, Flaw};

/// A message between two hosts.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who asked.
    pub asker: usize,
    /// Who is asked.
    pub asked: usize,
    /// It is the answer.
    pub answer: bool,
    /// The number of the request.
    pub id: u64,
    /// When it was sent.
    pub sent: Mono,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// What a watcher knows of one host that asks another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ear {
    /// So many of its questions were lost in a row.
    pub lost: u32,
    /// It holds it for dead.
    pub gone: bool,
    /// It has heard that it can serve.
    pub able: bool,
    /// When it last held it for dead, and was wrong.
    pub wrong: Option<Mono>,
}

/// Everything.
#[derive(Clone)]
pub struct State {
    /// The moment.
    pub now: Mono,
    /// The hosts, the highest first.
    pub hosts: Vec<Arc<Host>>,
    /// What is under way.
    pub messages: Vec<Message>,
    /// Which ways are cut.
    pub cuts: BTreeSet<(usize, usize)>,
    /// What may still happen.
    pub left: Budget,
    /// Who hears whom, by asker and asked.
    pub ears: Vec<Vec<Ear>>,
    /// A living host was held for dead.
    pub misjudged: bool,
    /// What is wrong.
    pub flaw: Option<Flaw>,
    /// Equal states share it.
    print: u64,
}

impl State {
    /// Hosts without power.
    pub(super) fn new(hosts: usize) -> State {
        State {
            // Not 0, so that what is long ago can be.
            now: Mono(Span::from_secs(1_000).0),
            hosts: (0..hosts).map(|_| Arc::new(Host::dead())).collect(),
            messages: Vec::new(),
            cuts: BTreeSet::new(),
            left: Budget::default(),
            ears: vec![vec![Ear::default(); hosts]; hosts],
            misjudged: false,
            flaw: None,
            print: 0,
        }
    }

    /// A host, to change it.
    pub(super) fn host(&mut self, n: usize) -> &mut Host {
        let host = Arc::make_mut(&mut self.hosts[n]);
        host.print = 0;
        host
    }

    /// Something is wrong; the first fault is what is told.
    pub(super) fn wrong(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }

    /// Time goes on to this moment.
    pub(super) fn move_to(&mut self, at: Mono) {
        self.now = at;
        for n in 0..self.hosts.len() {
            self.host(n);
        }
    }

    /// Brings the state into the form in which equal ones are equal, and forgets messages
    /// that nobody waits for.
    pub(super) fn canonical(&mut self) {
        let now = self.now;
        for host in self.hosts.iter_mut().filter(|host| host.print == 0) {
            Arc::make_mut(host).look_at(now);
        }
        let place = |hosts: &[Arc<Host>], message: &Message| {
            let awaits = &hosts[message.asker].awaits;
            awaits.iter().position(|id| *id == message.id)
        };
        let hosts = &self.hosts;
        self.messages
            .retain(|message| place(hosts, message).is_some());
        self.messages.sort_by_key(|message| {
            let place = place(hosts, message);
            (message.asker, message.asked, message.answer, place)
        });
        let mut hasher = DefaultHasher::new();
        for host in hosts {
            host.print.hash(&mut hasher);
        }
        for message in &self.messages {
            (message.asker, message.asked, message.answer).hash(&mut hasher);
            (place(hosts, message), (now - message.sent).0).hash(&mut hasher);
            if message.answer {
                hash_answer(&message.bytes, &mut hasher);
            }
        }
        (&self.cuts, self.left, self.misjudged, self.flaw).hash(&mut hasher);
        for ear in self.ears.iter().flatten() {
            let wrong = ear.wrong.map(|at| (now - at).0);
            (ear.lost, ear.gone, ear.able, wrong).hash(&mut hasher);
        }
        self.print = hasher.finish();
    }
}

/// What an answer says, without the time that has passed.
fn hash_answer(bytes: &[u8], hasher: &mut DefaultHasher) {
    let body = Packet::read(bytes)
        .ok()
        .and_then(|packet| packet.body().ok());
    let Some(Body::Answer(answer)) = body else {
        return bytes.hash(hasher);
    };
    answer.nonce.hash(hasher);
    for record in answer.records {
        (record.state, record.marks.0, record.version).hash(hasher);
    }
}

impl Host {
    /// Its print, and the ids of what its failsh waits for.
    fn look_at(&mut self, at: Mono) {
        let mut hasher = DefaultHasher::new();
        let mut ids = Vec::new();
        let plan = self
            .plan
            .as_ref()
            .map(|plan| canon::of(plan, at.0, &mut ids));
        let node = self
            .node
            .as_ref()
            .map(|node| canon::of(node, at.0, &mut Vec::new()));
        (plan, node, self.boots, self.lives).hash(&mut hasher);
        (self.runs, self.orphan).hash(&mut hasher);
        for script in &self.scripts {
            (script.job.0, script.task.word()).hash(&mut hasher);
            (at - script.began).0.hash(&mut hasher);
        }
        if self.node.is_none() {
            // What is on disk matters when the host is switched on again.
            let kept = self.disk.records.first();
            kept.map(|kept| (kept.marks.0, kept.version))
                .hash(&mut hasher);
        }
        self.awaits = ids;
        // 0 is said of what was changed.
        self.print = hasher.finish().max(1);
    }
}

impl Real {
    /// What a look at the hosts shows.
    pub(super) fn look(&self, state: &mut State) {
        let grace = self.grace();
        let now = state.now;
        for row in &mut state.ears {
            for ear in row {
                ear.wrong = ear.wrong.filter(|at| now - *at <= grace);
            }
        }
        for a in 0..self.hosts {
            for b in a + 1..self.hosts {
                let both = [&state.hosts[a], &state.hosts[b]];
                let run = both.iter().all(|host| host.answers_for_it());
                let serve = both.iter().all(|host| host.serves());
                let cut = state.cuts.contains(&(a, b)) || state.cuts.contains(&(b, a));
                let wrong = [(a, b), (b, a)].map(|(x, y)| state.ears[x][y].wrong);
                if run && !state.misjudged {
                    state.wrong(Flaw::NeverTwo);
                }
                if serve && !cut && wrong == [None, None] {
                    state.wrong(Flaw::OneServer);
                }
            }
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.print == other.print
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.print.hash(hasher);
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let facts: Vec<_> = self.hosts.iter().map(|host| host.fact(self.now)).collect();
        write!(
            f,
            "at {}: {facts:?}, {} under way",
            self.now.0,
            self.messages.len()
        )
    }
}
