//! Checks as values: each module's line, read and held against what the module takes
//! (`hcmodules(7)`).

use std::path::PathBuf;

use fail_core::time::Span;
use fail_core::watch::{Finding, Verdict};
use fail_wire::Name;

/// One line of checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is asked.
    pub check: Check,
    /// What holds for every module.
    pub terms: Terms,
    /// The line, as it is printed: `http https://www.example.org/ status=200`.
    pub shown: String,
    /// The line, as everybody may see it: without what may be a secret in it.
    pub public: String,
    /// What is left out there, in words, the longest first: nobody is to be told these, whoever
    /// repeats them.
    pub hidden: Vec<String>,
}

/// What holds for every module.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// `timeout=`: the check ends by then; nothing: the target's.
    pub timeout: Option<Span>,
    /// `within=`: an answer that takes longer is bad.
    pub within: Option<Span>,
    /// `slow=`: an answer that takes longer is a warning.
    pub slow: Option<Span>,
    /// `family=4`, `family=6`: only addresses of this kind.
    pub family: Family,
    /// `unknown=`, or the setting of the target: what counts when it can not be found out:
    /// `bad` (as which `unknown` counts anyway), `warning` or `good`.
    pub unknown: Verdict,
}

/// Kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Whatever the name has.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Whom to ask: a name or an address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name or address, without brackets.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// How a connection is encrypted, and what its certificate must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// `days=`: fewer days left are a warning.
    pub days: Option<u32>,
    /// `ca=`: a file of certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// `verify=no`: any certificate will do; its days are told all the same.
    pub verify: bool,
    /// `sni=`: the name that is asked for and must be in the certificate; nothing: the host's.
    pub name: Option<String>,
}

/// When a mail protocol is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// `tls=no`
    Never,
    /// `tls=starttls`
    Asked,
    /// `tls=yes`: from the first byte.
    First,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `tcp HOST:PORT [send=TEXT] [expect=TEXT] [tls=yes …]`
    Tcp {
        /// Whom.
        host: Host,
        /// `send=`: said first, with `\r`, `\n`, `\t`, `\\` read as in C.
        send: Option<String>,
        /// `expect=`: must come within the first 64 kB.
        expect: Option<String>,
        /// `tls=yes`
        tls: Option<Tls>,
    },
    /// `http URL …`
    Http(Box<Http>),
    /// `dns NAME server=HOST[:PORT] …`
    Dns {
        /// The name that is looked up.
        name: String,
        /// `server=`: who is asked.
        server: Host,
        /// `type=`: `A`, `AAAA`, `MX`, `NS`, `SOA`, `TXT`, `CNAME`, `SRV`, `PTR`, `CAA`.
        kind: String,
        /// `expect=A,B`: each must be among the answers.
        expect: Vec<String>,
        /// `code=`: `NOERROR` unless said otherwise, such as `NXDOMAIN`.
        code: String,
        /// `tcp=yes`
        tcp: bool,
    },
    /// `smtp HOST[:PORT] …`, `imap …`, `pop …`
    Mail {
        /// Which of the three.
        protocol: Protocol,
        /// Whom.
        host: Host,
        /// `tls=`
        when: When,
        /// `days=`, `ca=`, `verify=`, `sni=`
        tls: Tls,
        /// `expect=`: must be in the greeting.
        expect: Option<String>,
        /// `login=FILE`: a file whose first line is `user:password`; imap and pop only.
        login: Option<PathBuf>,
    },
    /// `ldap URL …`
    Ldap {
        /// `ldap://host[:port]` or `ldaps://…`.
        url: String,
        /// `starttls=yes`
        starttls: bool,
        /// `days=`, `ca=`, `verify=`, `sni=`
        tls: Tls,
        /// `bind=FILE`: a file with the DN in its first line and the password in its second.
        bind: Option<PathBuf>,
        /// `base=`: where to search; nothing: the root DSE.
        base: Option<String>,
        /// `filter=`, such as `(uid=www)`.
        filter: String,
        /// `entries=`: at least so many must be found.
        entries: u32,
    },
    /// `icmp HOST …`
    Icmp {
        /// Whom.
        host: String,
        /// `count=`: how many echoes are asked for.
        count: u32,
        /// `loss=`: more lost, in percent, is bad.
        loss: u32,
    },
    /// `ntp HOST[:PORT] …`
    Ntp {
        /// Whom.
        host: Host,
        /// `offset=`: a clock that differs more from ours is bad.
        offset: Option<Span>,
        /// `stratum=`: more is bad.
        stratum: u8,
    },
    /// `exec PROGRAM [WORD …]`: 0 is good.
    Exec(Vec<String>),
    /// `nagios PROGRAM [WORD …]`: 0 good, 1 warning, 2 bad, 3 unknown, and performance data.
    Nagios(Vec<String>),
    /// `tcl FILE PROC [WORD …]`
    Tcl {
        /// The file that has the procedure.
        file: PathBuf,
        /// Its name and its arguments.
        words: Vec<String>,
    },
    /// `faild SERVICE [host=HOST[:PORT]] [community=FILE] [state=UP,RECOVER]`
    Faild {
        /// Which service.
        service: Name,
        /// Which faild.
        host: Host,
        /// A file whose first line is the community; nothing: `public`.
        community: Option<PathBuf>,
        /// The states that are good.
        states: Vec<fail_wire::State>,
    },
}

