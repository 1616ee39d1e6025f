//! Servers that answer what no server should: refuse, are silent, lie, or take their time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A liar over UDP or TCP; it ends with this.
pub struct Liar {
    pub at: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// How often a liar looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Answers each datagram with what `lie` makes of it, one or many.
pub fn udp(mut lie: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Liar {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LOOK)).unwrap();
    let at = socket.local_addr().unwrap();
    run(at, move |ends| {
        let mut buffer = [0; 4096];
        while !ends.load(Ordering::Relaxed) {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            for answer in lie(&buffer[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    })
}

/// Gives each connection to `lie`, one after the other, with the number that it is.
pub fn tcp(mut lie: impl FnMut(&mut TcpStream) + Send + 'static) -> Liar {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    run(at, move |ends| {
        while !ends.load(Ordering::Relaxed) {
            let Ok((mut stream, _)) = listener.accept() else {
                std::thread::park_timeout(LOOK);
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(crate::LIMIT)).unwrap();
            lie(&mut stream);
        }
    })
}

/// Reads until the other end hangs up.
pub fn silent(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {}
}

/// Says this byte by byte, with time between, until the other end has had enough.
pub fn slowly(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(200));
    }
    silent(stream);
}

fn run(at: SocketAddr, serve: impl FnOnce(&AtomicBool) + Send + 'static) -> Liar {
    let ends = Arc::new(AtomicBool::new(false));
    let mine = Arc::clone(&ends);
    let thread = std::thread::spawn(move || serve(&mine));
    Liar {
        at,
        ends,
        thread: Some(thread),
    }
}
