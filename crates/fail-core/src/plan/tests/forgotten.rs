//! A service that somebody has a faild forget, while its failsh stood still.

use fail_wire::{Body, Forget, Marks, State};

use super::story::{LOCAL, Story, name, service};
use crate::job::Task;
use crate::time::Span;

fn forget(story: &mut Story, host: &str) {
    let order = Forget {
        nonce: story.nonce(host),
        version: story.record(host, "web").version,
        name: name("web"),
    };
    match story.ask(host, &Body::Forget(order)) {
        Body::Answer(answer) => assert!(answer.records[0].is_unknown()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_runs_here_is_published_again_and_not_started_twice() {
    for pushes in [false, true] {
        let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
        story.pushes = pushes;
        story.run_until("web is UP", |s| s.state(LOCAL, "web") == State::Up);
        story.run(Span::from_secs(2));
        let version = story.record(LOCAL, "web").version;
        story.freeze(Span::from_secs(10));
        assert!(story.record(LOCAL, "web").marks.has(Marks::UNSUPERVISED));
        forget(&mut story, LOCAL);
        story.run_until("web is UP again", |s| s.state(LOCAL, "web") == State::Up);
        assert!(story.record(LOCAL, "web").version > version);
        story.run(Span::from_secs(5));
        let starts_and_stops = (story.count(Task::Start), story.count(Task::Stop));
        assert_eq!(starts_and_stops, (1, 0), "{}", story.log.join("\n"));
    }
}

#[test]
fn a_master_that_was_forgotten_can_not_serve_and_reclaims_nothing_when_it_is_back() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.pushes = true;
    story.change_as(
        "hosta",
        "web",
        Some(State::Recover),
        Marks(0),
        Marks(0),
        "",
        100,
    );
    story.run(Span::from_secs(2));
    // Its failsh is silent, so it stands in nobody's way; and then it is forgotten.
    forget(&mut story, "hosta");
    story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hosta", "web", State::Up);
    story.run_until("web is given back", |s| {
        s.state(LOCAL, "web") == State::Recover
    });
    assert_eq!(story.count(Task::Reclaim), 0);
}
