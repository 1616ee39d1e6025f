//! Watching a faild: the records as they are, and then every change, as it happens.
//!
//! The faild tells of changes (subscribe, notify, acknowledge); nothing is believed that was not
//! made with our community for our request, and nothing that is older than what is known. What
//! is lost in spite of its repeats is found by the next look: all records are read again from
//! time to time, after a notify that says that there is more, and after every silence. So a
//! faild that does not know how to tell of changes can be watched as well, a little later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use fail_wire::{
    Body, Code, DATAGRAM_BYTES_MAX, Marks, NOTIFY_BYTES_MIN, Name, Notify, Reason, Record, State,
    Subscribe,
};

use crate::{Client, Error, REFUSED_PAUSE};

/// How long a subscription is asked for: several renewals may be lost.
const LASTS_MS: u32 = 30_000;

/// It is renewed this often; so long a faild that died is not missed at most.
const RENEW: Duration = Duration::from_secs(2);

/// All records are read with each renewal, while they are so few.
const FEW: usize = 200;

/// And this often when they are more.
const LOOK: Duration = Duration::from_secs(30);

/// How often they are read where the faild does not tell of changes, and how often one that is
/// silent is asked.
const POLL: Duration = Duration::from_secs(1);

/// What a [`Watch`] tells.
#[derive(Debug)]
pub enum News {
    /// This is how a record is now. A service that was forgotten is one that
    /// [is not known](Record::is_unknown).
    Record(Record),
    /// That were all records; from here on they are changes.
    Ready,
    /// The faild does not answer any more. It is asked again and again.
    Silent(Error),
    /// It answers again, or it was started anew, or both.
    Answers {
        /// It was started anew.
        anew: bool,
    },
}

/// A faild that is watched, made by [`Client::watch`]. As an iterator it waits for the next news
/// as long as it takes; [`Watch::next_until`] has a deadline.
pub struct Watch {
    client: Client,
    /// So many failures in a row are a silence.
    tries: u32,
    /// None: all that the community may read.
    names: Vec<Name>,
    /// Also those that were forgotten: what is older than that must not bring them back.
    known: BTreeMap<Name, Record>,
    nonce: u64,
    cookie: u64,
    /// The faild tells of changes.
    subscribed: bool,
    renew_at: Instant,
    look_at: Instant,
    /// How often all is read where the faild does not tell.
    poll: Duration,
    failures: u32,
    silent: bool,
    news: VecDeque<News>,
}

impl Client {
    /// Watches these services, or all that the community may read. First come the records as
    /// they are, then [`News::Ready`], then every change; what changes twice at once may be
    /// told once.
    ///
    /// ```no_run
    /// # use fail_client::{Client, News, Options};
    /// let faild = "127.0.0.1:1847".parse().unwrap();
    /// let client = Client::new(faild, "public", Options::default())?;
    /// for news in client.watch(&[])? {
    ///     match news {
    ///         News::Record(record) => println!("{} is {}", record.name, record.state),
    ///         News::Ready => println!("from here on it is new"),
    ///         News::Silent(error) => println!("{error}"),
    ///         News::Answers { .. } => println!("it is back"),
    ///     }
    /// }
    /// # Ok::<(), fail_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// No answer now, or a refusal. Later it is news.
    pub fn watch(self, names: &[Name]) -> Result<Watch, Error> {
        let now = Instant::now();
        let mut watch = Watch {
            tries: self.options.tries.max(1),
            client: self,
            names: names.to_vec(),
            known: BTreeMap::new(),
            nonce: 0,
            cookie: 0,
            subscribed: false,
            renew_at: now,
            look_at: now,
            poll: POLL,
            failures: 0,
            silent: false,
            news: VecDeque::new(),
        };
        watch.subscribe()?;
        watch.look()?;
        watch.news.push_back(News::Ready);
        // From now on each try is counted here.
        watch.client.options.tries = 1;
        Ok(watch)
    }
}

impl Watch {
    /// The next news, or nothing if there is none until then. That may take longer by the
    /// time-out of one try, when the faild is asked something and does not answer.
    pub fn next_until(&mut self, until: Instant) -> Option<News> {
        loop {
            if let Some(news) = self.news.pop_front() {
                return Some(news);
            }
            let now = Instant::now();
            let due = self.renew_at.min(self.look_at);
            if due <= now {
                self.refresh(now);
            } else if until <= now {
                return None;
            } else {
                match self.client.hear(until.min(due)) {
                    Ok(Some((request, notify))) => self.take_in(request, notify),
                    Ok(None) => {}
                    // It may be that nobody is there any more, and what he told goes with him.
                    Err(_) if self.failures == 0 => {
                        (self.renew_at, self.look_at) = (now, now);
                    }
                    // Nothing can come before the next question, which has its time.
                    Err(_) => std::thread::sleep(until.min(due).duration_since(now)),
                }
            }
        }
    }

    /// How often all records are read where the faild does not tell of changes: every second,
    /// unless it is said otherwise.
    pub fn look_every(&mut self, pause: Duration) {
        self.poll = pause;
        if !self.subscribed {
            self.look_at = self.look_at.min(Instant::now() + pause);
        }
    }

