//! Devices and addresses as the kernel has them, and how it is made to have others.
//!
//! The numbers that are written out are those of `linux/if_addr.h` and `linux/if_link.h`,
//! where the C library has no name for them.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::frame::Mac;
use super::netlink::{Netlink, Refused, attribute, put, text_of, u16_at, u32_at};

/// Attributes of a device.
const LINK_ADDRESS: u16 = 1;
const LINK_NAME: u16 = 3;
/// What is wanted of devices, and that their counters are not.
const LINK_MASK: u16 = 29;
const WITHOUT_COUNTERS: u32 = 1 << 3;

/// Attributes of an address.
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const LABEL: u16 = 3;
const BROADCAST: u16 = 4;
const FLAGS: u16 = 8;

const SECONDARY: u32 = 0x01;
const NO_DAD: u8 = 0x02;
const DAD_FAILED: u32 = 0x08;
const TENTATIVE: u32 = 0x40;

/// What flags are called by `ip address`. The first is only that of IPv4: IPv6 uses the bit
/// for addresses that come and go by themselves.
const FLAG_WORDS: [(u32, &str); 5] = [
    (SECONDARY, "secondary"),
    (TENTATIVE, "tentative"),
    (DAD_FAILED, "dadfailed"),
    (0x20, "deprecated"),
    (0x80, "permanent"),
];

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    flags: u32,
    hardware: u16,
    pub(super) mac: Option<Mac>,
}

impl Link {
    /// `up`, `nocarrier` or `down`.
    pub(super) fn state(&self) -> &'static str {
        let has = |flag: i32| self.flags & flag as u32 != 0;
        match (has(libc::IFF_UP), has(libc::IFF_LOWER_UP)) {
            (false, _) => "down",
            (true, false) => "nocarrier",
            (true, true) => "up",
        }
    }

    /// The hardware address by which neighbours know us; nothing where there is nobody who
    /// could be asked or told.
    pub(super) fn neighbourly(&self) -> Option<Mac> {
        let quiet = libc::IFF_LOOPBACK | libc::IFF_POINTOPOINT | libc::IFF_NOARP;
        let talks = self.flags & quiet as u32 == 0 && self.hardware == libc::ARPHRD_ETHER;
        self.mac.filter(|_| talks)
    }

    fn read(body: &[u8]) -> Option<Link> {
        let attributes = body.get(16..)?;
        let mac = attribute(attributes, LINK_ADDRESS);
        Some(Link {
            index: u32_at(body, 4)?,
            name: text_of(attribute(attributes, LINK_NAME)?),
            flags: u32_at(body, 8)?,
            hardware: u16_at(body, 2)?,
            mac: mac.and_then(|mac| mac.try_into().ok()).map(Mac),
        })
    }
}

/// An address on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) index: u32,
    pub(super) ip: IpAddr,
    pub(super) prefix: u8,
    pub(super) label: String,
    flags: u32,
    /// As the kernel told it, to give it back just so.
    body: Vec<u8>,
}

impl Held {
    /// Whether it can be used; not while the kernel looks for duplicates, nor when there is
    /// one.
    pub(super) fn usable(&self) -> bool {
        self.flags & (TENTATIVE | DAD_FAILED) == 0
    }

    pub(super) fn flag_words(&self) -> String {
        let from = usize::from(self.ip.is_ipv6());
        let set = FLAG_WORDS[from..]
            .iter()
            .filter(|(flag, _)| self.flags & flag != 0);
        set.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    }

    fn is_secondary(&self) -> bool {
        self.ip.is_ipv4() && self.flags & SECONDARY != 0
    }

    fn read(body: &[u8]) -> Option<Held> {
        let attributes = body.get(8..)?;
        let ip = attribute(attributes, LOCAL).or_else(|| attribute(attributes, ADDRESS))?;
        let ip = match i32::from(body[0]) {
            libc::AF_INET => Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?).into(),
            libc::AF_INET6 => Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).into(),
            _ => return None,
        };
        let flags = attribute(attributes, FLAGS).and_then(|flags| u32_at(flags, 0));
        Some(Held {
            index: u32_at(body, 4)?,
            ip,
            prefix: body[1],
            label: attribute(attributes, LABEL)
                .map(text_of)
                .unwrap_or_default(),
            flags: flags.unwrap_or_else(|| body[2].into()),
            body: body.to_vec(),
        })
    }
}

/// The kernel's end of the network.
pub(super) struct Kernel {
    netlink: Netlink,
}

impl Kernel {
    pub(super) fn open() -> io::Result<Kernel> {
        let netlink = Netlink::open()?;
        Ok(Kernel { netlink })
    }

