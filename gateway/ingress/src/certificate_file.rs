//! Reading certificates and keys from PEM files, and whether a certificate is valid today.
//! What they are used for is in `tls`.

use std::path::Path;

use isthmus_core::clock::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::parse_x509_certificate;

use crate::error::IngressError;

/// All certificates of a file, at least one.
pub(crate) fn read_certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, IngressError> {
    let pem = |source| IngressError::Pem {
        key,
        path: path.to_owned(),
        source,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(pem)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(pem)?;
    if certificates.is_empty() {
        let path = path.to_owned();
        return Err(IngressError::NoCertificate { key, path });
    }
    Ok(certificates)
}

/// The first private key of a file: PKCS#8, PKCS#1 or SEC1.
pub(crate) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, IngressError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| IngressError::Pem {
        key: "key",
        path: path.to_owned(),
        source,
    })
}

/// When a certificate is valid (RFC 5280 section 4.1.2.5).
pub(crate) struct Validity {
    pub(crate) begins: Timestamp,
    pub(crate) ends: Timestamp,
}

/// Reads the validity of a certificate.
pub(crate) fn validity(
    key: &'static str,
    certificate: &CertificateDer<'_>,
    path: &Path,
) -> Result<Validity, IngressError> {
    let Ok((_, certificate)) = parse_x509_certificate(certificate) else {
        let path = path.to_owned();
        return Err(IngressError::Certificate { key, path });
    };
    let validity = certificate.validity();
    let millis = |seconds: i64| Timestamp::from_unix_millis(seconds.saturating_mul(1000));
    Ok(Validity {
        begins: millis(validity.not_before.timestamp()),
        ends: millis(validity.not_after.timestamp()),
    })
}

/// Refuses a certificate of our own outside its validity.
pub(crate) fn check_validity(
    key: &'static str,
    leaf: &CertificateDer<'_>,
    path: &Path,
    now: Timestamp,
) -> Result<(), IngressError> {
    let Validity { begins, ends } = validity(key, leaf, path)?;
    let path = path.to_owned();
    if now > ends {
        let expired = ends.to_string();
        return Err(IngressError::CertificateExpired { path, expired });
    }
    if now < begins {
        let begins = begins.to_string();
        return Err(IngressError::CertificateEarly { path, begins });
    }
    Ok(())
}
