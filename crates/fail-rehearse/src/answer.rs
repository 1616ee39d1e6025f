//! How a command is answered that nobody runs: by the scenario's rules, by the things that the
//! host has, or plausibly.

use std::collections::BTreeSet;

use fail_core::exec::{End, ExecFailed, ExecResult, Finished, Output, Pipeline};
use fail_core::glob;
use fail_core::time::Span;
use fail_sim::rng::Rng;

use crate::meaning::{self, Meaning, Telling};
use crate::scenario::{Ends, MS, Rule, ThingSpec};

/// A rule and what is left of it.
#[derive(Debug, Clone)]
pub struct Ruling {
    rule: Rule,
    /// How often it still holds; nothing: always.
    left: Option<u32>,
    /// Until when; nothing: for good.
    until: Option<u64>,
    /// It has answered something.
    used: bool,
}

/// All rules that hold.
#[derive(Debug, Clone, Default)]
pub struct Rulings(Vec<Ruling>);

/// How a command is answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// After so long; nothing: never.
    pub takes: Option<u64>,
    /// What came of it.
    pub result: ExecResult,
    /// The things that it begins.
    pub begins: Vec<String>,
    /// And those that it ends.
    pub ends: Vec<String>,
    /// How it ended, in one line.
    pub told: String,
    /// Whether it ended as a command does that the scenario lets fail.
    pub excused: bool,
}

/// A command line in one line, as patterns see it.
pub fn line(pipeline: &Pipeline) -> String {
    let stages = pipeline.stages.iter();
    let stages: Vec<String> = stages.map(|stage| stage.argv.join(" ")).collect();
    stages.join(" | ")
}

impl Rulings {
    /// From now on this holds, before all that was said earlier.
    pub fn add(&mut self, at: u64, rule: &Rule) {
        self.0.push(Ruling {
            left: rule.times,
            until: rule.lasts.map(|lasts| at + lasts),
            used: false,
            rule: rule.clone(),
        });
    }

    /// The rules that have answered nothing.
    pub fn unused(&self) -> impl Iterator<Item = &Rule> {
        let unused = self.0.iter().filter(|ruling| !ruling.used);
        unused.map(|ruling| &ruling.rule)
    }

    /// What holds for this command: each rule is asked for what those after it have left open,
    /// and one that says nothing of it is not used up.
    fn find(
        &mut self,
        at: u64,
        host: usize,
        line: &str,
    ) -> (Option<u64>, Option<String>, Option<Ends>) {
        let (mut takes, mut prints, mut ends) = (None, None, None);
        for ruling in self.0.iter_mut().rev() {
            let rule = &ruling.rule;
            let here = rule.hosts.is_empty() || rule.hosts.contains(&host);
            let now = ruling.left != Some(0) && ruling.until.is_none_or(|until| at < until);
            if !(here && now && glob::matches(&rule.pattern, line)) {
                continue;
            }
            let says = (takes.is_none() && rule.takes.is_some())
                || (prints.is_none() && rule.prints.is_some())
                || (ends.is_none() && rule.ends.is_some());
            if !says {
                continue;
            }
            ruling.used = true;
            ruling.left = ruling.left.map(|left| left - 1);
            takes = takes.or(rule.takes);
            prints = prints.or_else(|| rule.prints.clone());
            ends = ends.or_else(|| rule.ends.clone());
        }
        (takes, prints, ends)
    }
}

/// What a host has, for who answers.
pub struct Having<'a> {
    /// Its number.
    pub host: usize,
    /// What it has.
    pub things: &'a BTreeSet<String>,
    /// What the scenario names.
    pub named: &'a [ThingSpec],
}

