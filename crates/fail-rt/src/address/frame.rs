//! Ethernet frames by which neighbours are asked and told, as bytes. Nothing is sent here.
//!
//! What comes in is from anybody: a frame that is too short or odd says nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A hardware address of Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mac(pub [u8; 6]);

/// Everybody.
const BROADCAST: Mac = Mac([0xff; 6]);
/// Nobody, where ARP wants an address that is not known.
const NOBODY: Mac = Mac([0; 6]);
/// All nodes of a link, ff02::1, on Ethernet.
const ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);

/// Ethernet's numbers for what is inside a frame.
pub(super) const ARP: u16 = 0x0806;
pub(super) const IPV6: u16 = 0x86dd;

const REQUEST: u16 = 1;
const REPLY: u16 = 2;

pub(super) const ICMPV6: u8 = 58;
pub(super) const SOLICITATION: u8 = 135;
pub(super) const ADVERTISEMENT: u8 = 136;
/// A packet with less has come through a router, so it is not a neighbour's.
pub(super) const HOP_LIMIT: u8 = 255;

/// An advertisement: I am a router.
const ROUTER: u8 = 0x80;
/// An advertisement: forget what you knew.
const OVERRIDE: u8 = 0x20;

/// An option of an advertisement: the hardware address.
const TARGET_ADDRESS: u8 = 2;

/// What a frame says about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Who sent it has the address.
    Owner(Mac),
    /// Who sent it would like to have it, and asks, as we do.
    Asker(Mac),
}

/// Which frames are about addresses of this family.
pub(super) fn protocol(ip: IpAddr) -> u16 {
    if ip.is_ipv4() { ARP } else { IPV6 }
}

/// What an announcement consists of. For IPv4 it is said in both ways that are in use: RFC
/// 5227 wants the request, and there is equipment that only believes a reply.
pub(super) fn announcement(mac: Mac, ip: IpAddr, router: bool) -> Vec<Vec<u8>> {
    match ip {
        IpAddr::V4(ip) => vec![
            arp(REQUEST, mac, ip, NOBODY, ip),
            arp(REPLY, mac, ip, mac, ip),
        ],
        IpAddr::V6(ip) => {
            let flags = OVERRIDE | if router { ROUTER } else { 0 };
            let mut body = vec![ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0];
            body.extend(ip.octets());
            body.extend([TARGET_ADDRESS, 1]);
            body.extend(mac.0);
            let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
            vec![icmpv6(mac, ALL_NODES, ip, all_nodes, body)]
        }
    }
}

/// The question who has an address, of somebody who does not have it yet.
pub(super) fn question(mac: Mac, ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => arp(REQUEST, mac, Ipv4Addr::UNSPECIFIED, NOBODY, ip),
        IpAddr::V6(ip) => {
            let mut body = vec![SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
            body.extend(ip.octets());
            let [.., x, y, z] = ip.octets();
            let (xx, yz) = (0xff00 | u16::from(x), u16::from_be_bytes([y, z]));
            let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, xx, yz);
            icmpv6(mac, group_mac(ip), Ipv6Addr::UNSPECIFIED, group, body)
        }
    }
}

/// Where solicitations for an address go to: the others' as well.
pub(super) fn group_mac(ip: Ipv6Addr) -> Mac {
    let [.., x, y, z] = ip.octets();
    Mac([0x33, 0x33, 0xff, x, y, z])
}

/// Which address a frame says something about, and what; nothing, if it is about none.
pub(super) fn heard(frame: &[u8]) -> Option<(IpAddr, Heard)> {
    let (_, rest) = frame.split_at_checked(6)?;
    let (from, rest) = take::<6>(rest)?;
    let (inside, rest) = take::<2>(rest)?;
    match u16::from_be_bytes(inside) {
        ARP => heard_arp(rest),
        IPV6 => heard_icmpv6(Mac(from), rest),
        _ => None,
    }
}

fn heard_arp(packet: &[u8]) -> Option<(IpAddr, Heard)> {
    let (head, rest) = take::<8>(packet)?;
    let [0, 1, 8, 0, 6, 4, 0, operation] = head else {
        return None;
    };
    let (sender, rest) = take::<6>(rest)?;
    let (sender_ip, rest) = take::<4>(rest)?;
    let (_, rest) = take::<6>(rest)?;
    let (target_ip, _) = take::<4>(rest)?;
    match Ipv4Addr::from(sender_ip) {
        Ipv4Addr::UNSPECIFIED if operation == 1 => {
            Some((Ipv4Addr::from(target_ip).into(), Heard::Asker(Mac(sender))))
        }
        from => Some((from.into(), Heard::Owner(Mac(sender)))),
    }
}

