//! A policy as text: Tcl that reads back to the same policy.
//!
//! One command per host and service, in order of their names, options in the order of their
//! tables, and only what differs from the default; after them the traps, and before them the
//! packages that the policy requires and its procs, which its scripts call. A proc by the name of
//! a command that stands here comes after the last use of that. Pure text work: no interpreter is
//! asked.

use std::fmt::Write;

use fail_core::policy::{Host, Service};
use fail_wire::Name;

use super::Loaded;
use super::options::{HOST, Opt, SERVICE};

/// The normal form of a policy: what `failsh --check` prints.
pub fn normal_form(loaded: &Loaded) -> String {
    let Loaded {
        policy,
        procs,
        packages,
        ..
    } = loaded;
    let mut text = String::new();
    for package in packages {
        line(&mut text, &format!("package require {package}"));
    }
    let (mut last, first): (Vec<_>, Vec<_>) = procs.iter().partition(|proc| replaces(proc) > 0);
    last.sort_by_key(|proc| replaces(proc));
    for definition in first {
        line(&mut text, definition);
    }
    for (name, host) in &policy.hosts {
        let mut settings = settings(HOST, host, &Host::default());
        if settings.is_empty() {
            // Named by a service, it comes into being by itself.
            let named = |s: &Service| s.masters.contains(name) || s.slaves.contains(name);
            if policy.services.values().any(named) {
                continue;
            }
            settings = format!(" port {}", host.port);
        }
        line(&mut text, &format!("failhost {}{settings}", word(name)));
    }
    for (name, service) in &policy.services {
        let settings = settings(SERVICE, service, &Service::default());
        line(&mut text, &format!("failsvc {}{settings}", word(name)));
    }
    for trap in &policy.traps {
        let words = ["failtrap", &trap.pattern, trap.on.word(), &trap.script];
        line(&mut text, &list(words));
    }
    for definition in last {
        line(&mut text, definition);
    }
    text
}

/// Whether a proc takes the place of a command that is used for the normal form itself: 2 if all
/// other procs must be there by then.
fn replaces(definition: &str) -> u8 {
    let name = definition.strip_prefix("proc ").unwrap_or_default();
    match name.split(' ').next() {
        Some("failhost" | "failsvc" | "failtrap") => 1,
        Some("proc") => 2,
        _ => 0,
    }
}

fn line(text: &mut String, command: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{command}");
}

fn word(name: &Name) -> String {
    quote(name.as_str())
}

/// The options that differ from the default, each with a space before it.
fn settings<T>(options: &[Opt<T>], of: &T, default: &T) -> String {
    let differ = options.iter().filter_map(|option| {
        let value = (option.print)(of);
        (value != (option.print)(default)).then(|| format!(" {} {}", option.word, quote(&value)))
    });
    differ.collect()
}

/// These words as a Tcl list, which is also a Tcl command.
pub(super) fn list<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| quote(w.as_ref())).collect();
    words.join(" ")
}

/// A text as one word of a Tcl list or command: bare, in braces, or with backslashes.
pub(super) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "{}".to_string();
    }
    let plain = |c: char| c.is_alphanumeric() || "_-+*/.,:=%@<>!?^~|&'()".contains(c);
    if text.chars().all(plain) {
        return text.to_string();
    }
    if fits_braces(text) {
        return format!("{{{text}}}");
    }
    let mut quoted = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            c if plain(c) => quoted.push(c),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_whitespace() || c.is_ascii() => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted
}

/// Whether Tcl reads a text in braces, in a file, as itself: balanced braces, no line that
/// ends in a backslash, and no control character that reading a file would change.
fn fits_braces(text: &str) -> bool {
    let (mut depth, mut escaped) = (0usize, false);
    for c in text.chars() {
        match c {
            '\n' if escaped => return false,
            c if c.is_control() && c != '\n' && c != '\t' => return false,
            '{' if !escaped => depth += 1,
            '}' if !escaped => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    depth == 0 && !escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcl::Interp;

    /// Tcl is the judge of what a word means.
    #[test]
    fn tcl_reads_every_quoted_word_as_the_text_it_was() {
        let interp = Interp::new("test").unwrap();
        for text in [
            "",
            "a",
            "a b",
            "$x",
            "[exit]",
            "{",
            "}",
            "{}",
            "}{",
            "a\\",
            "a\\\\",
            "a\\\nb",
            "\\{",
            "{\\}",
            "{*}x",
            "#x",
            "\"",
            "a;b",
            "\r\n",
            "\x1a",
            "\0",
            "\u{1F600} x",
            "é",
            "\t x",
            "a\u{2028}b",
            "\\u0041 }",
            "x\u{7f}",
            "[",
            "]\\",
        ] {
            let quoted = quote(text);
            let word = interp.eval(&format!("set x {quoted}")).unwrap();
            assert_eq!(word.to_text(), text, "as a word: {quoted}");
            let item = interp.command(["lindex", &quoted, "0"]).unwrap();
            assert_eq!(item.to_text(), text, "as an element: {quoted}");
        }
    }
}