/// Answers a command.
pub fn answer(
    rulings: &mut Rulings,
    rng: &mut Rng,
    at: u64,
    having: &Having<'_>,
    pipeline: &Pipeline,
) -> Answered {
    let line = line(pipeline);
    let (takes, prints, ends) = rulings.find(at, having.host, &line);
    let plausible = pipeline.stages.iter();
    let plausible = plausible
        .map(|stage| meaning::plausible_ms(&stage.argv))
        .max();
    let plausible = plausible.unwrap_or(0) * MS;
    let takes = takes.unwrap_or_else(|| plausible + rng.between(0, plausible / 2));
    let limit = pipeline.given.timeout.map(|limit| limit.0);
    let mut said = having.says(&line, pipeline);
    if prints.is_some() {
        said.prints = prints.unwrap_or_default();
    }
    let excused = ends.is_some();
    match ends {
        Some(Ends::Exit(code, message)) => said.fail(code, &message),
        Some(Ends::Missing) => return missing(pipeline),
        Some(Ends::Hangs) => {
            return Answered {
                takes: limit,
                result: finished(pipeline, &Said::default(), limit.unwrap_or(0), true),
                begins: Vec::new(),
                ends: Vec::new(),
                told: "hangs".to_string(),
                excused,
            };
        }
        None => {}
    }
    // Whoever may only take so long is ended.
    let over = limit.filter(|limit| *limit < takes);
    let failed = said.code != 0 || over.is_some();
    if failed {
        (said.begins, said.ends) = (Vec::new(), Vec::new());
    }
    let told = match over {
        Some(_) => "ended: its time was over".to_string(),
        None => said.told(),
    };
    Answered {
        takes: Some(over.unwrap_or(takes)),
        result: finished(pipeline, &said, over.unwrap_or(takes), over.is_some()),
        begins: said.begins,
        ends: said.ends,
        told,
        excused: excused || over.is_some(),
    }
}

fn missing(pipeline: &Pipeline) -> Answered {
    let program = pipeline.stages.first().and_then(|stage| stage.argv.first());
    let program = program.map_or("", String::as_str);
    Answered {
        takes: Some(MS),
        result: Err(ExecFailed {
            sentence: format!("couldn't execute \"{program}\": no such file or directory"),
            errno: "ENOENT".to_string(),
        }),
        begins: Vec::new(),
        ends: Vec::new(),
        told: "there is no such program".to_string(),
        excused: true,
    }
}

/// What a command says and does.
#[derive(Debug, Default)]
struct Said {
    code: i32,
    prints: String,
    complains: String,
    begins: Vec<String>,
    ends: Vec<String>,
}

impl Said {
    fn fail(&mut self, code: i32, message: &str) {
        self.code = code;
        self.complains = message.to_string();
    }

    fn told(&self) -> String {
        match (self.code, self.complains.is_empty(), self.prints.trim()) {
            (0, _, "") => "ok".to_string(),
            (0, _, prints) => format!("prints \"{}\"", prints.lines().next().unwrap_or_default()),
            (code, true, _) => format!("exits with {code}"),
            (code, false, _) => format!("exits with {code}: {}", self.complains),
        }
    }
}

