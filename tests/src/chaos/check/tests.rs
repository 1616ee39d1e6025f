//! The checker finds what is wrong in lives that were edited to be so, and nothing in those that
//! are well.

use std::collections::BTreeMap;

use fail_core::job::JobNo;
use fail_replay::life::{Script, ServiceLife};
use fail_replay::{End, Replayed};

use super::*;

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> Mono {
    Mono(seconds * SECOND)
}

fn name() -> Name {
    Name::new("alpha").expect("a legal name")
}

fn held(from: u64, to: u64, what: State) -> Held<Option<State>> {
    Held {
        from: at(from),
        to: at(to),
        what: Some(what),
    }
}

/// A failsh that lived from 0 to 100 and held alpha for this.
fn life(states: &[(u64, u64, State)], scripts: Vec<Script>) -> Life {
    let states = states
        .iter()
        .map(|(from, to, what)| held(*from, *to, *what))
        .collect();
    let alpha = ServiceLife { states, scripts };
    Life {
        host: "h".to_string(),
        boot: "b".to_string(),
        from: at(0),
        to: at(100),
        services: BTreeMap::from([(name(), alpha)]),
        hears: BTreeMap::new(),
        faild: Vec::new(),
        replayed: Replayed {
            turns: 0,
            outs: 0,
            span: Span::ZERO,
            end: End::Whole,
            said: None,
            difference: None,
        },
    }
}

fn host(states: &[(u64, u64, State)]) -> HostEvidence {
    HostEvidence {
        lives: vec![life(states, Vec::new())],
        ..HostEvidence::default()
    }
}

fn script(task: Task, from: u64, to: Option<u64>) -> Script {
    Script {
        job: JobNo(from),
        task,
        reason: String::new(),
        ordered: at(from),
        began: Some(at(from)),
        cancelled: None,
        ended: to.map(|to| (at(to), Ok(State::Up))),
    }
}

/// Both serve from 40 to 50.
fn two() -> Vec<HostEvidence> {
    vec![
        host(&[(0, 50, State::Up), (50, 100, State::Recover)]),
        host(&[(40, 100, State::Up)]),
    ]
}

fn properties(found: &[Violation]) -> Vec<&'static str> {
    found.iter().map(|violation| violation.property).collect()
}

fn servers(hosts: &[HostEvidence], diary: &Diary) -> Vec<Violation> {
    one_server(hosts, diary, &name(), |_, _| Span::from_secs(3))
}

#[test]
fn two_that_hear_each_other_may_not_both_serve() {
    let found = servers(&two(), &Diary::default());
    assert_eq!(properties(&found), ["one server"]);
    assert_eq!(found[0].at, at(40));
}

#[test]
fn two_that_did_not_hear_each_other_may_serve_for_so_long_and_no_longer() {
    let mut hosts = two();
    hosts[1].deaf.insert(0, vec![(at(38), at(47))]);
    assert_eq!(servers(&hosts, &Diary::default()), []);
    hosts[1].deaf.insert(0, vec![(at(38), at(45))]);
    assert_eq!(servers(&hosts, &Diary::default())[0].at, at(48));
    // What begins after they both serve excuses nothing before it.
    hosts[1].deaf.insert(0, vec![(at(42), at(50))]);
    assert_eq!(servers(&hosts, &Diary::default())[0].at, at(40));
}

#[test]
fn a_host_that_was_late_or_did_not_run_or_was_held_is_excused() {
    let mut hosts = two();
    hosts[0].late = vec![(at(39), at(48))];
    assert_eq!(servers(&hosts, &Diary::default()), []);
    let mut diary = Diary::default();
    diary.broken.entry(1).or_default().is(at(39), true);
    assert_eq!(servers(&two(), &diary), []);
    let mut diary = Diary::default();
    diary
        .held
        .entry((0, "alpha".to_string()))
        .or_default()
        .is(at(39), true);
    assert_eq!(servers(&two(), &diary), []);
    // Another service is no excuse.
    let mut diary = Diary::default();
    diary
        .held
        .entry((0, "beta".to_string()))
        .or_default()
        .is(at(39), true);
    assert_eq!(properties(&servers(&two(), &diary)), ["one server"]);
}

#[test]
fn a_long_script_elsewhere_or_long_ago_or_in_a_failsh_that_stood_still_excuses_nothing() {
    // They do not hear each other until 41, and both serve until 50: with scripts as short as
    // they should be that is far too long.
    let serve = |long: Option<(usize, u64, u64)>| {
        let mut hosts = two();
        hosts.push(host(&[]));
        hosts[1].deaf.insert(0, vec![(at(38), at(41))]);
        if let Some((no, from, to)) = long {
            let alpha = hosts[no].lives[0].services.get_mut(&name());
            let scripts = &mut alpha.expect("alpha").scripts;
            scripts.push(script(Task::Stop, from, Some(to)));
        }
        hosts
    };
    let found = |hosts: &[HostEvidence], diary: &Diary| properties(&check(hosts, diary));
    let diary = Diary::default();
    assert_eq!(found(&serve(None), &diary), ["one server"]);
    // A script of one of the two that takes its time there and then makes T longer.
    for no in [0, 1] {
        assert_eq!(found(&serve(Some((no, 41, 46))), &diary), [""; 0]);
    }
    for elsewhere in [(2, 41, 46), (0, 10, 15), (1, 60, 65)] {
        assert_eq!(found(&serve(Some(elsewhere)), &diary), ["one server"]);
    }
    let mut stopped = Diary::default();
    let spell = stopped.stopped.entry(0).or_default();
    spell.is(at(42), true);
    spell.is(at(46), false);
    assert_eq!(found(&serve(Some((0, 41, 46))), &stopped), ["one server"]);
    let mut late = serve(Some((2, 41, 46)));
    late[2].late = vec![(at(42), at(44)), (at(43), at(46))];
    let pair = longest_script(&late, &diary, &[2], (at(40), at(50)));
    assert_eq!(pair, Span::from_secs(1));
}

