//! The text for a terminal: golden ones, and what holds for all.

use fail_rehearse::report::Report;
use fail_rehearse::show::{Look, text};
use unicode_width::UnicodeWidthStr;

use crate::golden;
use crate::reports::{self, all};

/// The text without its colours.
fn stripped(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (code, rest) = part.split_once('m').expect("a colour ends with m");
        assert!(
            code.chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{code}"
        );
        plain += rest;
    }
    plain
}

/// Every look of this width.
fn looks(width: usize) -> Vec<Look> {
    let mut looks = Vec::new();
    for bits in 0..8 {
        looks.push(Look {
            width,
            colour: bits & 1 > 0,
            ascii: bits & 2 > 0,
            full: bits & 4 > 0,
        });
    }
    looks
}

#[test]
fn a_rehearsal_looks_as_it_did() {
    let look = Look::default();
    let ascii = Look {
        ascii: true,
        ..look
    };
    let wide = Look { width: 120, ..look };
    let overlap = reports::overlap();
    golden([
        ("overlap-80.txt", text(&overlap, &look)),
        ("overlap-80-ascii.txt", text(&overlap, &ascii)),
        ("overlap-120.txt", text(&overlap, &wide)),
        ("overlap-120-full.txt", text(&overlap, &full_at(120))),
        ("hour-80.txt", text(&reports::hour(), &look)),
        ("odd-80.txt", text(&reports::odd(), &full_at(80))),
        ("nothing-80.txt", text(&reports::nothing(), &look)),
    ]);
}

fn full_at(width: usize) -> Look {
    Look {
        width,
        full: true,
        ..Look::default()
    }
}

#[test]
fn no_line_is_too_wide_or_ends_in_blanks() {
    for report in all() {
        for width in [0, 39, 40, 41, 55, 80, 97, 120, 300] {
            for look in looks(width) {
                let text = stripped(&text(&report, &look));
                for line in text.lines() {
                    assert!(line.width() <= width.max(40), "{look:?}: {line}");
                    assert!(!line.ends_with(' '), "{look:?}: {line:?}");
                    assert!(!look.ascii || line.is_ascii(), "{look:?}: {line}");
                }
            }
        }
    }
}

#[test]
fn colours_change_nothing_else() {
    for report in all() {
        for look in looks(80) {
            let plain = Look {
                colour: false,
                ..look
            };
            let painted = text(&report, &look);
            assert_eq!(stripped(&painted), text(&report, &plain));
            assert_eq!(painted.contains('\x1b'), look.colour);
        }
    }
}

/// The row of the first chart that begins with this name.
fn row(report: &Report, look: &Look, name: &str) -> String {
    let text = text(report, look);
    let row = text.lines().find(|line| line.starts_with(name));
    row.unwrap_or_else(|| panic!("no row {name}: {text}"))
        .to_string()
}

#[test]
fn what_is_short_and_matters_is_seen_at_every_scale() {
    // A gap of 300 ms, an overlap of 600 ms in an hour, a FAIL of 400 ms.
    for width in [40, 80, 120, 300] {
        let look = Look {
            width,
            ..Look::default()
        };
        let servers = row(&reports::overlap(), &look, "UP on");
        assert!(servers.contains("─0─"), "{servers}");
        assert!(row(&reports::overlap(), &look, "hostb").contains('F'));
        let servers = row(&reports::hour(), &look, "UP on");
        assert_eq!(servers.matches('2').count(), 1, "{servers}");
        assert!(row(&reports::hour(), &look, "! ").ends_with('!'));
    }
}

#[test]
fn the_short_timeline_leaves_out_what_the_full_one_has() {
    let report = reports::overlap();
    let (short, full) = (text(&report, &Look::default()), text(&report, &full_at(80)));
    for (what, is_short) in [
        ("x start: mount: device busy", true),
        ("RECOVER -> FAIL", true),
        ("ip address add", false),
        ("start begins", false),
        ("heard again", false),
        ("does not answer since 1.1s", false),
    ] {
        assert_eq!(short.contains(what), is_short, "{what}: {short}");
        assert!(full.contains(what), "{what}: {full}");
    }
    assert!(short.contains("(6 lines of commands, events and logs are left out)"));
}

#[test]
fn what_did_not_hold_is_told_with_what_happened_before() {
    let text = text(&reports::overlap(), &Look::default());
    let (_, broken) = text.split_once("\nDid not hold\n").unwrap();
    for what in [
        "line 11   never web UP on 2 hosts for more than 1s",
        "at 1m3.5s: hosta and hostb are UP at once",
        "C partition {hosta} {hostb} for 20s",
        "hostb  web    RECOVER -> UP",
        "Broken: 2 held, 1 did not, 1 never tested",
    ] {
        assert!(broken.contains(what), "{what}: {broken}");
    }
}