impl Having<'_> {
    fn has(&self, thing: &str) -> bool {
        self.things.contains(thing)
    }

    /// By what the host has.
    fn says(&self, line: &str, pipeline: &Pipeline) -> Said {
        let mut said = Said::default();
        let named = self.named.iter();
        let here = named.filter(|thing| thing.hosts.is_empty() || thing.hosts.contains(&self.host));
        let mut known = false;
        for thing in here {
            let is = |pattern: &str| glob::matches(pattern, line);
            if is(&thing.begins) {
                said.begins.push(thing.name.clone());
                known = true;
            } else if is(&thing.ends) {
                said.ends.push(thing.name.clone());
                known = true;
            } else if thing.shown.as_deref().is_some_and(is) {
                known = true;
                if !self.has(&thing.name) {
                    said.fail(thing.absent, "");
                }
            }
        }
        if known {
            return said;
        }
        for stage in &pipeline.stages {
            match meaning::of(&stage.argv) {
                Some(Meaning::Begins(things, complaint)) => {
                    self.wrong(&mut said, complaint, things.iter().any(|t| self.has(t)));
                    said.begins.extend(things);
                }
                Some(Meaning::Ends(things, complaint)) => {
                    self.wrong(&mut said, complaint, things.iter().any(|t| !self.has(t)));
                    // A label goes with the address that was put on it.
                    said.ends.extend(things);
                }
                Some(Meaning::Asks(thing, telling)) => self.tell(&mut said, &thing, &telling),
                Some(Meaning::Lists(prefix)) => {
                    let things = self.things.iter();
                    for name in things.filter_map(|thing| thing.strip_prefix(prefix)) {
                        said.prints += &format!("    inet {name}/24 scope global eth0\n");
                    }
                }
                None => {}
            }
        }
        said
    }

    fn wrong(&self, said: &mut Said, complaint: Option<(i32, &str)>, is_wrong: bool) {
        if let Some((code, message)) = complaint.filter(|_| is_wrong) {
            said.fail(code, message);
        }
    }

    fn tell(&self, said: &mut Said, thing: &str, telling: &Telling) {
        let there = self.has(thing);
        match telling {
            Telling::Code(code) if !there => said.fail(*code, ""),
            Telling::Code(_) => {}
            Telling::Word(code, yes, no) => {
                said.prints = format!("{}\n", if there { yes } else { no });
                if !there {
                    said.fail(*code, "");
                }
            }
            Telling::Properties => {
                let (active, sub) = match there {
                    true => ("active", "running"),
                    false => ("inactive", "dead"),
                };
                said.prints = format!(
                    "LoadState=loaded\nActiveState={active}\nSubState={sub}\nResult=success\n\
                     ExecMainCode=0\nExecMainStatus=0\n"
                );
            }
        }
    }
}

