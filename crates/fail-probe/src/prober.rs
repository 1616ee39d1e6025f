//! The thread in which checks run side by side.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Line, Terms};
use fail_core::limits::FIGURES_MAX;
use fail_core::time::Span;
use fail_core::watch::Finding;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::found::{self, Found, bad, unknown};
use crate::{dns, faild, http, icmp, ldap, mail, note, ntp, tcp};

/// What the thread is told.
enum Ask {
    Check {
        number: u64,
        line: Box<Line>,
        limit: Duration,
    },
    Drop(u64),
    Ended(u64),
}

/// A thread that runs checks. It ends when this is dropped.
#[derive(Debug, Clone)]
pub struct Prober {
    ask: mpsc::UnboundedSender<Ask>,
}

impl Prober {
    /// Starts the thread. `tell` is called there, once for each check that was not dropped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(tell: impl Fn(u64, Finding) + Send + Sync + 'static) -> io::Result<Prober> {
        let (ask, asked) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build()?;
        let weak = ask.downgrade();
        std::thread::Builder::new()
            .name("probes".to_string())
            .spawn(move || {
                let tell = std::sync::Arc::new(tell);
                runtime.block_on(serve(asked, weak, tell));
                // A name that is being looked up is not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Prober { ask })
    }

    /// Runs a check for at most `limit`. Not for those that are programs, which are answered
    /// with a finding that says so.
    pub fn check(&self, number: u64, line: Line, limit: Duration) {
        let line = Box::new(line);
        // The thread ends only when nobody can ask any more.
        let _ = self.ask.send(Ask::Check {
            number,
            line,
            limit,
        });
    }

    /// Nobody waits for this one any more: it is not answered, if it was not yet.
    pub fn drop_check(&self, number: u64) {
        let _ = self.ask.send(Ask::Drop(number));
    }
}

/// Takes what is asked until nobody can ask any more.
async fn serve<F: Fn(u64, Finding) + Send + Sync + 'static>(
    mut asked: mpsc::UnboundedReceiver<Ask>,
    ask: mpsc::WeakUnboundedSender<Ask>,
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
            Ask::Check {
                number,
                line,
                limit,
            } => {
                let (tell, ask) = (tell.clone(), ask.clone());
                let task = tokio::spawn(async move {
                    let mut owed = Owed {
                        tell,
                        finding: None,
                        number,
                        ask,
                    };
                    owed.finding = Some(probe(&line, limit).await);
                });
                running.insert(number, task.abort_handle());
            }
        }
    }
}

/// What is owed to the one who asked, when a check has ended: also when it ended by a mistake of
/// ours or of a library, which must not look like a check that goes on for ever.
struct Owed<F: Fn(u64, Finding)> {
    tell: std::sync::Arc<F>,
    finding: Option<Finding>,
    number: u64,
    ask: mpsc::WeakUnboundedSender<Ask>,
}

impl<F: Fn(u64, Finding)> Drop for Owed<F> {
    fn drop(&mut self) {
        let failed = || unknown("the check failed by a mistake in hc");
        let finding = match std::thread::panicking() {
            true => Some(failed()),
            // None: nobody waits for it any more.
            false => self.finding.take(),
        };
        if let Some(finding) = finding {
            (self.tell)(self.number, finding);
            self.ask
                .upgrade()
                .map(|ask| ask.send(Ask::Ended(self.number)));
        }
    }
}

/// Runs one check here and now, for at most `limit`.
///
/// # Errors
/// There is no runtime to be had.
pub fn probe_once(line: &Line, limit: Duration) -> io::Result<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    let finding = runtime.block_on(probe(line, limit));
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
    Ok(finding)
}

/// One check, from its beginning to its end or its deadline.
pub(crate) async fn probe(line: &Line, limit: Duration) -> Finding {
    let began = Instant::now();
    let asked = tokio::time::timeout(limit, ask(&line.check, &line.terms));
    let (asked, notes) = note::taken(asked).await;
    let took = began.elapsed();
    let mut finding = match asked {
        Ok(Ok(found) | Err(found)) => found,
        Err(_) if notes.waits.is_empty() => bad(format!("no answer within {}", span(limit))),
        Err(_) => {
            let (limit, waits) = (span(limit), notes.waits);
            bad(format!("no answer within {limit}: waited for {waits}"))
        }
    };
    finding.took = span(took);
    finding.figures.extend(notes.figures);
    finding.figures.truncate(FIGURES_MAX);
    let mut finding = line.terms.judge(finding);
    finding.why = found::line(&finding.why);
    finding
}

async fn ask(check: &Check, terms: &Terms) -> Found {
    match check {
        Check::Tcp {
            host,
            send,
            expect,
            tls,
        } => {
            tcp::probe(
                host,
                send.as_deref(),
                expect.as_deref(),
                tls.as_ref(),
                terms,
            )
            .await
        }
        Check::Http(http) => http::probe(http, terms).await,
        Check::Dns { .. } => dns::probe(check, terms).await,
        Check::Mail { .. } => mail::probe(check, terms).await,
        Check::Ldap { .. } => ldap::probe(check, terms).await,
        Check::Icmp { .. } => icmp::probe(check, terms).await,
        Check::Ntp { .. } => ntp::probe(check, terms).await,
        Check::Faild { .. } => faild::probe(check, terms).await,
        Check::Exec(_) | Check::Nagios(_) | Check::Tcl { .. } => {
            Ok(unknown("a program, which is not run here"))
        }
    }
}

/// A length of time as the core has it.
fn span(time: Duration) -> Span {
    // Nothing here takes five hundred years.
    Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "that is what is tested")]

    use super::*;

    /// What is told of a check that ends so.
    fn told(
        end: impl FnOnce(&mut Owed<Box<dyn Fn(u64, Finding) + Send + Sync>>) + Send + 'static,
    ) -> Vec<u64> {
        let (tell, heard) = std::sync::mpsc::channel();
        let (ask, _asked) = mpsc::unbounded_channel();
        let tell: Box<dyn Fn(u64, Finding) + Send + Sync> = Box::new(move |number, _| {
            let _ = tell.send(number);
        });
        let mut owed = Owed {
            tell: std::sync::Arc::new(tell),
            finding: None,
            number: 7,
            ask: ask.downgrade(),
        };
        // As tokio has it, what panics ends its task only.
        let _ = std::thread::spawn(move || end(&mut owed)).join();
        heard.iter().collect()
    }

    #[test]
    fn a_check_that_fails_by_a_mistake_is_answered() {
        assert_eq!(told(|_| panic!("a mistake")), [7]);
        assert_eq!(told(|owed| owed.finding = Some(bad("no"))), [7]);
        assert!(told(|_| ()).is_empty(), "it was dropped");
    }
}
