//! Messages from other threads into the loop.
//!
//! Bounded: a sender that is faster than the loop is told so and gets its message back,
//! instead of eating the memory. Nobody blocks, neither the loop nor a sender, so that two
//! threads that talk both ways can not wait for each other. Each message wakes the loop,
//! which empties its queues once per turn.

use std::sync::mpsc::{self, SyncSender, TrySendError};

use crate::poller::Waker;

/// The other threads' end.
#[derive(Debug)]
pub struct Sender<T> {
    sender: SyncSender<T>,
    waker: Waker,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender {
            sender: self.sender.clone(),
            waker: self.waker.clone(),
        }
    }
}

/// The loop's end.
#[derive(Debug)]
pub struct Receiver<T> {
    receiver: mpsc::Receiver<T>,
}

/// Why a message was not taken; here it is again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused<T> {
    /// So many messages wait already.
    #[error("the queue is full")]
    Full(T),
    /// The loop has ended.
    #[error("nobody reads this queue any more")]
    Gone(T),
}

/// A queue in which at most `limit` messages wait.
pub fn bounded<T>(waker: &Waker, limit: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::sync_channel(limit);
    let waker = waker.clone();
    (Sender { sender, waker }, Receiver { receiver })
}

impl<T> Sender<T> {
    /// Hands a message over and wakes the loop, or gives it back; never waits.
    pub fn send(&self, message: T) -> Result<(), Refused<T>> {
        self.sender.try_send(message).map_err(|e| match e {
            TrySendError::Full(message) => Refused::Full(message),
            TrySendError::Disconnected(message) => Refused::Gone(message),
        })?;
        self.waker.wake();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next message; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::poller::Poller;
    use fail_core::time::Span;

    #[test]
    fn a_message_wakes_the_loop_and_keeps_its_order() {
        let mut poller = Poller::new().unwrap();
        let (sender, mut receiver) = bounded(&poller.waker(), 3);
        let other = sender.clone();
        let thread = std::thread::spawn(move || (0..3).all(|n| other.send(n).is_ok()));
        let mut got = Vec::new();
        while got.len() < 3 {
            let limit = clock::now().mono + Span::from_secs(10);
            assert_eq!(poller.wait(Some(limit)).unwrap().count(), 0);
            assert!(clock::now().mono < limit, "only {got:?} came");
            got.extend(std::iter::from_fn(|| receiver.poll()));
        }
        assert_eq!(got, [0, 1, 2]);
        assert!(thread.join().unwrap());
        drop(sender);
    }

    #[test]
    fn a_full_or_orphaned_queue_gives_the_message_back() {
        let poller = Poller::new().unwrap();
        let (sender, mut receiver) = bounded(&poller.waker(), 1);
        sender.send('a').unwrap();
        assert_eq!(sender.send('b'), Err(Refused::Full('b')));
        assert_eq!(receiver.poll(), Some('a'));
        drop(receiver);
        assert_eq!(sender.send('c'), Err(Refused::Gone('c')));
    }
}
