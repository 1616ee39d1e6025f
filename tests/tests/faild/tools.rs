//! failc and failstat against a live faild: what they print and how they end.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use failover_tests::faild::{Faild, free_port};
use failover_tests::folder::Folder;
use failover_tests::lines::Lines;
use failover_tests::program::{self, Outcome, Running};
use serde_json::Value;

/// Runs a tool that needs no faild.
fn run(tool: &str, arguments: &[&str]) -> program::Outcome {
    let mut command = program::command(tool);
    command.args(arguments);
    program::run(command)
}

/// A line of failc without its age: `web UP held for 0ms (why)` to `web UP held (why)`.
fn ageless(line: &str) -> String {
    let (head, rest) = line.split_once(" for ").expect("it has an age");
    let (_, reason) = rest.split_once(' ').expect("it has a reason");
    // Nobody supervises what is set by hand, and after a few seconds that is said.
    let head = head.replace(" unsupervised", "");
    format!("{head} {}", reason.trim_end())
}

/// Where nobody listens.
fn nobody() -> String {
    format!("127.0.0.2:{}", free_port("127.0.0.2"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn failc_reads_a_service_that_nobody_spoke_of() {
    let faild = Faild::start(&[]);
    assert_eq!(
        faild.failc(&["web"]).done(),
        "web FAIL unpublished (unknown)\n"
    );
    let record = json(&faild.failc(&["-j", "web"]).done());
    assert_eq!(record["state"], "FAIL");
    assert_eq!(record["marks"], serde_json::json!(["unpublished"]));
    assert_eq!(record["version"], 0);
}

#[test]
fn failc_sets_holds_releases_sends_away_and_takes_back() {
    let faild = Faild::start(&[]);
    for (words, line) in [
        ("web RECOVER disk replaced", "web RECOVER (disk replaced)"),
        ("web", "web RECOVER (disk replaced)"),
        ("web UP", "web UP (set by hand)"),
        ("hold web new disk", "web UP held (held: new disk)"),
        ("away web", "web UP held away (away)"),
        ("release web", "web UP away (released)"),
        ("web FAIL it is stopped", "web FAIL away (it is stopped)"),
        ("back web all is well", "web RECOVER (back: all is well)"),
        ("web UP", "web UP (set by hand)"),
        // It could not be stopped in time: still up, so it stays up.
        ("away web", "web UP away (away)"),
        ("back web", "web UP (back)"),
        // Of a service with the name of a verb.
        ("hold", "hold FAIL unpublished (unknown)"),
        ("-- web UP -x", "web UP (-x)"),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let out = faild.failc(&words).done();
        let seen = match out.contains(" for ") {
            true => ageless(&out),
            false => out.trim_end().to_string(),
        };
        assert_eq!(seen, line, "{words:?}");
    }
    let record = json(&faild.failc(&["--json", "web"]).done());
    assert_eq!(record["version"], 11);
    assert_eq!(record["reason"], "-x");
    assert!(record["last_change_ms"].as_i64().unwrap() > 1_500_000_000_000);
    faild.log.wait_for("service web: FAIL -> RECOVER");
}

#[test]
fn with_q_the_state_is_the_exit_code_and_nothing_is_printed() {
    let faild = Faild::start(&[]);
    for (state, code) in [("UP", 0), ("RECOVER", 1), ("FAIL", 2)] {
        for arguments in [&["-q", "web", state][..], &["-q", "web"]] {
            let outcome = faild.failc(arguments);
            assert_eq!(outcome.code, Some(code), "{outcome:?}");
            assert_eq!((outcome.out, outcome.err), (String::new(), String::new()));
        }
    }
    assert_eq!(faild.failc(&["-q", "unheard-of"]).code, Some(2));
}

#[test]
fn bad_words_and_options_are_named_and_end_with_64() {
    for (tool, line, named) in [
        ("failc", "", "<WORD>"),
        ("failc", "web DOWN", "DOWN"),
        ("failc", "stop web", "stop"),
        ("failc", "we*b", "'*'"),
        ("failc", "web --nosuch", "--nosuch"),
        ("failc", "-n 0 web", "0"),
        ("failc", "-n 101 web", "101"),
        ("failc", "-p 0 web", "0"),
        ("failc", "-t never web", "never"),
        ("failc", "-s a:b:c web", "a:b:c"),
        ("failc", "-q -j web", "--json"),
        ("failc", "-c a -C b web", "--community-file"),
        ("failstat", "-w 2", "2"),
        ("failstat", "--nosuch", "--nosuch"),
        ("failstat", "-p 65536", "65536"),
        ("faild", "-d nosuch", "nosuch"),
        ("faild", "-p x", "x"),
        ("faild", "-a nowhere", "nowhere"),
        ("faild", "word", "word"),
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let sentence = run(tool, &words).failed(64);
        assert!(sentence.contains(named), "{tool} {line}: {sentence}");
    }
    let long = "x".repeat(65);
    let sentence = run("failc", &[&long]).failed(64);
    assert!(sentence.contains("at most 64 bytes"), "{sentence}");
    let sentence = run("failc", &["-c", "two words", "web"]).failed(64);
    assert!(sentence.contains("white space"), "{sentence}");
}

#[test]
fn an_unknown_host_ends_with_68() {
    let host = "nosuch.invalid";
    let sentence = run("failc", &["-s", host, "web"]).failed(68);
    assert!(sentence.contains(host), "{sentence}");
    let outcome = run("failstat", &[host]);
    assert_eq!(outcome.code, Some(68), "{outcome:?}");
    assert!(outcome.out.contains(host), "{outcome:?}");
}

#[test]
fn no_answer_ends_with_69_whether_nobody_listens_or_somebody_is_silent() {
    let nobody = nobody();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let patience = ["-n", "2", "-t", "50ms"];
    for address in [&nobody, &silent] {
        let failc = [&patience[..], &["-s", address, "web"]].concat();
        let sentence = run("failc", &failc).failed(69);
        assert!(sentence.contains(address.as_str()), "{sentence}");
        let outcome = run("failstat", &[&patience[..], &[address]].concat());
        assert_eq!(outcome.code, Some(69), "{outcome:?}");
        assert!(outcome.out.contains("no "), "{outcome:?}");
    }
}

#[test]
fn who_lacks_the_community_or_the_right_ends_with_77_and_is_told_which() {
    let folder = Folder::new();
    let rules = "* master RW\nweb reader RO\n";
    let rules = folder.write("communities", rules);
    let faild = Faild::start(&["-c", &rules]);
    let quick = ["-t", "200ms", "-n", "9"];
    let ask = |words: &[&str]| faild.failc(&[&quick[..], words].concat());

    let sentence = ask(&["web"]).failed(77);
    assert!(
        sentence.contains("it does not know this community"),
        "{sentence}"
    );
    assert!(
        sentence.contains("without proof of who sent it"),
        "{sentence}"
    );
    let sentence = ask(&["-c", "reader", "web", "UP"]).failed(77);
    assert!(sentence.contains("may only read"), "{sentence}");
    let sentence = ask(&["-c", "reader", "dns"]).failed(77);
    assert!(sentence.contains("read service dns"), "{sentence}");
    ask(&["-c", "reader", "web"]).done();
    ask(&["-c", "master", "web", "UP"]).done();

    let outcome = faild.failstat(&quick);
    assert_eq!(outcome.code, Some(77), "{outcome:?}");
}

#[test]
fn the_community_comes_from_a_file_or_the_environment() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* 8hGq2vXw RW\n");
    let key = folder.write("key", "8hGq2vXw\nanother line\n");
    let faild = Faild::start(&["-c", &rules]);
    faild.failc(&["-C", &key, "web", "UP"]).done();
    faild.failstat(&["-C", &key]).done();

    let mut command = program::command("failc");
    command.env("FAIL_COMMUNITY", "8hGq2vXw");
    command.args(["-s", &faild.address.to_string(), "web"]);
    program::run(command).done();

    let missing = folder.file("missing");
    let empty = folder.write("empty", "\n");
    for file in [missing, empty] {
        let sentence = faild.failc(&["-C", &file, "web"]).failed(74);
        assert!(sentence.contains(&file), "{sentence}");
        let sentence = faild.failstat(&["-C", &file]).failed(74);
        assert!(sentence.contains(&file), "{sentence}");
    }
}

#[test]
fn a_community_file_that_everybody_may_read_is_warned_about_and_used() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* 8hGq2vXw RW\n");
    let key = folder.write("key", "8hGq2vXw\n");
    let faild = Faild::start(&["-c", &rules]);
    let warned = |outcome: &Outcome| outcome.err.contains("every user of this host may read it");
    for (mode, is_open) in [(0o640, false), (0o644, true)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let outcomes = [
            faild.failc(&["-C", &key, "web", "FAIL"]),
            faild.failstat(&["-C", &key]),
            run(
                "faildebug",
                &["-C", &key, "-n", "1", "-t", "50ms", &nobody()],
            ),
        ];
        for outcome in &outcomes {
            assert_eq!(warned(outcome), is_open, "{outcome:?}");
        }
        assert!(!is_open || outcomes[0].err.contains(&key), "{outcomes:?}");
        assert_eq!((outcomes[0].code, outcomes[1].code), (Some(0), Some(0)));
        assert!(!warned(&faild.failc(&["-C", &key, "-q", "web"])));
    }
}

#[test]
fn a_full_standard_output_ends_with_74_and_a_change_is_done_all_the_same() {
    let faild = Faild::start(&[]);
    for (tool, words) in [("failc", &["web", "UP"][..]), ("failstat", &["--watch"])] {
        let mut command = program::command(tool);
        let port = faild.address.port().to_string();
        command.args(["-p", &port]).args(words);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        command.stdout(full.unwrap()).stderr(Stdio::piped());
        let mut running = Running::start(&mut command);
        let said = Lines::of(running.0.stderr.take().unwrap());
        assert_eq!(running.wait(), Some(74), "{tool}");
        said.wait_for("standard output");
    }
    faild.failc(&["-q", "web"]).done();
}

#[test]
fn failstat_shows_a_row_for_each_service_of_each_host() {
    let (one, other) = (Faild::start(&[]), Faild::start(&[]));
    // FAIL, because nobody supervises what is set by hand, and anything else says so after a
    // few seconds.
    one.failc(&["web", "FAIL", "it", "broke"]).done();
    one.failc(&["hold", "web"]).done();
    one.failc(&["dns", "FAIL"]).done();
    let hosts = [&one, &other].map(|faild| faild.address.to_string());
    let nobody = nobody();

    let outcome = run("failstat", &[&hosts[0], &hosts[1], &nobody]);
    assert_eq!(outcome.code, Some(69));
    let rows: Vec<Vec<&str>> = outcome
        .out
        .lines()
        .map(|line| line.split("  ").map(str::trim).collect())
        .collect();
    let rows: Vec<Vec<&str>> = rows
        .into_iter()
        .map(|row| row.into_iter().filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(
        rows[0],
        ["HOST", "SERVICE", "STATE", "SINCE", "MARKS", "REASON"]
    );
    let without_age = |row: &[&str]| [&row[..3], &row[4..]].concat().join(" ");
    let h = &hosts[0];
    assert_eq!(without_age(&rows[1]), format!("{h} dns FAIL - set by hand"));
    assert_eq!(without_age(&rows[2]), format!("{h} web FAIL held it broke"));
    assert_eq!(rows[3].last(), Some(&"(no services)"));
    assert!(rows[4][5].contains("no faild answers at"), "{rows:?}");

    let outcome = run("failstat", &["--json", &hosts[0], &hosts[1], &nobody]);
    let seen = json(&outcome.out);
    let services = |host: usize| seen["hosts"][host]["services"].as_array().unwrap();
    assert_eq!(seen["hosts"][0]["host"], hosts[0].as_str());
    assert_eq!(services(0).len(), 2);
    assert_eq!(services(0)[0]["service"], "dns");
    assert_eq!(services(0)[1]["marks"], serde_json::json!(["held"]));
    assert!(services(1).is_empty());
    assert_ne!(seen["hosts"][0]["nonce"], seen["hosts"][1]["nonce"]);
    assert!(
        seen["hosts"][2]["error"]
            .as_str()
            .unwrap()
            .contains(&nobody)
    );
}

#[test]
fn failstat_follows_until_it_is_stopped_or_nobody_reads() {
    let faild = Faild::start(&[]);
    faild.failc(&["web", "UP"]).done();
    let watch = |options: &[&str]| {
        let mut command = program::command("failstat");
        command.args(options).arg(faild.address.to_string());
        Running::start(command.stdout(Stdio::piped()))
    };
    let mut running = watch(&["--json", "--watch=10ms"]);
    let lines = Lines::of(running.0.stdout.take().unwrap());
    lines.wait_for_count(5);
    faild.failc(&["web", "FAIL"]).done();
    let line = lines.wait_for("FAIL");
    assert_eq!(json(&line)["hosts"][0]["services"][0]["version"], 2);
    drop(running);

    // A table after the other, without painting: this is no terminal.
    let mut running = watch(&["-w=10ms"]);
    let lines = Lines::of(running.0.stdout.take().unwrap());
    let tables = lines.wait_for_count(6);
    assert_eq!(tables[0], tables[2]);
    assert!(tables.iter().all(|line| !line.contains('\x1b')));
    drop(running);

    // `failstat -w | head -1`
    let mut running = watch(&["-w=10ms"]);
    drop(running.0.stdout.take());
    assert_eq!(running.wait(), Some(0));
}

#[test]
fn more_services_than_fit_one_datagram_are_all_shown() {
    let faild = Faild::start(&[]);
    let mut client = faild.client("public");
    for n in 0..50 {
        let name = fail_wire::Name::new(&format!("service-with-a-long-name-{n:02}")).unwrap();
        let wanted = |_: &fail_wire::Record| fail_client::Wanted {
            state: Some(fail_wire::State::Up),
            set: fail_wire::Marks(0),
            clear: fail_wire::Marks(0),
            reason: fail_wire::Reason::new(&"why ".repeat(40)),
        };
        client.change(&name, wanted).unwrap();
    }
    let table = faild.failstat(&[]).done();
    assert_eq!(table.lines().count(), 51, "{table}");
}

#[test]
fn help_and_version_are_printed_and_end_with_0() {
    for tool in ["faild", "failc", "failstat"] {
        let version = run(tool, &["-V"]).done();
        assert_eq!(version, format!("{tool} {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(run(tool, &["--version"]).done(), version);
        let help = run(tool, &["--help"]).done();
        assert!(help.contains("Usage: "), "{help}");
    }
}

#[test]
fn ipv6_is_asked_and_answered() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        failover_tests::skipped("this host has no IPv6");
        return;
    }
    let faild = Faild::start(&["-a", "::1"]);
    let line = faild.log.wait_for("answering on [::1]:");
    let address = line.split(' ').find_map(|word| word.strip_suffix("/udp"));
    let address = address.expect("it says where");
    let out = run("failc", &["-s", address, "web", "UP"]).done();
    assert_eq!(ageless(&out), "web UP (set by hand)");
    faild.failc(&["-q", "web"]).done();
}

#[test]
fn a_change_of_a_service_never_heard_of_is_done_and_told() {
    let faild = Faild::start(&[]);
    let note = "failc: note: faild had not heard of service \"wbe\" before\n";
    for (words, told) in [
        (&["wbe"][..], ""),
        (&["hold", "wbe"], note),
        (&["hold", "wbe"], ""),
        (&["wbe", "UP"], ""),
    ] {
        let outcome = faild.failc(words);
        assert_eq!((outcome.code, outcome.err.as_str()), (Some(0), told));
    }
}

#[test]
fn a_closed_port_is_reported_soon_and_a_starting_faild_is_waited_for() {
    let port = free_port("127.0.0.2");
    let address = format!("127.0.0.2:{port}");
    let sentence = run("failc", &["-s", &address, "web"]).failed(69);
    assert!(sentence.contains("connection refused"), "{sentence}");
    assert!(!sentence.contains("os error"), "{sentence}");
    // One who has asked before faild was there, and asks for 10 seconds.
    let mut command = program::command("failc");
    command.args(["-n", "100", "-s", &address, "web"]);
    let mut asking = Running::start(command.stdout(Stdio::null()));
    let options = ["-F", "-a", "127.0.0.2", "-p", &port.to_string()];
    let mut command = program::command("faild");
    let _faild = Running::start(command.args(options).stderr(Stdio::null()));
    assert_eq!(asking.wait(), Some(0));
}

#[test]
fn each_address_of_a_name_is_tried() {
    // Nobody listens at the first.
    let faild = Faild::start(&[]);
    let nobody = nobody().parse().unwrap();
    let options = fail_client::Options::default();
    let addresses = [nobody, faild.address];
    let mut client = fail_client::Client::of_host(&addresses, "public", options).unwrap();
    let name = fail_wire::Name::new("web").unwrap();
    assert_eq!(client.read_one(&name).unwrap().0.version, 0);
}
