//! failstat
fn main() {}