fn heard_icmpv6(from: Mac, packet: &[u8]) -> Option<(IpAddr, Heard)> {
    let (head, rest) = take::<8>(packet)?;
    let (source, rest) = take::<16>(rest)?;
    let (_, body) = take::<16>(rest)?;
    let (kind, rest) = take::<8>(body)?;
    let (target, options) = take::<16>(rest)?;
    if head[6] != ICMPV6 || head[7] != HOP_LIMIT || kind[1] != 0 {
        return None;
    }
    let (source, target) = (Ipv6Addr::from(source), Ipv6Addr::from(target));
    match kind[0] {
        ADVERTISEMENT => {
            let told = options.strip_prefix(&[TARGET_ADDRESS, 1]);
            let told = told.and_then(take::<6>).map(|(mac, _)| Mac(mac));
            Some((target.into(), Heard::Owner(told.unwrap_or(from))))
        }
        SOLICITATION if source.is_unspecified() => Some((target.into(), Heard::Asker(from))),
        SOLICITATION => Some((source.into(), Heard::Owner(from))),
        _ => None,
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    Some((*first, rest))
}

fn ethernet(to: Mac, from: Mac, inside: u16) -> Vec<u8> {
    [&to.0[..], &from.0, &inside.to_be_bytes()].concat()
}

fn arp(operation: u16, mac: Mac, ip: Ipv4Addr, target_mac: Mac, target: Ipv4Addr) -> Vec<u8> {
    let mut frame = ethernet(BROADCAST, mac, ARP);
    // Ethernet and IPv4, with addresses of 6 and 4 bytes.
    frame.extend([0, 1, 8, 0, 6, 4]);
    frame.extend(operation.to_be_bytes());
    frame.extend(mac.0);
    frame.extend(ip.octets());
    frame.extend(target_mac.0);
    frame.extend(target.octets());
    frame
}

fn icmpv6(mac: Mac, to_mac: Mac, from: Ipv6Addr, to: Ipv6Addr, mut body: Vec<u8>) -> Vec<u8> {
    // The longest body here has 32 bytes.
    let length = (body.len() as u16).to_be_bytes();
    let pseudo = [
        &from.octets()[..],
        &to.octets(),
        &[0, 0],
        &length,
        &[0, 0, 0, ICMPV6],
    ]
    .concat();
    let sum = checksum(&[pseudo, body.clone()].concat());
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut frame = ethernet(to_mac, mac, IPV6);
    frame.extend([0x60, 0, 0, 0]);
    frame.extend(length);
    frame.extend([ICMPV6, HOP_LIMIT]);
    frame.extend(from.octets());
    frame.extend(to.octets());
    frame.extend(body);
    frame
}

/// The sum of RFC 1071, over an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn hex(frame: &[u8]) -> String {
        frame.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn an_ipv4_address_is_announced_in_both_ways() {
        let ip = "192.0.2.10".parse().unwrap();
        let frames = announcement(OURS, ip, true);
        assert_eq!(
            frames.iter().map(|frame| hex(frame)).collect::<Vec<_>>(),
            [
                "ffffffffffff0200000000010806\
                 0001080006040001020000000001c000020a000000000000c000020a",
                "ffffffffffff0200000000010806\
                 0001080006040002020000000001c000020a020000000001c000020a",
            ]
        );
        for frame in frames {
            assert_eq!(heard(&frame), Some((ip, Heard::Owner(OURS))));
        }
    }

    #[test]
    fn an_ipv6_address_is_announced_to_all_nodes() {
        let ip = "2001:db8::a".parse().unwrap();
        let [frame] = &announcement(OURS, ip, false)[..] else {
            panic!("not one frame");
        };
        // The sum was calculated by another program (Python, RFC 1071 by the letter).
        assert_eq!(
            hex(frame),
            "33330000000102000000000186dd\
             6000000000203aff20010db800000000000000000000000aff020000000000000000000000000001\
             8800f9182000000020010db800000000000000000000000a0201020000000001"
        );
        assert_eq!(heard(frame), Some((ip, Heard::Owner(OURS))));
        let router = &announcement(OURS, ip, true)[0];
        assert_eq!(router[58], ROUTER | OVERRIDE);
    }

    #[test]
    fn a_question_is_of_somebody_without_an_address() {
        let ip = "192.0.2.10".parse().unwrap();
        let frame = question(OURS, ip);
        assert_eq!(
            hex(&frame),
            "ffffffffffff0200000000010806\
             000108000604000102000000000100000000000000000000c000020a"
        );
        assert_eq!(heard(&frame), Some((ip, Heard::Asker(OURS))));
        let ip = "2001:db8::1:2:3a4".parse().unwrap();
        let frame = question(OURS, ip);
        assert_eq!(
            hex(&frame[..54]),
            "3333ff0203a402000000000186dd\
             6000000000183aff00000000000000000000000000000000ff0200000000000000000001ff0203a4"
        );
        assert_eq!(heard(&frame), Some((ip, Heard::Asker(OURS))));
    }

    #[test]
    fn a_solicitation_from_the_address_itself_shows_who_has_it() {
        let ip: Ipv6Addr = "2001:db8::a".parse().unwrap();
        let mut frame = question(OURS, "2001:db8::b".parse().unwrap());
        frame[22..38].copy_from_slice(&ip.octets());
        assert_eq!(heard(&frame), Some((ip.into(), Heard::Owner(OURS))));
    }

    #[test]
    fn a_frame_that_is_cut_or_odd_says_nothing() {
        for ip in ["192.0.2.10", "2001:db8::a"].map(|ip| ip.parse().unwrap()) {
            for frame in [announcement(OURS, ip, false)[0].clone(), question(OURS, ip)] {
                let least = if ip.is_ipv4() { 42 } else { 78 };
                for length in 0..least {
                    assert_eq!(heard(&frame[..length]), None, "{length} bytes");
                }
                for at in 12..18 {
                    let mut odd = frame.clone();
                    odd[at] ^= 0xff;
                    // What is changed may be the length of an IPv6 packet: that says nothing.
                    let said = heard(&odd);
                    assert!(
                        said.is_none() || ip.is_ipv6() && at > 13,
                        "byte {at}: {said:?}"
                    );
                }
            }
        }
        let ip = "2001:db8::a".parse().unwrap();
        let mut routed = announcement(OURS, ip, false).remove(0);
        routed[21] = 254;
        assert_eq!(heard(&routed), None, "it came through a router");
    }
}
