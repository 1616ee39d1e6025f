//! Changes that must not be done: replayed, late, from before a restart, by a stranger. Each
//! is refused with a sentence that says which, and the record stays as it is.

use std::net::UdpSocket;

use fail_client::{Client, Error};
use fail_wire::{
    Body, Change, Code, Key, Marks, Name, Packet, Reason, Record, Refusal, State, emit_padded,
    room_for,
};
use failover_tests::faild::{Faild, socket};
use failover_tests::folder::Folder;

fn web() -> Name {
    Name::new("web").unwrap()
}

/// A change of web, as somebody makes it who has just read the record.
fn change(client: &mut Client, state: State) -> Change {
    let (record, nonce) = client.read_one(&web()).unwrap();
    Change {
        nonce,
        version: record.version,
        name: web(),
        state: Some(state),
        set: Marks(0),
        clear: Marks(0),
        reason: Reason::new("a test"),
        interval_ms: 0,
    }
}

fn refusal(outcome: Result<Record, Error>) -> (Refusal, String) {
    match outcome {
        Err(error) => {
            let sentence = error.to_string();
            match error {
                Error::Refused { refusal, .. } => (*refusal, sentence),
                other => panic!("{other}"),
            }
        }
        Ok(record) => panic!("it was done: {record:?}"),
    }
}

/// Sends these bytes and gives the answer to them, proven with this community.
fn exchange(socket: &UdpSocket, bytes: &[u8], community: &str) -> Body {
    socket.send(bytes).unwrap();
    let mut buffer = [0; 2048];
    let len = socket.recv(&mut buffer).expect("an answer");
    assert!(len <= bytes.len(), "an answer longer than its request");
    let packet = Packet::read(&buffer[..len]).unwrap();
    assert!(packet.verify(&Key::new(community).unwrap()));
    packet.body().unwrap()
}

#[test]
fn the_bytes_of_a_change_sent_twice_count_once() {
    let faild = Faild::start(&[]);
    let mut client = faild.client("public");
    let order = Body::Change(change(&mut client, State::Up));
    let bytes = emit_padded(&Key::new("public").unwrap(), 4711, &order, room_for(1));
    let socket = socket(faild.address);
    assert!(matches!(
        exchange(&socket, &bytes, "public"),
        Body::Answer(_)
    ));
    // Somebody has overheard it, and waits until it would do harm.
    faild.failc(&["web", "FAIL", "broken"]).done();
    match exchange(&socket, &bytes, "public") {
        Body::Refusal(refusal) => {
            assert_eq!(refusal.code, Ok(Code::Stale));
            assert!(refusal.to_string().contains("late or replayed"));
            let record = refusal.record.expect("it shows the record");
            assert_eq!((record.state, record.version), (State::Fail, 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(faild.failc(&["-q", "web"]).code, Some(2));
    faild.log.wait_for("change refused: the record was changed");
}

#[test]
fn a_change_whose_answer_was_lost_is_done_once_and_its_sender_told_so() {
    let faild = Faild::start(&[]);
    let mut client = faild.client("public");
    let order = change(&mut client, State::Up);
    let first = client.change_exactly(&order).unwrap();
    let again = client.change_exactly(&order).unwrap();
    assert_eq!((again.version, again.state), (first.version, first.state));
    // Somebody else with the same idea did not do this one.
    let other = Change {
        reason: Reason::new("another test"),
        ..order
    };
    let (refusal, _) = refusal(client.change_exactly(&other));
    assert_eq!(refusal.code, Ok(Code::Stale));
}

#[test]
fn a_change_of_an_old_version_is_refused_and_the_record_is_shown() {
    let faild = Faild::start(&[]);
    let mut client = faild.client("public");
    let late = change(&mut client, State::Up);
    faild.failc(&["web", "RECOVER"]).done();
    let (refusal, sentence) = refusal(client.change_exactly(&late));
    assert_eq!(refusal.code, Ok(Code::Stale));
    assert!(
        sentence.contains("was changed since it was read"),
        "{sentence}"
    );
    assert_eq!(refusal.record.unwrap().state, State::Recover);
    assert_eq!(faild.failc(&["-q", "web"]).code, Some(1));
}

#[test]
fn a_change_from_before_a_restart_is_refused_though_its_version_is_right() {
    let folder = Folder::new();
    let state = folder.file("state");
    let mut faild = Faild::start(&["-s", &state]);
    faild.failc(&["web", "RECOVER"]).done();
    let late = change(&mut faild.client("public"), State::Up);
    faild.kill();
    let faild = Faild::start(&["-s", &state]);
    let mut client = faild.client("public");
    assert_eq!(client.read_one(&web()).unwrap().0.version, late.version);
    let (refusal, sentence) = refusal(client.change_exactly(&late));
    assert_eq!(refusal.code, Ok(Code::Nonce));
    assert!(sentence.contains("started anew"), "{sentence}");
    assert_eq!(faild.failc(&["-q", "web"]).code, Some(1));
}

#[test]
fn a_wrong_community_changes_nothing_and_its_refusal_is_not_proof_of_anything() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* right RW\n");
    let faild = Faild::start(&["-c", &rules]);
    let order = change(&mut faild.client("right"), State::Up);
    let (refusal, sentence) = refusal(faild.client("wrong").change_exactly(&order));
    assert_eq!(refusal.code, Ok(Code::Community));
    assert!(
        sentence.contains("does not know this community"),
        "{sentence}"
    );
    assert!(sentence.contains("without proof"), "{sentence}");

    // The right key id over the HMAC of another key.
    let body = Body::Change(order.clone());
    let mut bytes = emit_padded(&Key::new("wrong").unwrap(), 7, &body, room_for(1));
    let id = Key::new("right").unwrap().id();
    bytes[4..8].copy_from_slice(&id.to_be_bytes());
    let socket = socket(faild.address);
    socket.send(&bytes).unwrap();
    let mut buffer = [0; 2048];
    let len = socket.recv(&mut buffer).expect("an answer");
    let packet = Packet::read(&buffer[..len]).unwrap();
    assert_eq!(packet.key_id(), 0);
    match packet.body().unwrap() {
        Body::Refusal(refusal) => assert_eq!(refusal.code, Ok(Code::Mac)),
        other => panic!("{other:?}"),
    }
    let out = faild.failc(&["-c", "right", "web"]).done();
    assert!(out.contains("unknown"), "{out}");
    faild.client("right").change_exactly(&order).unwrap();
}

#[test]
fn of_many_who_change_at_once_each_change_counts_once() {
    let faild = Faild::start(&[]);
    let (writers, each) = (8, 25);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let mut client = faild.client("public");
            scope.spawn(move || {
                let mut done = 0;
                while done < each {
                    let order = change(&mut client, State::Up);
                    let order = Change {
                        reason: Reason::new(&format!("writer {writer}, {done}")),
                        ..order
                    };
                    match client.change_exactly(&order) {
                        Ok(record) => {
                            assert_eq!(record.reason, order.reason);
                            assert_eq!(record.version, order.version + 1);
                            done += 1;
                        }
                        Err(error) => assert_eq!(error.code(), Some(Code::Stale), "{error}"),
                    }
                }
            });
        }
    });
    let record = faild.client("public").read_one(&web()).unwrap().0;
    assert_eq!(record.version, writers * each);
}
