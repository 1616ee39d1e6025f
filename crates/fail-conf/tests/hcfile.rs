//! Hcfiles in folders: `valid/` with what they are printed as, `invalid/` with what is said of
//! them. With `FAILOVER_GOLDEN` set, what stands beside them is written anew, to be read.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fail_conf::hcfile::action::{Action, Webhook};
use fail_conf::hcfile::window::Minute;
use fail_conf::hcfile::{Hcfile, Source, Use, Warning, fits, parse, print, split};

/// A folder of the disk.
struct Folder(PathBuf);

impl Source for Folder {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(name)).map_err(|error| error.to_string())
    }

    fn list(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (folder, last) = split(pattern);
        let Ok(entries) = fs::read_dir(self.0.join(folder)) else {
            return Ok(vec![]);
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let fit = names.filter(|name| fits(last, name));
        let mut files: Vec<String> = fit.map(|name| format!("{folder}{name}")).collect();
        files.sort();
        Ok(files)
    }

    /// By its name, so that a case is the same everywhere.
    fn is_there(&self, path: &str) -> bool {
        !path.contains("missing")
    }

    fn finds(&self, program: &str) -> bool {
        program != "nosuchprogram"
    }

    fn unusable(&self, path: &str, what: Use) -> Option<String> {
        path.contains("missing")
            .then(|| format!("can not use {path} for {what:?}"))
    }

    fn now(&self, utc: bool) -> Option<Minute> {
        Minute::new(2026, 11, 27, if utc { 17 * 60 + 30 } else { 18 * 60 + 30 })
    }
}

fn folder(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hcfile");
    tests.join(name)
}

/// The names of the Hcfiles in a folder; what they include stands deeper.
fn cases(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".hc")).collect();
    names.sort();
    names
}

