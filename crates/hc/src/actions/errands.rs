//! The thread in which actions over the network run side by side: each is a future that is
//! dropped at its deadline, with its sockets. What can only be asked by a call that blocks
//! (a faild) has a thread of its own, from a pool with a limit.
//!
//! There are places for so many of a kind; who finds none waits, and his deadline goes on.
//! Orders for one service are one after the other, in the order in which they were given: each
//! is decided by what the one before has left, and the last one has the last word.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fail_conf::hcfile::check::Host;
use fail_core::limits::{LINES_MAX, POSTS_MAX, WISHES_MAX};
use fail_core::log::Level;
use fail_core::time::Span;
use fail_core::watch::{Acted, Report};
use fail_probe::{Tasks, Undelivered};
use fail_wire::Name;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::failc::{self, Order};
use super::mail::{self, Mail};
use super::{sentence, syslog};

/// Calls that block at once: failds that are asked ([`WISHES_MAX`]), and what [`fail_probe`] has
/// places for: names of mail servers, and files. These are half of them at most, so that a name
/// server that is silent does not hold up wishes.
const BLOCKING_MAX: usize = 512;

const _: () = assert!(WISHES_MAX <= BLOCKING_MAX / 2);

/// Why an errand is not done that ended in a panic.
const BROKEN: &str = "the action broke off, by an error in hc";

/// Something to be done over the network.
#[derive(Debug, Clone)]
pub enum Errand {
    /// A mail.
    Mail {
        /// By which server.
        smtp: Host,
        /// It.
        mail: Box<Mail>,
    },
    /// A line for syslog.
    Syslog {
        /// How loud.
        level: Level,
        /// What about.
        report: Report,
    },
    /// A wish for a service of a faild.
    Failc(Order),
}

/// Whose turn it is with a service of a faild at a host and a port. Who wants to be next waits
/// behind those that came before.
#[derive(Debug, Default)]
struct Turns(BTreeMap<(Name, String, u16), Arc<Mutex<()>>>);

impl Turns {
    fn of(&mut self, errand: &Errand) -> Option<Arc<Mutex<()>>> {
        // Nobody has or waits for these.
        self.0.retain(|_, turn| Arc::strong_count(turn) > 1);
        let Errand::Failc(Order { service, host, .. }) = errand else {
            return None;
        };
        let service = (service.clone(), host.name.clone(), host.port);
        Some(self.0.entry(service).or_default().clone())
    }
}

/// Places of one kind of errands.
#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    /// What is under way there.
    what: &'static str,
}

impl Places {
    fn new(many: usize, what: &'static str) -> Arc<Places> {
        let free = Arc::new(Semaphore::new(many));
        Arc::new(Places { free, what })
    }

    /// Waits for a place until then.
    async fn place(&self, until: Instant) -> Result<OwnedSemaphorePermit, Undelivered> {
        let place = Arc::clone(&self.free).acquire_owned();
        match tokio::time::timeout_at(until.into(), place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(e)) => Err(never(e.to_string())),
            Err(_) => {
                let what = self.what;
                let why = format!("too many {what} are under way: no place by its deadline");
                Err(later(why))
            }
        }
    }
}

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Errands {
    tasks: Tasks<Result<(), Undelivered>>,
    host: Arc<str>,
    turns: Turns,
    mails: Arc<Places>,
    lines: Arc<Places>,
    wishes: Arc<Places>,
}

