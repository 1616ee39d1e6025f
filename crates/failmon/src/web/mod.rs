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

use fail_cli::{Failmon, Failure};

pub use cgi::{cgi, is_cgi};
use page::Form;
use parts::Shown;
pub use serve::serve;

use crate::plain::{code, gathered, say};

/// `-h`: waits until everything was told once, or for the time-out, and prints the page.
///
/// # Errors
/// An option is wrong, or it can not be printed.
pub fn page(options: &Failmon) -> Result<u8, Failure> {
    let refresh = match options.refresh {
        None => None,
        Some(time) => Some(time.refresh()?),
    };
    let (source, _) = gathered(options)?;
    let form = Form {
        refresh,
        live: None,
    };
    let shown = Shown::new(&source.cluster, source.clock.now_ms(), false);
    say(&page::page(&shown, form))?;
    Ok(code(&source.cluster))
}
