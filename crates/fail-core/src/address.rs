//! Orders about addresses as plain values: what a script asks for by `failover::ip`, what
//! the engine's worker does with netlink and a packet socket. Nothing is done here.

use std::net::IpAddr;

use crate::time::Span;

/// Something to be done with an address of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressOrder {
    /// Put it on a device.
    Add {
        /// Which, and where.
        at: AddressOn,
        /// A name for it, IPv4 only, such as `eth0:web`.
        label: Option<String>,
        /// Ask first whether somebody else answers for it, for so long; nothing: do not ask.
        probe: Option<Span>,
        /// Tell the neighbours so many times.
        announce: u32,
    },
    /// Take it away. One that is not there is no error.
    Del {
        /// Which, and where.
        at: AddressOn,
    },
    /// Tell the neighbours that it is here.
    Announce {
        /// Which, and where.
        at: AddressOn,
        /// How often.
        times: u32,
        /// How far apart.
        spacing: Span,
    },
    /// Whether it is on the device.
    Has {
        /// Which, and where.
        at: AddressOn,
    },
    /// Whether another host answers for it.
    Probe {
        /// Which, and where.
        at: AddressOn,
        /// How long to wait for an answer.
        wait: Span,
    },
    /// The addresses of a device, or of all.
    List {
        /// The device.
        device: Option<String>,
    },
}

/// An address and the device it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressOn {
    /// The address.
    pub ip: IpAddr,
    /// How many bits name the network.
    pub prefix: u8,
    /// The device, such as `eth0`.
    pub device: String,
}
