//! Certificates that a server shows, as `fail_probe::certificate` judges them.
//!
//! What is asserted beyond that nothing panics:
//!
//! * only the one that was signed will do, to the byte, under its names, while it is good: whatever
//!   is changed in it, put behind it or shown beside it;
//! * what will not do has a reason that may be shown anywhere, or can not be read; days are told as
//!   they are.

use fail_core::limits::FINDING_BYTES_MAX;
use fail_probe::stage::certificate as judge;

use crate::Choices;

/// Signed with openssl by an authority whose key nobody has any more.
const AUTHORITY: &[u8] = include_bytes!("certificate/authority.der");
const LEAF: &[u8] = include_bytes!("certificate/leaf.der");

/// Its dates, in seconds after 1970, and its names.
const BEGINS: u64 = 1_795_790_149;
const ENDS: u64 = 2_659_790_149;
const NAMES: [&str; 3] = ["www.test", "other.test", "192.0.2.1"];

/// Others.
const STRANGERS: [&str; 5] = ["test", "www.test.other", "xwww.test", "192.0.2.2", "::1"];

const DAY: u64 = 24 * 60 * 60;

/// The one that will do, changed or not; or anything.
pub fn certificate(data: &[u8]) {
    let mut from = Choices::new(data);
    let stranger = from.once_in(8);
    let name = if stranger {
        from.pick(&STRANGERS)
    } else {
        from.pick(&NAMES)
    };
    let now = match from.below(8) {
        0 => BEGINS - 1 - from.number() % BEGINS,
        1 => ENDS + 1 + from.number() % (u64::MAX - ENDS),
        2 => from.number(),
        _ => BEGINS + from.number() % (ENDS - BEGINS),
    };
    let mut end = LEAF.to_vec();
    let changes = if from.flag() { 0 } else { from.below(4) };
    for _ in 0..changes {
        let at = from.below(end.len() + 1);
        match from.below(4) {
            0 => end.truncate(at),
            1 => end.insert(at, from.byte()),
            2 => end = [&end[..at], from.bytes(16), &end[at..]].concat(),
            _ => end
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = from.byte()),
        }
        if end.is_empty() {
            break;
        }
    }
    let beside = from.below(3);
    let rest = from.rest();
    if changes == 0 && beside == 2 {
        end = rest.to_vec();
    }
    let chain: Vec<&[u8]> = match beside {
        0 => vec![&end],
        1 => vec![&end, rest],
        _ => vec![&end, AUTHORITY, LEAF],
    };
    let judged = judge(&chain, name, AUTHORITY, now);
    assert!(judged.is_some(), "{name} is a name");
    let Some(judged) = judged else { return };
    let will_do = end == LEAF && !stranger && (BEGINS..=ENDS).contains(&now);
    assert_eq!(judged.accepted, will_do, "at {now} for {name}: {judged:?}");
    let Some((days, why)) = judged.shown else {
        assert!(end != LEAF);
        return;
    };
    assert_eq!(why.is_none(), judged.accepted);
    if let Some(why) = why {
        assert!(!why.is_empty() && why.len() <= FINDING_BYTES_MAX);
        assert!(!why.chars().any(fail_client::is_odd), "{why:?}");
    }
    if end == LEAF && now <= ENDS {
        assert_eq!(u64::try_from(days), Ok((ENDS - now) / DAY));
    }
}
