//! What a run is made of, drawn from its seed: hosts, services, network, scripts, disk, and
//! which kinds of faults happen. Everything that stays the same during the run is here.

use fail_core::policy::{Confirm, Host, Policy, Service};
use fail_core::time::Span;
use fail_wire::Name;

use crate::rng::Rng;

/// Nanoseconds in a millisecond: the world counts in nanoseconds since its beginning.
pub const MS: u64 = 1_000_000;

/// Nanoseconds in a second.
pub const SECOND: u64 = 1000 * MS;

/// One service and its ranks.
#[derive(Debug, Clone)]
pub struct Svc {
    /// Its name.
    pub name: Name,
    /// The hosts, the highest first.
    pub rank: Vec<usize>,
    /// What all hosts are told of it, but for masters and slaves.
    pub settings: Service,
}

/// How datagrams travel between hosts. On one host they always arrive, within 50 µs.
#[derive(Debug, Clone, Copy)]
pub struct Net {
    /// Lost, in a thousand.
    pub loss: u64,
    /// Arrive twice, in a thousand.
    pub twice: u64,
    /// The shortest and the longest way, in microseconds; what overtakes is reordered.
    pub delay_us: (u64, u64),
    /// Held up for up to a third of a second, in a thousand.
    pub spike: u64,
}

/// Which kinds of things happen to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// All of them.
    All,
    /// Only the network is cut.
    Network,
    /// Only processes and hosts die or stop.
    Processes,
    /// Only people interfere.
    People,
    /// Only people, and only with wishes that promise a clean switch-over.
    Wishes,
}

/// A run before it begins.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How many hosts.
    pub hosts: usize,
    /// The services, each on all hosts.
    pub services: Vec<Svc>,
    /// The network.
    pub net: Net,
    /// `failhost timeout`.
    pub answer_timeout: Option<Span>,
    /// How long an honest script takes at most, in nanoseconds.
    pub script_max: u64,
    /// Some scripts fail, hang or return nonsense.
    pub wild: bool,
    /// Every start says at once that it is not the time for it, by returning RECOVER. Never
    /// drawn; a test of its own makes it so.
    pub refuses: bool,
    /// How long a save takes at most.
    pub save_max: u64,
    /// What happens.
    pub theme: Theme,
    /// The longest pause between two things that happen.
    pub pause_max: u64,
}

/// A network without faults.
pub const PERFECT: Net = Net {
    loss: 0,
    twice: 0,
    delay_us: (50, 300),
    spike: 0,
};

const NETS: [(u64, Net); 3] = [
    (50, PERFECT),
    (
        35,
        Net {
            loss: 30,
            twice: 20,
            delay_us: (100, 5_000),
            spike: 1,
        },
    ),
    (
        15,
        Net {
            loss: 150,
            twice: 50,
            delay_us: (500, 30_000),
            spike: 20,
        },
    ),
];

const THEMES: [(u64, Theme); 5] = [
    (40, Theme::All),
    (15, Theme::Network),
    (20, Theme::Processes),
    (10, Theme::People),
    (15, Theme::Wishes),
];

/// Short intervals cost most and show least, so they are rare.
const INTERVALS_MS: [(u64, u64); 5] = [(5, 50), (15, 100), (25, 250), (25, 500), (30, 1000)];

const NAMES: [&str; 3] = ["web", "dns", "db"];

impl Setup {
    /// Draws a run; `hosts` may be fixed.
    pub fn draw(rng: &mut Rng, hosts: Option<usize>) -> Setup {
        let drawn = rng.weighted(&[(55, 2), (30, 3), (10, 4), (5, 5)]);
        let hosts = hosts.unwrap_or(drawn).clamp(2, 5);
        let wild = rng.per_mille(350);
        let theme = rng.weighted(&THEMES);
        let script_max = rng.pick(&[5, 50, 200, 800]) * MS;
        let count = rng.weighted(&[(50, 1), (35, 2), (15, 3)]);
        let services = (0..count).map(|n| svc(rng, n, hosts, script_max));
        Setup {
            hosts,
            services: services.collect(),
            net: rng.weighted(&NETS),
            answer_timeout: rng
                .per_mille(200)
                .then(|| Span::from_millis(rng.between(20, 300))),
            script_max,
            wild: wild && theme != Theme::Wishes,
            refuses: false,
            save_max: rng.pick(&[1, 20, 150]) * MS,
            theme,
            pause_max: rng.pick(&[1, 4, 12]) * SECOND,
        }
    }

    /// What host `me` is told.
    pub fn policy(&self, me: usize) -> Policy {
        let mut policy = Policy::default();
        for other in (0..self.hosts).filter(|other| *other != me) {
            let host = Host {
                address: Some(format!("10.0.0.{}", other + 1)),
                timeout: self.answer_timeout,
                ..Host::default()
            };
            policy.hosts.insert(host_name(other), host);
        }
        for svc in &self.services {
            let mine = svc.place(me);
            let names = |ranks: &[usize]| ranks.iter().map(|host| host_name(*host)).collect();
            let service = Service {
                masters: names(&svc.rank[..mine]),
                slaves: names(&svc.rank[mine + 1..]),
                ..svc.settings.clone()
            };
            policy.services.insert(svc.name.clone(), service);
        }
        policy
    }
}

impl Svc {
    /// The rank of a host; 0 is the highest.
    pub fn place(&self, host: usize) -> usize {
        self.rank.iter().position(|h| *h == host).unwrap_or(0)
    }
}

/// The second service turns the ranks round, so that two hosts share the work.
fn svc(rng: &mut Rng, n: usize, hosts: usize, script_max: u64) -> Svc {
    let mut rank: Vec<usize> = (0..hosts).collect();
    if n == 1 {
        rank.reverse();
    }
    let delay = rng.weighted(&[(70, 0), (15, 500), (15, 2000)]);
    let settings = Service {
        interval: Span::from_millis(rng.weighted(&INTERVALS_MS)),
        start: Some("start".to_string()),
        stop: Some("stop".to_string()),
        reclaim: rng.per_mille(500).then(|| "reclaim".to_string()),
        timeout: Span(2 * script_max + rng.between(100, 1500) * MS),
        delay: Span::from_millis(delay),
        confirm: Confirm {
            times: rng.weighted(&[(10, 0), (20, 1), (20, 2), (50, 4)]),
            spacing: rng
                .per_mille(300)
                .then(|| Span::from_millis(rng.between(5, 60))),
        },
        ..Service::default()
    };
    let name = legal(NAMES[n % NAMES.len()]);
    Svc {
        name,
        rank,
        settings,
    }
}

/// `hosta` is number 0.
pub fn host_name(host: usize) -> Name {
    const HOSTS: [&str; 5] = ["hosta", "hostb", "hostc", "hostd", "hoste"];
    legal(HOSTS[host % HOSTS.len()])
}

#[expect(clippy::expect_used, reason = "the names are constants of this file")]
fn legal(name: &str) -> Name {
    Name::new(name).expect("a legal name")
}
