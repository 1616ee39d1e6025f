//! A failsh and its faild, driven by hand and recorded: what is written holds no community,
//! and replays to the same; another rule, an edited line, a file that was cut are told.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can not go on fails"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fail_core::access::{Access, Rights};
use fail_core::decide::{Verdict, decide};
use fail_core::job::{ByHand, JobNo, ScriptError};
use fail_core::machine::Machine;
use fail_core::node::{self, Image, Node, Peer};
use fail_core::plan::{self, Local, Plan};
use fail_core::policy::{Host, Policy, Protocol, Service, Trap};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_replay::replay::{self, Replayed};
use fail_replay::{End, Life, NodeStart, Origin, PlanStart, Put, Reader, Recorded, Sink};
use fail_wire::{Key, Name, State};

const FAILD: &str = "127.0.0.1:1847";
const FAILSH: &str = "127.0.0.1:40000";
const COMMUNITIES: [&str; 3] = ["first-secret", "second-secret", "third-secret"];

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn key(n: usize) -> Key {
    Key::new(COMMUNITIES[n]).unwrap()
}

fn now(ms: u64) -> Now {
    Now {
        mono: Mono(0) + Span::from_millis(ms),
        wall: Wall(ms as i64),
    }
}

fn origin() -> Origin {
    Origin {
        host: "hosta".to_string(),
        boot: "boot".to_string(),
        release: "1.0.0".to_string(),
        secret: [9; 32],
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn sink(&self) -> Option<Sink> {
        let kept = self.clone();
        Some(Box::new(move |put| {
            match put {
                Put::Before(lines) | Put::After(lines) => kept.0.lock().unwrap().extend(lines),
                Put::Stop(why) => panic!("{why}"),
            }
            true
        }))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    let host = Host {
        address: Some("127.0.0.9".to_string()),
        community: COMMUNITIES[1].to_string(),
        ..Host::default()
    };
    policy.hosts.insert(name("hostb"), host);
    for (text, community) in [("dns", None), ("web", Some(COMMUNITIES[2].to_string()))] {
        let service = Service {
            interval: Span::from_millis(500),
            slaves: vec![name("hostb")],
            start: Some(format!("exec start -c {}", COMMUNITIES[0])),
            stop: Some("exec stop".to_string()),
            community,
            ..Service::default()
        };
        policy.services.insert(name(text), service);
    }
    policy.traps.push(Trap {
        pattern: "*".to_string(),
        on: plan_on("up"),
        script: format!("exec notify {}", COMMUNITIES[2]),
    });
    policy
}

fn plan_on(word: &str) -> fail_core::policy::On {
    fail_core::policy::On::from_word(word).unwrap()
}

/// Both programs of a host, joined.
struct Host1 {
    plan: Recorded<Plan>,
    node: Recorded<Node>,
    plan_kept: Kept,
    node_kept: Kept,
    /// What scripts of this task give.
    errors: bool,
}

impl Host1 {
    fn new() -> Host1 {
        let mut access = Access::none();
        for n in 0..3 {
            access.add(None, key(n), Rights::ReadWrite).unwrap();
        }
        let (plan_kept, node_kept) = (Kept::default(), Kept::default());
        let node = NodeStart {
            now: now(1),
            seed: [1; 32],
            boot: "boot".to_string(),
            access,
            image: Image::default(),
            facilities: vec![("access", 1), ("state", 1)],
        };
        let local = Local {
            addr: addr(FAILD),
            key: key(0),
            protocol: Protocol::Udp,
        };
        let plan = PlanStart {
            now: now(2),
            seed: [2; 32],
            local,
            policy: policy(),
            known: Vec::new(),
        };
        Host1 {
            plan: plan.recorded(&origin(), plan_kept.sink()).unwrap(),
            node: node.recorded(&origin(), node_kept.sink()),
            plan_kept,
            node_kept,
            errors: false,
        }
    }

    /// Something happens to failsh, and everything that follows at once.
    fn tell(&mut self, at: Now, input: Option<plan::In>) {
        match input {
            Some(input) => self.plan.handle(at, input),
            None => self.plan.expire(at),
        }
        let outs: Vec<_> = std::iter::from_fn(|| self.plan.poll()).collect();
        for out in outs {
            match out {
                plan::Out::Send { to, bytes, .. } if to == addr(FAILD) => self.ask(at, bytes),
                plan::Out::Run(order) => self.ran(at, order.job),
                plan::Out::Trap(fired) => {
                    let (job, error) = (fired.job, None);
                    self.tell(at, Some(plan::In::Trapped { job, error }));
                }
                _ => {}
            }
        }
    }

    fn ran(&mut self, at: Now, job: JobNo) {
        self.tell(at, Some(plan::In::Began { job }));
        let outcome = match self.errors {
            false => Ok(State::Up),
            true => Err(ScriptError {
                sentence: "start: it broke".to_string(),
                detail: format!("it broke\n    while executing\n\"{}\"", COMMUNITIES[0]),
            }),
        };
        self.tell(at, Some(plan::In::Done { job, outcome }));
    }

    fn ask(&mut self, at: Now, bytes: Vec<u8>) {
        let from = Peer {
            addr: addr(FAILSH),
            local: None,
            stream: None,
        };
        self.node(at, node::In::Beside(vec![("connections", 3)]));
        self.node(at, node::In::Datagram { from, bytes });
    }

    fn node(&mut self, at: Now, input: node::In) {
        self.node.handle(at, input);
        self.node_outs(at);
    }

    fn node_outs(&mut self, at: Now) {
        let outs: Vec<_> = std::iter::from_fn(|| self.node.poll()).collect();
        for out in outs {
            match out {
                node::Out::Save { no, .. } => self.node(at, node::In::Saved { no, ok: true }),
                node::Out::Send { to, bytes } if to.addr == addr(FAILSH) => {
                    let from = addr(FAILD);
                    self.tell(at, Some(plan::In::Datagram { from, bytes }));
                }
                _ => {}
            }
        }
    }

    /// Time goes by, as the deadlines want it.
    fn until(&mut self, ms: u64) {
        loop {
            let node = self.node.deadline();
            let next = node.into_iter().chain(self.plan.deadline()).min();
            let Some(at) = next.filter(|at| *at <= now(ms).mono) else {
                return;
            };
            let at = now(at.0.div_ceil(1_000_000));
            if self.node.deadline().is_some_and(|due| due <= at.mono) {
                self.node.expire(at);
                self.node_outs(at);
            }
            if self.plan.deadline().is_some_and(|due| due <= at.mono) {
                self.tell(at, None);
            }
        }
    }
}

/// Ten seconds in which much happens.
fn recorded() -> (String, String) {
    let mut host = Host1::new();
    host.until(3_000);
    host.tell(
        now(3_100),
        Some(plan::In::Set {
            no: 1,
            service: name("web"),
            change: ByHand::Hold,
            reason: "a look".to_string(),
        }),
    );
    host.until(4_000);
    let mut changed = policy();
    let hostb = changed.hosts.get_mut(&name("hostb")).unwrap();
    hostb.community = "fourth-secret".to_string();
    let input = plan::In::Policy {
        policy: Box::new(changed),
        known: Vec::new(),
    };
    host.tell(now(4_050), Some(input));
    host.errors = true;
    host.tell(
        now(4_060),
        Some(plan::In::Set {
            no: 2,
            service: name("dns"),
            change: ByHand::State(State::Recover),
            reason: "start it again".to_string(),
        }),
    );
    let stranger = fail_wire::emit(Some(&Key::new("unknown-secret").unwrap()), 1, &query());
    host.ask(now(4_070), stranger);
    host.ask(now(4_080), b"hello, my name is third-secret".to_vec());
    host.until(8_000);
    host.tell(now(8_100), Some(plan::In::Release));
    host.until(10_000);
    (host.plan_kept.text(), host.node_kept.text())
}

fn query() -> fail_wire::Body {
    fail_wire::Body::Query(fail_wire::Query::default())
}

fn reader(text: &str) -> Reader<&[u8]> {
    Reader::new("file", text.as_bytes()).unwrap()
}

fn replay_plan(text: &str) -> Replayed {
    replay::plan(&mut reader(text), decide, &mut ()).unwrap()
}

#[test]
fn both_programs_are_replayed_to_the_same_and_no_community_is_written() {
    let (plan, node) = recorded();
    for (text, least) in [(&plan, 50), (&node, 100)] {
        for secret in COMMUNITIES
            .iter()
            .chain(&["fourth-secret", "unknown-secret", "exec"])
        {
            assert!(!text.contains(secret), "{secret}");
            let id = Key::new(secret).unwrap().id();
            assert!(!text.contains(&id.to_string()), "the id of {secret}");
        }
        assert!(text.lines().count() > least);
    }
    let replayed = replay_plan(&plan);
    assert_eq!(replayed.difference, None);
    assert_eq!(replayed.end, End::Whole);
    assert!(replayed.turns > 50 && replayed.outs > replayed.turns);
    let replayed = replay::node(&mut reader(&node), &mut ()).unwrap();
    assert_eq!(replayed.difference, None);
    // Subscriptions are in it, which depend on the keys in every way that there is.
    assert!(node.contains("\"access\"") && node.contains("is told of changes"));
}

#[test]
fn another_rule_is_told_with_both_outputs() {
    let (plan, _) = recorded();
    fn never(local: State, masters: &[State], slaves: &[State]) -> Verdict {
        match decide(local, masters, slaves) {
            Verdict::Start => Verdict::Idle,
            other => other,
        }
    }
    let replayed = replay::plan(&mut reader(&plan), never, &mut ()).unwrap();
    let difference = replayed.difference.unwrap();
    assert!(difference.line > 2);
    let lines: Vec<&str> = plan.lines().collect();
    let call = lines[difference.line as usize - 1];
    assert!(call.starts_with("{\"at\":"), "{call}");
    let outs = lines[difference.line as usize];
    let outs: serde_json::Value = serde_json::from_str(outs).unwrap();
    let then = difference.recorded.unwrap();
    assert!(outs["out"].as_array().unwrap().contains(&then), "{then}");
    assert_ne!(Some(then), difference.replayed);
}

#[test]
fn an_edited_recording_is_told_and_one_that_makes_no_sense_is_an_error() {
    let (plan, node) = recorded();
    let edited = plan.replacen("no master can serve", "no master can Serve", 1);
    assert_ne!(edited, plan);
    assert!(replay_plan(&edited).difference.is_some());
    let error = |text: &str| {
        let mut reader = match Reader::new("file", text.as_bytes()) {
            Ok(reader) => reader,
            Err(bad) => return bad.to_string(),
        };
        let replayed = replay::plan(&mut reader, decide, &mut ());
        replayed.unwrap_err().to_string()
    };
    let second = plan.lines().nth(1).unwrap();
    let damaged = plan.replacen(second, "{\"at\":1,\"wall\":2,\"in\":{\"fly\":3}}", 1);
    assert!(error(&damaged).starts_with("file:2: it makes no sense: unknown variant `fly`"));
    let damaged = plan.replacen(second, "what", 1);
    assert!(error(&damaged).starts_with("file:2: it makes no sense"));
    // No order to a terminal gets through, not even in a name that nobody knows.
    let damaged = plan.replacen(second, "{\"\\u001b]0;x\\u0007\":1}", 1);
    let said = error(&damaged);
    assert!(said.contains("unknown field ` ]0;x `"), "{said}");
    // Nobody waits for the end of time.
    let late = format!("{{\"at\":{},\"wall\":2,\"expire\":true}}", u64::MAX);
    let damaged = plan.replacen(second, &late, 1);
    assert_eq!(
        error(&damaged),
        "file:2: more than 30 days after what was before it"
    );
    let damaged = plan.replacen(second, "{}", 1);
    assert_eq!(error(&damaged), "file:2: neither an input nor outputs");
    assert_eq!(error(""), "file:1: this is no recording of faild or failsh");
    assert_eq!(
        error("{}\n"),
        "file:1: this is no recording of faild or failsh"
    );
    let newer = plan.replacen("\"version\":1,", "\"version\":2,\"new\":3,", 1);
    assert!(error(&newer).starts_with("file:1: a recording of version 2, and this program reads"));
    assert!(error(&node).starts_with("file:1: the recording of a faild"));
    let bad = plan.replacen("\"seed\":\"", "\"seed\":\"zz", 1);
    assert_eq!(error(&bad), "file:1: its seed is not 64 digits of hex");
    let last = plan.rfind("\"datagram\"").unwrap();
    let bad = plan[last..].replacen("recorded:", "not:", 1);
    let bad = format!("{}{bad}", &plan[..last]);
    assert!(
        error(&bad).contains("was not named before"),
        "{}",
        error(&bad)
    );
}

#[test]
fn a_file_may_end_anywhere() {
    let (plan, _) = recorded();
    let header = plan.find('\n').unwrap() + 1;
    let whole = replay_plan(&plan);
    for cut in (header..plan.len())
        .step_by(997)
        .chain([header, plan.len()])
    {
        if !plan.is_char_boundary(cut) {
            continue;
        }
        let replayed = replay_plan(&plan[..cut]);
        assert_eq!(replayed.difference, None);
        assert!(replayed.turns <= whole.turns);
        let at_end = plan[..cut].ends_with('\n');
        assert_eq!(replayed.end == End::Whole, at_end, "{cut}");
    }
    let bad = Reader::new("file", &plan.as_bytes()[..header - 9]);
    assert!(bad.is_err());
}

#[test]
fn a_life_has_the_states_scripts_and_hosts() {
    let (plan, _) = recorded();
    let life = Life::read(&mut reader(&plan)).unwrap();
    assert_eq!((life.host.as_str(), life.from), ("hosta", now(2).mono));
    let dns = &life.services[&name("dns")];
    let states: Vec<_> = dns.states.iter().map(|held| held.what).collect();
    assert!(states.contains(&Some(State::Up)), "{states:?}");
    for pair in dns.states.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "no gaps");
    }
    let start = &dns.scripts[0];
    assert!(start.began.is_some() && start.ended.as_ref().unwrap().1 == Ok(State::Up));
    let up = dns
        .states
        .iter()
        .find(|held| held.what == Some(State::Up))
        .unwrap();
    assert_eq!(life.state(&name("dns"), up.from), Some(State::Up));
    // Nobody is there.
    let hears = &life.hears[&name("hostb")];
    assert_eq!(hears.last().unwrap().what, Some(false));
    assert_eq!(life.faild.last().unwrap().what, Some(true));
}
