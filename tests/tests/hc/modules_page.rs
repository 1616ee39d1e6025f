//! `hcmodules(7)` against the tables and the parser of fail-conf: what the page says of a module
//! is what an Hcfile may have, and its examples are lines of checks.

use std::collections::BTreeSet;

use fail_conf::hcfile::check::Check;
use fail_conf::hcfile::{CHECK_KEYS, Key, modules, parse_check};
use failover_tests::man::Page;

fn page() -> Page {
    Page::open("hcmodules.7")
}

fn names(keys: &[Key]) -> BTreeSet<String> {
    keys.iter().map(|key| key.name.to_string()).collect()
}

#[test]
fn every_module_has_its_usage_in_the_page_and_the_other_way_round() {
    let page = page();
    let heads = page.section("MODULES").into_iter();
    let heads: Vec<&str> = heads.filter_map(|line| line.strip_prefix(".Ss ")).collect();
    let known: Vec<&str> = modules().iter().map(|module| module.name).collect();
    assert_eq!(heads, known, "hcmodules.7, MODULES (left); modules (right)");
    for module in modules() {
        let usage = page.literal(module.name).unwrap_or_default();
        let usage: Vec<&str> = usage.split_whitespace().collect();
        assert_eq!(
            usage.join(" "),
            module.usage(),
            "hcmodules.7, {}",
            module.name
        );
    }
}

#[test]
fn every_key_stands_in_the_page_and_the_other_way_round() {
    let page = page();
    assert_eq!(page.entries("Common keys"), names(CHECK_KEYS));
    for module in modules() {
        let (entries, keys) = (page.entries(module.name), names(module.keys));
        assert_eq!(entries, keys, "hcmodules.7, {}", module.name);
    }
}

#[test]
fn the_examples_are_lines_of_checks() {
    let page = page();
    let section = page.section("EXAMPLES").into_iter();
    let block = section.skip_while(|line| !line.starts_with(".Bd")).skip(1);
    let lines = block.take_while(|line| *line != ".Ed");
    let mut seen = BTreeSet::new();
    for line in lines {
        let line = line.replace("\\e", "\\");
        let read = parse_check(&line);
        assert!(read.is_ok(), "hcmodules.7: {line}: {read:?}");
        seen.extend(line.split(' ').next().map(str::to_string));
    }
    let all = modules().iter().map(|module| module.name.to_string());
    assert_eq!(seen, all.collect(), "each module has an example");
}

/// The text of the page about a module, in one line.
fn told(module: &str) -> String {
    let page = page();
    let head = format!(".Ss {module}");
    let after = page.text.lines().skip_while(|line| *line != head).skip(1);
    let lines = after.take_while(|line| !line.starts_with(".S"));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn defaults_are_those_of_the_parser() {
    let read = |line: &str| parse_check(line).unwrap().check;
    let Check::Http(http) = read("http http://www/") else {
        panic!("no http");
    };
    let [(from, to)] = http.status[..] else {
        panic!("{http:?}");
    };
    let Check::Icmp { count, loss, .. } = read("icmp www") else {
        panic!("no icmp");
    };
    let Check::Ntp { host, stratum, .. } = read("ntp www") else {
        panic!("no ntp");
    };
    let Check::Dns { server, code, .. } = read("dns www server=ns") else {
        panic!("no dns");
    };
    let Check::Faild { host: faild, .. } = read("faild web") else {
        panic!("no faild");
    };
    let mut wanted = vec![
        ("http", format!("By default {from}-{to}.")),
        ("http", format!("By default .Li {}", http.method)),
        (
            "http",
            format!("by default {}, when a redirect", http.follow),
        ),
        ("icmp", format!("1 to 100; by default {count}.")),
        ("icmp", format!("0 to 99; by default {loss}:")),
        ("ntp", format!("on port {} by default", host.port)),
        ("ntp", format!("1 to 15; by default {stratum}.")),
        ("dns", format!("on port {} by default", server.port)),
        ("dns", format!("by default .Li {code}")),
        ("faild", format!("{} and port {}", faild.name, faild.port)),
    ];
    for module in ["smtp", "imap", "pop"] {
        let port = |line: String| match read(&line) {
            Check::Mail { host, .. } => host.port,
            other => panic!("{other:?}"),
        };
        let plain = port(format!("{module} www"));
        let first = port(format!("{module} www tls=yes"));
        wanted.push((module, format!("the port is {first} unless said otherwise")));
        wanted.push((module, format!("and port {plain}.")));
    }
    for (module, words) in wanted {
        assert!(
            told(module).contains(&words),
            "hcmodules.7, {module}: no \"{words}\""
        );
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let text = page().text.replace('\n', " ");
    for words in [
        format!("at most {} bytes", fail_core::limits::FINDING_BYTES_MAX),
        format!("up to {} figures", fail_core::limits::FIGURES_MAX),
    ] {
        assert!(text.contains(&words), "hcmodules.7: no \"{words}\"");
    }
}
