//! Stories of services that are forgotten.

use fail_wire::Forget;

use super::*;

impl Lab {
    fn forget(&self, service: &str) -> Forget {
        Forget {
            nonce: self.node.nonce,
            version: self.node.record(self.now, &name(service)).version,
            name: name(service),
        }
    }

    fn order_forget(&mut self, community: &str, forget: &Forget) {
        self.send(community, &Body::Forget(forget.clone()), room_for(1));
    }
}

#[test]
fn a_forgotten_service_is_unknown_and_gone_from_the_disk() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    let forget = lab.forget("web");
    lab.order_forget("rw", &forget);
    assert!(lab.sent.is_empty(), "acknowledged before it is on disk");
    assert!(lab.saved(true).records.is_empty());
    let record = acknowledged(lab.heard("rw"));
    assert!(record.is_unknown());
    assert!(lab.records("rw", &[]).is_empty());
    assert!(
        lab.log
            .iter()
            .any(|line| line == "service web: forgotten, by 192.0.2.9")
    );
    // Once more, because the answer was lost.
    lab.order_forget("rw", &forget);
    assert!(acknowledged(lab.heard("rw")).is_unknown());
}

#[test]
fn no_recorded_change_brings_a_forgotten_service_back() {
    let mut lab = Lab::new();
    let first = lab.change("web", Some(State::Up));
    lab.done(&first);
    let second = lab.change("web", Some(State::Recover));
    lab.done(&second);
    let forget = lab.forget("web");
    lab.order_forget("rw", &forget);
    lab.saved(true);
    lab.heard("rw");
    for replay in [&first, &second] {
        assert_eq!(lab.refused("rw", replay).code, Ok(Code::Stale));
    }
    // A new one does, and its version goes on from there.
    assert_eq!(lab.set("web", State::Up).version, 4);
    assert_eq!(lab.set("new", State::Up).version, 4);
}

#[test]
fn a_change_that_was_on_its_way_when_the_service_was_forgotten_is_late() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    let late = lab.change("web", Some(State::Up));
    let forget = lab.forget("web");
    lab.order_forget("rw", &forget);
    lab.saved(true);
    lab.heard("rw");
    let no = lab.refused("rw", &late);
    assert_eq!(no.code, Ok(Code::Stale));
    assert!(no.record.unwrap().is_unknown());
}

#[test]
fn the_answer_to_an_order_that_is_repeated_is_the_same_whatever_else_was_forgotten() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    for state in [State::Recover, State::Up, State::Fail] {
        lab.set("dns", state);
    }
    for forget in [lab.forget("dns"), lab.forget("web")] {
        for disk in [true, false] {
            lab.order_forget("rw", &forget);
            if disk {
                lab.saved(true);
            }
            assert!(acknowledged(lab.heard("rw")).is_unknown());
        }
    }
    assert_eq!(lab.node.counters().changed, 6);
}

#[test]
fn who_may_not_change_it_may_not_forget_it_and_a_late_order_is_refused() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    let forget = lab.forget("web");
    lab.order_forget("ro", &forget);
    assert_eq!(refusal(lab.heard("ro")).code, Ok(Code::ReadOnly));
    for (wrong, code) in [
        (
            Forget {
                nonce: 1,
                ..forget.clone()
            },
            Code::Nonce,
        ),
        (
            Forget {
                version: 9,
                ..forget.clone()
            },
            Code::Stale,
        ),
    ] {
        lab.order_forget("rw", &wrong);
        let no = refusal(lab.heard("rw"));
        assert_eq!(no.code, Ok(code));
        assert_eq!(no.record.unwrap().state, State::Recover);
    }
    assert_eq!(lab.record("web").version, 1);
}

#[test]
fn a_service_whose_publisher_is_alive_stays() {
    let mut lab = Lab::new();
    let publish = Change {
        interval_ms: 1000,
        ..lab.change("web", Some(State::Up))
    };
    lab.done(&publish);
    let forget = lab.forget("web");
    lab.order_forget("rw", &forget);
    let no = refusal(lab.heard("rw"));
    assert_eq!(no.code, Ok(Code::Published));
    assert_eq!(no.record.unwrap().state, State::Up);
    // Silent for three intervals, it is nobody's.
    lab.pass(3001);
    lab.order_forget("rw", &forget);
    lab.saved(true);
    assert!(acknowledged(lab.heard("rw")).is_unknown());
}

#[test]
fn a_forgotten_service_that_is_not_gone_from_the_disk_is_owned_up_to() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    let forget = lab.forget("web");
    lab.order_forget("rw", &forget);
    lab.saved(false);
    assert_eq!(refusal(lab.heard("rw")).code, Ok(Code::Unsaved));
    lab.order_forget("rw", &forget);
    assert_eq!(refusal(lab.heard("rw")).code, Ok(Code::Unsaved));
    lab.pass(5000);
    assert!(lab.saved(true).records.is_empty());
    lab.order_forget("rw", &forget);
    assert!(acknowledged(lab.heard("rw")).is_unknown());
}
