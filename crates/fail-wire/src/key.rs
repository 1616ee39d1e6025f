//! Communities as keys. A community is never sent: it keys the HMAC of each message, and a
//! short id made from it tells the receiver which key to try.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The longest community in bytes.
pub const COMMUNITY_BYTES_MAX: usize = 128;

/// Bytes of an HMAC-SHA256.
pub const MAC_BYTES: usize = 32;

/// A community, ready to sign and to verify with.
#[derive(Clone)]
pub struct Key {
    id: u32,
    fresh: Hmac<Sha256>,
}

/// A community that can not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a community has 1 to {COMMUNITY_BYTES_MAX} bytes and no white space or control characters"
)]
pub struct BadCommunity;

impl Key {
    /// Makes a community a key.
    ///
    /// # Errors
    /// Empty, longer than [`COMMUNITY_BYTES_MAX`], or not one printable word.
    pub fn new(community: &str) -> Result<Key, BadCommunity> {
        let odd = community
            .chars()
            .any(|c| c.is_whitespace() || c.is_control());
        if community.is_empty() || community.len() > COMMUNITY_BYTES_MAX || odd {
            return Err(BadCommunity);
        }
        let fresh =
            Hmac::<Sha256>::new_from_slice(community.as_bytes()).map_err(|_| BadCommunity)?;
        let mut key = Key { id: 0, fresh };
        let mac = key.mac(&[b"failover key id"]);
        key.id = u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]]);
        Ok(key)
    }

    /// What names this key in a message's header.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether this is the same community, and not only one with the same id.
    pub fn same(&self, other: &Key) -> bool {
        const PROOF: &[&[u8]] = &[b"failover same key"];
        self.verifies(PROOF, &other.mac(PROOF))
    }

    /// A number that only who has this key can make of these bytes; never 0.
    pub fn seal(&self, bytes: &[u8]) -> u64 {
        let mac = self.mac(&[bytes]);
        let number = mac.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b));
        number.max(1)
    }

    /// The HMAC over these pieces, one after the other.
    pub(crate) fn mac(&self, pieces: &[&[u8]]) -> [u8; MAC_BYTES] {
        let mut mac = self.fresh.clone();
        pieces.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().into()
    }

    /// Whether `mac` is the HMAC over these pieces, in constant time.
    pub(crate) fn verifies(&self, pieces: &[&[u8]], mac: &[u8]) -> bool {
        self.mac(pieces).ct_eq(mac).into()
    }
}

/// Never shows the community.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:08x})", self.id)
    }
}

/// Random-looking 64-bit numbers from one seed: request ids and nonces that nobody can
/// guess and that a replay brings out again.
#[derive(Clone)]
pub struct Dice {
    seed: Hmac<Sha256>,
    drawn: u64,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: &[u8; 32]) -> Dice {
        // An HMAC takes a key of any length.
        #[expect(clippy::expect_used, reason = "HMAC accepts every key length")]
        let seed = Hmac::<Sha256>::new_from_slice(seed).expect("HMAC accepts every key length");
        Dice { seed, drawn: 0 }
    }

    /// The next number; never 0, which stands for "none" in the protocol.
    pub fn roll(&mut self) -> u64 {
        self.drawn += 1;
        let mut mac = self.seed.clone();
        mac.update(&self.drawn.to_be_bytes());
        let bytes = mac.finalize().into_bytes();
        let number = bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b));
        number.max(1)
    }
}

impl Dice {
    /// A key that nobody else has. It makes nothing that a roll makes: those are of 8 bytes.
    pub fn key(&self) -> Key {
        let mut fresh = self.seed.clone();
        fresh.update(b"failover key of its own");
        Key { id: 0, fresh }
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dice({} drawn)", self.drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_verifies_its_own_mac_only() {
        let (a, b) = (Key::new("alpha").unwrap(), Key::new("beta").unwrap());
        let mac = a.mac(&[b"he", b"llo"]);
        assert!(a.verifies(&[b"hello"], &mac));
        assert!(!b.verifies(&[b"hello"], &mac));
        assert!(!a.verifies(&[b"hellO"], &mac));
        assert!(!a.verifies(&[b"hello"], &mac[..31]));
        assert_ne!(a.id(), b.id());
        assert!(!format!("{a:?}").contains("alpha"));
    }

    #[test]
    fn communities_are_one_printable_word() {
        for bad in ["", "a b", "a\n", &"x".repeat(129)] {
            assert!(Key::new(bad).is_err(), "{bad:?}");
        }
        assert!(Key::new(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn dice_fall_the_same_way_for_the_same_seed() {
        let rolls = |seed| {
            let mut dice = Dice::new(&[seed; 32]);
            [dice.roll(), dice.roll(), dice.roll()]
        };
        assert_eq!(rolls(1), rolls(1));
        assert_ne!(rolls(1), rolls(2));
        assert_ne!(rolls(1)[0], rolls(1)[1]);
    }
}
