//! What the suite has to show of failsh under load and in bad times: that polls stay on time
//! beside scripts that hang, that several hundred hosts are fine, and that nothing is taken
//! over for a busy or stopped process, a clock that is set or a name server that is silent.
//!
//! Short here, longer by environment variables; `scripts/lateness` and `scripts/calm` run the
//! long ones. What is measured is printed: `cargo test -p failover-tests show:: -- --nocapture`.

mod calm;
mod clock;
mod host;
mod lateness;
mod many;
mod names;
mod numbers;
mod tap;

/// A number of the environment, or what is short.
fn wanted(variable: &str, short: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: {text:?} is not a number")),
        Err(_) => short,
    }
}
