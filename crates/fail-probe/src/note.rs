//! What a check has come to so far: what it waits for, what it has measured.
//!
//! It belongs to the task that runs the check, so that it is there when the check is ended by
//! its deadline: the reason says what was waited for, and what was measured is kept.

use std::cell::RefCell;

use fail_core::watch::Figure;

tokio::task_local! {
    static NOTES: RefCell<Notes>;
}

#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What is waited for, behind `waiting for`; empty: nothing that has a name.
    pub waits: String,
    /// What was measured.
    pub figures: Vec<Figure>,
}

/// Runs a check, and gives what it noted beside what it gives.
pub(crate) async fn taken<T>(check: impl Future<Output = T>) -> (T, Notes) {
    let with_notes = async {
        let given = check.await;
        (given, NOTES.with(RefCell::take))
    };
    NOTES.scope(RefCell::default(), with_notes).await
}

/// From now on this is waited for: `an answer of 192.0.2.1:80`. A later one replaces it.
pub(crate) fn waits(what: impl Into<String>) {
    // Outside of a check nobody asks.
    let _ = NOTES.try_with(|notes| notes.borrow_mut().waits = what.into());
}

/// This was measured; it replaces an earlier one of that name.
pub(crate) fn measured(figure: Figure) {
    let _ = NOTES.try_with(|notes| {
        let figures = &mut notes.borrow_mut().figures;
        figures.retain(|earlier| earlier.name != figure.name);
        figures.push(figure);
    });
}
