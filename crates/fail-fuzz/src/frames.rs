//! Frames and lines out of a connection, however it is cut: the server's reader in `fail-rt`
//! on a real socket, the client's in `fail-client`.
//!
//! What is asserted beyond that nothing panics:
//!
//! * the messages that come out are those that went in, in their order, whatever the pieces
//!   were: a reader of ten lines, which sees the whole at once, is the judge;
//! * a length that is out of bounds and a line that is too long end it there: all before that
//!   is heard, nothing after it, and who speaks in frames is sent away;
//! * what is answered comes out at the other end, each answer once, and none that is too long
//!   to be a frame;
//! * who came goes, once.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use fail_client::Frames;
use fail_core::time::{Mono, Span};
use fail_rt::clients::{Clients, Event, Speech, Terms};
use fail_rt::poller::Poller;

use crate::Choices;

/// What goes in at most: what waits for a client then never is too much.
const STREAM_BYTES_MAX: usize = 4 << 10;

/// A clock that stands still: nothing is late.
const NOW: Mono = Mono(1);

/// Any stream, cut into any pieces.
pub fn frames(data: &[u8]) {
    let mut from = Choices::new(data);
    let in_frames = from.flag();
    let made = from.flag();
    let (least, longest) = (from.below(8), from.below(600));
    let times = 1 + from.below(32);
    let count = from.below(12);
    let cuts: Vec<usize> = (0..count).map(|_| 1 + from.below(600)).collect();
    let stream = match (in_frames, made) {
        (true, true) => framed(&mut from, least, longest),
        _ => from.rest().to_vec(),
    };
    let stream = &stream[..stream.len().min(STREAM_BYTES_MAX)];
    let pieces = pieces(stream, &cuts);
    match in_frames {
        true => {
            client_side(stream, &pieces);
            let expected = split_frames(stream, least, longest);
            let hour = Span::from_secs(3600);
            let speech = Speech::Frames {
                min: least,
                max: longest,
                whole: hour,
                idle: hour,
            };
            serve(speech, &pieces, &expected, times);
        }
        false => serve(
            Speech::Lines(longest),
            &pieces,
            &split_lines(stream, longest),
            0,
        ),
    }
}

/// What should come out.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    messages: Vec<Vec<u8>>,
    /// And then something that is none.
    bad: bool,
}

/// A stream of frames, most of them good.
fn framed(from: &mut Choices, least: usize, longest: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    while !from.is_over() {
        let length = match from.once_in(32) {
            true => from.below(1 << 16),
            false => least + from.below(longest.saturating_sub(least) + 1),
        };
        let bytes = from.bytes(length.min(40));
        stream.extend((length as u16).to_be_bytes());
        stream.extend(bytes.iter().copied().cycle().take(match bytes {
            [] => 0,
            _ => length,
        }));
    }
    stream
}

/// The same bytes, cut again and again at these lengths; not at all without any.
fn pieces<'a>(mut stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts = cuts.iter().copied().cycle();
    let mut pieces = Vec::new();
    while !stream.is_empty() {
        let len = cuts.next().unwrap_or(stream.len()).min(stream.len());
        let (piece, rest) = stream.split_at(len);
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

fn split_frames(mut stream: &[u8], least: usize, longest: usize) -> Said {
    let mut messages = Vec::new();
    while let [high, low, rest @ ..] = stream {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let bad = length < least || length > longest;
        if bad || length > rest.len() {
            return Said { messages, bad };
        }
        messages.push(rest[..length].to_vec());
        stream = &rest[length..];
    }
    let bad = false;
    Said { messages, bad }
}

fn split_lines(stream: &[u8], longest: usize) -> Said {
    let mut messages = Vec::new();
    let lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        if line.len() > longest {
            let bad = true;
            return Said { messages, bad };
        }
        if at + 1 < lines.len() {
            messages.push(String::from_utf8_lossy(line).into_owned().into_bytes());
        }
    }
    let bad = false;
    Said { messages, bad }
}

/// The client's reader takes every length.
fn client_side(stream: &[u8], pieces: &[&[u8]]) {
    let mut frames = Frames::default();
    let mut came = Vec::new();
    for piece in pieces {
        frames.push(piece);
        came.extend(std::iter::from_fn(|| frames.take()));
    }
    let whole = split_frames(stream, 0, usize::MAX);
    assert_eq!(came, whole.messages, "the client hears what was said");
}

