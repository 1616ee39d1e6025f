//! A connection of which no more comes than its ration, and not all of it at once.
//!
//! For a library that reads as long as there is something to be read, and throws away what it
//! does not want: nobody else would have a turn meanwhile, and nobody would count.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// After so many bytes others have their turn.
const TURN: usize = 64 * 1024;

/// Bytes that may still be read; shared by who sets it and the connection.
#[derive(Debug, Clone)]
pub(crate) struct Ration(Arc<AtomicUsize>);

impl Ration {
    pub(crate) fn new(bytes: usize) -> Ration {
        Ration(Arc::new(AtomicUsize::new(bytes)))
    }

    /// From now on so many, whatever was left.
    pub(crate) fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// Why nothing more comes: the ration is used up.
#[derive(Debug)]
pub(crate) struct UsedUp;

impl UsedUp {
    /// Whether that is why.
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<UsedUp>())
    }
}

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more came than is read")
    }
}

impl std::error::Error for UsedUp {}

/// A connection with a ration.
#[derive(Debug)]
pub(crate) struct Rationed<S> {
    stream: S,
    ration: Ration,
    /// Bytes since others had a turn.
    given: usize,
}

impl<S> Rationed<S> {
    pub(crate) fn new(stream: S, ration: Ration) -> Rationed<S> {
        let given = 0;
        Rationed {
            stream,
            ration,
            given,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rationed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.ration.0.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Err(io::Error::other(UsedUp)));
        }
        if self.given >= TURN {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let came = buf.filled().len() - before;
        self.ration.set(left.saturating_sub(came));
        self.given = match polled {
            Poll::Pending => 0,
            Poll::Ready(_) => self.given + came,
        };
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rationed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, repeat};

    use super::*;

    #[test]
    fn a_flood_is_read_turn_by_turn_to_the_end_of_the_ration() {
        let ration = Ration::new(10 * TURN);
        let mut stream = Rationed::new(repeat(b'x'), ration.clone());
        let mut cx = Context::from_waker(Waker::noop());
        let mut chunk = [0; 1024];
        let (mut turns, mut turn, mut all) = (1, 0, 0);
        let error = loop {
            match std::pin::pin!(stream.read(&mut chunk)).poll(&mut cx) {
                Poll::Ready(Ok(count)) => (turn, all) = (turn + count, all + count),
                Poll::Ready(Err(e)) => break e,
                Poll::Pending => (turns, turn) = (turns + 1, 0),
            }
            assert!(turn <= TURN);
        };
        assert!(UsedUp::is(&error), "{error}");
        assert_eq!((turns, all), (10, 10 * TURN));
        ration.set(1);
        let again = std::pin::pin!(stream.read(&mut chunk)).poll(&mut cx);
        assert!(!matches!(again, Poll::Ready(Err(_))));
    }
}
