//! Orders of calls on a plan: answers in any order, lost, late, doubled and forged; scripts
//! that end, do not, or end twice; people, new policies, failds that forget, and time.
//!
//! What is asserted beyond that nothing panics, debug assertions of the plan included:
//!
//! * at most one script of a service runs, and none is ended that does not run;
//! * no start before the mark `starting` was acknowledged by the local faild, and every host of
//!   the service asked again after that;
//! * a forgery (made with another key, from another address, or with a bit turned) leaves nothing
//!   but one more datagram that was dropped; a message that nobody signed may leave a hint if it
//!   comes from where a question went, but not from the local faild's port (it is there, then, and
//!   `lonely` need not stop anything);
//! * none of them changes a decision, a state or when something is done: a twin that does not
//!   hear of it wants the same;
//! * a change by hand is answered at most once; after `release` nothing is started, and that it
//!   is done is said once;
//! * it sends nothing but requests, signed, each in one datagram; after `expire` the deadline
//!   lies ahead.

mod policies;
mod stage;

use std::net::SocketAddr;

use fail_core::job::{ByHand, JobNo, Outcome, ScriptError};
use fail_core::node::Peer;
use fail_core::plan::In;
use fail_core::time::Span;
use fail_wire::{Answer, Body, Change, Code, Marks, Name, Packet, Reason, Refusal, State, emit};

use crate::{Choices, messages};
use policies::{HOSTS, SERVICES, host_addr, policy};
use stage::{Stage, local, me};

/// Steps of one run.
const STEPS_MAX: usize = 200;

/// Any order of calls.
pub fn plan(data: &[u8]) {
    let mut from = Choices::new(data);
    let slow_disk = from.once_in(3);
    let mut stage = Stage::new(policy(&mut from), slow_disk);
    for _ in 0..STEPS_MAX {
        if from.is_over() {
            break;
        }
        step(&mut from, &mut stage);
    }
}

fn step(from: &mut Choices, stage: &mut Stage) {
    match from.below(24) {
        0..=2 => calm(from, stage),
        3 | 4 if !stage.wire.is_empty() => stage.deliver(from.below(stage.wire.len())),
        5 if !stage.wire.is_empty() => drop(stage.wire.remove(from.below(stage.wire.len()))),
        6 if !stage.wire.is_empty() => {
            let again = stage.wire[from.below(stage.wire.len())].clone();
            stage.wire.push(again);
        }
        7 | 8 => stage.pass_to_deadline(Span::from_secs(86_400)),
        9 => stage.pass(Span::from_millis(
            from.pick(&[1, 10, 100, 700, 3_000, 60_000]),
        )),
        10 | 11 => {
            let outcome = outcome(from);
            stage.end(&service(from), outcome);
        }
        12 => odd_script(from, stage),
        13 => {
            let at = host(from);
            by_hand_elsewhere(from, stage, at);
        }
        14 => by_hand_elsewhere(from, stage, local()),
        15 => by_hand(from, stage),
        16 => {
            stage.policy = policy(from);
            let (policy, known) = (Box::new(stage.policy.clone()), Vec::new());
            stage.tell(In::Policy { policy, known });
        }
        17 if from.once_in(3) => {
            stage.releasing = true;
            stage.tell(In::Release);
        }
        18..=20 => forge(from, stage),
        21 => {
            let at = if from.flag() { local() } else { host(from) };
            stage.restart(at, from.byte());
        }
        22 => found(from, stage),
        _ => {
            if !stage.saves.is_empty() {
                stage.saved(!from.once_in(4));
            }
        }
    }
}

/// For a while everything goes as it should.
fn calm(from: &mut Choices, stage: &mut Stage) {
    let until = stage.now.mono + Span::from_millis(from.pick(&[50, 1_100, 5_000]));
    for _ in 0..150 {
        if let Some((name, order)) = stage.running.iter().next() {
            let (name, job) = (name.clone(), order.job);
            let state = match order.task {
                fail_core::job::Task::Stop => State::Recover,
                fail_core::job::Task::Check => order.from,
                _ => State::Up,
            };
            stage.tell(In::Began { job });
            stage.end(&name, Ok(state));
        } else if !stage.saves.is_empty() {
            stage.saved(true);
        } else if !stage.wire.is_empty() {
            stage.deliver(0);
        } else if stage.now.mono < until {
            stage.pass_to_deadline(until - stage.now.mono);
        } else {
            return;
        }
    }
}

#[expect(clippy::expect_used, reason = "both are names")]
fn service(from: &mut Choices) -> Name {
    Name::new(from.pick(&SERVICES)).expect("a plain word is a name")
}

fn host(from: &mut Choices) -> SocketAddr {
    host_addr(from.pick(&HOSTS))
}

