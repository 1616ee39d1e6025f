//! The debug port of a program: who may list and set its debug levels.
//!
//! One datagram in, at most one out, never a longer one. An order names the stamp of the
//! last answer, and each order that is obeyed makes a new one: a recorded order can not be
//! played again. A stranger learns that he is one, and nothing else.

use fail_wire::{Body, Code, Key, Levels, Packet, Reason, Refusal, SetLevel, emit};

/// The levels of a program.
pub trait Facilities {
    /// Each facility and its level, in the program's order.
    fn list(&self) -> Vec<(&'static str, u8)>;

    /// Gives a facility another level; false if there is no such facility.
    fn set(&mut self, facility: &str, level: u8) -> bool;
}

/// The highest level that a facility can have.
pub const LEVEL_MAX: u8 = 2;

/// Takes orders, each once.
#[derive(Debug, Clone)]
pub struct Orders {
    program: &'static str,
    stamp: u64,
}

impl Orders {
    /// Of this program. `stamp` must be random.
    pub fn new(program: &'static str, stamp: u64) -> Orders {
        Orders { program, stamp }
    }

    /// Obeys an order of somebody who may give it; gives the levels then, and what was set.
    ///
    /// # Errors
    /// The order is an old one, or names no facility.
    pub fn obey(
        &mut self,
        order: SetLevel,
        facilities: &mut dyn Facilities,
    ) -> Result<(Levels, Option<(String, u8)>), Code> {
        let mut done = None;
        if let Some((facility, level)) = order.set {
            if order.stamp != self.stamp {
                return Err(Code::Stale);
            }
            if !facilities.set(facility.as_str(), level) {
                return Err(Code::Facility);
            }
            self.stamp = self.stamp.wrapping_add(1);
            done = Some((facility.to_string(), level));
        }
        Ok((self.levels(facilities), done))
    }

    /// The levels as they are now.
    pub fn levels(&self, facilities: &dyn Facilities) -> Levels {
        let levels = facilities.list();
        let levels = levels
            .into_iter()
            .map(|(facility, level)| (Reason::new(facility), level))
            .collect();
        Levels {
            stamp: self.stamp,
            program: Reason::new(self.program),
            levels,
        }
    }
}

/// A debug port.
#[derive(Debug)]
pub struct DebugPort {
    orders: Orders,
    key: Key,
}

/// What came of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// What to send back, if anything.
    pub bytes: Option<Vec<u8>>,
    /// What was set: for the log.
    pub set: Option<(String, u8)>,
}

impl DebugPort {
    /// The port of this program, for those who know the key. `stamp` must be random.
    pub fn new(program: &'static str, key: Key, stamp: u64) -> DebugPort {
        DebugPort {
            orders: Orders::new(program, stamp),
            key,
        }
    }

    /// Somebody has sent this.
    pub fn handle(&mut self, bytes: &[u8], facilities: &mut dyn Facilities) -> Reply {
        let nothing = Reply {
            bytes: None,
            set: None,
        };
        let Ok(packet) = Packet::read(bytes) else {
            return nothing;
        };
        if packet.answers() {
            return nothing;
        }
        let (body, signed, set) = self.obey(&packet, facilities);
        let key = signed.then_some(&self.key);
        let answer = emit(key, packet.request(), &body);
        Reply {
            bytes: (answer.len() <= bytes.len()).then_some(answer),
            set,
        }
    }

