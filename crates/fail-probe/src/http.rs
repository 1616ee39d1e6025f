//! Asks a web server.

use fail_conf::hcfile::check::{Http, Terms};

use crate::found::{Found, unknown};

pub(crate) async fn probe(_http: &Http, _terms: &Terms) -> Found {
    Ok(unknown("not built yet"))
}
