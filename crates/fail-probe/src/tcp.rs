//! Opens a connection, says something, and looks for an answer.

use fail_conf::hcfile::check::{Host, Terms, Tls};

use crate::found::{Found, unknown};

pub(crate) async fn probe(
    _host: &Host,
    _send: Option<&str>,
    _expect: Option<&str>,
    _tls: Option<&Tls>,
    _terms: &Terms,
) -> Found {
    Ok(unknown("not built yet"))
}
