//! Ports that nobody has: for servers that are started by the tests, and for those that are not
//! there. Compiled into the tests of other crates as well.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nobody has just now on these addresses of the loopback interface, neither UDP nor
/// TCP; 0 if there is none. Not of those that the kernel gives to whoever asks for any, as one of
/// them may be somebody's a moment later; and no two calls of a process get the same one.
pub fn free(addresses: &[&str]) -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static CALLS: AtomicU32 = AtomicU32::new(0);
    // Two processes of tests begin at different places.
    let begin = std::process::id().wrapping_mul(101);
    let next = || {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        // All of them are ports.
        u16::try_from(FIRST + begin.wrapping_add(call) % COUNT).unwrap_or(0)
    };
    let is_free = |port: &u16| {
        addresses.iter().all(|address| {
            let udp = UdpSocket::bind((*address, *port));
            udp.is_ok() && TcpListener::bind((*address, *port)).is_ok()
        })
    };
    let mut ports = (0..COUNT).map(|_| next());
    ports.find(is_free).unwrap_or(0)
}
