//! What a flood does to those who ask honestly: one who has asked for a while (a known peer) and
//! one who comes with a new port for each question, while nobody else asks and while eight
//! senders send as fast as they can, each from many ports.
//!
//! How long an answer took is told by the kernel, which notes when it arrived: whoever asks
//! shares a core with the senders and may himself be late. An answer that is not there after
//! [`PATIENCE`] does not count as one, and the question is not asked again.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fail_wire::{Body, Key, Name, Query, What, emit_padded, room_for};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use crate::Plan;
use crate::cores;
use crate::server::{COMMUNITY, Server};
use crate::table::{count, heading, quantile, row};

const SENDERS: u8 = 8;
const PORTS_EACH: usize = 32;

/// Between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(4);

/// Less than a failsh waits before it asks again.
const PATIENCE: Duration = Duration::from_millis(200);

/// Whoever asks for longer than that is known.
const KNOWN_AFTER: Duration = Duration::from_millis(1_100);

/// What the senders send.
#[derive(Debug, Clone, Copy)]
enum Flood {
    None,
    Garbage,
    Queries,
    WrongKey,
}

impl Flood {
    fn what(self) -> &'static str {
        match self {
            Flood::None => "no flood",
            Flood::Garbage => "flood of garbage",
            Flood::Queries => "flood of valid queries",
            Flood::WrongKey => "flood with a wrong key",
        }
    }

    fn datagram(self, id: u64) -> io::Result<Vec<u8>> {
        match self {
            Flood::None | Flood::Garbage => Ok(vec![b'x'; 300]),
            Flood::Queries => question(COMMUNITY, id),
            Flood::WrongKey => {
                // The id of a key that is there, and the HMAC of none.
                let mut bytes = question(COMMUNITY, id)?;
                bytes
                    .iter_mut()
                    .skip(16)
                    .take(32)
                    .for_each(|byte| *byte ^= 0x55);
                Ok(bytes)
            }
        }
    }
}

fn question(community: &str, id: u64) -> io::Result<Vec<u8>> {
    let key = Key::new(community).map_err(io::Error::other)?;
    let query = Query {
        beat: None,
        after: None,
        names: vec![Name::new("web").map_err(io::Error::other)?],
    };
    Ok(emit_padded(&key, id, &Body::Query(query), room_for(1)))
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Known,
    Stranger,
}

/// What came of his questions: milliseconds of each answer.
#[derive(Debug, Default)]
struct Answers {
    asked: u32,
    took: Vec<f64>,
}

/// Prints the figures.
pub fn measure(plan: &Plan) -> io::Result<()> {
    let server = Server::faild(plan, None)?;
    let known = socket(&server)?;
    let mut id = 0;
    let began = Instant::now();
    while began.elapsed() < KNOWN_AFTER {
        ask(&known, &mut id)?;
        std::thread::park_timeout(PAUSE);
    }
    heading(
        "Answers at the first try",
        &["p50 ms", "p99 ms", "max ms", "answered"],
    );
    let floods = [Flood::None, Flood::Garbage, Flood::Queries, Flood::WrongKey];
    let mut sent = Vec::new();
    for flood in floods {
        sent.push(under(plan, &server, &known, flood, &mut id)?);
    }
    heading("The floods", &["sent per second", "faild busy"]);
    for (flood, figures) in floods.iter().zip(sent) {
        row(flood.what(), &figures);
    }
    println!();
    let figures = server.client()?.figures(What::Counters);
    for figure in figures.map_err(io::Error::other)? {
        let name = figure.name.as_str();
        if name.starts_with("known peers") || name.starts_with("datagrams lost") {
            println!("  {name}: {}", count(figure.value as f64));
        }
    }
    server.end();
    Ok(())
}

