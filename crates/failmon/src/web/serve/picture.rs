//! What is served, drawn at most some times a second for all readers together.
//!
//! A thread takes what the failshs say; the one thread of the server draws. A text that was
//! drawn a moment ago serves the next reader too, and all live pages are sent the same bytes,
//! so that a hundred readers cost little more than one.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use serde_json::json;
use tokio::sync::{Notify, watch};

use crate::source::{Came, Source};
use crate::web::page::{self, Form};
use crate::web::parts::{Shown, sections};
use crate::web::{api, metrics};

use super::draft::Draft;

/// Between two drawings. People do not see faster.
pub const PACE: Duration = Duration::from_millis(250);

/// It is drawn so often though nobody says anything: what is silent becomes old.
const SECOND: Duration = Duration::from_secs(1);

/// Something that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The page.
    Page,
    /// `/api/v1/cluster`.
    Cluster,
    /// `/api/v1/services`.
    Services,
    /// `/api/v1/hosts`.
    Hosts,
    /// `/api/v1/alerts`.
    Alerts,
    /// `/api/v1/events`.
    Events,
    /// `/metrics`.
    Metrics,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The number of the last drawing.
    pub number: u64,
    /// The server ends.
    pub over: bool,
}

/// A text with the moment and the refresh for which it was drawn.
type Kept = (Instant, Option<u64>, Bytes);

/// What is known, and what was drawn of it.
#[derive(Debug)]
pub struct Picture {
    source: Mutex<Source>,
    draft: Mutex<Draft>,
    kept: Mutex<HashMap<What, Kept>>,
    /// The news between two drawings, as they were sent last.
    sent: Mutex<Option<(u64, u64, Bytes)>>,
    /// Something came.
    came: Notify,
    told: watch::Sender<Told>,
    /// Which life of the server this is: numbers of drawings begin anew in each.
    life: i64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Who panicked while he had it has not written half a value: all are replaced as a whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Picture {
    /// Takes what comes, in a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn keep(source: Source, came: Receiver<Came>) -> io::Result<Arc<Picture>> {
        let life = source.clock.now_ms();
        let picture = Arc::new(Picture {
            source: Mutex::new(source),
            draft: Mutex::default(),
            kept: Mutex::default(),
            sent: Mutex::default(),
            came: Notify::new(),
            told: watch::Sender::default(),
            life,
        });
        let keeper = Arc::clone(&picture);
        let run = move || {
            // One that says what can not be says it again and again.
            let mut said = None;
            for came in came {
                let sentence = match came {
                    Came::Seen(number, seen) => lock(&keeper.source).take(number, seen),
                    Came::Over(problem) => problem,
                };
                keeper.came.notify_one();
                if sentence.is_some() && sentence != said {
                    said = sentence;
                    eprintln!("failmon: {}", said.as_deref().unwrap_or_default());
                }
            }
        };
        thread::Builder::new()
            .name("keeper".to_string())
            .spawn(run)?;
        Ok(picture)
    }

    /// Draws for the live pages, for ever.
    pub async fn draw(&self) {
        loop {
            // Whether something came or a second is over is the same.
            let _ = tokio::time::timeout(SECOND, self.came.notified()).await;
            if self.told.receiver_count() > 0 && self.redraw() {
                let number = lock(&self.draft).number();
                self.told.send_modify(|told| told.number = number);
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Follows it.
    pub fn follow(&self) -> watch::Receiver<Told> {
        // What was drawn for the last reader may be old.
        self.came.notify_one();
        self.told.subscribe()
    }

    /// Ends all that follow it.
    pub fn end(&self) {
        self.told.send_modify(|told| told.over = true);
    }

    fn redraw(&self) -> bool {
        let sections = self.shown(true, sections);
        lock(&self.draft).take(sections)
    }

    /// Lets somebody see what is so now.
    pub fn shown<T>(&self, live: bool, see: impl FnOnce(&Shown) -> T) -> T {
        let source = lock(&self.source);
        see(&Shown::new(&source.cluster, source.clock.now_ms(), live))
    }

    /// A text, as it is now or was a moment ago.
    pub fn text(&self, what: What, refresh: Option<u64>) -> Bytes {
        if let Some((at, of, text)) = lock(&self.kept).get(&what) {
            if at.elapsed() < PACE && *of == refresh {
                return text.clone();
            }
        }
        let text = Bytes::from(match what {
            What::Page => self.page(refresh),
            What::Cluster => self.shown(false, api::cluster),
            What::Services => self.shown(false, api::services),
            What::Hosts => self.shown(false, api::hosts),
            What::Alerts => self.shown(false, api::alerts),
            What::Events => self.shown(false, api::events),
            What::Metrics => self.shown(false, metrics::metrics),
        });
        let kept = (Instant::now(), refresh, text.clone());
        lock(&self.kept).insert(what, kept);
        text
    }

    fn page(&self, refresh: Option<u64>) -> String {
        // First what it will be compared with: what happens between is told twice, not never.
        if self.redraw() {
            let number = lock(&self.draft).number();
            self.told.send_modify(|told| told.number = number);
        }
        let from = self.id(lock(&self.draft).number());
        let form = Form {
            refresh,
            live: Some(&from),
        };
        self.shown(false, |shown| page::page(shown, form))
    }

    fn id(&self, number: u64) -> String {
        format!("{}.{number}", self.life)
    }

    /// The drawing that is meant; 0, which is none, when it is not of this life.
    pub fn number(&self, id: &str) -> u64 {
        let number = id.split_once('.').and_then(|(life, number)| {
            let ours = life.parse() == Ok(self.life);
            number.parse().ok().filter(|_| ours)
        });
        number.unwrap_or(0)
    }

    /// What differs from that drawing, as an event; and the number of the one that is told.
    pub fn news(&self, from: u64) -> (u64, Bytes) {
        let draft = lock(&self.draft);
        let number = draft.number();
        let mut sent = lock(&self.sent);
        if let Some((_, _, text)) = sent.as_ref().filter(|s| (s.0, s.1) == (from, number)) {
            return (number, text.clone());
        }
        let now = lock(&self.source).clock.now_ms();
        let news = json!({ "now": now, "parts": draft.since(from) });
        let text = format!("id: {}\nevent: parts\ndata: {news}\n\n", self.id(number));
        let text = Bytes::from(text);
        // What is told when nothing is new has the time in it.
        if from != number {
            *sent = Some((from, number, text.clone()));
        }
        (number, text)
    }
}
