//! Over a restart: nothing is said again, and nothing is lost.

use super::story::{Play, Story, line, s, target};
use crate::watch::{Event, In, Kept, Line, State, Target};

fn few() -> Vec<Target> {
    let wish = Line {
        newest: true,
        ..line(&[Event::Change])
    };
    let mut targets = vec![
        target("router", &[]),
        target("web", &["router"]),
        target("www", &[]),
    ];
    targets
        .iter_mut()
        .for_each(|target| target.lines.push(wish.clone()));
    targets
}

/// hc ends, and is there again after so long.
fn restart(story: &Story, targets: Vec<Target>, seconds: u64) -> Story {
    let mut kept = story.watch.kept();
    for kept in &mut kept {
        // As from a file.
        kept.why = kept.why.to_string();
    }
    let mut again = Story::empty();
    (again.now, again.bad) = (story.now, story.bad.clone());
    again.jump(s(seconds));
    again.give(In::Restore(kept));
    again.reload(targets);
    again
}

#[test]
fn nothing_is_said_again_after_a_restart() {
    let mut story = Story::new(few()).all_up();
    for bad in ["router", "web", "www"] {
        story.bad.insert(bad.to_string(), "gone");
    }
    story.run(s(120));
    let mut news = story.news();
    news.sort();
    assert_eq!(news, ["router down", "www down"]);
    let since = story.view("www").since;
    let mut again = restart(&story, few(), 60);
    assert_eq!(
        (again.state("www"), again.state("web")),
        ("down".into(), "dependency".into())
    );
    assert_eq!(again.view("www").since, since);
    again.run(s(120));
    assert_eq!(again.told, vec![]);
    again.bad.clear();
    again.run(s(120));
    let mut news = again.news();
    news.sort();
    assert_eq!(news, ["router up", "www up"]);
    let lasted = again.told[0].2.lasted;
    assert!(lasted > s(280) && lasted < s(320), "{lasted}");
}

#[test]
fn what_changed_meanwhile_is_said() {
    let mut story = Story::new(few()).all_up();
    story.bad.insert("www".to_string(), "gone");
    let mut again = restart(&story, few(), 60);
    again.run(s(60));
    assert_eq!(again.news(), ["www down"]);
    assert!(!again.told[0].2.first);
}

#[test]
fn history_and_availability_are_kept() {
    let mut story = Story::new(few()).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(600));
    let again = restart(&story, few(), 1);
    assert_eq!(again.view("www").changes, story.view("www").changes);
    let (was, is) = (story.view("www").available, again.view("www").available);
    assert!(
        (was.hour.unwrap() - is.hour.unwrap()).abs() < 0.5,
        "{was:?} {is:?}"
    );
    assert!(is.hour.unwrap() < 30.0);
}

#[test]
fn a_report_that_was_not_done_is_done_after_the_restart() {
    let mut story = Story::new(few()).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let mut again = restart(&story, few(), 1);
    again.run(s(5));
    let news: Vec<_> = again
        .told
        .iter()
        .map(|(_, line, r)| (*line, r.event))
        .collect();
    assert_eq!(news[0], (0, Event::Down));

    // What was right then may be wrong by now.
    let mut late = restart(&story, few(), 301);
    late.run(s(60));
    let reports = late.told.iter().filter(|(_, line, _)| *line == 0);
    assert_eq!(reports.count(), 0, "{:?}", late.told);
}

#[test]
fn what_a_line_has_not_done_is_not_done_by_another_that_has_its_place() {
    let mut story = Story::new(few()).all_up();
    for line in [0, 1] {
        story.acts.insert(("www".to_string(), line), Play::Hangs);
    }
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let mut other = few();
    other[2].lines[0].what = "on down exec reboot".to_string();
    let mut again = restart(&story, other, 1);
    again.run(s(5));
    let lines: Vec<usize> = again.told.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [1], "the wish is as it was");
}

#[test]
fn a_wish_that_was_not_done_is_done_after_the_restart_and_one_that_was_is_not() {
    let mut story = Story::new(few()).all_up();
    story.acts.insert(("www".to_string(), 1), Play::Hangs);
    story.bad.insert("www".to_string(), "gone");
    story.bad.insert("router".to_string(), "gone");
    story.run(s(60));
    let mut again = restart(&story, few(), 1);
    again.run(s(5));
    let told: Vec<_> = again
        .told
        .iter()
        .map(|(_, line, r)| (r.target.to_string(), *line, r.good))
        .collect();
    assert_eq!(told, [("www".to_string(), 1, false)]);
}

#[test]
fn what_is_a_week_old_says_nothing_any_more() {
    let mut story = Story::new(few()).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let again = restart(&story, few(), 6 * 86_400);
    assert_eq!(again.state("www"), "down");
    let again = restart(&story, few(), 8 * 86_400);
    assert_eq!(again.state("www"), "pending");
}

#[test]
fn what_an_older_or_broken_file_says_does_no_harm() {
    let kept = |state, changes| Kept {
        target: super::story::name("www"),
        state,
        since: i64::MIN,
        why: "a\nb".repeat(1_000),
        at: 0,
        changes,
        available: Default::default(),
        lines: vec![],
    };
    for state in [
        State::Maintenance,
        State::Dependency,
        State::Pending,
        State::Down,
        State::Up,
    ] {
        let mut story = Story::empty();
        story.give(In::Restore(vec![kept(state, vec![])]));
        story.reload(few());
        assert!(story.view("www").why.len() <= crate::limits::FINDING_BYTES_MAX);
        story.run(s(120));
        assert_eq!(story.state("www"), "up");
    }
}

#[test]
fn what_is_kept_is_said_to_be_so_once_in_a_turn_and_only_then() {
    let mut story = Story::new(few()).all_up();
    let keeps = story.keeps;
    story.run(s(600));
    assert_eq!(story.keeps, keeps, "nothing happened");
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    assert!(story.keeps > keeps);
}
