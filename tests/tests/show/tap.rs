//! A tap on the way to a faild: hands requests and answers on, and keeps when each request
//! came, by the clock of the kernel, so that it does not matter when the tap itself runs.

use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fail_wire::{Body, Packet};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt::ReceiveTimestampns,
};
use nix::sys::time::TimeSpec;

/// A request, and when it came: microseconds since 1970, as Tcl's `clock microseconds` says.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: i64,
    pub body: Body,
}

#[derive(Debug)]
pub struct Tap {
    /// Where it takes the place of the faild.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    leave: Arc<AtomicBool>,
}

impl Tap {
    /// On the way to this faild, at an address of this host.
    pub fn new(to: SocketAddr, at: Ipv4Addr) -> Tap {
        let front = UdpSocket::bind((at, 0)).unwrap();
        let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        back.connect(to).unwrap();
        setsockopt(&front, ReceiveTimestampns, &true).unwrap();
        let patience = Some(Duration::from_millis(200));
        front.set_read_timeout(patience).unwrap();
        back.set_read_timeout(patience).unwrap();
        let tap = Tap {
            address: front.local_addr().unwrap(),
            seen: Arc::default(),
            leave: Arc::default(),
        };
        let asker = Arc::new(Mutex::new(None));
        let (seen, leave) = (Arc::clone(&tap.seen), Arc::clone(&tap.leave));
        let (to_asker, to_faild) = (front.try_clone().unwrap(), back.try_clone().unwrap());
        let asked_by = Arc::clone(&asker);
        thread::spawn(move || {
            while !leave.load(Ordering::Relaxed) {
                let Some((bytes, from, at)) = take(&front) else {
                    continue;
                };
                *asked_by.lock().unwrap() = Some(from);
                // If the faild is dead, that is what the asker is to see.
                drop(to_faild.send(&bytes));
                if let Some(body) = Packet::read(&bytes).ok().and_then(|p| p.body().ok()) {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push(Seen { at, body });
                }
            }
        });
        let leave = Arc::clone(&tap.leave);
        thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while !leave.load(Ordering::Relaxed) {
                let Ok(len) = back.recv(&mut bytes) else {
                    continue;
                };
                if let Some(to) = *asker.lock().unwrap() {
                    drop(to_asker.send_to(&bytes[..len], to));
                }
            }
        });
        tap
    }

    /// What has come since the last time this was called.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
    }
}

/// One datagram, from whom, and when the kernel had it.
fn take(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr, i64)> {
    let mut bytes = vec![0; 65_536];
    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let flags = MsgFlags::empty();
    let fd = socket.as_raw_fd();
    let message = recvmsg::<SockaddrIn>(fd, &mut parts, Some(&mut control), flags).ok()?;
    let at = message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::ScmTimestampns(at) => Some(at),
        _ => None,
    })?;
    let from = SocketAddr::from((message.address?.ip(), message.address?.port()));
    let len = message.bytes;
    bytes.truncate(len);
    Some((bytes, from, at.tv_sec() * 1_000_000 + at.tv_nsec() / 1_000))
}
