//! Who hears whom: told to the local faild, asked of others, and a cut that goes one way only
//! is a line in the log. Nothing is decided by it.

use fail_wire::{Body, Hear, Key, Packet, Report, Reported, State, emit};

use super::story::{LOCAL, Story, at, ms, name, service};
use super::views::host;
use crate::policy::Service;
use crate::time::Span;

fn pair() -> Story {
    let mut story = Story::new(&[("web", service(&["hosta"], &["hostb"]))]);
    story.set("hosta", "web", State::Up);
    story
}

/// What the local faild has been told.
fn told(story: &mut Story) -> Reported {
    match story.ask(LOCAL, &Body::AskReport) {
        Body::Reported(reported) => reported,
        other => panic!("{other:?}"),
    }
}

fn heard(reported: &Reported) -> Vec<(&str, bool)> {
    let hears = reported.hears.iter();
    hears
        .map(|hear| (hear.name.as_str(), hear.reachable))
        .collect()
}

/// The failsh of a host says whether it hears this one, by a name of its own.
fn says(story: &mut Story, host: &str, reachable: bool) {
    let hear = Hear {
        name: name("neighbour"),
        nonce: story.nonce(LOCAL),
        reachable,
    };
    let report = Report { hears: vec![hear] };
    story.ask(host, &Body::Report(report));
}

/// Lets time pass in which a host's failsh goes on saying so.
fn says_for(story: &mut Story, host: &str, reachable: bool, seconds: u64) {
    for _ in 0..seconds / 5 {
        says(story, host, reachable);
        story.run(Span::from_secs(5));
    }
}

fn lines(story: &Story, part: &str) -> usize {
    story.log.iter().filter(|line| line.contains(part)).count()
}

const DEAF: &str = "host hosta hears us, but we do not hear it";
const MUTE: &str = "we hear host hosta, but it does not hear us";
const OVER: &str = "host hosta and this one are no longer heard one-sidedly";

#[test]
fn whom_we_hear_is_told_to_the_local_faild_and_a_change_at_once() {
    let mut story = pair();
    story.silent.insert(at("hostb"));
    story.run(Span::from_secs(10));
    let first = told(&mut story);
    assert_eq!(heard(&first), [("hosta", true), ("hostb", false)]);
    assert_eq!(first.hears[0].nonce, story.nonce("hosta"));
    assert!(first.age_ms.unwrap() < 5_100, "{first:?}");
    story.silent.clear();
    story.run(ms(2_500));
    let both = [("hosta", true), ("hostb", true)];
    assert_eq!(heard(&told(&mut story)), both);
    story.run(Span::from_secs(600));
    assert!(told(&mut story).age_ms.unwrap() < 5_100);
}

