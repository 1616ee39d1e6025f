//! The way between a client and a faild, on which messages are lost, or answered by somebody
//! else, as a test has it.

#![expect(clippy::panic, reason = "a test without its proxy has failed")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    There,
    /// To the client.
    Back,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrives,
    /// It does not.
    Lost,
    /// It does not, and its sender gets this.
    Answered(Vec<u8>),
}

/// Decides over every message.
type Judge = Box<dyn FnMut(Way, &[u8]) -> Fate + Send>;

struct Shared {
    judge: Mutex<Judge>,
    client: Mutex<Option<SocketAddr>>,
    faild: Mutex<SocketAddr>,
    over: AtomicBool,
}

/// A proxy for one client.
pub struct Proxy {
    /// What the client takes for the faild.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

/// How often the threads look whether the test is over.
const LOOK: Duration = Duration::from_millis(20);

impl Proxy {
    /// To this faild; everything arrives.
    pub fn to(faild: SocketAddr) -> Proxy {
        let bind = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| {
                socket.set_read_timeout(Some(LOOK))?;
                Ok(socket)
            });
            Arc::new(socket.unwrap_or_else(|e| panic!("a socket for a proxy: {e}")))
        };
        let (near, far) = (bind(), bind());
        let address = near.local_addr();
        let shared = Arc::new(Shared {
            judge: Mutex::new(Box::new(|_, _| Fate::Arrives)),
            client: Mutex::new(None),
            faild: Mutex::new(faild),
            over: AtomicBool::new(false),
        });
        for (way, from, to) in [(Way::There, &near, &far), (Way::Back, &far, &near)] {
            let (from, to, shared) = (Arc::clone(from), Arc::clone(to), Arc::clone(&shared));
            std::thread::spawn(move || carry(way, &from, &to, &shared));
        }
        Proxy {
            address: address.unwrap_or_else(|e| panic!("{e}")),
            shared,
        }
    }

    /// From now on this decides.
    pub fn judge(&self, judge: impl FnMut(Way, &[u8]) -> Fate + Send + 'static) {
        *lock(&self.shared.judge) = Box::new(judge);
    }

    /// From now on messages go to another faild.
    pub fn lead_to(&self, faild: SocketAddr) {
        *lock(&self.shared.faild) = faild;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn carry(way: Way, from: &UdpSocket, to: &UdpSocket, shared: &Shared) {
    let mut buffer = vec![0; 65_536];
    while !shared.over.load(Ordering::Relaxed) {
        let Ok((len, sender)) = from.recv_from(&mut buffer) else {
            continue;
        };
        let goal = match way {
            Way::There => {
                *lock(&shared.client) = Some(sender);
                Some(*lock(&shared.faild))
            }
            Way::Back => *lock(&shared.client),
        };
        let fate = (lock(&shared.judge))(way, &buffer[..len]);
        let _ = match (fate, goal) {
            (Fate::Arrives, Some(goal)) => to.send_to(&buffer[..len], goal),
            (Fate::Answered(bytes), _) => from.send_to(&bytes, sender),
            _ => Ok(0),
        };
    }
}
