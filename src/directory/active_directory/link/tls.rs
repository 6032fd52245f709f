//! TLS below LDAP, with the domain's or the system's roots.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{LinkError, Wire};
use crate::asn1::{Certificate, Hash, SignatureScheme};

/// What every TLS connection is made with.
pub(super) fn config(roots: Option<&Path>) -> Result<Arc<ClientConfig>, LinkError> {
    let problem = |text: String| LinkError::Settings(text);
    let mut store = RootCertStore::empty();
    match roots {
        Some(path) => {
            let at = |error: &dyn std::fmt::Display| {
                problem(format!("directory.tls_roots {}: {error}", path.display()))
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| at(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| at(&error))?;
                store.add(certificate).map_err(|error| at(&error))?;
            }
            if store.is_empty() {
                return Err(at(&"there is no certificate in it"));
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| problem(error.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Speaks TLS on `wire`; the server must prove to be `host`.
pub(super) async fn connect(
    wire: Box<dyn Wire>,
    host: &str,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<Box<dyn Wire>>, LinkError> {
    let failed = |problem: String| LinkError::Tls { host: host.to_owned(), problem };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connector = TlsConnector::from(Arc::clone(config));
    connector.connect(name, wire).await.map_err(|error| failed(error.to_string()))
}

/// The channel binding `tls-server-end-point` of the connection (RFC 5929 4.1), as Kerberos and
/// NTLM take it: a DC that enforces channel bindings demands it.
pub(super) fn end_point(stream: &TlsStream<Box<dyn Wire>>) -> Option<Vec<u8>> {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates()?.first()?;
    let parsed = Certificate::parse(certificate).ok()?;
    let scheme = SignatureScheme::from_identifier(&parsed.signature_algorithm).ok();
    let hash = match scheme.and_then(SignatureScheme::hash) {
        Some(hash @ (Hash::Sha384 | Hash::Sha512)) => hash,
        // SHA-1 is replaced by SHA-256, and so is what is not known.
        _ => Hash::Sha256,
    };
    Some([b"tls-server-end-point:", hash.digest(certificate).as_ref()].concat())
}
