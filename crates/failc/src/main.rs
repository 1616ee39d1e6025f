//! failc
fn main() {}
