//! failmon in a browser: a page on standard output (`-h`), the same for a web server (as
//! `failmon.cgi`), and served live with an interface for programs (`--serve`).
//!
//! All of it only shows: nothing that comes from a browser reaches a failsh or a faild.

mod api;
mod cgi;
mod metrics;
mod page;
mod parts;
mod serve;
mod service;
mod tables;
mod when;

use std::time::Duration;

use fail_cli::{Failmon, Failure, exit};
use fail_client::{print, words};

pub use cgi::{cgi, is_cgi};
use page::{Form, REFRESH};
use parts::Shown;
pub use serve::serve;

use crate::plain::{code, gathered};

/// `-h`: waits until everything was told once, or for the time-out, and prints the page.
///
/// # Errors
/// An option is wrong, or it can not be printed.
pub fn page(options: &Failmon) -> Result<u8, Failure> {
    let refresh = match options.refresh {
        None => None,
        Some(time) => Some(refresh(time.0)?),
    };
    let (source, _) = gathered(options)?;
    let form = Form {
        refresh,
        live: None,
    };
    let shown = Shown::new(&source.cluster, source.clock.now_ms(), false);
    put(&page::page(&shown, form))?;
    Ok(code(&source.cluster))
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
