//! A certificate that was shown, looked at and judged.
//!
//! [`Judge`] stands where rustls asks whether a certificate will do. It notes the dates of what
//! it was shown before it asks rustls' own judge, so that they are known whatever comes of it.
//! Signatures of the handshake are checked always, also when any certificate will do.

use std::sync::{Arc, Mutex, PoisonError};

use fail_conf::hcfile::check::Tls;
use fail_core::watch::Figure;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::found::figure;

const DAY: i64 = 24 * 60 * 60;

/// Names of a certificate that are told when none of them is the wanted one.
const NAMES_MAX: usize = 3;

/// What was shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Whose it should be.
    name: String,
    /// The seconds that it has left; less than nothing: it has expired.
    left: i64,
    /// Why it will not do.
    pub wrong: Option<String>,
}

impl Shown {
    /// The days that it has left, rounded towards nothing.
    pub(crate) fn days(&self) -> i64 {
        self.left / DAY
    }

    /// Which of two must be replaced first.
    pub(crate) fn ends_before(&self, other: &Shown) -> bool {
        self.left < other.left
    }

    /// As it is measured. Ranges as Nagios has them: `14:` is a warning below 14.
    pub(crate) fn figure(&self, tls: &Tls) -> Figure {
        // Years in days are small.
        let mut figure = figure("days", self.days() as f64, "d");
        figure.warn = tls.days.map(|days| format!("{days}:")).unwrap_or_default();
        figure
    }

    /// That it has too few days left, if it is so.
    pub(crate) fn warns(&self, tls: &Tls) -> Option<String> {
        let least = i64::from(tls.days?);
        (self.left < least * DAY).then(|| self.expires())
    }

    /// How long it is good, in words.
    fn expires(&self) -> String {
        let name = &self.name;
        match self.left {
            ..0 => format!(
                "the certificate of {name} has expired {} ago",
                long(-self.left)
            ),
            left => format!("the certificate of {name} expires in {}", long(left)),
        }
    }
}

/// Days, or hours where that says more.
fn long(seconds: i64) -> String {
    match (seconds / DAY, seconds / 3600) {
        (0, 0) => "less than an hour".to_string(),
        (0, 1) => "an hour".to_string(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "a day".to_string(),
        (days, _) => format!("{days} days"),
    }
}

/// Judges a certificate, and keeps what it has seen.
#[derive(Debug)]
pub(crate) struct Judge {
    provider: Arc<CryptoProvider>,
    /// Nobody: any will do.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    /// These will do as they are.
    named: Vec<CertificateDer<'static>>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug, Clone)]
struct Seen {
    begins: i64,
    left: i64,
    wrong: Option<Error>,
}

impl Judge {
    /// With a verifier, or with none if any certificate will do.
    pub(crate) fn new(
        provider: Arc<CryptoProvider>,
        verifier: Option<Arc<WebPkiServerVerifier>>,
        named: Vec<CertificateDer<'static>>,
    ) -> Judge {
        let seen = Mutex::new(None);
        Judge {
            provider,
            verifier,
            named,
            seen,
        }
    }

    /// What was shown to it as the certificate of `name`.
    pub(crate) fn shown(&self, name: &str) -> Option<Shown> {
        // Nothing is left half done under this lock.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.clone()?;
        let mut shown = Shown {
            name: name.to_string(),
            left: seen.left,
            wrong: None,
        };
        shown.wrong = seen.wrong.as_ref().map(|wrong| match seen {
            // Whatever else is wrong with it, that must be mended first.
            Seen { left: ..0, .. } => shown.expires(),
            Seen { begins: 1.., .. } => {
                let when = long(seen.begins);
                format!("the certificate of {name} is not valid yet: it will be in {when}")
            }
            _ => why(wrong, name),
        });
        Some(shown)
    }

    /// Whether it is one that will do as it is.
    fn pinned(&self, end: &CertificateDer<'_>) -> bool {
        self.named.iter().any(|named| named == end)
    }

    fn judge(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
        (begins, left): (i64, i64),
    ) -> Result<(), Error> {
        let Some(verifier) = &self.verifier else {
            return Ok(());
        };
        if !self.pinned(end) {
            let verified = verifier.verify_server_cert(end, between, name, ocsp, now);
            return verified.map(|_| ());
        }
        if left < 0 {
            return Err(CertificateError::Expired.into());
        }
        if begins > 0 {
            return Err(CertificateError::NotValidYet.into());
        }
        verify_server_name(&ParsedCertificate::try_from(end)?, name)
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Ok((_, read)) = X509Certificate::from_der(end) else {
            return Err(CertificateError::BadEncoding.into());
        };
        let clock = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let begins = read.validity.not_before.timestamp().saturating_sub(clock);
        let left = read.validity.not_after.timestamp().saturating_sub(clock);
        let judged = self.judge(end, between, name, ocsp, now, (begins, left));
        let wrong = judged.as_ref().err().cloned();
        let seen = Seen {
            begins,
            left,
            wrong,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        judged.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Why a certificate of `name` will not do, in words.
fn why(error: &Error, name: &str) -> String {
    use CertificateError as C;
    let Error::InvalidCertificate(error) = error else {
        return format!("the certificate of {name} will not do: {error}");
    };
    match error {
        // Not that of the server, whose dates were looked at before.
        C::Expired | C::ExpiredContext { .. } => {
            format!("a certificate above that of {name} has expired")
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            format!("a certificate above that of {name} is not valid yet")
        }
        C::UnknownIssuer => format!("the certificate of {name} has an unknown issuer"),
        C::NotValidForName => format!("the certificate is not for {name}"),
        C::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            format!("the certificate is not for {name}: it names nobody")
        }
        C::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().take(NAMES_MAX).map(|n| bare(n)).collect();
            let more = match presented.len().saturating_sub(NAMES_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names = names.join(", ");
            format!("the certificate is not for {name}, but for {names}{more}")
        }
        C::BadSignature => format!("the certificate of {name} is not signed by its issuer"),
        C::BadEncoding => format!("the certificate of {name} can not be read"),
        C::Other(OtherError(other)) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            format!("the certificate of {name} is signed by itself, and not trusted")
        }
        other => format!("the certificate of {name} will not do: {other}"),
    }
}

/// `DnsName("www")` as `www`.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}
