//! Reports made by hand: what is seen of them depends on nothing but this file.

use fail_rehearse::report::{
    Chance, Done, Entry, Kind, Report, Shown, StateSpan, Story, ThingTrack, Track, Verdict, Work,
};

/// Milliseconds in the unit of a report.
pub const MS: u64 = 1_000_000;

/// Nothing at all.
pub fn nothing() -> Report {
    Report {
        scenario: "empty.tcl".into(),
        seed: 1,
        hosts: Vec::new(),
        services: Vec::new(),
        length: 0,
        notes: Vec::new(),
        tracks: Vec::new(),
        things: Vec::new(),
        acts: Vec::new(),
        entries: Vec::new(),
        verdicts: Vec::new(),
        chance: None,
    }
}

/// States from one moment to the next, in milliseconds.
fn track(service: &str, host: &str, states: &[(u64, Shown, &str)], end: u64) -> Track {
    let ends = states.iter().skip(1).map(|(from, ..)| *from).chain([end]);
    let spans = states.iter().zip(ends).map(|((from, state, why), to)| {
        let (from, to) = (from * MS, to * MS);
        let (state, why) = (*state, why.to_string());
        StateSpan {
            from,
            to,
            state,
            why,
        }
    });
    Track {
        service: service.into(),
        host: host.into(),
        spans: spans.collect(),
        work: Vec::new(),
    }
}

fn work(task: &str, from: u64, to: Option<u64>, outcome: &str, failed: bool) -> Work {
    Work {
        from: from * MS,
        to: to.map(|to| to * MS),
        task: task.into(),
        why: "no master can serve".into(),
        outcome: outcome.into(),
        failed,
    }
}

fn act(text: &str, from: u64, to: Option<u64>, hosts: &[&str]) -> Done {
    Done {
        from: from * MS,
        to: to.map(|to| to * MS),
        text: text.into(),
        hosts: hosts.iter().map(|host| host.to_string()).collect(),
    }
}

/// A line of the timeline; `host/service`, either may be empty.
fn entry(at: u64, place: &str, kind: Kind, text: &str, why: &str) -> Entry {
    let (host, service) = place.split_once('/').unwrap_or((place, ""));
    let some = |name: &str| (!name.is_empty()).then(|| name.to_string());
    Entry {
        at: at * MS,
        host: some(host),
        service: some(service),
        kind,
        text: text.into(),
        why: why.into(),
    }
}

fn verdict(line: u32, text: &str, tested: u32, measured: &str) -> Verdict {
    Verdict {
        text: text.into(),
        line,
        held: true,
        tested,
        broken: Vec::new(),
        more: 0,
        measured: measured.into(),
    }
}

fn broken(line: u32, text: &str, tested: u32, seen: &[(u64, &str)]) -> Verdict {
    let seen = seen.iter().map(|(at, text)| (at * MS, text.to_string()));
    Verdict {
        held: false,
        broken: seen.collect(),
        ..verdict(line, text, tested, "")
    }
}

