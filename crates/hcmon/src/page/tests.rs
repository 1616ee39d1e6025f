//! Pages of hcs that are well, that are not, and that are hostile.

use super::*;
use crate::stage::{self, NOW, one, read, shown};
use fail_client::is_odd;

fn draw(shown: &Shown) -> String {
    page(shown, 10)
}

/// Its text without its style, in which no words stand.
fn words(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let mut text = String::new();
    let mut inside = false;
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => (inside, text) = (false, text + " "),
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn everything_that_is_known_is_on_the_page() {
    let page = draw(&one(""));
    let text = words(&page);
    for said in [
        "Not as it should be down router 5m0s ago icmp: no answer; good 1 of 2 \
         Not checked because of it: web, www-1.",
        "up warning mail 2d12h ago smtp: certificate ends in 6 days",
        "1 down 1 warning 2 dependency 1 pending 1 maintenance 2 up",
        "Up not known",
        "(group, 1 of 2)",
        "up for 23h55m, down for 5m0s",
        "91.00% of the last hour, 99.65% of the last day, 100% of the last week",
        "bad icmp 192.0.2.1 no answer in 2.0s",
        "days 6 d (warning 14:, bad 3:)",
        "on down mail admin@example.org done 4m59s ago",
        "bad no answer within 10s 2 reports left out",
        "under way since 2s ago",
        "on up syslog not done yet",
        "2026-11-27 01:27:37Z up → down icmp: no answer",
        "dependency web (see above)",
        "hc 1.0.0 on hosta, started 10m0s ago ; 7 targets, 41 checks so far",
    ] {
        assert!(text.contains(said), "no {said} in {text}");
    }
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"10\">"));
    assert!(
        page.contains("<title>health: 5 not as it should be</title>"),
        "{page}"
    );
    assert!(
        !page.contains("<script") && !page.contains("src="),
        "{page}"
    );
    // The worst stands before all trees.
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("id=\"worst\"") < place("class=\"tree\""));
}

