//! x
/// x
pub fn policy(_: &[u8]) {}
