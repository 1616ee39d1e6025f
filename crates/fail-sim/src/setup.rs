//! What a run is made of, drawn from its seed: hosts, services, network, scripts, disk, and
//! which kinds of faults happen. Everything that stays the same during the run is here.

mod draw;

use std::collections::{BTreeMap, BTreeSet};

use fail_core::policy::{DEFAULT_COMMUNITY, Host, Policy, Service, Trap};
use fail_core::time::Span;
use fail_wire::Name;

use crate::rng::Rng;
use crate::skew::Skew;

/// Nanoseconds in a millisecond: the world counts in nanoseconds since its beginning.
pub const MS: u64 = 1_000_000;

/// Nanoseconds in a second.
pub const SECOND: u64 = 1000 * MS;

/// The most hosts of a run.
pub const HOSTS_MAX: usize = 5;

/// The most that a clock is too fast or too slow, in millionths: ten times what is usual.
pub const DRIFT_MAX: i64 = 5_000;

/// One service and its ranks.
#[derive(Debug, Clone)]
pub struct Svc {
    /// Its name.
    pub name: Name,
    /// The hosts, the highest first.
    pub rank: Vec<usize>,
    /// What all hosts are told of it, but for masters and slaves.
    pub settings: Service,
    /// What a host is told when its administrator has changed something.
    pub other: Service,
}

/// What the policy file of one host says of all that can change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Services with their other settings.
    pub other: BTreeSet<Name>,
    /// Services that are not in it.
    pub gone: BTreeSet<Name>,
    /// The hosts share another community.
    pub second: bool,
    /// There are no traps.
    pub quiet: bool,
}

/// What the hosts share when it is not [`DEFAULT_COMMUNITY`].
pub const SECOND_COMMUNITY: &str = "second";

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
    /// Only what is served dies.
    Services,
    /// Only policies are changed, and failsh is told to release everything.
    Admins,
    /// Only daemons are exchanged for other versions, and people wish.
    Updates,
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
    /// Ways that are otherwise: from, to.
    pub links: BTreeMap<(usize, usize), Net>,
    /// By how many millionths the clocks of each host are too fast.
    pub drifts: [i64; HOSTS_MAX],
    /// Of which versions faild and failsh of each host are.
    pub skews: [(Skew, Skew); HOSTS_MAX],
    /// `failhost timeout`.
    pub answer_timeout: Option<Span>,
    /// How long an honest script takes at most, in nanoseconds.
    pub script_max: u64,
    /// Some scripts fail, hang or return nonsense.
    pub wild: bool,
    /// Every start says at once that it is not the time for it, by returning RECOVER. Never
    /// drawn; a test of its own makes it so.
    pub refuses: bool,
    /// What every host runs when something happens.
    pub traps: Vec<Trap>,
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

/// A way that is slow, but not so slow that an interval of a quarter of a second misses it.
const FAR: Net = Net {
    loss: 20,
    twice: 10,
    delay_us: (10_000, 40_000),
    spike: 5,
};

/// A way on which much is lost, often in one direction only.
const BAD: Net = Net {
    loss: 250,
    twice: 0,
    delay_us: (100, 2_000),
    spike: 0,
};

const THEMES: [(u64, Theme); 8] = [
    (40, Theme::All),
    (10, Theme::Network),
    (15, Theme::Processes),
    (8, Theme::People),
    (10, Theme::Wishes),
    (9, Theme::Services),
    (8, Theme::Admins),
    (6, Theme::Updates),
];

const NAMES: [&str; 3] = ["web", "dns", "db"];

