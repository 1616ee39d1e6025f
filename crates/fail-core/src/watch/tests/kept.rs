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
    // Who else reads it has the same rule.
    let kept = story.watch.kept();
    let days = |days: i64| {
        let mut now = story.now;
        now.wall.0 += days * 86_400_000;
        kept.iter()
            .map(|kept| kept.is_believed(now))
            .collect::<Vec<_>>()
    };
    assert_eq!((days(6), days(8)), (vec![true; 3], vec![false; 3]));
}

#[test]
fn what_an_older_or_broken_file_says_does_no_harm() {
    let kept = |state, changes| Kept {
        target: super::story::name("www"),
        state,
        since: i64::MIN,
        why: "a\nb".repeat(1_000),
        flapping: true,
        warning: Some(i64::MAX),
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

#[test]
fn a_line_that_has_moved_in_the_file_meanwhile_is_as_it_was() {
    let worded = |mut targets: Vec<Target>| {
        for target in &mut targets {
            target.lines[0].what = "on change mail".to_string();
            target.lines[1].what = "on change failc web".to_string();
        }
        targets
    };
    let mut story = Story::new(worded(few())).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(1));
    let mut other = worded(few());
    other[2].lines.reverse();
    let mut again = restart(&story, other, 1);
    again.run(s(5));
    let told: Vec<_> = again.told.iter().map(|(_, n, r)| (*n, r.event)).collect();
    assert_eq!(told, [(1, Event::Down)], "the mail, and no wish");
}

#[test]
fn a_wish_that_was_under_way_may_have_been_done() {
    let mut story = Story::new(few()).all_up();
    story.acts.insert(("web".to_string(), 1), Play::Hangs);
    story.bad.insert("web".to_string(), "gone");
    story.until_state("web", State::Down);
    // Nothing can be said of it before it is up again.
    story.bad.insert("router".to_string(), "gone");
    story.until_state("router", State::Down);
    let mut again = restart(&story, few(), 1);
    again.bad.clear();
    again.run(s(60));
    let wishes = again.told.iter().filter(|(_, line, _)| *line == 1);
    let wishes = wishes.filter(|(.., report)| report.target.as_str() == "web");
    let wishes: Vec<bool> = wishes.map(|(.., report)| report.good).collect();
    assert_eq!(wishes, [true], "it may be away");
}

#[test]
fn what_was_left_out_before_one_that_is_done_again_is_told_again() {
    let mut targets = few();
    (targets[2].pace.rise, targets[2].pace.fall) = (1, 1);
    targets[2].lines[0].every = Some(s(40));
    let mut story = Story::new(targets.clone()).all_up();
    let turn = |story: &mut Story, bad: bool| {
        match bad {
            true => story.bad.insert("www".to_string(), "gone"),
            false => story.bad.remove("www"),
        };
        let state = if bad { State::Down } else { State::Up };
        story.until_state("www", state);
        story.run(s(1));
    };
    turn(&mut story, true);
    turn(&mut story, false);
    story.run(s(40));
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    turn(&mut story, true);
    let mut again = restart(&story, targets, 1);
    again.run(s(5));
    assert_eq!(again.news(), ["www down"]);
    assert_eq!(again.told[0].2.left_out, 1);
}

#[test]
fn of_more_than_can_wait_the_oldest_are_left_out() {
    let mut targets = few();
    (targets[2].pace.rise, targets[2].pace.fall) = (1, 1);
    let mut story = Story::new(targets.clone()).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    let most = crate::limits::ACTS_WAITING_MAX;
    for n in 0..=most {
        match n % 2 {
            0 => story.bad.insert("www".to_string(), "gone"),
            _ => story.bad.remove("www"),
        };
        story.give(In::Ask(super::story::name("www")));
        story.run(crate::time::Span::from_millis(100));
    }
    let mut again = restart(&story, targets, 1);
    again.bad = story.bad.clone();
    again.run(s(5));
    let last = again.told.iter().rfind(|(_, line, _)| *line == 0).unwrap();
    assert_eq!((again.news().len(), last.2.good), (most, most % 2 == 1));
    let left_out: u32 = again.told.iter().map(|(.., report)| report.left_out).sum();
    assert_eq!(left_out, 1);
}

#[test]
fn what_was_kept_is_as_clean_as_what_is_found() {
    let every = || {
        let mut www = target("www", &[]);
        www.lines.push(line(&[Event::Down]));
        vec![www]
    };
    let mut story = Story::new(every()).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let mut kept = story.watch.kept();
    let evil = "\u{1b}[31m\u{202e}\n".to_string() + &"x".repeat(10_000);
    let report = story.told[0].2.clone();
    for kept in &mut kept {
        kept.why.clone_from(&evil);
        for change in &mut kept.changes {
            change.why.clone_from(&evil);
        }
        let mut report = report.clone();
        report.why.clone_from(&evil);
        kept.lines[0].waiting = vec![report; 100];
    }
    let mut again = Story::empty();
    (again.now, again.bad) = (story.now, story.bad.clone());
    again.give(In::Restore(kept));
    again.reload(every());
    let view = again.view("www");
    let changes = view.changes.iter().map(|change| change.why.clone());
    let kept = again.watch.kept();
    let waiting = kept[0].lines[0].waiting.iter();
    let mut whys: Vec<String> = changes
        .chain([view.why.clone(), kept[0].why.clone()])
        .collect();
    whys.extend(waiting.map(|report| report.why.clone()));
    whys.extend(again.told.iter().map(|told| told.2.why.clone()));
    assert!(whys.len() > 3, "{whys:?}");
    for why in whys {
        assert!(
            why.len() <= 600 && !why.chars().any(fail_wire::is_odd),
            "{why:?}"
        );
    }
}
