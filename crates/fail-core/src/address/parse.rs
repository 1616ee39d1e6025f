//! From the words of a script to an order. Usage errors are those of Tcl, and name the
//! command of `failover::ip` by which the words have come.

use std::net::IpAddr;

use super::{
    ADDRESSES_MAX, ANNOUNCE_MAX, AddressError, AddressNet, AddressOn, AddressOrder, Announce,
    PROBE_DEFAULT, PROBE_MAX, SPACING,
};
use crate::time::Span;

/// Bytes in the name of a device or a label: one less than the kernel's `IFNAMSIZ`.
const DEVICE_BYTES_MAX: usize = 15;

type Parsed<T> = Result<T, AddressError>;

/// What can be ordered, how it is to be written, and who reads the rest of the words.
type Order = (
    &'static str,
    &'static str,
    fn(&mut Words<'_>) -> Parsed<AddressOrder>,
);

const ORDERS: [Order; 7] = [
    (
        "add",
        "addrs dev ?-label name? ?-probe time|no? ?-announce n? ?-spacing time? ?-force?",
        add,
    ),
    ("announce", "addrs dev ?-times n? ?-spacing time?", announce),
    ("del", "addrs dev", del),
    ("has", "addrs ?dev?", has),
    ("link", "dev", link),
    ("list", "?dev?", list),
    ("probe", "addrs dev ?-wait time?", probe),
];

impl AddressOrder {
    /// Reads an order.
    ///
    /// # Errors
    /// What is wrong with it, as Tcl would say it.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<AddressOrder, AddressError> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let Some((&name, rest)) = words.split_first() else {
            return Err(wrong_args("option ?arg ...?"));
        };
        let Some((word, usage, read)) = ORDERS.iter().find(|(word, ..)| *word == name) else {
            let known = ORDERS.map(|(word, ..)| word);
            return Err(bad("option", name, &known));
        };
        let mut words = Words { rest, word, usage };
        let order = read(&mut words)?;
        words.end()?;
        Ok(order)
    }
}

fn add(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let nets = addresses(words.next()?)?;
    let nets = nets.into_iter().map(|(ip, prefix)| {
        let full = if ip.is_ipv4() { 24 } else { 64 };
        let prefix = prefix.ok_or_else(|| {
            wrong(format!(
                "the address {ip} has no prefix length: write {ip}/{full}, say"
            ))
        })?;
        Ok(AddressNet { ip, prefix })
    });
    let nets: Vec<AddressNet> = nets.collect::<Parsed<_>>()?;
    let device = device(words.next()?)?;
    let (mut label, mut force, mut announce) = (None, false, Announce::default());
    let mut probe = Some(PROBE_DEFAULT);
    while let Some(option) = words.option() {
        match option {
            "-announce" => announce.times = times(option, words.next()?)?,
            "-force" => force = true,
            "-label" => label = Some(label_of(&nets, &device, words.next()?)?),
            "-probe" => {
                probe = match words.next()? {
                    "no" => None,
                    wait => Some(span(option, wait, [Span::from_millis(1), PROBE_MAX])?),
                }
            }
            "-spacing" => announce.spacing = span(option, words.next()?, SPACING)?,
            _ => {
                let known = ["-announce", "-force", "-label", "-probe", "-spacing"];
                return Err(bad("option", option, &known));
            }
        }
    }
    Ok(AddressOrder::Add {
        nets,
        device,
        label,
        probe: probe.filter(|_| !force),
        force,
        announce,
    })
}

fn announce(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let at = on(words)?;
    let mut announce = Announce::default();
    while let Some(option) = words.option() {
        match option {
            "-spacing" => announce.spacing = span(option, words.next()?, SPACING)?,
            "-times" => announce.times = times(option, words.next()?)?,
            _ => return Err(bad("option", option, &["-spacing", "-times"])),
        }
    }
    Ok(AddressOrder::Announce { at, announce })
}

fn del(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    on(words).map(|at| AddressOrder::Del { at })
}

fn has(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let ips = ips(words.next()?)?;
    let device = words.optional().map(device).transpose()?;
    Ok(AddressOrder::Has { ips, device })
}

fn link(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let device = device(words.next()?)?;
    Ok(AddressOrder::Link { device })
}

fn list(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let device = words.optional().map(device).transpose()?;
    Ok(AddressOrder::List { device })
}

fn probe(words: &mut Words<'_>) -> Parsed<AddressOrder> {
    let at = on(words)?;
    let mut wait = PROBE_DEFAULT;
    while let Some(option) = words.option() {
        match option {
            "-wait" => wait = span(option, words.next()?, [Span::from_millis(1), PROBE_MAX])?,
            _ => return Err(bad("option", option, &["-wait"])),
        }
    }
    Ok(AddressOrder::Probe { at, wait })
}

