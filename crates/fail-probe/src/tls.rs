//! TLS, and the certificate that was shown: who it is for and how many days it has left.
//!
//! By rustls, versions 1.2 and 1.3. The certificate is looked at before it is judged, so that
//! its days are known (figure `days`) also when it will not do, and with `verify=no`. A
//! certificate that stands itself in the file of `ca=` will do as it is, if its name and its
//! dates do: that is what people have who made one for themselves.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use fail_conf::hcfile::check::Tls;
use fail_core::watch::{Finding, Verdict};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, Error, InvalidMessage, PeerIncompatible, RootCertStore,
};

use crate::blocking;
use crate::certificate::{Judge, Shown};
use crate::file;
use crate::found::{bad, unknown};
use crate::net;
use crate::note;

/// The certificates that the system trusts are read again after so long: that they were updated
/// shows soon enough, and reading them takes some milliseconds.
const ROOTS_AGE: Duration = Duration::from_secs(600);

/// Bytes of a file of certificates: that of all public authorities has a quarter of a megabyte.
pub(crate) const CA_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a connection trusts.
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    /// Those of the file of `ca=`, as they stand there.
    named: Vec<CertificateDer<'static>>,
}

/// Begins TLS on a connection to `host`, which is at this address. The certificate that was shown
/// is to be held against `days=` at the end: [`Shown::judge`].
///
/// # Errors
/// There is no TLS, or the certificate will not do.
pub(crate) async fn wrap<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    at: std::net::SocketAddr,
    host: &str,
    tls: &Tls,
) -> Result<(TlsStream<S>, Shown), Finding> {
    let name = tls.name.as_deref().unwrap_or(host);
    // A name with a dot at its end is the same without.
    let plain = name.strip_suffix('.').unwrap_or(name);
    let Ok(wanted) = ServerName::try_from(plain.to_string()) else {
        let why = format!("{name} is no name that a certificate can have");
        return Err(unknown(why));
    };
    let judge = Arc::new(judge(tls).await?);
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| unknown(format!("no TLS: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&judge) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    note::waits(format!("TLS with {at}"));
    let connected = TlsConnector::from(Arc::new(config)).connect(wanted, stream);
    let connected = connected.await;
    let shown = judge.shown(name);
    if let Some(shown) = &shown {
        note::measured(shown.figure(tls));
    }
    match (connected, shown) {
        (Ok(stream), Some(shown)) => Ok((stream, shown)),
        (Ok(_), None) => Err(bad(format!("{at} shows no certificate that can be read"))),
        (
            Err(_),
            Some(Shown {
                wrong: Some(why), ..
            }),
        ) => Err(bad(why)),
        (Err(e), _) => Err(failed(&e, at)),
    }
}

/// The same for all.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

async fn judge(tls: &Tls) -> Result<Judge, Finding> {
    if !tls.verify {
        return Ok(Judge::new(provider(), None, Vec::new()));
    }
    let trust = match &tls.ca {
        Some(path) => named(path).await?,
        None => system().await?,
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(trust.roots, provider());
    let verifier = verifier.build();
    let verifier = verifier.map_err(|e| unknown(format!("no TLS: {e}")))?;
    Ok(Judge::new(provider(), Some(verifier), trust.named))
}

/// The certificates of a file.
async fn named(path: &Path) -> Result<Trust, Finding> {
    trust(path, file::read(path, CA_BYTES_MAX).await).map_err(unknown)
}

/// The certificates of what was read from such a file.
///
/// # Errors
/// There are none, in a sentence that names the file.
pub(crate) fn trust(path: &Path, read: Result<Vec<u8>, String>) -> Result<Trust, String> {
    let shown = path.display();
    let text = read.map_err(|why| format!("can not read the certificates {shown}: {why}"))?;
    let certs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let named = certs.map_err(|e| format!("the certificates {shown}: {e}"))?;
    let mut roots = RootCertStore::empty();
    let (_, odd) = roots.add_parsable_certificates(named.iter().cloned());
    if roots.is_empty() {
        let why = match odd {
            0 => format!("there is no certificate in {shown}"),
            _ => format!("the certificates in {shown} can not be read"),
        };
        return Err(why);
    }
    let roots = Arc::new(roots);
    Ok(Trust { roots, named })
}

/// Those of the system.
async fn system() -> Result<Trust, Finding> {
    let roots = match kept() {
        Some(roots) => roots,
        None => {
            note::waits("the certificates that the system trusts");
            let loaded = blocking::call(&blocking::ROOTS, load).await;
            loaded.map_err(|e| unknown(format!("no certificates: {e}")))?
        }
    };
    if roots.is_empty() {
        let why = "this host trusts no certificates (Debian has them in ca-certificates); \
            ca= names others";
        return Err(unknown(why));
    }
    let named = Vec::new();
    Ok(Trust { roots, named })
}

type Kept = Option<(Instant, Arc<RootCertStore>)>;
static KEPT: Mutex<Kept> = Mutex::new(None);

/// Those that were loaded lately.
fn kept() -> Option<Arc<RootCertStore>> {
    // Nothing is left half done under this lock.
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = kept
        .as_ref()
        .filter(|(since, _)| since.elapsed() < ROOTS_AGE);
    fresh.map(|(_, roots)| Arc::clone(roots))
}

/// Loads them, unless somebody has done so while one waited.
fn load() -> Arc<RootCertStore> {
    if let Some(roots) = kept() {
        return roots;
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let roots = Arc::new(roots);
    // None at all: they may come with the next check.
    if !roots.is_empty() {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((Instant::now(), Arc::clone(&roots)));
    }
    roots
}

/// Why there is no TLS, if it is not for the certificate.
fn failed(error: &io::Error, at: std::net::SocketAddr) -> Finding {
    let tls = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let Some(tls) = tls else {
        let finding = net::failed(error, at);
        let why = format!("no TLS: {}", finding.why);
        return Finding { why, ..finding };
    };
    let why = match tls {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it speaks something else".into()
        }
        Error::InvalidMessage(e) => format!("it speaks it wrongly ({e:?})"),
        Error::AlertReceived(alert) => format!("it refuses ({})", said(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "it has only versions before 1.2".into(),
        other => other.to_string(),
    };
    bad(format!("no TLS with {at}: {why}"))
}

/// `HandshakeFailure` in words.
fn said(alert: AlertDescription) -> String {
    let mut words = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// What a whole check came to, held against the certificate that was shown.
pub(crate) fn judged(finding: Finding, shown: Option<&Shown>, tls: &Tls) -> Finding {
    let warns = shown.and_then(|shown| shown.warns(tls));
    match warns {
        Some(why) if finding.verdict == Verdict::Good => Finding {
            verdict: Verdict::Warning,
            why: format!("{why}; {}", finding.why),
            ..finding
        },
        _ => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_system_trusts_is_loaded_by_one_for_all() {
        let mut all = tokio::task::JoinSet::new();
        (0..20).for_each(|_| {
            all.spawn(async { system().await.map(|trust| trust.roots) });
        });
        let all: Result<Vec<_>, _> = all.join_all().await.into_iter().collect();
        // A host without them is one that tests may run on.
        let Ok(all) = all else {
            return;
        };
        assert!(all.iter().all(|roots| Arc::ptr_eq(roots, &all[0])));
    }
}
