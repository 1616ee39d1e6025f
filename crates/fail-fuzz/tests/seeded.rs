//! Each target on seeded bytes and on its corpus: what `scripts/fuzz` does with coverage, in a
//! moment and on any Rust.
//!
//! Where a target fails, `FUZZ_INPUT=file cargo test -p fail-fuzz --test seeded one_input -- \
//! --nocapture` runs it on one file: on that of the folder's target, `.../TARGET/file`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fail_fuzz::{TARGETS, Target};

/// Numbers that look random and are the same each time: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has a corpus");
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

fn target(name: &str) -> Target {
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no target {name}")).1
}

/// Runs it, and says on what it failed. The bytes are kept where they can be run again.
fn run(name: &str, from: &str, bytes: &[u8]) {
    let target = target(name);
    if catch_unwind(|| target(bytes)).is_err() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(from.replace(['/', ' '], "-"));
        fs::write(&file, bytes).unwrap();
        panic!(
            "{name} failed on {from}; again: FUZZ_INPUT={} cargo test -p fail-fuzz --test seeded \
             one_input",
            file.display()
        );
    }
}

/// The corpus, so many inputs that are made of it, and as many of nothing but dice.
fn seeded(name: &str, inputs: u64) {
    let corpus = corpus(name);
    for (path, bytes) in &corpus {
        run(name, &path.file_name().unwrap().to_string_lossy(), bytes);
    }
    for seed in 1..=inputs {
        let mut dice = Dice(seed);
        let len = dice.below(600);
        let plain: Vec<u8> = (0..len).map(|_| dice.roll() as u8).collect();
        run(name, &format!("seed {seed}"), &plain);
        let mut bytes = corpus[dice.below(corpus.len())].1.clone();
        for _ in 0..=dice.below(6) {
            change(&mut dice, &mut bytes, &corpus);
        }
        run(name, &format!("changed {seed}"), &bytes);
    }
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, corpus: &[(PathBuf, Vec<u8>)]) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = dice.roll() as u8,
        2 => bytes.truncate(at),
        3 => bytes.insert(at, dice.roll() as u8),
        4 if at < bytes.len() => drop(bytes.remove(at)),
        _ => {
            let other = &corpus[dice.below(corpus.len())].1;
            let from = dice.below(other.len() + 1);
            let to = from + dice.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..to].iter().copied());
        }
    }
    bytes.truncate(4096);
}

#[test]
fn messages_round_trip_and_prove_who_made_them() {
    seeded("wire", 3000);
}

#[test]
fn frames_come_out_as_they_went_in_however_cut() {
    seeded("frames", 3000);
}

#[test]
fn a_community_file_gives_the_rights_that_it_says() {
    seeded("community", 3000);
}

#[test]
fn a_damaged_state_file_never_gives_what_was_not_written() {
    seeded("state", 3000);
}

#[test]
fn any_text_is_an_hcfile_or_errors_with_their_places() {
    seeded("hcfile", 2000);
}

#[test]
fn a_monitor_stream_gives_the_same_however_cut() {
    seeded("monitor", 3000);
}

#[test]
fn a_health_stream_is_a_picture_with_each_target_once() {
    seeded("health", 3000);
}

#[test]
fn any_text_is_a_policy_or_an_error_with_its_line() {
    seeded("policy", 150);
}

#[test]
fn any_text_is_a_scenario_or_an_error_with_its_line() {
    seeded("scenario", 200);
}

#[test]
fn a_node_changes_only_for_who_may_and_acknowledges_what_is_saved() {
    seeded("node", 1000);
}

#[test]
fn a_plan_runs_one_script_at_a_time_and_believes_no_forger() {
    seeded("plan", 600);
}

#[test]
fn a_watch_keeps_its_limits_and_believes_no_answer_to_nothing() {
    seeded("watch", 1500);
}

#[test]
fn an_answer_of_a_name_server_is_good_only_to_its_question() {
    seeded("dns", 1500);
}

#[test]
fn a_clock_is_good_only_if_it_brings_back_our_bits() {
    seeded("ntp", 1500);
}

#[test]
fn an_echo_counts_once_and_only_if_it_is_one() {
    seeded("icmp", 1500);
}

#[test]
fn a_directory_is_good_only_if_every_message_fits() {
    seeded("ldap", 1000);
}

#[test]
fn lines_of_servers_are_the_same_however_cut() {
    seeded("lines", 1000);
}

#[test]
fn a_web_server_is_told_no_secrets_of_another() {
    seeded("http", 400);
}

#[test]
fn only_the_certificate_that_was_signed_will_do() {
    seeded("certificate", 1500);
}

#[test]
fn what_a_plugin_says_reads_as_it_prints() {
    seeded("plugin", 2000);
}

#[test]
fn each_target_has_a_corpus_and_each_corpus_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
    let names = |sub: &str| {
        let entries = fs::read_dir(folder.join(sub)).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|n| n.replace(".rs", "")).collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    targets.sort();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("targets"), targets);
}

/// Not a test of its own: what broke a target is run again by its file.
#[test]
fn one_input() {
    let Some(file) = std::env::var_os("FUZZ_INPUT") else {
        return;
    };
    let file = PathBuf::from(file);
    let bytes = fs::read(&file).unwrap();
    let folder = file.canonicalize().unwrap();
    let folder = folder.parent().and_then(Path::file_name).unwrap();
    target(&folder.to_string_lossy())(&bytes);
}
