//! Stories of queries: what is shown to whom, pages, room.

use super::*;

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
            assert!(pages <= 40, "the pages do not end");
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
