//! Who is asked: the hosts on the command line, or those that the failsh of this host names. The
//! failsh also knows things that no faild tells.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fail_cli::{Failc, HostPort, exit, ports};
use fail_client::addresses;
use fail_client::monitor::{Monitor, MonitorError, Update};
use fail_wire::Name;
use fail_wire::monitor::{HostView, ServiceView};

use crate::limits::HOSTS_MAX;
use crate::{Failed, why};

/// A host and where its faild may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What it is called in a report.
    pub name: String,
    /// The addresses of its faild; the first that answers counts.
    pub faild: Vec<SocketAddr>,
}

/// What a failsh says of a service.
#[derive(Debug, Default)]
pub struct Known {
    /// All hosts, the highest in rank first.
    pub hosts: Vec<Host>,
    /// What is in the way of a drill.
    pub problems: Vec<String>,
    /// It is its own setting, or that of its policy, that nobody hands back.
    pub keeps: bool,
    /// The hosts stand in their ranks.
    pub is_ranked: bool,
}

/// Finds the hosts.
pub fn find(options: &Failc, service: &Name, words: &[String]) -> Result<Known, Failed> {
    let known = match words {
        [_] => {
            let one = "a drill needs two hosts at least, all that serve the service";
            return Err((exit::USAGE, one.to_string()));
        }
        [] => ask(options, service)?,
        words => Known {
            hosts: words
                .iter()
                .map(|word| named(options, word))
                .collect::<Result<_, _>>()?,
            ..Known::default()
        },
    };
    let hosts = &known.hosts;
    if hosts.len() > HOSTS_MAX {
        let many = format!("{} hosts: a drill takes at most {HOSTS_MAX}", hosts.len());
        return Err((exit::USAGE, many));
    }
    for (no, host) in hosts.iter().enumerate() {
        if let Some(other) = hosts[..no].iter().find(|other| other.faild == host.faild) {
            let twice = format!("{} and {} are the same host", other.name, host.name);
            return Err((exit::USAGE, twice));
        }
    }
    Ok(known)
}

fn named(options: &Failc, word: &str) -> Result<Host, Failed> {
    let host: HostPort = word
        .parse()
        .map_err(|bad| (exit::USAGE, format!("host \"{word}\": {bad}")))?;
    let faild = addresses(&host.host, host.port_or(options.port));
    Ok(Host {
        name: word.to_string(),
        faild: faild.map_err(|e| (exit::NOHOST, e))?,
    })
}

/// Asks the failsh of this host.
fn ask(options: &Failc, service: &Name) -> Result<Known, Failed> {
    let at = &options.monitor;
    let failsh = addresses(&at.host, at.port_or(ports::MONITOR)).map_err(|e| (exit::NOHOST, e))?;
    let patience = options.timeout.0.saturating_mul(options.tries);
    let told = listen(&failsh, service, patience).map_err(|error| {
        let (code, sentence) = why::failed(error);
        let or = format!("{sentence}; without it, name the hosts that serve {service}");
        (code, or)
    })?;
    let Some(view) = told.view else {
        let sentence = format!("the failsh at {at} has no service \"{service}\"");
        return Err((exit::USAGE, sentence));
    };
    let server = &options.server;
    let here = Host {
        name: told.host,
        faild: addresses(&server.host, server.port_or(options.port))
            .map_err(|e| (exit::NOHOST, e))?,
    };
    Ok(known(here, &view, &told.hosts, told.faild))
}

/// What came until everything was told once.
#[derive(Default)]
struct Told {
    host: String,
    view: Option<ServiceView>,
    hosts: Vec<HostView>,
    faild: Option<bool>,
}

fn listen(failsh: &[SocketAddr], name: &Name, patience: Duration) -> Result<Told, MonitorError> {
    let mut monitor = Monitor::connect(failsh, patience)?;
    let until = Instant::now() + patience;
    let mut told = Told::default();
    loop {
        match monitor.next(until)? {
            Update::Hello(hello) => told.host = hello.host,
            Update::Service(view) if view.name == name.as_str() => told.view = Some(*view),
            Update::Host(view) => told.hosts.push(view),
            Update::Health(health) => told.faild = health.faild,
            Update::Ready => return Ok(told),
            _ => {}
        }
    }
}