/// Holds what came of each case to what stands beside it.
fn golden(folder: &str, came: impl Fn(&str, &Folder) -> String) {
    let folder = self::folder(folder);
    let cases = cases(&folder);
    assert!(cases.len() > 10);
    let mut faults = String::new();
    for case in cases {
        let is = came(&case, &Folder(folder.clone()));
        let file = folder.join(case.replace(".hc", ".txt"));
        if std::env::var_os("FAILOVER_GOLDEN").is_some() {
            fs::write(&file, &is).unwrap();
        }
        let wanted = fs::read_to_string(&file).unwrap_or_default();
        if is != wanted {
            faults += &format!("{case} is\n{is}instead of\n{wanted}\n");
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn warned(warnings: &[Warning]) -> String {
    warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"))
        .collect()
}

fn texts(text: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([("Hcfile".to_string(), text.as_bytes().to_vec())])
}

fn good(text: &str) -> Hcfile {
    let read = parse("Hcfile", &texts(text));
    read.unwrap_or_else(|errors| panic!("{errors}\n{text}")).0
}

fn bad(text: &str) -> String {
    parse("Hcfile", &texts(text)).unwrap_err().to_string()
}

#[test]
fn valid_ones_are_printed_in_normal_form_which_is_read_to_the_same() {
    golden("valid", |case, folder| {
        let read = parse(case, folder);
        let (hcfile, warnings) = read.unwrap_or_else(|errors| panic!("{errors}"));
        let printed = print(&hcfile);
        let again = good(&printed);
        assert!(again == hcfile, "{case}: {hcfile:#?} {again:#?}");
        assert_eq!(print(&again), printed, "{case}");
        warned(&warnings) + &printed
    });
}

#[test]
fn invalid_ones_are_told_with_their_places() {
    golden("invalid", |case, folder| match parse(case, folder) {
        Ok(_) => format!("{case} is an Hcfile\n"),
        Err(errors) => format!("{errors}\n"),
    });
}

#[test]
fn what_is_said_has_nothing_odd_in_it() {
    for case in cases(&folder("invalid")) {
        let Err(errors) = parse(&case, &Folder(folder("invalid"))) else {
            continue;
        };
        let said = errors.to_string();
        let odd = |c: char| c.is_control() && c != '\n' || c == '\u{202e}' || c == '\u{feff}';
        assert!(!said.contains(odd), "{said:?}");
    }
}

#[test]
fn a_line_of_a_megabyte_is_one_error_and_the_lines_behind_it_are_read() {
    let long = "x".repeat(1 << 20);
    let said = bad(&format!("a: {long}\nload tcp htpp\n"));
    assert_eq!(
        said,
        "Hcfile:1:65537: a line has at most 65536 bytes\n\
         Hcfile:2:10: there is no module \"htpp\"; did you mean http?"
    );
    // In a comment nobody minds.
    assert_eq!(
        good(&format!("# {long}\nload tcp\nx:\n tcp y:1 # {long}\n"))
            .targets
            .len(),
        1
    );
}

#[test]
fn a_hundred_thousand_lines_are_read() {
    let mut text = String::from("load tcp\n");
    for n in 0..10_000 {
        text += &format!("# {n}\n\nt{n}:\n\ttcp localhost:{}\n\ttcp [::1]:1\n", n + 1);
        text += "\ton down syslog\n\trise 3\n\tinterval 5s\n\tfall 2\n\tretry 1s\n";
    }
    assert_eq!(good(&text).targets.len(), 10_000);
    let said = bad(&(text + "one-more:\n\ttcp x:1\n"));
    assert!(said.contains(":1: more than 10000 targets"), "{said}");
}

#[test]
fn of_many_errors_the_first_twenty_are_shown() {
    let said = bad(&"nothing\n".repeat(100_000));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 21);
    assert!(lines[0].starts_with("Hcfile:1:1: "));
    assert!(lines[19].starts_with("Hcfile:20:1: "));
    assert_eq!(lines[20], "and 980 more");
}

#[test]
fn a_long_chain_is_no_circle_and_a_long_circle_is_told_in_a_line() {
    let chain = |last: &str| {
        let mut text = String::from("load tcp\n");
        for n in 0..1_000 {
            let on = if n == 999 {
                last.to_string()
            } else {
                format!("t{}", n + 1)
            };
            text += &format!("t{n}: {on}\n\ttcp x:1\n");
        }
        text
    };
    let read = good(&chain(""));
    let order: Vec<&str> = read
        .targets
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!((order[0], order[999]), ("t999", "t0"));
    assert_eq!(
        bad(&chain("t0")),
        "Hcfile:2:5: targets depend on each other in a circle: t0 (Hcfile:2) -> t1 (Hcfile:4) -> \
         t2 (Hcfile:6) -> t3 (Hcfile:8) -> t4 (Hcfile:10) -> t5 (Hcfile:12) -> t6 (Hcfile:14) -> \
         t7 (Hcfile:16) -> 992 more -> t0"
    );
}

#[test]
fn what_multiplies_comes_to_an_end() {
    // Variables that double.
    let mut text = String::from("v0 = xxxxxxxxxxxxxxxx\n");
    for n in 0..40 {
        text += &format!("v{} = $(v{n})$(v{n})\n", n + 1);
    }
    let said = bad(&text);
    assert_eq!(
        said,
        "Hcfile:13:13: with this, the line has more than 65536 bytes"
    );
    // Patterns with long lines.
    let names: Vec<String> = (0..5_000).map(|n| format!("t{n}")).collect();
    let names = names.join(" ");
    let long = "x".repeat(60_000);
    let said = bad(&format!(
        "load exec\n%:\n exec /bin/echo {long}\n{names}:\n"
    ));
    let all = "Hcfile:3:2: up to here, all written out, there are more than 16777216 bytes";
    assert_eq!(said, all);
    // Names that are longer than what stands for them.
    let many = "$@".repeat(20_000);
    let said = bad(&format!("load exec\nlong-name:\n exec {many}\n"));
    let long = "Hcfile:3:2: with names and paths put in, the line has more than 65536 bytes";
    assert_eq!(said, long);
    // Dependencies of everything on everything.
    let said = bad(&format!(
        "load exec\n%: {names}\n exec /bin/true\n{names}:\n"
    ));
    assert!(
        said.contains("a target has at most 1000 dependencies"),
        "{said}"
    );
    let some: Vec<String> = (0..900).map(|n| format!("s{n}")).collect();
    let some = some.join(" ");
    let said = bad(&format!(
        "load exec\nt%: {some}\n{names}:\n exec x\n{some}:\n exec x\n"
    ));
    assert_eq!(
        said,
        "Hcfile:2:395: more than 100000 dependencies of all targets together"
    );
}

#[test]
fn a_file_that_can_not_be_read_is_not_one_with_errors() {
    let errors = |name: &str, text: &str| parse(name, &texts(text)).unwrap_err();
    assert!(errors("none", "").unread);
    // Somebody has written it, and it names one that is not there.
    let wrong = errors("Hcfile", "include none\n");
    assert!(!wrong.unread);
    assert_eq!(
        wrong.to_string(),
        "Hcfile:1:9: can not read \"none\": no such file"
    );
    assert!(!errors("Hcfile", "").unread);
}

#[test]
fn the_name_of_a_file_is_shown_without_what_it_could_do() {
    let name = "Hc\u{1b}[2J\u{202e}file";
    let said = parse(name, &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(
        said,
        "Hc\\u{1b}[2J\\u{202e}file: can not be read: no such file"
    );
}

#[test]
fn a_target_is_found_where_it_stands_and_its_checks_have_a_fingerprint() {
    let one = good("load tcp\na: b\n\ttcp x:1\nb:\n\ttcp y:1\n");
    let two = good("load tcp\n\n\n  # moved\nb:\n\ttcp y:1\na: b\n\trise 7\n\ttcp \"x:1\"\n");
    let three = good("load tcp\na: b\n\ttcp x:2\nb:\n\ttcp y:1\n");
    let places = |hcfile: &Hcfile| -> Vec<String> {
        let places = hcfile.places.iter();
        places
            .map(|(name, place)| format!("{name} {place}"))
            .collect()
    };
    assert_eq!(places(&one), ["a Hcfile:2:1", "b Hcfile:4:1"]);
    assert_eq!(places(&two), ["a Hcfile:7:1", "b Hcfile:5:1"]);
    let prints = |hcfile: &Hcfile| -> Vec<u64> {
        hcfile
            .bodies
            .values()
            .map(|body| body.fingerprint())
            .collect()
    };
    assert_eq!(prints(&one), prints(&two));
    assert_ne!(prints(&one)[0], prints(&three)[0]);
    assert_eq!(prints(&one)[1], prints(&three)[1]);
    assert!(one != two && one != three);
}

#[test]
fn a_line_that_does_something_else_is_another_line() {
    let lines = |action: &str| {
        let hcfile = good(&format!("load tcp\na:\n\ttcp x:1\n\ton change {action}\n"));
        hcfile.targets.iter().next().unwrap().lines.clone()
    };
    assert_eq!(lines("failc web"), lines("failc  \"web\""));
    assert_ne!(lines("failc web"), lines("failc web2"));
    assert_ne!(lines("exec mail a"), lines("exec mail b"));
}

/// The lines of the first target as everybody may see them: its checks, then its actions.
fn public(lines: &str) -> Vec<String> {
    let hcfile = good(&format!("load http tcp ldap exec\na:\n{lines}"));
    let body = hcfile.bodies.values().next().unwrap();
    let checks = body.checks.iter().map(|line| line.public.clone());
    checks.chain(body.public.iter().cloned()).collect()
}

#[test]
fn what_may_be_a_secret_is_for_nobody_but_who_is_asked() {
    for (line, shown) in [
        (
            "http https://www/x?key=1 header=\"A: b c\" status=200 auth=/etc/x",
            "http https://www/x?... header=... status=200 auth=/etc/x",
        ),
        // In an Hcfile no backslash takes the meaning of a quote away.
        (
            "http http://h/ match=\"a\\\" header=\"Authorization: SECRET1\"",
            "http http://h/ match=\"a\\\" header=...",
        ),
        (
            "tcp h:1 expect='a\\' send=\"SECRET3 x\"",
            "tcp h:1 expect=\"a\\\" send=...",
        ),
        ("http http://h/x#SECRET5", "http http://h/x#..."),
        (
            "http http://h#SECRET?x body='p q'",
            "http http://h#... body=...",
        ),
        ("http \"http://h?x\"", "http http://h?..."),
        (
            "ldap ldap://h/?SECRET base=dc=x",
            "ldap ldap://h/?... base=dc=x",
        ),
        ("exec test -e a?b#c header=x", "exec test -e a?b#c header=x"),
    ] {
        assert_eq!(public(&format!("\t{line}\n")), [shown]);
    }
    for (url, shown) in [
        (
            "https://hooks.example.org/T0/B0/xyz",
            "https://hooks.example.org/...",
        ),
        ("http://h:8080?SECRET8", "http://h:8080/..."),
        ("http://[::1]#SECRET", "http://[::1]/..."),
        ("http://h", "http://h"),
    ] {
        let lines = public(&format!("\ttcp x:1\n\ton down webhook {url} every=1m\n"));
        assert_eq!(lines[1], format!("on down webhook {shown} every=1m"));
    }
    let mail = public("\ttcp x:1\n\ton down,up mail a@b smtp=h:25\n");
    assert_eq!(mail[1], "on down,up mail a@b smtp=h:25");
}

#[test]
fn what_is_left_out_is_known_in_words() {
    let text = "load http tcp\na:\n\thttp http://h/x?key=1234 header=\"A: Bearer abcd\" auth=/etc/x\n\
        \ttcp h:1 send='\\nPASS abcd\\r'\n\ton down webhook http://h/T0/SECRET?h every=1m\n";
    let hcfile = good(text);
    let body = hcfile.bodies.values().next().unwrap();
    let hidden = |n: usize| body.checks[n].hidden.join(" ");
    assert_eq!(hidden(0), "Bearer abcd key=1234 Bearer 1234 abcd");
    assert_eq!(hidden(1), "PASS abcd PASS abcd");
    let Action::Webhook(Webhook { hidden, .. }) = &body.actions[0] else {
        panic!("{body:?}");
    };
    assert_eq!(hidden.join(" "), "/T0/SECRET?h SECRET");
}

#[test]
fn what_everybody_may_know_of_errors_has_no_word_of_the_file() {
    let public = |text: &str| parse("Hcfile", &texts(text)).unwrap_err().public();
    let load = "load http tcp\na:\n\t";
    for (text, is) in [
        // Quotes were forgotten.
        (
            format!("{load}http http://h/ header=X-Key: SECRET\n"),
            "Hcfile:3:31: a check is wrong",
        ),
        (
            format!("{load}tcp h:1 send=AUTH SECRET\n"),
            "Hcfile:3:20: a check is wrong",
        ),
        (
            format!("{load}tcp h:1\n\ton down webhook htps://h/SECRET\n"),
            "Hcfile:4:18: an action is wrong",
        ),
        (
            // As an included file of passwords has it.
            "SECRET:*:20228:0:99999:7:::\nother:SECRET:20228:0\n".to_string(),
            "Hcfile:1:1: a target is wrong, and 1 more error",
        ),
        (
            "# nothing\n".to_string(),
            "Hcfile: there is no target in it",
        ),
        (
            "include SECRET\n".to_string(),
            "Hcfile:1:9: a file can not be read",
        ),
        (
            "a: SECRET\n".to_string(),
            "Hcfile:1:4: a dependency is wrong",
        ),
        (
            format!("{load}rise SECRET\n"),
            "Hcfile:3:7: a setting is wrong",
        ),
        (
            "rise = SECRET\n\nx = $(SECRET)\ny\n".to_string(),
            "Hcfile:1:8: a line is wrong, and 2 more errors",
        ),
    ] {
        assert_eq!(public(&text), is, "{text}");
    }
}

#[test]
fn what_counts_when_it_can_not_be_found_out_is_that_of_the_check_else_of_the_target() {
    use fail_core::watch::Verdict;
    let text = "load tcp\nx:\n tcp y:1\nunknown = warning\na:\n tcp y:1\n tcp y:2 unknown=bad\n\
                b:\n unknown good\n tcp y:1\ng: a b\n on warning syslog\n";
    let hcfile = good(text);
    let counts = |name: &str| -> Vec<Verdict> {
        let checks = hcfile.bodies[&name.parse().unwrap()].checks.iter();
        let counts: Vec<Verdict> = checks.map(|check| check.terms.unknown).collect();
        let mut targets = hcfile.targets.iter();
        let target = targets.find(|target| target.name.as_str() == name);
        assert_eq!(target.unwrap().unknown, counts, "also for hc itself");
        counts
    };
    assert_eq!(counts("x"), [Verdict::Unknown], "shown as it is, and bad");
    assert_eq!(counts("a"), [Verdict::Warning, Verdict::Bad]);
    assert_eq!(counts("b"), [Verdict::Good]);
    assert!(good(&print(&hcfile)) == hcfile);
    let warned = parse("Hcfile", &texts(text)).unwrap().1;
    assert!(self::warned(&warned).contains("warning never happens without a check"));
}
