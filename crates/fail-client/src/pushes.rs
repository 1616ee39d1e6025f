//! Notifies that arrive at a client, also while it waits for something else.

use std::collections::VecDeque;
use std::time::Instant;

use fail_wire::{Acknowledge, Body, Notify};

use crate::{Client, Error};

/// Requests that are remembered: notifies travel under the id of the last subscribe that
/// arrived, of which no answer may have come.
const REQUESTS_MAX: usize = 8;

/// Notifies that wait. Each has all that was not acknowledged, so an old one is no loss.
const WAITING_MAX: usize = 16;

/// What was subscribed for, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Pushes {
    requests: VecDeque<u64>,
    waiting: VecDeque<(u64, Notify)>,
}

impl Pushes {
    /// Notifies may come under this id from now on.
    pub fn expect(&mut self, request: u64) {
        self.requests.truncate(REQUESTS_MAX - 1);
        self.requests.push_front(request);
    }

    pub fn expects(&self, request: u64) -> bool {
        self.requests.contains(&request)
    }

    pub fn keep(&mut self, request: u64, notify: Notify) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back((request, notify));
    }
}

impl Client {
    /// Waits for a notify, and gives it with the id to acknowledge it under.
    ///
    /// # Errors
    /// The system says that nobody is there any more.
    pub(crate) fn hear(&mut self, until: Instant) -> Result<Option<(u64, Notify)>, Error> {
        let mut problem = None;
        if self.pushes.waiting.is_empty() {
            self.listen(&[], until, 0, &mut problem);
        }
        match (self.pushes.waiting.pop_front(), problem) {
            (None, Some(error)) => Err(error),
            (heard, _) => Ok(heard),
        }
    }

    pub(crate) fn acknowledge(&mut self, request: u64, notify: &Notify) {
        let Notify { nonce, number, .. } = *notify;
        self.tell(
            request,
            &Body::Acknowledge(Acknowledge { nonce, number }),
            0,
        );
    }
}
