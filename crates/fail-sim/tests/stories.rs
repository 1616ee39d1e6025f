//! Runs as stories: told acts and drawn ones give the same trace, what is printed reads back
//! to the same, and what a broken rule shows is shrunk to a few acts.

use fail_core::decide::{Rule, decide};
use fail_sim::acts::Act;
use fail_sim::shrink::shrink;
use fail_sim::story::Story;
use fail_sim::tell::tell;
use fail_sim::watch::Property;
use fail_sim::{Options, run};

fn options(seed: u64) -> Options {
    Options {
        seconds: 20,
        all_lines: true,
        ..Options::seed(seed)
    }
}

#[test]
fn a_story_gives_the_trace_of_its_seed_byte_for_byte() {
    for seed in [1, 5, 8] {
        let options = options(seed);
        let story = Story::of(&options);
        assert!(story.acts.len() > 2, "seed {seed}: hardly anything happens");
        let read: Story = story.to_string().parse().unwrap();
        let (drawn, told, again) = (run(options), story.run(options), read.run(options));
        assert_eq!(drawn.lines, told.lines, "seed {seed}");
        assert_eq!(told.hash, again.hash, "seed {seed}");
    }
}

#[test]
fn what_is_printed_reads_back_to_the_same() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 1..=400 {
        let story = Story::of(&Options::seed(seed));
        kinds.extend(story.acts.iter().map(|happening| happening.act.kind()));
        let read: Story = story.to_string().parse().unwrap();
        assert_eq!(read, story, "{story}");
    }
    assert_eq!(kinds.len(), 22, "each kind of act is drawn: {kinds:?}");
    let text = "seed 7\nseconds 9\nhosts 2\nwithout dns\nplain network\nplain web check\n\
                at 1500ms cut hosta to hostb for 3s\nat 2s type failsh hosta away web\n";
    let story: Story = text.parse().unwrap();
    assert_eq!(story.to_string(), text);
    assert!(matches!(
        story.acts[0].act,
        Act::CutOneWay(0, 1, 3_000_000_000)
    ));
}

#[test]
fn what_can_not_be_read_is_said_with_its_line() {
    for (text, error) in [
        ("seed x", "line 1: x: no number"),
        (
            "seed 1\n\nplain nets",
            "line 3: nets: nothing that can be plain: network,",
        ),
        ("at 1s cut hosta and hostz for 1s", "line 1: hostz: no host"),
        ("at soon reload hosta", "line 1: soon: no time, such as"),
        (
            "at 1s burn hosta",
            "line 1: burn hosta: nothing that can happen",
        ),
        ("without web\nwithout dns\nwithout db", "no service is left"),
    ] {
        let said = text.parse::<Story>().unwrap_err();
        assert!(said.starts_with(error), "{said}");
    }
}

/// A rule that ignores slaves: two servers as soon as somebody was away and comes back.
#[test]
fn what_a_broken_rule_shows_is_shrunk_to_a_short_story() {
    let rule: Rule = |local, masters, _| decide(local, masters, &[]);
    let broken = |seed| Options {
        rule,
        ..options(seed)
    };
    let shows = |seed: &u64| {
        let violation = run(broken(*seed)).violation;
        violation.is_some_and(|violation| violation.property == Property::OneServer)
    };
    let seed = (1..=60).find(shows).unwrap();
    let long = Story::of(&broken(seed));
    let (short, report, runs) = shrink(&long, broken(seed)).unwrap();
    let told = tell(&report);
    assert!(
        short.acts.len() <= 4,
        "{} acts after {runs} runs:\n{short}\n{told}",
        short.acts.len()
    );
    assert_eq!(report.violation.unwrap().property, Property::OneServer);
    assert!(told.contains("OneServer does not hold: "), "{told}");
    for happening in &short.acts {
        assert!(
            told.contains(&happening.act.to_string()),
            "{happening}\n{told}"
        );
    }
    // And it is found again from what is printed.
    let read: Story = short.to_string().parse().unwrap();
    assert_eq!(read.run(broken(seed)).hash, report.hash);
}

#[test]
fn a_seed_that_holds_has_no_story() {
    let story = Story::of(&options(2));
    assert!(shrink(&story, options(2)).is_none());
}

/// Two bad checks of three, and a new policy for which one is enough: it is taken down, and the
/// check that was under way ends late and finds it well. That one was not listened to any more, so
/// it is no reason to have spared the service.
#[test]
fn what_a_check_that_was_to_end_has_found_takes_nothing_back() {
    let text = "seed 1703\nseconds 29\nhosts 2\nwithout web\nwithout dns\nplain clocks\n\
                plain versions\nplain db retry\nplain db lonely\nplain disk\nplain db confirm\n\
                at 6400ms isolate hostb for 2s\nat 9s kill hostb for 2s\n\
                at 10s cut hostb and hosta for 5s\nat 22s cut hosta and hostb for 9565ms\n\
                at 24s freeze hostb and its clocks for 2927ms\n\
                at 28600ms edit hostb settings of db\n";
    let story: Story = text.parse().unwrap();
    let report = story.run(Options {
        all_lines: true,
        ..Options::seed(story.seed)
    });
    let lines = report.lines.join("\n");
    assert!(
        lines.contains("service db: running stop (stop: check: it did not work)"),
        "the story is still this one"
    );
    assert_eq!(report.violation, None);
}