impl Setup {
    /// Draws a run; `hosts` may be fixed.
    pub fn draw(rng: &mut Rng, hosts: Option<usize>) -> Setup {
        let drawn = rng.weighted(&[(55, 2), (30, 3), (10, 4), (5, 5)]);
        let hosts = hosts.unwrap_or(drawn).clamp(2, HOSTS_MAX);
        let wild = rng.per_mille(350);
        let theme = rng.weighted(&THEMES);
        let script_max = rng.pick(&[5, 50, 200, 800]) * MS;
        let count = rng.weighted(&[(50, 1), (35, 2), (15, 3)]);
        let services = (0..count).map(|n| draw::svc(rng, n, hosts, script_max));
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
            traps: draw::traps(rng),
            save_max: rng.pick(&[1, 20, 150]) * MS,
            theme,
            pause_max: rng.pick(&[1, 4, 12]) * SECOND,
            links: draw::links(rng),
            drifts: draw::drifts(rng),
            skews: draw::skews(rng),
        }
    }

    /// How datagrams travel from one host to another.
    pub fn way(&self, from: usize, to: usize) -> &Net {
        self.links.get(&(from, to)).unwrap_or(&self.net)
    }

    /// Nothing is lost any more, and scripts do what they should. Slow ways stay slow.
    pub fn heal(&mut self) {
        self.wild = false;
        for net in self.links.values_mut().chain([&mut self.net]) {
            (net.loss, net.spike) = (0, 0);
        }
    }

    /// Whether there is such a service.
    pub fn knows(&self, name: &Name) -> bool {
        self.services.iter().any(|svc| svc.name == *name)
    }

    /// All communities that any host may use.
    pub fn communities(&self) -> impl Iterator<Item = &str> {
        let services = self.services.iter();
        let own = services.filter_map(|svc| svc.settings.community.as_deref());
        own.chain([DEFAULT_COMMUNITY, SECOND_COMMUNITY])
    }

    /// The number of a service, for dice of its own.
    pub fn number(&self, name: &Name) -> usize {
        let number = NAMES.iter().position(|known| *known == name.as_str());
        number.unwrap_or(NAMES.len())
    }

    /// What host `me` is told.
    pub fn policy(&self, me: usize, told: &Told) -> Policy {
        let mut policy = Policy::default();
        for other in (0..self.hosts).filter(|other| *other != me) {
            let community = match told.second {
                true => SECOND_COMMUNITY,
                false => DEFAULT_COMMUNITY,
            };
            let host = Host {
                address: Some(format!("10.0.0.{}", other + 1)),
                timeout: self.answer_timeout,
                community: community.to_string(),
                ..Host::default()
            };
            policy.hosts.insert(host_name(other), host);
        }
        for svc in &self.services {
            let Some(settings) = svc.told(told) else {
                continue;
            };
            let mine = svc.place(me);
            let names = |ranks: &[usize]| ranks.iter().map(|host| host_name(*host)).collect();
            let service = Service {
                masters: names(&svc.rank[..mine]),
                slaves: names(&svc.rank[mine + 1..]),
                ..settings.clone()
            };
            policy.services.insert(svc.name.clone(), service);
        }
        if !told.quiet {
            policy.traps.clone_from(&self.traps);
        }
        policy
    }
}

impl Svc {
    /// The rank of a host; 0 is the highest.
    pub fn place(&self, host: usize) -> usize {
        self.rank.iter().position(|h| *h == host).unwrap_or(0)
    }

    /// The settings that a host was told; nothing: it knows nothing of the service.
    pub fn told(&self, told: &Told) -> Option<&Service> {
        let known = !told.gone.contains(&self.name);
        let settings = match told.other.contains(&self.name) {
            true => &self.other,
            false => &self.settings,
        };
        known.then_some(settings)
    }
}

/// `hosta` is number 0.
pub fn host_name(host: usize) -> Name {
    const HOSTS: [&str; HOSTS_MAX] = ["hosta", "hostb", "hostc", "hostd", "hoste"];
    legal(HOSTS[host % HOSTS.len()])
}

#[expect(clippy::expect_used, reason = "the names are constants of this file")]
fn legal(name: &str) -> Name {
    Name::new(name).expect("a legal name")
}
