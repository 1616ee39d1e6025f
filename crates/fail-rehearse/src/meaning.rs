//! What well-known commands are about: the thing that they begin, end or ask for.
//!
//! A table of programs, and nothing of policies. What is not known here means nothing; a
//! scenario can say more with `thing`.

/// What a command does to things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// It begins these things. With a complaint, if one that is there already is an error.
    Begins(Vec<String>, Option<Complaint>),
    /// It ends these things. With a complaint, if one that is not there is an error.
    Ends(Vec<String>, Option<Complaint>),
    /// It tells whether this thing is there.
    Asks(String, Telling),
    /// It lists those things whose names begin so.
    Lists(&'static str),
}

/// An exit code and what is said on standard error.
pub type Complaint = (i32, &'static str);

/// How a command tells whether a thing is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Telling {
    /// By its exit code, which is this one if it is not.
    Code(i32),
    /// By its exit code, and one word or another.
    Word(i32, &'static str, &'static str),
    /// As `systemctl show` does.
    Properties,
}

/// What a command line means. It may be wrapped in `env`, `timeout`, `sudo` or `nice`.
pub fn of(argv: &[String]) -> Option<Meaning> {
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let argv = unwrapped(&argv);
    let (program, words) = argv.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "ip" => ip(words),
        "ifconfig" => ifconfig(words),
        "systemctl" => systemctl(words),
        "start-stop-daemon" => daemon(words),
        "service" => match words {
            [script, action] => init(script, action),
            _ => None,
        },
        "mount" => {
            let folder = plain(words)
                .last()
                .copied()
                .filter(|f| f.starts_with('/'))?;
            Some(Meaning::Begins(one("mount", folder), None))
        }
        "umount" => {
            let folder = *plain(words).last()?;
            let missing = (32, "umount: not mounted");
            Some(Meaning::Ends(one("mount", folder), Some(missing)))
        }
        "mountpoint" => {
            let folder = *plain(words).last()?;
            Some(Meaning::Asks(format!("mount {folder}"), Telling::Code(32)))
        }
        _ if program.contains("/etc/init.d/") => init(name, words.first()?),
        _ if program.contains("/resource.d/") => agent(name, words.first()?),
        _ => None,
    }
}

/// Without those programs in front that only run another one.
fn unwrapped<'a>(argv: &'a [&'a str]) -> &'a [&'a str] {
    let mut rest = argv;
    loop {
        let skip = match rest.first().map(|first| first.rsplit('/').next()) {
            Some(Some("env" | "nice" | "sudo" | "timeout" | "setsid" | "ionice")) => {
                let words = rest[1..].iter();
                // Options, variables and numbers.
                let own = words.take_while(|word| {
                    word.starts_with('-')
                        || word.contains('=')
                        || word.starts_with(|c: char| c.is_ascii_digit())
                });
                1 + own.count()
            }
            _ => return rest,
        };
        rest = &rest[skip..];
    }
}

/// The words that are no options. Options with a value of their own are not known.
fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let words = words.iter().copied();
    words.filter(|word| !word.starts_with('-')).collect()
}

fn one(kind: &str, name: &str) -> Vec<String> {
    vec![format!("{kind} {name}")]
}

/// An address without its network.
fn address(text: &str) -> Option<String> {
    let ip = text.split('/').next().unwrap_or(text);
    let ip: std::net::IpAddr = ip.parse().ok()?;
    Some(format!("address {ip}"))
}

/// `ip address add|replace|del|flush|show ...`.
fn ip(words: &[&str]) -> Option<Meaning> {
    let words = plain(words);
    let (object, words) = words.split_first()?;
    if !("address".starts_with(object) && object.starts_with('a')) {
        return None;
    }
    let named = words.iter().find_map(|word| address(word));
    match (words.first().copied().unwrap_or("show"), named) {
        ("add" | "a", Some(named)) => {
            let exists = (2, "RTNETLINK answers: File exists");
            Some(Meaning::Begins(vec![named], Some(exists)))
        }
        ("replace" | "change", Some(named)) => Some(Meaning::Begins(vec![named], None)),
        ("del" | "delete" | "d", Some(named)) => {
            let missing = (2, "RTNETLINK answers: Cannot assign requested address");
            Some(Meaning::Ends(vec![named], Some(missing)))
        }
        ("flush", Some(named)) => Some(Meaning::Ends(vec![named], None)),
        ("show" | "list" | "ls" | "dev", _) => Some(Meaning::Lists("address ")),
        _ => None,
    }
}

