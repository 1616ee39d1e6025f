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

/// Follows the failsh or the hc at `host`, in a thread of its own; what is seen is given to `see`, with
/// this number. It ends when that says `false`.
///
/// While `see` is slow, nothing is read, and the daemon keeps what is new.
///
/// # Errors
/// The system gives no thread.
pub fn follow<U: Told>(
    number: usize,
    host: String,
    port: u16,
    see: impl Fn(usize, Seen<U>) -> bool + Send + 'static,
) -> io::Result<()> {
    let run = move || {
        let mut pause = PAUSE;
        loop {
            let lost = match addresses(&host, port) {
                Ok(at) => look(number, &at, &see, &mut pause),
                Err(sentence) => Some(sentence),
            };
            let Some(sentence) = lost else {
                return;
            };
            if !see(number, Seen::Lost(sentence)) {
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

/// One connection, from its beginning to its end. Nothing: nobody wants to know any more.
fn look<U: Told>(
    number: usize,
    addresses: &[SocketAddr],
    see: &impl Fn(usize, Seen<U>) -> bool,
    pause: &mut Duration,
) -> Option<String> {
    let mut stream = match Stream::connect(addresses, CONNECT) {
        Ok(stream) => stream,
        Err(error) => return Some(error.to_string()),
    };
    let tell = |what| see(number, what).then_some(());
    tell(Seen::Connected(stream.at()))?;
    loop {
        match stream.next(Instant::now() + LOOK) {
            Ok(update) => {
                // It really is one, and takes us.
                *pause = PAUSE;
                tell(Seen::Update(update))?;
            }
            Err(StreamError::Late { .. }) => {}
            Err(error) => return Some(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::mpsc::channel;

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn who_was_lost_is_found_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (send, receive) = channel();
        let see = move |number, seen| send.send((number, seen)).is_ok();
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
        let see = move |number, seen: Seen| send.send((number, seen)).is_ok();
        follow(0, "no such.host.invalid".to_string(), 1, see).unwrap();
        let (_, seen) = receive.recv_timeout(LIMIT).unwrap();
        assert!(
            matches!(&seen, Seen::Lost(why) if why.contains("no such.host.invalid")),
            "{seen:?}"
        );
    }
}
