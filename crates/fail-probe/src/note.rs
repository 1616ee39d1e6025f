//! What a check has come to so far: what it waits for, what it has measured; and what it knows
//! that nobody is to be told.
//!
//! It belongs to the task that runs the check, so that it is there when the check is ended by
//! its deadline: the reason says what was waited for, and what was measured is kept. What is secret
//! is taken out of a text before it is made shorter: half a password is still one.

use std::cell::RefCell;

use fail_core::watch::Figure;

use crate::file;

tokio::task_local! {
    static NOTES: RefCell<Notes>;
}

#[derive(Debug, Default)]
struct Notes {
    /// What is waited for, behind `waiting for`; empty: nothing that has a name.
    waits: String,
    /// What was measured.
    figures: Vec<Figure>,
    /// What nobody is to be told.
    secrets: Vec<String>,
}

/// Runs a check, and gives what it measured beside what it gives.
pub(crate) async fn taken<T>(check: impl Future<Output = T>) -> (T, Vec<Figure>) {
    let with_notes = async {
        let given = check.await;
        (given, NOTES.with(RefCell::take).figures)
    };
    NOTES.scope(RefCell::default(), with_notes).await
}

/// From now on this is waited for: `an answer of 192.0.2.1:80`. A later one replaces it.
pub(crate) fn waits(what: impl Into<String>) {
    // Outside of a check nobody asks.
    let _ = NOTES.try_with(|notes| notes.borrow_mut().waits = what.into());
}

/// What is waited for.
pub(crate) fn waited() -> String {
    let waits = NOTES.try_with(|notes| notes.borrow().waits.clone());
    waits.unwrap_or_default()
}

/// From now on nobody is told these, whoever repeats them.
pub(crate) fn hide(secrets: impl IntoIterator<Item = String>) {
    let _ = NOTES.try_with(|notes| notes.borrow_mut().secrets.extend(secrets));
}

/// A text without what is to be hidden.
pub(crate) fn discreet(text: String) -> String {
    let hidden = NOTES.try_with(|notes| {
        let secrets = &notes.borrow().secrets;
        file::discreet(&text, secrets)
    });
    hidden.unwrap_or(text)
}

/// This was measured; it replaces an earlier one of that name.
pub(crate) fn measured(figure: Figure) {
    let _ = NOTES.try_with(|notes| {
        let figures = &mut notes.borrow_mut().figures;
        figures.retain(|earlier| earlier.name != figure.name);
        figures.push(figure);
    });
}
