//! One page of HTML that needs nothing else: no file, no font, no picture, and no script unless
//! it is served live.
//!
//! It can be read without a script, without colours, in a text browser and with a screen
//! reader. A browser is told to run and to load nothing but the one style and the one script
//! whose hashes it is given, so that even what would slip through the escaping does nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::parts::{Section, Shown, sections};
use super::when::moment;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How a page comes to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form<'a> {
    /// The browser reads it again after so many seconds.
    pub refresh: Option<u64>,
    /// It is served live: from where on its news are told.
    pub live: Option<&'a str>,
}

/// What a browser may do with a page, for its header `Content-Security-Policy`.
pub fn policy(live: bool) -> String {
    let script = match live {
        true => format!("; script-src '{}'; connect-src 'self'", hash(SCRIPT)),
        false => String::new(),
    };
    format!(
        "default-src 'none'; style-src '{}'{script}; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The page.
pub fn page(shown: &Shown, form: Form) -> String {
    let alarms = shown.alerts.len();
    let title = match alarms {
        0 => "failover".to_string(),
        _ => format!("failover: {alarms} not as it should be"),
    };
    let sections = sections(shown);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy" content=(policy(form.live.is_some()));
                @if let Some(seconds) = form.refresh {
                    meta http-equiv="refresh" content=(seconds);
                }
                // No request for a picture that is not there.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body data-now=(shown.now) data-from=[form.live] {
                header {
                    h1 { "failover" }
                    p {
                        "As of " (moment(shown.now)) ". "
                        @match (form.refresh, form.live) {
                            (Some(seconds), _) => { "It is read again every " (seconds) " s." }
                            (None, Some(_)) => span #live {
                                "It does not change by itself without a script: "
                                a href="?refresh=5" { "read it again every 5 s" } "."
                            },
                            (None, None) => "It does not change by itself.",
                        }
                    }
                    nav aria-label="On this page" { ul {
                        @for (id, name) in NAMES { li { a href={ "#" (id) } { (name) } } }
                    } }
                }
                main {
                    @if form.live.is_some() { p #lost role="alert" hidden {} }
                    @for section in &sections { (PreEscaped(Section::whole(section))) }
                }
                @if form.live.is_some() && form.refresh.is_none() {
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    };
    page.into_string()
}

const NAMES: [(&str, &str); 5] = [
    ("matrix", "Services"),
    ("failshs", "Health"),
    ("hosts", "Hosts"),
    ("services", "Each service"),
    ("events", "Events"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Cluster;
    use crate::stage::{self, NOW};

    fn draw(cluster: &Cluster, form: Form) -> String {
        page(&Shown::new(cluster, NOW, false), form)
    }

    #[test]
    fn everything_that_is_known_is_on_the_page() {
        let text = draw(&stage::split(), Form::default());
        for said in [
            "<html lang=\"en\">",
            "web is UP on 2 hosts at once: hosta, hostb",
            "on two hosts or more at once: hosta, hostb",
            "hostb does not answer hosta",
            "start: no master can serve; masters hostb=unreachable",
            "2026-11-27T08:00:00Z",
            "stop_web",
            "asked 7 times",
            "98.0 %",
            "20.2 ms",
            "192.0.2.1:1847",
            "It does not change by itself.",
        ] {
            assert!(text.contains(said), "no {said} in {text}");
        }
        assert!(!text.contains("<script") && !text.contains("http-equiv=\"refresh\""));
        let again = Form {
            refresh: Some(5),
            live: None,
        };
        let text = draw(&stage::calm(), again);
        assert!(text.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
        assert!(text.contains("Everything is as it should be."));
    }

    #[test]
    fn a_live_page_runs_its_own_script_and_no_other() {
        let live = Form {
            refresh: None,
            live: Some("7.1"),
        };
        let text = draw(&stage::calm(), live);
        assert!(text.contains("data-from=\"7.1\""), "{text}");
        assert_eq!(text.matches("<script").count(), 1);
        // The hashes are of exactly what stands there.
        for (element, policy) in [("style", "style-src"), ("script", "script-src")] {
            let (_, rest) = text.split_once(&format!("<{element}>")).unwrap();
            let (inner, _) = rest.split_once(&format!("</{element}>")).unwrap();
            let said = super::policy(true);
            assert!(said.contains(&format!("{policy} '{}'", hash(inner))));
        }
    }

    #[test]
    fn what_failsh_says_is_text_and_nothing_else() {
        let mut cluster = stage::calm();
        let evil = r#"<script>alert(1)</script>\u001b[2J\u202e\" onx='1"#;
        let service = format!(
            r#"{{"type":"service","name":"{evil}","state":"{evil}","since":0,"marks":["{evil}"],"reason":"{evil} ","why":"{evil}","waiting":"{evil}","until":null,"script":{{"task":"{evil}","since":0,"until":0}},"peers":[{{"host":"{evil}","role":"{evil}","state":"{evil}","reachable":true,"marks":["{evil}"],"reason":"{evil}","since":1}}],"check":{{"good":1,"bad":0,"last":1,"said":"{evil}"}},"retry":null,"settings":{{"{evil}":"{evil}"}},"console":{{}},"journal":[{{"at":1,"kind":"{evil}","text":"{evil}"}}]}}"#
        );
        let host = format!(
            r#"{{"type":"host","name":"{evil}","address":"{evil}","reachable":true,"since":0,"last_call":null,"last_answer":null,"trip_us":null,"lost_permille":4000000000,"hint":"{evil}","hears":[{{"host":"{evil}","reachable":true}}],"heard":null}}"#
        );
        let event = format!(
            r#"{{"type":"event","at":0,"event":"{evil}","subject":"{evil}","data":{{"reason":"{evil}"}}}}"#
        );
        let hello = format!(
            r#"{{"type":"hello","stream":1,"program":"{evil}","version":"{evil}","host":"{evil}","pid":1,"started":9223372036854775807,"now":0,"policy":1}}"#
        );
        let lines = [service, host, event, hello].join("\n");
        stage::say(&mut cluster, 0, NOW, &lines);
        let lost = "why <b>\u{1b}[0m".to_string();
        let seen = fail_client::follow::Seen::Lost(lost);
        cluster.take(1, seen, NOW).unwrap();
        let text = draw(&cluster, Form::default());
        assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
        assert!(!text.contains("\" onx") && text.contains("&quot; onx='1"));
        let odd = |c: char| c != '\n' && fail_client::is_odd(c);
        assert!(!text.chars().any(odd));
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[2J\\u{202e}"));
    }

    /// The colours of a name in one of the two schemes.
    fn colour(css: &str, name: &str) -> [f64; 3] {
        let (_, rest) = css.split_once(&format!("--{name}:#")).unwrap();
        let part = |at: usize| {
            let byte = u8::from_str_radix(&rest[at..at + 2], 16).unwrap();
            let share = f64::from(byte) / 255.0;
            match share <= 0.03928 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        };
        [part(0), part(2), part(4)]
    }

    #[test]
    fn every_text_has_contrast_in_light_and_dark() {
        let light = |c: [f64; 3]| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
        let (bright, dark) = STYLE.split_once("prefers-color-scheme:dark").unwrap();
        for css in [bright, dark] {
            for (text, back) in [
                ("text", "page"),
                ("text", "soft"),
                ("note", "page"),
                ("note", "soft"),
                ("link", "page"),
                ("up", "up-back"),
                ("recover", "recover-back"),
                ("fail", "fail-back"),
                ("fail", "page"),
                ("warning", "warning-back"),
                ("warning", "page"),
                ("unknown", "unknown-back"),
            ] {
                let (a, b) = (light(colour(css, text)), light(colour(css, back)));
                let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(ratio >= 4.5, "{text} on {back}: {ratio:.2}");
            }
        }
    }
}
