//! Asks for echoes.
//!
//! With a socket that the kernel has for just that (`SOCK_DGRAM`), which anybody may have whose
//! group is in `net.ipv4.ping_group_range`; otherwise with a raw one, which needs
//! `CAP_NET_RAW`. An echo counts if it brings back our random bits: others on this host ask too.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use fail_client::words;
use fail_conf::hcfile::check::{Check, Host, Terms};
use fail_core::watch::Finding;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use crate::found::{Found, bad, figure, good, unknown};
use crate::stage::Answers;
use crate::{net, note, udp};

/// From one question to the next: as often as anybody may ping.
const PACE: Duration = Duration::from_millis(200);

/// So long after the last question an echo is waited for: twice around the world by satellite.
const WAIT: Duration = Duration::from_secs(1);

/// Type, code, checksum, identifier, number; and the random bits.
const HEAD_BYTES: usize = 8;
const BITS: usize = 16;

/// More than an echo of ours with the header of IPv4 before it.
const ROOM: usize = 256;

/// Echo and its answer, of ICMP and of ICMPv6.
const V4: (u8, u8) = (8, 0);
const V6: (u8, u8) = (128, 129);

pub(crate) async fn probe(check: &Check, terms: &Terms) -> Found {
    let Check::Icmp { host, count, loss } = check else {
        return Ok(unknown("not a check of icmp"));
    };
    let host = Host {
        name: host.clone(),
        port: 0,
    };
    // One that can be reached: which of them answers, nobody could tell apart from loss.
    let mut failures = Vec::new();
    for at in net::addresses(&host, terms.family).await? {
        match Pinger::open(at) {
            Ok(pinger) => return pinger.run(*count, *loss).await,
            Err(finding) => failures.push(finding),
        }
    }
    Err(net::all(failures))
}

/// The check with a host that is a function, which may put the header of IPv4 before what it says,
/// as a `raw` socket has it: [`crate::stage`].
pub(crate) fn on_stage(check: &Check, at: SocketAddr, raw: bool, answers: Answers<'_>) -> Found {
    let Check::Icmp { count, loss, .. } = check else {
        return Ok(unknown("not a check of icmp"));
    };
    let mut echoes = Echoes::new(at.ip(), raw)?;
    let count = numbers(*count);
    for number in 1..=count {
        let question = echoes.ask(number);
        echoes.hear(&answers(&question));
    }
    echoes.judge(count, *loss)
}

/// So many numbers there are.
fn numbers(count: u32) -> u16 {
    u16::try_from(count.max(1)).unwrap_or(u16::MAX)
}

struct Pinger {
    socket: UdpSocket,
    echoes: Echoes,
}

/// What was asked and heard.
struct Echoes {
    ip: IpAddr,
    /// The header of IPv4 is before what comes.
    raw: bool,
    bits: [u8; BITS],
    sent: BTreeMap<u16, Instant>,
    times: Vec<f64>,
    /// What the network said of it last.
    told: Option<String>,
}

impl Pinger {
    fn open(at: SocketAddr) -> Result<Pinger, Finding> {
        let failed = |e: io::Error| Finding {
            why: format!("no echo of {}: {}", at.ip(), words(&e)),
            ..net::failed(&e, at)
        };
        let (socket, raw) = match socket(at, Type::DGRAM) {
            Ok(socket) => (socket, false),
            Err(_) => match socket(at, Type::RAW) {
                Ok(socket) => (socket, true),
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(unknown(
                        "icmp is not allowed here: have the group of hc in \
                         net.ipv4.ping_group_range, or give hc CAP_NET_RAW",
                    ));
                }
                Err(e) => return Err(unknown(format!("no socket for icmp: {}", words(&e)))),
            },
        };
        socket.connect(&at.into()).map_err(failed)?;
        let socket = UdpSocket::from_std(socket.into()).map_err(failed)?;
        let echoes = Echoes::new(at.ip(), raw)?;
        Ok(Pinger { socket, echoes })
    }

    async fn run(mut self, count: u32, loss: u32) -> Found {
        let count = numbers(count);
        let ip = self.echoes.ip;
        for number in 1..=count {
            let heard = self.echoes.times.len();
            note::waits(format!("echo {number} of {count} of {ip}, {heard} came"));
            let question = self.echoes.ask(number);
            if let Err(e) = self.socket.send(&question).await {
                self.echoes.told = Some(words(&e));
            }
            let last = number == count;
            let until = Instant::now() + if last { WAIT } else { PACE };
            // Those that come too late for their turn count all the same, until the last.
            while !(last && self.echoes.sent.is_empty()) && Instant::now() < until {
                match timeout_at(until, self.heard()).await {
                    // There may always be something: others are to have their turn.
                    Ok(()) => yield_now().await,
                    Err(_) => break,
                }
            }
        }
        self.echoes.judge(count, loss)
    }

    /// Waits for something that comes.
    async fn heard(&mut self) {
        let mut buffer = [0; ROOM];
        let ready = udp::recv(&self.socket).await;
        match ready.and_then(|()| self.socket.try_recv_from(&mut buffer)) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            // A datagram socket of ICMP gives what comes from others too, though it is connected.
            Ok((length, from)) if from.ip() == self.echoes.ip => {
                self.echoes.hear(&buffer[..length]);
            }
            Ok(_) => {}
            Err(e) => self.echoes.told = Some(words(&e)),
        }
    }
}

