//! A line of a target to a check: what each module takes, and what it is without a word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use fail_core::policy::FAILD_PORT;
use fail_core::watch::Verdict;

use super::args::{Args, Paths, some};
use super::check::{Check, Family, Host, Http, Line, Protocol, Terms, Tls, When};
use super::lex::Word;
use super::limits::{DAY, SHORT};
use super::modules::{CHECK_KEYS, Module, modules};
use super::place::{Problem, Wrong, meant};
use super::settings::UNKNOWN;
use super::values::{host, host_name, list, name, number, time, url, word, yes};

/// More redirects go in a circle.
const FOLLOW_MAX: u32 = 10;

/// Echoes of one check: as many as come back within a few seconds.
const COUNT_MAX: u32 = 100;

/// Entries that may be asked for. More are not fetched for a check.
const ENTRIES_MAX: u32 = 1_000;

/// Certificates are given for less than that.
const DAYS_MAX: u32 = 10_000;

/// Types of records that can be asked for.
const TYPES: [&str; 10] = [
    "A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "SRV", "PTR", "CAA",
];

/// Codes of answers of name servers.
const CODES: [&str; 6] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
];

/// The module of this name.
pub(crate) fn module(name: &str) -> Option<&'static Module> {
    modules().iter().find(|module| module.name == name)
}

/// Reads a line whose first word is the name of a module.
pub(crate) fn check(words: &[Word], paths: Paths) -> Result<Line, Wrong> {
    let Some((head, words)) = words.split_first() else {
        return Err((Default::default(), "there is no check".to_string()));
    };
    let Some(module) = module(&head.text) else {
        let near = meant(&head.text, modules().iter().map(|module| module.name));
        return Err(head.wrong(format!("there is no module {}{near}", head.shown())));
    };
    let args = Args::new(module, CHECK_KEYS, head, words, paths)?;
    let terms = terms(&args)?;
    let check = match module.name {
        "tcp" => tcp(&args)?,
        "http" => Check::Http(Box::new(http(&args)?)),
        "dns" => dns(&args)?,
        "smtp" => mail(&args, Protocol::Smtp, 25, 465)?,
        "imap" => mail(&args, Protocol::Imap, 143, 993)?,
        "pop" => mail(&args, Protocol::Pop, 110, 995)?,
        "ldap" => ldap(&args)?,
        "icmp" => Check::Icmp {
            host: read(args.only()?, host_name)?,
            count: args
                .read("count", |t| number(t, 1, COUNT_MAX))?
                .unwrap_or(3),
            loss: args.read("loss", percent)?.unwrap_or(99),
        },
        "ntp" => Check::Ntp {
            host: read(args.only()?, |text| host(text, Some(123)))?,
            offset: args.read("offset", |t| time(t, SHORT, DAY))?,
            // Within 255, since it is within 15.
            stratum: args.read("stratum", |t| number(t, 1, 15))?.unwrap_or(15) as u8,
        },
        "exec" => Check::Exec(args.command()?),
        "nagios" => Check::Nagios(args.command()?),
        "tcl" => {
            let (file, words) = tcl(&args)?;
            Check::Tcl { file, words }
        }
        _ => Check::Faild {
            service: read(args.only()?, name)?,
            host: faild(&args)?,
            community: path(&args, "community")?,
            states: args
                .read("state", |text| list(text, state))?
                .unwrap_or(vec![fail_wire::State::Up]),
        },
    };
    one_family(&args, terms.family, &check)?;
    Ok(Line {
        check,
        terms,
        shown: args.shown,
        public: args.public,
        hidden: args.hidden,
    })
}

/// An address is of the family that is asked for.
fn one_family(args: &Args, family: Family, check: &Check) -> Result<(), Wrong> {
    let name = check.host().unwrap_or_default();
    let address = name.split('%').next().unwrap_or_default();
    match (family, address.parse()) {
        (Family::V4, Ok(IpAddr::V6(ip))) => {
            args.refuse(&["family"], &format!("is 4, and {ip} is of IPv6"))
        }
        (Family::V6, Ok(IpAddr::V4(ip))) => {
            args.refuse(&["family"], &format!("is 6, and {ip} is of IPv4"))
        }
        _ => Ok(()),
    }
}

/// The value of a word.
pub(crate) fn read<T>(word: &Word, read: impl Fn(&str) -> Result<T, Problem>) -> Result<T, Wrong> {
    read(&word.text).map_err(|problem| word.wrong(problem))
}

pub(crate) fn path(args: &Args, key: &str) -> Result<Option<PathBuf>, Wrong> {
    Ok(args.text(key)?.map(PathBuf::from))
}

