//! Stories of publishers that fall silent, and of what a start finds on disk.

use super::*;

#[test]
fn each_start_of_the_daemon_has_a_nonce_of_its_own() {
    let node = |seed| Node::new(at(0), BOOT, &[seed; 32], rules(), Image::default());
    assert_ne!(node(1).nonce, node(2).nonce);
    assert_ne!(node(1).nonce, 0);
}

#[test]
fn a_publisher_is_unsupervised_after_three_intervals_of_silence() {
    let mut lab = Lab::new();
    let mut change = lab.change("web", Some(State::Up));
    change.interval_ms = 1000;
    lab.done(&change);
    lab.pass(3000);
    assert!(!lab.is_unsupervised("web"));
    lab.pass(1);
    let record = lab.record("web");
    assert!(record.marks.has(Marks::UNSUPERVISED));
    assert_eq!((record.state, record.version), (State::Up, 1));
    let nonce = lab.node.nonce;
    lab.beat("rw", nonce, 1, &["web"]);
    assert!(!lab.is_unsupervised("web"), "it is back");
    lab.pass(3001);
    assert!(lab.is_unsupervised("web"));
}

#[test]
fn a_state_set_by_hand_is_unsupervised_after_three_seconds_unless_it_is_fail() {
    for (state, marked) in [
        (State::Up, true),
        (State::Recover, true),
        (State::Fail, false),
    ] {
        let mut lab = Lab::new();
        lab.set("web", state);
        lab.pass(3000);
        assert!(!lab.is_unsupervised("web"), "{state} too early");
        lab.pass(1);
        assert_eq!(lab.is_unsupervised("web"), marked, "{state}");
        lab.pass(86_400_000);
        assert_eq!(lab.is_unsupervised("web"), marked, "{state} later");
        let nonce = lab.node.nonce;
        lab.beat("rw", nonce, 1, &["web"]);
        assert!(!lab.is_unsupervised("web"), "somebody takes care of it");
    }
}

#[test]
fn a_change_by_hand_does_not_make_a_restart_forget_the_publisher() {
    let mut lab = Lab::new();
    let mut change = lab.change("web", Some(State::Up));
    change.interval_ms = 10_000;
    lab.done(&change);
    let by_hand = lab.change("web", Some(State::Recover));
    lab.order("rw", &by_hand);
    let image = lab.saved(true);
    assert_eq!(image.records[0].interval, Span::from_secs(10));
    let mut lab = Lab::with(rules(), image);
    lab.pass(30_000);
    assert!(!lab.is_unsupervised("web"), "he has his time");
    lab.pass(1);
    assert!(lab.is_unsupervised("web"));
}

#[test]
fn a_beat_that_proves_nothing_is_ignored() {
    let mut lab = Lab::new();
    let mut change = lab.change("web", Some(State::Up));
    change.interval_ms = 1000;
    lab.done(&change);
    let nonce = lab.node.nonce;
    lab.beat("rw", nonce, 10, &["web"]);
    lab.pass(3001);
    for (why, community, nonce, count, names) in [
        ("replayed", "rw", nonce, 10, &["web"][..]),
        ("older", "rw", nonce, 9, &["web"]),
        ("meant for another start", "rw", nonce + 1, 11, &["web"]),
        ("not allowed to change", "ro", nonce, 11, &["web"]),
        ("for another service", "rw", nonce, 11, &["dns"]),
        ("for no service by name", "rw", nonce, 11, &[]),
    ] {
        lab.beat(community, nonce, count, names);
        assert!(lab.is_unsupervised("web"), "a beat that is {why}");
    }
    lab.beat("rw", nonce, 11, &["web"]);
    assert!(!lab.is_unsupervised("web"));
    assert_eq!(lab.records("rw", &[]).len(), 1, "a beat creates no record");
}

#[test]
fn in_the_same_boot_the_records_come_back_and_the_publisher_gets_his_time() {
    let mut published = kept("web", Marks::HELD.with(Marks::STARTING));
    published.interval = Span::from_secs(1);
    let image = Image {
        boot: BOOT.to_string(),
        records: vec![published],
    };
    let mut lab = Lab::with(rules(), image);
    lab.pass(3000);
    let record = lab.record("web");
    assert_eq!((record.state, record.version), (State::Up, 7));
    assert_eq!(record.marks, Marks::HELD.with(Marks::STARTING));
    lab.pass(1);
    assert!(lab.is_unsupervised("web"));
}

#[test]
fn after_a_reboot_nothing_serves_and_wishes_stay() {
    let marks = Marks::HELD.with(Marks::AWAY).with(Marks::STARTING);
    let image = Image {
        boot: "an earlier boot".to_string(),
        records: vec![kept("web", marks)],
    };
    let mut lab = Lab::with(rules(), image);
    let record = lab.record("web");
    assert_eq!((record.state, record.version), (State::Fail, 8));
    let wishes = Marks::HELD.with(Marks::AWAY);
    assert_eq!(record.marks, wishes.with(Marks::UNPUBLISHED));
    assert_eq!(record.reason.as_str(), "rebooted");
    assert_eq!(lab.set("web", State::Recover).marks, wishes);
}

#[test]
fn a_late_or_unknown_word_from_the_disk_means_nothing() {
    let mut lab = Lab::new();
    lab.handle(In::Saved { no: 0, ok: true });
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    let no = lab.saves[0].0;
    lab.handle(In::Saved {
        no: no + 1,
        ok: true,
    });
    assert!(lab.sent.is_empty(), "not the save that this change is in");
    lab.saved(true);
    lab.handle(In::Saved { no, ok: false });
    assert_eq!(acknowledged(lab.heard("rw")).state, State::Up);
    assert_eq!(lab.node.deadline(), None);
}