fn rest(first: bool, second: bool, owns: bool) -> Vec<Violation> {
    let state = |up| if up { State::Up } else { State::Recover };
    let mut hosts = vec![
        host(&[(0, 100, state(first))]),
        host(&[(0, 100, state(second))]),
    ];
    hosts[0].owned = vec![(at(0), [first, false])];
    hosts[1].owned = vec![(at(0), [owns, false])];
    let calm = Calm {
        mended: at(10),
        settled: at(20),
        end: at(20),
    };
    settled(&hosts, &calm, 0, &name())
}

#[test]
fn at_rest_the_highest_serves_and_nobody_else() {
    assert_eq!(rest(true, false, false), []);
    for (first, second, owns) in [
        (false, false, false),
        (true, true, true),
        (false, true, true),
        // A stop script that forgot the address.
        (true, false, true),
    ] {
        let found = rest(first, second, owns);
        assert!(
            properties(&found).contains(&"settled"),
            "{first} {second} {owns}"
        );
    }
}

#[test]
fn a_master_does_not_wait_too_long_in_a_calm_world() {
    let hosts = [
        host(&[(0, 20, State::Recover), (20, 100, State::Up)]),
        host(&[(0, 19, State::Up), (19, 100, State::Recover)]),
    ];
    let calm = Calm {
        mended: at(10),
        settled: at(20),
        end: at(22),
    };
    let waits = |diary: &Diary, bound: u64| {
        let bound = |_: [usize; 2], _| Span::from_secs(bound);
        hand_back(&hosts, diary, &calm, 0, &name(), bound).len()
    };
    assert_eq!(waits(&Diary::default(), 9), 0);
    assert_eq!(waits(&Diary::default(), 8), 1);
    let mut diary = Diary::default();
    let broken = diary.broken.entry(1).or_default();
    broken.is(at(5), true);
    broken.is(at(12), false);
    assert_eq!(waits(&diary, 8), 0);
}

#[test]
fn scripts_of_a_service_do_not_overlap() {
    let well = vec![
        script(Task::Start, 1, Some(2)),
        script(Task::Stop, 2, Some(3)),
    ];
    assert_eq!(jobs(0, &life(&[], well)), []);
    let both = vec![
        script(Task::Start, 1, Some(5)),
        script(Task::Stop, 2, Some(3)),
    ];
    assert_eq!(properties(&jobs(0, &life(&[], both))), ["jobs"]);
    let never = vec![
        script(Task::Start, 1, None),
        script(Task::Stop, 20, Some(30)),
    ];
    assert_eq!(properties(&jobs(0, &life(&[], never.clone()))), ["jobs"]);
    // Told to end, and given up.
    let mut given_up = never;
    given_up[0].cancelled = Some(at(10));
    assert_eq!(jobs(0, &life(&[], given_up)), []);
}

#[test]
fn what_scripts_wrote_themselves_shows_an_overlap() {
    let lines = |lines: &[&str]| HostEvidence {
        truth: lines.iter().map(|line| (*line).to_string()).collect(),
        ..HostEvidence::default()
    };
    let well = lines(&[
        "1.00 7 alpha start begin",
        "1.00 7 beta check begin",
        "1.10 7 alpha start end",
        "1.20 7 alpha check begin",
    ]);
    assert_eq!(truth(0, &well), []);
    // The first failsh was killed.
    let killed = lines(&["1.00 7 alpha start begin", "2.00 8 alpha start begin"]);
    assert_eq!(truth(0, &killed), []);
    let twice = lines(&["1.00 7 alpha start begin", "2.00 7 alpha stop begin"]);
    assert_eq!(truth(0, &twice)[0].at, at(2));
}

#[test]
fn nobody_starts_in_fail_or_leaves_it_too_early() {
    let failed = [
        (0, 10, State::Up),
        (10, 20, State::Fail),
        (20, 30, State::Recover),
    ];
    let diary = Diary::default();
    assert_eq!(fail_stays(0, &life(&failed, Vec::new()), &diary), []);
    let start = vec![script(Task::Start, 15, Some(16))];
    assert_eq!(
        properties(&fail_stays(0, &life(&failed, start), &diary)),
        ["FAIL stays"]
    );
    let mut hasty = life(&failed, Vec::new());
    let states = &mut hasty.services.get_mut(&name()).expect("alpha").states;
    let soon = Mono(at(10).0 + SECOND / 2);
    (states[1].to, states[2].from) = (soon, soon);
    assert_eq!(properties(&fail_stays(0, &hasty, &diary)), ["FAIL stays"]);
    // Somebody has said so.
    let mut diary = Diary::default();
    diary.typed.push((at(9), 0, "alpha".to_string()));
    assert_eq!(fail_stays(0, &hasty, &diary), []);
}

#[test]
fn bad_news_of_the_run_and_of_recordings_are_violations() {
    let mut hosts = vec![HostEvidence::default(), HostEvidence::default()];
    let mut diary = Diary::default();
    assert_eq!(check(&hosts, &diary), []);
    hosts[1].bad.push("it replays otherwise".to_string());
    diary.is_wrong(at(3), "faild of h1 ended by itself".to_string());
    diary.is_unsettled(at(4), "beta: 10.77.0.101 is on h1 and h2".to_string());
    assert_eq!(
        properties(&check(&hosts, &diary)),
        ["replay", "run", "settled"]
    );
}
