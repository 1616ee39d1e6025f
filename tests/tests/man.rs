//! The man pages against the code: whatever stands in both is the same.

use std::collections::BTreeSet;
use std::process::Command;

use fail_cli::{PROGRAMS, Program, ports};
use fail_core::decide::decide;
use fail_core::policy::Retry;
use fail_core::time::Span;
use fail_wire::State;
use failover_tests::man::{OptionItem, Page};
use failover_tests::tree;
use failover_tests::words::shell_words;

fn page_of(program: &Program) -> Page {
    Page::open(&format!("{}.{}", program.name, program.section))
}

/// What the parser knows: names, whether there is an argument, and the defaults.
fn parsed_options(program: &Program) -> Vec<(OptionItem, Vec<String>)> {
    let mut command = (program.command)();
    command.build();
    let mut items = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
        let mut names = BTreeSet::new();
        names.extend(arg.get_short().map(|letter| format!("-{letter}")));
        names.extend(arg.get_long().map(|long| format!("--{long}")));
        let letters = arg.get_all_short_aliases().unwrap_or_default();
        names.extend(letters.iter().map(|letter| format!("-{letter}")));
        let longs = arg.get_all_aliases().unwrap_or_default();
        names.extend(longs.iter().map(|long| format!("--{long}")));
        let takes_value = arg.get_action().takes_values();
        let text = String::new();
        let defaults = arg.get_default_values().iter();
        let defaults = defaults.map(|value| value.to_string_lossy().into_owned());
        let defaults = if takes_value {
            defaults.collect()
        } else {
            vec![]
        };
        items.push((
            OptionItem {
                names,
                takes_value,
                text,
            },
            defaults,
        ));
    }
    items
}

#[test]
fn every_option_stands_in_the_page_and_the_other_way_round() {
    for program in PROGRAMS {
        let page = page_of(&program);
        let mut written = page.options();
        for (option, defaults) in parsed_options(&program) {
            let at = written.iter().position(|item| item.names == option.names);
            let at = at.unwrap_or_else(|| {
                panic!(
                    "{}: OPTIONS has no entry {:?}",
                    page.path.display(),
                    option.names
                )
            });
            let item = written.remove(at);
            assert_eq!(
                item.takes_value,
                option.takes_value,
                "{}: {:?} with or without an argument?",
                page.path.display(),
                item.names
            );
            for default in defaults {
                assert!(
                    item.text
                        .split_whitespace()
                        .any(|word| word.trim_end_matches('.') == default),
                    "{}: {:?} does not name its default {default}",
                    page.path.display(),
                    item.names
                );
            }
        }
        assert!(
            written.is_empty(),
            "{}: {} has no option {:?}",
            page.path.display(),
            program.name,
            written[0].names
        );
    }
}

#[test]
fn the_synopsis_has_all_options() {
    for program in PROGRAMS {
        let page = page_of(&program);
        // The short name if there is one.
        let expected = parsed_options(&program)
            .into_iter()
            .filter_map(|(option, _)| {
                let mut names = option.names.into_iter();
                names.by_ref().min_by_key(String::len)
            });
        let expected: BTreeSet<String> = expected.collect();
        assert_eq!(
            page.synopsis(),
            expected,
            "{}: SYNOPSIS (left) and the options of {} (right)",
            page.path.display(),
            program.name
        );
    }
}

#[test]
fn exit_codes_are_those_of_the_table() {
    for program in PROGRAMS {
        let page = page_of(&program);
        let means = |code: &u8| Some((*code, program.meaning(*code)?));
        let expected: Vec<(u8, &str)> = program.exits.iter().filter_map(means).collect();
        assert_eq!(page.exits(), expected, "{}", page.path.display());
    }
}

