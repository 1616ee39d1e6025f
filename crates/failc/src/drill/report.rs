//! What a drill came to, as text for people and as one JSON object for programs. Both are made of
//! the same value, so that they can not differ.

use std::time::Duration;

use fail_wire::{Marks, State};
use serde_json::{Value, json};

use super::objectives::{Verdict, WAYS, ms};
use super::probe::Attempts;
use super::way::Way;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A drill would be allowed.
    Allowed,
    /// It is not.
    Refused,
    /// It was begun and had to be undone.
    Unfinished,
    /// It was finished, and an objective was not met.
    Missed,
    /// All objectives were met.
    Met,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Allowed => "allowed",
            Outcome::Refused => "refused",
            Outcome::Unfinished => "unfinished",
            Outcome::Missed => "missed",
            Outcome::Met => "met",
        }
    }
}

/// How a host is now.
#[derive(Debug, Clone)]
pub struct Now {
    pub host: String,
    pub faild: String,
    /// Its state and marks; nothing: it does not answer.
    pub is: Option<(State, Marks)>,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Report {
    pub service: String,
    pub outcome: Outcome,
    pub problems: Vec<String>,
    pub hosts: Vec<Now>,
    /// What was measured, if it was begun.
    pub measured: Option<Measured>,
}

/// What was measured. Times are in microseconds.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Who served, by his place.
    pub from: usize,
    /// There and back, as far as they were done.
    pub ways: [Option<Way>; 2],
    pub total: Option<i64>,
    pub finest: i64,
    pub verdicts: Vec<Verdict>,
    pub probe: Option<Probed>,
}

/// What the probe saw.
#[derive(Debug, Clone)]
pub struct Probed {
    /// Where it connected.
    pub at: String,
    pub attempts: Attempts,
    /// The longest on each way.
    pub outages: [Option<i64>; 2],
}

impl Report {
    fn name(&self, host: usize) -> &str {
        self.hosts.get(host).map_or("?", |now| now.host.as_str())
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match (&self.measured, self.outcome) {
            (None, Outcome::Allowed) => text += &format!("{}: a drill is allowed\n", self.service),
            (None, _) => {}
            (Some(measured), _) => text += &self.measured(measured),
        }
        let hosts = self.hosts.iter().map(|now| match now.is {
            None => format!("{} does not answer", now.host),
            Some((state, marks)) => {
                let words = [state.word()].into_iter().chain(marks.words());
                format!("{} {}", now.host, words.collect::<Vec<_>>().join(" "))
            }
        });
        text + &format!("now: {}\n", hosts.collect::<Vec<_>>().join(", "))
    }

