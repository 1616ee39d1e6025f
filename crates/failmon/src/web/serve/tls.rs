//! TLS, by rustls: versions 1.2 and 1.3, with the certificate that it is given. Nobody is asked
//! for one of his own: that is what the token is for.

use std::path::Path;
use std::sync::Arc;

use fail_cli::{Failure, exit};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// With these files, in PEM: the certificates, that of the server first, and its key.
///
/// # Errors
/// They can not be read, or do not belong together.
pub fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let certs: Result<Vec<_>, Error> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let certs = certs.map_err(|e| unread("certificates", cert, &e))?;
    if certs.is_empty() {
        let text = format!("there is no certificate in {}", cert.display());
        return Err(Failure::new(exit::DATA, text));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| unread("key", key, &e))?;
    let wrong = |e| {
        let (cert, key) = (cert.display(), key.display());
        let text = format!("no TLS with the certificates {cert} and the key {key}: {e}");
        Failure::new(exit::DATA, text)
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_no_client_auth()
        .with_single_cert(certs, secret)
        .map_err(wrong)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unread(what: &str, path: &Path, error: &Error) -> Failure {
    let file = path.display();
    let (code, why) = match error {
        Error::Io(e) => (exit::IOERR, fail_client::words(e)),
        Error::NoItemsFound => (exit::DATA, "there is none in it".to_string()),
        e => (exit::DATA, e.to_string()),
    };
    Failure::new(code, format!("can not read the {what} {file}: {why}"))
}
