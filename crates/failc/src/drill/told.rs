//! Whether somebody wants the drill to end, and how often he said so.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Signals that came.
#[derive(Debug, Clone, Default)]
pub struct Told(Arc<AtomicU32>);

impl Told {
    /// From now on none of them ends the program by itself.
    pub fn listen() -> io::Result<Told> {
        let told = Told::default();
        let count = Arc::clone(&told.0);
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        std::thread::spawn(move || {
            for _ in signals.forever() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(told)
    }

    /// How many came.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