#[test]
fn it_is_told_and_asked_slowly_however_short_the_interval() {
    let mut story = pair();
    story.run(Span::from_secs(100));
    let calm = story.asked[&at("hosta")];
    let fast = Service {
        interval: ms(10),
        ..service(&["hosta"], &[])
    };
    // 100 rounds and, every ten seconds, one more; the local faild is told every five.
    assert!((109..=113).contains(&calm), "{calm}");
    let mut story = Story::new(&[("web", fast)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(10));
    let before = (story.asked[&at("hosta")], story.asked[&at(LOCAL)]);
    story.run(Span::from_secs(100));
    let asked = story.asked[&at("hosta")] - before.0;
    let told = story.asked[&at(LOCAL)] - before.1;
    assert!((10_009..=10_012).contains(&asked), "{asked}");
    assert!((10_019..=10_022).contains(&told), "{told}");
}

#[test]
fn what_others_say_is_shown_with_its_time() {
    let mut story = pair();
    assert!(host(&story, "hosta").heard.is_none());
    story.run(Span::from_secs(3));
    says(&mut story, "hosta", true);
    let said = story.now.wall.0;
    story.run(Span::from_secs(11));
    let view = host(&story, "hosta");
    let shown: Vec<_> = view
        .hears
        .iter()
        .map(|h| (h.host.as_str(), h.reachable))
        .collect();
    assert_eq!(shown, [("neighbour", true)]);
    assert!((view.heard.unwrap() - said).abs() <= 2, "{view:?} {said}");
    assert!(host(&story, "hostb").hears.is_empty());
}

#[test]
fn a_host_that_does_not_hear_us_is_told_once_and_when_it_is_over() {
    let mut story = pair();
    says_for(&mut story, "hosta", true, 60);
    assert_eq!(lines(&story, "hear"), 0, "{:?}", story.log);
    says_for(&mut story, "hosta", false, 60);
    assert_eq!(
        (lines(&story, MUTE), lines(&story, OVER)),
        (1, 0),
        "{:?}",
        story.log
    );
    says_for(&mut story, "hosta", true, 20);
    assert_eq!(
        (lines(&story, MUTE), lines(&story, OVER)),
        (1, 1),
        "{:?}",
        story.log
    );
    assert_eq!(lines(&story, DEAF), 0);
}

#[test]
fn a_host_that_we_do_not_hear_and_that_hears_us_is_told() {
    let hurried = Service {
        interval: ms(100),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", hurried)]);
    story.set("hosta", "web", State::Up);
    says_for(&mut story, "hosta", true, 20);
    // Its answers about services are lost; the others come through.
    story.lose_queries.insert(at("hosta"));
    says_for(&mut story, "hosta", true, 40);
    assert_eq!(host(&story, "hosta").reachable, Some(false));
    assert_eq!(
        (lines(&story, DEAF), lines(&story, OVER)),
        (1, 0),
        "{:?}",
        story.log
    );
    story.lose_queries.clear();
    says_for(&mut story, "hosta", true, 20);
    assert_eq!(
        (lines(&story, DEAF), lines(&story, OVER)),
        (1, 1),
        "{:?}",
        story.log
    );
    assert_eq!(lines(&story, MUTE), 0);
}

#[test]
fn a_host_that_dies_is_not_accused_of_hearing_us() {
    let mut story = pair();
    says_for(&mut story, "hosta", true, 60);
    story.silent.insert(at("hosta"));
    story.run(Span::from_secs(100));
    story.silent.clear();
    // What it said is from before; the next thing it says is from after.
    story.run(Span::from_secs(5));
    says_for(&mut story, "hosta", true, 60);
    assert_eq!(lines(&story, "hear us"), 0, "{:?}", story.log);
    assert_eq!(lines(&story, "hears us"), 0, "{:?}", story.log);
}

#[test]
fn a_host_whose_failsh_is_gone_says_nothing_of_the_present() {
    let mut story = pair();
    says_for(&mut story, "hosta", false, 30);
    assert_eq!((lines(&story, MUTE), lines(&story, OVER)), (1, 0));
    story.run(Span::from_secs(60));
    assert_eq!(lines(&story, OVER), 1, "its last word is too old");
    assert_eq!(
        host(&story, "hosta").hears.len(),
        1,
        "but it is shown, with its time"
    );
}

#[test]
fn older_failds_are_asked_once_in_ten_minutes_and_everything_else_goes_on() {
    let mut story = pair();
    story.old.extend([at("hosta"), at(LOCAL)]);
    story.run_until("it is ready", |s| s.state(LOCAL, "web") == State::Recover);
    story.run(Span::from_secs(5));
    let before = (story.asked[&at("hosta")], story.asked[&at(LOCAL)]);
    story.run(Span::from_secs(300));
    assert_eq!(
        story.asked[&at("hosta")] - before.0,
        300,
        "a round a second, nothing else"
    );
    assert_eq!(story.asked[&at(LOCAL)] - before.1, 300);
    assert_eq!(host(&story, "hosta").reachable, Some(true));
    story.old.clear();
    story.run(Span::from_secs(310));
    assert_eq!(told(&mut story).hears.len(), 2, "it was updated");
    story.silent.insert(at("hosta"));
    story.run_until("it takes over", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn what_nobody_proves_is_no_report() {
    let mut story = pair();
    story.run(Span::from_secs(9));
    let question = |s: &Story| {
        let on_the_way = s.on_the_way_to("hosta");
        let mut packets = on_the_way.iter().map(|bytes| Packet::read(bytes).unwrap());
        let found = packets.find(|packet| packet.body() == Ok(Body::AskReport));
        found.map(|packet| packet.request())
    };
    story.run_until("it is asked", |s| question(s).is_some());
    let id = question(&story).unwrap();
    let reported = Body::Reported(Reported {
        age_ms: Some(0),
        hears: vec![Hear {
            name: name("liar"),
            nonce: 1,
            reachable: true,
        }],
    });
    let other = Key::new("other").unwrap();
    let public = Key::new("public").unwrap();
    story.inject(at("hosta"), emit(Some(&other), id, &reported));
    story.inject(at("hosta"), emit(None, id, &reported));
    story.inject(at("hostb"), emit(Some(&public), id, &reported));
    story.inject(at("hosta"), emit(Some(&public), id + 1, &reported));
    story.run(ms(0));
    assert!(host(&story, "hosta").hears.is_empty());
    story.run(ms(5));
    assert_eq!(host(&story, "hosta").heard, None, "it has said nothing yet");
}
