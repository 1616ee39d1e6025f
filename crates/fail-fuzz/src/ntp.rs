//! Answers of time servers, as the check `ntp` takes them.
//!
//! What is asserted beyond that nothing panics:
//!
//! * an answer is good only if it is whole, of a server, brings back the bits of the question,
//!   tells a time, and its clock is synchronised and not further away than may be, in stratum and
//!   in time;
//! * a finding may be shown anywhere.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fail_probe::stage::over_udp;

use crate::Choices;
use crate::finding::{check, is_good, may_be_shown};

/// Bytes of an answer.
const WHOLE: usize = 48;

/// From 1900 to 1970, in seconds.
const EPOCH: u64 = 2_208_988_800;

/// Seconds by which no clock is off that differs by a second at most, however late this runs.
const FAR: u64 = 3600;

/// Any answer; its times can be near the real one.
pub fn ntp(data: &[u8]) {
    let mut from = Choices::new(data);
    let near = from.flag();
    let text = match near {
        true => "ntp 192.0.2.1 offset=1s stratum=4",
        false => "ntp 192.0.2.1",
    };
    let (repeats, off) = (!from.once_in(8), from.number() % (1 << 30));
    let mut packet = from.rest().to_vec();
    let found = over_udp(&check(text), false, &mut |asked| {
        if packet.len() >= WHOLE {
            packet[24..32].copy_from_slice(&asked[40..48]);
            if !repeats {
                packet[31] ^= 1;
            }
            if near {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                let now = now.unwrap_or(Duration::ZERO).as_secs() + EPOCH;
                let time = (now.wrapping_add(off) << 32).to_be_bytes();
                packet[32..40].copy_from_slice(&time);
                packet[40..48].copy_from_slice(&time);
            }
        }
        packet.clone()
    });
    may_be_shown(&found);
    if !is_good(&found) {
        return;
    }
    assert!(packet.len() >= WHOLE && repeats, "{found:?}");
    let (leap, mode, stratum) = (packet[0] >> 6, packet[0] & 7, packet[1]);
    assert!(leap != 3 && mode == 4, "{found:?}");
    let most = if near { 4 } else { 15 };
    assert!((1..=most).contains(&stratum), "{found:?}");
    assert!(packet[32..40] != [0; 8] && packet[40..48] != [0; 8]);
    assert!(!near || off < FAR, "{off}s: {found:?}");
}