fn known(here: Host, view: &ServiceView, hosts: &[HostView], faild: Option<bool>) -> Known {
    let mut problems = Vec::new();
    let me = here.name.clone();
    if faild == Some(false) {
        problems.push(format!("the failsh of {me} does not hear its own faild"));
    }
    if let Some(script) = view.script.as_ref().filter(|s| s.task != "check") {
        problems.push(format!("{me} runs its {} script", script.task));
    }
    let mut ranks = [Vec::new(), vec![here], Vec::new()];
    for peer in &view.peers {
        let host = hosts.iter().find(|host| host.name == peer.host);
        let address = host.and_then(|host| host.address.as_deref()?.parse().ok());
        match address {
            None => problems.push(format!("{me} does not know the address of {}", peer.host)),
            Some(address) => ranks[if peer.role == "master" { 0 } else { 2 }].push(Host {
                name: peer.host.clone(),
                faild: vec![address],
            }),
        }
        if peer.reachable != Some(true) {
            problems.push(format!("{me} does not hear {}", peer.host));
        }
        let hears = host.map_or(&[][..], |host| host.hears.as_slice());
        let serves = |name: &String| *name == me || view.peers.iter().any(|p| p.host == *name);
        let deaf = hears
            .iter()
            .filter(|hear| !hear.reachable && serves(&hear.host));
        for deaf in deaf {
            problems.push(format!("{} does not hear {}", peer.host, deaf.host));
        }
    }
    if view.peers.is_empty() {
        problems.push(format!("no other host serves {}", view.name));
    }
    Known {
        hosts: ranks.concat(),
        problems,
        keeps: view.settings.get("failback").is_some_and(|is| is == "no"),
        is_ranked: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::monitor::{HearView, PeerView, ScriptView};

    fn peer(host: &str, role: &str, reachable: Option<bool>) -> PeerView {
        PeerView {
            host: host.to_string(),
            role: role.to_string(),
            state: None,
            reachable,
            marks: Vec::new(),
            reason: String::new(),
            since: None,
        }
    }

    fn at(name: &str, address: Option<&str>, deaf: &str) -> HostView {
        // Whoever does not serve it does not matter.
        let all = ["hostb", "hostc", "hostx"];
        let hears = all.map(|host| (host, deaf != host && host != "hostx"));
        HostView {
            name: name.to_string(),
            address: address.map(String::from),
            hears: hears
                .map(|(host, reachable)| HearView {
                    host: host.to_string(),
                    reachable,
                })
                .to_vec(),
            ..HostView::default()
        }
    }

    fn here() -> Host {
        let name = "hostb".to_string();
        let faild = vec!["127.0.0.1:1847".parse().unwrap()];
        Host { name, faild }
    }

    #[test]
    fn the_hosts_come_in_their_ranks() {
        let view = ServiceView {
            name: "web".to_string(),
            peers: vec![
                peer("hosta", "master", Some(true)),
                peer("hostc", "slave", Some(true)),
            ],
            ..ServiceView::default()
        };
        let hosts = [
            at("hosta", Some("192.0.2.1:1847"), ""),
            at("hostc", Some("192.0.2.3:1847"), ""),
        ];
        let known = known(here(), &view, &hosts, Some(true));
        let names: Vec<&str> = known.hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["hosta", "hostb", "hostc"]);
        assert_eq!(known.problems, Vec::<String>::new());
        assert!(known.is_ranked && !known.keeps);
    }

    #[test]
    fn what_only_the_failsh_knows_is_in_the_way() {
        let mut view = ServiceView {
            name: "web".to_string(),
            peers: vec![
                peer("hosta", "master", Some(false)),
                peer("hostc", "slave", None),
            ],
            script: Some(ScriptView {
                task: "stop".to_string(),
                since: 0,
                until: 0,
            }),
            ..ServiceView::default()
        };
        view.settings.insert("failback".into(), "no".into());
        let hosts = [at("hosta", None, "hostc"), at("hostc", Some("[::1]:9"), "")];
        let known = known(here(), &view, &hosts, Some(false));
        let expected = [
            "the failsh of hostb does not hear its own faild",
            "hostb runs its stop script",
            "hostb does not know the address of hosta",
            "hostb does not hear hosta",
            "hosta does not hear hostc",
            "hostb does not hear hostc",
        ];
        assert_eq!(known.problems, expected);
        assert!(known.keeps);
        // A check gives way to everything.
        view.script.as_mut().unwrap().task = "check".to_string();
        view.peers.clear();
        let known = super::known(here(), &view, &[], None);
        assert_eq!(known.problems, ["no other host serves web"]);
    }
}