/// Which faild is asked.
pub(crate) fn faild(args: &Args) -> Result<Host, Wrong> {
    let said = args.read("host", |text| host(text, Some(FAILD_PORT)))?;
    Ok(said.unwrap_or_else(|| Host {
        name: "127.0.0.1".to_string(),
        port: FAILD_PORT,
    }))
}

/// File, procedure and words.
pub(crate) fn tcl(args: &Args) -> Result<(PathBuf, Vec<String>), Wrong> {
    let words = args.all(2)?;
    let rest = words[1..].iter().map(|word| word.text.clone());
    Ok((PathBuf::from(&words[0].text), rest.collect()))
}

fn terms(args: &Args) -> Result<Terms, Wrong> {
    let span = |key| args.read(key, |text| time(text, SHORT, DAY));
    let families = [("4", Family::V4), ("6", Family::V6)];
    let terms = Terms {
        timeout: span("timeout")?,
        within: span("within")?,
        slow: span("slow")?,
        family: args
            .read("family", |text| word(text, &families))?
            .unwrap_or_default(),
        unknown: args
            .read("unknown", |text| word(text, &UNKNOWN))?
            .unwrap_or(Verdict::Unknown),
    };
    match (terms.slow, terms.within) {
        (Some(slow), Some(within)) if slow >= within => {
            args.refuse(&["slow"], &format!("is not less than within, {within}"))?;
        }
        _ => {}
    }
    Ok(terms)
}

/// The keys of certificates.
pub(crate) const TLS_KEYS: [&str; 4] = ["days", "ca", "verify", "sni"];

/// How it is encrypted, if it is.
pub(crate) fn encryption(args: &Args) -> Result<Tls, Wrong> {
    let tls = Tls {
        days: args.read("days", |text| number(text, 0, DAYS_MAX))?,
        ca: path(args, "ca")?,
        verify: args.read("verify", yes)?.unwrap_or(true),
        name: args.read("sni", host_name)?,
    };
    if !tls.verify {
        args.refuse(&["ca"], "has no meaning with verify=no")?;
    }
    Ok(tls)
}

fn tcp(args: &Args) -> Result<Check, Wrong> {
    let tls = match args.read("tls", yes)? {
        Some(true) => Some(encryption(args)?),
        _ => {
            args.refuse(&TLS_KEYS, "has a meaning only with tls=yes")?;
            None
        }
    };
    Ok(Check::Tcp {
        host: read(args.only()?, |text| host(text, None))?,
        send: args.text("send")?,
        expect: args.text("expect")?,
        tls,
    })
}

fn http(args: &Args) -> Result<Http, Wrong> {
    let word = args.only()?;
    let scheme = read(word, |text| url(text, &["http", "https"]))?;
    let follow = args
        .read("follow", |text| number(text, 0, FOLLOW_MAX))?
        .unwrap_or(0);
    if scheme == "http" && follow == 0 {
        args.refuse(&TLS_KEYS, "has a meaning only with https")?;
    }
    let default = if scheme == "https" { 443 } else { 80 };
    Ok(Http {
        url: word.text.clone(),
        via: args.read("via", |text| host(text, Some(default)))?,
        method: args
            .read("method", method)?
            .unwrap_or_else(|| "GET".to_string()),
        headers: args.read_all("header", header)?,
        body: args.text("body")?,
        auth: path(args, "auth")?,
        status: args
            .read("status", |text| list(text, status))?
            .unwrap_or(vec![(200, 399)]),
        matches: args.texts("match")?,
        no_matches: args.texts("nomatch")?,
        follow,
        tls: encryption(args)?,
    })
}

fn method(text: &str) -> Result<String, Problem> {
    match (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()) {
        true => Ok(text.to_string()),
        false => Err(format!(
            "{} is no method, such as HEAD",
            super::place::shown(text)
        )),
    }
}

pub(super) fn header(text: &str) -> Result<(String, String), Problem> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let parts = text
        .split_once(':')
        .map(|(name, value)| (name, value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() && name.bytes().all(token) => {
            Ok((name.to_string(), value.to_string()))
        }
        // It may be a key, and is not shown: a broken line is read by more people than the file.
        _ => Err("a header is \"Name: value\"".to_string()),
    }
}

/// One code, or from one to another.
fn status(text: &str) -> Result<(u16, u16), Problem> {
    // Within 599 each.
    let code = |text| number(text, 100, 599).map(|code| code as u16);
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (code(from)?, code(to)?);
    match from <= to {
        true => Ok((from, to)),
        false => Err(format!("{from}-{to} has nothing in it")),
    }
}