impl Errands {
    /// Starts the thread. `tell` is called there, once for each errand that was not dropped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(
        host: String,
        tell: impl Fn(u64, Acted) + Send + Sync + 'static,
    ) -> io::Result<Errands> {
        let tasks = Tasks::start("errands", BLOCKING_MAX, move |number, done| {
            tell(number, acted(done.unwrap_or_else(|| Err(never(BROKEN)))));
        })?;
        Ok(Errands {
            tasks,
            host: host.into(),
            turns: Turns::default(),
            mails: Places::new(POSTS_MAX, "mails"),
            lines: Places::new(LINES_MAX, "lines for syslog"),
            wishes: Places::new(WISHES_MAX, "wishes"),
        })
    }

    /// Runs one for at most `limit`.
    pub fn run(&mut self, number: u64, errand: Errand, limit: Duration) {
        let until = Instant::now() + limit;
        let turn = self.turns.of(&errand);
        let places = Arc::clone(match &errand {
            Errand::Mail { .. } => &self.mails,
            Errand::Syslog { .. } => &self.lines,
            Errand::Failc(_) => &self.wishes,
        });
        let host = self.host.clone();
        self.tasks.run(number, async move {
            let done = run(errand, &host, until, (turn, &places));
            let done = tokio::time::timeout_at(until.into(), done).await;
            done.unwrap_or_else(|_| Err(later(format!("not done within {}", rounded(limit)))))
        });
    }

    /// Nobody waits for this one any more.
    pub fn forget(&self, number: u64) {
        self.tasks.forget(number);
    }
}

/// It is not worth another try.
fn never(why: impl Into<String>) -> Undelivered {
    let (why, again) = (why.into(), false);
    Undelivered { why, again }
}

/// It may go better later.
fn later(why: impl Into<String>) -> Undelivered {
    let (why, again) = (why.into(), true);
    Undelivered { why, again }
}

fn acted(done: Result<(), Undelivered>) -> Acted {
    match done {
        Ok(()) => Acted::Done,
        Err(Undelivered { why, again }) => {
            let why = fail_client::clean(&why).into_owned();
            match again {
                true => Acted::Undelivered(why),
                false => Acted::Failed(why),
            }
        }
    }
}

