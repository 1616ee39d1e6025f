//! What a check has come to so far: what it waits for, what it has measured, what this host has
//! none of; and what it knows that nobody is to be told.
//!
//! It belongs to the task that runs the check, so that it is there when the check is ended by
//! its deadline: the reason says what was waited for, and what was measured is kept. What is secret
//! is taken out of a text before it is made shorter: half a password is still one.

use std::cell::RefCell;

use fail_core::watch::Figure;
use percent_encoding::percent_decode_str;

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
    /// What this host had none of any more, in a sentence, at any time.
    lacked: Option<String>,
    /// It was since somebody has asked.
    lacks: bool,
    /// What nobody is to be told: passwords, for which nobody is asked who repeats them.
    secrets: Vec<String>,
    /// And what is left out of the line that everybody sees, which who is asked may repeat.
    left_out: Vec<String>,
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

/// This host has none of something any more, which says nothing of who is asked.
pub(crate) fn lacks(why: &str) {
    let _ = NOTES.try_with(|notes| {
        let mut notes = notes.borrow_mut();
        (notes.lacked, notes.lacks) = (Some(why.to_string()), true);
    });
}

/// Whether it was so since this was asked last.
pub(crate) fn lacks_now() -> bool {
    let lacks = NOTES.try_with(|notes| std::mem::take(&mut notes.borrow_mut().lacks));
    lacks.unwrap_or(false)
}

/// What it lacked, if it did.
pub(crate) fn lacked() -> Option<String> {
    let lacked = NOTES.try_with(|notes| notes.borrow().lacked.clone());
    lacked.ok().flatten()
}

/// From now on nobody is told these, whoever repeats them.
pub(crate) fn hide(secrets: impl IntoIterator<Item = String>) {
    let _ = NOTES.try_with(|notes| notes.borrow_mut().secrets.extend(secrets));
}

/// From now on nobody is told these either; but who repeats them does what is usual.
pub(crate) fn leave_out(words: &[String]) {
    let read = |word: &String| {
        let read = percent_decode_str(word).decode_utf8_lossy().into_owned();
        (read != *word).then_some(read)
    };
    let read: Vec<String> = words.iter().filter_map(read).collect();
    let _ = NOTES.try_with(|notes| {
        let left_out = &mut notes.borrow_mut().left_out;
        left_out.extend(words.iter().cloned().chain(read));
    });
}

/// Whether there is a password in a text.
pub(crate) fn has_secret(text: &str) -> bool {
    let has = NOTES.try_with(|notes| file::discreet(text, &notes.borrow().secrets) != text);
    has.unwrap_or(false)
}

/// A text without what is to be hidden.
pub(crate) fn discreet(text: String) -> String {
    let hidden = NOTES.try_with(|notes| {
        let notes = notes.borrow();
        file::discreet(&text, notes.secrets.iter().chain(&notes.left_out))
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
