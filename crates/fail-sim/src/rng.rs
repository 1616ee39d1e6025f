//! Dice for the world: splitmix64, fast and the same everywhere. Not for secrets.

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