fn finished(pipeline: &Pipeline, said: &Said, took: u64, timed_out: bool) -> ExecResult {
    const PID: u32 = 4_242;
    let last = pipeline.stages.len().saturating_sub(1);
    let ends = (0..pipeline.stages.len()).map(|n| {
        let end = match (pipeline.background, timed_out, n == last) {
            (true, ..) => End::Running,
            (_, true, _) => End::Signal(15),
            (_, _, true) => End::Exit(said.code),
            _ => End::Exit(0),
        };
        (PID, end)
    });
    let collects = matches!(pipeline.stdout, Output::Collect) && !pipeline.background;
    let bytes = |text: &str| match collects {
        true => text.as_bytes().to_vec(),
        false => Vec::new(),
    };
    Ok(Finished {
        stdout: bytes(&said.prints),
        stderr: bytes(&said.complains),
        ends: ends.collect(),
        cut: false,
        timed_out,
        took: Span(took),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_core::exec::{Errors, Given, Input, Stage};

    fn pipeline(line: &str) -> Pipeline {
        Pipeline {
            stages: vec![Stage {
                argv: line.split(' ').map(str::to_string).collect(),
                stderr: Errors::Collect,
            }],
            stdin: Input::Null,
            stdout: Output::Collect,
            background: false,
            given: Given::default(),
        }
    }

    fn rule(pattern: &str) -> Rule {
        Rule {
            pattern: pattern.to_string(),
            hosts: Vec::new(),
            takes: None,
            prints: None,
            ends: None,
            times: None,
            lasts: None,
            line: 0,
        }
    }

    fn ask(rulings: &mut Rulings, at: u64, things: &BTreeSet<String>, line: &str) -> Answered {
        let having = Having {
            host: 0,
            things,
            named: &[],
        };
        answer(rulings, &mut Rng::new(1), at, &having, &pipeline(line))
    }

    #[test]
    fn the_last_rule_holds_and_gives_way_when_it_is_used_up() {
        let mut rulings = Rulings::default();
        let none = BTreeSet::new();
        rulings.add(
            0,
            &Rule {
                takes: Some(7),
                ..rule("mount *")
            },
        );
        let fails = Some(Ends::Exit(1, "busy".to_string()));
        rulings.add(
            0,
            &Rule {
                ends: fails,
                times: Some(1),
                ..rule("mount *")
            },
        );
        let first = ask(&mut rulings, 1, &none, "mount /dev/sdb1 /srv");
        assert_eq!(first.takes, Some(7));
        assert_eq!(first.told, "exits with 1: busy");
        assert!(first.begins.is_empty() && first.excused);
        let second = ask(&mut rulings, 1, &none, "mount /dev/sdb1 /srv");
        assert_eq!((second.takes, second.told.as_str()), (Some(7), "ok"));
        assert_eq!(second.begins, ["mount /srv"]);
    }

    #[test]
    fn a_rule_for_a_while_ends_with_it_and_one_of_another_host_never_holds() {
        let mut rulings = Rulings::default();
        let none = BTreeSet::new();
        let hang = |hosts: &[usize], lasts| Rule {
            ends: Some(Ends::Hangs),
            hosts: hosts.to_vec(),
            lasts,
            ..rule("x*")
        };
        rulings.add(0, &hang(&[1], None));
        rulings.add(10, &hang(&[], Some(5)));
        assert_eq!(ask(&mut rulings, 14, &none, "x").takes, None);
        assert!(ask(&mut rulings, 15, &none, "x").takes.is_some());
    }

    #[test]
    fn a_rule_that_another_one_hides_is_not_used_up() {
        let mut rulings = Rulings::default();
        for message in ["first", "second"] {
            let fails = Some(Ends::Exit(1, message.to_string()));
            rulings.add(
                0,
                &Rule {
                    ends: fails,
                    times: Some(1),
                    ..rule("foo")
                },
            );
        }
        let none = BTreeSet::new();
        assert_eq!(rulings.unused().count(), 2);
        let mut told = || ask(&mut rulings, 0, &none, "foo").told;
        assert_eq!(told(), "exits with 1: second");
        assert_eq!(told(), "exits with 1: first");
        assert_eq!(told(), "ok");
        assert_eq!(rulings.unused().count(), 0);
    }

    #[test]
    fn a_command_that_hangs_is_ended_by_its_own_timeout() {
        let mut rulings = Rulings::default();
        let hangs = Some(Ends::Hangs);
        rulings.add(
            0,
            &Rule {
                ends: hangs,
                ..rule("foo")
            },
        );
        let mut limited = pipeline("foo");
        limited.given.timeout = Some(Span(2_000 * MS));
        let things = BTreeSet::new();
        let having = Having {
            host: 0,
            things: &things,
            named: &[],
        };
        let answered = answer(&mut rulings, &mut Rng::new(1), 0, &having, &limited);
        assert_eq!(answered.takes, Some(2_000 * MS));
        assert!(answered.result.is_ok_and(|finished| finished.timed_out));
    }

    #[test]
    fn who_asks_for_a_thing_is_told_the_truth() {
        let mut rulings = Rulings::default();
        let has: BTreeSet<String> = ["address 192.0.2.10".to_string()].into();
        let none = BTreeSet::new();
        let add = "ip address add 192.0.2.10/24 dev eth0";
        assert_eq!(
            ask(&mut rulings, 0, &none, add).begins,
            ["address 192.0.2.10"]
        );
        let twice = ask(&mut rulings, 0, &has, add);
        assert_eq!(twice.told, "exits with 2: RTNETLINK answers: File exists");
        assert!(twice.begins.is_empty() && !twice.excused);
        let status = "start-stop-daemon --status --pidfile /run/x";
        assert_eq!(ask(&mut rulings, 0, &none, status).told, "exits with 3");
        let shown = ask(&mut rulings, 0, &has, "ip -o address show");
        assert!(shown.told.contains("inet 192.0.2.10/24"), "{}", shown.told);
    }
}
