//! JSON and HTML: golden ones, and what holds for all.

use std::collections::BTreeSet;

use fail_rehearse::report::Report;
use fail_rehearse::show::{html, json};
use serde_json::Value;

use crate::golden;
use crate::page::{Page, Part};
use crate::reports::{self, all};

fn value(report: &Report) -> Value {
    serde_json::from_str(&json(report)).unwrap()
}

#[test]
fn the_documents_are_as_they_were() {
    let value = value(&reports::overlap());
    let pretty = serde_json::to_string_pretty(&value).unwrap() + "\n";
    golden([
        ("overlap.json", pretty),
        ("overlap.html", html(&reports::overlap())),
        ("nothing.html", html(&reports::nothing())),
    ]);
}

#[test]
fn json_is_one_line_with_a_head_that_tells_what_it_is() {
    for report in all() {
        let text = json(&report);
        assert_eq!(text.find('\n'), Some(text.len() - 1));
        let value = value(&report);
        assert_eq!(value["failover"], "rehearsal");
        assert_eq!(value["version"], 1);
        let result = if report.held() { "held" } else { "broken" };
        assert_eq!(value["result"], result);
    }
}

/// Every name in a document.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                into.insert(name.clone());
                names(value, into);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, into)),
        _ => {}
    }
}

#[test]
fn the_page_of_the_language_lists_the_names_of_json() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../man/failover-rehearse.5");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, section) = page.split_once("\n.Sh OUTPUT\n").unwrap();
    let (section, _) = section.split_once("\n.Sh ").unwrap_or((section, ""));
    let listed = section
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "));
    let words = listed.flat_map(|line| line.split([' ', ',']));
    let listed: BTreeSet<String> = words
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect();
    let mut used = BTreeSet::new();
    names(&value(&reports::overlap()), &mut used);
    assert_eq!(used, listed, "JSON (left) and failover-rehearse(5) (right)");
}

#[test]
fn every_page_is_whole_and_holds_no_foreign_markup() {
    for report in all() {
        let text = html(&report);
        let page = Page::read(&text).unwrap_or_else(|fault| panic!("{fault}"));
        let known = "html head meta title style body header main section article figure \
            figcaption details summary fieldset legend label input h1 h2 h3 h4 p dl dt dd ul li \
            table caption thead tbody tr th td span code pre strong svg defs pattern g rect line \
            text desc";
        let known: BTreeSet<&str> = known.split_whitespace().collect();
        for part in &page.parts {
            let Part::Open { name, attributes } = part else {
                continue;
            };
            assert!(known.contains(name.as_str()), "{name}");
            for (attribute, value) in attributes {
                assert!(!attribute.starts_with("on"), "{attribute}");
                let fetches = ["href", "src", "srcset", "action", "data"];
                assert!(
                    !fetches.contains(&attribute.as_str()),
                    "{attribute}={value}"
                );
            }
        }
        assert!(!text.contains("@import"));
        for at in text.match_indices("url(").map(|(at, _)| at) {
            assert!(text[at..].starts_with("url(#"), "fetches something");
        }
        let steers = |c: char| {
            c.is_control() && !matches!(c, '\n' | '\t') || ('\u{202a}'..='\u{202e}').contains(&c)
        };
        assert!(!text.contains(steers));
    }
}

#[test]
fn every_word_of_the_report_can_be_read_on_the_page() {
    let report = reports::odd();
    let read = Page::read(&html(&report)).unwrap().text();
    let service = report.services.iter();
    for word in report.hosts.iter().chain(service).chain(&report.notes) {
        assert!(read.contains(word.as_str()), "{word}: {read}");
    }
    for entry in &report.entries {
        assert!(read.contains(&entry.text), "{}", entry.text);
    }
    assert!(read.contains("]0;title"), "a reason is missing");
}

#[test]
fn who_does_not_see_the_picture_is_told_the_same() {
    for report in all() {
        let page = Page::read(&html(&report)).unwrap();
        let ids: Vec<&str> = page.values("id").collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "an id stands twice: {ids:?}");
        for names in page.values("aria-labelledby") {
            for id in names.split(' ') {
                assert!(unique.contains(id), "no {id}");
            }
        }
        let pictures = page.values("role").filter(|role| *role == "img").count();
        let things = usize::from(!report.things.is_empty());
        let story = report
            .chance
            .as_ref()
            .and_then(|chance| chance.story.as_ref());
        let more = story.map_or(0, |story| {
            story.report.services.len() + usize::from(!story.report.things.is_empty())
        });
        assert_eq!(pictures, report.services.len() + things + more);
        for part in &page.parts {
            if let Part::Open { name, attributes } = part {
                let scoped = attributes.iter().any(|(name, _)| name == "scope");
                assert!(name != "th" || scoped, "a head without scope");
            }
        }
        let read = page.text();
        for track in &report.tracks {
            for span in &track.spans {
                assert!(read.contains(span.state.word()));
            }
        }
    }
}
