//! Stay connected to the monitors of some failshs or hcs: each has a thread of its own that
//! connects, reads, and connects again when it was lost, for ever. What they see is given to one function.
//!
//! A name is looked up anew for each try. Between tries it waits a little, and longer after
//! each that failed, up to [`PAUSE_MAX`].

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::addresses;
use crate::monitor::Update;
use crate::stream::{Stream, StreamError, Told};

/// The first pause between two tries.
pub const PAUSE: Duration = Duration::from_millis(250);

/// The longest.
pub const PAUSE_MAX: Duration = Duration::from_secs(4);

/// How long a connection may take to come about, for each address.
pub const CONNECT: Duration = Duration::from_secs(3);

/// Whether it still wants to read is asked so often.
const LOOK: Duration = Duration::from_secs(1);

/// Something was seen of one target.
#[derive(Debug)]
pub enum Seen<U = Update> {
    /// Somebody listens there.
    Connected(SocketAddr),
    /// He says this.
    Update(U),
    /// There is nobody any more, or never was: why, in one sentence.
    Lost(String),
}

/// What is to be done with one that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Read on.
    GoOn,
    /// Hang up, and try again later: what it says can not be.
    HangUp,
    /// End: nobody wants to know any more.
    End,
}

/// Follows the failsh or the hc at `host`, in a thread of its own; what is seen is given to `see`, with
/// this number, and it says what is to be done then.
///
/// While `see` is slow, nothing is read, and the daemon keeps what is new.
///
/// # Errors
/// The system gives no thread.
pub fn follow<U: Told>(
    number: usize,
    host: String,
    port: u16,
    see: impl Fn(usize, Seen<U>) -> Then + Send + 'static,
) -> io::Result<()> {
    let run = move || {
        let mut pause = PAUSE;
        loop {
            let lost = match addresses(&host, port) {
                Ok(at) => look(number, &at, &see, &mut pause),
                Err(sentence) => Lost::Itself(sentence),
            };
            let ends = match lost {
                Lost::Itself(sentence) => see(number, Seen::Lost(sentence)) == Then::End,
                Lost::HungUp => false,
                Lost::Nobody => true,
            };
            if ends {
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    thread::Builder::new()
        .name(format!("follow {number}"))
        .spawn(run)
        .map(|_| ())
}

/// How a connection ended.
enum Lost {
    /// By itself, or there was none: why, in one sentence.
    Itself(String),
    /// By us.
    HungUp,
    /// By us, and nobody wants to know any more.
    Nobody,
}

/// One connection, from its beginning to its end.
fn look<U: Told>(
    number: usize,
    addresses: &[SocketAddr],
    see: &impl Fn(usize, Seen<U>) -> Then,
    pause: &mut Duration,
) -> Lost {
    let mut stream = match Stream::connect(addresses, CONNECT) {
        Ok(stream) => stream,
        Err(error) => return Lost::Itself(error.to_string()),
    };
    let before = *pause;
    let mut seen = Seen::Connected(stream.at());
    loop {
        match see(number, seen) {
            Then::GoOn => {}
            Then::HangUp => {
                *pause = before;
                return Lost::HungUp;
            }
            Then::End => return Lost::Nobody,
        }
        seen = loop {
            match stream.next(Instant::now() + LOOK) {
                Ok(update) => break Seen::Update(update),
                Err(StreamError::Late { .. }) => {}
                Err(error) => return Lost::Itself(error.to_string()),
            }
        };
        // It really is one, and takes us.
        *pause = PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::mpsc::channel;

    const LIMIT: Duration = Duration::from_secs(20);

    fn then(sent: bool) -> Then {
        if sent { Then::GoOn } else { Then::End }
    }

    #[test]
    fn who_says_what_can_not_be_is_hung_up_on_and_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let see = |_, seen: Seen| match seen {
            Seen::Update(_) => Then::HangUp,
            _ => Then::GoOn,
        };
        follow(0, "127.0.0.1".to_string(), port, see).unwrap();
        for _ in 0..2 {
            let (mut far, _) = listener.accept().unwrap();
            let lines = "{\"type\":\"ready\"}\n".repeat(1_000);
            let mut writes = (0..10_000).map(|_| far.write_all(lines.as_bytes()));
            assert!(writes.any(|done| done.is_err()), "it reads all of it");
        }
    }

    #[test]
    fn who_was_lost_is_found_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (send, receive) = channel();
        let see = move |number, seen| then(send.send((number, seen)).is_ok());
        follow(7, "127.0.0.1".to_string(), port, see).unwrap();
        for _ in 0..3 {
            let (mut far, _) = listener.accept().unwrap();
            far.write_all(b"{\"type\":\"ready\"}\n").unwrap();
            drop(far);
            let next = || receive.recv_timeout(LIMIT).unwrap();
            assert!(matches!(next(), (7, Seen::Connected(at)) if at.port() == port));
            assert!(matches!(next(), (7, Seen::Update(Update::Ready))));
            assert!(matches!(next(), (7, Seen::Lost(why)) if why.ends_with("has hung up")));
        }
        // Somebody else may have the port by the next try, but not now.
        drop(listener);
        let why = loop {
            match receive.recv_timeout(LIMIT).unwrap() {
                (_, Seen::Lost(why)) => break why,
                _ => continue,
            }
        };
        assert!(
            why.contains("no failsh answers at") || why.ends_with("has hung up"),
            "{why}"
        );
    }

    #[test]
    fn a_name_that_nobody_knows_is_a_sentence() {
        let (send, receive) = channel();
        let see = move |number, seen: Seen| then(send.send((number, seen)).is_ok());
        follow(0, "no such.host.invalid".to_string(), 1, see).unwrap();
        let (_, seen) = receive.recv_timeout(LIMIT).unwrap();
        assert!(
            matches!(&seen, Seen::Lost(why) if why.contains("no such.host.invalid")),
            "{seen:?}"
        );
    }
}