    fn refresh(&mut self, now: Instant) {
        let before = self.nonce;
        let renewed = match self.renew_at <= now {
            true => self.subscribe(),
            false => Ok(()),
        };
        let looked = renewed.and_then(|()| match self.look_at <= Instant::now() {
            true => self.look(),
            false => Ok(()),
        });
        let Err(error) = looked else {
            self.failures = 0;
            let anew = self.nonce != before;
            if std::mem::take(&mut self.silent) || anew {
                // Before the records.
                self.news.push_front(News::Answers { anew });
            }
            return;
        };
        self.failures += 1;
        if self.failures >= self.tries && !self.silent {
            self.silent = true;
            self.news.push_back(News::Silent(error.after(self.tries)));
        }
        let pause = if self.silent { POLL } else { REFUSED_PAUSE };
        self.renew_at = Instant::now() + pause;
        // What changed meanwhile was told to nobody.
        self.look_at = self.renew_at;
    }

    /// Subscribes or renews it: first perhaps with a cookie that is not good, and then with the
    /// one that is in the answer.
    fn subscribe(&mut self) -> Result<(), Error> {
        self.subscribed = false;
        for _ in 0..2 {
            match self.client.ask(&self.wish(LASTS_MS), DATAGRAM_BYTES_MAX) {
                Ok(Body::Notify(answer)) => {
                    self.cookie = answer.cookie;
                    self.subscribed = answer.left_ms > 0;
                    if answer.nonce != self.nonce {
                        self.look_at = Instant::now();
                    }
                }
                Ok(other) => return Err(self.client.odd(other)),
                // It does not know how, or it has told too many already.
                Err(error) if matches!(error.code(), Some(Code::Type | Code::Limit)) => break,
                Err(error) => return Err(error),
            }
            if self.subscribed {
                break;
            }
        }
        let now = Instant::now();
        self.renew_at = now + RENEW;
        if !self.subscribed || self.known.len() <= FEW {
            self.look_at = now;
        }
        Ok(())
    }

    fn wish(&self, for_ms: u32) -> Body {
        Body::Subscribe(Subscribe {
            cookie: self.cookie,
            for_ms,
            names: self.names.clone(),
        })
    }

    /// Reads all records.
    fn look(&mut self) -> Result<(), Error> {
        let answer = self.client.read(&self.names)?;
        let anew = answer.nonce != self.nonce;
        self.nonce = answer.nonce;
        let seen: BTreeSet<Name> = answer.records.iter().map(|r| r.name.clone()).collect();
        let known = self.known.values();
        let gone = known.filter(|record| !seen.contains(&record.name) && !record.is_unknown());
        let gone: Vec<Record> = gone.map(forgotten).collect();
        for record in answer.records.into_iter().chain(gone) {
            self.take(record, anew);
        }
        let few = self.known.len() <= FEW;
        self.look_at = Instant::now()
            + match (self.subscribed, few) {
                (false, _) => self.poll,
                // With the renewal, and not before it.
                (true, true) => RENEW + POLL,
                (true, false) => LOOK,
            };
        Ok(())
    }

    fn take_in(&mut self, request: u64, notify: Notify) {
        if notify.nonce != self.nonce {
            // Started anew; or somebody plays us what he has recorded.
            self.look_at = Instant::now();
            return;
        }
        self.client.acknowledge(request, &notify);
        if std::mem::take(&mut self.silent) {
            self.news.push_back(News::Answers { anew: false });
            self.look_at = Instant::now();
        }
        if notify.more {
            self.look_at = Instant::now();
        }
        for record in notify.records {
            self.take(record, false);
        }
    }

    /// A record as it is now. Of the same start of the faild nothing counts that is older than
    /// what is known.
    fn take(&mut self, record: Record, anew: bool) {
        if let Some(known) = self.known.get(&record.name) {
            if !anew && record.version < known.version || is_same(known, &record) {
                return;
            }
        } else if record.is_unknown() && self.names.is_empty() {
            return;
        }
        self.known.insert(record.name.clone(), record.clone());
        self.news.push_back(News::Record(record));
    }
}

/// All the same but its age.
fn is_same(one: &Record, other: &Record) -> bool {
    let what = |r: &Record| (r.version, r.state, r.marks, r.last_change, r.reason.clone());
    what(one) == what(other)
}

/// What a faild says of a service that it has forgotten.
fn forgotten(record: &Record) -> Record {
    Record {
        name: record.name.clone(),
        state: State::Fail,
        marks: Marks::UNPUBLISHED,
        version: record.version,
        age_ms: 0,
        last_change: 0,
        reason: Reason::new("unknown"),
    }
}

impl Iterator for Watch {
    type Item = News;

    fn next(&mut self) -> Option<News> {
        loop {
            // Any deadline will do.
            let news = self.next_until(Instant::now() + LOOK);
            if news.is_some() {
                return news;
            }
        }
    }
}

impl Drop for Watch {
    /// Says that nothing more need be told.
    fn drop(&mut self) {
        if self.subscribed {
            self.client.tell(0, &self.wish(0), NOTIFY_BYTES_MIN);
        }
    }
}
