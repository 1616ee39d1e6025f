//! Words in any order: whatever a policy or a console says, it is an error or it is settings
//! that read back to the same; it is never the end of failsh, and never an error of ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fake::Engine;

const ROUNDS: usize = 2_000;

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const NAMES: &[&str] = &[
    "web", "db", "é", "{a b}", "names", "console", "-x", "{}", "a\\0b", "*",
];

const OPTIONS: &[&str] = &[
    "interval",
    "masters",
    "slaves",
    "start",
    "stop",
    "reclaim",
    "check",
    "checkinterval",
    "checkrecover",
    "rise",
    "fall",
    "timeout",
    "delay",
    "failback",
    "retry",
    "confirm",
    "lonely",
    "community",
    "address",
    "port",
    "protocol",
    "console",
    "nothing",
    "{}",
];

const VALUES: &[&str] = &[
    "1",
    "0",
    "-1",
    "2.5",
    "50ms",
    "1d",
    "99999999999999999999",
    "{}",
    "{ }",
    "yes",
    "off",
    "{1 2}",
    "{30s 1.5 1h}",
    "{1 2 3 4}",
    "\"\\{\"",
    "\"\\}\"",
    "{a b c}",
    "{a a}",
    "web",
    "udp",
    "tcp",
    "stop",
    "keep",
    "{return UP}",
    "\"a\\0b\"",
    "\"\\ud800\"",
    "\"\\uffff\"",
    "{\\\n}",
    "\"[string repeat x 5000]\"",
    "{é}",
    "[list [list]]",
    "\"\\x01\"",
    "{#}",
    "{*}{1 2}",
    "{a{b}c}",
    "a\\",
];

const EVENTS: &[&str] = &["up", "*", "change", "down", "{}", "splitbrain"];

const VERBS: &[&str] = &[
    "after", "cancel", "health", "hosts", "journal", "log", "names", "peers", "state", "version",
    "why", "for", "w", "{}",
];

fn command(chance: &mut Chance) -> String {
    let mut words: Vec<&str> = Vec::new();
    match chance.below(8) {
        0..=3 => {
            words.extend(["failsvc", chance.of(NAMES)]);
            for _ in 0..chance.below(4) {
                words.extend([chance.of(OPTIONS), chance.of(VALUES)]);
            }
        }
        4 => {
            words.extend(["failhost", chance.of(NAMES)]);
            for _ in 0..chance.below(4) {
                words.extend([chance.of(OPTIONS), chance.of(VALUES)]);
            }
        }
        5 => words.extend([
            "failtrap",
            chance.of(VALUES),
            chance.of(EVENTS),
            chance.of(VALUES),
        ]),
        6 => words.extend([
            "fail",
            chance.of(VERBS),
            chance.of(NAMES),
            chance.of(VALUES),
        ]),
        _ => words.extend([
            "fail",
            "for",
            "1h",
            "{failsvc web",
            chance.of(OPTIONS),
            "1}",
        ]),
    }
    let keep = 1 + chance.below(words.len() + 2);
    words.truncate(keep);
    words.join(" ")
}

#[test]
fn whatever_is_said_is_an_error_or_reads_back_to_the_same() {
    let mut engine = Engine::new("failsvc web start {return UP} stop {return RECOVER}");
    engine.says(
        "proc same {} {
            foreach kind {failsvc failhost} {
                foreach name [$kind names] {
                    # The one name that can not be asked for.
                    if {$name eq {names}} continue
                    set is [$kind $name]
                    $kind $name {*}$is
                    if {[$kind $name] ne $is} {error \"$kind $name: $is\"}
                }
            }
            foreach trap [failtrap] {failtrap {*}$trap}
        }",
    );
    let mut chance = Chance(1);
    let mut well = 0;
    for round in 0..ROUNDS {
        let command = command(&mut chance);
        // What is open at the end of one must not swallow the next.
        let (code, said) = engine.says(&command);
        assert!(
            !said.contains("internal error"),
            "{round}: {command}: {said}"
        );
        well += usize::from(code == 0);
        if round % 20 == 0 {
            let again = engine.says("if {[catch same said]} {set said} else list");
            assert_eq!(again, (0, String::new()), "{round}: {command}");
        }
    }
    assert!(well > ROUNDS / 10, "{well}");
}
