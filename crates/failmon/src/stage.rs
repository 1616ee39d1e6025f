//! Clusters for tests and golden screens: made of the lines that a failsh would send.

use fail_client::follow::Seen;
use fail_client::monitor::Lines;

use crate::cluster::Cluster;

/// The moment at which everything is looked at: 2026-11-27 10:00:00 UTC.
pub const NOW: i64 = 1_795_773_600_000;

/// Lets a target say these lines, in which `@N` is N milliseconds before [`NOW`].
pub fn say(cluster: &mut Cluster, number: usize, now: i64, text: &str) {
    let mut lines = Lines::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.split('@');
        let mut made = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let ago: i64 = part[..digits].parse().unwrap();
            made += &format!("{}{}", NOW - ago, &part[digits..]);
        }
        lines.push(made.as_bytes());
        lines.push(b"\n");
    }
    while let Some(update) = lines.take().unwrap() {
        cluster.take(number, Seen::Update(update), now).unwrap();
    }
}

/// A failsh that goes on as before.
pub fn alive(cluster: &mut Cluster, number: usize, now: i64) {
    say(cluster, number, now, HEALTH);
}

const HEALTH: &str = r#"{"type":"health","late_p50_us":63,"late_p99_us":319,"late_max_us":20151,"doubts":1,"pauses":[{"at":@3600000,"ms":20}],"sent":31412,"dropped":0,"scripts":0,"scripts_run":12,"faild":true}"#;

fn connect(cluster: &mut Cluster, number: usize) {
    let at = ([127, 0, 0, 1], 1848).into();
    cluster
        .take(number, Seen::Connected(at), NOW - 60_000)
        .unwrap();
}

fn hello(host: &str) -> String {
    format!(
        r#"{{"type":"hello","stream":1,"program":"failsh","version":"1.0.0","host":"{host}","pid":412,"started":@86400000,"now":@0,"policy":1}}"#
    )
}

fn service(name: &str, state: &str, why: &str, peers: &str, journal: &str) -> String {
    format!(
        r#"{{"type":"service","name":"{name}","state":"{state}","since":@7200000,"marks":[],"reason":"{why}","why":"{why}","waiting":null,"until":null,"script":null,"peers":[{peers}],"check":{{"good":7,"bad":0,"last":@900,"said":"UP"}},"retry":null,"settings":{{"masters":"hosta","interval":"1s","start":"start_web","stop":"stop_web"}},"console":{{}},"journal":[{journal}]}}"#
    )
}

fn peer(host: &str, role: &str, state: &str) -> String {
    let (state, reachable) = match state {
        "" => ("null".to_string(), false),
        state => (format!("\"{state}\""), true),
    };
    format!(
        r#"{{"host":"{host}","role":"{role}","state":{state},"reachable":{reachable},"marks":[],"reason":"","since":@7100000}}"#
    )
}

fn host(name: &str, reachable: bool) -> String {
    format!(
        r#"{{"type":"host","name":"{name}","address":"192.0.2.1:1847","reachable":{reachable},"since":@7200000,"last_call":@400,"last_answer":@399,"trip_us":210,"lost_permille":20,"hint":null,"hears":[{{"host":"hosta","reachable":true}}],"heard":@5000}}"#
    )
}

const JOURNAL: &str = r#"{"at":@7201000,"kind":"decision","text":"start: no master can serve; slaves hostb=RECOVER"},{"at":@7200500,"kind":"script","text":"start begins"},{"at":@7200100,"kind":"script","text":"start ends: UP, after 400 ms"},{"at":@7200000,"kind":"state","text":"RECOVER -> UP (start: no master can serve; slaves hostb=RECOVER)"}"#;

/// hosta serves web, hostb dns; both are looked at, hostc is not.
pub fn calm() -> Cluster {
    let mut cluster = Cluster::new(["hosta".to_string(), "hostb".to_string()], NOW - 61_000);
    for (number, name) in ["hosta", "hostb"].into_iter().enumerate() {
        connect(&mut cluster, number);
        let other = ["hostb", "hosta"][number];
        let (web, dns) = [("UP", "RECOVER"), ("RECOVER", "UP")][number];
        let (their_web, their_dns) = [("RECOVER", "UP"), ("UP", "RECOVER")][number];
        let (web_role, dns_role) = [("slave", "master"), ("master", "slave")][number];
        let web_peers = peer(other, web_role, their_web);
        let dns_peers = [
            peer(other, dns_role, their_dns),
            peer("hostc", "slave", "RECOVER"),
        ];
        let text = [
            hello(name),
            service("web", web, &why(web), &web_peers, JOURNAL),
            service("dns", dns, &why(dns), &dns_peers.join(","), JOURNAL),
            host(other, true),
            host("hostc", true),
            HEALTH.to_string(),
            r#"{"type":"ready"}"#.to_string(),
        ];
        say(&mut cluster, number, NOW, &text.join("\n"));
    }
    cluster
}