/// One kind of flood; gives what is to be said of it.
fn under(
    plan: &Plan,
    server: &Server,
    known: &UdpSocket,
    flood: Flood,
    id: &mut u64,
) -> io::Result<[String; 2]> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let number = if let Flood::None = flood { 0 } else { SENDERS };
        let senders: Vec<_> = (1..=number)
            .map(|n| {
                scope.spawn({
                    let over = &over;
                    move || send(server, flood, n, over)
                })
            })
            .collect();
        let (began, busy) = (Instant::now(), cores::busy(server.pid())?);
        let asked = [Who::Known, Who::Stranger].map(|who| {
            let answers = asks(plan, server, known, who, id);
            (who, answers)
        });
        let took = began.elapsed().as_secs_f64();
        let busy = (cores::busy(server.pid())? - busy).as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let mut sent = 0;
        for sender in senders {
            let ended = sender.join();
            sent += ended.unwrap_or_else(|_| Err(io::Error::other("a sender panicked")))?;
        }
        for (who, answers) in asked {
            show(flood, who, answers?);
        }
        let busy = format!("{:.0}%", 100.0 * busy / took);
        Ok([count(f64::from(sent) / took), busy])
    })
}

/// Sends until it is over, from all ports of this sender in turn; gives how many.
fn send(server: &Server, flood: Flood, n: u8, over: &AtomicBool) -> io::Result<u32> {
    let address = Ipv4Addr::new(127, 0, 1, n);
    let mut sockets = Vec::new();
    for _ in 0..PORTS_EACH {
        let socket = UdpSocket::bind((address, 0))?;
        socket.set_nonblocking(true)?;
        socket.connect(server.address)?;
        sockets.push(socket);
    }
    let datagram = flood.datagram(n.into())?;
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        for socket in &sockets {
            // What does not go out now is no loss; the answers are read by nobody.
            sent += u32::from(socket.send(&datagram).is_ok());
        }
    }
    Ok(sent)
}

fn asks(
    plan: &Plan,
    server: &Server,
    known: &UdpSocket,
    who: Who,
    id: &mut u64,
) -> io::Result<Answers> {
    let mut answers = Answers::default();
    let began = Instant::now();
    while answers.asked == 0 || began.elapsed() < plan.time {
        answers.asked += 1;
        answers.took.extend(match who {
            Who::Known => ask(known, id)?,
            Who::Stranger => ask(&socket(server)?, id)?,
        });
        std::thread::park_timeout(PAUSE);
    }
    Ok(answers)
}

fn socket(server: &Server) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server.address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// One question: milliseconds until its answer had arrived.
fn ask(socket: &UdpSocket, id: &mut u64) -> io::Result<Option<f64>> {
    *id += 1;
    let question = question(COMMUNITY, *id)?;
    let began = SystemTime::now().duration_since(UNIX_EPOCH);
    let began = began.map_err(io::Error::other)?;
    socket.send(&question)?;
    let mut buffer = [0; 2048];
    let mut control = nix::cmsg_space!(TimeSpec);
    loop {
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let fd = socket.as_raw_fd();
        let got = match recvmsg::<()>(fd, &mut slices, Some(&mut control), MsgFlags::empty()) {
            Ok(got) => got,
            Err(nix::errno::Errno::EAGAIN) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let arrived = got.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        });
        let arrived = arrived.ok_or_else(|| io::Error::other("the kernel did not say when"))?;
        // It may be an answer to an earlier question, which came too late.
        if buffer.get(8..16) == Some(&id.to_be_bytes()[..]) {
            return Ok(Some(arrived.saturating_sub(began).as_secs_f64() * 1e3));
        }
    }
}

fn show(flood: Flood, who: Who, answers: Answers) {
    let ms = |part| match answers.took.is_empty() {
        true => "-".to_string(),
        false => format!("{:.2}", quantile(answers.took.clone(), part)),
    };
    let share = 100.0 * answers.took.len() as f64 / f64::from(answers.asked);
    let who = match who {
        Who::Known => "a known peer",
        Who::Stranger => "a stranger",
    };
    row(
        &format!("{}: {who}", flood.what()),
        &[ms(0.5), ms(0.99), ms(1.0), format!("{share:.1}%")],
    );
}
