//! Dice for the world: splitmix64, fast and the same everywhere. Not for secrets.
//!
//! Each part of the world has dice of its own, so that what is changed in one place changes
//! as little as possible elsewhere: a story from which an act is taken stays the same story.

use std::collections::BTreeMap;

/// One stream of numbers from one seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included. The bias of the remainder is far below
    /// anything a run could show.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll() % (high.saturating_sub(low) + 1)
    }

    /// True so many times in a thousand.
    pub fn per_mille(&mut self, n: u64) -> bool {
        self.roll() % 1000 < n
    }

    /// One of these, each as likely.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll() as usize % from.len()]
    }

    /// One of these, by weight.
    pub fn weighted<T: Copy>(&mut self, table: &[(u64, T)]) -> T {
        let total: u64 = table.iter().map(|(weight, _)| weight).sum();
        let mut left = self.roll() % total.max(1);
        for (weight, value) in table {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        table[0].1
    }

    /// A seed for a machine.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for chunk in seed.chunks_mut(8) {
            chunk.copy_from_slice(&self.roll().to_le_bytes());
        }
        seed
    }
}

/// What dice are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Datagrams from one host to another.
    Way,
    /// When things begin on a host, and what its daemons' dice are.
    Host,
    /// How late its scheduler is.
    Late,
    /// Its disk.
    Disk,
    /// A script of a service on a host.
    Script,
    /// Its traps.
    Trap,
}

/// All dice of a world.
#[derive(Debug, Clone)]
pub struct Dice {
    seed: u64,
    streams: BTreeMap<(Use, usize, usize), Rng>,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Dice {
        Dice {
            seed,
            streams: BTreeMap::new(),
        }
    }

    /// Those of one use at one place.
    pub fn of(&mut self, what: Use, a: usize, b: usize) -> &mut Rng {
        let seed = self.seed;
        self.streams.entry((what, a, b)).or_insert_with(|| {
            let place = 1 + what as u64 * 10_000 + a as u64 * 100 + b as u64;
            // Seeds are often neighbours, and so are places: both are spread first.
            Rng::new(Rng::new(seed).roll() ^ Rng::new(place << 20).roll())
        })
    }
}
