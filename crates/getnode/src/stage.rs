//! A picture for tests: one hc with a target in each state.

#[path = "../../../tests/golden/hc/told.rs"]
mod told;

pub use told::{NOW, read, shown};

use crate::{Asked, Picture};

/// That one alone, of which these are wanted.
pub fn picture(patterns: &[&str]) -> Picture {
    Picture {
        asked: vec![Asked {
            host: "hosta".to_string(),
            told: Ok(shown()),
        }],
        patterns: patterns.iter().map(|text| (*text).to_string()).collect(),
        now: NOW,
    }
}

/// The same, one that is silent, one whose Hcfile is broken, and one with nothing.
pub fn several() -> Picture {
    let other = r#"
{"type":"hello","stream":1,"program":"hc","version":"1.0.0","host":"hostc","pid":7,"started":@600000,"now":@0,"file":2}
{"type":"target","name":"dns","state":"down","flapping":true,"since":@61000,"why":"dns: no answer within 2s","checks":[{"line":"dns 192.0.2.2 A www","verdict":"bad","why":"no answer within 2s","took":2000.0}],"changes":[{"at":@61000,"from":"up","to":"down","why":"dns: no answer within 2s"}],"available":{"hour":50.0,"day":99.0,"week":99.9}}
{"type":"health","targets":1,"checks":41,"running":0,"late_median":0.4,"late_p99":3.1,"stalls":0,"broken":"Hcfile:12:9: unknown word \"htpp\"; did you mean http?"}
{"type":"ready"}
"#;
    let none = r#"{"type":"hello","stream":1,"program":"hc","now":@0}
{"type":"ready"}
"#;
    let mut picture = picture(&[]);
    let silent = "127.0.0.1:1850 says nothing within 3s".to_string();
    for (host, told) in [
        ("hostb", Err((69, silent))),
        ("hostc:1900", Ok(read(other))),
        ("hostd", Ok(read(none))),
    ] {
        let host = host.to_string();
        picture.asked.push(Asked { host, told });
    }
    picture
}

/// Words that a terminal would obey, wherever a hc has words.
pub fn odd() -> Picture {
    let evil = r"\u001b[31m\u0007\r\n\u202ex";
    let text = format!(
        r#"{{"type":"hello","program":"hc","host":"{evil}","now":@0}}
{{"type":"target","name":"{evil}","state":"{evil}","why":"{evil}","depends":["{evil}"],"blocked":["{evil}"],"checks":[{{"line":"{evil}","verdict":"{evil}","why":"{evil}","took":1e300,"figures":[{{"name":"{evil}","value":null,"unit":"{evil}"}}]}}],"changes":[{{"at":-9223372036854775808,"from":"{evil}","to":"{evil}","why":"{evil}"}}],"since":9223372036854775807,"available":{{"hour":-1e300,"day":1e300,"week":null}}}}
{{"type":"health","targets":1,"checks":0,"running":0,"late_median":null,"late_p99":1.0,"stalls":0,"broken":"{evil}"}}
{{"type":"ready"}}
"#
    );
    let mut picture = picture(&[]);
    picture.asked[0].told = Ok(read(&text));
    picture
}

/// So many targets, each on the one before it.
pub fn chain(count: usize) -> Picture {
    let mut text = r#"{"type":"hello","program":"hc","now":@0}"#.to_string() + "\n";
    for n in 0..count {
        let before = n.saturating_sub(1);
        text += &format!(
            r#"{{"type":"target","name":"t{n:05}","state":"up","since":@0,"depends":["t{before:05}"]}}"#
        );
        text += "\n";
    }
    let mut picture = picture(&[]);
    picture.asked[0].told = Ok(read(&(text + "{\"type\":\"ready\"}\n")));
    picture
}