    /// All devices.
    pub(super) fn links(&mut self) -> Result<Vec<Link>, Refused> {
        let mut body = vec![0; 16];
        put(&mut body, LINK_MASK, &WITHOUT_COUNTERS.to_ne_bytes());
        let links = self.netlink.list(libc::RTM_GETLINK, &body)?;
        let links = links.iter().filter(|(kind, _)| *kind == libc::RTM_NEWLINK);
        Ok(links.filter_map(|(_, body)| Link::read(body)).collect())
    }

    /// All addresses.
    pub(super) fn addresses(&mut self) -> Result<Vec<Held>, Refused> {
        let held = self.netlink.list(libc::RTM_GETADDR, &[0; 8])?;
        let held = held.iter().filter(|(kind, _)| *kind == libc::RTM_NEWADDR);
        Ok(held.filter_map(|(_, body)| Held::read(body)).collect())
    }

    /// Puts an address on a device. One that is there already is no error.
    pub(super) fn add(
        &mut self,
        link: &Link,
        ip: IpAddr,
        prefix: u8,
        label: Option<&str>,
    ) -> Result<(), Refused> {
        let (family, flags) = match ip {
            IpAddr::V4(_) => (libc::AF_INET, 0),
            // We have asked, or were told not to.
            IpAddr::V6(_) => (libc::AF_INET6, NO_DAD),
        };
        let mut body = vec![family as u8, prefix, flags, scope(ip)];
        body.extend(link.index.to_ne_bytes());
        match ip {
            IpAddr::V4(ip) => {
                put(&mut body, LOCAL, &ip.octets());
                put(&mut body, ADDRESS, &ip.octets());
                if let Some(broadcast) = broadcast(ip, prefix) {
                    put(&mut body, BROADCAST, &broadcast.octets());
                }
                let label = label.unwrap_or(&link.name);
                put(&mut body, LABEL, &[label.as_bytes(), &[0]].concat());
            }
            IpAddr::V6(ip) => put(&mut body, ADDRESS, &ip.octets()),
        }
        let new = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        match self.netlink.change(libc::RTM_NEWADDR, new, &body) {
            Err(e) if e.error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
            other => other,
        }
    }

    /// Takes an address off a device, whatever its prefix, and puts back what else the kernel
    /// removes with it: with the first IPv4 address of a network goes every other one of it.
    pub(super) fn del(&mut self, index: u32, ip: IpAddr) -> Result<(), Refused> {
        let before = self.addresses()?;
        let here = before.iter().filter(|held| held.index == index);
        let (wanted, others): (Vec<_>, Vec<_>) = here.partition(|held| held.ip == ip);
        for held in &wanted {
            self.remove(held)?;
        }
        let at_risk: Vec<_> = others
            .into_iter()
            .filter(|held| held.is_secondary())
            .collect();
        if wanted.is_empty() || at_risk.is_empty() {
            return Ok(());
        }
        let after = self.addresses()?;
        let after: BTreeSet<_> = after.iter().map(|h| (h.index, h.ip, h.prefix)).collect();
        for held in at_risk {
            if !after.contains(&(held.index, held.ip, held.prefix)) {
                let create = libc::NLM_F_CREATE;
                self.netlink.change(libc::RTM_NEWADDR, create, &held.body)?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, held: &Held) -> Result<(), Refused> {
        match self.netlink.change(libc::RTM_DELADDR, 0, &held.body) {
            Err(e)
                if [Some(libc::EADDRNOTAVAIL), Some(libc::ENODEV)]
                    .contains(&e.error.raw_os_error()) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

/// How far an address reaches, as `ip address add` would have it.
fn scope(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() => libc::RT_SCOPE_HOST,
        // The kernel knows by itself.
        _ => libc::RT_SCOPE_UNIVERSE,
    }
}

/// The last address of a network that has one to spare.
fn broadcast(ip: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    (prefix <= 30 && !ip.is_loopback()).then(|| Ipv4Addr::from(u32::from(ip) | hosts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broadcast_address_is_the_last_of_the_network() {
        let of = |prefix| broadcast("192.0.2.10".parse().unwrap(), prefix).map(|ip| ip.to_string());
        assert_eq!(of(24).as_deref(), Some("192.0.2.255"));
        assert_eq!(of(29).as_deref(), Some("192.0.2.15"));
        assert_eq!(of(1).as_deref(), Some("255.255.255.255"));
        assert_eq!(of(31), None);
        assert_eq!(of(32), None);
    }

    #[test]
    fn the_kernel_tells_of_loopback() {
        let mut kernel = Kernel::open().unwrap();
        let links = kernel.links().unwrap();
        let lo = links.iter().find(|link| link.name == "lo").unwrap();
        assert_eq!(lo.neighbourly(), None);
        let held = kernel.addresses().unwrap();
        // In a namespace of its own it may be down and without an address.
        let local = held.iter().find(|held| held.ip.is_loopback());
        assert!(local.is_none_or(|held| held.index == lo.index && held.usable()));
    }
}
