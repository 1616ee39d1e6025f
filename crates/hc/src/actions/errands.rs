//! The thread in which actions over the network run side by side: each is a future that is
//! dropped at its deadline, with its sockets. What can only be asked by a call that blocks
//! (a faild) has a thread of its own, from a pool with a limit.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use fail_conf::hcfile::check::Host;
use fail_core::log::Level;
use fail_core::watch::{Acted, Report};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::failc::{self, Order};
use super::{mail, sentence, syslog};

/// Calls that block at once: failds that are asked, and names that are looked up. A name server
/// that is silent holds up that many, each until its own deadline.
const BLOCKING_MAX: usize = 256;

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
    Run(u64, Box<Errand>, Duration),
    Drop(u64),
    Ended(u64),
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
            runtime.block_on(serve(asked, weak, host, std::sync::Arc::new(tell)));
            // A faild that is being asked is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Errands { ask })
    }

    /// Runs one for at most `limit`.
    pub fn run(&self, number: u64, errand: Errand, limit: Duration) {
        // The thread ends only when nobody can ask any more.
        let _ = self.ask.send(Ask::Run(number, Box::new(errand), limit));
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
    tell: std::sync::Arc<F>,
) {
    let mut running: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    while let Some(next) = asked.recv().await {
        match next {
            Ask::Drop(number) => {
                running.remove(&number).inspect(AbortHandle::abort);
            }
            Ask::Ended(number) => {
                running.remove(&number);
            }
            Ask::Run(number, errand, limit) => {
                let (tell, ask, host) = (tell.clone(), ask.clone(), host.clone());
                let task = tokio::spawn(async move {
                    let done = tokio::time::timeout(limit, run(*errand, &host, limit)).await;
                    let late = || Err(format!("not done within {limit:?}"));
                    let acted = match done.unwrap_or_else(|_| late()) {
                        Ok(()) => Acted::Done,
                        Err(why) => Acted::Failed(fail_client::clean(&why).into_owned()),
                    };
                    tell(number, acted);
                    ask.upgrade().map(|ask| ask.send(Ask::Ended(number)));
                });
                running.insert(number, task.abort_handle());
            }
        }
    }
}

async fn run(errand: Errand, host: &str, limit: Duration) -> Result<(), String> {
    match errand {
        Errand::Mail {
            to,
            smtp,
            from,
            report,
        } => mail::send(&to, &smtp, &from, &report, host).await,
        Errand::Syslog { level, report } => syslog::send(level, &sentence(&report)).await,
        Errand::Failc(order) => {
            let asked = tokio::task::spawn_blocking(move || failc::fulfil(&order, limit));
            asked.await.unwrap_or_else(|e| Err(e.to_string()))
        }
    }
}
