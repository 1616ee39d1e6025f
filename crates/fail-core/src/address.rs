//! Orders about addresses as plain values: what a script asks for by `failover::ip`, what
//! the engine's worker does with netlink and a packet socket. Nothing is done here.
//!
//! [`AddressOrder::parse`] reads the words of a script, such as `add 192.0.2.10/24 eth0 -probe
//! 300ms`. What it lets through makes sense by itself; whether the device exists is found out
//! by whoever does it. Errors are sentences, with the words of Tcl's `errorCode` beside them.

use std::net::IpAddr;

use crate::time::Span;

mod parse;

/// How long an address that is about to be added is asked for. Neighbours on a LAN answer
/// within a millisecond; three questions in this time outlive the loss of two.
pub const PROBE_DEFAULT: Span = Span::from_millis(300);

/// The longest that is asked: beyond it is a typing error, such as `300` for `300ms`.
pub const PROBE_MAX: Span = Span::from_secs(10);

/// How often the neighbours are told, unless the script says otherwise. With the spacing
/// below this lasts two seconds, in which a port of a switch that was just plugged, or a
/// neighbour that is busy, gets a second chance.
pub const ANNOUNCE_DEFAULT: u32 = 5;

/// The most that they are told by one order.
pub const ANNOUNCE_MAX: u32 = 100;

/// How far apart.
pub const SPACING_DEFAULT: Span = Span::from_millis(500);

/// The shortest and the longest spacing.
pub const SPACING: [Span; 2] = [Span::from_millis(10), Span::from_secs(60)];

/// The most addresses in one order: a service of more than that is several.
pub const ADDRESSES_MAX: usize = 256;

/// Something to be done with addresses of this host: with all of them or, if that goes wrong,
/// as far as possible with none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressOrder {
    /// Put them on a device. One that is there already is no error.
    Add {
        /// Which.
        nets: Vec<AddressNet>,
        /// Where.
        device: String,
        /// A name for those of IPv4, such as `eth0:web`.
        label: Option<String>,
        /// Ask first whether somebody else answers for them, for so long; nothing: do not ask.
        probe: Option<Span>,
        /// Whoever answers for them, and whether the device is up or not.
        force: bool,
        /// Tell the neighbours.
        announce: Announce,
    },
    /// Take them away. One that is not there is no error.
    Del {
        /// Which, and where.
        at: AddressOn,
    },
    /// Tell the neighbours that they are here.
    Announce {
        /// Which, and where.
        at: AddressOn,
        /// How often.
        announce: Announce,
    },
    /// Whether all of them are on the device, or on any: `1` or `0`.
    Has {
        /// Which.
        ips: Vec<IpAddr>,
        /// Where.
        device: Option<String>,
    },
    /// Who else answers for one of them: a hardware address, or nothing.
    Probe {
        /// Which, and where.
        at: AddressOn,
        /// How long to wait for an answer.
        wait: Span,
    },
    /// The addresses of a device, or of all: a line for each, its fields separated by tabs.
    List {
        /// The device.
        device: Option<String>,
    },
    /// Whether a device works: `up`, `nocarrier` or `down`.
    Link {
        /// The device.
        device: String,
    },
}

/// An address and its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressNet {
    /// The address.
    pub ip: IpAddr,
    /// How many bits name the network.
    pub prefix: u8,
}

/// Addresses and the device they are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressOn {
    /// The addresses.
    pub ips: Vec<IpAddr>,
    /// The device, such as `eth0`.
    pub device: String,
}

/// How the neighbours are told where an address is. The first time is at once, and who asked
/// for it waits for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce {
    /// How often. Zero: not at all.
    pub times: u32,
    /// How far apart.
    pub spacing: Span,
}

impl Default for Announce {
    fn default() -> Announce {
        Announce {
            times: ANNOUNCE_DEFAULT,
            spacing: SPACING_DEFAULT,
        }
    }
}

/// Why something was not done with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    /// One sentence.
    pub message: String,
    /// Tcl's `errorCode`, such as `FAIL ADDRESS NODEV eth9`.
    pub code: Vec<String>,
}

impl AddressError {
    /// An error whose code is `FAIL ADDRESS` and these words.
    pub fn new(code: &[&str], message: impl Into<String>) -> AddressError {
        let code = ["FAIL", "ADDRESS"].iter().chain(code);
        AddressError {
            message: message.into(),
            code: code.map(|word| (*word).to_string()).collect(),
        }
    }
}
