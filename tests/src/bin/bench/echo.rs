//! The least that a server of datagrams can do: read one, send one back. And the least that one
//! can do that believes nobody: verify each, sign each. Each is this program once more, in a
//! process of its own, with the sizes of faild's messages.

use std::io::{self, BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::Plan;
use crate::server::{COMMUNITY, Server};

/// The argument by which this program is an echo.
pub const WORD: &str = "--echo";

/// Where the HMAC of a message is.
const SEAL: std::ops::Range<usize> = 16..48;

/// One that answers with so many bytes.
pub fn start(plan: &Plan, kind: &str, answer: usize) -> io::Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([WORD, kind, &answer.to_string()]);
    command.stdout(Stdio::piped());
    Server::start(plan, command, |running| {
        let out = running.0.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        line.trim().parse().map_err(io::Error::other)
    })
}

/// Is one, until it is killed.
pub fn run(kind: &str, answer: &str) -> io::Result<()> {
    let mut answer = vec![0; answer.parse().map_err(io::Error::other)?];
    let signs = kind == "signed";
    let key = Hmac::<Sha256>::new_from_slice(COMMUNITY.as_bytes()).map_err(io::Error::other)?;
    let seal = |message: &[u8]| {
        let mut seal = key.clone();
        seal.update(&message[..SEAL.start]);
        seal.update(&message[SEAL.end..]);
        seal
    };
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("{}", socket.local_addr()?);
    let mut request = [0; 65_536];
    loop {
        let (len, sender) = socket.recv_from(&mut request)?;
        let request = &request[..len];
        if len < SEAL.end {
            continue;
        }
        if signs && seal(request).verify_slice(&request[SEAL]).is_err() {
            continue;
        }
        // The same request id, as everybody who asks expects.
        answer[..SEAL.start].copy_from_slice(&request[..SEAL.start]);
        if signs {
            let made = seal(&answer).finalize().into_bytes();
            answer[SEAL].copy_from_slice(&made);
        }
        socket.send_to(&answer, sender)?;
    }
}