fn on(words: &mut Words<'_>) -> Parsed<AddressOn> {
    let ips = ips(words.next()?)?;
    let device = device(words.next()?)?;
    Ok(AddressOn { ips, device })
}

/// The words of an order that nobody has read yet.
struct Words<'a> {
    rest: &'a [&'a str],
    word: &'static str,
    usage: &'static str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Parsed<&'a str> {
        self.optional().ok_or_else(|| self.wrong_args())
    }

    fn optional(&mut self) -> Option<&'a str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn option(&mut self) -> Option<&'a str> {
        let option = self.rest.first().filter(|word| word.starts_with('-'));
        option.and_then(|_| self.optional())
    }

    fn end(&self) -> Parsed<()> {
        match self.rest {
            [] => Ok(()),
            _ => Err(self.wrong_args()),
        }
    }

    fn wrong_args(&self) -> AddressError {
        wrong_args(&format!("{} {}", self.word, self.usage))
    }
}

fn ips(list: &str) -> Parsed<Vec<IpAddr>> {
    Ok(addresses(list)?.into_iter().map(|(ip, _)| ip).collect())
}

/// A list of Tcl: no address has anything in it that would have to be quoted.
fn addresses(list: &str) -> Parsed<Vec<(IpAddr, Option<u8>)>> {
    let all = list.split_ascii_whitespace().map(address);
    let all: Vec<(IpAddr, Option<u8>)> = all.collect::<Parsed<_>>()?;
    match all.len() {
        0 => Err(wrong("expected an address but got none".to_string())),
        1..=ADDRESSES_MAX => Ok(all),
        more => Err(wrong(format!(
            "{more} addresses are too many: at most {ADDRESSES_MAX} at once"
        ))),
    }
}

fn address(text: &str) -> Parsed<(IpAddr, Option<u8>)> {
    let (ip, prefix) = match text.split_once('/') {
        Some((ip, prefix)) => (ip, Some(prefix)),
        None => (text, None),
    };
    let ip: IpAddr = ip
        .parse()
        .map_err(|_| wrong(format!("expected an address but got \"{text}\"")))?;
    let mapped = matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some());
    let everyone = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    if ip.is_unspecified() || ip.is_multicast() || mapped || everyone {
        return Err(wrong(format!("no host can have the address {ip}")));
    }
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let read = |prefix: &str| {
        let bits = prefix.parse::<u8>().ok();
        bits.filter(|bits| (1..=most).contains(bits))
            .ok_or_else(|| {
                wrong(format!(
                    "bad prefix length \"{prefix}\" in {text}: must be 1 to {most}"
                ))
            })
    };
    Ok((ip, prefix.map(read).transpose()?))
}

fn is_name(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    (1..=DEVICE_BYTES_MAX).contains(&text.len()) && !text.contains(odd)
}

fn device(text: &str) -> Parsed<String> {
    match is_name(text) && ![".", ".."].contains(&text) && !text.contains(':') {
        true => Ok(text.to_string()),
        false => Err(wrong(format!("bad name of a device \"{text}\""))),
    }
}

fn label_of(nets: &[AddressNet], device: &str, text: &str) -> Parsed<String> {
    if nets.iter().all(|net| net.ip.is_ipv6()) {
        return Err(wrong("only an IPv4 address has a label".to_string()));
    }
    let rest = text.strip_prefix(device);
    match rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) && is_name(text) {
        true => Ok(text.to_string()),
        false => Err(wrong(format!(
            "bad label \"{text}\": must be {device}:name, at most {DEVICE_BYTES_MAX} bytes"
        ))),
    }
}

fn times(option: &str, text: &str) -> Parsed<u32> {
    let times = text.parse::<u32>().ok();
    times.filter(|times| *times <= ANNOUNCE_MAX).ok_or_else(|| {
        wrong(format!(
            "bad value \"{text}\" for {option}: must be 0 to {ANNOUNCE_MAX}"
        ))
    })
}

fn span(option: &str, text: &str, [least, most]: [Span; 2]) -> Parsed<Span> {
    let span = Span::parse(text).filter(|span| (least..=most).contains(span));
    span.ok_or_else(|| {
        wrong(format!(
            "bad time \"{text}\" for {option}: must be {least} to {most}, such as 300ms"
        ))
    })
}

fn wrong(message: String) -> AddressError {
    AddressError::new(&["VALUE"], message)
}

fn wrong_args(usage: &str) -> AddressError {
    AddressError {
        message: format!("wrong # args: should be \"ip::{usage}\""),
        code: ["TCL", "WRONGARGS"].map(String::from).to_vec(),
    }
}

