//! Bytes that several hcs may show together: so many hosts are no way to fill a memory that one
//! can not fill.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::BYTES_MAX;

/// What all have together.
#[derive(Debug, Clone)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    most: usize,
}

/// As many bytes as one hc may show ([`BYTES_MAX`]).
impl Default for Budget {
    fn default() -> Budget {
        Budget::of(BYTES_MAX)
    }
}

impl Budget {
    /// So many bytes.
    pub fn of(most: usize) -> Budget {
        let used = Arc::default();
        Budget { used, most }
    }

    /// The part of one of them, which has nothing yet.
    pub fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            own: 0,
        }
    }
}

/// What one of them takes of it.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    own: usize,
}

impl Share {
    /// From now on it takes so many.
    ///
    /// # Errors
    /// It takes them, and together they are more than there may be.
    pub fn is(&mut self, bytes: usize) -> Result<(), String> {
        let Budget { used, most } = &self.budget;
        // The others see the old ones or the new ones, and no less than both of us need.
        let all = used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let before = std::mem::replace(&mut self.own, bytes);
        used.fetch_sub(before, Ordering::Relaxed);
        match all - before > *most {
            true => Err(format!("all hosts together show more than {most} bytes")),
            false => Ok(()),
        }
    }

    /// It takes nothing any more.
    pub fn give_back(&mut self) {
        // Less is never too much of one's own.
        let _ = self.is(0);
    }
}
