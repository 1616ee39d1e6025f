//! The thread in which checks run side by side.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Line, Terms};
use fail_core::limits::{FIGURES_MAX, POSTS_MAX};
use fail_core::time::Span;
use fail_core::watch::{Finding, Verdict};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::blocking::THREADS;
use crate::found::{self, Found, bad, unknown};
use crate::pulse::{Pulse, Stall};
use crate::tasks::Tasks;
use crate::{dns, faild, http, icmp, ldap, mail, net, note, ntp, tcp};

/// A thread that runs checks. It ends when this is dropped.
#[derive(Debug)]
pub struct Prober {
    tasks: Tasks<Ended>,
    pulse: Arc<Pulse>,
    lacked: Arc<Mutex<Option<String>>>,
    posts: Arc<Semaphore>,
}

/// So late deadlines are on any busy host.
const LATE_MIN: Duration = Duration::from_millis(50);

/// How a check ended.
pub(crate) struct Ended {
    pub finding: Finding,
    /// What this host had none of, time included, when its time was over.
    pub lacked: Option<String>,
}

/// After so long a check that found no descriptor looks whether there is one.
const AGAIN: Duration = Duration::from_millis(200);

/// The number of what says that the thread goes on. No check has it.
const PULSE: u64 = u64::MAX;

impl Prober {
    /// Starts the thread. `tell` is called there, once for each check that was not dropped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(tell: impl Fn(u64, Finding) + Send + Sync + 'static) -> io::Result<Prober> {
        let pulse = Arc::new(Pulse::new());
        let lacked = Arc::<Mutex<Option<String>>>::default();
        let (pulses, lacks) = (Arc::clone(&pulse), Arc::clone(&lacked));
        let tasks = Tasks::start("probes", THREADS, move |number, ended: Option<Ended>| {
            pulses.is_here();
            let Some(Ended { finding, lacked }) = ended else {
                return tell(number, unknown("the check broke off, by an error in hc"));
            };
            if lacked.is_some() {
                // Nothing is left half done under this lock.
                *lacks.lock().unwrap_or_else(PoisonError::into_inner) = lacked;
            }
            tell(number, finding);
        })?;
        let pulses = Arc::clone(&pulse);
        tasks.run(PULSE, async move { pulses.go_on().await });
        let posts = Arc::new(Semaphore::new(POSTS_MAX));
        Ok(Prober {
            tasks,
            pulse,
            lacked,
            posts,
        })
    }

    /// Runs a check for at most `limit`. Not for those that are programs, which are answered
    /// with a finding that says so.
    pub fn check(&self, number: u64, line: Line, limit: Duration) {
        self.tasks
            .run(number, async move { probe(&line, limit).await });
    }

    /// The same for one that is no question, but tells somebody something: it waits for one of
    /// [`POSTS_MAX`] places first, so that those who do not listen leave room for checks.
    pub fn post(&self, number: u64, line: Line, limit: Duration) {
        let posts = Arc::clone(&self.posts);
        self.tasks.run(number, async move {
            let until = Instant::now() + limit;
            match tokio::time::timeout_at(until, posts.acquire()).await {
                Ok(_place) => Ended {
                    lacked: None,
                    ..probe(&line, until - Instant::now()).await
                },
                Err(_) => Ended {
                    finding: bad("too many are posted: no place by its deadline"),
                    lacked: None,
                },
            }
        });
    }

    /// What this host had none of when the time of a check was over, since this was asked last:
    /// what was found bad meanwhile says nothing. It is known as early as [`Prober::stalled`].
    pub fn lacked(&self) -> Option<String> {
        let mut lacked = self.lacked.lock().unwrap_or_else(PoisonError::into_inner);
        lacked.take()
    }

    /// Whether the thread has stood still since this was asked last. It is known before the
    /// findings that came of it: ask after taking them, and before they are believed.
    pub fn stalled(&self) -> Option<Stall> {
        self.pulse.stalled()
    }

    /// Nobody waits for this one any more: it is not answered, if it was not yet.
    pub fn drop_check(&self, number: u64) {
        self.tasks.forget(number);
    }
}

/// Runs one check here and now, for at most `limit`.
///
/// # Errors
/// There is no runtime to be had.
pub fn probe_once(line: &Line, limit: Duration) -> io::Result<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    let ended = runtime.block_on(probe(line, limit));
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
    Ok(ended.finding)
}

/// One check, from its beginning to its end or its deadline.
pub(crate) async fn probe(line: &Line, limit: Duration) -> Ended {
    let asks = async {
        loop {
            let found = ask(&line.check, &line.terms, limit).await;
            let (Ok(finding) | Err(finding)) = &found;
            if finding.verdict == Verdict::Unknown {
                net::no_descriptor().inspect(|why| note::lacks(why));
            }
            let good = matches!(finding.verdict, Verdict::Good | Verdict::Warning);
            if !note::lacks_now() || good {
                return found;
            }
            // Others give theirs back: as who finds no place, it waits to its deadline.
            sleep(AGAIN).await;
        }
    };
    finished(asks, line, limit).await
}