fn outcome(from: &mut Choices) -> Outcome {
    match from.below(4) {
        3 => Err(ScriptError {
            sentence: from.text(20),
            detail: String::new(),
        }),
        at => Ok(State::ALL[2 - at]),
    }
}

/// Scripts that begin, hold up others, end twice, or were never ordered.
fn odd_script(from: &mut Choices, stage: &mut Stage) {
    let running = stage.running.values().next().map(|order| order.job);
    let ended = stage.ended.last().copied();
    let job = match from.below(3) {
        0 => running,
        1 => ended,
        _ => Some(JobNo(from.number().saturating_add(1 << 40))),
    };
    let Some(job) = job else { return };
    match from.below(4) {
        0 => stage.tell(In::Began { job }),
        1 => {
            let span = Span::from_millis(from.pick(&[1, 1_000]));
            stage.tell(In::Held { by: job, span });
        }
        2 if Some(job) != running => {
            let outcome = outcome(from);
            stage.tell(In::Done { job, outcome });
        }
        _ => {
            let job = stage.traps.pop().unwrap_or(JobNo(1 << 41));
            let error = outcome(from).err();
            stage.tell(In::Trapped { job, error });
        }
    }
}

/// Somebody changes a record at a faild, as `failc` or the failsh of that host would.
fn by_hand_elsewhere(from: &mut Choices, stage: &mut Stage, at: SocketAddr) {
    let name = service(from);
    let Some(node) = stage.nodes.get(&at) else {
        return;
    };
    let change = Change {
        nonce: node.nonce(),
        version: node.record(stage.now, &name).version,
        name,
        state: from.flag().then(|| messages::state(from)),
        set: Marks(from.byte() & Marks::SETTABLE.0),
        clear: Marks(from.byte() & Marks::CLEARABLE.0),
        reason: Reason::new(from.pick(&["", "held: x", "by hand"])),
        interval_ms: from.pick(&[0, 200, 3_600_000]),
    };
    let bytes = emit(Some(&stage.keys[0]), 1, &Body::Change(change));
    let peer = Peer {
        addr: host_addr("nobody"),
        local: None,
        stream: None,
    };
    stage.at_node(at, peer, bytes);
}

fn by_hand(from: &mut Choices, stage: &mut Stage) {
    let no = stage.sets.last().copied().unwrap_or(0) + 1;
    let change = match from.below(7) {
        0 => ByHand::Hold,
        1 => ByHand::Release,
        2 => ByHand::Away,
        3 => ByHand::Back,
        at => ByHand::State(State::ALL[at - 4]),
    };
    let reason = from.pick(&["", "because"]).to_string();
    let service = service(from);
    stage.sets.insert(no);
    stage.tell(In::Set {
        no,
        service,
        change,
        reason,
    });
}

/// A name was looked up, or something was that nobody asked for.
fn found(from: &mut Choices, stage: &mut Stage) {
    let no = match from.once_in(4) {
        true => from.number(),
        false => stage.lookups.pop().unwrap_or(0),
    };
    let answer = match from.flag() {
        true => Ok(host(from)),
        false => Err("not found".to_string()),
    };
    stage.tell(In::Resolved { no, answer });
}

/// An answer that nobody who was asked has made.
fn forge(from: &mut Choices, stage: &mut Stage) {
    // Something that is on its way here, with a bit turned or from another sender.
    let here: Vec<_> = stage.wire.iter().filter(|(_, to, _)| *to == me()).collect();
    if let (true, Some((sender, _, bytes))) = (from.flag(), here.first().copied()) {
        let (mut sender, mut bytes) = (*sender, bytes.clone());
        if from.flag() {
            sender.set_port(sender.port() ^ 1);
        } else {
            // All but the id, without which it would answer nothing.
            let bit = 16 * 8 + from.below((bytes.len() - 16) * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        return stage.forge(sender, bytes, false);
    }
    let recent = stage.asked.len().saturating_sub(8);
    let open = &stage.asked[recent..];
    if open.is_empty() {
        return;
    }
    let (mut sender, request) = open[from.below(open.len())];
    // Only the owner of its port can say without a key that the local faild is there; a
    // refusal without one from another host is told to people as a hint.
    let elsewhere = from.once_in(3);
    if elsewhere {
        sender.set_port(sender.port() ^ 1);
    }
    let key = (sender == local() || from.flag()).then(|| stage.keys[2].clone());
    let body = match from.below(4) {
        0 => messages::body(from),
        1 => Body::Refusal(Refusal::plain(from.pick(&Code::ALL))),
        _ => {
            let mut record = messages::record(from);
            record.name = service(from);
            Body::Answer(Answer {
                nonce: from.number(),
                more: from.once_in(4),
                records: vec![record],
            })
        }
    };
    let bytes = emit(key.as_ref(), request, &body);
    debug_assert!(Packet::read(&bytes).is_ok());
    stage.forge(sender, bytes, key.is_none() && !elsewhere);
}
