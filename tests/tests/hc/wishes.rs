//! The wishes of hc for a service of a real faild: who makes them, who takes them back, and what an
//! operator, a new Hcfile, a restart and a maintenance window do to them.

use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::hc::{FAST, Hc};
use failover_tests::wait;

use fail_wire::health::Update;

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

/// Another Hcfile holds.
fn reload(hc: &Hc, text: &str) {
    let file = || match hc.watch(&[]).next() {
        Some(Update::Hello(hello)) => hello.file,
        other => panic!("{other:?}"),
    };
    let before = file();
    hc.reload(text);
    wait::until("the new Hcfile", file, |file| *file > before);
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
    reload(&hc, &hcfile(&more));
    wished(&hc, "c", "up");
    assert_eq!(away(&faild), None);
    // This is news.
    turn(&hc, "b", "down");
    is_away(&faild, "away: hc: b: gone");
}

/// A target whose check does not end: nothing is known of it but what was kept.
fn silent(faild: &Faild, name: &str) -> String {
    let at = faild.address;
    format!("{name}:\n\texec timeout=1h sleep 3600\n\ton change failc web host={at}\n")
}

/// What stands in the state file is so much older.
fn age(folder: &Folder, ms: i64) {
    let path = folder.file("state");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut image: serde_json::Value = serde_json::from_str(&text).unwrap();
    for kept in image["kept"].as_array_mut().unwrap() {
        kept["at"] = (kept["at"].as_i64().unwrap() - ms).into();
    }
    let (version, kept) = (&image["version"], &image["kept"]);
    std::fs::write(path, format!("{{\"version\":{version},\"kept\":{kept}}}\n")).unwrap();
}

#[test]
fn what_was_kept_for_more_than_a_week_wants_no_service_away() {
    const DAY_MS: i64 = 86_400_000;
    let faild = web();
    let judges = [judge(&faild, "a", ""), judge(&faild, "b", "")];
    let later = [judge(&faild, "a", ""), silent(&faild, "b")];
    for (days, why) in [(6, Some("away: hc: b: gone")), (8, None)] {
        let folder = Folder::new();
        let state = folder.file("state");
        let hc = Hc::within(folder, &hcfile(&judges), &["-s", &state]);
        for name in ["a", "b"] {
            wished(&hc, name, "up");
            turn(&hc, name, "down");
        }
        is_away(&faild, "away: hc: a: gone");
        let (_, folder) = hc.end();
        age(&folder, days * DAY_MS);
        std::fs::remove_file(folder.file("a")).unwrap();
        let hc = Hc::within(folder, &hcfile(&later), &["-s", &state]);
        wished(&hc, "a", "up");
        assert_eq!(away(&faild).as_deref(), why, "after {days} days");
        faild.failc(&["back", "web"]).done();
    }
}

#[test]
fn what_a_line_that_is_gone_has_sent_away_is_told_of_at_a_reload_and_at_a_restart() {
    let faild = web();
    let at = faild.address;
    let folder = Folder::new();
    let state = folder.file("state");
    let options = ["-s", state.as_str()];
    let with = hcfile(&[judge(&faild, "a", "")]);
    let without = hcfile(&[mute("a")]);
    let said = format!(
        "target a does not judge service web any more (on change failc web host={at}); if that is \
         away because of it, it stays away until somebody says failc back"
    );
    let hc = Hc::within(folder, &with, &options);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    let (_, folder) = hc.end();
    let hc = Hc::within(folder, &without, &options);
    let told = |hc: &Hc| {
        hc.log
            .all()
            .iter()
            .filter(|line| line.contains(&said))
            .count()
    };
    wait::until("the restart", || told(&hc), |told| *told == 1);
    // It is there again, as a new line, and takes back what is its own.
    reload(&hc, &with);
    wished(&hc, "a", "down");
    reload(&hc, &without);
    wait::until("the reload", || told(&hc), |told| *told == 2);
    turn(&hc, "a", "up");
    is_away(&faild, "away: hc: a: gone");
    reload(&hc, &with);
    wait::until("back", || away(&faild), Option::is_none);
    wished(&hc, "a", "up");
    reload(&hc, &without);
    assert_eq!(told(&hc), 2, "it has called it back");
}

