//! Several failshs side by side: what each has shown, and what that comes to for the cluster.
//!
//! A [`Cluster`] takes what [`fail_client::follow`] sees, and everything that failmon shows is
//! drawn from it: the terminal, text, JSON, pages, metrics. It has no clock and no socket, and
//! drawing can not change it.

use std::collections::VecDeque;
use std::net::SocketAddr;

use fail_client::follow::Seen;
use fail_client::snapshot::Snapshot;
use fail_wire::monitor::EventView;
use serde::Serialize;

/// A failsh tells its health once a second. One that has said nothing for so long is stopped,
/// or the way to it is cut.
pub const SILENCE_MS: i64 = 5_000;

/// Entries of the log of everything.
pub const LOG_MAX: usize = 1_000;

/// Letters of one of them.
const TEXT_MAX: usize = 4_000;

/// How it stands with a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Nobody has answered yet.
    Trying,
    /// It is connected.
    Up,
    /// It is not: why, in one sentence.
    Lost(String),
}

/// One failsh, as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// As it was named on the command line.
    pub target: String,
    /// How it stands with it.
    pub link: Link,
    /// Since when, on our clock.
    pub since: i64,
    /// When it said something last, on our clock.
    pub heard: Option<i64>,
    /// Where it answered last.
    #[serde(skip)]
    pub at: Option<SocketAddr>,
    /// What it has shown.
    pub shown: Snapshot,
    /// It has shown what can not be: nothing of it is believed until it is connected anew.
    #[serde(skip)]
    barred: bool,
}

impl View {
    /// A target of which nothing is known yet.
    pub fn new(target: String, now_ms: i64) -> View {
        View {
            target,
            link: Link::Trying,
            since: now_ms,
            heard: None,
            at: None,
            barred: false,
            shown: Snapshot::default(),
        }
    }

    /// The host that it runs on, by its own word; before it has given that, the target.
    pub fn host(&self) -> &str {
        self.shown
            .hello
            .as_ref()
            .map_or(self.target.as_str(), |hello| &hello.host)
    }

    /// Its name on the command line, without a port.
    pub fn name(&self) -> &str {
        match self.target.rsplit_once(':') {
            Some((name, _)) if !name.contains(':') => name,
            _ => &self.target,
        }
    }

    /// How old what is shown of it is, in milliseconds; nothing: it is as of now.
    pub fn stale(&self, now_ms: i64) -> Option<i64> {
        let age = now_ms.saturating_sub(self.heard?);
        (self.link != Link::Up || age > SILENCE_MS).then_some(age.max(0))
    }

    /// What is wrong with it, in one sentence; nothing: nothing.
    pub fn trouble(&self, now_ms: i64) -> Option<String> {
        let age = |ms: i64| fail_client::age(u64::try_from(ms).unwrap_or(0));
        match (&self.link, self.heard) {
            (Link::Trying, _) => Some("connecting".to_string()),
            (Link::Lost(why), None) => Some(why.clone()),
            (Link::Lost(why), Some(_)) => Some(format!(
                "{why}; what is shown is {} old",
                age(self.stale(now_ms).unwrap_or(0))
            )),
            (Link::Up, None) => {
                let waits = now_ms.saturating_sub(self.since).max(0);
                Some(format!(
                    "it is connected and has said nothing for {}",
                    age(waits)
                ))
            }
            (Link::Up, Some(_)) => {
                let stale = self.stale(now_ms)?;
                Some(format!("it has said nothing for {}", age(stale)))
            }
        }
    }
}

/// An entry of the log: something that happened to somebody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When, on our clock.
    pub at: i64,
    /// The place of the target that told it.
    pub by: usize,
    /// What: the event of a failsh, `lost`, `connected`, or `debug`.
    pub event: String,
    /// The service or the host; for those three nothing.
    pub subject: String,
    /// In words.
    pub text: String,
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    /// In the order of the command line.
    pub views: Vec<View>,
    /// What happened, the oldest first.
    pub log: VecDeque<Entry>,
}

impl Cluster {
    /// These targets, of which nothing is known yet.
    pub fn new(targets: impl IntoIterator<Item = String>, now_ms: i64) -> Cluster {
        let views = targets.into_iter().map(|name| View::new(name, now_ms));
        Cluster {
            views: views.collect(),
            log: VecDeque::new(),
        }
    }

    /// Takes what was seen of the target with this number, at this moment of our clock.
    ///
    /// # Errors
    /// What it shows can not be. It counts as lost, and nothing that it has shown or shows is
    /// kept until it is connected anew.
    pub fn take(&mut self, number: usize, seen: Seen, now_ms: i64) -> Result<(), String> {
        let Some(view) = self.views.get_mut(number) else {
            return Ok(());
        };
        let mut error = None;
        let link = match seen {
            Seen::Connected(at) => {
                (view.at, view.barred) = (Some(at), false);
                Link::Up
            }
            Seen::Update(_) if view.barred => return Ok(()),
            Seen::Lost(why) => Link::Lost(why),
            Seen::Update(update) => {
                view.heard = Some(now_ms);
                let entry = match &update {
                    fail_wire::monitor::Update::Event(event) => {
                        let at = event.at.saturating_sub(view.shown.ahead_ms);
                        Some((at, event.event.clone(), event.subject.clone(), words(event)))
                    }
                    _ => None,
                };
                match view.shown.apply(update, now_ms) {
                    Ok(()) => {
                        if let Some((at, event, subject, text)) = entry {
                            self.note(at, number, event, subject, text);
                        }
                        return Ok(());
                    }
                    Err(sentence) => {
                        (view.shown, view.heard, view.barred) = (Snapshot::default(), None, true);
                        error = Some(sentence.clone());
                        Link::Lost(format!("{sentence}, so nothing of it is believed"))
                    }
                }
            }
        };
        // Each try that fails tells the same again.
        if std::mem::discriminant(&view.link) != std::mem::discriminant(&link) {
            view.since = now_ms;
            let (event, text) = match &link {
                Link::Lost(why) => ("lost", why.clone()),
                _ => ("connected", "connected".to_string()),
            };
            view.link = link;
            self.note(now_ms, number, event.to_string(), String::new(), text);
        } else {
            view.link = link;
        }
        error.map_or(Ok(()), Err)
    }

    /// Writes something into the log of everything.
    pub fn note(&mut self, at: i64, by: usize, event: String, subject: String, text: String) {
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
        }
        let text = match text.char_indices().nth(TEXT_MAX) {
            Some((at, _)) => format!("{}...", &text[..at]),
            None => text,
        };
        self.log.push_back(Entry {
            at,
            by,
            event,
            subject,
            text,
        });
    }
}

/// An event in words: its reason where it has one, else where from and where to.
fn words(event: &EventView) -> String {
    let of = |key: &str| {
        event
            .data
            .get(key)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    };
    let change = match (of("from"), of("to")) {
        (Some(from), Some(to)) => Some(format!("{from} -> {to}")),
        _ => None,
    };
    let reason = of("reason").or(of("error")).map(str::to_string);
    match (change, reason) {
        (Some(change), Some(reason)) => format!("{change}: {reason}"),
        (change, reason) => change.or(reason).unwrap_or_default(),
    }
}