    /// The answer, whether it is signed, and what was set.
    fn obey(
        &mut self,
        packet: &Packet,
        facilities: &mut dyn Facilities,
    ) -> (Body, bool, Option<(String, u8)>) {
        let refuse = |code| Body::Refusal(Refusal::plain(code));
        if !packet.speaks_version() {
            let detail = u32::from(fail_wire::VERSION);
            let refusal = Refusal {
                detail,
                ..Refusal::plain(Code::Version)
            };
            return (Body::Refusal(refusal), false, None);
        }
        if packet.key_id() != self.key.id() {
            return (refuse(Code::Community), false, None);
        }
        if !packet.verify(&self.key) {
            return (refuse(Code::Mac), false, None);
        }
        let order = match packet.body() {
            Ok(Body::SetLevel(order)) => order,
            Ok(_) | Err(fail_wire::Bad::Type) => return (refuse(Code::Type), true, None),
            Err(_) => return (refuse(Code::Malformed), true, None),
        };
        match self.orders.obey(order, facilities) {
            Ok((levels, set)) => (Body::Levels(levels), true, set),
            Err(code) => (refuse(code), true, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::{LEVELS_ROOM, emit_padded};

    struct Table([(&'static str, u8); 2]);

    impl Facilities for Table {
        fn list(&self) -> Vec<(&'static str, u8)> {
            self.0.to_vec()
        }

        fn set(&mut self, facility: &str, level: u8) -> bool {
            let found = self.0.iter_mut().find(|(name, _)| *name == facility);
            found.map(|entry| entry.1 = level).is_some()
        }
    }

    fn key(community: &str) -> Key {
        Key::new(community).unwrap()
    }

    fn order(key: &Key, stamp: u64, set: Option<(&str, u8)>) -> Vec<u8> {
        let set = set.map(|(facility, level)| (Reason::new(facility), level));
        let body = Body::SetLevel(SetLevel { stamp, set });
        emit_padded(key, 7, &body, LEVELS_ROOM)
    }

    fn body(reply: &Reply) -> Body {
        let packet = Packet::read(reply.bytes.as_ref().unwrap()).unwrap();
        packet.body().unwrap()
    }

    fn stamp(reply: &Reply) -> u64 {
        match body(reply) {
            Body::Levels(levels) => levels.stamp,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_knows_the_key_lists_and_sets() {
        let mut table = Table([("plan", 0), ("host", 1)]);
        let mut port = DebugPort::new("failsh", key("secret"), 42);
        let listed = port.handle(&order(&key("secret"), 0, None), &mut table);
        assert_eq!(listed.set, None);
        let set = order(&key("secret"), stamp(&listed), Some(("plan", 2)));
        let reply = port.handle(&set, &mut table);
        assert_eq!(reply.set, Some(("plan".to_string(), 2)));
        assert_eq!(table.0, [("plan", 2), ("host", 1)]);
        let Body::Levels(levels) = body(&reply) else {
            panic!("no levels")
        };
        assert_eq!(levels.program.as_str(), "failsh");
        assert_eq!(levels.levels[0], (Reason::new("plan"), 2));
    }

    #[test]
    fn an_order_is_obeyed_once() {
        let mut table = Table([("plan", 0), ("host", 1)]);
        let mut port = DebugPort::new("failsh", key("secret"), 42);
        let set = order(&key("secret"), 42, Some(("plan", 2)));
        assert!(port.handle(&set, &mut table).set.is_some());
        table.0[0].1 = 0;
        let again = port.handle(&set, &mut table);
        assert_eq!(again.set, None);
        assert_eq!(body(&again), Body::Refusal(Refusal::plain(Code::Stale)));
        assert_eq!(table.0[0].1, 0);
    }

    #[test]
    fn strangers_change_nothing_and_get_no_more_than_they_sent() {
        let mut table = Table([("plan", 0), ("host", 1)]);
        let mut port = DebugPort::new("failsh", key("secret"), 42);
        let right = order(&key("secret"), 42, Some(("plan", 2)));
        let mut forged = right.clone();
        *forged.last_mut().unwrap() ^= 1;
        for (bytes, code) in [
            (
                order(&key("public"), 42, Some(("plan", 2))),
                Code::Community,
            ),
            (forged, Code::Mac),
            (order(&key("secret"), 42, Some(("nope", 2))), Code::Facility),
        ] {
            let reply = port.handle(&bytes, &mut table);
            assert_eq!(reply.set, None);
            assert_eq!(body(&reply), Body::Refusal(Refusal::plain(code)));
        }
        for end in 0..right.len() {
            let reply = port.handle(&right[..end], &mut table);
            assert_eq!(reply.set, None, "{end} bytes");
            assert!(reply.bytes.is_none_or(|bytes| bytes.len() <= end));
        }
        let answer = emit(
            Some(&key("secret")),
            7,
            &Body::Refusal(Refusal::plain(Code::Type)),
        );
        assert_eq!(port.handle(&answer, &mut table).bytes, None);
        assert_eq!(table.0[0].1, 0);
    }
}
