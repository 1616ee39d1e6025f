//! x
/// x
pub fn plan(_: &[u8]) {}