#[test]
fn ports_and_limits_are_those_of_the_code() {
    let protocol = Page::open("failover-protocol.7").text;
    assert!(protocol.contains(&format!("by default to port {},", ports::FAILD)));
    let record = fail_wire::Record {
        name: fail_wire::Name::new(&"n".repeat(fail_wire::NAME_BYTES_MAX)).unwrap(),
        state: State::Up,
        marks: fail_wire::Marks(0),
        version: 0,
        age_ms: 0,
        last_change: 0,
        reason: fail_wire::Reason::new(&"r".repeat(fail_wire::REASON_BYTES_MAX)),
    };
    let limits = Page::open("failover-protocol.7")
        .section("LIMITS")
        .join(" ");
    for (size, what) in [
        (fail_wire::NAME_BYTES_MAX, "bytes in a name"),
        (fail_wire::REASON_BYTES_MAX, "bytes in a reason"),
        (fail_wire::COMMUNITY_BYTES_MAX, "bytes in a community"),
        (record.wire_bytes(), "bytes in a record"),
        (fail_core::limits::HEARS_MAX, "hosts in a report"),
        (fail_wire::DATAGRAM_BYTES_MAX, "bytes in a datagram"),
    ] {
        let words = format!("{size} {what}");
        assert!(
            limits.contains(&words),
            "failover-protocol.7, LIMITS: no \"{words}\""
        );
    }
    let faild = Page::open("faild.8").text;
    for (size, what) in [
        (fail_core::limits::SERVICES_MAX, "services"),
        (fail_core::limits::COMMUNITIES_MAX, "communities"),
        (fail_core::limits::RULES_MAX, "lines in a community file"),
    ] {
        let words = format!("{size} {what}");
        assert!(faild.contains(&words), "faild.8, Limits: no \"{words}\"");
    }
}

#[test]
fn defaults_of_settings_are_those_of_the_code() {
    let service = fail_core::policy::Service::default();
    let host = fail_core::policy::Host::default();
    let page = Page::open("failover.n");
    let text = page.text.replace('\n', " ");
    for words in [
        format!("{} by default", host.port),
        format!(".Li {} by default", host.community),
        format!(
            "{} by default, {}ms to 1d",
            service.interval,
            fail_core::limits::INTERVAL_MIN_MS
        ),
        format!("may take, {} by default", service.timeout),
        format!("claimed first, {} by default", service.delay),
        format!(
            "asked, {} by default, 0 to {}",
            service.confirm.times,
            fail_core::limits::CONFIRM_MAX
        ),
        format!("outrank this one, at most {}", fail_core::limits::PEERS_MAX),
        format!(
            "the beginning of the next, {} by default, {}ms to 1d",
            service.check_interval,
            fail_core::limits::CHECK_INTERVAL_MIN_MS
        ),
        format!(
            "good checks in a row, {} by default, 1 to {}",
            service.rise,
            fail_core::limits::RISE_FALL_MAX
        ),
        format!(
            "bad checks in a row, {} by default, 1 to {}",
            service.fall,
            fail_core::limits::RISE_FALL_MAX
        ),
        format!(
            "times as long, {} by default, 1 to {}",
            Retry::FACTOR_MILLI / 1_000,
            fail_core::limits::RETRY_FACTOR_MAX_MILLI / 1_000
        ),
        format!("maximum , {} by default", Retry::MAXIMUM),
        format!(
            "The waits are {}ms to {}",
            fail_core::limits::RETRY_MIN_MS,
            Span::from_secs(fail_core::limits::RETRY_MAX_S)
        ),
        format!("a policy has at most {}", fail_core::limits::TRAPS_MAX),
    ] {
        assert!(text.contains(&words), "failover.n: no \"{words}\"");
    }
    assert!(!service.check_recover && service.failback && service.retry.is_none());
    assert_eq!(host.port, ports::FAILD);
}

#[test]
fn refusals_and_marks_are_those_of_the_code() {
    let page = Page::open("failover-protocol.7");
    for code in fail_wire::Code::ALL {
        let row = format!(
            ".It {} Ta {} Ta",
            code as u8,
            format!("{code:?}").to_lowercase()
        );
        assert!(
            page.text.contains(&row),
            "failover-protocol.7 has no row {row}"
        );
    }
    let concepts = Page::open("failover.7");
    for (mark, word) in fail_wire::Marks::NAMES {
        let row = format!(".It {} Ta {word} Ta", mark.0);
        assert!(
            page.text.contains(&row),
            "failover-protocol.7 has no row {row}"
        );
        let entry = format!(".It Cm {word}\n");
        assert!(
            concepts.text.contains(&entry),
            "failover.7 has no entry {word}"
        );
    }
}

#[test]
fn the_golden_bytes_are_quoted_as_they_are() {
    let page = Page::open("failover-protocol.7");
    let files = tree::files(&tree::path("tests/golden/wire"), "hex");
    assert!(!files.is_empty());
    for file in &files {
        let name = tree::name(file);
        let quoted = page.literal(&name);
        let quoted = quoted.unwrap_or_else(|| panic!("failover-protocol.7 does not quote {name}"));
        assert_eq!(
            quoted,
            tree::read(file),
            "failover-protocol.7 quotes {name} wrongly"
        );
    }
    let heads = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix(".Ss "));
    for head in heads.filter(|head| head.ends_with(".hex")) {
        let known = files.iter().any(|file| tree::name(file) == head);
        assert!(
            known,
            "failover-protocol.7 quotes {head}, which does not exist"
        );
    }
}