fn why(state: &str) -> String {
    match state {
        "UP" => "keep: no master can serve".to_string(),
        _ => "yield: a master can serve".to_string(),
    }
}

/// The same, and the way between them is cut: web is UP on both.
pub fn split() -> Cluster {
    let mut cluster = calm();
    for (number, other) in ["hostb", "hosta"].into_iter().enumerate() {
        let peers = peer(other, ["slave", "master"][number], "");
        let why = format!("start: no master can serve; masters {other}=unreachable");
        let event = format!(
            r#"{{"type":"event","at":@2000,"event":"unreachable","subject":"{other}","data":{{"kind":"host","name":"{other}","reason":"asked 7 times"}}}}"#
        );
        let up = format!(
            r#"{{"type":"event","at":@1000,"event":"up","subject":"web","data":{{"kind":"service","name":"web","from":"RECOVER","to":"UP","reason":"{why}"}}}}"#
        );
        let mut text = vec![
            service("web", "UP", &why, &peers, JOURNAL),
            host(other, false),
            event,
        ];
        if number == 1 {
            text.push(up);
        }
        say(&mut cluster, number, NOW, &text.join("\n"));
    }
    cluster
}

/// hosta has hung up, twelve seconds ago; hostb goes on. To be looked at at this moment.
pub fn lost() -> (Cluster, i64) {
    let mut cluster = calm();
    let why = "127.0.0.1:1848 has hung up".to_string();
    cluster.take(0, Seen::Lost(why), NOW).unwrap();
    let later = NOW + 12_000;
    alive(&mut cluster, 1, later);
    let text = [
        host("hosta", false),
        service(
            "web",
            "UP",
            "start: no master can serve; masters hosta=unreachable",
            &peer("hosta", "master", ""),
            JOURNAL,
        ),
    ];
    say(&mut cluster, 1, later, &text.join("\n"));
    (cluster, later)
}

/// One host with a thousand services, of which one in fifty is not well.
pub fn many() -> Cluster {
    let mut cluster = Cluster::new(["hosta".to_string()], NOW - 61_000);
    connect(&mut cluster, 0);
    let mut text = vec![hello("hosta"), HEALTH.to_string()];
    for n in 0..1_000 {
        let state = if n % 50 == 7 { "FAIL" } else { "UP" };
        text.push(service(
            &format!("service{n:03}"),
            state,
            &why(state),
            &peer("hostb", "slave", "RECOVER"),
            "",
        ));
    }
    text.push(r#"{"type":"ready"}"#.to_string());
    say(&mut cluster, 0, NOW, &text.join("\n"));
    cluster
}

/// Names and reasons as nobody would choose them: long, wide, and some that a terminal would
/// obey.
pub fn odd() -> Cluster {
    let host_name = "服务器服务器服务器服务器服务器服务器";
    let mut cluster = Cluster::new([host_name.to_string()], NOW - 61_000);
    connect(&mut cluster, 0);
    let escape = r"\u001b[2J\u001b[31mred\u0007\r\nand \u202eturned";
    let text = [
        hello(host_name),
        service("a-very-long-name-that-does-not-fit-into-any-column-of-any-terminal-that-is-not-as-wide-as-a-wall", "UP", escape, "", ""),
        service("数据库-主要的-数据库-主要的-数据库", "RECOVER", "因为没有主机可以提供服务", &peer(r"e\u0301\u0301\u0301\u0301\u0301\u0301clair\u001b[5m", "slave", "UP"), &JOURNAL.replace("start begins", escape)),
        service(r"\u001b]0;title\u0007web", r"\u001b[7mUP", "", "", ""),
        host(r"hostb\u009b31m", true),
        host("服务器-乙", false),
        HEALTH.to_string(),
        r#"{"type":"event","at":@2000,"event":"\u001b[31mup","subject":"\u001b[2Jweb","data":{"reason":"\u001b[5m"}}"#.to_string(),
        r#"{"type":"ready"}"#.to_string(),
    ];
    say(&mut cluster, 0, NOW, &text.join("\n"));
    cluster
}
