//! Whom the client trusts and how it proves who we are: files of the configuration as a TLS
//! configuration; TLS 1.2 and 1.3, by aws-lc-rs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

/// Which files TLS is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM file with the only authorities that are trusted; none for those of the system.
    pub authorities: Option<PathBuf>,
    /// PEM files by which we prove who we are.
    pub identity: Option<ClientIdentity>,
}

/// A certificate of our own and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// PEM file with the certificate first and its intermediates after it.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

/// Why a TLS configuration does not come about.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or holds nothing of what it should.
    #[error("{key} {path}: {source}")]
    File {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: pem::Error,
    },
    /// The files do not fit together, or hold what rustls does not take.
    #[error("{key} {path}: {source}")]
    Tls {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// The system has no authorities to trust.
    #[error("the authorities of the system cannot be read: {0}")]
    SystemAuthorities(#[source] io::Error),
}

/// Reads the files. None for a client that speaks to this machine without TLS.
///
/// No session is resumed: a resumed one shows no certificate, so that one which has ended since
/// would go on being trusted.
pub(crate) fn client_config(files: Option<&TlsFiles>) -> Result<ClientConfig, CertificateError> {
    let mut config = of_files(files)?;
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn of_files(files: Option<&TlsFiles>) -> Result<ClientConfig, CertificateError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions = [&TLS13, &TLS12];
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&versions);
    let builder = builder.map_err(|source| tls("authorities", Path::new(""), source))?;
    let Some(files) = files else {
        let builder = builder.with_root_certificates(RootCertStore::empty());
        return Ok(builder.with_no_client_auth());
    };
    let builder = match &files.authorities {
        Some(path) => builder.with_root_certificates(authorities(path)?),
        None => builder
            .with_native_roots()
            .map_err(CertificateError::SystemAuthorities)?,
    };
    let Some(identity) = &files.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates("client_certificate", &identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key)
        .map_err(|source| file("client_key", &identity.key, source))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|source| tls("client_key", &identity.key, source))
}

fn authorities(path: &Path) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates("authorities", path)? {
        let added = roots.add(authority);
        added.map_err(|source| tls("authorities", path, source))?;
    }
    Ok(roots)
}

/// All certificates of a file, at least one.
fn certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|source| file(key, path, source))?
        .collect();
    let found = found.map_err(|source| file(key, path, source))?;
    if found.is_empty() {
        return Err(file(key, path, pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn file(key: &'static str, path: &Path, source: pem::Error) -> CertificateError {
    let path = path.to_owned();
    CertificateError::File { key, path, source }
}

fn tls(key: &'static str, path: &Path, source: rustls::Error) -> CertificateError {
    let path = path.to_owned();
    CertificateError::Tls { key, path, source }
}
