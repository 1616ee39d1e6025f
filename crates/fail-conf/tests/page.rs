//! `Hcfile(5)` against the code: its examples are Hcfiles, and what is told both there and here
//! is the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;

use fail_conf::hcfile::{
    ACTION_KEYS, CHECK_KEYS, Hcfile, SETTINGS, Warning, actions, limits, modules, parse,
    parse_check, print,
};
use fail_core::limits as core;
use fail_core::policy::FAILD_PORT;
use fail_core::watch::{Event, Pace};

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../man/Hcfile.5")).unwrap()
}

/// What stands as it is in a part of the page, as it is shown.
fn literals(part: &str) -> Vec<String> {
    let blocks = part.split(".Bd -literal").skip(1).map(|block| {
        let block = block.split_once('\n').unwrap().1;
        let text = block.split_once("\n.Ed\n").unwrap().0;
        format!("{text}\n")
            .replace("\\&", "")
            .replace("\\(dq", "\"")
            .replace("\\e", "\\")
    });
    blocks.collect()
}

fn read(text: &str) -> (Hcfile, Vec<Warning>) {
    let files = BTreeMap::from([("Hcfile".to_string(), text.as_bytes().to_vec())]);
    parse("Hcfile", &files).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

#[test]
fn each_example_is_an_hcfile_and_what_it_is_printed_as_is_the_same() {
    let page = page();
    let first = literals(&page).remove(0);
    let examples = literals(part(&page, ".Sh EXAMPLES"));
    let all: Vec<String> = [first].into_iter().chain(examples).collect();
    assert!(all.len() > 4);
    for example in all {
        let (hcfile, warnings) = read(&example);
        let wanted = usize::from(example.contains("include"));
        assert_eq!(warnings.len(), wanted, "{example}\n{warnings:?}");
        assert!(!hcfile.targets.is_empty());
        let printed = print(&hcfile);
        let (again, _) = read(&printed);
        assert!(again == hcfile, "{example}\n{printed}");
        assert_eq!(print(&again), printed);
    }
}

/// The source between two heads.
fn part<'a>(page: &'a str, head: &str) -> &'a str {
    let after = page.split_once(&format!("\n{head}\n"));
    let (_, after) = after.unwrap_or_else(|| panic!("no {head}"));
    let end = [after.find("\n.Ss "), after.find("\n.Sh ")];
    let end = end.into_iter().flatten().min();
    &after[..end.map_or(after.len(), |end| end + 1)]
}

/// The words that are explained there, each with its line.
fn entries<'a>(page: &'a str, head: &str) -> Vec<(&'a str, &'a str)> {
    let lines = part(page, head).lines();
    let items = lines.filter_map(|line| line.strip_prefix(".It Cm "));
    items
        .map(|item| (item.split(' ').next().unwrap(), item))
        .collect()
}

fn words<'a>(page: &'a str, head: &str) -> Vec<&'a str> {
    entries(page, head)
        .into_iter()
        .map(|(word, _)| word)
        .collect()
}

#[test]
fn settings_events_actions_and_keys_are_those_of_the_code() {
    let page = page();
    assert_eq!(words(&page, ".Ss Settings"), SETTINGS);
    let events: Vec<&str> = Event::ALL.iter().map(|event| event.word()).collect();
    assert_eq!(words(&page, ".Ss Events"), events);
    let names: Vec<&str> = actions().iter().map(|action| action.name).collect();
    assert_eq!(words(&page, ".Ss Actions"), names);
    for (action, (_, line)) in actions().iter().zip(entries(&page, ".Ss Actions")) {
        let told: Vec<&str> = line
            .split("Cm ")
            .skip(1)
            .filter(|rest| rest.contains(" Ns = "))
            .filter_map(|rest| rest.split(' ').next())
            .collect();
        let keys: Vec<&str> = action.keys.iter().map(|key| key.name).collect();
        assert_eq!(told, keys, "{line}");
    }
    let keys: Vec<&str> = ACTION_KEYS.iter().map(|key| key.name).collect();
    assert_eq!(words(&page, ".Ss Keys of every action"), keys);
}

