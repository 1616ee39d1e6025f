//! Requests as fast as a server answers them: so many are always on their way that it never
//! waits for us, and so few that none is lost.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::cores;
use crate::server::Server;

/// Requests on their way.
const WINDOW: usize = 32;

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Answers in a second.
    pub per_second: f64,
    /// Part of that time in which the server ran.
    pub busy: f64,
    /// Microseconds that the server ran for each answer.
    pub each: f64,
}

/// Asks these requests round and round for this long.
pub fn run(server: &Server, requests: &[Vec<u8>], time: Duration) -> io::Result<Load> {
    let socket = socket(server.address)?;
    let mut next = requests.iter().cycle();
    let mut buffer = [0; 65_536];
    let mut send = |count| -> io::Result<()> {
        let mut some = next.by_ref().take(count);
        some.try_for_each(|request| socket.send(request).map(drop))
    };
    send(WINDOW)?;
    let ran = cores::busy(server.pid())?;
    let (began, mut answers) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        match socket.recv(&mut buffer) {
            Ok(_) => {
                answers += 1;
                send(1)?;
            }
            // Everything on its way was lost.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => send(WINDOW)?,
            Err(e) => return Err(e),
        }
    }
    let took = began.elapsed().as_secs_f64();
    let ran = (cores::busy(server.pid())? - ran).as_secs_f64();
    let answers = f64::from(answers.max(1));
    Ok(Load {
        per_second: answers / took,
        busy: ran / took,
        each: 1e6 * ran / answers,
    })
}

/// One request and its answer.
pub fn once(server: &Server, request: &[u8]) -> io::Result<Vec<u8>> {
    let socket = socket(server.address)?;
    socket.send(request)?;
    let mut buffer = vec![0; 65_536];
    let len = socket.recv(&mut buffer)?;
    buffer.truncate(len);
    Ok(buffer)
}

fn socket(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(socket)
}
