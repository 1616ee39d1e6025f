//! The network: loses, delays, repeats and reorders datagrams, each way in its own fashion,
//! and is cut or slow for a while, both ways or one way only.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use fail_core::policy::FAILD_PORT;

use crate::rng::Rng;
use crate::setup::Net;

/// The port that failc sends from. A failsh has another one in each life.
pub const CLERK_PORT: u16 = 30_000;

/// A failsh's port in its first life.
pub const PLAN_PORT: u16 = 40_000;

/// A datagram on its way.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// The host it comes from.
    pub from: usize,
    /// The host it goes to.
    pub to: usize,
    /// The sender's address.
    pub source: SocketAddr,
    /// Where it goes.
    pub target: SocketAddr,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// How much worse than usual a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slowed {
    /// So many nanoseconds slower, at most.
    pub by: u64,
    /// So many in a thousand more are lost.
    pub lose: u64,
}

/// Which ways are cut, and how often each was; and which are slow.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    cut: BTreeMap<(usize, usize), u32>,
    slow: BTreeMap<(usize, usize), Vec<Slowed>>,
}

impl Cuts {
    /// Nothing passes from one to the other.
    pub fn cut(&mut self, from: usize, to: usize) {
        *self.cut.entry((from, to)).or_default() += 1;
    }

    /// One of the reasons is gone.
    pub fn mend(&mut self, from: usize, to: usize) {
        if let Some(times) = self.cut.get_mut(&(from, to)) {
            *times = times.saturating_sub(1);
        }
    }

    /// Whether nothing passes this way.
    pub fn holds(&self, from: usize, to: usize) -> bool {
        self.cut.get(&(from, to)).is_some_and(|times| *times > 0)
    }

    /// A way is worse than usual, in addition to what else is the matter with it.
    pub fn slow(&mut self, from: usize, to: usize, slowed: Slowed) {
        self.slow.entry((from, to)).or_default().push(slowed);
    }

    /// The first of the reasons is gone.
    pub fn hasten(&mut self, from: usize, to: usize) {
        if let Some(reasons) = self.slow.get_mut(&(from, to)).filter(|r| !r.is_empty()) {
            reasons.remove(0);
        }
    }

    /// How bad a way is.
    fn slowed(&self, from: usize, to: usize) -> Slowed {
        let reasons = self.slow.get(&(from, to)).into_iter().flatten();
        reasons.fold(Slowed { by: 0, lose: 0 }, |all, one| Slowed {
            by: all.by + one.by,
            lose: all.lose + one.lose,
        })
    }

    /// Whether anything is cut or slow.
    pub fn any(&self) -> bool {
        self.cut.values().any(|times| *times > 0) || self.slow.values().any(|r| !r.is_empty())
    }

    /// Everything is whole again.
    pub fn clear(&mut self) {
        *self = Cuts::default();
    }
}

/// After how long a datagram arrives: never, once or twice.
pub fn ways(rng: &mut Rng, net: &Net, cuts: &Cuts, from: usize, to: usize) -> Vec<u64> {
    if from == to {
        return vec![rng.between(5_000, 50_000)];
    }
    let slowed = cuts.slowed(from, to);
    if cuts.holds(from, to) || rng.per_mille(net.loss) || rng.per_mille(slowed.lose) {
        return Vec::new();
    }
    let times = 1 + u64::from(rng.per_mille(net.twice));
    let way = |rng: &mut Rng| {
        let spike = match rng.per_mille(net.spike) {
            true => rng.between(0, 300_000),
            false => 0,
        };
        let usual = rng.between(net.delay_us.0, net.delay_us.1) + spike;
        usual * 1000 + rng.between(slowed.by / 2, slowed.by)
    };
    (0..times).map(|_| way(rng)).collect()
}

/// A host's address on the network.
pub fn addr(host: usize, port: u16) -> SocketAddr {
    let last = u8::try_from(host + 1).unwrap_or(u8::MAX);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port)
}

/// An address of the host itself.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Which host an address of the network belongs to; a loopback address is the asker's own.
pub fn host_at(asker: usize, addr: SocketAddr) -> Option<usize> {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Some(asker),
        IpAddr::V4(ip) => usize::from(ip.octets()[3]).checked_sub(1),
        IpAddr::V6(_) => None,
    }
}

/// Whether a datagram goes to a faild.
pub fn to_node(datagram: &Datagram) -> bool {
    datagram.target.port() == FAILD_PORT
}
