//! Stories of counters, limits and debug levels.

use fail_wire::{AskFigures, Figure, SetLevel, What};

use super::*;

impl Lab {
    fn figures(&mut self, what: What, room: usize) -> Vec<Figure> {
        let mut all: Vec<Figure> = Vec::new();
        loop {
            let after = all.last().map(|f| f.name.clone()).unwrap_or_default();
            self.send("web", &Body::AskFigures(AskFigures { what, after }), room);
            let Body::Figures(page) = self.heard("web") else {
                panic!("no figures")
            };
            assert_eq!(page.what, what);
            all.extend(page.figures);
            if !page.more {
                return all;
            }
        }
    }

    fn figure(&mut self, name: &str) -> u64 {
        let all = self.figures(What::Counters, 1400);
        let found = all.iter().find(|figure| figure.name.as_str() == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {all:?}"))
            .value
    }
}

#[test]
fn counters_count_and_come_in_pages() {
    let mut lab = Lab::new();
    lab.set("web", State::Up);
    assert_eq!(lab.figure("changes done"), 1);
    assert_eq!(lab.figure("services now"), 1);
    assert_eq!(lab.figure("communities now"), 3);
    assert_eq!(lab.figure("state file written"), 1);
    lab.bytes(HOST, b"garbage");
    assert_eq!(lab.figure("messages dropped"), 1);
    let change = lab.change("web", Some(State::Up));
    lab.refused("ro", &change);
    assert_eq!(lab.figure("refused: readonly"), 1);
    assert_eq!(lab.figure("requests refused"), 1);
    lab.handle(In::Beside(vec![("datagrams lost", 7)]));
    assert_eq!(lab.figure("datagrams lost"), 7);
    let names = |all: Vec<Figure>| all.into_iter().map(|f| f.name).collect::<Vec<_>>();
    let whole = names(lab.figures(What::Counters, 8000));
    assert_eq!(names(lab.figures(What::Counters, 120)), whole);
    for code in Code::ALL {
        let name = Reason::new(&format!("refused: {}", code.word()));
        assert!(whole.contains(&name), "{name}");
    }
}

#[test]
fn limits_are_those_that_refusals_name() {
    let mut lab = Lab::new();
    let all = lab.figures(What::Limits, 1400);
    assert_eq!(all.len(), LIMITS.len());
    for (name, size) in LIMITS {
        assert!(
            all.iter()
                .any(|f| f.name.as_str() == name && f.value == size),
            "{name}"
        );
    }
    for name in ["services", "unsaved changes", "hosts in a report"] {
        assert!(LIMITS.iter().any(|(known, _)| *known == name), "{name}");
    }
    let ask = AskFigures {
        what: What::Limits,
        after: Reason::default(),
    };
    lab.send("ro", &Body::AskFigures(ask), 56);
    assert_eq!(refusal(lab.heard("ro")).code, Ok(Code::Cramped));
}

#[test]
fn levels_are_set_by_who_may_change_everything_and_once() {
    let mut lab = Lab::new();
    lab.node.debug(vec![("state", 0), ("access", 0)]);
    let order = |stamp, set: Option<&str>| {
        let set = set.map(|facility| (Reason::new(facility), 1));
        Body::SetLevel(SetLevel { stamp, set })
    };
    for community in ["ro", "web"] {
        let no = refusal(lab.ask(community, &order(0, None)));
        assert_eq!(no.code, Ok(Code::ReadOnly), "{community}");
    }
    let Body::Levels(levels) = lab.ask("rw", &order(0, None)) else {
        panic!("no levels")
    };
    assert_eq!(levels.program.as_str(), "faild");
    assert!(lab.levels.is_empty());
    let set = order(levels.stamp, Some("access"));
    let Body::Levels(now) = lab.ask("rw", &set) else {
        panic!("no levels")
    };
    assert_eq!(now.levels[1], (Reason::new("access"), 1));
    assert_eq!(lab.levels, [("access", 1)]);
    assert_eq!(
        refusal(lab.ask("rw", &set)).code,
        Ok(Code::Stale),
        "a replay"
    );
    let no = refusal(lab.ask("rw", &order(now.stamp, Some("nothing"))));
    assert_eq!(no.code, Ok(Code::Facility));
    lab.log.clear();
    lab.records("ro", &[]);
    assert!(
        lab.log[0].contains("asks for all services"),
        "{:?}",
        lab.log
    );
}

#[test]
fn an_order_without_room_for_its_answer_is_not_obeyed() {
    let mut lab = Lab::new();
    lab.node.debug(vec![("state", 0), ("access", 0)]);
    let Body::Levels(levels) = lab.ask(
        "rw",
        &Body::SetLevel(SetLevel {
            stamp: 0,
            set: None,
        }),
    ) else {
        panic!("no levels")
    };
    let set = Body::SetLevel(SetLevel {
        stamp: levels.stamp,
        set: Some((Reason::new("access"), 1)),
    });
    lab.send("rw", &set, 0);
    let no = refusal(lab.heard("rw"));
    assert_eq!(no.code, Ok(Code::Cramped));
    assert!(lab.levels.is_empty(), "refused, and done all the same");
    lab.send("rw", &set, no.detail as usize);
    assert!(matches!(lab.heard("rw"), Body::Levels(_)));
    assert_eq!(lab.levels, [("access", 1)]);
}
