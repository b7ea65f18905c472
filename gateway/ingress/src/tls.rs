//! `TlsConfig`, the listener's certificate and whether it asks peers for theirs, and the rustls
//! configuration made of it. Which sender a peer's certificate proves is in `sender_binding`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use serde::Deserialize;

use crate::certificate_file::{check_validity, read_certificates, read_key};
use crate::error::IngressError;

/// The `tls` table of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the listener's certificate first and its intermediates after it.
    pub certificate: PathBuf,
    /// PEM file with the certificate's private key.
    pub key: PathBuf,
    /// Whether peers must present a certificate.
    pub client_certificates: ClientCertificates,
    /// PEM file with the authorities that may issue peers' certificates; needed unless
    /// `client_certificates = "none"`.
    pub client_authorities: Option<PathBuf>,
}

/// Whether peers must present a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// A peer without one is refused in the handshake.
    Required,
    /// A peer without one can still be bound by its network.
    Optional,
    /// None is asked for.
    None,
}

/// Reads the files and makes the configuration of a server: TLS 1.2 and 1.3, by aws-lc-rs.
///
/// Where peers show certificates, no session is resumed: a resumed one shows none, so that a
/// certificate which has ended since would still let its peer in.
///
/// # Errors
/// A file that cannot be read, a certificate outside its validity at `now`, a key that is another
/// certificate's, client certificates without authorities.
pub fn server_config(config: &TlsConfig, now: Timestamp) -> Result<ServerConfig, IngressError> {
    let chain = read_certificates("certificate", &config.certificate)?;
    if let Some(leaf) = chain.first() {
        check_validity("certificate", leaf, &config.certificate, now)?;
    }
    let key = read_key(&config.key)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|source| unusable("certificate", &config.certificate, source))?;
    let verifier = client_verifier(config)?;
    let asks = verifier.is_some();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut made = builder.with_single_cert(chain, key).map_err(|source| {
        if matches!(
            source,
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)
        ) {
            let (key, certificate) = (config.key.clone(), config.certificate.clone());
            return IngressError::KeyMismatch { key, certificate };
        }
        unusable("key", &config.key, source)
    })?;
    if asks {
        made.session_storage = Arc::new(NoServerSessionStorage {});
        made.send_tls13_tickets = 0;
    }
    Ok(made)
}

fn client_verifier(
    config: &TlsConfig,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, IngressError> {
    let problem = |problem| Err(IngressError::ClientCertificates { problem });
    let path = match (config.client_certificates, &config.client_authorities) {
        (ClientCertificates::None, None) => return Ok(None),
        (ClientCertificates::None, Some(_)) => {
            return problem("client_authorities is stated, but client_certificates is \"none\"");
        }
        (ClientCertificates::Required | ClientCertificates::Optional, None) => {
            return problem("client_certificates needs client_authorities: a PEM file of issuers");
        }
        (ClientCertificates::Required | ClientCertificates::Optional, Some(path)) => path,
    };
    let key = "client_authorities";
    let mut roots = RootCertStore::empty();
    for authority in read_certificates(key, path)? {
        roots
            .add(authority)
            .map_err(|source| unusable(key, path, source))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match config.client_certificates {
        ClientCertificates::Optional => builder.allow_unauthenticated(),
        ClientCertificates::Required | ClientCertificates::None => builder,
    };
    let verifier = builder
        .build()
        .map_err(|source| unusable(key, path, source))?;
    Ok(Some(verifier))
}

fn unusable(
    key: &'static str,
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> IngressError {
    let (path, source) = (path.to_owned(), source.into());
    IngressError::Tls { key, path, source }
}
