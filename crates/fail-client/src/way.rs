//! The way to one faild: a socket for datagrams, or a connection with frames.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

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
    /// The beginning of a frame.
    input: Vec<u8>,
}

impl Way {
    /// A way to this faild. A connection is not opened yet.
    pub fn to(faild: SocketAddr, protocol: Protocol, timeout: Duration) -> io::Result<Way> {
        if protocol == Protocol::Tcp {
            return Ok(Way::Tcp(Connection {
                faild,
                timeout,
                stream: None,
                input: Vec::new(),
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
        match self {
            Way::Udp(socket) => {
                // A time-out of zero would mean none.
                socket.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
                let mut buffer = vec![0; 65_536];
                let len = socket.recv(&mut buffer)?;
                buffer.truncate(len);
                Ok(buffer)
            }
            Way::Tcp(connection) => connection.receive(timeout),
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

    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        let until = Instant::now() + timeout;
        let mut buffer = [0; 4096];
        loop {
            if let Some((length, rest)) = self.input.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length));
                if let Some(message) = rest.get(..length) {
                    let message = message.to_vec();
                    self.input.drain(..2 + length);
                    return Ok(message);
                }
            }
            let Some(stream) = &mut self.stream else {
                return Err(ErrorKind::NotConnected.into());
            };
            // Somebody who sends a byte now and then does not make it longer.
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.stream = None;
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Ok(len) => self.input.extend_from_slice(&buffer[..len]),
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
