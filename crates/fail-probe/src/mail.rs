//! Greets a mail server: SMTP, IMAP, POP3.

use fail_conf::hcfile::check::{Check, Terms};

use crate::found::{Found, unknown};

pub(crate) async fn probe(_check: &Check, _terms: &Terms) -> Found {
    Ok(unknown("not built yet"))
}
