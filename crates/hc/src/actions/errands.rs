//! The thread in which actions over the network run side by side: each is a future that is
//! dropped at its deadline, with its sockets. What can only be asked by a call that blocks
//! (a faild) has a thread of its own, from a pool with a limit.
//!
//! Orders for one service are one after the other, in the order in which they were given: each
//! is decided by what the one before has left, and the last one has the last word.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fail_conf::hcfile::check::Host;
use fail_core::log::Level;
use fail_core::watch::{Acted, Report};
use fail_wire::Name;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{AbortHandle, JoinError};

use super::failc::{self, Order};
use super::{mail, sentence, syslog};

/// Calls that block at once: failds that are asked, and names that are looked up. A name server
/// that is silent holds up that many, each until its own deadline.
const BLOCKING_MAX: usize = 256;

/// Why an errand is not done that ended in a panic.
const BROKEN: &str = "the action broke off, by an error in hc";

/// Something to be done over the network.
#[derive(Debug, Clone)]
pub enum Errand {
    /// A mail.
    Mail {
        /// To whom.
        to: Vec<String>,
        /// By which server.
        smtp: Host,
        /// From whom.
        from: String,
        /// What about.
        report: Report,
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

enum Ask {
    Run(u64, Box<Errand>, Time),
    Drop(u64),
    Ended(u64),
}

/// How long one may take, and until when that is.
#[derive(Debug, Clone, Copy)]
struct Time {
    limit: Duration,
    until: Instant,
}

/// Whose turn it is with a service of a faild at a host and a port. Who wants to be next waits
/// behind those that came before.
#[derive(Debug, Default)]
struct Turns(BTreeMap<(Name, String, u16), Arc<Mutex<()>>>);

impl Turns {
    fn of(&mut self, errand: &Errand) -> Option<Arc<Mutex<()>>> {
        let Errand::Failc(Order { service, host, .. }) = errand else {
            return None;
        };
        let service = (service.clone(), host.name.clone(), host.port);
        Some(self.0.entry(service).or_default().clone())
    }

    /// Forgets those that nobody has or waits for.
    fn sweep(&mut self) {
        self.0.retain(|_, turn| Arc::strong_count(turn) > 1);
    }
}

/// The thread. It ends when this is dropped.
#[derive(Debug, Clone)]
pub struct Errands {
    ask: mpsc::UnboundedSender<Ask>,
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
        let (ask, asked) = mpsc::unbounded_channel();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime
            .enable_all()
            .max_blocking_threads(BLOCKING_MAX)
            .build()?;
        let weak = ask.downgrade();
        let thread = std::thread::Builder::new().name("errands".to_string());
        thread.spawn(move || {
            runtime.block_on(serve(asked, weak, host, Arc::new(tell)));
            // A faild that is being asked is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Errands { ask })
    }

    /// Runs one for at most `limit`.
    pub fn run(&self, number: u64, errand: Errand, limit: Duration) {
        let until = Instant::now() + limit;
        let time = Time { limit, until };
        // The thread ends only when nobody can ask any more.
        let _ = self.ask.send(Ask::Run(number, Box::new(errand), time));
    }

    /// Nobody waits for this one any more.
    pub fn forget(&self, number: u64) {
        let _ = self.ask.send(Ask::Drop(number));
    }
}

async fn serve<F: Fn(u64, Acted) + Send + Sync + 'static>(
    mut asked: mpsc::UnboundedReceiver<Ask>,
    ask: mpsc::WeakUnboundedSender<Ask>,
    host: String,
    tell: Arc<F>,
) {
    let mut running: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    let mut turns = Turns::default();
    while let Some(next) = asked.recv().await {
        match next {
            Ask::Drop(number) => {
                running.remove(&number).inspect(AbortHandle::abort);
            }
            Ask::Ended(number) => {
                running.remove(&number);
                if running.is_empty() {
                    turns.sweep();
                }
            }
            Ask::Run(number, errand, time) => {
                let (tell, ask, host) = (tell.clone(), ask.clone(), host.clone());
                let turn = turns.of(&errand);
                let errand = tokio::spawn(async move {
                    let done = run(*errand, &host, time.until, turn);
                    let done = tokio::time::timeout_at(time.until.into(), done).await;
                    done.unwrap_or_else(|_| Err(format!("not done within {:?}", time.limit)))
                });
                running.insert(number, errand.abort_handle());
                tokio::spawn(async move {
                    if let Some(acted) = ended(errand.await) {
                        tell(number, acted);
                    }
                    ask.upgrade().map(|ask| ask.send(Ask::Ended(number)));
                });
            }
        }
    }
}

/// How an errand has ended; nothing if it was dropped. A library may give up in a panic about
/// what comes from the network: the line of the action must go on.
fn ended(joined: Result<Result<(), String>, JoinError>) -> Option<Acted> {
    match joined {
        Ok(Ok(())) => Some(Acted::Done),
        Ok(Err(why)) => Some(Acted::Failed(fail_client::clean(&why).into_owned())),
        Err(e) if e.is_cancelled() => None,
        Err(_) => Some(Acted::Failed(BROKEN.to_string())),
    }
}

async fn run(
    errand: Errand,
    host: &str,
    until: Instant,
    turn: Option<Arc<Mutex<()>>>,
) -> Result<(), String> {
    // Kept until the call that blocks has ended, even if nobody waits for it any more.
    let turn = match turn {
        Some(turn) => Some(turn.lock_owned().await),
        None => None,
    };
    match errand {
        Errand::Mail {
            to,
            smtp,
            from,
            report,
        } => mail::send(&to, &smtp, &from, &report, host).await,
        Errand::Syslog { level, report } => syslog::send(level, &sentence(&report)).await,
        Errand::Failc(order) => {
            let asked = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                failc::fulfil(&order, until)
            });
            asked.await.unwrap_or_else(|_| Err(BROKEN.to_string()))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use std::net::UdpSocket;
    use std::sync::mpsc::channel;

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
            away: None,
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
        let errands = errands.unwrap();
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

    #[test]
    fn a_panic_is_a_failure_and_a_dropped_errand_is_no_answer() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let come_of = |errand: tokio::task::JoinHandle<_>| runtime.block_on(errand);
        let broken = runtime.spawn(async { panic!("this is part of the test") });
        let failed = Some(Acted::Failed(BROKEN.to_string()));
        assert_eq!(ended(come_of(broken)), failed);
        let dropped = runtime.spawn(std::future::pending());
        dropped.abort();
        assert_eq!(ended(come_of(dropped)), None);
    }
}
