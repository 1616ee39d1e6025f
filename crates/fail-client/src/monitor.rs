//! Read the monitor stream of a failsh, blocking, with deadlines: a [`Stream`] of
//! [`Update`]s, as `failover-monitor(7)` tells them. What such a stream promises is told in
//! [`crate::stream`].
//!
//! ```no_run
//! use std::time::{Duration, Instant};
//! use fail_client::monitor::{Monitor, Update};
//! let failsh = "127.0.0.1:1848".parse().unwrap();
//! let mut monitor = Monitor::connect(&[failsh], Duration::from_secs(3))?;
//! while let Update::Service(view) = monitor.next(Instant::now() + Duration::from_secs(3))? {
//!     println!("{}: {}", view.name, view.why);
//! }
//! # Ok::<(), fail_client::monitor::MonitorError>(())
//! ```

pub use fail_wire::monitor::Update;

use crate::stream::{self, Stream};
pub use crate::stream::{LINE_BYTES_MAX, StreamError as MonitorError};

/// The stream of one failsh.
pub type Monitor = Stream<Update>;

/// Updates out of such a stream, without the socket.
pub type Lines = stream::Lines<Update>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    /// Long enough for whatever is there.
    const LIMIT: Duration = Duration::from_secs(20);

    /// A stream that says these pieces, one after the other, and then hangs up, or does not.
    fn stream(pieces: Vec<Vec<u8>>, hang_up: bool) -> Monitor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let monitor = Monitor::connect(&[at], LIMIT).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        far.set_nodelay(true).unwrap();
        std::thread::spawn(move || {
            for piece in pieces {
                // The other side may have had enough.
                if far.write_all(&piece).is_err() {
                    return;
                }
            }
            if !hang_up {
                let _ = far.read(&mut [0]);
            }
        });
        monitor
    }

    fn soon() -> Instant {
        Instant::now() + LIMIT
    }

    #[test]
    fn lines_come_whole_however_they_were_torn() {
        let text = "{\"type\":\"ready\"}\n\
                    {\"type\":\"novelty\",\"of\":[1,{\"a\":2}]}\n\
                    {\"type\":\"gone\",\"what\":\"service\",\"name\":\"w\u{e9}b\",\"more\":1}\n";
        let bytes = text.as_bytes().chunks(1).map(<[u8]>::to_vec).collect();
        let mut monitor = stream(bytes, true);
        assert_eq!(monitor.next(soon()).unwrap(), Update::Ready);
        let gone = Update::Gone {
            what: "service".to_string(),
            name: "w\u{e9}b".to_string(),
        };
        assert_eq!(monitor.next(soon()).unwrap(), gone);
        let end = monitor.next(soon());
        assert!(matches!(end, Err(MonitorError::Gone { .. })), "{end:?}");
    }

    #[test]
    fn nothing_is_waited_for_longer_than_was_said() {
        let mut monitor = stream(vec![b"{\"type\":\"rea".to_vec()], false);
        for _ in 0..3 {
            let late = monitor.next(Instant::now() + Duration::from_millis(20));
            assert!(matches!(late, Err(MonitorError::Late { .. })), "{late:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let pieces = vec![vec![b'x'; 1 << 20]; 8];
        let odd = stream(pieces, true).next(soon()).unwrap_err();
        assert!(odd.to_string().contains("a line of more than"), "{odd}");
    }

    #[test]
    fn who_is_refused_is_told_why() {
        let line = b"{\"type\":\"refused\",\"reason\":\"too many (MAX)\"}\n".to_vec();
        let refused = stream(vec![line], true).next(soon()).unwrap_err();
        let sentence = refused.to_string();
        assert!(sentence.ends_with("refuses: too many (MAX)"), "{sentence}");
    }

    /// Numbers that look random and are the same each time.
    fn chance(seed: &mut u64) -> usize {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed >> 33).unwrap()
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic() {
        let good = "{\"type\":\"event\",\"at\":1,\"event\":\"up\",\"subject\":\"web\",\"data\":{}}\n\
                    {\"type\":\"service\",\"name\":\"web\"}\n{\"type\":\"ready\"}\n";
        let mut seen = [0; 2];
        for seed in 1..300 {
            let mut seed = seed * 0x9e37_79b9;
            let mut bytes = good.repeat(3).into_bytes();
            for _ in 0..chance(&mut seed) % 4 {
                let at = chance(&mut seed) % bytes.len();
                match chance(&mut seed) % 3 {
                    0 => bytes[at] = u8::try_from(chance(&mut seed) % 256).unwrap(),
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, b"\n\"{}[]\\\xff\0"[chance(&mut seed) % 9]),
                }
            }
            let size = chance(&mut seed) % 40 + 1;
            let pieces = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            let mut monitor = stream(pieces, true);
            let end = loop {
                match monitor.next(soon()) {
                    Ok(_) => seen[0] += 1,
                    Err(e) => break e,
                }
            };
            match end {
                MonitorError::Odd { .. } => seen[1] += 1,
                MonitorError::Gone { .. } => {}
                e => panic!("{e}"),
            }
        }
        assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
    }
}
