//! The network of a rehearsal: how long a datagram takes, which are lost, and what is cut.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use fail_core::node::Peer;
use fail_core::policy::FAILD_PORT;
use fail_sim::client::Heard;
use fail_sim::rng::Rng;

use super::World;
use crate::scenario::Network;

/// The port that failc sends from.
pub(super) const CLERK_PORT: u16 = 30_000;

/// A failsh's port in its first life; it has another one in each.
const FAILSH_PORT: u16 = 40_000;

/// A datagram on its way.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// The host it goes to.
    pub to: usize,
    /// The sender's address.
    pub source: SocketAddr,
    /// Where it goes.
    pub target: SocketAddr,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What passes from one host to another, and how.
#[derive(Debug, Clone)]
pub struct Ways {
    network: Network,
    /// How often each way is cut.
    cuts: BTreeMap<(usize, usize), u32>,
    /// What is lost of a thousand on a way, on top; the greatest counts.
    loss: Vec<(u64, Vec<(usize, usize)>)>,
    /// What a way takes longer; the sum counts.
    delay: Vec<(u64, Vec<(usize, usize)>)>,
}

impl Ways {
    pub(super) fn new(network: Network) -> Ways {
        Ways {
            network,
            cuts: BTreeMap::new(),
            loss: Vec::new(),
            delay: Vec::new(),
        }
    }

    pub(super) fn cut(&mut self, ways: &[(usize, usize)]) {
        for way in ways {
            *self.cuts.entry(*way).or_default() += 1;
        }
    }

    pub(super) fn mend(&mut self, ways: &[(usize, usize)]) {
        for way in ways {
            if let Some(times) = self.cuts.get_mut(way) {
                *times = times.saturating_sub(1);
            }
        }
    }

    pub(super) fn lose(&mut self, loss: u64, ways: &[(usize, usize)]) {
        self.loss.push((loss, ways.to_vec()));
    }

    pub(super) fn keep(&mut self, loss: u64, ways: &[(usize, usize)]) {
        remove(&mut self.loss, loss, ways);
    }

    pub(super) fn slow(&mut self, delay: u64, ways: &[(usize, usize)]) {
        self.delay.push((delay, ways.to_vec()));
    }

    pub(super) fn hurry(&mut self, delay: u64, ways: &[(usize, usize)]) {
        remove(&mut self.delay, delay, ways);
    }

    /// All as at the beginning.
    pub(super) fn heal(&mut self) {
        *self = Ways::new(self.network);
    }

    pub(super) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.get(&(from, to)).is_some_and(|times| *times > 0)
    }

    /// Whether nothing passes, whatever the reason.
    pub(super) fn is_dead(&self, from: usize, to: usize) -> bool {
        const ALL: u64 = 1_000;
        let mut lossy = self.loss.iter();
        self.is_cut(from, to)
            || self.network.loss >= ALL
            || lossy.any(|(loss, ways)| *loss >= ALL && ways.contains(&(from, to)))
    }

    /// How long a datagram takes; nothing: it is lost.
    fn takes(&self, rng: &mut Rng, from: usize, to: usize) -> Option<u64> {
        if from == to {
            return Some(rng.between(5_000, 50_000));
        }
        let on = |list: &[(u64, Vec<(usize, usize)>)]| -> Vec<u64> {
            let here = list.iter().filter(|(_, ways)| ways.contains(&(from, to)));
            here.map(|(value, _)| *value).collect()
        };
        let loss = on(&self.loss).into_iter().chain([self.network.loss]).max();
        let lost = rng.per_mille(loss.unwrap_or(0));
        if self.is_cut(from, to) || lost {
            return None;
        }
        let jitter = rng.between(0, self.network.jitter);
        let more: u64 = on(&self.delay).into_iter().sum();
        Some(self.network.delay + jitter + more)
    }
}

fn remove(list: &mut Vec<(u64, Vec<(usize, usize)>)>, value: u64, ways: &[(usize, usize)]) {
    if let Some(at) = list.iter().position(|(v, w)| *v == value && w == ways) {
        list.remove(at);
    }
}

pub(super) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl World<'_> {
    /// Which host is asked at an address.
    fn host_at(&self, asker: usize, ip: IpAddr) -> Option<usize> {
        if ip.is_loopback() {
            return Some(asker);
        }
        let mut hosts = self.hosts.iter();
        hosts.position(|host| host.addresses.contains(&ip))
    }

    pub(super) fn failsh_port(&self, host: usize) -> u16 {
        let life = self.hosts[host].failsh_life % 20_000;
        FAILSH_PORT + u16::try_from(life).unwrap_or(0)
    }

    /// Sends a datagram from a port of a host, which goes out by the address that fits.
    pub(super) fn send(&mut self, from: usize, port: u16, target: SocketAddr, bytes: Vec<u8>) {
        let Some(to) = self.host_at(from, target.ip()) else {
            return;
        };
        let source = if target.ip().is_loopback() {
            loopback(port)
        } else {
            let mut own = self.hosts[from].addresses.iter();
            let fits = own.find(|ip| ip.is_ipv4() == target.is_ipv4());
            match fits {
                Some(ip) => SocketAddr::new(*ip, port),
                None => return,
            }
        };
        let Some(takes) = self.ways.takes(&mut self.rng, from, to) else {
            return;
        };
        let datagram = Datagram {
            to,
            source,
            target,
            bytes,
        };
        self.later(takes, super::Event::Arrive(datagram));
    }

    pub(super) fn arrive(&mut self, datagram: Datagram) {
        let (host, from) = (datagram.to, datagram.source);
        if !self.hosts[host].up {
            return;
        }
        let (port, bytes) = (datagram.target.port(), datagram.bytes);
        if port == CLERK_PORT {
            self.requests += 1;
            let (id, key) = (self.requests, self.key.clone());
            if let Heard::Next(next) = self.hosts[host].clerk.hear(id, &key, &bytes) {
                self.send(host, CLERK_PORT, loopback(FAILD_PORT), next);
            }
        } else if port >= FAILSH_PORT {
            if port == self.failsh_port(host) {
                let input = fail_core::plan::In::Datagram { from, bytes };
                self.turn_plan(host, Some(input));
            }
        } else {
            let from = Peer {
                addr: from,
                local: Some(datagram.target),
                stream: None,
            };
            let input = fail_core::node::In::Datagram { from, bytes };
            self.turn_node(host, Some(input));
        }
    }

    /// Somebody types failc on a host.
    pub(super) fn type_failc(
        &mut self,
        host: usize,
        name: &fail_wire::Name,
        verb: fail_sim::client::Verb,
    ) {
        if !self.hosts[host].up {
            return;
        }
        self.requests += 1;
        let (id, key) = (self.requests, self.key.clone());
        let bytes = self.hosts[host].clerk.ask(id, &key, name, verb);
        self.send(host, CLERK_PORT, loopback(FAILD_PORT), bytes);
    }
}