/// The rule in twelve rows, made from the code.
fn rule_table() -> String {
    let mut table = String::from(
        ".Bl -column -offset indent \"RECOVER\" \"master can serve\" \"slave is UP\" \"verdict\"\n\
         .It Em local Ta Em master can serve Ta Em slave is UP Ta Em verdict\n",
    );
    let no_or = |yes| [(State::Fail, "no"), (yes, "yes")];
    for local in State::ALL {
        for (master, master_can_serve) in no_or(State::Recover) {
            for (slave, slave_is_up) in no_or(State::Up) {
                let verdict = decide(local, &[master], &[slave]).word();
                let row = [local.word(), master_can_serve, slave_is_up, verdict].join(" Ta ");
                table.push_str(&format!(".It {row}\n"));
            }
        }
    }
    table + ".El\n"
}

#[test]
fn the_rule_is_the_one_that_decides() {
    let text = Page::open("failover.7").text;
    let after = text
        .split_once(".\\\" BEGIN RULE TABLE\n")
        .map(|(_, after)| after);
    let block = after.and_then(|after| after.split_once(".\\\" END RULE TABLE\n"));
    let (block, _) = block.expect("failover.7 has no block RULE TABLE");
    assert_eq!(block, rule_table(), "failover.7 (left), the code (right)");
}

/// What model checking found, which a test of `fail-model` holds to the same file.
#[test]
fn the_story_of_two_servers_is_the_one_that_was_found() {
    let text = Page::open("failover.7").text;
    let after = text.split_once(".\\\" BEGIN SPLIT STORY\n");
    let block = after.and_then(|(_, after)| after.split_once(".\\\" END SPLIT STORY\n"));
    let (block, _) = block.expect("failover.7 has no block SPLIT STORY");
    let story = tree::read(&tree::path("tests/golden/split.txt"));
    let is = format!(".Bd -literal -offset indent\n{story}.Ed\n");
    assert_eq!(
        block, is,
        "failover.7 (left), tests/golden/split.txt (right)"
    );
}

#[test]
fn pages_refer_to_pages_that_exist() {
    for page in Page::all() {
        for line in page
            .text
            .lines()
            .filter(|line| line.starts_with(".Xr fail"))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let file = format!("{}.{}", words[1], words[2]);
            let there = tree::path("man").join(&file).exists();
            assert!(there, "{}: there is no page {file}", page.path.display());
        }
    }
}

#[test]
fn examples_are_command_lines_that_the_programs_accept() {
    for program in PROGRAMS {
        let page = page_of(&program);
        let examples: Vec<&str> = ['$', '#'].iter().flat_map(|p| page.examples(*p)).collect();
        assert!(!examples.is_empty(), "{}: no EXAMPLES", page.path.display());
        for example in examples {
            let line = example.split('|').next().unwrap_or_default();
            let words = shell_words(&line.replace("\\(dq", "\""));
            if words.first().is_some_and(|word| word == "kill") {
                continue;
            }
            let used = PROGRAMS
                .into_iter()
                .find(|program| program.name == words[0]);
            let used = used.unwrap_or_else(|| panic!("{}: {example}", page.path.display()));
            let result = (used.command)().try_get_matches_from(words);
            assert!(
                result.is_ok(),
                "{}: {example}: {result:?}",
                page.path.display()
            );
        }
    }
}