/// One of these words, in capitals or not.
fn capitals(text: &str, known: &[&'static str]) -> Result<String, Problem> {
    let pairs: Vec<(&'static str, &str)> = known.iter().map(|word| (*word, *word)).collect();
    match known.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        Some(word) => Ok(word.to_string()),
        None => word(text, &pairs).map(str::to_string),
    }
}

fn dns(args: &Args) -> Result<Check, Wrong> {
    let server = args.read("server", |text| host(text, Some(53)))?;
    let kind = args.read("type", |t| capitals(t, &TYPES))?;
    let kind = kind.unwrap_or_else(|| "A".to_string());
    Ok(Check::Dns {
        name: read(args.only()?, domain)?,
        // It is there: the table says `Times::Once`.
        server: server.unwrap_or_else(|| Host {
            name: "127.0.0.1".to_string(),
            port: 53,
        }),
        expect: args
            .read("expect", |text| list(text, |one| answer(one, &kind)))?
            .unwrap_or_default(),
        kind,
        code: args
            .read("code", |t| capitals(t, &CODES))?
            .unwrap_or_else(|| "NOERROR".to_string()),
        tcp: args.read("tcp", yes)?.unwrap_or(false),
    })
}

/// An answer as it can come for this type.
fn answer(text: &str, kind: &str) -> Result<String, Problem> {
    let good = match kind {
        "A" => text.parse::<Ipv4Addr>().is_ok(),
        "AAAA" => text.parse::<Ipv6Addr>().is_ok(),
        _ => return some(text),
    };
    let family = if kind == "A" { 4 } else { 6 };
    match good {
        true => Ok(text.to_string()),
        false => Err(format!(
            "{} is no address of IPv{family}, as answers of type {kind} are",
            super::place::shown(text)
        )),
    }
}

/// A name that can be looked up; that of the root is a dot.
fn domain(text: &str) -> Result<String, Problem> {
    let labels = text.strip_suffix('.').unwrap_or(text).split('.');
    let good = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_graphic())
    };
    let address = text.contains(':') && host_name(text).is_ok();
    match text == "." || address || text.len() <= 254 && labels.into_iter().all(good) {
        true => Ok(text.to_string()),
        false => Err(format!(
            "{} is no name that can be looked up",
            super::place::shown(text)
        )),
    }
}

fn mail(args: &Args, protocol: Protocol, plain: u16, first: u16) -> Result<Check, Wrong> {
    let whens = [
        ("no", When::Never),
        ("starttls", When::Asked),
        ("yes", When::First),
    ];
    let when = args
        .read("tls", |text| word(text, &whens))?
        .unwrap_or(When::Never);
    if when == When::Never {
        args.refuse(&TLS_KEYS, "has a meaning only with tls=yes or tls=starttls")?;
    }
    let port = if when == When::First { first } else { plain };
    Ok(Check::Mail {
        protocol,
        host: read(args.only()?, |text| host(text, Some(port)))?,
        when,
        tls: encryption(args)?,
        expect: args.text("expect")?,
        login: path(args, "login")?,
    })
}

fn ldap(args: &Args) -> Result<Check, Wrong> {
    let word = args.only()?;
    let scheme = read(word, |text| url(text, &["ldap", "ldaps"]))?;
    let starttls = args.read("starttls", yes)?.unwrap_or(false);
    if scheme == "ldaps" && starttls {
        args.refuse(&["starttls"], "has no meaning with ldaps")?;
    }
    if scheme == "ldap" && !starttls {
        args.refuse(&TLS_KEYS, "has a meaning only with ldaps or starttls=yes")?;
    }
    Ok(Check::Ldap {
        url: word.text.clone(),
        starttls,
        tls: encryption(args)?,
        bind: path(args, "bind")?,
        base: args.text("base")?,
        filter: args
            .read("filter", filter)?
            .unwrap_or_else(|| "(objectClass=*)".to_string()),
        entries: args
            .read("entries", |text| number(text, 0, ENTRIES_MAX))?
            .unwrap_or(1),
    })
}

/// A filter has its parentheses, and as many of one kind as of the other.
fn filter(text: &str) -> Result<String, Problem> {
    let mut depth = 0_i64;
    let mut whole = text.starts_with('(');
    for (at, byte) in text.bytes().enumerate() {
        depth += match byte {
            b'(' => 1,
            b')' => -1,
            _ => 0,
        };
        whole &= depth > 0 || at + 1 == text.len();
    }
    match whole && depth == 0 {
        true => Ok(text.to_string()),
        false => Err(format!(
            "{} is no filter, such as (uid=www)",
            super::place::shown(text)
        )),
    }
}

fn percent(text: &str) -> Result<u32, Problem> {
    number(text.strip_suffix('%').unwrap_or(text), 0, 99)
}

fn state(text: &str) -> Result<fail_wire::State, Problem> {
    word(
        text,
        &fail_wire::State::ALL.map(|state| (state.word(), state)),
    )
}
