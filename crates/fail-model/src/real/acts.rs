//! What may happen to the real machines, and how they are driven: as the programs drive them.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use fail_core::event::EventKind;
use fail_core::job::{Order, ScriptError, Task};
use fail_core::machine::Machine;
use fail_core::node::{self, Peer};
use fail_core::plan;
use fail_core::policy::FAILD_PORT;
use fail_core::time::Mono;
use fail_wire::{Body, Packet, State as Fact};

use super::host::{Host, Script, host_name, now, web};
use super::state::{Ear, Message, State};
use super::{Broken, ON_THE_WAY, Real, SCRIPT};
use crate::Flaw;

/// Something that may happen. Hosts are numbered from the highest, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Time goes on to the next deadline.
    Tick,
    /// A failsh whose deadline has come is woken.
    Wake(usize),
    /// A message arrives.
    Arrive(usize),
    /// It is lost.
    Lose(usize),
    /// A script ends, well or not.
    Ends(usize, bool),
    /// A host loses its power.
    Crash(usize),
    /// It gets it back.
    Boot(usize),
    /// A failsh dies.
    Dies(usize),
    /// It is started again.
    Rises(usize),
    /// Nothing passes from the first to the second any more.
    CutWay(usize, usize),
    /// Nor back.
    Cut(usize, usize),
    /// All links are whole.
    Heal,
}

impl Action {
    /// Whether it happens in a calm world too.
    pub(super) fn is_calm(self) -> bool {
        use Action::{Arrive, Ends, Tick, Wake};
        matches!(self, Tick | Wake(_) | Arrive(_) | Ends(_, true))
    }
}

fn addr(host: usize, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host as u8 + 1)), port)
}

/// Which host an address of the network belongs to; nothing: the asker itself.
fn host_at(addr: SocketAddr) -> Option<usize> {
    match addr.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() => usize::from(ip.octets()[3]).checked_sub(1),
        _ => None,
    }
}

impl Real {
    /// All hosts are switched on, one after the other.
    pub(super) fn switched_on(&self) -> State {
        let mut state = State::new(self.hosts);
        for n in 0..self.hosts {
            let at = state.now;
            let later = at + self.apart.times(n as u64);
            let host = state.host(n);
            self.boot(host, n, at);
            self.rise(host, n, later);
        }
        state.canonical();
        state
    }

    /// The next deadline of any failsh that runs.
    fn next(state: &State) -> Option<Mono> {
        let plans = state.hosts.iter().filter_map(|host| host.plan.as_ref());
        plans.filter_map(|plan| plan.deadline()).min()
    }

    pub(super) fn list(&self, state: &State, actions: &mut Vec<Action>) {
        let at = state.now;
        for (n, host) in state.hosts.iter().enumerate() {
            let due = host.plan.as_ref().and_then(|plan| plan.deadline());
            if due.is_some_and(|due| due <= at) {
                actions.push(Action::Wake(n));
            }
            if !host.scripts.is_empty() {
                actions.push(Action::Ends(n, true));
            }
        }
        actions.extend((0..state.messages.len()).map(Action::Arrive));
        let slow = self.broken == Broken::SlowNetwork;
        if let Some(next) = Real::next(state).filter(|next| *next > at) {
            let in_time = |message: &Message| slow || message.sent + ON_THE_WAY >= next;
            let scripts = state.hosts.iter().flat_map(|host| &host.scripts);
            let ends = |script: &Script| script.began + SCRIPT >= next;
            if state.messages.iter().all(in_time) && scripts.into_iter().all(ends) {
                actions.push(Action::Tick);
            }
        }
        self.list_disturbances(state, actions);
    }

