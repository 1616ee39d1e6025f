//! failmon in a browser: a page on standard output (`-h`), the same for a web server (as
//! `failmon.cgi`), and served live with an interface for programs (`--serve`).
//!
//! All of it only shows: nothing that comes from a browser reaches a failsh or a faild.

mod api;
mod cgi;
mod clean;
mod metrics;
mod page;
mod parts;
mod serve;
mod service;
mod tables;
mod when;

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use fail_cli::{Failmon, Failure, exit};
use fail_client::{print, words};

pub use cgi::{cgi, is_cgi};
use page::{Form, REFRESH};
use parts::Shown;
pub use serve::serve;

use crate::record::post;
use crate::source::{Came, Source};

/// Updates that may wait until they are taken; then the failsh waits.
const WAITING_MAX: usize = 1_000;

/// `-h`: waits until everything was told once, or for the time-out, and prints the page.
///
/// # Errors
/// An option is wrong, or it can not be printed.
pub fn page(options: &Failmon) -> Result<u8, Failure> {
    let refresh = match options.refresh {
        None => None,
        Some(time) => Some(refresh(time.0)?),
    };
    let source = gather(options)?;
    let form = Form {
        refresh,
        live: None,
    };
    let shown = Shown::new(&source.cluster, source.clock.now_ms(), false);
    put(&page::page(&shown, form))?;
    let answered = source.cluster.views.iter().any(|v| v.shown.hello.is_some());
    Ok(match answered {
        true => exit::OK,
        false => exit::UNAVAILABLE,
    })
}

fn refresh(time: Duration) -> Result<u64, Failure> {
    let whole = time.subsec_nanos() == 0 && REFRESH.contains(&time.as_secs());
    whole.then_some(time.as_secs()).ok_or_else(|| {
        let text = format!(
            "a page can be read again every {} to {} whole seconds",
            REFRESH.start(),
            REFRESH.end()
        );
        Failure::new(exit::USAGE, text)
    })
}

/// What the targets tell until everything was told once; what is known when it takes longer.
fn gather(options: &Failmon) -> Result<Source, Failure> {
    let (send, receive) = sync_channel(WAITING_MAX);
    let mut source = Source::begin(options, &post(move |came| send.send(came).is_ok()))?;
    let end = Instant::now() + options.timeout.0;
    while !source.is_whole() {
        let left = end.saturating_duration_since(Instant::now());
        match receive.recv_timeout(left) {
            Ok(Came::Seen(number, seen)) => {
                if let Some(sentence) = source.take(number, seen) {
                    eprintln!("failmon: {sentence}");
                }
            }
            Ok(Came::Over(Some(problem))) => return Err(Failure::new(exit::DATA, problem)),
            Ok(Came::Over(None)) => break,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(source)
}

fn put(text: &str) -> Result<(), Failure> {
    match print(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let text = format!("can not write to standard output: {}", words(&e));
            Err(Failure::new(exit::IOERR, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_again_in_whole_seconds_of_an_hour() {
        for good in [1, 5, 3_600] {
            assert_eq!(refresh(Duration::from_secs(good)).unwrap(), good);
        }
        for bad in [500, 1_500, 3_600_001, 3_601_000] {
            let failure = refresh(Duration::from_millis(bad)).unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(failure.to_string().contains("1 to 3600 whole seconds"));
        }
    }
}