#[test]
fn what_was_taken_back_is_not_made_again_by_a_reload_a_restart_or_an_edited_line() {
    let faild = web();
    let folder = Folder::new();
    let state = folder.file("state");
    let options = ["-s", state.as_str()];
    let text = hcfile(&[judge(&faild, "a", "")]);
    let hc = Hc::within(folder, &text, &options);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    faild.failc(&["back", "web"]).done();
    // The line stands somewhere else, and says the same.
    let moved = text.replace("\ton change", "\ton up exec true\n\ton change");
    reload(&hc, &moved);
    wished(&hc, "a", "down");
    assert_eq!(away(&faild), None);
    let (_, folder) = hc.end();
    let hc = Hc::within(folder, &text, &options);
    wished(&hc, "a", "down");
    assert_eq!(away(&faild), None);
    reload(&hc, &hcfile(&[judge(&faild, "a", " timeout=7s")]));
    wished(&hc, "a", "down");
    assert_eq!(away(&faild), None);
    // This is news.
    turn(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
}

#[test]
fn nothing_is_wished_while_people_work_on_a_target_and_then_what_it_came_to_is() {
    let faild = web();
    let text = hcfile(&[judge(&faild, "a", "")]);
    let worked_on = text.clone() + "\tmaintenance 00:00-24:00\n";
    let hc = Hc::start(&text, &[]);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    reload(&hc, &worked_on);
    wished(&hc, "a", "maintenance");
    std::fs::remove_file(hc.folder.file("a")).unwrap();
    hc.log.wait_for("target a: down -> up");
    wished(&hc, "a", "maintenance");
    assert!(away(&faild).is_some());
    reload(&hc, &text);
    wait::until("back", || away(&faild), Option::is_none);
    // It is down before and after: that is no news, whatever somebody has said meanwhile.
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    reload(&hc, &worked_on);
    wished(&hc, "a", "maintenance");
    faild.failc(&["back", "web"]).done();
    reload(&hc, &text);
    wished(&hc, "a", "down");
    assert_eq!(away(&faild), None);
}

#[test]
fn nothing_is_wished_while_a_target_flaps_and_then_what_it_came_to_is() {
    let faild = web();
    let flap = |flap: &str| {
        let a = judge(&faild, "a", "") + &format!("\tflap {flap}\n");
        hcfile(&[a, judge(&faild, "b", "")])
    };
    let hc = Hc::start(&flap("2 1h"), &[]);
    wished(&hc, "a", "up");
    wished(&hc, "b", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    turn(&hc, "a", "up");
    hc.log.wait_for("target a: flapping");
    // What was said of it last holds: the other one neither takes it over nor back.
    turn(&hc, "b", "down");
    turn(&hc, "b", "up");
    is_away(&faild, "away: hc: a: gone");
    reload(&hc, &flap("none"));
    wait::until("back", || away(&faild), Option::is_none);
}

#[test]
fn what_a_failsh_has_stopped_by_the_bare_word_is_called_back_and_what_somebody_wants_away_is_not() {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "RECOVER", "starting"]).done();
    let hc = Hc::start(&hcfile(&[judge(&faild, "a", "")]), &[]);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    // As a failsh does it that was starting the service.
    let failsh = || {
        faild
            .failc(&["web", "UP", "start: no master can serve"])
            .done();
        faild.failc(&["web", "FAIL", "away"]).done();
        is_away(&faild, "away");
    };
    failsh();
    turn(&hc, "a", "up");
    assert_eq!(away(&faild), None);
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    failsh();
    faild.failc(&["away", "web"]).done();
    turn(&hc, "a", "up");
    is_away(&faild, "away");
}

#[test]
fn a_wish_that_the_faild_has_forgotten_is_made_again_at_a_restart() {
    let faild = web();
    let folder = Folder::new();
    let state = folder.file("state");
    let text = hcfile(&[judge(&faild, "a", "")]);
    let hc = Hc::within(folder, &text, &["-s", &state]);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    let (_, folder) = hc.end();
    // As a faild does at its end that keeps no state file.
    faild.failc(&["forget", "web"]).done();
    faild.failc(&["web", "UP"]).done();
    assert_eq!(away(&faild), None);
    let hc = Hc::within(folder, &text, &["-s", &state]);
    is_away(&faild, "away: hc: a: gone");
    // The mark alone is forgotten: what it was by is in the record yet.
    faild.failc(&["back", "web"]).done();
    faild.failc(&["web", "FAIL", "away: hc: a: gone"]).done();
    turn(&hc, "a", "up");
    let state = || faild.failc(&["--json", "web"]).out;
    wait::until("back", state, |text| text.contains("RECOVER"));
}

#[test]
fn what_a_target_has_sent_away_that_has_another_name_now_is_called_back_by_that_one() {
    let faild = web();
    let hc = Hc::start(&hcfile(&[judge(&faild, "a", "")]), &[]);
    wished(&hc, "a", "up");
    turn(&hc, "a", "down");
    is_away(&faild, "away: hc: a: gone");
    let renamed = [judge(&faild, "b", "").replace("FOLDER/b", "FOLDER/a")];
    reload(&hc, &hcfile(&renamed));
    hc.log
        .wait_for("the next target that judges it and changes goes on with it");
    wished(&hc, "b", "down");
    is_away(&faild, "away: hc: b: gone");
    std::fs::remove_file(hc.folder.file("a")).unwrap();
    wait::until("back", || away(&faild), Option::is_none);
    // Removed while another one is bad, which is good later.
    let two = [judge(&faild, "b", ""), judge(&faild, "c", "")];
    reload(&hc, &hcfile(&two));
    for name in ["c", "b"] {
        wished(&hc, name, "up");
        turn(&hc, name, "down");
    }
    is_away(&faild, "away: hc: c: gone");
    reload(&hc, &hcfile(&two[..1]));
    turn(&hc, "b", "up");
    assert_eq!(away(&faild), None);
}
