//! Messages of the protocol, from any bytes and from any values.
//!
//! What is asserted beyond that nothing panics:
//!
//! * what can be read is written again and read to the same, and is written the same twice;
//! * a message is no message when it ends anywhere too early, and its header is one from 48
//!   bytes on;
//! * who has the key verifies it; with any bit turned, any byte more or less, or another key,
//!   it does not;
//! * padding makes it as long as was said, never shorter than it is, and changes nothing in it;
//! * an answer is exactly as long as `wire_bytes` of what is in it says, and room for n records
//!   is room for any n records.

use fail_wire::{
    ANSWER_BYTES_MIN, Body, DATAGRAM_BYTES_MAX, FIGURES_BYTES_MIN, Figure, HEADER_BYTES,
    HISTORY_BYTES_MIN, Hear, Key, NOTIFY_BYTES_MIN, Packet, Past, REPORTED_BYTES_MIN, Record, emit,
    emit_padded, room_for,
};

use crate::{Choices, messages};

/// Any bytes, or any value.
pub fn wire(data: &[u8]) {
    let mut from = Choices::new(data);
    match from.flag() {
        true => spoken(&mut from),
        false => heard(from.rest()),
    }
}

#[expect(clippy::expect_used, reason = "both are communities")]
fn keys() -> (Key, Key) {
    let key = |text| Key::new(text).expect("a plain word is a community");
    (key("s3cret"), key("public"))
}

/// Bytes that somebody sends.
fn heard(bytes: &[u8]) {
    let (key, _) = keys();
    let packet = match Packet::read(bytes) {
        Ok(packet) => packet,
        Err(_) => {
            let is_header = bytes.len() >= HEADER_BYTES && bytes.starts_with(b"FO");
            return assert!(!is_header, "every header can be read");
        }
    };
    assert!(bytes.len() >= HEADER_BYTES && packet.bytes_len() == bytes.len());
    assert!(!packet.verify(&key) || packet.key_id() == key.id());
    if let Ok(body) = packet.body() {
        let written = emit(Some(&key), packet.request(), &body);
        assert_eq!(read(&written), body, "read, written, and read again");
        assert_eq!(emit(Some(&key), packet.request(), &body), written);
        whole(&written, &body);
    }
}

/// A value that somebody writes.
fn spoken(from: &mut Choices) {
    let (key, other) = keys();
    let request = from.number();
    let (turn, len) = (from.number(), from.below(2 * DATAGRAM_BYTES_MAX));
    let body = messages::body(from);
    let bytes = emit(Some(&key), request, &body);
    assert_eq!(read(&bytes), body, "what is written is read");
    whole(&bytes, &body);

    let packet = header(&bytes);
    assert_eq!((packet.request(), packet.key_id()), (request, key.id()));
    assert!(packet.verify(&key) && !packet.verify(&other));
    proves(&key, &bytes, turn);

    let padded = emit_padded(&key, request, &body, len);
    assert_eq!(padded.len(), len.max(bytes.len()));
    assert!(header(&padded).verify(&key));
    assert_eq!(read(&padded), body, "padding says nothing");
    proves(&key, &padded, turn.rotate_left(32));

    let unsigned = emit(None, request, &body);
    assert!(!header(&unsigned).verify(&key) && !header(&unsigned).verify(&other));
    assert_eq!((header(&unsigned).key_id(), read(&unsigned)), (0, body));
}

#[expect(clippy::expect_used, reason = "we wrote it")]
fn header(bytes: &[u8]) -> Packet<'_> {
    Packet::read(bytes).expect("what we write has a header")
}

#[expect(clippy::expect_used, reason = "we wrote it")]
fn read(bytes: &[u8]) -> Body {
    header(bytes).body().expect("what we write can be read")
}

/// A message without padding ends where it must, and is as long as it says.
fn whole(bytes: &[u8], body: &Body) {
    for end in 0..bytes.len() {
        let head = Packet::read(&bytes[..end]);
        assert_eq!(head.is_ok(), end >= HEADER_BYTES, "{end} bytes");
        let cut = head.and_then(|packet| packet.body());
        assert!(cut.is_err(), "{end} of {} bytes are {cut:?}", bytes.len());
    }
    let sum = |all: &[Record]| -> usize { all.iter().map(Record::wire_bytes).sum() };
    let hears = |all: &[Hear]| -> usize { all.iter().map(Hear::wire_bytes).sum() };
    let told = match body {
        Body::Answer(answer) => {
            assert!(ANSWER_BYTES_MIN + sum(&answer.records) <= room(answer.records.len()));
            ANSWER_BYTES_MIN + sum(&answer.records)
        }
        Body::Notify(notify) => NOTIFY_BYTES_MIN + sum(&notify.records),
        Body::Reported(reported) => REPORTED_BYTES_MIN + hears(&reported.hears),
        Body::History(history) => {
            let entries = history.entries.iter().map(Past::wire_bytes);
            HISTORY_BYTES_MIN + entries.sum::<usize>()
        }
        Body::Figures(figures) => {
            let figures = figures.figures.iter().map(Figure::wire_bytes);
            FIGURES_BYTES_MIN + figures.sum::<usize>()
        }
        _ => return,
    };
    assert_eq!(bytes.len(), told, "{body:?}");
}

/// What [`room_for`] promises; past a datagram there are pages.
fn room(records: usize) -> usize {
    match room_for(records) {
        DATAGRAM_BYTES_MAX => usize::MAX,
        room => room,
    }
}

/// A few bits turned, and a byte more or less: it was not made so with this key.
fn proves(key: &Key, bytes: &[u8], turn: u64) {
    let bits = bytes.len() * 8;
    // One bit of each kind of field, and one that the input chooses.
    let chosen = usize::try_from(turn % bits as u64).unwrap_or(0);
    for bit in [16, 24, 32, 64, 128, 383, bits - 1, chosen] {
        let mut bad = bytes.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let verifies = Packet::read(&bad).is_ok_and(|packet| packet.verify(key));
        assert!(!verifies, "with bit {bit} turned");
    }
    let (longer, shorter) = ([bytes, &[0]].concat(), &bytes[..bytes.len() - 1]);
    for bad in [&longer[..], shorter] {
        assert!(!Packet::read(bad).is_ok_and(|packet| packet.verify(key)));
    }
}
