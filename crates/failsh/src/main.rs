//! failsh
fn main() {}
