//! Rehearsals by the real failsh: what a user's policy would do, before it matters.

mod acts;
mod answers;
mod chance;
mod errors;
mod given_up;
mod meant;
mod page;
mod planted;
mod quiet;
mod samples;
mod slips;

use std::time::Duration;

use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use serde_json::Value;

/// The policy of one host of two: an address that `ip` puts on a device.
fn policy(other: &str, rank: &str) -> String {
    let ip = if other == "hosta" { 11 } else { 12 };
    format!(
        "proc web_start {{}} {{
    exec ip address replace 192.0.2.10/24 dev eth0
    return UP
}}
proc web_stop {{}} {{
    exec ip address flush dev eth0 to 192.0.2.10/32
    return RECOVER
}}
failhost {other} address 192.0.2.{ip} community 8hGq2vXw
failsvc web {rank} {other} interval 500ms timeout 5s start web_start stop web_stop
"
    )
}

/// A rehearsal computes for seconds, and for longer where others compute as well.
const LONG: Duration = Duration::from_secs(180);

/// A folder with the policies of hosta and hostb, `a.tcl` and `b.tcl`, and a scenario that
/// begins with them.
struct Set(Folder);

impl Set {
    fn new(scenario: &str) -> Set {
        let set = Set(Folder::new());
        set.0.write("a.tcl", policy("hostb", "slaves"));
        set.0.write("b.tcl", policy("hosta", "masters"));
        set.scenario(scenario);
        set
    }

    fn scenario(&self, text: &str) {
        let hosts = "host hosta -f a.tcl\nhost hostb -f b.tcl\n";
        self.0.write("scenario.tcl", format!("{hosts}{text}"));
    }

    /// `failsh --rehearse` with these options.
    fn run(&self, options: &[&str]) -> Outcome {
        let mut command = program::command("failsh");
        command.arg("--rehearse").arg(self.0.file("scenario.tcl"));
        command.args(options);
        program::run_within(LONG, command)
    }

    /// What came of it as JSON, and whether all held.
    fn json(&self) -> (Value, bool) {
        let outcome = self.run(&["--json"]);
        let held = match outcome.code {
            Some(0) => true,
            Some(3) => false,
            _ => panic!("{outcome:?}"),
        };
        let value: Value = serde_json::from_str(&outcome.out).unwrap();
        assert_eq!(value["result"], if held { "held" } else { "broken" });
        (value, held)
    }

    /// The scenario is as it should be, and everything holds.
    fn holds(&self) -> Value {
        let (value, held) = self.json();
        assert!(held, "{:#?}", broken(&value));
        value
    }
}

/// What did not hold: its text and what was seen.
fn broken(value: &Value) -> Vec<(String, String)> {
    let verdicts = value["verdicts"].as_array().unwrap().iter();
    let broken = verdicts.filter(|verdict| verdict["held"] == false);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    broken
        .map(|verdict| (text(&verdict["text"]), text(&verdict["broken"][0]["seen"])))
        .collect()
}

/// The commands that a host ran, and how each was answered.
fn commands(value: &Value, host: &str) -> Vec<(String, String)> {
    let entries = value["entries"].as_array().unwrap().iter();
    let of = entries.filter(|entry| entry["kind"] == "command" && entry["host"] == host);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    of.map(|entry| (text(&entry["text"]), text(&entry["why"])))
        .collect()
}

/// When a service on a host came into this state first, at this second or later.
fn first(value: &Value, service: &str, host: &str, state: &str, from: f64) -> Option<f64> {
    let tracks = value["tracks"].as_array().unwrap().iter();
    let mut tracks = tracks.filter(|track| track["service"] == service && track["host"] == host);
    let spans = tracks.next()?["spans"].as_array()?;
    let seconds = |span: &Value| span["from_ns"].as_f64().map(|ns| ns / 1e9);
    let mut fits = spans.iter().filter(|span| span["state"] == state);
    fits.find_map(|span| seconds(span).filter(|at| *at >= from))
}