/// A server with one client, whose other end is ours.
struct Server {
    poller: Poller,
    clients: Clients,
    far: UnixStream,
    seen: Vec<Event>,
    /// How many times over a frame is said back.
    times: usize,
    back: Frames,
    answers: Vec<Vec<u8>>,
    pending: bool,
}

#[expect(clippy::expect_used, reason = "without sockets nothing can be tried")]
impl Server {
    fn new(speech: Speech, times: usize) -> Server {
        let mut poller = Poller::new().expect("a poller");
        let terms = Terms {
            clients: 1,
            full: Vec::new(),
            each: None,
            speech,
            patience: None,
        };
        let mut clients = Clients::new(poller.desk().expect("a desk"), terms);
        let (near, far) = UnixStream::pair().expect("a pair of sockets");
        far.set_nonblocking(true)
            .expect("a socket that does not block");
        clients.adopt(near).expect("a client");
        Server {
            poller,
            clients,
            far,
            seen: Vec::new(),
            times,
            back: Frames::default(),
            answers: Vec::new(),
            pending: true,
        }
    }

    /// Turns of the loop until nothing is left to do.
    fn settle(&mut self) {
        self.pending = true;
        while std::mem::take(&mut self.pending) {
            let events = self.poller.wait(Some(NOW)).expect("events");
            let tokens: Vec<_> = events.map(|event| event.token()).collect();
            self.pending = !tokens.is_empty();
            for token in tokens {
                assert!(self.clients.owns(token));
                self.clients.on_event(token, NOW);
            }
            while let Some(event) = self.clients.poll() {
                if let Event::Frame { client, bytes } = &event {
                    self.clients.write_frame(*client, &bytes.repeat(self.times));
                }
                self.seen.push(event);
            }
            self.clients.flush(NOW);
            self.hear();
        }
    }

    fn hear(&mut self) {
        let mut buffer = [0; 512];
        loop {
            match self.far.read(&mut buffer) {
                Ok(0) => return,
                Ok(len) => {
                    self.pending = true;
                    self.back.push(&buffer[..len]);
                    self.answers.extend(std::iter::from_fn(|| self.back.take()));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // Who was sent away with something unread hears it so.
                Err(e) => return assert_eq!(e.kind(), ErrorKind::ConnectionReset),
            }
        }
    }

    fn is_gone(&self) -> bool {
        self.clients.is_empty()
    }
}

fn serve(speech: Speech, pieces: &[&[u8]], expected: &Said, times: usize) {
    let in_frames = matches!(speech, Speech::Frames { .. });
    let mut server = Server::new(speech, times);
    for piece in pieces {
        server.settle();
        if server.is_gone() || server.far.write_all(piece).is_err() {
            break;
        }
    }
    server.settle();
    assert_eq!(server.is_gone(), in_frames && expected.bad, "sent away");
    let _ = server.far.shutdown(std::net::Shutdown::Write);
    server.settle();

    let mut heard = Vec::new();
    let (mut came, mut too_long, mut gone) = (0, 0, 0);
    for event in &server.seen {
        assert_eq!(
            (came, gone),
            (usize::from(came > 0), 0),
            "nobody speaks before or after"
        );
        match event {
            Event::Came { .. } => came += 1,
            Event::Line { line, .. } => heard.push(line.clone().into_bytes()),
            Event::Frame { bytes, .. } => heard.push(bytes.clone()),
            Event::TooLong { .. } => too_long += 1,
            Event::Gone { .. } => gone += 1,
        }
    }
    assert_eq!((came, gone), (1, 1), "{:?}", server.seen);
    assert_eq!(heard, expected.messages, "what was said is heard");
    assert_eq!(too_long, usize::from(expected.bad), "{:?}", server.seen);
    let answers = expected.messages.iter().map(|bytes| bytes.repeat(times));
    let answers: Vec<_> = answers
        .filter(|a| a.len() <= usize::from(u16::MAX))
        .collect();
    // Who is sent away need not have heard everything.
    if in_frames && !expected.bad {
        assert_eq!(server.answers, answers, "what was answered arrives");
    }
    assert!(answers.starts_with(&server.answers) || !in_frames);
}
