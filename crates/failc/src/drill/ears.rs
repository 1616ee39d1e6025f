//! All failds of a drill, listened to at the same time: a thread for each, and one queue of what
//! they say with the moment at which it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fail_client::{Client, Error, News};
use fail_wire::{Name, Record};

use crate::limits::{LOOK, POLL};

/// What came.
#[derive(Debug)]
pub enum Heard {
    /// The first answer: the number of this run of the faild, and how long it took.
    Answers(u64, Duration),
    /// A record as it is now.
    Record(Record),
    /// It can not be watched, or does not answer any more.
    Silent(Error),
    /// It answers again; and perhaps it was started anew.
    Back(bool),
}

/// From whom, when, and what.
#[derive(Debug)]
pub struct Word {
    pub host: usize,
    pub at: Instant,
    pub heard: Heard,
}

/// The threads; they end with this.
pub struct Ears {
    words: Receiver<Word>,
    leave: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Ears {
    /// Begins to listen to these. Each says something within its time-outs.
    pub fn open(clients: Vec<Client>, service: &Name) -> Ears {
        let (tell, words) = channel();
        let leave = Arc::new(AtomicBool::new(false));
        let threads = clients.into_iter().enumerate().map(|(host, client)| {
            let (tell, service, leave) = (tell.clone(), service.clone(), Arc::clone(&leave));
            std::thread::spawn(move || {
                let tell = Tell { host, tell };
                if let Err(error) = listen(client, &service, &tell, &leave) {
                    tell.say(Heard::Silent(error));
                }
            })
        });
        let threads = threads.collect();
        Ears {
            words,
            leave,
            threads,
        }
    }

    /// The next word, if one comes until then.
    pub fn next(&self, until: Instant) -> Option<Word> {
        let left = until.saturating_duration_since(Instant::now());
        self.words.recv_timeout(left).ok()
    }
}

impl Drop for Ears {
    /// Each faild is told that nothing more need be told.
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It has nothing to say that somebody still waits for.
            drop(thread.join());
        }
    }
}

struct Tell {
    host: usize,
    tell: Sender<Word>,
}

impl Tell {
    fn say(&self, heard: Heard) {
        let (host, at) = (self.host, Instant::now());
        // Without a reader the drill is over.
        drop(self.tell.send(Word { host, at, heard }));
    }
}

fn listen(
    mut client: Client,
    service: &Name,
    tell: &Tell,
    leave: &AtomicBool,
) -> Result<(), Error> {
    let names = [service.clone()];
    let asked = Instant::now();
    let answer = client.read(&names)?;
    tell.say(Heard::Answers(answer.nonce, asked.elapsed()));
    let mut watch = client.watch(&names)?;
    watch.look_every(POLL);
    while !leave.load(Ordering::Relaxed) {
        match watch.next_until(Instant::now() + LOOK) {
            Some(News::Record(record)) => tell.say(Heard::Record(record)),
            Some(News::Silent(error)) => tell.say(Heard::Silent(error)),
            Some(News::Answers { anew }) => tell.say(Heard::Back(anew)),
            Some(News::Ready) | None => {}
        }
    }
    Ok(())
}