/// `ifconfig eth0:1 192.0.2.10 ... up`, `ifconfig eth0:1 down`. The label is the thing's name as
/// well, since that is all that ends it.
fn ifconfig(words: &[&str]) -> Option<Meaning> {
    let (label, rest) = words.split_first()?;
    if rest.contains(&"down") {
        let missing = (255, "SIOCSIFFLAGS: Cannot assign requested address");
        return Some(Meaning::Ends(one("label", label), Some(missing)));
    }
    let named = rest.iter().find_map(|word| address(word))?;
    Some(Meaning::Begins(vec![named, format!("label {label}")], None))
}

fn systemctl(words: &[&str]) -> Option<Meaning> {
    let words = plain(words);
    let (action, units) = words.split_first()?;
    let things = || units.iter().map(|name| unit(name)).collect::<Vec<_>>();
    let first = units.first().map(|name| unit(name));
    match *action {
        "start" | "restart" | "reload-or-restart" => Some(Meaning::Begins(things(), None)),
        "stop" => Some(Meaning::Ends(things(), None)),
        "is-active" => {
            let telling = Telling::Word(3, "active", "inactive");
            Some(Meaning::Asks(first?, telling))
        }
        "status" => Some(Meaning::Asks(first?, Telling::Code(3))),
        "show" => Some(Meaning::Asks(first?, Telling::Properties)),
        // Nobody else may start what failover starts.
        "is-enabled" => {
            let telling = Telling::Word(1, "enabled", "disabled");
            Some(Meaning::Asks(format!("enabled {}", first?), telling))
        }
        _ => None,
    }
}

fn unit(name: &str) -> String {
    match name.contains('.') {
        true => format!("unit {name}"),
        false => format!("unit {name}.service"),
    }
}

fn daemon(words: &[&str]) -> Option<Meaning> {
    let value = |long: &str, short: &str| {
        let at = words
            .iter()
            .position(|word| *word == long || *word == short)?;
        words.get(at + 1).copied()
    };
    // What stands behind "--" is the daemon's.
    let own = words.split(|word| *word == "--").next().unwrap_or(words);
    let name = value("--pidfile", "-p").or_else(|| value("--exec", "-x"));
    let name = name.or_else(|| value("--name", "-n"))?;
    let has = |long: &str, short: &str| own.contains(&long) || own.contains(&short);
    let careless = has("--oknodo", "-o");
    if has("--start", "-S") {
        let exists = (1, "");
        return Some(Meaning::Begins(
            one("daemon", name),
            (!careless).then_some(exists),
        ));
    }
    if has("--stop", "-K") {
        let missing = (1, "");
        return Some(Meaning::Ends(
            one("daemon", name),
            (!careless).then_some(missing),
        ));
    }
    has("--status", "-T").then(|| Meaning::Asks(format!("daemon {name}"), Telling::Code(3)))
}

fn init(script: &str, action: &str) -> Option<Meaning> {
    match action {
        "start" | "restart" | "force-reload" => Some(Meaning::Begins(one("script", script), None)),
        "stop" => Some(Meaning::Ends(one("script", script), None)),
        "status" => Some(Meaning::Asks(format!("script {script}"), Telling::Code(3))),
        _ => None,
    }
}

fn agent(name: &str, action: &str) -> Option<Meaning> {
    match action {
        "start" => Some(Meaning::Begins(one("agent", name), None)),
        "stop" => Some(Meaning::Ends(one("agent", name), None)),
        "monitor" | "status" => Some(Meaning::Asks(format!("agent {name}"), Telling::Code(7))),
        _ => None,
    }
}

