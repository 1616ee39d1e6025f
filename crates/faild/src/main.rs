//! faild
fn main() {}
