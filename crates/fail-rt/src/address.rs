//! The addresses of this host: put on a device, taken away, asked for and announced, without
//! starting a program.
//!
//! One thread does it all, so that neither the loop nor a script waits for the kernel. It
//! waits for nothing but its sockets and its timers: an order that asks the neighbours for a
//! while delays no other. Every order is answered exactly once. Orders about one address are
//! done as they came, and `Del` ends an `Add` that is still asking: what was stopped does not
//! come up a moment later.
//!
//! What is said on the wire is in `frame`, what is said to the kernel in `netlink` and
//! `kernel`, the `unsafe` that both need in `sys`.

use std::sync::mpsc::{self, Sender};
use std::{io, thread};

pub use fail_core::address::AddressError;
use fail_core::address::AddressOrder;
use fail_core::limits::ADDRESS_ORDERS_MAX;

use crate::poller::{Poller, Waker};

mod asking;
mod frame;
mod kernel;
mod netlink;
mod refusal;
mod rounds;
mod sys;
mod wire;
mod work;

use work::Work;

/// What came of an order, with its number.
pub type Answer = (u64, Result<String, AddressError>);

/// Does what is ordered, for the loop. Its thread ends with it.
pub struct Worker {
    orders: Option<Sender<(u64, AddressOrder)>>,
    answers: mpsc::Receiver<Answer>,
    at_once: Sender<Answer>,
    /// Orders whose answer has not been read.
    open: usize,
    /// Of the loop.
    waker: Waker,
    /// Of the thread.
    bell: Waker,
}

impl Worker {
    /// Starts its thread: to be built after the process became a daemon. The network
    /// namespace is that of the caller.
    pub fn new(waker: Waker) -> io::Result<Worker> {
        let poller = Poller::new()?;
        let bell = poller.waker();
        // Neither is bounded itself: there are never more messages than open orders.
        let (orders, ordered) = mpsc::channel();
        let (at_once, answers) = mpsc::channel();
        let work = Work::new(poller, ordered, at_once.clone(), waker.clone())?;
        thread::Builder::new()
            .name("address".into())
            .spawn(move || work.run())?;
        Ok(Worker {
            orders: Some(orders),
            answers,
            at_once,
            open: 0,
            waker,
            bell,
        })
    }

    /// Orders something. The answer comes by [`Worker::poll`].
    pub fn ask(&mut self, no: u64, order: AddressOrder) {
        self.open += 1;
        let refused = if self.open > ADDRESS_ORDERS_MAX {
            Some("too many orders about addresses are waiting")
        } else {
            let sent = self.orders.as_ref().map(|orders| orders.send((no, order)));
            let gone = "the thread that does it has ended";
            (!matches!(sent, Some(Ok(())))).then_some(gone)
        };
        match refused {
            None => self.bell.wake(),
            Some(why) => {
                // By the same way as all others, so that the loop needs to look in one place.
                let error = AddressError::new(&["BUSY"], why);
                let _ = self.at_once.send((no, Err(error)));
                self.waker.wake();
            }
        }
    }

    /// The next answer; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<Answer> {
        let answer = self.answers.try_recv().ok()?;
        self.open -= 1;
        Some(answer)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        self.bell.wake();
    }
}