/// Two hosts, a crash, a gap of 300 ms and an overlap while the hosts do not hear each other.
pub fn overlap() -> Report {
    use Shown::{Down, Fail, Recover, Unknown, Up};
    let end = 150_000;
    let mut hosta = track(
        "web",
        "hosta",
        &[
            (0, Unknown, ""),
            (210, Recover, "the check says that it does not run"),
            (1_400, Up, "first in rank"),
            (10_000, Down, "crash hosta"),
            (40_000, Unknown, "return hosta"),
            (40_250, Recover, "the check says that it does not run"),
            (43_000, Up, "hostb handed it over"),
        ],
        end,
    );
    hosta.work = vec![
        work("check", 0, Some(210), "RECOVER", false),
        work("start", 700, Some(1_400), "UP", false),
        work("start", 42_300, Some(43_000), "UP", false),
    ];
    let mut hostb = track(
        "web",
        "hostb",
        &[
            (0, Unknown, ""),
            (190, Recover, "the check says that it does not run"),
            (12_900, Up, "no master can serve"),
            (42_700, Recover, "hosta can serve"),
            (62_500, Up, "no master can serve"),
            (80_700, Recover, "hosta serves"),
            (
                110_000,
                Fail,
                "device eth0 has no carrier: switch port 7 is down",
            ),
            (110_400, Recover, "device eth0 is up"),
        ],
        end,
    );
    hostb.work = vec![
        work("start", 12_000, Some(12_900), "UP", false),
        work("stop", 42_000, Some(42_700), "RECOVER", false),
        work("start", 61_800, Some(62_500), "UP", false),
        work("stop", 80_100, Some(80_700), "RECOVER", false),
        work("start", 110_100, Some(110_300), "mount: device busy", true),
    ];
    let things = vec![
        ThingTrack {
            thing: "address 192.0.2.10".into(),
            host: "hosta".into(),
            spans: vec![(1_300 * MS, 10_000 * MS), (42_900 * MS, end * MS)],
        },
        ThingTrack {
            thing: "address 192.0.2.10".into(),
            host: "hostb".into(),
            spans: vec![(12_800 * MS, 42_100 * MS), (62_400 * MS, 80_200 * MS)],
        },
    ];
    let acts = vec![
        act("crash hosta", 10_000, Some(40_000), &["hosta"]),
        act("return hosta", 40_000, None, &["hosta"]),
        act(
            "partition {hosta} {hostb} for 20s",
            60_000,
            Some(80_000),
            &["hosta", "hostb"],
        ),
        act("loss 30% for 1m", 70_000, Some(130_000), &[]),
    ];
    let entries = vec![
        entry(
            210,
            "hosta/web",
            Kind::State,
            "UNKNOWN -> RECOVER",
            "the check says that it does not run",
        ),
        entry(
            700,
            "hosta/web",
            Kind::Script,
            "start begins",
            "first in rank",
        ),
        entry(
            810,
            "hosta/web",
            Kind::Command,
            "ip address add 192.0.2.10/24 dev eth0: done in 7ms",
            "",
        ),
        entry(
            1_300,
            "hosta/web",
            Kind::Thing,
            "has address 192.0.2.10",
            "",
        ),
        entry(
            1_400,
            "hosta/web",
            Kind::State,
            "RECOVER -> UP",
            "first in rank",
        ),
        entry(10_000, "hosta", Kind::Act, "crash hosta", ""),
        entry(
            12_000,
            "hostb/web",
            Kind::Script,
            "start begins",
            "no master can serve: hosta does not answer",
        ),
        entry(
            12_900,
            "hostb/web",
            Kind::State,
            "RECOVER -> UP",
            "no master can serve: hosta does not answer",
        ),
        entry(40_000, "hosta", Kind::Act, "return hosta", ""),
        entry(
            42_700,
            "hostb/web",
            Kind::State,
            "UP -> RECOVER",
            "hosta can serve",
        ),
        entry(
            43_000,
            "hosta/web",
            Kind::State,
            "RECOVER -> UP",
            "hostb handed it over",
        ),
        entry(
            60_000,
            "",
            Kind::Act,
            "partition {hosta} {hostb} for 20s",
            "",
        ),
        entry(
            61_100,
            "hostb",
            Kind::Log,
            "service web: hosta does not answer since 1.1s",
            "",
        ),
        entry(
            62_500,
            "hostb/web",
            Kind::State,
            "RECOVER -> UP",
            "no master can serve: hosta does not answer",
        ),
        entry(
            63_500,
            "/web",
            Kind::Violation,
            "never web UP on 2 hosts for more than 1s: hosta and hostb, for 1s",
            "",
        ),
        entry(70_000, "", Kind::Act, "loss 30% for 1m", ""),
        entry(
            80_200,
            "hostb/web",
            Kind::Event,
            "peer hosta: heard again",
            "",
        ),
        entry(
            80_700,
            "hostb/web",
            Kind::State,
            "UP -> RECOVER",
            "hosta serves",
        ),
        entry(
            110_000,
            "hostb/web",
            Kind::State,
            "RECOVER -> FAIL",
            "device eth0 has no carrier: switch port 7 is down",
        ),
        entry(
            110_300,
            "hostb/web",
            Kind::Script,
            "start: mount: device busy",
            "",
        ),
        entry(
            110_400,
            "hostb/web",
            Kind::State,
            "FAIL -> RECOVER",
            "device eth0 is up",
        ),
    ];
    Report {
        scenario: "samples/web/partition.tcl".into(),
        seed: 42,
        hosts: vec!["hosta".into(), "hostb".into()],
        services: vec!["web".into()],
        length: end * MS,
        notes: vec!["hosta and hostb do not agree about web: hosta has the masters {}, hostb has {hosta hostc}, and knows no hostc".into()],
        tracks: vec![hosta, hostb],
        things,
        acts,
        entries,
        verdicts: vec![
            verdict(9, "expect web UP on hostb within 3s after \"crash hosta\"", 1, "2.9s of 3s"),
            verdict(10, "expect web UP on exactly 1 host after 15s unless partitioned", 4, ""),
            broken(11, "never web UP on 2 hosts for more than 1s", 1, &[(63_500, "hosta and hostb are UP at once, for 18.2s")]),
            verdict(12, "expect web DOWN on hosta within 2s after \"halt hosta\"", 0, ""),
        ],
        chance: Some(Chance {
            seeds: 17,
            lived: 17 * 240_000 * MS,
            broken_seeds: 1,
            story: Some(Story {
                seed: 5,
                statements: vec!["at 20s partition {hosta} {hostb} for 3s".into()],
                before: 9,
                report: Box::new(Report {
                    verdicts: vec![broken(11, "never web UP on 2 hosts for more than 1s", 1, &[(21_500, "hosta and hostb <b>are</b> UP")])],
                    ..nothing()
                }),
            }),
        }),
    }
}

