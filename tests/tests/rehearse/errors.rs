//! Wrong scenarios: one sentence with file, line and word.

use super::Set;
use failover_tests::program;

#[test]
fn a_wrong_statement_is_named_with_its_line_and_its_word() {
    let table = [
        ("hots hostc", "invalid command name \"hots\""),
        ("at 10s", "at: an act is missing after \"10s\""),
        (
            "at soon crash hosta",
            "at: bad time \"soon\": must be a number with us, ms, s, m or h, such as 500ms",
        ),
        (
            "at 10s crahs hosta",
            "at: bad act \"crahs\": must be away, back, command, crash, deafen, delay, device, freeze, halt, heal, hold, kill, lose, loss, partition, release, reload, return, set, start, thaw, unhold",
        ),
        (
            "at 10s crash hostc",
            "at: there is no host \"hostc\": must be hosta or hostb",
        ),
        ("at 10s crash hosta now", "at: \"now\" is one word too many"),
        (
            "at 10s partition hosta {hosta hostb}",
            "at: a host stands on both sides",
        ),
        (
            "at 10s loss 130% for 1m",
            "at: bad percentage \"130%\": must be 0% to 100%",
        ),
        (
            "at 10s loss 30 for 1m",
            "at: bad percentage \"30\": must be 0% to 100%",
        ),
        (
            "at 10s freeze hosta for 0",
            "at: \"for 0\" is no time: at least 1ms",
        ),
        (
            "at 10s kill failmon hosta",
            "at: a program: bad word \"failmon\": must be faild or failsh",
        ),
        (
            "at 10s set web up on hosta",
            "at: a state: bad word \"up\": must be UP, RECOVER or FAIL",
        ),
        (
            "at 10s reload hosta -f nowhere.tcl",
            "at: there is no file ",
        ),
        ("at 200h crash hosta", "at: at most 168 hours (HOURS_MAX)"),
        (
            "command \"mount *\"",
            "command: nothing is said of \"mount *\": add takes, prints, fails, exits, hangs or missing",
        ),
        ("command x exits 300", "command: an exit code is 0 to 255"),
        (
            "command x takse 3s",
            "command: bad answer \"takse\": must be takes, prints, fails, exits, hangs, missing, once, for, or n times",
        ),
        (
            "command x on hostc fails y",
            "command: there is no host \"hostc\": must be hosta or hostb",
        ),
        (
            "thing www begin x ends y",
            "thing: expected \"begins\" but got \"begin\"",
        ),
        (
            "expect web UP on hostb within 3s after \"crash hostb\"",
            "expect: there is no act \"crash hostb\": nothing happens in this scenario",
        ),
        (
            "expect web UP on exactly one host after 3s",
            "expect: expected a number of hosts but got \"one\"",
        ),
        (
            "expect web UP on exactly 1 host after 3s unless broken",
            "expect: unless: bad word \"broken\": must be partitioned or degraded",
        ),
        (
            "expect web up on hosta at 3s",
            "expect: a state: bad word \"up\": must be UP, RECOVER or FAIL",
        ),
        (
            "never web UP on 2 hosts for longer than 1s",
            "never: expected \"more\" but got \"longer\"",
        ),
        (
            "never command x on 2 hosts",
            "never: a command is never expected on one host: name it",
        ),
        (
            "random 0 seeds",
            "random: 1 to 1000000 seeds (SEEDS_MAX), not 0",
        ),
        (
            "random 5 seeds with fire",
            "random: bad act \"fire\": by chance happen away, command, crash, deafen, delay, freeze, kill, loss, partition, reload, set",
        ),
        (
            "allow everything",
            "allow: bad word \"everything\": must be ranks, errors or overlap",
        ),
        ("run for 10ms", "run: at least 1s"),
        (
            "network speed 1ms",
            "network: bad word \"speed\": must be delay, jitter or loss",
        ),
        ("host hosta -f a.tcl", "host: \"hosta\" is there already"),
        (
            "host hostc",
            "host: host hostc has no policy: add -f file here, or say failsh --rehearse ... -f file",
        ),
        ("host hostc -f nowhere.tcl", "host: there is no file "),
        (
            "host hostc -x y",
            "host: bad option \"-x\": must be -f, -set, -eval or -address",
        ),
    ];
    let set = Set::new("");
    for (line, said) in table {
        set.scenario(&format!("\n{line}\n"));
        let err = set.run(&[]).failed(65);
        let place = format!("failsh: {}:4: ", set.0.file("scenario.tcl"));
        let rest = err.strip_prefix(&place);
        let rest = rest.unwrap_or_else(|| panic!("{line}: {err}"));
        assert!(rest.starts_with(said), "{line}: {rest}");
        assert_eq!(rest.lines().count(), 1, "{line}: {rest}");
    }
}

#[test]
fn a_wrong_policy_is_named_as_failsh_names_it() {
    let set = Set::new("");
    set.0
        .write("b.tcl", "failsvc web masters hosta\nfailsvc web strat x\n");
    let err = set.run(&[]).failed(65);
    let file = set.0.path().join("b.tcl");
    let place = format!("failsh: {}:2: ", file.display());
    assert!(err.starts_with(&place), "{err}");
    assert!(err.contains("strat"), "{err}");
    set.0.write("b.tcl", "while 1 {}\n");
    let err = set.run(&[]).failed(65);
    assert!(err.contains("takes longer than 5 seconds"), "{err}");
}

#[test]
fn a_scenario_that_is_not_there_or_has_no_host_is_told() {
    let mut command = program::command("failsh");
    command.args(["--rehearse", "/nowhere/x.tcl"]);
    let err = program::run(command).failed(65);
    assert!(err.contains("/nowhere/x.tcl"), "{err}");
    let set = Set::new("");
    set.0.write("scenario.tcl", "at 1s heal\n");
    let err = set.run(&[]).failed(65);
    assert!(
        err.contains("there is no host: add \"host name -f policy.tcl\""),
        "{err}"
    );
}

#[test]
fn options_of_a_rehearsal_want_one() {
    for option in ["--json", "--html", "--full"] {
        let mut command = program::command("failsh");
        command.args([option, "-f", "x.tcl"]);
        let err = program::run(command).failed(64);
        assert!(err.contains("--rehearse"), "{err}");
    }
}

#[test]
fn a_scenario_without_an_end_is_given_up() {
    let set = Set::new("while 1 {}\n");
    let err = set.run(&[]).failed(65);
    let place = format!(
        "failsh: {}:3: time limit exceeded",
        set.0.file("scenario.tcl")
    );
    assert_eq!(err.trim_end(), place);
}
