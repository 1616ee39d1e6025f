//! Orders of calls on a node: messages of everybody, time, a disk that fails, new rules, new
//! starts.
//!
//! What is asserted beyond that nothing panics, debug assertions of the node included:
//!
//! * a record changes by a message alone that was made with a known community, which may change
//!   that service, names this start of the node and the version that is there; and no other
//!   record changes with it; versions grow, and no change undoes that a service was forgotten;
//! * nothing is acknowledged before it is on disk, and each order is answered once, in the end;
//! * what answers is never answered, over UDP no answer is longer than what was asked, and who
//!   has shown no key hears why and nothing else; nobody is shown what he may not read;
//! * one save is under way at a time, holds what is known, and in the end all is on disk;
//!   after a new start that is known again;
//! * history, reports and tables keep their limits; after `expire` the deadline lies ahead.

mod rules;
mod world;

use std::net::SocketAddr;

use fail_core::node::{In, Peer};
use fail_core::time::{Span, Wall};
use fail_wire::{Body, Change, Forget, Marks};

use crate::{Choices, messages};
use rules::{Rules, sent};
use world::World;

/// Steps of one run.
const STEPS_MAX: usize = 300;

/// Any order of calls.
pub fn node(data: &[u8]) {
    let mut from = Choices::new(data);
    let mut world = World::new(Rules::of(&mut from));
    let mut request = 0;
    for _ in 0..STEPS_MAX {
        if from.is_over() {
            break;
        }
        step(&mut from, &mut world, &mut request);
    }
    world.end();
}

fn step(from: &mut Choices, world: &mut World, request: &mut u64) {
    match from.below(16) {
        0..=4 => {
            *request += 1;
            let peer = peer(from);
            let body = order(from, world);
            let bytes = sent(from, &world.keys, *request, &body);
            world.arrives(peer, bytes);
        }
        5..=6 => {
            *request += 1;
            let peer = peer(from);
            let body = messages::body(from);
            let bytes = sent(from, &world.keys, *request, &body);
            world.arrives(peer, bytes);
        }
        7 => {
            let peer = peer(from);
            let len = from.below(200);
            world.arrives(peer, from.bytes(len).to_vec());
        }
        8 if !world.past.is_empty() => {
            let (mut peer, bytes) = world.past[from.below(world.past.len())].clone();
            if from.flag() {
                peer = self::peer(from);
            }
            world.arrives(peer, bytes);
        }
        9 | 10 => world.saved(!from.once_in(4)),
        11 => {
            let ms = from.pick(&[0, 1, 10, 100, 1_000, 3_100, 10_000, 601_000]);
            world.now.wall = Wall(world.now.wall.0.wrapping_add(from.number() as i64));
            world.pass(Span::from_millis(ms));
        }
        12 => {
            let now = world.now.mono;
            let next = fail_core::machine::Machine::deadline(&world.node).unwrap_or(now);
            world.pass(next.max(now) - now);
        }
        13 => {
            world.rules = Rules::of(from);
            let access = world.rules.access(&world.keys);
            world.happens(In::Access(access));
        }
        14 => match from.below(4) {
            0 => world.happens(In::Gone { stream: 1 }),
            1 => {
                let no = from.number();
                // The number of the save under way is the disk's to say.
                if world
                    .save
                    .as_ref()
                    .is_none_or(|(under_way, _)| *under_way != no)
                {
                    world.happens(In::Saved { no, ok: true });
                }
            }
            _ => world.happens(In::Beside(vec![("something", from.number())])),
        },
        _ => {
            let boot = from.pick(&["one boot", "one boot", "another boot"]);
            let seed = 8 + from.below(64) as u8;
            world.restart(boot, seed);
        }
    }
}

#[expect(clippy::expect_used, reason = "addresses as people write them")]
fn peer(from: &mut Choices) -> Peer {
    let text = from.pick(&[
        "192.0.2.9:1000",
        "127.0.0.1:1000",
        "[::ffff:127.0.0.1]:7",
        "[2001:db8::1]:1847",
    ]);
    let addr: SocketAddr = text.parse().expect("an address");
    let local: SocketAddr = "192.0.2.1:1847".parse().expect("an address");
    let way = from.below(6);
    Peer {
        addr,
        local: (way < 4).then_some(local),
        stream: (way == 5).then_some(1),
    }
}

/// An order that knows what it replaces, or nearly.
fn order(from: &mut Choices, world: &World) -> Body {
    let name = messages::name(from);
    let shown = world.node.record(world.now, &name);
    let nonce = match from.once_in(16) {
        true => from.number(),
        false => world.node.nonce(),
    };
    let version = match from.once_in(16) {
        true => from.number(),
        false => shown.version,
    };
    match from.below(8) {
        0 | 1 => Body::Forget(Forget {
            nonce,
            version,
            name,
        }),
        2 => Body::AskHistory(fail_wire::AskHistory {
            name,
            before: version,
        }),
        3 => {
            let mut query = messages::query(from);
            query.beat.iter_mut().for_each(|beat| beat.nonce = nonce);
            Body::Query(query)
        }
        _ => Body::Change(Change {
            nonce,
            version,
            name,
            state: from.flag().then(|| messages::state(from)),
            set: Marks(from.byte()),
            clear: Marks(from.byte()),
            reason: messages::reason(from),
            interval_ms: from.pick(&[0, 1000, 10, u32::MAX]),
        }),
    }
}
