//! What changes too often is said once.

use super::story::{Play, Story, line, name, s, target};

use crate::watch::{Event, Flap, In, Line, State};

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
    // It was said to be down before, and it is: but what was said last is that it flaps.
    let rest = ["www down".to_string(), "www renotify".to_string()];
    assert_eq!(story.news()[4..], rest);
    let wishes = story.told.iter().filter(|(_, line, _)| *line == 1);
    let goods: Vec<bool> = wishes.map(|(_, _, report)| report.good).collect();
    assert_eq!(goods, [false, true, false], "a wish is made once");
    assert!(
        story
            .log
            .iter()
            .any(|text| text == "target www: at rest (down)")
    );
    turn(&mut story, false);
    assert_eq!(story.news()[6..], ["www up".to_string()]);
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

#[test]
fn what_it_came_to_is_said_also_if_hc_was_started_anew_or_people_worked_on_it_meanwhile() {
    let flaps = || {
        let mut story = flapping();
        for n in 0..11 {
            turn(&mut story, n % 2 == 0);
        }
        assert_eq!(story.news().pop().unwrap(), "www flapping");
        story.forget();
        story
    };
    let story = flaps();
    let mut again = Story::empty();
    (again.now, again.bad) = (story.now, story.bad.clone());
    again.give(In::Restore(story.watch.kept()));
    again.reload(story.watch.targets().iter().cloned().collect());
    assert_eq!(again.news(), Vec::<String>::new(), "it is asked first");
    again.run(s(60));
    assert_eq!(again.news(), ["www down"]);

    let mut story = flaps();
    let mut www: Vec<_> = story.watch.targets().iter().cloned().collect();
    www[0].windows = vec!["night".to_string()];
    story.reload(www);
    for open in [true, false] {
        let window = "night".to_string();
        story.give(In::Window { window, open });
        story.run(s(30));
    }
    story.until_state("www", State::Down);
    assert_eq!(story.news(), ["www down"]);
}
