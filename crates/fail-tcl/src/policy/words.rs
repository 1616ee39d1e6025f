//! The words that the commands of a policy understand, for whoever completes a line, and the
//! names that it speaks of. From the tables by which those commands work.

use fail_core::policy::On;
use fail_wire::{Name, State};

use super::Site;
use super::options::{HOST, SERVICE};

/// The words of a kind; nothing: there is no such kind.
pub(crate) fn words(site: &Site, what: &str) -> Option<Vec<String>> {
    let owned = |words: Vec<&str>| Some(words.into_iter().map(String::from).collect());
    let names = |names: Vec<&Name>| Some(names.into_iter().map(ToString::to_string).collect());
    match what {
        "failhost" => owned(HOST.iter().map(|option| option.word).collect()),
        "failsvc" => owned(SERVICE.iter().map(|option| option.word).collect()),
        "failtrap" => owned(On::all().map(On::word).collect()),
        "states" => owned(State::ALL.map(State::word).to_vec()),
        "services" => names(site.draft.borrow().policy.services.keys().collect()),
        "hosts" => names(site.draft.borrow().hosts().into_iter().collect()),
        _ => None,
    }
}