/// Without the moment that is gone when an errand begins, which nobody wants to read.
fn rounded(limit: Duration) -> Span {
    let millis = (limit.as_nanos() + 500_000) / 1_000_000;
    Span::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

async fn run(
    errand: Errand,
    host: &str,
    until: Instant,
    (turn, places): (Option<Arc<Mutex<()>>>, &Places),
) -> Result<(), Undelivered> {
    // Both are kept until the call that blocks has ended, even if nobody waits for it any more.
    let turn = match turn {
        Some(turn) => Some(turn.lock_owned().await),
        None => None,
    };
    // Behind the turn: who waits for that needs no place.
    let place = places.place(until).await?;
    match errand {
        Errand::Mail { smtp, mail } => mail::send(&mail, &smtp, host).await,
        Errand::Syslog { level, report } => {
            let said = syslog::send(level, &sentence(&report)).await;
            said.map_err(later)
        }
        Errand::Failc(order) => {
            let community = fail_probe::community(order.community.as_deref()).await;
            let community = community.map_err(later)?;
            let asked = tokio::task::spawn_blocking(move || {
                let _kept = (turn, place);
                failc::fulfil(&order, &community, until)
            });
            asked
                .await
                .unwrap_or_else(|_| Err(BROKEN.to_string()))
                .map_err(later)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, UdpSocket};
    use std::sync::mpsc::channel;
    use std::thread;

    use fail_core::watch::Event;

    use super::*;

    /// Must be over long before.
    const LIMIT: Duration = Duration::from_secs(20);

    /// So often a silent faild is asked in it.
    const SHORT: Duration = Duration::from_secs(1);

    /// `web` at this faild is to be back.
    fn back(faild: &UdpSocket, target: &str) -> Errand {
        Errand::Failc(Order {
            service: "web".parse().unwrap(),
            host: Host {
                name: "127.0.0.1".to_string(),
                port: faild.local_addr().unwrap().port(),
            },
            community: None,
            target: target.parse().unwrap(),
            is_news: true,
            wanted: Default::default(),
        })
    }

    #[test]
    fn orders_of_one_service_are_one_after_the_other() {
        let faild = UdpSocket::bind("127.0.0.1:0").unwrap();
        faild.set_read_timeout(Some(LIMIT)).unwrap();
        let (tell, told) = channel();
        let errands = Errands::start("hosta".to_string(), move |number, _| {
            let _ = tell.send(number);
        });
        let mut errands = errands.unwrap();
        errands.run(1, back(&faild, "a"), SHORT);
        errands.run(2, back(&faild, "b"), LIMIT);
        // Each asks from a port of its own, again and again.
        let mut asked = Vec::new();
        while asked.len() < 6 {
            let (_, from) = faild.recv_from(&mut [0; 2048]).unwrap();
            asked.push(from);
        }
        asked.dedup();
        assert_eq!(asked.len(), 2, "they ask side by side: {asked:?}");
        assert_eq!(told.recv_timeout(LIMIT), Ok(1));
    }

    /// A mail to a server at this port.
    fn mail(port: u16) -> Errand {
        Errand::Mail {
            smtp: Host {
                name: "127.0.0.1".to_string(),
                port,
            },
            mail: Box::new(Mail {
                to: vec!["a@example.org".to_string()],
                from: "hc@example.org".to_string(),
                subject: None,
                body: None,
                report: crate::actions::tests::report(Event::Down, false, "gone"),
            }),
        }
    }

    #[test]
    fn a_mail_server_that_talks_without_end_holds_up_no_mail_to_another() {
        let flood = TcpListener::bind("127.0.0.1:0").unwrap();
        let flood_port = flood.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut stream in flood.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let many = "220-x\r\n".repeat(1_000);
                    while stream.write_all(many.as_bytes()).is_ok() {}
                });
            }
        });
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let good_port = good.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = good.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            stream.write_all(b"220 hi\r\n").unwrap();
            let mut text = false;
            for line in lines.map_while(Result::ok) {
                let answer = match (text, line.as_str()) {
                    (true, ".") => "250 taken\r\n",
                    (true, _) => continue,
                    (false, "DATA") => "354 go on\r\n",
                    (false, _) => "250 ok\r\n",
                };
                text = answer.starts_with("354");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let (tell, told) = channel();
        let errands = Errands::start("hosta".to_string(), move |number, acted| {
            let _ = tell.send((number, acted));
        });
        let mut errands = errands.unwrap();
        const FLOODS: u64 = 20;
        for number in 0..FLOODS {
            errands.run(number, mail(flood_port), LIMIT);
        }
        errands.run(FLOODS, mail(good_port), LIMIT);
        for _ in 0..=FLOODS {
            match told.recv_timeout(2 * LIMIT).unwrap() {
                (FLOODS, acted) => assert_eq!(acted, Acted::Done),
                (_, Acted::Undelivered(why)) => assert!(why.contains("does not end"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn mails_that_hang_have_so_many_places_and_leave_room_for_wishes() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let faild = UdpSocket::bind("127.0.0.1:0").unwrap();
        faild.set_read_timeout(Some(LIMIT)).unwrap();
        let (tell, told) = channel();
        let errands = Errands::start("hosta".to_string(), move |number, acted| {
            let _ = tell.send((number, acted));
        });
        let mut errands = errands.unwrap();
        let places = u64::try_from(POSTS_MAX).unwrap();
        (0..places).for_each(|number| errands.run(number, mail(port), LIMIT));
        errands.run(places, mail(port), SHORT);
        let why = "too many mails are under way: no place by its deadline".to_string();
        let none = (places, Acted::Undelivered(why));
        assert_eq!(told.recv_timeout(LIMIT), Ok(none));
        errands.run(places + 1, back(&faild, "a"), LIMIT);
        faild.recv_from(&mut [0; 2048]).unwrap();
        // One has gone.
        errands.forget(0);
        errands.run(places + 2, mail(port), SHORT);
        let late = Acted::Undelivered("not done within 1s".to_string());
        assert_eq!(told.recv_timeout(LIMIT), Ok((places + 2, late)));
    }

    #[test]
    fn a_deadline_is_told_as_it_was_set() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let (tell, told) = channel();
        let errands = Errands::start("hosta".to_string(), move |_, acted| {
            let _ = tell.send(acted);
        });
        let mut errands = errands.unwrap();
        let gone = Duration::from_micros(24);
        let port = silent.local_addr().unwrap().port();
        errands.run(1, mail(port), SHORT - gone);
        let late = Acted::Undelivered("not done within 1s".to_string());
        assert_eq!(told.recv_timeout(LIMIT), Ok(late));
    }
}