    fn list_disturbances(&self, state: &State, actions: &mut Vec<Action>) {
        let left = state.left;
        if left.losses > 0 {
            actions.extend((0..state.messages.len()).map(Action::Lose));
        }
        for (n, host) in state.hosts.iter().enumerate() {
            if host.node.is_none() {
                actions.push(Action::Boot(n));
                continue;
            }
            let mut may = |yes: bool, action: Action| {
                if yes {
                    actions.push(action);
                }
            };
            may(left.crashes > 0, Action::Crash(n));
            may(left.deaths > 0 && host.plan.is_some(), Action::Dies(n));
            may(host.plan.is_none(), Action::Rises(n));
            let fails = left.failures > 0 && !host.scripts.is_empty();
            may(fails, Action::Ends(n, false));
        }
        let pairs = (0..self.hosts).flat_map(|a| (0..self.hosts).map(move |b| (a, b)));
        for (a, b) in pairs.filter(|(a, b)| a != b && left.cuts > 0) {
            if !state.cuts.contains(&(a, b)) {
                actions.push(Action::CutWay(a, b));
                if a < b && !state.cuts.contains(&(b, a)) {
                    actions.push(Action::Cut(a, b));
                }
            }
        }
        if !state.cuts.is_empty() {
            actions.push(Action::Heal);
        }
    }

    pub(super) fn happen(&self, state: &mut State, action: Action) {
        match action {
            Action::Tick => {
                if let Some(next) = Real::next(state) {
                    state.move_to(next);
                }
            }
            Action::Wake(n) => {
                self.turn(state, n, None);
                let at = state.now;
                let due = state.hosts[n]
                    .plan
                    .as_ref()
                    .and_then(|plan| plan.deadline());
                if due.is_some_and(|due| due <= at) {
                    state.wrong(Flaw::Contract);
                }
            }
            Action::Arrive(at) => {
                let message = state.messages.remove(at);
                self.arrive(state, message);
            }
            Action::Lose(at) => {
                state.left.losses -= 1;
                let message = state.messages.remove(at);
                self.lost(state, message.asker, message.asked);
            }
            Action::Ends(n, well) => {
                state.left.failures -= u8::from(!well);
                self.ends(state, n, well);
            }
            Action::Crash(n) => {
                state.left.crashes -= 1;
                let host = state.host(n);
                *host = Host {
                    disk: std::mem::take(&mut host.disk),
                    boots: host.boots,
                    lives: host.lives,
                    ..Host::dead()
                };
                state.ears[n].fill(Ear::default());
                state
                    .messages
                    .retain(|message| message.answer || message.asked != n);
            }
            Action::Boot(n) => {
                let at = state.now;
                let host = state.host(n);
                self.boot(host, n, at);
                self.rise(host, n, at);
            }
            Action::Dies(n) => {
                state.left.deaths -= 1;
                let host = state.host(n);
                (host.plan, host.orphan) = (None, host.runs);
                host.scripts.clear();
                state.ears[n].fill(Ear::default());
            }
            Action::Rises(n) => {
                let at = state.now;
                self.rise(state.host(n), n, at);
            }
            Action::CutWay(a, b) => {
                state.left.cuts -= 1;
                state.cuts.insert((a, b));
            }
            Action::Cut(a, b) => {
                state.left.cuts -= 1;
                state.cuts.extend([(a, b), (b, a)]);
            }
            Action::Heal => state.cuts.clear(),
        }
    }

    /// A question, or its answer, does not come. All that were asked in vain: a living host
    /// will be held for dead.
    fn lost(&self, state: &mut State, asker: usize, asked: usize) {
        let at = state.now;
        if state.hosts[asked].node.is_none() {
            return;
        }
        let ear = &mut state.ears[asker][asked];
        ear.lost += 1;
        if ear.gone || ear.lost > self.again {
            ear.lost = ear.lost.min(self.again + 1);
            ear.wrong = Some(at);
            state.misjudged = true;
        }
    }

