//! `failc watch`: a line for each record as it is, and then for each change as it happens, until
//! somebody ends it or nobody reads it any more.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fail_cli::{Failc, exit};
use fail_client::{News, utc};
use fail_wire::Name;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Failed, client, failed, name, never_quiet, print, show};

/// Between two looks whether somebody ended it or nobody reads it any more.
const LOOK: Duration = Duration::from_millis(250);

/// What is under way when somebody ends it is done, if it is done so soon: who does not read
/// what is written to him must not keep us.
const GRACE: Duration = Duration::from_millis(1_500);

/// Goes on until the end. Gives the exit code.
pub fn follow(options: &Failc, services: &[String]) -> Result<u8, Failed> {
    never_quiet(options, "watch")?;
    let names: Vec<Name> = services
        .iter()
        .map(|service| name(service))
        .collect::<Result<_, _>>()?;
    let over = when_told().map_err(|e| (exit::OSERR, format!("can not catch signals: {e}")))?;
    let mut watch = client(options)?.watch(&names).map_err(failed)?;
    while !over.load(Ordering::Relaxed) {
        let somebody_reads = match watch.next_until(Instant::now() + LOOK) {
            Some(news) => print(&text(options, &news))?,
            None => !nobody_reads(),
        };
        if !somebody_reads {
            break;
        }
    }
    Ok(exit::OK)
}

/// Becomes true on SIGINT and SIGTERM.
fn when_told() -> io::Result<Arc<AtomicBool>> {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            told.store(true, Ordering::Relaxed);
            std::thread::sleep(GRACE);
            std::process::exit(i32::from(exit::OK));
        }
    });
    Ok(over)
}

/// `failc watch | head -1`: there may be no change for a long time.
fn nobody_reads() -> bool {
    let out = io::stdout();
    let mut ends = [PollFd::new(out.as_fd(), PollFlags::empty())];
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP;
    let looked = poll(&mut ends, PollTimeout::ZERO);
    let seen = ends[0].revents().filter(|_| looked.is_ok());
    seen.is_some_and(|seen| seen.intersects(gone))
}

fn text(options: &Failc, news: &News) -> String {
    if options.json {
        return match news {
            News::Record(record) => show::json(record),
            News::Ready => line(&json!({ "ready": true })),
            News::Silent(error) => line(&json!({ "error": error.to_string() })),
            News::Answers { anew } => line(&json!({ "answers": true, "anew": anew })),
        };
    }
    let at = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = at.map_or(0, |at| i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
    let server = &options.server;
    let text = match news {
        News::Record(record) => show::line(record),
        News::Ready => return String::new(),
        News::Silent(error) => line(error),
        News::Answers { anew: true } => {
            line(&format_args!("{server} was started anew and answers"))
        }
        News::Answers { anew: false } => line(&format_args!("{server} answers again")),
    };
    format!("{} {text}", utc(at))
}

fn line(what: &dyn std::fmt::Display) -> String {
    format!("{what}\n")
}
