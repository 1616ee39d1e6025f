//! `failover::ip` in a rehearsal: addresses that hosts have or have not.
//!
//! The sentences of errors are those of the engine's worker, `fail_rt::address`.

use std::net::IpAddr;

use fail_core::address::{AddressError, AddressOrder};
use fail_tcl::AskError;

use super::{Event, World};
use crate::report::Kind;
use crate::scenario::{Link, MS};

/// How long an order takes that asks nobody.
const QUICK: u64 = 2 * MS;

impl World<'_> {
    pub(super) fn order_address(&mut self, host: usize, by: (u64, u64), order: AddressOrder) {
        let (takes, result) = self.obey(host, &order);
        let result = result.map_err(|AddressError { message, code }| AskError { message, code });
        if let Err(error) = &result {
            let text = format!("failover::ip: {}", error.message);
            self.say(Some(host), Kind::Log, text);
        }
        let life = self.hosts[host].failsh_life;
        self.later(takes, Event::Answer(host, life, by, result));
    }

    fn obey(&mut self, host: usize, order: &AddressOrder) -> (u64, Result<String, AddressError>) {
        match order {
            AddressOrder::Add {
                nets,
                device,
                probe,
                force,
                ..
            } => {
                let ips: Vec<IpAddr> = nets.iter().map(|net| net.ip).collect();
                let link = self.link(host, device);
                if link != Link::Up && !force {
                    let words = match link {
                        Link::NoCarrier => "has no carrier",
                        _ => "is down",
                    };
                    let text = format!("the device {device} {words}");
                    return (QUICK, Err(AddressError::new(&["LINK", device], text)));
                }
                let asked = probe.map_or(0, |span| span.0);
                let other = ips
                    .iter()
                    .find_map(|ip| Some((ip, self.answers_for(host, *ip)?)));
                if let (Some((ip, other)), true, false) = (other, asked > 0, *force) {
                    let by = &self.hosts[other].name;
                    let text = format!("{ip} is in use on {device}: {by} answers for it");
                    let code = ["INUSE", &ip.to_string(), device];
                    return (QUICK, Err(AddressError::new(&code, text)));
                }
                for ip in ips {
                    self.begin_thing(host, &thing(ip), &format!("failover::ip on {device}"));
                }
                (asked + QUICK, Ok(String::new()))
            }
            AddressOrder::Del { at } => {
                for ip in &at.ips {
                    let why = format!("failover::ip on {}", at.device);
                    self.end_thing(host, &thing(*ip), &why);
                }
                (QUICK, Ok(String::new()))
            }
            AddressOrder::Announce { .. } => (QUICK, Ok(String::new())),
            AddressOrder::Has { ips, .. } => {
                let all = ips.iter().all(|ip| self.has(host, *ip));
                (QUICK, Ok(u8::from(all).to_string()))
            }
            AddressOrder::Probe { at, wait } => {
                let other = at.ips.iter().find_map(|ip| self.answers_for(host, *ip));
                match other {
                    // A made-up hardware address that names the host.
                    Some(other) => (QUICK, Ok(format!("02:00:00:00:00:{other:02x}"))),
                    None => (wait.0, Ok(String::new())),
                }
            }
            AddressOrder::List { device } => {
                let device = device.as_deref().unwrap_or("eth0");
                let things = self.hosts[host].things.iter();
                let lines = things.filter_map(|thing| {
                    let ip = thing.strip_prefix("address ")?;
                    Some(format!("{ip}/24\t{device}\t{device}\t"))
                });
                (QUICK, Ok(lines.collect::<Vec<_>>().join("\n")))
            }
            AddressOrder::Link { device } => {
                let link = self.link(host, device);
                (QUICK, Ok(link.word().to_string()))
            }
        }
    }

    fn link(&self, host: usize, device: &str) -> Link {
        let devices = &self.hosts[host].devices;
        devices.get(device).copied().unwrap_or(Link::Up)
    }

    fn has(&self, host: usize, ip: IpAddr) -> bool {
        self.hosts[host].things.contains(&thing(ip))
    }

    /// Who else answers for an address, as far as this host hears.
    fn answers_for(&self, host: usize, ip: IpAddr) -> Option<usize> {
        (0..self.hosts.len()).find(|other| {
            let heard = !self.ways.is_cut(host, *other) && !self.ways.is_cut(*other, host);
            let there = &self.hosts[*other];
            *other != host && heard && there.up && !there.frozen && self.has(*other, ip)
        })
    }
}

fn thing(ip: IpAddr) -> String {
    format!("address {ip}")
}
