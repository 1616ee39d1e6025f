//! The way to one faild: a socket for datagrams, or a connection with frames.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::frames::Frames;

/// A time-out of zero would mean none.
const SHORTEST: Duration = Duration::from_millis(1);

/// How a faild is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Datagrams, which may be lost and are repeated.
    #[default]
    Udp,
    /// A connection, where nothing else passes.
    Tcp,
}

/// A way that is open, or is opened with the next message.
#[derive(Debug)]
pub(crate) enum Way {
    Udp(UdpSocket),
    Tcp(Connection),
}

/// A connection, which is opened again after it broke.
#[derive(Debug)]
pub(crate) struct Connection {
    faild: SocketAddr,
    timeout: Duration,
    stream: Option<TcpStream>,
    /// What has come by it.
    input: Frames,
}

impl Way {
    /// A way to this faild. A connection is not opened yet.
    pub fn to(faild: SocketAddr, protocol: Protocol, timeout: Duration) -> io::Result<Way> {
        if protocol == Protocol::Tcp {
            return Ok(Way::Tcp(Connection {
                faild,
                timeout,
                stream: None,
                input: Frames::default(),
            }));
        }
        let any: SocketAddr = match faild {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        // Connected, so that "nobody listens there" comes back at once.
        socket.connect(faild)?;
        Ok(Way::Udp(socket))
    }

    /// Whether an answer has only as much room as its question.
    pub fn needs_padding(&self) -> bool {
        matches!(self, Way::Udp(_))
    }

    /// Nothing came: a connection may be one to nobody, and the next message opens another.
    pub fn hang_up(&mut self) {
        if let Way::Tcp(connection) = self {
            connection.stream = None;
        }
    }

    /// Whether nothing can come before the next message is sent.
    pub fn is_broken(&self) -> bool {
        matches!(self, Way::Tcp(connection) if connection.stream.is_none())
    }

    /// Sends one message.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Way::Udp(socket) => socket.send(message).map(drop),
            Way::Tcp(connection) => connection.send(message),
        }
    }

    /// Receives one message within this time: with a time-out, `WouldBlock` or `TimedOut`.
    pub fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        let timeout = timeout.max(SHORTEST);
        match self {
            Way::Udp(socket) => {
                socket.set_read_timeout(Some(timeout))?;
                let mut buffer = vec![0; 65_536];
                let len = socket.recv(&mut buffer)?;
                buffer.truncate(len);
                Ok(buffer)
            }
            Way::Tcp(connection) => connection.receive(Instant::now() + timeout),
        }
    }
}

impl Connection {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let len = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let mut frame = len.to_be_bytes().to_vec();
        frame.extend(message);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                self.input.clear();
                let stream = TcpStream::connect_timeout(&self.faild, self.timeout)?;
                // The system may give our end the port that nobody listens on.
                if stream.local_addr()? == self.faild {
                    return Err(ErrorKind::ConnectionRefused.into());
                }
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(self.timeout))?;
                stream
            }
        };
        // Whoever fails to take it whole would take the next one for its end.
        stream.write_all(&frame)?;
        self.stream = Some(stream);
        Ok(())
    }

    /// A frame that comes in drops has no more time than one that comes whole.
    fn receive(&mut self, until: Instant) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(message) = self.input.take() {
                return Ok(message);
            }
            let Some(stream) = &mut self.stream else {
                return Err(ErrorKind::NotConnected.into());
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left.max(SHORTEST)))?;
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.stream = None;
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Ok(len) => self.input.push(&buffer[..len]),
                Err(e) if is_time(&e) || e.kind() == ErrorKind::Interrupted => return Err(e),
                Err(e) => {
                    self.stream = None;
                    return Err(e);
                }
            }
        }
    }
}

/// Whether nothing has come, and nothing is wrong.
pub(crate) fn is_time(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn who_is_silent_is_called_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let options = crate::Options {
            timeout: Duration::from_millis(20),
            tries: 2,
            protocol: Protocol::Tcp,
        };
        let mut client = crate::Client::new(at, "public", options).unwrap();
        for _ in 0..2 {
            assert!(client.read(&[]).is_err());
        }
        // Each call has its own; the first was not used again.
        let (one, _) = listener.accept().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (two, _) = listener.accept().unwrap();
        drop((one, two));
    }

    #[test]
    fn a_frame_in_drops_takes_no_longer_than_it_may() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let limit = Duration::from_secs(20);
        let mut way = Way::to(at, Protocol::Tcp, limit).unwrap();
        way.send(b"hello").unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let (ended, end) = std::sync::mpsc::channel::<()>();
        let drops = std::thread::spawn(move || {
            far.write_all(&[255; 2]).unwrap();
            let pause = Duration::from_millis(20);
            while end.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                if far.write_all(&[0]).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let got = way.receive(Duration::from_millis(100));
        assert!(got.is_err_and(|e| is_time(&e)));
        assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
        drop(ended);
        drops.join().unwrap();
    }
}
