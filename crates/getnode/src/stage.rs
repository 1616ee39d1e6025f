//! A picture for tests: one hc with a target in each state.

use fail_client::health::{Snapshot, Update};
use fail_client::stream::Lines;

use crate::{Asked, Picture};

/// Now, in milliseconds since 1970.
pub const NOW: i64 = 1_795_743_157_000;

/// The stream, with `@N` for N milliseconds before now.
const STREAM: &str = r#"
{"type":"hello","stream":1,"program":"hc","version":"1.0.0","host":"hosta","pid":7,"started":@600000,"now":@0,"file":1}
{"type":"target","name":"router","state":"down","since":@300000,"why":"icmp: no answer","streak":1,"wanted":2,"checks":[{"line":"icmp 192.0.2.1","verdict":"bad","why":"no answer","took":2000.0,"figures":[]}],"changes":[{"at":@86400000,"from":"pending","to":"up","why":"icmp: 0.2 ms"},{"at":@300000,"from":"up","to":"down","why":"icmp: no answer"}],"available":{"hour":91.0,"day":99.653,"week":100.0}}
{"type":"target","name":"dns","state":"up","since":@604800000,"checks":[{"line":"dns 192.0.2.2 A www","verdict":"good","why":"","took":0.4,"figures":[{"name":"time","value":0.0004,"unit":"s","warn":"","bad":"","min":0.0,"max":null}]}],"available":{"hour":100.0,"day":100.0,"week":100.0}}
{"type":"target","name":"www-1","state":"dependency","since":@290000,"depends":["router"],"blocked":["router"],"checks":[{"line":"http http://www-1/","verdict":"good","why":"status 200","took":8.1,"figures":[]}],"available":{"hour":null,"day":100.0,"week":100.0}}
{"type":"target","name":"www-2","state":"pending","since":@1000,"depends":["router","dns"],"checks":[{"line":"http http://www-2/","verdict":null,"why":"","took":0.0,"figures":[]}]}
{"type":"target","name":"web","state":"dependency","since":@290000,"depends":["www-1","www-2"],"need":1,"blocked":["router"],"available":{"hour":null,"day":100.0,"week":100.0}}
{"type":"target","name":"mail","state":"up","warning":true,"since":@216000000,"why":"smtp: certificate ends in 6 days","depends":["dns"],"checks":[{"line":"smtp mail","verdict":"warning","why":"certificate ends in 6 days","took":12.0,"figures":[{"name":"days","value":6.0,"unit":"d","warn":"14:","bad":"3:","min":null,"max":null}]}],"available":{"hour":100.0,"day":100.0,"week":99.999}}
{"type":"target","name":"backup","state":"maintenance","since":@10800000,"why":"tcp: connection refused","checks":[{"line":"tcp backup:22","verdict":"bad","why":"connection refused","took":41.2,"figures":[]}],"available":{"hour":null,"day":95.5,"week":98.2249}}
{"type":"health","targets":7,"checks":41,"running":0,"late_median":0.4,"late_p99":3.1,"stalls":0,"broken":null}
{"type":"ready"}
"#;

/// What that hc has told.
pub fn shown() -> Snapshot {
    read(STREAM)
}

fn read(stream: &str) -> Snapshot {
    let mut text = String::new();
    let mut parts = stream.trim_start().split('@');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap();
        let before: i64 = part[..end].parse().unwrap();
        text.push_str(&format!("{}{}", NOW - before, &part[end..]));
    }
    let mut lines: Lines<Update> = Lines::default();
    lines.push(text.as_bytes());
    let mut shown = Snapshot::default();
    while let Some(update) = lines.take().unwrap() {
        shown.apply(update, NOW).unwrap();
    }
    assert!(shown.ready);
    shown
}

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
