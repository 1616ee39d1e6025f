//! What changes too often is said once.

use super::story::{Play, Story, line, name, s, target};

use crate::watch::{Event, Flap, In, Line};

fn flapping() -> Story {
    let mut www = target("www", &[]);
    (www.pace.rise, www.pace.fall) = (1, 1);
    www.pace.flap = Some(Flap {
        changes: 4,
        within: s(600),
    });
    www.pace.renotify = Some(s(100));
    www.lines.push(Line {
        newest: true,
        ..line(&[Event::Change])
    });
    Story::new(vec![www]).all_up()
}

fn turn(story: &mut Story, bad: bool) {
    match bad {
        true => story.bad.insert("www".to_string(), "gone"),
        false => story.bad.remove("www"),
    };
    story.give(In::Ask(name("www")));
    story.run(s(20));
    let state = if bad { "down" } else { "up" };
    assert_eq!(story.state("www"), state, "it is shown as it is");
}

#[test]
fn what_changes_too_often_is_said_once_and_then_what_it_came_to() {
    let mut story = flapping();
    for n in 0..11 {
        turn(&mut story, n % 2 == 0);
    }
    assert!(story.view("www").flapping);
    let news = ["www down", "www up", "www down", "www flapping"];
    assert_eq!(story.news(), news);
    assert_eq!(story.told.last().unwrap().2.event, Event::Flapping);
    assert!(
        story
            .told
            .last()
            .unwrap()
            .2
            .why
            .starts_with("4 changes within 1m")
    );
    story.run(s(570));
    assert_eq!(
        story.news().len(),
        4,
        "until it has been still for long enough"
    );
    story.run(s(130));
    assert!(!story.view("www").flapping);
    // It was said to be down last, and it is.
    assert_eq!(story.news()[4..], ["www renotify".to_string()]);
    assert!(
        story
            .log
            .iter()
            .any(|text| text == "target www: at rest (down)")
    );
    turn(&mut story, false);
    assert_eq!(story.news()[5..], ["www up".to_string()]);
}

#[test]
fn what_it_came_to_is_said_if_it_is_something_else() {
    let mut story = flapping();
    for n in 0..12 {
        turn(&mut story, n % 2 == 0);
    }
    story.run(s(700));
    let news = ["www down", "www up", "www down", "www flapping", "www up"];
    assert_eq!(story.news(), news);
    let wishes = story.told.iter().filter(|(_, line, _)| *line == 1);
    let goods: Vec<bool> = wishes.map(|(_, _, report)| report.good).collect();
    assert_eq!(
        goods,
        [false, true, false, true],
        "wishes end with the truth"
    );
}

#[test]
fn changes_that_are_far_apart_are_no_flapping() {
    let mut story = flapping();
    for n in 0..8 {
        turn(&mut story, n % 2 == 0);
        story.run(s(300));
    }
    assert!(!story.view("www").flapping);
    assert_eq!(
        story
            .news()
            .iter()
            .filter(|text| *text != "www renotify")
            .count(),
        8
    );
}

#[test]
fn a_wish_about_flapping_that_fails_at_rest_gives_way_to_what_is_true() {
    let mut www = target("www", &[]);
    (www.pace.rise, www.pace.fall) = (1, 1);
    www.pace.flap = Some(Flap {
        changes: 4,
        within: s(600),
    });
    www.lines.push(Line {
        newest: true,
        timeout: s(700),
        ..line(&[Event::Flapping, Event::Change])
    });
    let mut story = Story::new(vec![www]).all_up();
    for n in 0..3 {
        turn(&mut story, n % 2 == 0);
    }
    let key = ("www".to_string(), 1);
    story.acts.insert(key, Play::Hangs);
    turn(&mut story, false);
    story.acts.clear();
    turn(&mut story, true);
    story.run(s(3_600));
    let wishes = story.told.iter().filter(|(_, line, _)| *line == 1);
    let last: Vec<_> = wishes.map(|(.., r)| (r.event, r.good)).skip(3).collect();
    let expected = [(Event::Flapping, true), (Event::Change, false)];
    assert_eq!(last, expected);
}
