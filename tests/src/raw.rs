//! Messages made by hand, for what `fail-wire` refuses to write.

#![expect(clippy::expect_used, reason = "HMAC accepts every key length")]

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Where the HMAC begins and ends.
const MAC: std::ops::Range<usize> = 16..48;

/// Puts the HMAC of this community into a message, whatever its body is.
pub fn sign(community: &str, bytes: &mut [u8]) {
    let mac = Hmac::<Sha256>::new_from_slice(community.as_bytes());
    let mut mac = mac.expect("HMAC accepts every key length");
    mac.update(&bytes[..MAC.start]);
    mac.update(&bytes[MAC.end..]);
    bytes[MAC].copy_from_slice(&mac.finalize().into_bytes());
}
