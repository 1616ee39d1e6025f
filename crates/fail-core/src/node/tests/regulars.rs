//! Stories of known peers: who is one, and until when.

use super::*;

impl Lab {
    /// One message of this peer, to one address of ours.
    fn message(&mut self, from: &str, bytes: &[u8]) {
        let local = Some("192.0.2.1:1847".parse().unwrap());
        let from = Peer {
            local,
            ..peer(from)
        };
        let bytes = bytes.to_vec();
        self.handle(In::Datagram { from, bytes });
        self.sent.clear();
    }

    /// As a failsh polls, once a second.
    fn polls(&mut self, from: &str, bytes: &[u8]) {
        for _ in 0..5 {
            self.message(from, bytes);
            self.pass(1000);
        }
    }
}

#[test]
fn whoever_polls_is_known_until_it_is_silent_for_long() {
    let mut lab = Lab::new();
    let poll = emit_padded(&key("ro"), 5, &query(&["web"]), 400);
    lab.polls(HOST, &poll);
    assert_eq!(lab.known.len(), 1);
    assert_eq!(lab.known[0].addr, peer(HOST).addr);
    assert_eq!(lab.known[0].local.unwrap().to_string(), "192.0.2.1:1847");
    lab.pass(590_000);
    lab.message("192.0.2.10:1000", b"anything");
    assert_eq!(lab.known.len(), 1);
    lab.pass(10_000);
    lab.message("192.0.2.10:1000", b"anything");
    assert!(lab.known.is_empty(), "forgotten");
    lab.polls(HOST, &poll);
    assert_eq!(lab.known.len(), 1, "again");
}

#[test]
fn whoever_shows_no_key_is_never_known() {
    let mut lab = Lab::new();
    let good = emit_padded(&key("ro"), 5, &query(&["web"]), 400);
    let mut bent = good.clone();
    bent[70] ^= 1;
    let mut newer = good.clone();
    newer[2] = 2;
    let stranger = emit_padded(&key("stranger"), 5, &query(&["web"]), 400);
    for bytes in [
        &bent,
        &newer,
        &stranger,
        &good[..60].to_vec(),
        &b"garbage".to_vec(),
    ] {
        lab.polls(HOST, bytes);
    }
    assert!(lab.known.is_empty());
    lab.polls(HOST, &good);
    assert_eq!(lab.known.len(), 1);
}