/// The words in a table of the source of fail-tcl, after `mark`, up to `end`.
fn tcl_words(file: &str, table: &str, mark: &str) -> BTreeSet<String> {
    let text = tree::read(&tree::path("crates/fail-tcl/src/policy").join(file));
    let after = text.split_once(table).map(|(_, after)| after);
    let block = after.and_then(|after| after.split_once("\n];"));
    let (block, _) = block.unwrap_or_else(|| panic!("{file} has no table {table}"));
    let words = block
        .lines()
        .filter_map(|line| line.trim().strip_prefix(mark));
    words
        .map(|rest| rest.split('"').next().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn every_setting_of_a_policy_stands_in_the_page_and_the_other_way_round() {
    let page = Page::open("failover.n");
    for (title, file, table, mark) in [
        ("failhost", "options.rs", "const HOST:", "word: \""),
        ("failsvc", "options.rs", "const SERVICE:", "word: \""),
        ("fail", "ensemble.rs", "const FAIL:", "(\""),
    ] {
        let code = tcl_words(file, table, mark);
        assert!(code.len() > 3, "{title}: {code:?}");
        assert_eq!(
            page.entries(title),
            code,
            "failover.n, {title} (left); {file} (right)"
        );
    }
}

#[test]
fn every_event_of_a_trap_stands_in_the_page_and_the_other_way_round() {
    let known = fail_core::policy::On::all().map(|on| on.word().to_string());
    let page = Page::open("failover.n");
    assert_eq!(page.entries("failtrap"), known.collect());
}

#[test]
fn every_error_code_stands_in_the_page_and_the_other_way_round() {
    let text = tree::read(&tree::path("crates/fail-tcl/src/policy/codes.rs"));
    // `words(&["FAIL", "OPTION", command, word])`: what is quoted stands for itself.
    let rows = text.lines().filter_map(|line| {
        let (_, list) = line.split_once("words(&[\"")?;
        let (list, _) = list.split_once(']')?;
        Some(list.split(", ").take_while(|word| word.ends_with('"')))
    });
    let code: BTreeSet<String> = rows
        .map(|words| {
            words
                .map(|w| w.trim_matches('"'))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert!(code.len() > 8, "{code:?}");
    let page = Page::open("failover.n");
    let head = page.text.lines().skip_while(|line| *line != ".Ss Errors");
    let section = head.skip(1).take_while(|line| !line.starts_with(".Sh"));
    let items = section.filter_map(|line| line.strip_prefix(".It Li FAIL"));
    let words = items.map(|item| format!("FAIL{}", item.split(" Ar").next().unwrap_or_default()));
    assert_eq!(words.collect::<BTreeSet<String>>(), code);
}

#[test]
fn what_is_said_of_addresses_is_what_the_code_does() {
    use fail_core::address::{
        ADDRESSES_MAX, ANNOUNCE_DEFAULT, ANNOUNCE_MAX, PROBE_DEFAULT, PROBE_MAX, SPACING,
        SPACING_DEFAULT,
    };
    let page = Page::open("failover-ip.n");
    let text = page.text.replace('\n', " ");
    for words in [
        format!("{PROBE_DEFAULT} by default, 1ms to {PROBE_MAX}"),
        format!("{ANNOUNCE_DEFAULT} by default, 0 to {ANNOUNCE_MAX}"),
        format!(
            "{SPACING_DEFAULT} by default, {} to {}",
            SPACING[0], SPACING[1]
        ),
        format!("at most {ADDRESSES_MAX} addresses"),
    ] {
        assert!(text.contains(&words), "failover-ip.n: no \"{words}\"");
    }
    // `AddressError::new(&["NODEV", name]`, and the two that are chosen before.
    let mut codes: BTreeSet<String> = ["DOWN", "NOCARRIER"].map(String::from).into();
    for file in [
        "fail-core/src/address/parse.rs",
        "fail-rt/src/address.rs",
        "fail-rt/src/address/refusal.rs",
    ] {
        let source = tree::read(&tree::path("crates").join(file));
        let made = source.split("AddressError::new(&[\"").skip(1);
        codes.extend(made.filter_map(|rest| Some(rest.split_once('"')?.0.to_string())));
    }
    let errors = page.text.split_once(".Ss Errors").expect("errors").1;
    let errors = errors.split_once(".Sh ").expect("an end").0;
    let rows = errors
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "));
    let written: BTreeSet<String> = rows
        .map(|row| row.split(' ').next().unwrap_or_default().to_string())
        .collect();
    assert_eq!(written, codes, "failover-ip.n (left), the code (right)");
}

/// What a formatter has to say about a page.
fn says(program: &str, options: &[&str], page: &Page) -> String {
    let output = Command::new(program).args(options).arg(&page.path).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}; install it (Debian: apt-get install mandoc groff)")
    });
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn mandoc_finds_nothing_to_complain_about() {
    // Section n is Tcl's, and mandoc does not know it.
    let known = "unknown manual section: Dt ... n";
    for page in Page::all() {
        let says = says("mandoc", &["-T", "lint", "-W", "warning"], &page);
        let says: Vec<&str> = says.lines().filter(|line| !line.ends_with(known)).collect();
        assert!(says.is_empty(), "{}", says.join("\n"));
    }
}

#[test]
fn groff_finds_nothing_to_complain_about() {
    for page in Page::all() {
        let says = says("groff", &["-ww", "-mdoc", "-z"], &page);
        assert!(says.trim().is_empty(), "{says}");
    }
}
