//! Errors as scripts see them: one sentence, and a code that can be tested.

use std::io;
use std::net::IpAddr;

use fail_core::address::AddressError;

use super::frame::Mac;
use super::netlink::Refused;
use crate::reason;

pub(super) fn no_device(name: &str) -> AddressError {
    AddressError::new(&["NODEV", name], format!("there is no device {name}"))
}

/// A device in this state serves nobody.
pub(super) fn useless(name: &str, state: &str) -> AddressError {
    let (code, words) = match state {
        "nocarrier" => ("NOCARRIER", "has no carrier"),
        _ => ("DOWN", "is down"),
    };
    AddressError::new(&[code, name], format!("the device {name} {words}"))
}

pub(super) fn other_prefix(ip: IpAddr, name: &str, there: u8) -> AddressError {
    let text = format!("{ip} is on {name} already, as {ip}/{there}: take that away first");
    AddressError::new(&["PREFIX", &ip.to_string(), name], text)
}

pub(super) fn not_there(ip: IpAddr, name: &str) -> AddressError {
    let text = format!("{ip} is not on {name}: nothing is announced");
    AddressError::new(&["NOTHERE", &ip.to_string(), name], text)
}

pub(super) fn taken(ip: IpAddr, name: &str, by: Mac) -> AddressError {
    let by = by.to_string();
    let text = format!("{ip} is in use on {name}: {by} answers for it");
    AddressError::new(&["TAKEN", &ip.to_string(), &by], text)
}

pub(super) fn about_to_be_taken(ip: IpAddr, name: &str, by: Mac) -> AddressError {
    let by = by.to_string();
    let text = format!("{ip} is about to be taken on {name}: {by} asks for it as well");
    AddressError::new(&["TAKEN", &ip.to_string(), &by], text)
}

pub(super) fn cancelled(name: &str) -> AddressError {
    let text = format!("an address was taken away from {name} while its neighbours were asked");
    AddressError::new(&["CANCELLED"], text)
}

/// The kernel refuses.
pub(super) fn kernel(doing: &str, device: &str, refused: &Refused) -> AddressError {
    if refused.error.raw_os_error() == Some(libc::ENODEV) {
        return no_device(device);
    }
    let error = system(doing, &refused.error, "CAP_NET_ADMIN");
    match refused.words.as_str() {
        "" => error,
        words => AddressError {
            message: format!("{} ({words})", error.message),
            ..error
        },
    }
}

/// A packet socket can not be had, or does not do it.
pub(super) fn packet(doing: &str, device: &str, error: &io::Error) -> AddressError {
    match error.raw_os_error() {
        Some(libc::ENETDOWN) => useless(device, "down"),
        Some(libc::ENODEV | libc::ENXIO) => no_device(device),
        _ => system(doing, error, "CAP_NET_RAW"),
    }
}

fn system(doing: &str, error: &io::Error, capability: &str) -> AddressError {
    if error.raw_os_error() == Some(libc::EPERM) {
        let text = format!("can not {doing}: failsh may not; it needs {capability}");
        return AddressError::new(&["PERM"], text);
    }
    let text = format!("can not {doing}: {}", reason::words(error));
    AddressError::new(&["SYSTEM", &reason::name(error)], text)
}
