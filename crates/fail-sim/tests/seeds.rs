//! Hundreds of drawn clusters in every `cargo test`: all properties hold, and the same seed
//! gives the same trace, byte for byte. `SEED=n` runs one seed and shows all of it, `SEEDS=n`
//! runs the first n (`scripts/coverage`); `scripts/sim` runs thousands.

use fail_sim::rng::Rng;
use fail_sim::setup::Setup;
use fail_sim::{Options, run, run_setup};

/// Runs a range of seeds; the first that fails is shown with the end of its trace.
fn all_hold(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let report = run(Options {
            seconds: 8,
            ..Options::seed(seed)
        });
        assert_eq!(
            report.violation,
            None,
            "seed {seed}:\n{}\nscripts/sim --seed {seed} --seconds 8 --trace",
            report.lines.join("\n")
        );
    }
}

// Two halves, so that two cores share them.

#[test]
fn the_properties_hold_for_seeds_1_to_100() {
    all_hold(1..101);
}

#[test]
fn the_properties_hold_for_seeds_101_to_200() {
    all_hold(101..201);
}

#[test]
fn the_seed_of_the_environment_holds() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let Some(seed) = seed else { return };
    let report = run(Options {
        all_lines: true,
        ..Options::seed(seed)
    });
    report.lines.iter().for_each(|line| println!("{line}"));
    assert_eq!(report.violation, None, "{:#?}", report.setup);
}

#[test]
fn as_many_seeds_as_the_environment_says_hold() {
    let seeds = std::env::var("SEEDS").ok();
    let seeds = seeds.map_or(0, |text| text.parse().expect("SEEDS is a number"));
    for seed in 1..=seeds {
        let report = run(Options::seed(seed));
        assert_eq!(report.violation, None, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    for seed in [3, 77, 1_000_005] {
        let options = Options {
            seconds: 10,
            all_lines: true,
            ..Options::seed(seed)
        };
        let (one, two) = (run(options), run(options));
        assert_eq!(one.hash, two.hash, "seed {seed}");
        assert!(
            one.lines == two.lines,
            "seed {seed}: the hash missed a difference"
        );
        assert!(
            one.lines.len() > 300,
            "seed {seed}: hardly anything happened"
        );
    }
}

/// A policy without changes, read again and again, leaves the same world to the last byte.
#[test]
fn the_same_policy_read_again_changes_nothing_byte_for_byte() {
    for seed in 1..=12 {
        let options = Options {
            seconds: 8,
            all_lines: true,
            ..Options::seed(seed)
        };
        let (one, two) = (
            run(options),
            run(Options {
                reloads: true,
                ..options
            }),
        );
        let differ = one.lines.iter().zip(&two.lines).find(|(a, b)| a != b);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(one.hash, two.hash, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another_trace() {
    let hash = |seed| {
        run(Options {
            seconds: 5,
            ..Options::seed(seed)
        })
        .hash
    };
    assert_ne!(hash(1), hash(2));
}

/// A start that says RECOVER at once may be asked again in each interval, not all the time.
#[test]
fn a_start_that_does_not_want_to_is_not_run_all_the_time() {
    for seed in 1..=10 {
        let mut setup = Setup::draw(&mut Rng::new(seed), None);
        setup.refuses = true;
        setup.save_max = 1_000_000;
        let report = run_setup(
            Options {
                seconds: 8,
                ..Options::seed(seed)
            },
            setup,
        );
        let lines = report.lines.join("\n");
        assert_eq!(
            report.violation, None,
            "seed {seed}: {:#?}\n{lines}",
            report.setup
        );
        let services = report.setup.services.iter();
        let rounds = services.map(|svc| {
            let least = svc.settings.interval.min(svc.other.interval).0;
            2 * (report.lived / least + 1)
        });
        // Twice in an interval, by one host after the other, and never more.
        let most = rounds.sum::<u64>() * report.setup.hosts as u64;
        let starts = report.tally.get("starts").copied().unwrap_or(0);
        assert!(
            starts <= most,
            "seed {seed}: {starts} starts, at most {most}\n{lines}"
        );
    }
}
