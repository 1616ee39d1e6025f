//! Pictures for tests.

#[path = "../../../tests/golden/hc/told.rs"]
mod told;

use fail_client::health::Snapshot;
pub use told::{NOW, read};

use crate::look::{Asked, Shown};
use crate::query::Query;

/// Under a web server.
pub fn shown(asked: Vec<(&str, Result<Snapshot, String>)>, query: &str) -> Shown {
    let asked = asked.into_iter().map(|(host, told)| Asked {
        host: host.to_string(),
        told,
    });
    let query = Query::read(query).unwrap();
    let mut shown = Shown::new(asked.collect(), query, true);
    shown.now = NOW;
    shown
}

/// That one alone.
pub fn one(query: &str) -> Shown {
    shown(vec![("hosta", Ok(told::shown()))], query)
}