/// How long a command takes that nothing is said of, in milliseconds; up to a half longer by
/// chance.
pub fn plausible_ms(argv: &[String]) -> u64 {
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let argv = unwrapped(&argv);
    let name = argv.first().and_then(|program| program.rsplit('/').next());
    let first = || plain(&argv[1..]).first().copied().unwrap_or_default();
    match name.unwrap_or_default() {
        "ip" | "ifconfig" | "true" | "test" | "mountpoint" | "logger" => 5,
        "sleep" => {
            let seconds = fail_core::time::Span::parse(first());
            seconds.map_or(20, |span| span.as_millis())
        }
        "systemctl" if first() == "start" || first() == "restart" => 500,
        "systemctl" if first() == "stop" => 300,
        "start-stop-daemon" if argv.contains(&"--status") => 5,
        "start-stop-daemon" => 100,
        "mount" | "umount" => 100,
        "fsck" => 1_000,
        "mail" | "webhook" | "sendmail" => 200,
        _ => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(line: &str) -> Option<Meaning> {
        let argv: Vec<String> = line.split(' ').map(str::to_string).collect();
        of(&argv)
    }

    #[test]
    fn well_known_commands_mean_what_they_do() {
        let things = |name: &str| vec![name.to_string()];
        for (line, thing) in [
            (
                "ip address replace 192.0.2.10/24 dev eth0",
                "address 192.0.2.10",
            ),
            (
                "/sbin/ip -4 a add 192.0.2.10/24 dev eth0",
                "address 192.0.2.10",
            ),
            (
                "ip -6 addr add 2001:db8::1/64 dev eth0",
                "address 2001:db8::1",
            ),
            ("systemctl start nginx", "unit nginx.service"),
            (
                "sudo systemctl --no-pager restart -- x.timer",
                "unit x.timer",
            ),
            ("/etc/init.d/apache2 start", "script apache2"),
            ("service bind9 start", "script bind9"),
            ("mount -o ro /dev/sdb1 /srv", "mount /srv"),
            ("env A=b timeout -k 1 10 mount /dev/sdb1 /srv", "mount /srv"),
            (
                "start-stop-daemon --start --pidfile /run/x.pid --exec /x -- --stop",
                "daemon /run/x.pid",
            ),
            (
                "/usr/lib/ocf/resource.d/heartbeat/Dummy start",
                "agent Dummy",
            ),
        ] {
            match say(line) {
                Some(Meaning::Begins(begun, _)) => assert_eq!(begun, things(thing), "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        for (line, thing) in [
            (
                "ip address flush dev eth0 to 192.0.2.10/32",
                "address 192.0.2.10",
            ),
            ("ip addr del 192.0.2.10/24 dev eth0", "address 192.0.2.10"),
            ("ifconfig eth0:1 down", "label eth0:1"),
            ("umount /srv", "mount /srv"),
            (
                "start-stop-daemon --stop -p /run/x.pid",
                "daemon /run/x.pid",
            ),
        ] {
            match say(line) {
                Some(Meaning::Ends(ended, _)) => assert_eq!(ended, things(thing), "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        for (line, thing) in [
            ("systemctl is-active --quiet nginx", "unit nginx.service"),
            (
                "start-stop-daemon --status --quiet --pidfile /run/x.pid",
                "daemon /run/x.pid",
            ),
            ("mountpoint -q /srv", "mount /srv"),
            ("/etc/init.d/apache2 status", "script apache2"),
        ] {
            match say(line) {
                Some(Meaning::Asks(asked, _)) => assert_eq!(asked, thing, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        for line in [
            "curl http://127.0.0.1/",
            "ip link set eth0 up",
            "sh -c x",
            "true",
            "env",
        ] {
            assert_eq!(say(line), None, "{line}");
        }
    }

    #[test]
    fn sleep_takes_as_long_as_it_says() {
        let argv = |line: &str| line.split(' ').map(str::to_string).collect::<Vec<_>>();
        assert_eq!(plausible_ms(&argv("sleep 2.5")), 2_500);
        assert_eq!(plausible_ms(&argv("timeout 5 sleep 1")), 1_000);
        assert_eq!(plausible_ms(&argv("whatever x")), 20);
    }
}