/// An hour with 50 crashes, each of which ends in a good switch-over but one.
pub fn hour() -> Report {
    use Shown::{Down, Recover, Up};
    let end = 3_600_000;
    let mut states = [vec![(0, Up, "first in rank")], vec![(0, Recover, "")]];
    let mut report = Report {
        scenario: "hour.tcl".into(),
        hosts: vec!["hosta".into(), "hostb".into()],
        services: vec!["web".into()],
        length: end * MS,
        ..nothing()
    };
    for crash in 0..50 {
        let at = 30_000 + crash * 71_000;
        let (up, back) = (at + 2_500, at + 31_000);
        states[0].extend([
            (at, Down, "crash hosta"),
            (at + 30_000, Recover, "return hosta"),
            (back + 300, Up, "hostb handed it over"),
        ]);
        let stop = if crash == 30 { back + 900 } else { back };
        states[1].extend([
            (up, Up, "no master can serve"),
            (stop, Recover, "hosta can serve"),
        ]);
        report
            .acts
            .push(act("crash hosta", at, Some(at + 30_000), &["hosta"]));
        report
            .acts
            .push(act("return hosta", at + 30_000, None, &["hosta"]));
        report.entries.extend([
            entry(at, "hosta", Kind::Act, "crash hosta", ""),
            entry(
                up,
                "hostb/web",
                Kind::State,
                "RECOVER -> UP",
                "no master can serve",
            ),
            entry(at + 30_000, "hosta", Kind::Act, "return hosta", ""),
            entry(
                back,
                "hostb/web",
                Kind::State,
                "UP -> RECOVER",
                "hosta can serve",
            ),
            entry(
                back + 300,
                "hosta/web",
                Kind::State,
                "RECOVER -> UP",
                "hostb handed it over",
            ),
        ]);
    }
    let hosts = ["hosta", "hostb"].into_iter().zip(&states);
    report.tracks = hosts
        .map(|(host, states)| track("web", host, states, end))
        .collect();
    let at = 30_000 + 30 * 71_000 + 31_300;
    report.verdicts = vec![
        verdict(
            3,
            "expect web UP on hostb within 3s after \"crash hosta\"",
            50,
            "2.5s of 3s",
        ),
        broken(
            4,
            "never web UP on 2 hosts for more than 500ms",
            50,
            &[(at, "hosta and hostb, for 600ms")],
        ),
    ];
    report
}

/// Names and words as nobody should choose them: markup, colours, letters of other scripts,
/// and more of them than a line has room for; a service that is UP on a host at the end, in a
/// script that has not ended.
pub fn odd() -> Report {
    use Shown::{Fail, Unknown, Up};
    let end = 8_000;
    let long = "a-host-whose-name-".repeat(12);
    let markup = "<script>alert(\"1\")</script>&amp;'";
    let hosts = [markup, "网站服务器主机名称一二三", &long];
    let mut report = Report {
        scenario: format!("/tmp/{markup}/\u{202e}lct.\u{1b}[31m"),
        hosts: hosts.map(String::from).to_vec(),
        services: vec![markup.into(), "服务".into(), "👩‍👩‍👧 ☺\u{fe0f} é".into()],
        length: end * MS,
        notes: vec![format!("{markup} and {long} do not agree")],
        ..nothing()
    };
    for service in report.services.clone() {
        for host in hosts {
            let why = format!("{markup}\n\u{1b}]0;title\u{7} {}", "very-long".repeat(30));
            let states = [
                (0, Unknown, ""),
                (500, Fail, why.as_str()),
                (3_000, Up, "]]>"),
            ];
            let mut track = track(&service, host, &states, end);
            track.work = vec![
                work(markup, 700, Some(900), markup, true),
                work("start", 7_000, None, "", false),
            ];
            report.tracks.push(track);
        }
    }
    for second in 0..7 {
        let text = format!("command \"{markup} {second}\" hangs");
        report
            .acts
            .push(act(&text, second * 1_000, Some(end), &[markup]));
        let place = format!("{}/服务", hosts[second as usize % 3].replace('/', "|"));
        report
            .entries
            .push(entry(second * 1_000, "", Kind::Act, &text, markup));
        report.entries.push(entry(
            second * 1_000 + 5,
            &place,
            Kind::Log,
            &"日本語".repeat(40),
            "x\ty",
        ));
    }
    report.things = vec![ThingTrack {
        thing: format!("mount {markup}"),
        host: markup.into(),
        spans: vec![(0, MS), (2 * MS, 2 * MS), (7_000 * MS, end * MS)],
    }];
    let text = format!("never {{{markup}}} UP on 2 hosts");
    report.verdicts = vec![broken(u32::MAX, &text, 1, &[(3_000, markup), (end, &long)])];
    report
}

/// All of them, and some that no rehearsal would make.
pub fn all() -> Vec<Report> {
    let mut beyond = overlap();
    beyond.length = 1_000 * MS;
    let mut endless = overlap();
    endless.length = u64::MAX;
    let mut bare = overlap();
    bare.tracks.clear();
    bare.entries.clear();
    vec![nothing(), overlap(), hour(), odd(), beyond, endless, bare]
}
