//! Stories of subscriptions: the cookie, what is told and when, repeats, the end.

use fail_wire::{Acknowledge, NOTIFY_BYTES_MIN, Notify, Subscribe};

use super::*;

fn subscribe(cookie: u64, names: &[&str]) -> Body {
    Body::Subscribe(Subscribe {
        cookie,
        for_ms: 60_000,
        names: names.iter().map(|text| name(text)).collect(),
    })
}

fn notify(body: Body) -> Notify {
    match body {
        Body::Notify(notify) => notify,
        other => panic!("no notify: {other:?}"),
    }
}

impl Lab {
    /// Subscribes as one should: asks for the cookie, and shows it.
    fn subscribed(&mut self, community: &str, names: &[&str]) -> Notify {
        let first = notify(self.ask(community, &subscribe(0, names)));
        assert_eq!(
            (first.left_ms, first.number),
            (0, 0),
            "no cookie, no subscription"
        );
        let second = notify(self.ask(community, &subscribe(first.cookie, names)));
        assert_eq!((second.left_ms, second.number), (60_000, 0));
        second
    }

    /// Sets a state; the notify of it comes before the acknowledgement of the disk.
    fn told(&mut self, service: &str, state: State) -> Notify {
        let change = self.change(service, Some(state));
        self.order("rw", &change);
        let notify = notify(self.heard("rw"));
        self.saved(true);
        self.heard("rw");
        notify
    }

    fn acknowledge(&mut self, community: &str, number: u64) {
        self.acknowledge_as(5, community, number);
    }

    fn acknowledge_as(&mut self, request: u64, community: &str, number: u64) {
        let nonce = self.node.nonce;
        let body = Body::Acknowledge(Acknowledge { nonce, number });
        self.bytes(HOST, &emit(Some(&key(community)), request, &body));
        assert!(self.sent.is_empty(), "an acknowledgement is not answered");
    }

    /// Lets time pass until nobody is told any more.
    fn until_given_up(&mut self) {
        while self.node.pushes.len() > 0 {
            self.until_deadline();
        }
        self.sent.clear();
    }

    fn until_deadline(&mut self) {
        let at = self.node.deadline().expect("something to wait for");
        self.pass((at - self.now.mono).as_millis().max(1));
    }
}

#[test]
fn a_change_is_told_at_once_and_no_more_once_it_is_acknowledged() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &["web", "dns"]);
    let told = lab.told("web", State::Up);
    assert_eq!((told.number, told.more, told.records.len()), (1, false, 1));
    assert_eq!(told.records[0].state, State::Up);
    assert_eq!(told.nonce, lab.node.nonce);
    lab.acknowledge("rw", 1);
    lab.pass(5_000);
    assert!(lab.sent.is_empty(), "told again");
    // Of others nothing is told.
    let change = lab.change("mail", Some(State::Up));
    lab.done(&change);
    // The next has the next number, and only what is new.
    let told = lab.told("dns", State::Recover);
    assert_eq!(told.number, 2);
    assert_eq!(told.records.len(), 1);
}

#[test]
fn a_subscription_needs_the_cookie_of_its_own_address() {
    let mut lab = Lab::new();
    let cookie = lab.subscribed("rw", &[]).cookie;
    // Somebody else can do nothing with it.
    let bytes = emit_padded(&key("rw"), 5, &subscribe(cookie, &[]), 1400);
    lab.bytes("192.0.2.66:1000", &bytes);
    let other = notify(lab.heard("rw"));
    assert_eq!(other.left_ms, 0);
    assert_ne!(other.cookie, cookie);
    // Nor the same address with another community.
    assert_eq!(notify(lab.ask("ro", &subscribe(cookie, &[]))).left_ms, 0);
    assert_eq!(lab.node.pushes.len(), 1);
}

#[test]
fn what_is_not_acknowledged_is_repeated_four_times_and_then_given_up() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &[]);
    let first = lab.told("web", State::Up);
    let began = lab.now.mono;
    let mut at = Vec::new();
    while lab.node.pushes.len() > 0 {
        lab.until_deadline();
        for bytes in std::mem::take(&mut lab.sent) {
            let again = notify(Packet::read(&bytes).unwrap().body().unwrap());
            assert_eq!(again.number, first.number);
            at.push((lab.now.mono - began).as_millis());
        }
    }
    assert_eq!(at, [100, 300, 700, 1500]);
    assert_eq!((lab.now.mono - began).as_millis(), 3100);
    assert_eq!(lab.node.counters().unheard, 1);
    assert_eq!(lab.node.counters().repeated, 4);
    let change = lab.change("web", Some(State::Fail));
    lab.done(&change);
}