/// What is asked, to its end or its deadline, as a finding that may be shown.
pub(crate) async fn finished(
    asks: impl Future<Output = Found>,
    line: &Line,
    limit: Duration,
) -> Ended {
    let began = Instant::now();
    let asked = async {
        note::leave_out(&line.hidden);
        match tokio::time::timeout(limit, asks).await {
            Ok(Ok(found) | Err(found)) => (found, None),
            Err(_) => (
                too_late(limit),
                note::lacked().or_else(|| late(began, limit)),
            ),
        }
    };
    let ((mut finding, lacked), figures) = note::taken(asked).await;
    finding.took = span(began.elapsed());
    finding.figures.extend(figures);
    finding.figures.truncate(FIGURES_MAX);
    let mut finding = line.terms.judge(finding);
    finding.why = found::line(&finding.why);
    Ended { finding, lacked }
}

/// That a deadline was so late that who is asked may have answered in time.
fn late(began: Instant, limit: Duration) -> Option<String> {
    let late = began.elapsed().saturating_sub(limit);
    let much = late >= LATE_MIN.max(limit / 2);
    much.then(|| format!("a deadline was late by {}ms", late.as_millis()))
}

fn too_late(limit: Duration) -> Finding {
    // Of a deadline a moment is gone when it arrives here, which nobody wants to read.
    let limit = Span::from_millis((span(limit).0 + 500_000) / 1_000_000);
    let why = match note::waited() {
        waits if waits.is_empty() => format!("no answer within {limit}"),
        waits => format!("no answer within {limit}: waited for {waits}"),
    };
    match note::lacked() {
        None => bad(why),
        Some(lacked) => unknown(format!("{lacked}; {why}")),
    }
}

async fn ask(check: &Check, terms: &Terms, limit: Duration) -> Found {
    // Each is boxed, so that a check takes the memory that its kind needs and not that of the
    // largest: thousands may wait, and the holes that they leave in the memory stay.
    let asked: Pin<Box<dyn Future<Output = Found> + Send + '_>> = match check {
        Check::Tcp {
            host,
            send,
            expect,
            tls,
        } => {
            let (send, expect) = (send.as_deref(), expect.as_deref());
            Box::pin(tcp::probe(host, send, expect, tls.as_ref(), terms))
        }
        Check::Http(http) => Box::pin(http::probe(http, terms)),
        Check::Dns { .. } => Box::pin(dns::probe(check, terms)),
        Check::Mail { .. } => Box::pin(mail::probe(check, terms)),
        Check::Ldap { .. } => Box::pin(ldap::probe(check, terms)),
        Check::Icmp { .. } => Box::pin(icmp::probe(check, terms)),
        Check::Ntp { .. } => Box::pin(ntp::probe(check, terms)),
        Check::Faild { .. } => Box::pin(faild::probe(check, terms, limit)),
        Check::Exec(_) | Check::Nagios(_) | Check::Tcl { .. } => {
            return Ok(unknown("a program, which is not run here"));
        }
    };
    asked.await
}

/// A length of time as the core has it.
fn span(time: Duration) -> Span {
    // Nothing here takes five hundred years.
    Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use fail_conf::hcfile::parse_check;
    use fail_core::limits::FINDING_BYTES_MAX;

    use super::*;

    fn line() -> Line {
        parse_check("http http://h/?key=SECRETK method=POST body=\"hunter2 x\"").unwrap()
    }

    #[tokio::test]
    async fn what_is_left_out_of_the_line_is_hidden_in_the_reason_too() {
        for (why, told) in [
            ("status 301 to /secretk/x", "status 301 to /***/x"),
            ("what is hunter2?", "what is ***?"),
            ("what is x?", "what is x?"),
        ] {
            let asks = async { Err(bad(why)) };
            let found = finished(asks, &line(), Duration::from_secs(60)).await;
            assert_eq!(found.finding.why, told);
        }
    }

    #[tokio::test]
    async fn what_is_secret_is_hidden_at_the_deadline_too() {
        let hangs = async {
            note::hide(["s3cret".to_string()]);
            note::waits("the addresses of S3cret.example.org");
            std::future::pending().await
        };
        let found = finished(hangs, &line(), Duration::from_millis(1)).await;
        let told = "no answer within 1ms: waited for the addresses of ***.example.org";
        assert_eq!(found.finding.why, told);
    }

    #[tokio::test]
    async fn a_deadline_that_is_late_is_told() {
        let held = |time: Duration| async move {
            let began = Instant::now();
            while began.elapsed() < time {}
            std::future::pending().await
        };
        let limit = Duration::from_millis(100);
        let ended = finished(held(3 * limit), &line(), limit).await;
        assert_eq!(ended.finding.verdict, Verdict::Bad);
        let why = ended.lacked.unwrap();
        assert!(why.starts_with("a deadline was late by "), "{why}");
        let whole = Duration::from_millis(1);
        assert_eq!(late(Instant::now() - 2 * limit, 2 * limit - whole), None);
    }

    #[test]
    fn a_check_that_waits_takes_no_memory_of_other_kinds() {
        let bytes = std::mem::size_of_val(&probe(&line(), Duration::ZERO));
        assert!(bytes <= 2048, "{bytes}");
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
