//! Story tests of the state daemon: datagrams in, datagrams, saves and lines out. The disk
//! and the clock are in the hands of the test.

use std::net::SocketAddr;

use fail_wire::{Beat, Marks, State, emit_padded, room_for};

use super::*;
use crate::time::Wall;

const BOOT: &str = "this boot";
const HOST: &str = "192.0.2.9:1000";

/// A faild with three communities: `rw` may do everything, `ro` may read everything, `web`
/// may change web and knows nothing else.
struct Lab {
    node: Node,
    now: Now,
    sent: Vec<Vec<u8>>,
    saves: Vec<(u64, Image)>,
    log: Vec<String>,
}

fn at(ms: u64) -> Now {
    Now {
        mono: Mono(1) + Span::from_millis(ms),
        wall: Wall(ms as i64),
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn key(community: &str) -> Key {
    Key::new(community).unwrap()
}

fn rules() -> Access {
    let mut access = Access::none();
    access.add(None, key("rw"), Rights::ReadWrite).unwrap();
    access.add(None, key("ro"), Rights::ReadOnly).unwrap();
    let web = Some(name("web"));
    access.add(web, key("web"), Rights::ReadWrite).unwrap();
    access
}

fn peer(text: &str) -> Peer {
    let addr: SocketAddr = text.parse().unwrap();
    Peer { addr, local: None }
}

/// A query for these services, or for all.
fn query(names: &[&str]) -> Body {
    Body::Query(Query {
        beat: None,
        after: None,
        names: names.iter().map(|text| name(text)).collect(),
    })
}

impl Lab {
    fn new() -> Lab {
        Lab::with(rules(), Image::default())
    }

    fn with(access: Access, image: Image) -> Lab {
        Lab {
            node: Node::new(at(0), BOOT, &[7; 32], access, image),
            now: at(0),
            sent: Vec::new(),
            saves: Vec::new(),
            log: Vec::new(),
        }
    }

    fn handle(&mut self, input: In) {
        self.node.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(out) = self.node.poll() {
            match out {
                Out::Send { bytes, .. } => self.sent.push(bytes),
                Out::Save { no, image } => self.saves.push((no, image)),
                Out::Log(line) => self.log.push(line.text),
            }
        }
    }

    /// Lets time pass, and the machine act when its deadline comes.
    fn pass(&mut self, ms: u64) {
        self.now = at(self.now.wall.0 as u64 + ms);
        if self.node.deadline().is_some_and(|at| at <= self.now.mono) {
            self.node.expire(self.now);
            assert!(self.node.deadline().is_none_or(|at| at > self.now.mono));
            self.drain();
        }
    }

    /// The disk says what came of the oldest save.
    fn saved(&mut self, ok: bool) -> Image {
        let (no, image) = self.saves.remove(0);
        self.handle(In::Saved { no, ok });
        image
    }

    fn bytes(&mut self, from: &str, bytes: &[u8]) {
        let (from, bytes) = (peer(from), bytes.to_vec());
        self.handle(In::Datagram { from, bytes });
    }

    fn send(&mut self, community: &str, body: &Body, room: usize) {
        let bytes = emit_padded(&key(community), 5, body, room);
        self.bytes(HOST, &bytes);
    }

    /// The one answer that was sent since the last look.
    fn heard(&mut self, community: &str) -> Body {
        assert_eq!(self.sent.len(), 1, "answers, where one should be");
        let bytes = self.sent.remove(0);
        let packet = Packet::read(&bytes).unwrap();
        assert!(packet.verify(&key(community)) && packet.answers());
        assert_eq!(packet.request(), 5);
        packet.body().unwrap()
    }

    fn ask(&mut self, community: &str, body: &Body) -> Body {
        self.send(community, body, 1400);
        self.heard(community)
    }

    fn records(&mut self, community: &str, names: &[&str]) -> Vec<Record> {
        match self.ask(community, &query(names)) {
            Body::Answer(answer) => answer.records,
            other => panic!("{other:?}"),
        }
    }

    fn record(&mut self, service: &str) -> Record {
        self.records("rw", &[service]).remove(0)
    }

    /// A change of this service as it is now.
    fn change(&self, service: &str, state: Option<State>) -> Change {
        Change {
            nonce: self.node.nonce,
            version: self.node.record(self.now, &name(service)).version,
            name: name(service),
            state,
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new("a test"),
            interval_ms: 0,
        }
    }

    fn order(&mut self, community: &str, change: &Change) {
        self.send(community, &Body::Change(change.clone()), room_for(1));
    }

    /// Sets a state, up to the acknowledgement.
    fn set(&mut self, service: &str, state: State) -> Record {
        let change = self.change(service, Some(state));
        self.done(&change)
    }

    fn done(&mut self, change: &Change) -> Record {
        self.order("rw", change);
        self.saved(true);
        acknowledged(self.heard("rw"))
    }

    fn refused(&mut self, community: &str, change: &Change) -> Refusal {
        self.order(community, change);
        refusal(self.heard(community))
    }

    fn beat(&mut self, community: &str, nonce: u64, count: u64, names: &[&str]) {
        let beat = Beat {
            nonce,
            count,
            interval_ms: 1000,
        };
        let names = names.iter().map(|text| name(text)).collect();
        let query = Query {
            beat: Some(beat),
            after: None,
            names,
        };
        assert!(matches!(
            self.ask(community, &Body::Query(query)),
            Body::Answer(_)
        ));
    }

    fn is_unsupervised(&mut self, service: &str) -> bool {
        self.record(service).marks.has(Marks::UNSUPERVISED)
    }
}

fn acknowledged(body: Body) -> Record {
    match body {
        Body::Answer(mut answer) if answer.records.len() == 1 => answer.records.remove(0),
        other => panic!("no acknowledgement: {other:?}"),
    }
}

fn refusal(body: Body) -> Refusal {
    match body {
        Body::Refusal(refusal) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

fn kept(service: &str, marks: Marks) -> Kept {
    Kept {
        name: name(service),
        state: State::Up,
        marks,
        version: 7,
        changed: Mono(0),
        last_change: Wall(0),
        interval: Span::ZERO,
        reason: Reason::new("from disk"),
    }
}

#[test]
fn a_service_nobody_spoke_of_is_unpublished_and_can_not_serve() {
    let mut lab = Lab::new();
    let record = lab.record("web");
    assert_eq!((record.state, record.version), (State::Fail, 0));
    assert_eq!(record.marks, Marks::UNPUBLISHED);
    assert_eq!(record.reason.as_str(), "unknown");
    assert_eq!(lab.records("rw", &[]), [], "nor was it created by asking");
}

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
fn each_start_of_the_daemon_has_a_nonce_of_its_own() {
    let node = |seed| Node::new(at(0), BOOT, &[seed; 32], rules(), Image::default());
    assert_ne!(node(1).nonce, node(2).nonce);
    assert_ne!(node(1).nonce, 0);
}

#[test]
fn who_may_only_read_changes_nothing_and_who_may_not_read_sees_nothing() {
    let mut lab = Lab::new();
    lab.set("dns", State::Up);
    let change = lab.change("dns", Some(State::Fail));
    let no = lab.refused("ro", &change);
    assert_eq!(no.code, Ok(Code::ReadOnly));
    assert_eq!(no.record.unwrap().state, State::Up);
    let no = lab.refused("web", &change);
    assert_eq!((no.code, no.record), (Ok(Code::ReadOnly), None));
    assert_eq!(lab.record("dns").version, 1);
}

#[test]
fn what_may_not_be_read_is_unreadable_by_name_and_absent_among_all() {
    let mut lab = Lab::new();
    lab.set("dns", State::Up);
    lab.set("web", State::Up);
    for hidden in lab.records("web", &["dns", "nosuch"]) {
        assert_eq!(hidden.marks, Marks::UNREADABLE, "{hidden:?}");
        assert_eq!((hidden.state, hidden.version), (State::Fail, 0));
        assert_eq!(hidden.reason.as_str(), "not readable with this community");
    }
    let seen = lab.records("web", &[]);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].name, name("web"));
}

#[test]
fn without_rules_this_host_changes_and_others_only_read() {
    let mut lab = Lab::with(Access::open(), Image::default());
    let change = lab.change("web", Some(State::Up));
    assert_eq!(lab.refused("public", &change).code, Ok(Code::ReadOnly));
    let bytes = emit_padded(&key("public"), 5, &Body::Change(change), 400);
    lab.bytes("[::ffff:127.0.0.1]:9", &bytes);
    lab.saved(true);
    assert_eq!(acknowledged(lab.heard("public")).state, State::Up);
}

#[test]
fn new_rules_hold_from_the_next_datagram_on() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.handle(In::Access(Access::open()));
    lab.order("rw", &change);
    let bytes = lab.sent.remove(0);
    let no = refusal(Packet::read(&bytes).unwrap().body().unwrap());
    assert_eq!(no.code, Ok(Code::Community));
}

#[test]
fn pages_give_every_record_once_and_in_order_however_small_the_request() {
    let mut lab = Lab::new();
    for n in 0..40 {
        lab.set(&format!("service{n:02}"), State::Up);
    }
    for room in [120, 200, 353, 1400] {
        let (mut got, mut pages): (Vec<Record>, usize) = (Vec::new(), 0);
        loop {
            let after = got.last().map(|record| record.name.clone());
            let (beat, names) = (None, Vec::new());
            lab.send("ro", &Body::Query(Query { beat, after, names }), room);
            assert!(lab.sent[0].len() <= room, "longer than its request");
            let Body::Answer(page) = lab.heard("ro") else {
                panic!("room for {room} bytes is enough")
            };
            pages += 1;
            got.extend(page.records);
            if !page.more {
                break;
            }
        }
        assert!(got.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(got.len(), 40, "in {pages} pages of {room} bytes");
    }
}

#[test]
fn names_are_answered_in_order_and_once() {
    let mut lab = Lab::new();
    let names = lab.records("ro", &["b", "a", "b"]);
    let names: Vec<&str> = names.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn who_asks_too_shortly_is_told_how_much_is_enough() {
    let mut lab = Lab::new();
    lab.send("ro", &query(&["web"]), 0);
    let no = refusal(lab.heard("ro"));
    assert_eq!(no.code, Ok(Code::Cramped));
    let enough = no.detail as usize;
    lab.send("ro", &query(&["web"]), enough - 1);
    assert_eq!(refusal(lab.heard("ro")).code, Ok(Code::Cramped));
    lab.send("ro", &query(&["web"]), enough);
    assert_eq!(acknowledged(lab.heard("ro")).name, name("web"));
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
fn a_change_by_hand_has_no_publisher() {
    let mut lab = Lab::new();
    lab.set("web", State::Up);
    lab.pass(86_400_000);
    assert!(!lab.is_unsupervised("web"));
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
    all.set = Marks(255);
    assert_eq!(lab.done(&all).marks, Marks::SETTABLE);
    let mut both = lab.change("web", None);
    (both.set, both.clear) = (Marks(255), Marks::AWAY);
    let left = Marks::HELD.with(Marks::STARTING);
    assert_eq!(lab.done(&both).marks, left);
    let mut wish = lab.change("new", None);
    wish.set = Marks::HELD;
    let record = lab.done(&wish);
    assert_eq!(record.marks, Marks::HELD.with(Marks::UNPUBLISHED));
}

#[test]
fn a_stranger_never_gets_more_than_he_sent() {
    let bytes = emit_padded(&key("rw"), 5, &query(&["web"]), 80);
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] ^= byte;
        bytes
    };
    let cases = [
        ("version", with(2, 6), Code::Version),
        ("key id", with(4, 1), Code::Community),
        ("HMAC", with(20, 1), Code::Mac),
        ("body", with(70, 1), Code::Mac),
    ];
    for (what, bytes, code) in cases {
        for len in 0..=bytes.len() {
            let mut lab = Lab::new();
            lab.bytes(HOST, &bytes[..len]);
            assert!(lab.sent.len() <= 1);
            for sent in &lab.sent {
                assert!(sent.len() <= len, "{what}: {} for {len}", sent.len());
                let packet = Packet::read(sent).unwrap();
                assert_eq!((packet.key_id(), packet.request()), (0, 5));
            }
            if len == bytes.len() {
                let sent = lab.sent.pop().expect("a refusal fits");
                let no = refusal(Packet::read(&sent).unwrap().body().unwrap());
                assert_eq!(no.code, Ok(code), "{what}");
            }
        }
    }
}

#[test]
fn what_answers_is_never_answered() {
    let mut lab = Lab::new();
    let answer = Body::Answer(Answer {
        nonce: 1,
        more: false,
        records: Vec::new(),
    });
    let no = Body::Refusal(Refusal::plain(Code::Type));
    for body in [&answer, &no] {
        lab.send("rw", body, 400);
        lab.send("nobody", body, 400);
        lab.bytes(HOST, &emit(None, 5, body));
    }
    let mut unknown = emit_padded(&key("rw"), 5, &answer, 400);
    unknown[2..4].copy_from_slice(&[9, 0xee]);
    lab.bytes(HOST, &unknown);
    assert!(lab.sent.is_empty());
    assert_eq!(lab.node.counters().dropped, 7);
}

#[test]
fn the_last_free_place_is_given_and_the_next_is_refused_by_name() {
    let records = (1..limits::SERVICES_MAX).map(|n| kept(&format!("s{n}"), Marks(0)));
    let image = Image {
        boot: BOOT.to_string(),
        records: records.collect(),
    };
    let mut lab = Lab::with(rules(), image);
    lab.set("last", State::Up);
    let change = lab.change("one-too-many", Some(State::Up));
    let no = lab.refused("rw", &change);
    assert_eq!(no.code, Ok(Code::Limit));
    assert_eq!(no.text.as_str(), "services");
    assert_eq!(no.detail as usize, limits::SERVICES_MAX);
    lab.set("s1", State::Fail);
}

#[test]
fn more_changes_than_can_wait_for_the_disk_are_refused_by_name() {
    let mut lab = Lab::new();
    for _ in 0..=limits::UNSAVED_MAX {
        let change = lab.change("web", Some(State::Up));
        lab.order("rw", &change);
    }
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    lab.saved(true);
    lab.saved(true);
    assert_eq!(lab.sent.len(), limits::UNSAVED_MAX + 2);
    let last = lab.sent.pop().unwrap();
    lab.sent.clear();
    let no = refusal(Packet::read(&last).unwrap().body().unwrap());
    assert_eq!(no.code, Ok(Code::Limit));
    assert_eq!(no.text.as_str(), "unsaved changes");
    assert_eq!(lab.record("web").version as usize, limits::UNSAVED_MAX + 1);
}

#[test]
fn each_change_is_one_line_and_says_from_where_to_where_and_why() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    lab.pass(812);
    lab.set("web", State::Up);
    let lines = [
        "service web: FAIL -> RECOVER (a test) after 0 ms, by 192.0.2.9",
        "service web: RECOVER -> UP (a test) after 812 ms, by 192.0.2.9",
    ];
    assert_eq!(lab.log, lines);
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