#[test]
fn a_storm_of_changes_is_told_in_few_and_always_as_it_is_now() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &[]);
    lab.told("web", State::Up);
    for state in [State::Fail, State::Recover, State::Up, State::Fail] {
        let change = lab.change("web", Some(state));
        lab.done(&change);
    }
    lab.until_deadline();
    let told = notify(lab.heard("rw"));
    assert_eq!((told.number, told.records.len()), (2, 1));
    assert_eq!(told.records[0].version, 5);
    // An old acknowledgement shows that somebody is there, and settles nothing.
    lab.acknowledge("rw", 1);
    lab.until_deadline();
    assert_eq!(notify(lab.heard("rw")).number, 2, "it is repeated");
    lab.acknowledge("rw", 2);
    lab.pass(3_000);
    assert!(lab.sent.is_empty());
    assert_eq!(lab.node.pushes.len(), 1);
}

#[test]
fn who_hears_late_is_not_given_up_and_hears_all() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &[]);
    // A change every 20 ms, each acknowledged only after the next: for longer than anybody
    // silent is kept.
    for n in 0..400u64 {
        let told = lab.told("web", if n % 2 == 0 { State::Up } else { State::Fail });
        assert_eq!(told.number, n + 1);
        lab.acknowledge("rw", n);
        lab.pass(20);
    }
    assert_eq!(lab.node.pushes.len(), 1);
    assert_eq!(lab.node.counters().unheard, 0);
}

#[test]
fn only_what_the_community_may_read_is_told() {
    let mut lab = Lab::new();
    lab.subscribed("web", &[]);
    let change = lab.change("dns", Some(State::Up));
    lab.done(&change);
    lab.pass(5_000);
    assert!(lab.sent.is_empty(), "told of what it may not read");
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    let told = notify(lab.heard("web"));
    assert_eq!((told.number, told.records.len()), (1, 1));
}

#[test]
fn what_it_may_not_read_is_not_even_hinted_at() {
    let mut lab = Lab::new();
    lab.subscribed("web", &[]);
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    assert_eq!(notify(lab.heard("web")).number, 1);
    lab.saved(true);
    lab.heard("rw");
    // While that is not acknowledged, more happens elsewhere than anybody is told.
    for n in 0..=limits::PUSH_NAMES_MAX {
        let change = lab.change(&format!("s{n}"), Some(State::Up));
        lab.done(&change);
    }
    lab.until_deadline();
    let again = notify(lab.heard("web"));
    assert_eq!(
        (again.number, again.more, again.records.len()),
        (1, false, 1)
    );
}

#[test]
fn only_who_got_a_notify_can_acknowledge_it() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &[]);
    lab.told("web", State::Up);
    // With a forged address: nonce and number are no secret, the request id is.
    lab.acknowledge_as(6, "rw", 1);
    lab.until_deadline();
    assert_eq!(notify(lab.heard("rw")).number, 1, "it is repeated");
    lab.acknowledge("rw", 1);
    lab.pass(5_000);
    assert!(lab.sent.is_empty());
}

#[test]
fn a_later_subscription_goes_on_with_the_numbers_of_an_earlier_one() {
    let mut lab = Lab::new();
    lab.subscribed("rw", &[]);
    assert_eq!(lab.told("web", State::Up).number, 1);
    lab.acknowledge("rw", 1);
    lab.pass(20);
    assert_eq!(lab.told("web", State::Fail).number, 2);
    lab.until_given_up();
    lab.subscribed("rw", &[]);
    assert_eq!(lab.told("web", State::Up).number, 3);
    // What was acknowledged long ago settles nothing.
    lab.acknowledge("rw", 2);
    lab.until_deadline();
    assert_eq!(notify(lab.heard("rw")).number, 3, "it is repeated");
    lab.acknowledge("rw", 3);
    lab.pass(5_000);
    assert!(lab.sent.is_empty());
}

