//! Community files: whatever text comes in, and who may do what by it.
//!
//! What is asserted beyond that nothing panics:
//!
//! * a text is rules or an error; the error names a line that is there and has something in it,
//!   and shows no community that stands where communities stand;
//! * the rights are those that a reader finds who looks for the first line of a service, and
//!   else for the first `*`: for each community and service in the file and for strangers;
//! * the rules that were found, printed, are a file with the same rights, and printed from that
//!   the same text: nothing is lost, and nobody gains.

use std::collections::BTreeSet;

use fail_conf::community::parse;
use fail_core::access::{Access, Rights};
use fail_wire::{Key, Name};

use crate::Choices;

/// Words that meet each other in files that are made of choices.
const WORDS: [&str; 12] = [
    "web",
    "dns",
    "*",
    "RO",
    "RW",
    "rw",
    "public",
    "s3cret",
    "#",
    "# x",
    "\u{e9}t\u{e9}",
    "-x",
];

/// Any text, lines of words that are nearly rules, or rules.
pub fn community(data: &[u8]) {
    let mut from = Choices::new(data);
    let text = match from.byte() % 4 {
        1 => lines(&mut from),
        3 => good_lines(&mut from),
        _ => String::from_utf8_lossy(from.rest()).into_owned(),
    };
    match parse(&text) {
        Ok(access) => {
            let rules = rules(&text);
            holds(&access, &rules);
            let printed = print(&rules);
            let again = parse(&printed).map_err(|bad| format!("{bad} in {printed:?}"));
            assert!(again.is_ok(), "{again:?}");
            again.iter().for_each(|access| holds(access, &rules));
            assert_eq!(print(&self::rules(&printed)), printed);
        }
        Err(bad) => {
            let line = text
                .lines()
                .nth(bad.line.wrapping_sub(1))
                .unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let said = words.first().is_some_and(|word| !word.starts_with('#'));
            assert!(said, "line {} of {text:?}: {bad}", bad.line);
            keeps_secret(&words, &bad.problem);
        }
    }
}

fn lines(from: &mut Choices) -> String {
    let mut text = String::new();
    while !from.is_over() {
        for gap in [" ", "\t", if from.once_in(8) { " # y\n" } else { "\n" }] {
            match from.below(WORDS.len() + 1) {
                at if at < WORDS.len() => text.push_str(WORDS[at]),
                _ => text.push_str(&from.text(140)),
            }
            text.push_str(gap);
        }
    }
    text
}

/// Rules that are rules, few enough different ones to speak of the same things.
fn good_lines(from: &mut Choices) -> String {
    let mut text = String::new();
    while !from.is_over() {
        let service = from.pick(&["web", "*", "dns"]);
        let community = from.pick(&["public", "s3cret", "web"]);
        text += &format!("{service} {community} {}\n", from.pick(&["RO", "RW"]));
    }
    text
}

/// A rule as a reader sees it.
type Rule = (String, String, Rights);

/// The rules of a file that is one.
fn rules(text: &str) -> Vec<Rule> {
    let rule = |line: &str| -> Option<Rule> {
        let mut words = line.split_whitespace();
        let service = words.next().filter(|word| !word.starts_with('#'))?;
        let community = words.next()?;
        let rights = match words.next()? {
            "RW" => Rights::ReadWrite,
            _ => Rights::ReadOnly,
        };
        Some((service.to_string(), community.to_string(), rights))
    };
    text.lines().filter_map(rule).collect()
}

fn print(rules: &[Rule]) -> String {
    let line = |(service, community, rights): &Rule| {
        let rights = match rights {
            Rights::ReadOnly => "RO",
            Rights::ReadWrite => "RW",
        };
        format!("{service} {community} {rights}\n")
    };
    rules.iter().map(line).collect()
}

fn expected(rules: &[Rule], service: &str, community: &str) -> Option<Rights> {
    let of = |wanted: &str| {
        let mut lines = rules.iter().filter(|(_, c, _)| c == community);
        lines
            .find(|(s, _, _)| s == wanted)
            .map(|(.., rights)| *rights)
    };
    of(service).or_else(|| of("*"))
}

fn holds(access: &Access, rules: &[Rule]) {
    let stranger = "nobody-has-this";
    let communities: BTreeSet<&str> = rules.iter().map(|(_, c, _)| c.as_str()).collect();
    assert_eq!(access.len(), communities.len());
    let services: BTreeSet<&str> = rules.iter().map(|(s, ..)| s.as_str()).collect();
    // More would only be more of the same.
    let services = || services.iter().copied().filter(|s| *s != "*").take(8);
    for community in communities.iter().copied().take(8).chain([stranger]) {
        let Ok(key) = Key::new(community) else {
            assert!(access.is_empty(), "{community} is a community");
            continue;
        };
        let known = access.key(key.id()).is_some_and(|known| known.same(&key));
        assert_eq!(known, communities.contains(community));
        for service in services().chain(["not-in-the-file"]) {
            let Ok(name) = Name::new(service) else {
                assert!(rules.is_empty(), "{service} is a name");
                continue;
            };
            let rights = expected(rules, service, community);
            for loopback in [false, true] {
                assert_eq!(
                    access.rights(&key, &name, loopback),
                    rights,
                    "{service} {community}"
                );
            }
        }
        let mut own = rules.iter().filter(|(_, c, _)| c == community);
        let first = |service: &str, this: &Rule| {
            let mut same = rules
                .iter()
                .filter(|(s, c, _)| s == service && c == community);
            same.next() == Some(this)
        };
        let writes = own.any(|rule| rule.2 == Rights::ReadWrite && first(&rule.0, rule));
        let all = expected(rules, "", community) == Some(Rights::ReadWrite);
        for loopback in [false, true] {
            assert_eq!(access.may_change_anything(&key, loopback), writes);
            assert_eq!(access.may_change_everything(&key, loopback), all);
        }
    }
}

/// A community is the second word. It may be the same as a word that may be shown, or be a part
/// of a sentence of ours.
fn keeps_secret(words: &[&str], problem: &str) {
    let [shown, secret, others @ ..] = words else {
        return;
    };
    let own = "words where there should be three: service-or-* community RO|RW \
               service: \"\" should be RO or RW a name can not contain begin with be empty has \
               at most bytes, this one more than rules communities 10000 1000 this community can \
               not be told from an earlier one; change a character of it a community has 1 to \
               128 bytes and no white space or control characters";
    // A character in quotes is shown as Rust shows it.
    let open = |word: &str| word.contains(secret) || format!("{word:?}").contains(secret);
    let may_show = open(shown) || others.iter().any(|word| open(word)) || own.contains(secret);
    assert!(
        secret.len() < 4 || may_show || !problem.contains(secret),
        "{problem}"
    );
}
