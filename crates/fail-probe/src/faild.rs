//! Asks a faild for the state of a service.

use std::time::Duration;

use fail_client::{Client, Error, Options};
use fail_conf::hcfile::check::{Check, Terms};
use fail_core::watch::Finding;
use fail_wire::{Marks, Name, Record, State};

use crate::found::{Found, bad, figure, good, unknown, warning};
use crate::{blocking, file, net, note};

/// The client blocks, in a thread that nobody can end: so it is asked so often, each time for so
/// long at most. It is over after four addresses of six seconds, whatever the deadline of the check
/// is.
const TRIES: u32 = 3;

/// See [`TRIES`].
const TIMEOUT_MAX: Duration = Duration::from_secs(2);

/// See [`TRIES`].
const ADDRESSES_MAX: usize = 4;

pub(crate) async fn probe(check: &Check, terms: &Terms, limit: Duration) -> Found {
    let Check::Faild {
        service,
        host,
        community,
        states,
    } = check
    else {
        return Ok(unknown("not a check of faild"));
    };
    let community = file::community(community.as_deref()).await;
    let community = community.map_err(unknown)?;
    let mut addresses = net::addresses(host, terms.family).await?;
    addresses.truncate(ADDRESSES_MAX);
    let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    note::waits(format!("an answer of faild at {}", names.join(" or ")));
    let name = service.clone();
    let options = Options {
        // A refusal that nothing proves is believed when nothing better came in one time-out: it
        // is to be told before the check is over.
        timeout: TIMEOUT_MAX.min(limit / 2),
        tries: TRIES,
        protocol: fail_client::Protocol::Udp,
    };
    let read = blocking::call(&blocking::FAILDS, move || {
        let mut client = Client::of_host(&addresses, &community, options)?;
        client.read_one(&name)
    });
    let read = read.await.map_err(unknown)?;
    let (record, _) = read.map_err(|e| failed(&e))?;
    Ok(judge(&record, service, &host.name, states))
}

fn judge(record: &Record, service: &Name, host: &str, states: &[State]) -> Finding {
    if record.is_unknown() {
        return bad(format!("{host} does not know {service}"));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody reads microseconds of a year"
    )]
    let age = record.age_ms as f64 / 1e3;
    note::measured(figure("age", age, "s"));
    let mut why = format!("{service} is {} on {host}", record.state.word());
    // Nobody sees to it that this is still so.
    let alone = record.marks.has(Marks::UNSUPERVISED);
    if alone {
        why += " (unsupervised)";
    }
    if !record.reason.as_str().is_empty() {
        why = format!("{why}: {}", record.reason.as_str());
    }
    match (states.contains(&record.state), alone) {
        (true, false) => good(why),
        (true, true) => warning(why),
        (false, _) => bad(why),
    }
}

fn failed(error: &Error) -> Finding {
    match error {
        Error::Unreachable { .. } | Error::Silent { .. } | Error::Protocol { .. } => {
            bad(error.to_string())
        }
        // What is wrong is the community, or this host.
        _ => unknown(error.to_string()),
    }
}
