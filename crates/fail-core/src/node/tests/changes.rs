//! Stories of changes: compare and set, the disk, marks.

use super::*;

#[test]
fn a_change_is_acknowledged_only_when_it_is_on_disk() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Recover));
    lab.order("rw", &change);
    assert!(lab.sent.is_empty(), "acknowledged before it was saved");
    let image = lab.saved(true);
    assert_eq!(image.boot, BOOT);
    assert_eq!(image.records[0].state, State::Recover);
    let record = acknowledged(lab.heard("rw"));
    assert_eq!((record.state, record.version), (State::Recover, 1));
    assert_eq!(record.marks, Marks(0));
    assert_eq!(record.reason.as_str(), "a test");
    lab.pass(700);
    assert_eq!(lab.record("web").age_ms, 700);
}

#[test]
fn changes_that_come_while_the_disk_is_busy_share_one_save() {
    let mut lab = Lab::new();
    for service in ["a", "b", "c", "d"] {
        let change = lab.change(service, Some(State::Up));
        lab.order("rw", &change);
    }
    assert_eq!(lab.saves.len(), 1, "one at a time");
    assert_eq!(lab.saved(true).records.len(), 1);
    assert_eq!(lab.sent.len(), 1);
    assert_eq!(lab.saved(true).records.len(), 4);
    assert_eq!(lab.sent.len(), 4);
    assert!(lab.saves.is_empty());
}

#[test]
fn a_failed_save_is_owned_up_to_and_tried_again_after_five_seconds() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    lab.saved(false);
    let no = refusal(lab.heard("rw"));
    assert_eq!(no.code, Ok(Code::Unsaved));
    assert_eq!(no.record.unwrap().state, State::Up, "it is in force");
    lab.pass(4999);
    assert!(lab.saves.is_empty(), "too early");
    lab.pass(1);
    lab.saved(false);
    lab.pass(5000);
    assert_eq!(lab.saved(true).records[0].version, 1);
    assert_eq!(lab.node.deadline(), None);
}

#[test]
fn a_change_asked_for_again_is_not_shown_as_done_before_it_is_on_disk() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    lab.saved(false);
    lab.sent.clear();
    // The refusal "unsaved" was lost; the sender takes a record here for an acknowledgement.
    let again = lab.refused("rw", &change);
    assert_eq!((again.code, again.record), (Ok(Code::Stale), None));
    // The same while a save is under way that then fails.
    lab.pass(5000);
    lab.order("rw", &change);
    assert!(lab.sent.is_empty());
    lab.saved(false);
    assert_eq!(refusal(lab.heard("rw")).record, None);
    lab.pass(5000);
    lab.saved(true);
    let again = lab.refused("rw", &change);
    assert_eq!(again.record.unwrap().version, 1);
}

#[test]
fn a_refusal_that_shows_a_record_waits_until_the_record_is_on_disk() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    lab.order("rw", &change);
    assert!(lab.sent.is_empty());
    lab.saved(true);
    assert_eq!(lab.sent.len(), 2, "both, with one save");
    assert!(lab.saves.is_empty());
}

#[test]
fn a_change_of_another_version_or_another_start_is_refused_with_the_record() {
    let mut lab = Lab::new();
    let first = lab.change("web", Some(State::Recover));
    lab.done(&first);
    let replayed = lab.refused("rw", &first);
    assert_eq!(replayed.code, Ok(Code::Stale));
    assert_eq!(replayed.record.unwrap().version, 1);
    let mut early = lab.change("web", Some(State::Up));
    early.version += 1;
    assert_eq!(lab.refused("rw", &early).code, Ok(Code::Stale));
    let mut late = lab.change("web", Some(State::Up));
    late.nonce += 1;
    let no = lab.refused("rw", &late);
    assert_eq!(no.code, Ok(Code::Nonce));
    assert_eq!(no.record.unwrap().state, State::Recover);
    assert_eq!(lab.record("web").version, 1, "nothing was changed");
    assert!(lab.saves.is_empty());
}

#[test]
fn an_acknowledgement_without_room_comes_without_its_record() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.send("rw", &Body::Change(change.clone()), 0);
    lab.saved(true);
    let Body::Answer(answer) = lab.heard("rw") else {
        panic!("it was done")
    };
    assert_eq!(answer.records, []);
    lab.send("rw", &Body::Change(change), 0);
    let no = refusal(lab.heard("rw"));
    assert_eq!((no.code, no.record), (Ok(Code::Stale), None));
}

#[test]
fn a_new_state_ends_starting_and_a_wish_does_not() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    let mut starts = lab.change("web", None);
    starts.set = Marks::STARTING;
    assert_eq!(lab.done(&starts).marks, Marks::STARTING);
    let mut wish = lab.change("web", None);
    wish.set = Marks::HELD;
    let both = Marks::STARTING.with(Marks::HELD);
    assert_eq!(lab.done(&wish).marks, both);
    assert_eq!(lab.set("web", State::Up).marks, Marks::HELD);
}

#[test]
fn only_wishes_and_starting_can_be_set_and_to_clear_wins() {
    let mut lab = Lab::new();
    lab.set("web", State::Up);
    let mut all = lab.change("web", None);
    let any = Marks(255).without(Marks::UNPUBLISHED);
    all.set = any;
    assert_eq!(lab.done(&all).marks, Marks::CLEARABLE);
    let mut both = lab.change("web", None);
    (both.set, both.clear) = (any, Marks::AWAY);
    let left = Marks::HELD.with(Marks::STARTING);
    assert_eq!(lab.done(&both).marks, left);
    let mut wish = lab.change("new", None);
    wish.set = Marks::HELD;
    let record = lab.done(&wish);
    assert_eq!(record.marks, Marks::HELD.with(Marks::UNPUBLISHED));
}

#[test]
fn a_publisher_can_withdraw_what_he_said_but_only_as_fail() {
    let mut lab = Lab::new();
    let mut change = lab.change("web", Some(State::Up));
    change.interval_ms = 1000;
    lab.done(&change);
    for state in [None, Some(State::Up), Some(State::Recover)] {
        let mut change = lab.change("web", state);
        change.set = Marks::UNPUBLISHED;
        let no = lab.refused("rw", &change);
        assert_eq!(no.code, Ok(Code::Marks), "{state:?}");
    }
    let mut change = lab.change("web", Some(State::Fail));
    (change.set, change.interval_ms) = (Marks::UNPUBLISHED.with(Marks::HELD), 1000);
    let record = lab.done(&change);
    let marks = Marks::UNPUBLISHED.with(Marks::HELD);
    assert_eq!((record.state, record.marks), (State::Fail, marks));
    lab.pass(60_000);
    assert!(!lab.is_unsupervised("web"), "nobody is missed");
    let mut wish = lab.change("web", None);
    wish.clear = Marks(255);
    let record = lab.done(&wish);
    assert_eq!(
        record.marks,
        Marks::UNPUBLISHED,
        "that is not to be cleared by a wish"
    );
    assert_eq!(lab.set("web", State::Recover).marks, Marks(0));
}