/// The mail protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP, port 25 or 465.
    Smtp,
    /// IMAP, port 143 or 993.
    Imap,
    /// POP3, port 110 or 995.
    Pop,
}

/// A request of HTTP and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// `http://…` or `https://…`, as written; its host may be an address.
    pub url: String,
    /// `via=HOST[:PORT]`: connect there, whatever the URL says.
    pub via: Option<Host>,
    /// `method=`
    pub method: String,
    /// `header="Name: value"`, any number.
    pub headers: Vec<(String, String)>,
    /// `body=`: what is sent.
    pub body: Option<String>,
    /// `auth=FILE`: a file whose first line is `user:password`, or a token for `Bearer`.
    pub auth: Option<PathBuf>,
    /// `status=200,204,300-399`: what is good, from and to; none said: 200 to 399.
    pub status: Vec<(u16, u16)>,
    /// `match=`: each must be in the first megabyte of the body.
    pub matches: Vec<String>,
    /// `nomatch=`: none may be there.
    pub no_matches: Vec<String>,
    /// `follow=`: how many redirects are followed.
    pub follow: u32,
    /// `days=`, `ca=`, `verify=`, `sni=`
    pub tls: Tls,
}

impl Check {
    /// The name or address of the host that is asked, without its port. Programs ask whom they
    /// like.
    pub fn host(&self) -> Option<String> {
        match self {
            Check::Http(http) => match &http.via {
                Some(via) => Some(via.name.clone()),
                None => super::values::url_host(&http.url),
            },
            Check::Ldap { url, .. } => super::values::url_host(url),
            Check::Tcp { host, .. }
            | Check::Dns { server: host, .. }
            | Check::Mail { host, .. }
            | Check::Ntp { host, .. }
            | Check::Faild { host, .. } => Some(host.name.clone()),
            Check::Icmp { host, .. } => Some(host.clone()),
            Check::Exec(_) | Check::Nagios(_) | Check::Tcl { .. } => None,
        }
    }
}

impl Terms {
    /// What a check found, held against `within`, `slow` and `unknown`.
    #[must_use]
    pub fn judge(&self, mut finding: Finding) -> Finding {
        let over = |limit: Option<Span>| limit.filter(|limit| finding.took > *limit);
        let late = match finding.verdict {
            Verdict::Good | Verdict::Warning => over(self.within).map(|l| (Verdict::Bad, l)),
            Verdict::Bad | Verdict::Unknown => None,
        };
        let slow = match finding.verdict {
            Verdict::Good => over(self.slow).map(|limit| (Verdict::Warning, limit)),
            _ => None,
        };
        if let Some((verdict, limit)) = late.or(slow) {
            let took = Span::from_millis(finding.took.as_millis());
            let said = match finding.why.as_str() {
                "" => String::new(),
                why => format!("; {why}"),
            };
            finding.why = format!("took {took}, more than {limit}{said}");
            finding.verdict = verdict;
        } else if finding.verdict == Verdict::Unknown {
            finding.verdict = self.unknown;
        }
        finding
    }
}

/// What is meant by a text with `\r`, `\n`, `\t`, `\0` and `\\`; other backslashes stand for
/// themselves.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let mut ahead = letters.clone();
        let known = match (letter, ahead.next()) {
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('0')) => Some('\0'),
            ('\\', Some('\\')) => Some('\\'),
            _ => None,
        };
        meant.push(known.unwrap_or(letter));
        if known.is_some() {
            letters = ahead;
        }
    }
    meant
}