/// Tcl's own way to say that a word is none of these.
fn bad(kind: &str, word: &str, known: &[&str]) -> AddressError {
    let list = match known {
        [one] => (*one).to_string(),
        [one, two] => format!("{one} or {two}"),
        [all @ .., last] => format!("{}, or {last}", all.join(", ")),
        [] => String::new(),
    };
    AddressError {
        message: format!("bad {kind} \"{word}\": must be {list}"),
        code: ["TCL", "LOOKUP", "INDEX", kind, word]
            .map(String::from)
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AddressOrder, String> {
        let words: Vec<String> = text.split(' ').map(|word| word.replace('+', " ")).collect();
        AddressOrder::parse(&words).map_err(|error| error.message)
    }

    #[test]
    fn an_order_is_read_with_its_defaults_and_without() {
        let [v4, v6] = ["192.0.2.10", "2001:db8::1"].map(|ip| ip.parse().unwrap());
        let device = "eth0.7".to_string();
        let at = AddressOn {
            ips: vec![v4, v6],
            device: device.clone(),
        };
        let nets = [(v4, 24), (v6, 64)].map(|(ip, prefix)| AddressNet { ip, prefix });
        let (label, probe) = (None, Some(PROBE_DEFAULT));
        let mut expected = AddressOrder::Add {
            nets: nets.to_vec(),
            device,
            label,
            probe,
            force: false,
            announce: Announce::default(),
        };
        assert_eq!(
            parse("add 192.0.2.10/24+2001:db8::1/64 eth0.7"),
            Ok(expected.clone())
        );
        if let AddressOrder::Add {
            label,
            probe,
            force,
            announce,
            ..
        } = &mut expected
        {
            *label = Some("eth0.7:web".into());
            (*probe, *force) = (None, true);
            *announce = Announce {
                times: 2,
                spacing: Span::from_millis(50),
            };
        }
        let text = "add 192.0.2.10/24+2001:db8::1/64 eth0.7 -label eth0.7:web -probe 1s \
                    -announce 2 -spacing 50ms -force";
        assert_eq!(parse(text), Ok(expected));
        for text in [
            "del 192.0.2.10/24+2001:db8::1/64 eth0.7",
            "del 192.0.2.10+2001:db8::1 eth0.7",
        ] {
            assert_eq!(parse(text), Ok(AddressOrder::Del { at: at.clone() }));
        }
        let (ips, device) = (vec![v6], None);
        assert_eq!(
            parse("has 2001:db8::1"),
            Ok(AddressOrder::Has { ips, device })
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_as_tcl_would() {
        for (text, message) in [
            (
                "ad",
                "bad option \"ad\": must be add, announce, del, has, link, list, or probe",
            ),
            (
                "del 192.0.2.1",
                "wrong # args: should be \"ip::del addrs dev\"",
            ),
            (
                "list eth0 eth1",
                "wrong # args: should be \"ip::list ?dev?\"",
            ),
            (
                "add 192.0.2.10 eth0",
                "the address 192.0.2.10 has no prefix length: write 192.0.2.10/24, say",
            ),
            (
                "add 192.0.2.10/33 eth0",
                "bad prefix length \"33\" in 192.0.2.10/33: must be 1 to 32",
            ),
            ("has ", "expected an address but got none"),
            ("has 192.0.2", "expected an address but got \"192.0.2\""),
            ("has ff02::1", "no host can have the address ff02::1"),
            ("has 0.0.0.0", "no host can have the address 0.0.0.0"),
            ("link a/b", "bad name of a device \"a/b\""),
            (
                "link sixteen-bytes-ab",
                "bad name of a device \"sixteen-bytes-ab\"",
            ),
            (
                "probe 192.0.2.10 eth0 -wait 300",
                "bad time \"300\" for -wait: must be 1ms to 10s, such as 300ms",
            ),
            (
                "announce 192.0.2.10 eth0 -times 101",
                "bad value \"101\" for -times: must be 0 to 100",
            ),
            (
                "add 192.0.2.10/24 eth0 -lable x",
                "bad option \"-lable\": must be -announce, -force, -label, -probe, or -spacing",
            ),
            (
                "add 192.0.2.10/24 eth0 -label web",
                "bad label \"web\": must be eth0:name, at most 15 bytes",
            ),
            (
                "add 2001:db8::1/64 eth0 -label eth0:web",
                "only an IPv4 address has a label",
            ),
        ] {
            assert_eq!(parse(text), Err(message.to_string()), "{text}");
        }
        assert!(AddressOrder::parse::<&str>(&[]).is_err());
    }
}
