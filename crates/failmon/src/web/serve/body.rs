//! The body of an answer: a text, or events for as long as somebody reads them.
//!
//! Events are asked for by the connection when it has room for one, so that a slow reader is
//! told what is so when he has read the last, and nothing is kept for him.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::picture::{Picture, Told};

/// Something is said at least so often, so that a page knows that it is not forgotten, and
/// that a connection that is dead is seen to be.
pub const TICK: Duration = Duration::from_secs(5);

/// The body of an answer.
#[derive(Debug)]
pub enum Reply {
    /// All at once.
    Text(Bytes),
    /// As they come.
    Events(Box<Events>),
}

type Waiting = Pin<Box<dyn Future<Output = watch::Receiver<Told>> + Send>>;

/// The news for one reader.
pub struct Events {
    picture: Arc<Picture>,
    /// What he has seen.
    from: u64,
    /// Gives the receiver back when there is something to say.
    waiting: Option<Waiting>,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// For a reader who has seen this drawing, and has this place.
    pub fn new(picture: Arc<Picture>, from: u64, place: OwnedSemaphorePermit) -> Events {
        let told = picture.follow();
        Events {
            picture,
            from,
            // The first is said at once.
            waiting: Some(Box::pin(std::future::ready(told))),
            over: false,
            _place: place,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(waiting) = &mut self.waiting else {
            return Poll::Ready(None);
        };
        let Poll::Ready(mut told) = waiting.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        if told.borrow_and_update().over {
            (self.waiting, self.over) = (None, true);
            return Poll::Ready(None);
        }
        self.waiting = Some(Box::pin(async move {
            // Whether there is news or it is time is the same.
            let _ = timeout(TICK, told.changed()).await;
            told
        }));
        let (number, text) = self.picture.news(self.from);
        self.from = number;
        Poll::Ready(Some(text))
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match self.get_mut() {
            Reply::Text(text) if text.is_empty() => Poll::Ready(None),
            Reply::Text(text) => Poll::Ready(Some(std::mem::take(text))),
            Reply::Events(events) => events.poll(cx),
        };
        next.map(|text| text.map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Reply::Text(text) => text.is_empty(),
            Reply::Events(events) => events.over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Text(text) => SizeHint::with_exact(text.len() as u64),
            Reply::Events(_) => SizeHint::default(),
        }
    }
}