    fn measured(&self, measured: &Measured) -> String {
        let done = measured.ways.iter().flatten();
        let names: String = done
            .clone()
            .map(|way| format!(" -> {}", self.name(way.to)))
            .collect();
        let mut text = format!("{}: {}{names}\n", self.service, self.name(measured.from));
        if done.clone().next().is_some() {
            let heads = ["stop", "detection", "start", "gap", "overlap", "whole"];
            let heads: String = heads.iter().map(|head| format!("{head:>11}")).collect();
            text += &format!("{:5}{heads}\n", "");
        }
        for (word, way) in WAYS.iter().zip(&measured.ways) {
            let Some(way) = way else { continue };
            let cells = parts(way).map(|(_, us)| format!("{:>11}", time(us)));
            text += &format!("{word:5}{}\n", cells.concat());
            for odd in way.odd.iter().filter(|odd| odd.up.len() > 1) {
                let up: Vec<&str> = odd.up.iter().map(|host| self.name(*host)).collect();
                let (after, long) = (time(Some(odd.at - way.begun)), time(Some(odd.us)));
                let who = up.join(" and ");
                text += &format!("{word}: {after} after the wish {who} were UP for {long}\n");
            }
        }
        if let Some(total) = measured.total {
            text += &format!("total {}, ", time(Some(total)));
        }
        // Never finer than it is.
        let finest = measured.finest.div_euclid(1_000) + 1;
        text += &format!("good to {finest}ms\n");
        if let Some(probe) = &measured.probe {
            let outages = WAYS.iter().zip(&probe.outages);
            let outages =
                outages.filter_map(|(word, us)| Some(format!("{} {word}", time(Some((*us)?)))));
            let Attempts { all, failed } = probe.attempts;
            let outages = outages.collect::<Vec<_>>().join(", ");
            text += &format!("{}: {failed} of {all} failed; outage {outages}\n", probe.at);
        }
        for verdict in &measured.verdicts {
            let way = verdict.way.map_or(String::new(), |way| format!(" {way}"));
            let met = if verdict.is_met() { "met" } else { "MISSED" };
            let limit = match verdict.limit.unsigned_abs() {
                0 => "0".to_string(),
                us => format!("{:?}", Duration::from_micros(us)),
            };
            let (objective, is) = (verdict.objective, time(verdict.measured));
            text += &format!("{objective}{way} at most {limit}: {is}, {met}\n");
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let hosts = self.hosts.iter().map(|now| {
            json!({
                "host": now.host,
                "faild": now.faild,
                "state": now.is.map(|(state, _)| state.word()),
                "marks": now.is.map(|(_, marks)| marks.words().collect::<Vec<_>>()),
            })
        });
        let mut object = json!({
            "service": self.service,
            "outcome": self.outcome.word(),
            "problems": self.problems,
            "hosts": hosts.collect::<Vec<_>>(),
        });
        let Some(measured) = &self.measured else {
            return object;
        };
        let outages = measured.probe.as_ref().map_or([None; 2], |p| p.outages);
        let ways = WAYS.iter().zip(&measured.ways).zip(outages);
        let ways =
            ways.filter_map(|((word, way), outage)| Some(self.way(word, way.as_ref()?, outage)));
        let verdicts = measured.verdicts.iter().map(|verdict| {
            json!({
                "objective": verdict.objective,
                "way": verdict.way,
                // Objectives may be finer than what is measured.
                "limit_ms": verdict.limit as f64 / 1e3,
                "measured_ms": verdict.measured.map(ms),
                "met": verdict.is_met(),
            })
        });
        let to = measured.ways[0].as_ref().map(|way| self.name(way.to));
        object["from"] = json!(self.name(measured.from));
        object["to"] = json!(to);
        object["ways"] = ways.collect();
        object["total_ms"] = json!(measured.total.map(ms));
        object["resolution_ms"] = json!(measured.finest.div_euclid(1_000) + 1);
        object["objectives"] = verdicts.collect();
        object["probe"] = measured.probe.as_ref().map_or(Value::Null, |probe| {
            json!({
                "at": probe.at,
                "attempts": probe.attempts.all,
                "failed": probe.attempts.failed,
            })
        });
        object
    }

    fn way(&self, word: &str, way: &Way, outage: Option<i64>) -> Value {
        let mut object = json!({
            "way": word,
            "from": self.name(way.from),
            "to": self.name(way.to),
        });
        for (name, us) in parts(way) {
            object[format!("{name}_ms")] = json!(us.map(ms));
        }
        let moments = way.odd.iter().map(|odd| {
            let up: Vec<&str> = odd.up.iter().map(|host| self.name(*host)).collect();
            json!({ "at_ms": ms(odd.at - way.begun), "ms": ms(odd.us), "up": up })
        });
        object["moments"] = moments.collect();
        object["outage_ms"] = json!(outage.map(ms));
        object
    }
}

/// The parts of a way, in the order in which they are shown.
fn parts(way: &Way) -> [(&'static str, Option<i64>); 6] {
    [
        ("stop", way.stop),
        ("detection", way.detection),
        ("start", way.start),
        ("gap", Some(way.gap())),
        ("overlap", Some(way.overlap())),
        ("whole", Some(way.whole())),
    ]
}

fn time(us: Option<i64>) -> String {
    us.map_or("not seen".to_string(), |us| format!("{}ms", ms(us)))
}

#[cfg(test)]
mod tests {
    use super::super::track::Odd;
    use super::*;

    fn report() -> Report {
        let now = |host: &str, state| Now {
            host: host.to_string(),
            faild: format!("{host}:1847"),
            is: Some((state, Marks(0))),
        };
        let way = Way {
            from: 0,
            to: 1,
            begun: 5_000,
            done: 246_600,
            stop: Some(31_400),
            detection: None,
            start: Some(203_000),
            odd: vec![
                Odd {
                    at: 36_400,
                    us: 207_200,
                    up: vec![],
                },
                Odd {
                    at: 243_600,
                    us: 3_000,
                    up: vec![0, 1],
                },
            ],
        };
        let verdict = Verdict {
            objective: "start",
            way: Some("there"),
            limit: 200_000,
            measured: Some(203_000),
        };
        Report {
            service: "web".to_string(),
            outcome: Outcome::Missed,
            problems: Vec::new(),
            hosts: vec![now("hosta", State::Recover), now("hostb", State::Up)],
            measured: Some(Measured {
                from: 0,
                ways: [Some(way), None],
                total: Some(241_600),
                finest: 1_040,
                verdicts: vec![verdict],
                probe: Some(Probed {
                    at: "tcp:web:80".to_string(),
                    attempts: Attempts { all: 99, failed: 9 },
                    outages: [Some(221_000), None],
                }),
            }),
        }
    }

    #[test]
    fn people_and_programs_read_the_same_numbers() {
        let (text, object) = (report().text(), report().json());
        let expected = "\
web: hosta -> hostb
            stop  detection      start        gap    overlap      whole
there       31ms   not seen      203ms      207ms        3ms      242ms
there: 239ms after the wish hosta and hostb were UP for 3ms
total 242ms, good to 2ms
tcp:web:80: 9 of 99 failed; outage 221ms there
start there at most 200ms: 203ms, MISSED
now: hosta RECOVER, hostb UP
";
        assert_eq!(text, expected);
        let way = &object["ways"][0];
        for (key, ms) in [
            ("stop_ms", json!(31)),
            ("detection_ms", Value::Null),
            ("start_ms", json!(203)),
            ("gap_ms", json!(207)),
            ("overlap_ms", json!(3)),
            ("whole_ms", json!(242)),
            ("outage_ms", json!(221)),
            ("from", json!("hosta")),
            ("to", json!("hostb")),
        ] {
            assert_eq!(way[key], ms, "{key}: {object}");
        }
        assert_eq!(way["moments"][1]["up"], json!(["hosta", "hostb"]));
        assert_eq!(way["moments"][1]["at_ms"], 239);
        assert_eq!(object["objectives"][0]["met"], false);
        assert_eq!(object["objectives"][0]["limit_ms"], 200.0);
        assert_eq!(object["resolution_ms"], 2);
        assert_eq!(object["total_ms"], 242);
        assert_eq!(object["probe"]["failed"], 9);
        assert_eq!(object["hosts"][1]["state"], "UP");
        assert_eq!(object["outcome"], "missed");
    }

    #[test]
    fn a_drill_that_was_not_begun_has_no_numbers() {
        let mut report = report();
        report.measured = None;
        report.outcome = Outcome::Allowed;
        report.hosts[1].is = None;
        let text = "web: a drill is allowed\nnow: hosta RECOVER, hostb does not answer\n";
        assert_eq!(report.text(), text);
        let object = report.json();
        assert_eq!(
            (&object["ways"], &object["hosts"][1]["state"]),
            (&Value::Null, &Value::Null)
        );
    }
}
