//! How long the certificates of a file are valid, for whoever warns before they end. A listener's
//! own is checked where it is loaded, in `tls`.

use std::path::Path;

use isthmus_core::clock::Timestamp;

use crate::certificate_file::{check_validity, read_certificates, validity};
use crate::error::IngressError;

/// When the first of a file's certificates ends.
///
/// # Errors
/// A file that cannot be read or holds no certificate.
pub fn first_end(key: &'static str, path: &Path) -> Result<Timestamp, IngressError> {
    let mut first = Timestamp::from_unix_millis(i64::MAX);
    for certificate in read_certificates(key, path)? {
        first = first.min(validity(key, &certificate, path)?.ends);
    }
    Ok(first)
}

/// Refuses a certificate of our own, the first of a file, outside its validity at `now`.
///
/// # Errors
/// A file that cannot be read, a certificate that has expired or is not valid yet.
pub fn check(key: &'static str, path: &Path, now: Timestamp) -> Result<(), IngressError> {
    let chain = read_certificates(key, path)?;
    let leaf = chain
        .first()
        .map(|leaf| check_validity(key, leaf, path, now));
    leaf.unwrap_or(Ok(()))
}
