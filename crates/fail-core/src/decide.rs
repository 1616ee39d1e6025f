//! The rule: whether this host should serve, from what it and the others say.
//!
//! A pure function of the local state, the states of the masters (hosts that outrank this
//! one) and of the slaves (hosts that this one outranks). A host that can not be reached
//! counts as `FAIL`. It knows no time, no network, no names and no wishes; `plan` brings
//! those. Source: `suite.md` section 2, rules 1 to 5, and the concepts of the original.

use fail_wire::State;

/// What the rule says. Each verdict is one row of the table in `failover(7)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Rule 1: a master can serve and this host does: give way.
    Stop,
    /// Rule 1: a master can serve and this host does not: leave it so.
    Yield,
    /// Rule 2: this host can not serve.
    Idle,
    /// Rule 3: this host should serve, but a slave still does: it will give way.
    Wait,
    /// Rule 4: this host should serve and nobody does.
    Start,
    /// Rule 5: this host serves, as it should.
    Keep,
    /// Rule 5: this host serves, as it should, and a slave does so too: take the service
    /// back (`reclaim`) once that slave has given way.
    Contest,
}

impl Verdict {
    /// The word for it in logs and tables.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Stop => "stop",
            Verdict::Yield => "yield",
            Verdict::Idle => "idle",
            Verdict::Wait => "wait",
            Verdict::Start => "start",
            Verdict::Keep => "keep",
            Verdict::Contest => "contest",
        }
    }
}

/// A rule: what `plan` decides by. There is one in the product, [`decide`]; the simulator
/// hands in broken ones to show that they are caught.
pub type Rule = fn(State, &[State], &[State]) -> Verdict;

/// The rule of failover.
pub fn decide(local: State, masters: &[State], slaves: &[State]) -> Verdict {
    let master_can_serve = masters.iter().any(|state| *state != State::Fail);
    let slave_serves = slaves.contains(&State::Up);
    match (local, master_can_serve, slave_serves) {
        (State::Up, true, _) => Verdict::Stop,
        (_, true, _) => Verdict::Yield,
        (State::Fail, false, _) => Verdict::Idle,
        (State::Recover, false, true) => Verdict::Wait,
        (State::Recover, false, false) => Verdict::Start,
        (State::Up, false, true) => Verdict::Contest,
        (State::Up, false, false) => Verdict::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lists of up to two states, and one of three.
    fn lists() -> Vec<Vec<State>> {
        let mut lists = vec![vec![]];
        for a in State::ALL {
            lists.push(vec![a]);
            for b in State::ALL {
                lists.push(vec![a, b]);
            }
        }
        lists.push(State::ALL.to_vec());
        lists
    }

    fn words(states: &[State]) -> String {
        let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
        if words.is_empty() {
            "-".to_string()
        } else {
            words.join(",")
        }
    }

    /// Every input against `tests/golden/decide.txt`, which was read line by line by a
    /// person. `FAILOVER_GOLDEN=write` writes it anew.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test reads its golden file")]
    fn every_input_gives_what_the_golden_table_says() {
        let mut is = String::from("# local masters slaves verdict\n");
        for local in State::ALL {
            for masters in lists() {
                for slaves in lists() {
                    let verdict = decide(local, &masters, &slaves).word();
                    let row = [local.word(), &words(&masters), &words(&slaves), verdict];
                    is.push_str(&(row.join(" ") + "\n"));
                }
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/decide.txt");
        if std::env::var("FAILOVER_GOLDEN").is_ok() {
            std::fs::write(path, &is).unwrap();
        }
        let was = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            is, was,
            "the rule is no longer as tests/golden/decide.txt says"
        );
        assert_eq!(is.lines().count(), 1 + 3 * 14 * 14);
    }

    #[test]
    fn the_order_of_hosts_does_not_matter() {
        for local in State::ALL {
            for masters in lists() {
                for slaves in lists() {
                    let mut turned = (masters.clone(), slaves.clone());
                    turned.0.reverse();
                    turned.1.reverse();
                    let straight = decide(local, &masters, &slaves);
                    assert_eq!(straight, decide(local, &turned.0, &turned.1));
                }
            }
        }
    }

    #[test]
    fn two_hosts_that_hear_each_other_never_both_start() {
        for a in State::ALL {
            for b in State::ALL {
                let upper = decide(a, &[], &[b]);
                let lower = decide(b, &[a], &[]);
                assert!(
                    upper != Verdict::Start || lower != Verdict::Start,
                    "{a} {b}"
                );
            }
        }
    }
}
