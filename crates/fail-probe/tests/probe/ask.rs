//! What the tests ask with: lines of checks as values, and what they found.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fail_conf::hcfile::check::{Check, Family, Host, Http, Line, Protocol, Terms, Tls, When};
use fail_core::watch::{Finding, Verdict};

/// A check that must be done long before.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A check whose server never comes to an end.
pub const SHORT: Duration = Duration::from_secs(1);

/// So much later than its deadline no check ends, however slow the machine is.
const SLACK: Duration = Duration::from_secs(10);

/// Says that a test does not test anything here, and why: past the runner's capture.
pub fn skipped(why: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}

/// No terms.
pub fn terms() -> Terms {
    Terms {
        timeout: None,
        within: None,
        slow: None,
        family: Family::Any,
        unknown: Verdict::Unknown,
    }
}

/// TLS that trusts this.
pub fn trusting(ca: &Path) -> Tls {
    Tls {
        days: None,
        ca: Some(ca.to_path_buf()),
        verify: true,
        name: None,
    }
}

/// TLS that is not used, or trusts the system.
pub fn tls() -> Tls {
    Tls {
        days: None,
        ca: None,
        verify: true,
        name: None,
    }
}

/// Whom.
pub fn host(at: SocketAddr) -> Host {
    Host {
        name: at.ip().to_string(),
        port: at.port(),
    }
}

/// `tcp`
pub fn tcp(at: SocketAddr) -> Check {
    Check::Tcp {
        host: host(at),
        send: None,
        expect: None,
        tls: None,
    }
}

/// `http URL` without options.
pub fn http(url: impl Into<String>) -> Http {
    Http {
        url: url.into(),
        via: None,
        method: "GET".to_string(),
        headers: Vec::new(),
        body: None,
        auth: None,
        status: Vec::new(),
        matches: Vec::new(),
        no_matches: Vec::new(),
        follow: 0,
        tls: tls(),
    }
}

/// `smtp`, `imap`, `pop`
pub fn mail(protocol: Protocol, at: SocketAddr, when: When, tls: Tls) -> Check {
    Check::Mail {
        protocol,
        host: host(at),
        when,
        tls,
        expect: None,
        login: None,
    }
}

/// A line with these terms.
pub fn line(check: Check, terms: Terms) -> Line {
    let shown = "as it was written".to_string();
    Line {
        check,
        terms,
        public: shown.clone(),
        hidden: Vec::new(),
        shown,
    }
}

/// What a check finds.
pub fn find(check: Check) -> Finding {
    find_within(check, LIMIT)
}

/// What `http` finds.
pub fn get(http: Http) -> Finding {
    find(Check::Http(Box::new(http)))
}

/// What a check finds that has so much time. It must not take longer.
pub fn find_within(check: Check, limit: Duration) -> Finding {
    let began = Instant::now();
    let finding = fail_probe::probe_once(&line(check, terms()), limit).unwrap();
    let took = began.elapsed();
    assert!(took < limit + SLACK, "{took:?}: {finding:?}");
    assert!(!finding.why.chars().any(char::is_control), "{finding:?}");
    assert!(finding.why.len() <= fail_core::limits::FINDING_BYTES_MAX);
    finding
}

/// The reason of a finding that must be good.
#[track_caller]
pub fn good(finding: Finding) -> String {
    assert_eq!(finding.verdict, Verdict::Good, "{finding:?}");
    finding.why
}

/// The reason of a finding that must be a warning.
#[track_caller]
pub fn warning(finding: Finding) -> String {
    assert_eq!(finding.verdict, Verdict::Warning, "{finding:?}");
    finding.why
}

/// The reason of a finding that must be bad.
#[track_caller]
pub fn bad(finding: Finding) -> String {
    assert_eq!(finding.verdict, Verdict::Bad, "{finding:?}");
    finding.why
}

/// The reason of a finding that must be unknown.
#[track_caller]
pub fn unknown(finding: Finding) -> String {
    assert_eq!(finding.verdict, Verdict::Unknown, "{finding:?}");
    finding.why
}

/// What was measured under this name.
pub fn figure(finding: &Finding, name: &str) -> Option<f64> {
    let mut named = finding.figures.iter().filter(|f| f.name == name);
    let value = named.next().map(|f| f.value);
    assert!(named.next().is_none(), "{name} twice: {finding:?}");
    value
}

/// A folder that is gone with the test.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one that everybody may look into.
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let no = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("failover-probe-{}-{no}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        Folder(path)
    }

    /// Writes a file with this mode.
    pub fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