#[test]
fn defaults_and_limits_are_those_of_the_code() {
    let page = page().replace('\n', " ");
    let pace = Pace::default();
    let one = read("load exec\nx:\n exec y\n on down syslog\n").0;
    let timeout = one.targets.iter().next().unwrap().lines[0].timeout;
    let (day, week) = (limits::DAY, limits::WEEK);
    for words in [
        format!(
            "next, {} by default, {} to {day}",
            pace.interval,
            limits::SHORT
        ),
        format!("one good; {} by default", pace.retry),
        format!("must end, {} by default", pace.timeout),
        format!("up, {} by default, 1 to {}", pace.rise, core::RISE_FALL_MAX),
        format!(
            "down, {} by default, 1 to {}",
            pace.fall,
            core::RISE_FALL_MAX
        ),
        format!("factor is 1 to {}, with", limits::FACTOR_MAX / 100),
        format!("the times are {} to {week}", limits::SHORT),
        format!(
            "2 to {} within {} to {week}",
            limits::FLAP_MAX,
            limits::SECOND
        ),
        format!("again so often, {} to {week}", limits::SECOND),
        format!("in so long, {} to {week}", limits::SECOND),
        format!(
            "; 1 to {}, in {} to {week}",
            limits::MESSAGES_MAX,
            limits::SECOND
        ),
        format!("take, {timeout} by default, {} to {day}", limits::SHORT),
        format!("faild is 127.0.0.1:{FAILD_PORT} unless"),
        format!("at most {} bytes and nothing", fail_wire::NAME_BYTES_MAX),
        format!("at most {} targets", core::TARGETS_MAX),
        format!(
            "at most {} checks, {} lines",
            core::TARGET_LINES_MAX,
            core::TARGET_LINES_MAX
        ),
        format!(
            "{} windows and {} dependencies;",
            limits::WINDOWS_MAX,
            core::DEPENDS_MAX
        ),
        format!("{} dependencies in all;", limits::LINKS_MAX),
        format!("{} patterns;", limits::PATTERNS_MAX),
        format!(
            "{} files, included at most {} deep",
            limits::FILES_MAX,
            limits::DEPTH_MAX
        ),
        format!(
            "{} variables; {} bytes in a line",
            limits::VARIABLES_MAX,
            limits::LINE_BYTES_MAX
        ),
        format!("and {} MB in all", limits::BYTES_MAX >> 20),
        format!("at most {} at a time", limits::SHOWN_MAX),
    ] {
        assert!(page.contains(&words), "Hcfile.5: no \"{words}\"");
    }
}

#[test]
fn what_is_shown_of_errors_is_what_is_said() {
    let page = page();
    let told = literals(part(&page, ".Sh DIAGNOSTICS")).remove(0);
    let mut text = String::from("load http\nwww1:\n        htpp x\n\nrouter:\n http http://x/\n");
    text += "www: roter\n http http://x/\n";
    let said = |text: &str| {
        let files = BTreeMap::from([("Hcfile".to_string(), text.as_bytes().to_vec())]);
        parse("Hcfile", &files).unwrap_err().to_string()
    };
    let circle = "\n".repeat(8) + "a: b\n\n\nb: a\n";
    assert_eq!(format!("{}\n{}\n", said(&text), said(&circle)), told);
}

#[test]
fn each_module_and_action_takes_what_its_usage_says() {
    for module in modules() {
        let usage = module.usage();
        assert!(usage.starts_with(module.name) && usage.contains(module.takes));
        let key = format!("{} nothing=1", module.name);
        let said = parse_check(&key).unwrap_err().to_string();
        assert!(said.contains("has no key \"nothing\""), "{said}");
        for key in module.keys.iter().chain(CHECK_KEYS) {
            // Whatever is wrong with such a line, it is not that the key is not known.
            let line = format!("{} {}=", module.name, key.name);
            let said = parse_check(&line).unwrap_err().to_string();
            assert!(!said.contains("has no key"), "{said}");
        }
    }
    let names: Vec<&str> = modules().iter().map(|module| module.name).collect();
    assert!(parse_check("exec /bin/true").is_ok() && names.contains(&"exec"));
}
