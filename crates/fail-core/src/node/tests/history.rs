//! Stories of what a faild remembers of a service.

use fail_wire::{AskHistory, History};

use super::*;

impl Lab {
    fn history(&mut self, community: &str, before: u64, room: usize) -> History {
        let name = name("web");
        self.send(
            community,
            &Body::AskHistory(AskHistory { name, before }),
            room,
        );
        match self.heard(community) {
            Body::History(history) => history,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_last_changes_are_told_newest_first_in_pages() {
    let mut lab = Lab::new();
    for n in 0..20 {
        let state = if n % 2 == 0 {
            State::Up
        } else {
            State::Recover
        };
        lab.set("web", state);
        lab.pass(100);
    }
    let all = lab.history("ro", 0, 8000);
    let versions: Vec<u64> = all.entries.iter().map(|past| past.version).collect();
    assert_eq!(
        versions,
        (5..=20).rev().collect::<Vec<_>>(),
        "the last sixteen"
    );
    assert!(!all.more);
    let newest = &all.entries[0];
    assert_eq!((newest.state, newest.age_ms), (State::Recover, 100));
    assert_eq!(
        (newest.reason.as_str(), newest.who.as_str()),
        ("a test", "192.0.2.9")
    );
    assert_eq!(newest.at, 1900);

    let mut paged = Vec::new();
    let mut before = 0;
    loop {
        let page = lab.history("ro", before, 200);
        paged.extend(page.entries);
        if !page.more {
            break;
        }
        before = paged.last().unwrap().version;
    }
    assert_eq!(paged, all.entries);
}

#[test]
fn what_came_from_disk_and_a_reboot_are_told_as_such() {
    let image = |boot: &str| Image {
        boot: boot.to_string(),
        records: vec![kept("web", Marks(0))],
    };
    let who = |boot| {
        let mut lab = Lab::with(rules(), image(boot));
        let entries = lab.history("ro", 0, 1400).entries;
        entries
            .iter()
            .map(|past| past.who.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(who(BOOT), ["state file"]);
    assert_eq!(who("an earlier boot"), ["reboot", "state file"]);
}

#[test]
fn who_may_not_read_a_service_hears_nothing_of_it() {
    let mut lab = Lab::new();
    lab.set("web", State::Up);
    assert_eq!(lab.history("web", 0, 1400).entries.len(), 1);
    let mut access = rules();
    access
        .add(Some(name("dns")), key("dns"), Rights::ReadOnly)
        .unwrap();
    lab.handle(In::Access(access));
    assert!(lab.history("dns", 0, 1400).entries.is_empty());
    // Too short a question is refused with the length that is enough.
    let ask = AskHistory {
        name: name("web"),
        before: 0,
    };
    lab.send("ro", &Body::AskHistory(ask), 0);
    let no = refusal(lab.heard("ro"));
    assert_eq!(no.code, Ok(Code::Cramped));
    assert_eq!(lab.history("ro", 0, no.detail as usize).entries.len(), 1);
}