#[test]
fn what_opens_is_closed_and_each_id_is_there_once() {
    for page in [draw(&one("")), draw(&one("target=www-%25&history"))] {
        for element in [
            "ul", "li", "details", "summary", "article", "section", "svg", "p",
        ] {
            let begins = page.matches(&format!("<{element}>")).count()
                + page.matches(&format!("<{element} ")).count();
            let ends = page.matches(&format!("</{element}>")).count();
            assert_eq!(begins, ends, "{element}: {page}");
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).collect();
        let mut ids: Vec<&str> = ids.iter().map(|r| r.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        // Each link on the page leads somewhere.
        for link in page.split("href=\"#").skip(1) {
            let link = link.split('"').next().unwrap().replace("%25", "%");
            assert!(ids.contains(&link.as_str()), "{link}");
        }
    }
}

#[test]
fn who_does_not_answer_stands_first() {
    let silent = || Err("192.0.2.9:1850 says <nothing>".to_string());
    let page = draw(&shown(
        vec![("hostb", silent()), ("hosta", one("").asked.remove(0).told)],
        "",
    ));
    let text = words(&page);
    assert!(
        text.contains("hostb does not answer: 192.0.2.9:1850 says &lt;nothing&gt;"),
        "{text}"
    );
    assert!(page.find("id=\"silent\"").unwrap() < page.find("id=\"worst\"").unwrap());
    assert!(text.contains("down router of hosta"), "{text}");
    // When nobody answers, nothing is said to be well.
    let page = draw(&shown(vec![("hostb", silent())], ""));
    assert!(!page.contains("as it should be.") && page.contains("id=\"silent\""));
    let well = draw(&one("target=dns"));
    assert!(words(&well).contains("Every target that is shown is as it should be."));
}

#[test]
fn a_query_narrows_the_page() {
    let text = words(&draw(&one("target=mail&history")));
    assert!(text.contains("mail") && !text.contains("router"), "{text}");
    assert!(text.contains("Show everything"), "{text}");
    let text = words(&draw(&one("target=nix")));
    assert!(text.contains("It has no such target."), "{text}");
    // A page that no web server serves has no links that ask one.
    let mut still = one("");
    still.served = false;
    assert!(!draw(&still).contains("href=\"?"));
    assert!(draw(&one("")).contains("href=\"?host=hosta&amp;target=www%2D1&amp;history\""));
}

#[test]
fn the_hash_is_of_the_style_that_stands_there() {
    let page = draw(&one(""));
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    assert!(policy().contains(&format!("'sha256-{hash}'")));
    assert!(!page.contains("style=\""), "the policy forbids it: {page}");
}

#[test]
fn what_a_hc_says_is_text_and_nothing_else() {
    let evil = r#"<script>alert(1)</script>\u001b[2J\u202e\" onx='1"#;
    let text = format!(
        r#"{{"type":"hello","program":"hc","host":"{evil}","version":"{evil}","now":9223372036854775807,"started":-9223372036854775808}}
{{"type":"target","name":"{evil}","state":"{evil}","warning":true,"flapping":true,"since":9223372036854775807,"why":"{evil}","depends":["{evil}","x"],"need":7,"blocked":["{evil}"],"streak":4294967295,"wanted":0,"checked":-9223372036854775808,"next":9223372036854775807,"checks":[{{"line":"{evil}","verdict":"{evil}","why":"{evil}","took":null,"figures":[{{"name":"{evil}","value":null,"unit":"{evil}","warn":"{evil}","bad":"{evil}"}}]}}],"changes":[{{"at":9223372036854775807,"from":"{evil}","to":"{evil}","why":"{evil}"}},{{"at":-9223372036854775808,"from":"{evil}","to":"{evil}","why":"{evil}"}}],"available":{{"hour":-1e308,"day":1e308,"week":null}},"actions":[{{"line":"{evil}","at":-9223372036854775808,"runs":true,"failed":"{evil}","left_out":18446744073709551615}}]}}
{{"type":"target","name":"","state":"down"}}
{{"type":"health","targets":1,"checks":0,"running":0,"late_median":null,"late_p99":1e308,"stalls":1,"broken":"{evil}"}}
{{"type":"ready"}}
"#
    );
    let shown = shown(
        vec![
            ("hosta", Ok(read(&text))),
            ("<b>", Err("<b>\u{1b}[0m".to_string())),
        ],
        "",
    );
    let page = draw(&shown);
    assert!(
        !page.contains("<script") && !page.contains("<b></b>"),
        "{page}"
    );
    assert!(
        !page.contains("onx='1\"") && !page.contains("\" onx"),
        "{page}"
    );
    let odd = page
        .chars()
        .find(|letter| *letter != '\n' && is_odd(*letter));
    assert_eq!(odd, None);
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn no_chain_is_too_deep_and_no_page_too_long() {
    let mut text = "{\"type\":\"hello\",\"program\":\"hc\",\"now\":1}\n".to_string();
    for n in 0..10_000 {
        let before = n - 1;
        text += &format!(
            "{{\"type\":\"target\",\"name\":\"t{n:05}\",\"depends\":[\"t{before:05}\"]}}\n"
        );
    }
    text += "{\"type\":\"ready\"}\n";
    let mut told = stage::read(&text);
    let page = draw(&shown(vec![("hosta", Ok(told.clone()))], ""));
    let text = words(&page);
    assert!(
        text.contains("8000 more lines of targets are not on this page."),
        "{}",
        &text[..500]
    );
    assert!(text.contains("(1999)"));
    assert!(page.len() < 8_000_000, "{}", page.len());
    let deepest = page.split("<ul").fold((0_usize, 0), |(depth, most), part| {
        let depth = (depth + 1).saturating_sub(part.matches("</ul>").count());
        (depth, most.max(depth))
    });
    assert!(deepest.1 < 20, "{deepest:?}");
    // And in a circle.
    let first = told.targets.get_mut("t00000").unwrap();
    first.depends = vec!["t09999".to_string()];
    let page = draw(&shown(vec![("hosta", Ok(told))], ""));
    assert!(words(&page).contains("8001 more lines"));
}

/// A colour of the style, of the light or the dark half.
fn colour(css: &str, name: &str) -> [f64; 3] {
    let (_, rest) = css.split_once(&format!("--{name}:#")).unwrap();
    let part = |at: usize| f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap()) / 255.0;
    [part(0), part(2), part(4)]
}

/// How light it is, by WCAG.
fn light(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| match c {
        c if c <= 0.040_45 => c / 12.92,
        c => ((c + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[test]
fn every_colour_of_a_text_can_be_read() {
    let (bright, dark) = STYLE
        .split_once("@media (prefers-color-scheme:dark)")
        .unwrap();
    for css in [bright, dark] {
        for state in [
            "up",
            "warning",
            "down",
            "dependency",
            "maintenance",
            "flapping",
            "pending",
        ] {
            let (a, b) = (
                light(colour(css, state)),
                light(colour(css, &format!("{state}-back"))),
            );
            let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(ratio >= 4.5, "{state}: {ratio:.2}");
        }
        for (text, back) in [
            ("text", "page"),
            ("note", "page"),
            ("note", "soft"),
            ("link", "page"),
        ] {
            let (a, b) = (light(colour(css, text)), light(colour(css, back)));
            let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(ratio >= 4.5, "{text} on {back}: {ratio:.2}");
        }
    }
}

#[test]
fn the_moment_of_the_page_is_told() {
    assert!(draw(&one("")).contains(&fail_client::utc(NOW)));
}

#[test]
fn a_page_has_an_end_whatever_a_hc_says() {
    let mut shown = one("");
    let Ok(snapshot) = &mut shown.asked[0].told else {
        unreachable!()
    };
    let mut evil = snapshot.targets["router"].clone();
    evil.checks[0].line = "\"".repeat(10_000);
    evil.checks[0].why = "\"".repeat(4_000);
    evil.checks = vec![evil.checks[0].clone(); 100];
    for n in 0..20 {
        let name = format!("t{n}");
        let target = TargetView {
            name: name.clone(),
            ..evil.clone()
        };
        snapshot.targets.insert(name, target);
    }
    let page = draw(&shown);
    // One line more than there is room for is drawn to its end.
    assert!(page.len() < BYTES_MAX + (8 << 20), "{}", page.len());
    assert!(page.contains(" more lines of targets are not on this page."));
    let begun = page.matches("<li>").count() + page.matches("<li ").count();
    assert_eq!(begun, page.matches("</li>").count());
    assert!(!page.contains(&"&quot;".repeat(4_001)));
}
