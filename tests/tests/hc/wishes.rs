//! The wishes of hc for a service of a real faild: who makes them, who takes them back, and what an
//! operator, a new Hcfile, a restart and a maintenance window do to them.

use failover_tests::faild::Faild;
use failover_tests::hc::{FAST, Hc};
use failover_tests::wait;

/// A faild in which `web` serves, and what stands in an Hcfile before the targets.
fn web() -> Faild {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "UP"]).done();
    faild
}

/// A target that is down while a file of its name is there, and judges `web`.
fn judge(faild: &Faild, name: &str, more: &str) -> String {
    let at = faild.address;
    format!("{}\ton change failc web host={at}{more}\n", mute(name))
}

/// The same, and it judges nothing.
fn mute(name: &str) -> String {
    format!("{name}:\n\texec sh -c '! test -e FOLDER/{name} || {{ echo gone; exit 1; }}'\n")
}

fn hcfile(targets: &[String]) -> String {
    format!("{FAST}load exec\n{}", targets.concat())
}

/// The target is down, or up again, and what it has to wish is wished.
fn turn(hc: &Hc, name: &str, state: &str) {
    let file = hc.folder.file(name);
    match state {
        "down" => std::fs::write(file, "").unwrap(),
        _ => std::fs::remove_file(file).unwrap(),
    }
    wished(hc, name, state);
}

/// The same of one that becomes so by itself.
fn wished(hc: &Hc, name: &str, state: &str) {
    hc.wait_for(name, |view| {
        view.state == state && view.checked.is_some() && view.actions.iter().all(|act| !act.runs)
    });
}

/// Why `web` is away; nothing: it is not.
fn away(faild: &Faild) -> Option<String> {
    let text = faild.failc(&["--json", "web"]).out;
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let marks = record["marks"].to_string();
    let reason = record["reason"].as_str().unwrap_or_default().to_string();
    marks.contains("away").then_some(reason)
}

fn is_away(faild: &Faild, why: &str) {
    let seen = wait::until("away", || away(faild), Option::is_some);
    assert_eq!(seen.as_deref(), Some(why));
}

#[test]
fn who_becomes_good_sends_nothing_away_that_an_operator_has_taken_back() {
    let faild = web();
    let two = [judge(&faild, "a", ""), judge(&faild, "b", "")];
    let hc = Hc::start(&hcfile(&two), &[]);
    for name in ["a", "b"] {
        wished(&hc, name, "up");
        turn(&hc, name, "down");
    }
    is_away(&faild, "away: hc: a: gone");
    faild.failc(&["back", "web"]).done();
    // The other one is bad as before, and so is nobody who has changed.
    turn(&hc, "b", "up");
    assert_eq!(away(&faild), None);
    // A new target is found up.
    let more = [&two[..], &[judge(&faild, "c", "")]].concat();
    hc.reload(&hcfile(&more));
    wished(&hc, "c", "up");
    assert_eq!(away(&faild), None);
    // This is news.
    turn(&hc, "b", "down");
    is_away(&faild, "away: hc: b: gone");
}
