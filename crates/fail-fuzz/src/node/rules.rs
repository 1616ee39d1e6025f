//! Who may do what, told once more and in another way than in `fail_core::access`: the judge of
//! what a node lets pass.

use std::net::SocketAddr;

use fail_core::access::{Access, Rights};
use fail_wire::{Body, Key, Name, Packet, emit_padded};

use crate::{Choices, messages};

/// The communities that anybody in a test has; the last stands in no file.
pub const COMMUNITIES: [&str; 5] = ["rw", "ro", "web", "public", "stranger"];

/// The rules in force, as a list.
#[derive(Debug, Clone)]
pub struct Rules {
    lines: Vec<(Option<Name>, usize, Rights)>,
    /// Without a file `public` may read all, and from this host change all.
    open: bool,
}

impl Rules {
    /// A file with a few lines, or none.
    pub fn of(from: &mut Choices) -> Rules {
        let count = from.below(7);
        let line = |from: &mut Choices| {
            let service = from.flag().then(|| messages::name(from));
            let rights = match from.flag() {
                true => Rights::ReadOnly,
                false => Rights::ReadWrite,
            };
            (service, from.below(COMMUNITIES.len() - 1), rights)
        };
        Rules {
            lines: (1..count).map(|_| line(from)).collect(),
            open: count == 0,
        }
    }

    /// The same for the node.
    #[expect(clippy::expect_used, reason = "a handful of rules has room")]
    pub fn access(&self, keys: &[Key]) -> Access {
        if self.open {
            return Access::open();
        }
        let mut access = Access::none();
        for (service, community, rights) in &self.lines {
            let key = keys[*community].clone();
            access.add(service.clone(), key, *rights).expect("a rule");
        }
        access
    }

    /// Whether the community stands in the file.
    pub fn knows(&self, community: usize) -> bool {
        match self.open {
            true => COMMUNITIES[community] == "public",
            false => self.lines.iter().any(|(_, known, _)| *known == community),
        }
    }

    /// What it may do with a service.
    pub fn rights(&self, community: usize, service: &Name, from: SocketAddr) -> Option<Rights> {
        if self.open {
            let trusted = from.ip().to_canonical().is_loopback();
            let rights = if trusted {
                Rights::ReadWrite
            } else {
                Rights::ReadOnly
            };
            return self.knows(community).then_some(rights);
        }
        let own = |wanted: Option<&Name>| {
            let mut lines = self
                .lines
                .iter()
                .filter(|(_, known, _)| *known == community);
            lines
                .find(|(name, ..)| name.as_ref() == wanted)
                .map(|(.., rights)| *rights)
        };
        own(Some(service)).or_else(|| own(None))
    }
}

/// Who made this message, by its proof alone.
pub fn maker(keys: &[Key], packet: &Packet) -> Option<usize> {
    keys.iter()
        .position(|key| packet.key_id() == key.id() && packet.verify(key))
}

/// The communities as keys.
#[expect(clippy::expect_used, reason = "all of them are plain words")]
pub fn keys() -> Vec<Key> {
    let key = |text: &&str| Key::new(text).expect("a plain word is a community");
    COMMUNITIES.iter().map(key).collect()
}

/// A message as somebody sends it: signed or not, whole or not, long enough or not.
pub fn sent(from: &mut Choices, keys: &[Key], request: u64, body: &Body) -> Vec<u8> {
    let community = from.below(COMMUNITIES.len());
    let room = from.pick(&[1400, 0, 100, 200, 400, 1400]);
    let mut bytes = emit_padded(&keys[community], request, body, room);
    match from.byte() {
        // Hardly a message in ten is broken, so that what follows a good one is seen.
        1..=8 => {
            let bit = from.below(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        9..=12 => bytes.truncate(from.below(bytes.len() + 1)),
        13..=16 => bytes = fail_wire::emit(None, request, body),
        17 => bytes.resize(9000, 0),
        _ => {}
    }
    bytes
}