#[test]
fn more_than_fits_is_said_so() {
    let mut lab = Lab::new();
    let room = NOTIFY_BYTES_MIN + 60;
    let cookie = notify(lab.ask("rw", &subscribe(0, &[]))).cookie;
    lab.send("rw", &subscribe(cookie, &[]), room);
    assert_eq!(notify(lab.heard("rw")).left_ms, 60_000);
    lab.told("a", State::Up);
    let change = lab.change("b", Some(State::Up));
    lab.done(&change);
    lab.until_deadline();
    let bytes = lab.sent.remove(0);
    assert!(bytes.len() <= room, "{} bytes for {room}", bytes.len());
    let told = notify(Packet::read(&bytes).unwrap().body().unwrap());
    assert_eq!((told.records.len(), told.more), (1, true));
    // A subscribe without room even for that is refused with what is enough.
    lab.send("rw", &subscribe(cookie, &[]), 0);
    let no = refusal(lab.heard("rw"));
    assert_eq!((no.code, no.detail), (Ok(Code::Cramped), 79));
}

#[test]
fn it_ends_in_time_or_when_it_is_no_longer_wanted_or_allowed() {
    let mut lab = Lab::new();
    let cookie = lab.subscribed("rw", &[]).cookie;
    lab.pass(59_000);
    assert_eq!(
        notify(lab.ask("rw", &subscribe(cookie, &[]))).left_ms,
        60_000
    );
    lab.pass(59_999);
    assert_eq!(lab.node.pushes.len(), 1, "it was renewed");
    lab.pass(1);
    assert_eq!((lab.node.pushes.len(), lab.node.deadline()), (0, None));

    lab.subscribed("rw", &[]);
    let end = |cookie| {
        Body::Subscribe(Subscribe {
            cookie,
            ..Subscribe::default()
        })
    };
    assert_eq!(notify(lab.ask("rw", &end(0))).left_ms, 0);
    assert_eq!(lab.node.pushes.len(), 1, "whose address was forged?");
    assert_eq!(notify(lab.ask("rw", &end(cookie))).left_ms, 0);
    assert_eq!(lab.node.pushes.len(), 0);

    lab.subscribed("ro", &[]);
    lab.handle(In::Access(rules()));
    assert_eq!(lab.node.pushes.len(), 1, "the same rules once more");
    let mut access = Access::none();
    access.add(None, key("rw"), Rights::ReadWrite).unwrap();
    lab.handle(In::Access(access));
    assert_eq!(lab.node.pushes.len(), 0, "its community is no more");
}

#[test]
fn limits_are_named() {
    let mut lab = Lab::new();
    let limited = |lab: &mut Lab, from: &str, names: usize| {
        let names: Vec<String> = (0..names).map(|n| format!("s{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut cookie = 0;
        for _ in 0..2 {
            lab.bytes(
                from,
                &emit_padded(&key("rw"), 5, &subscribe(cookie, &names), 1400),
            );
            match lab.heard("rw") {
                Body::Notify(answer) => cookie = answer.cookie,
                Body::Refusal(no) => return Some((no.text.to_string(), no.detail)),
                other => panic!("{other:?}"),
            }
        }
        None
    };
    let known = |name: &str| LIMITS.iter().find(|(n, _)| *n == name).unwrap().1;
    let (name, size) = limited(&mut lab, HOST, 257).unwrap();
    assert_eq!((name.as_str(), size), ("names in a subscription", 256));
    assert_eq!(known(&name), 256);
    for port in 1..=16 {
        assert_eq!(limited(&mut lab, &format!("192.0.2.1:{port}"), 1), None);
    }
    let (name, size) = limited(&mut lab, "192.0.2.1:17", 1).unwrap();
    assert_eq!((name.as_str(), size), ("subscriptions of one address", 16));
    // Whoever has one may renew it.
    assert_eq!(limited(&mut lab, "192.0.2.1:16", 2), None);
    for n in lab.node.pushes.len()..limits::SUBSCRIPTIONS_MAX {
        let from = format!("10.0.{}.{}:1", n / 250, n % 250);
        assert_eq!(limited(&mut lab, &from, 1), None, "{n}");
    }
    let (name, size) = limited(&mut lab, "192.0.2.3:1", 1).unwrap();
    assert_eq!((name.as_str(), size), ("subscriptions", 1000));
}
