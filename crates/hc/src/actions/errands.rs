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
use fail_probe::Tasks;
use fail_wire::Name;
use tokio::sync::Mutex;

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

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Errands {
    tasks: Tasks<Result<(), String>>,
    host: Arc<str>,
    turns: Turns,
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
            let done = done.unwrap_or_else(|| Err(BROKEN.to_string()));
            tell(
                number,
                match done {
                    Ok(()) => Acted::Done,
                    Err(why) => Acted::Failed(fail_client::clean(&why).into_owned()),
                },
            );
        })?;
        Ok(Errands {
            tasks,
            host: host.into(),
            turns: Turns::default(),
        })
    }

    /// Runs one for at most `limit`.
    pub fn run(&mut self, number: u64, errand: Errand, limit: Duration) {
        let until = Instant::now() + limit;
        let turn = self.turns.of(&errand);
        let host = self.host.clone();
        self.tasks.run(number, async move {
            let done = run(errand, &host, until, turn);
            let done = tokio::time::timeout_at(until.into(), done).await;
            done.unwrap_or_else(|_| Err(format!("not done within {limit:?}")))
        });
    }

    /// Nobody waits for this one any more.
    pub fn forget(&self, number: u64) {
        self.tasks.forget(number);
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
}
