//! How late something was, in buckets: so that the middle and the end of thousands of such
//! times can be told without keeping or sorting them.
//!
//! Not here: of how many times, and of which; see the health of [`crate::plan`] and of
//! [`crate::watch`].

use crate::time::Span;

/// Four buckets for each power of two, of microseconds.
pub(crate) const BUCKETS: usize = 4 * 40;

/// The bucket of a lateness: by its highest three bits in microseconds.
pub(crate) fn bucket(late: Span) -> usize {
    let us = late.0 / 1_000;
    let high = (u64::BITS - us.leading_zeros()).saturating_sub(3);
    let place = (us >> high) as usize + 4 * high as usize;
    place.min(BUCKETS - 1)
}

/// The most that is in a bucket.
fn most(bucket: usize) -> Span {
    let high = (bucket / 4).saturating_sub(1);
    let low = (bucket - 4 * high) as u64;
    Span::from_micros(((low + 1) << high) - 1)
}

/// So many of a hundred are not beyond this.
pub(crate) fn percentile(counts: &[u32], percent: u64) -> Span {
    let all: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let wanted = (all * percent).div_ceil(100);
    let mut seen = 0;
    let found = counts.iter().position(|count| {
        seen += u64::from(*count);
        *count > 0 && seen >= wanted
    });
    found.map_or(Span::ZERO, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_no_wider_than_a_quarter_of_what_is_in_it() {
        for us in (0..5_000).chain([1 << 20, 123_456_789, 3_600_000_000]) {
            let most = most(bucket(Span::from_micros(us))).0 / 1_000;
            assert!(most >= us && most <= us + us / 4, "{us}: {most}");
        }
        assert_eq!(bucket(Span(u64::MAX)), BUCKETS - 1);
    }
}