impl Echoes {
    fn new(ip: IpAddr, raw: bool) -> Result<Echoes, Finding> {
        let mut bits = [0; BITS];
        getrandom::fill(&mut bits).map_err(|e| unknown(format!("no random bits: {e}")))?;
        Ok(Echoes {
            ip,
            raw,
            bits,
            sent: BTreeMap::new(),
            times: Vec::new(),
            told: None,
        })
    }

    /// A question with this number, which is sent now.
    fn ask(&mut self, number: u16) -> Vec<u8> {
        self.sent.insert(number, Instant::now());
        let kind = if self.ip.is_ipv4() { V4.0 } else { V6.0 };
        let mut packet = vec![kind, 0, 0, 0];
        // With a datagram socket the kernel puts its own identifier there.
        packet.extend_from_slice(&self.bits[..2]);
        packet.extend_from_slice(&number.to_be_bytes());
        packet.extend_from_slice(&self.bits);
        // With IPv6 the kernel does it, which knows our address.
        if self.ip.is_ipv4() {
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        packet
    }

    /// What has come.
    fn hear(&mut self, bytes: &[u8]) {
        if let Some(number) = self.number(bytes) {
            // None: it came twice.
            if let Some(at) = self.sent.remove(&number) {
                self.times.push(at.elapsed().as_secs_f64());
            }
        }
    }

    /// The number of our question, if that is an answer to one.
    fn number(&self, bytes: &[u8]) -> Option<u16> {
        let (kind, skip) = match (self.ip.is_ipv4(), self.raw) {
            (false, _) => (V6.1, 0),
            (true, false) => (V4.1, 0),
            // The header of IPv4 is before it.
            (true, true) => (V4.1, usize::from(bytes.first()? & 0x0f) * 4),
        };
        let bytes = bytes.get(skip..)?;
        let ours = bytes.get(HEAD_BYTES..HEAD_BYTES + BITS)? == self.bits;
        let number = u16::from_be_bytes([bytes[6], bytes[7]]);
        (ours && bytes[..2] == [kind, 0]).then_some(number)
    }

    fn judge(self, count: u16, loss: u32) -> Found {
        let heard = self.times.len();
        let lost = usize::from(count) - heard;
        #[expect(clippy::cast_precision_loss, reason = "at most 65535")]
        let (percent, average) = {
            let percent = 100.0 * lost as f64 / f64::from(count);
            (percent, self.times.iter().sum::<f64>() / heard as f64)
        };
        note::measured(figure("loss", percent, "%"));
        let ip = self.ip;
        if heard > 0 {
            let least = self.times.iter().copied().fold(f64::INFINITY, f64::min);
            let most = self.times.iter().copied().fold(0.0, f64::max);
            note::measured(figure("rtt_min", least, "s"));
            note::measured(figure("rtt_avg", average, "s"));
            note::measured(figure("rtt_max", most, "s"));
        }
        let told = self.told.map_or(String::new(), |told| format!(": {told}"));
        match heard {
            _ if percent > f64::from(loss) && heard > 0 => {
                let why = format!("{lost} of {count} echoes of {ip} lost, more than {loss}%");
                Err(bad(why + &told))
            }
            0 if percent > f64::from(loss) => Err(bad(format!("no echo of {ip}{told}"))),
            0 => Ok(good(format!("no echo of {ip}, as is allowed"))),
            _ => Ok(good(format!(
                "{heard} of {count} echoes of {ip} in {:.3}ms",
                average * 1e3
            ))),
        }
    }
}

/// A socket that does not block and is told what the network says.
fn socket(at: SocketAddr, kind: Type) -> io::Result<Socket> {
    let (domain, protocol) = match at {
        SocketAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        SocketAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    let any: SocketAddr = match at {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    socket.bind(&any.into())?;
    // That nobody is there is heard from a router, where there is one.
    match at {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(socket)
}

/// The sum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let pairs = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = pairs.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // What was folded fits.
    !u16::try_from(sum).unwrap_or(u16::MAX)
}