    /// One turn of a failsh, with all that comes of it within the host.
    fn turn(&self, state: &mut State, n: usize, input: Option<plan::In>) {
        let mut at = now(state.now);
        if self.broken == Broken::OldClock && input.is_none() {
            at.mono.0 -= 1;
        }
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let host = state.host(n);
            let Some(plan) = &mut host.plan else { return };
            match input {
                Some(input) => plan.handle(at, input),
                None => plan.expire(at),
            }
            let outs: Vec<plan::Out> = std::iter::from_fn(|| plan.poll()).collect();
            let up = plan.status(&web()).and_then(|status| status.state) == Some(Fact::Up);
            host.orphan &= !(up && host.runs);
            for out in outs {
                match out {
                    plan::Out::Send { to, bytes, .. } => match host_at(to) {
                        Some(other) => self.send(state, n, other, bytes),
                        None => inputs.extend(self.tell_faild(state, n, bytes).map(Some)),
                    },
                    plan::Out::Run(order) => inputs.push_back(Some(self.run(state, n, &order))),
                    plan::Out::Event(event) if event.kind == EventKind::Unreachable => {
                        let other = (0..self.hosts).find(|h| host_name(*h) == event.subject);
                        if let Some(other) = other {
                            let ear = &mut state.ears[n][other];
                            (ear.gone, ear.able) = (true, false);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// A question to another host.
    fn send(&self, state: &mut State, asker: usize, asked: usize, bytes: Vec<u8>) {
        let packet = Packet::read(&bytes).ok();
        let body = packet.as_ref().and_then(|packet| packet.body().ok());
        let Some((Body::Query(_), packet)) = body.zip(packet.as_ref()) else {
            return;
        };
        let message = Message {
            asker,
            asked,
            answer: false,
            id: packet.request(),
            sent: state.now,
            bytes: bytes.clone(),
        };
        self.dispatch(state, (asker, asked), message);
    }

    /// A message leaves the first host for the second.
    fn dispatch(&self, state: &mut State, way: (usize, usize), message: Message) {
        if state.hosts[way.1].node.is_none() {
            return;
        }
        match state.cuts.contains(&way) {
            true => self.lost(state, message.asker, message.asked),
            false => state.messages.push(message),
        }
    }

    /// What failsh says to the faild of its host, and what that answers.
    fn tell_faild(
        &self,
        state: &mut State,
        n: usize,
        bytes: Vec<u8>,
    ) -> impl Iterator<Item = plan::In> + use<> {
        let at = state.now;
        let host = state.host(n);
        let from = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), host.port());
        let body = Packet::read(&bytes)
            .ok()
            .and_then(|packet| packet.body().ok());
        let answers = match body {
            Some(Body::Query(_) | Body::Change(_)) => faild(host, from, bytes, at),
            _ => Vec::new(),
        };
        let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), FAILD_PORT);
        answers
            .into_iter()
            .map(move |(_, bytes)| plan::In::Datagram { from: addr, bytes })
    }

    fn arrive(&self, state: &mut State, message: Message) {
        let (asker, asked) = (message.asker, message.asked);
        if message.answer {
            let ear = &mut state.ears[asker][asked];
            (ear.lost, ear.gone) = (0, false);
            ear.able = said(&message.bytes).is_some_and(|fact| fact != Fact::Fail);
            let input = plan::In::Datagram {
                from: addr(asked, FAILD_PORT),
                bytes: message.bytes,
            };
            return self.turn(state, asker, Some(input));
        }
        if state.hosts[asked].node.is_none() {
            return;
        }
        let from = addr(asker, state.hosts[asker].port());
        let at = state.now;
        for (_, bytes) in faild(state.host(asked), from, message.bytes, at) {
            let answer = Message {
                answer: true,
                sent: at,
                bytes,
                ..message
            };
            self.dispatch(state, (asked, asker), answer);
        }
    }

    /// A script is begun.
    fn run(&self, state: &mut State, n: usize, order: &Order) -> plan::In {
        let at = state.now;
        let fact = state.hosts[n].fact(at);
        let able = state.ears[n][..n].iter().any(|ear| ear.able);
        let host = state.host(n);
        let busy = !host.scripts.is_empty() || self.broken == Broken::RunsTwice;
        host.scripts.push(Script {
            job: order.job,
            task: order.task,
            began: at,
        });
        if order.task == Task::Start {
            (host.runs, host.orphan) = (true, false);
        }
        let gives_way = order.task == Task::Stop && order.reason.starts_with("stop: a master");
        let alone = order.task == Task::Stop && order.reason.contains("no master can serve");
        if busy {
            state.wrong(Flaw::OneScript);
        }
        if order.task == Task::Start && fact == Some(Fact::Fail) {
            state.wrong(Flaw::FailStays);
        }
        if gives_way && !able || alone {
            state.wrong(Flaw::HandBack);
        }
        plan::In::Began { job: order.job }
    }

    fn ends(&self, state: &mut State, n: usize, well: bool) {
        let host = state.host(n);
        if host.scripts.is_empty() {
            return;
        }
        let script = host.scripts.remove(0);
        if script.task == Task::Stop {
            (host.runs, host.orphan) = (false, false);
        }
        let fact = match script.task {
            Task::Start | Task::Reclaim | Task::Check => Fact::Up,
            Task::Stop => Fact::Recover,
        };
        let error = || ScriptError {
            sentence: format!("{}: it did not work", script.task),
            detail: String::new(),
        };
        let outcome = well.then_some(fact).ok_or_else(error);
        let job = script.job;
        self.turn(state, n, Some(plan::In::Done { job, outcome }));
    }
}

/// A datagram for a faild, and what it answers. Its disk takes no time.
fn faild(host: &mut Host, from: SocketAddr, bytes: Vec<u8>, at: Mono) -> Vec<(Peer, Vec<u8>)> {
    let from = Peer {
        addr: from,
        local: None,
        stream: None,
    };
    let mut inputs = VecDeque::from([node::In::Datagram { from, bytes }]);
    let mut answers = Vec::new();
    while let (Some(input), Some(node)) = (inputs.pop_front(), &mut host.node) {
        node.handle(now(at), input);
        while let Some(out) = node.poll() {
            match out {
                node::Out::Send { to, bytes } => answers.push((to, bytes)),
                node::Out::Save { no, image } => {
                    host.disk = image;
                    inputs.push_back(node::In::Saved { no, ok: true });
                }
                _ => {}
            }
        }
    }
    answers
}

/// The state in an answer.
fn said(bytes: &[u8]) -> Option<Fact> {
    let body = Packet::read(bytes).ok()?.body().ok()?;
    match body {
        Body::Answer(answer) => answer.records.first().map(|record| record.state),
        _ => None,
    }
}

/// What happened, and what the hosts made of it.
pub(super) fn tell(before: &State, action: Action, after: &State) -> String {
    let name = crate::sketch::name;
    let way = |at: usize| {
        let message = before.messages.get(at);
        message.map_or(String::new(), |message| {
            let (a, b) = (name(message.asker), name(message.asked));
            match message.answer {
                true => format!("the answer of {b} to {a}"),
                false => format!("the question of {a} to {b}"),
            }
        })
    };
    let what = match action {
        Action::Tick => format!("{} ms later", (after.now - before.now).as_millis()),
        Action::Wake(n) => format!("{} is woken", name(n)),
        Action::Arrive(at) => format!("{} arrives", way(at)),
        Action::Lose(at) => format!("{} is lost", way(at)),
        Action::Ends(n, true) => format!("the script of {} ends", name(n)),
        Action::Ends(n, false) => format!("the script of {} fails", name(n)),
        Action::Crash(n) => format!("{} loses its power", name(n)),
        Action::Boot(n) => format!("{} is switched on", name(n)),
        Action::Dies(n) => format!("the failsh of {} dies", name(n)),
        Action::Rises(n) => format!("the failsh of {} is started", name(n)),
        Action::CutWay(a, b) => format!("nothing passes from {} to {}", name(a), name(b)),
        Action::Cut(a, b) => format!("the link between {} and {} is cut", name(a), name(b)),
        Action::Heal => "all links are whole".to_string(),
    };
    let news = (before.hosts.iter().zip(&after.hosts).enumerate()).map(|(n, (was, is))| {
        let record = |host: &Host, at| {
            let record = host.record(at)?;
            let starting = record.marks.has(fail_wire::Marks::STARTING);
            Some((record.state, starting))
        };
        let (was_said, says) = (record(was, before.now), record(is, after.now));
        let script = is.scripts.last().filter(|_| is.scripts != was.scripts);
        let script = script.map_or(String::new(), |s| format!("; {} runs {}", name(n), s.task));
        let says = says
            .filter(|_| says != was_said)
            .map_or(String::new(), |(fact, starting)| {
                let mark = if starting { " starting" } else { "" };
                format!("; {} says {fact}{mark}", name(n))
            });
        script + &says
    });
    what + &news.collect::<String>()
}
