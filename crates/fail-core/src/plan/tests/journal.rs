//! What is remembered of a service, and when it is told that a view has changed.

use fail_wire::monitor::{Note, ServiceView};
use fail_wire::{Marks, Name, State};

use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::job::Task;
use crate::limits;
use crate::plan::notes::NoteKind;
use crate::plan::{In, Subject};
use crate::policy::{Host, Policy, Service};
use crate::time::Span;

pub fn view(story: &Story, service: &str) -> ServiceView {
    story.plan.service_view(story.now, &name(service)).unwrap()
}

fn journal(story: &Story) -> Vec<Note> {
    view(story, "web").journal
}

/// Kind and text of each entry.
fn entries(story: &Story) -> Vec<String> {
    let notes = journal(story).into_iter();
    notes
        .map(|note| format!("{}: {}", note.kind, note.text))
        .collect()
}

#[test]
fn the_journal_tells_how_a_service_came_to_where_it_is() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(5));
    story.silent.insert(at("hosta"));
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let began = story.now.wall.0 - 10_000;
    let entries = entries(&story);
    let order = [
        "state: nothing -> RECOVER (ready: failsh was started)",
        "decision: yield: a master can serve; masters hosta=UP",
        "script: running start (start: no master can serve; masters hosta=unreachable)",
        "state: RECOVER -> UP (start: no master can serve; masters hosta=unreachable)",
    ];
    let mut rest = entries.iter();
    for line in order {
        assert!(rest.any(|entry| entry == line), "no {line}:\n{entries:#?}");
    }
    let times: Vec<i64> = journal(&story).iter().map(|note| note.at).collect();
    assert!(times.is_sorted() && times[0] > began, "{times:?}");
}

#[test]
fn what_does_not_change_is_written_once() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(10));
    let before = entries(&story);
    story.run(Span::from_secs(600));
    assert_eq!(entries(&story), before, "600 rounds tell nothing new");
}

#[test]
fn a_delay_is_written_once() {
    let delayed = Service {
        delay: Span::from_secs(30),
        ..service(&[], &[])
    };
    let mut story = Story::new(&[("web", delayed)]);
    story.run(Span::from_secs(20));
    assert_eq!(
        entries(&story),
        ["decision: wait: delay 30s after start-up"]
    );
}

#[test]
fn a_journal_has_its_length_and_so_has_each_entry() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.run(Span::from_secs(2));
    for n in 0..limits::JOURNAL_MAX + 5 {
        let text = format!("{n}\n{}", "é".repeat(1_000));
        let now = story.now;
        story.plan.note(now, &name("web"), NoteKind::Policy, &text);
    }
    let notes = journal(&story);
    assert_eq!(notes.len(), limits::JOURNAL_MAX);
    assert!(notes[0].text.starts_with("5 "), "{}", notes[0].text);
    for note in &notes {
        assert!(note.text.len() <= limits::NOTE_BYTES_MAX && note.text.ends_with('…'));
    }
}

#[test]
fn wishes_are_noted_with_what_was_said() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let none = Marks(0);
    story.change(LOCAL, "web", None, Marks::HELD, none, "new disk");
    story.run(Span::from_secs(3));
    story.change(LOCAL, "web", None, none, Marks::HELD, "done");
    story.run(Span::from_secs(3));
    let entries = entries(&story);
    let at = |line: &str| entries.iter().position(|entry| entry == line);
    let (held, free) = (at("wish: held: new disk"), at("wish: released: done"));
    assert!(held.is_some() && held < free, "{entries:#?}");
}

fn changes(story: &mut Story) -> Vec<Subject> {
    let changed = std::mem::take(&mut story.changed);
    changed.into_iter().map(|(_, subject)| subject).collect()
}

fn count(subjects: &[Subject], what: &Subject) -> usize {
    subjects.iter().filter(|subject| *subject == what).count()
}

#[test]
fn a_view_that_has_changed_is_told_once_a_turn_and_a_quiet_one_never() {
    let mut story = Story::new(&[
        ("dns", service(&["hosta"], &[])),
        ("web", service(&[], &[])),
    ]);
    story.set("hosta", "dns", State::Up);
    story.run(Span::from_secs(10));
    changes(&mut story);
    story.run(Span::from_secs(10));
    let of = |text: &str| Subject::Service(name(text));
    assert_eq!(count(&changes(&mut story), &of("web")), 0);
    story.plan.touch(&name("web"));
    story.plan.touch(&name("web"));
    story.run(Span::from_secs(1));
    assert_eq!(count(&changes(&mut story), &of("web")), 1);
    story.set("hosta", "dns", State::Recover);
    story.run(Span::from_secs(1));
    let changes = changes(&mut story);
    assert!(count(&changes, &of("dns")) > 0, "{changes:?}");
    assert_eq!(count(&changes, &of("web")), 0, "{changes:?}");
}

#[test]
fn figures_of_a_host_are_told_once_a_second_and_its_loss_at_once() {
    let fast = Service {
        interval: ms(20),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", fast)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(5));
    changes(&mut story);
    story.run(Span::from_secs(10));
    let hosta = Subject::Host(name("hosta"));
    let told = count(&changes(&mut story), &hosta);
    assert!((9..=11).contains(&told), "{told} times in ten seconds");
    story.silent.insert(at("hosta"));
    story.run_until("it is lost", |s| {
        let host = s.plan.host_view(s.now, &name("hosta")).unwrap();
        host.reachable == Some(false)
    });
    assert_eq!(story.changed.last(), Some(&(story.now.mono, hosta)));
}

#[test]
fn a_host_that_moves_is_told_of_at_once() {
    let named = Host {
        address: Some("a.example".to_string()),
        ..Host::default()
    };
    let stage = Story::new(&[("web", service(&["hosta"], &[]))]);
    let policy = Policy {
        hosts: [(name("hosta"), named)].into(),
        services: [(name("web"), service(&["hosta"], &[]))].into(),
        traps: Vec::new(),
    };
    let mut story = Story::with(stage.now, policy, stage.into_nodes());
    story.run(ms(10));
    let hosta = Subject::Host(name("hosta"));
    let (no, _) = story.resolves[0].clone();
    let answer = Ok(at("hosta"));
    story.tell(In::Resolved { no, answer });
    assert_eq!(story.changed.last(), Some(&(story.now.mono, hosta)));
    let host = story.plan.host_view(story.now, &name("hosta")).unwrap();
    assert_eq!(host.address.as_deref(), Some("10.0.0.1:1847"));
}

#[test]
fn a_script_that_has_its_turn_changes_the_view() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.queue_up = true;
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("it runs", |s| s.orders.len() == 1);
    story.run(Span::from_secs(5));
    story.changed.clear();
    let job = story.orders[0].1.job;
    let before = view(&story, "web").script.unwrap().until;
    story.tell(In::Began { job });
    let web: Name = name("web");
    assert_eq!(
        story.changed.last(),
        Some(&(story.now.mono, Subject::Service(web)))
    );
    assert!(view(&story, "web").script.unwrap().until > before);
}
