//! The thread in which checks run side by side.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Line, Terms};
use fail_core::limits::FIGURES_MAX;
use fail_core::time::Span;
use fail_core::watch::Finding;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError};
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
                let check = tokio::spawn(async move { probe(&line, limit).await });
                running.insert(number, check.abort_handle());
                tokio::spawn(async move {
                    if let Some(finding) = ended(check.await) {
                        tell(number, finding);
                    }
                    ask.upgrade().map(|ask| ask.send(Ask::Ended(number)));
                });
            }
        }
    }
}

/// How a check has ended; nothing if it was dropped. What comes from the network can be so odd
/// that a library gives up in a panic, which must not be the end of all other checks.
fn ended(joined: Result<Finding, JoinError>) -> Option<Finding> {
    match joined {
        Ok(finding) => Some(finding),
        Err(e) if e.is_cancelled() => None,
        Err(_) => Some(unknown("the check broke off, by an error in hc")),
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
    finished(ask(&line.check, &line.terms), &line.terms, limit).await
}

/// What is asked, to its end or its deadline, as a finding that may be shown.
pub(crate) async fn finished(
    asks: impl Future<Output = Found>,
    terms: &Terms,
    limit: Duration,
) -> Finding {
    let began = Instant::now();
    let asked = async {
        match tokio::time::timeout(limit, asks).await {
            Ok(Ok(found) | Err(found)) => found,
            Err(_) => too_late(limit),
        }
    };
    let (mut finding, figures) = note::taken(asked).await;
    finding.took = span(began.elapsed());
    finding.figures.extend(figures);
    finding.figures.truncate(FIGURES_MAX);
    let mut finding = terms.judge(finding);
    finding.why = found::line(&finding.why);
    finding
}

fn too_late(limit: Duration) -> Finding {
    // Of a deadline a moment is gone when it arrives here, which nobody wants to read.
    let limit = Span::from_millis((span(limit).0 + 500_000) / 1_000_000);
    match note::waited() {
        waits if waits.is_empty() => bad(format!("no answer within {limit}")),
        waits => bad(format!("no answer within {limit}: waited for {waits}")),
    }
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
    use fail_core::limits::FINDING_BYTES_MAX;
    use fail_core::watch::Verdict;

    use super::*;

    #[test]
    fn a_panic_is_a_finding_and_a_dropped_check_is_none() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let come_of = |check: tokio::task::JoinHandle<Finding>| runtime.block_on(check);
        let broken = runtime.spawn(async { panic!("this is part of the test") });
        let broken = ended(come_of(broken)).unwrap();
        assert_eq!(broken.verdict, Verdict::Unknown);
        let dropped = runtime.spawn(std::future::pending());
        dropped.abort();
        assert_eq!(ended(come_of(dropped)), None);
    }

    #[test]
    fn a_reason_is_one_clean_line_that_is_not_too_long() {
        assert_eq!(found::line("a\r\n b\t\u{b}c "), "a b c");
        assert_eq!(found::line("a\x1b[2J\u{202e}"), "a\\u{1b}[2J\\u{202e}");
        for letter in ["x", "é", "☃", "𝄞"] {
            for before in ["", "a", "ab", "abc"] {
                let line = found::line(&(before.to_string() + &letter.repeat(600)));
                assert!(line.len() <= FINDING_BYTES_MAX && line.len() > FINDING_BYTES_MAX - 4);
                assert!(line.ends_with("..."));
            }
        }
    }
}
