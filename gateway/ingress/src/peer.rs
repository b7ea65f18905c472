//! `Peer`, what a connection proves about who is at the other end: its address and, under mutual
//! TLS, its certificate. Which sender that is, is decided in `sender_binding`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use aws_lc_rs::digest;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Deserializer, de::Error as _};
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// The most names that are read from one certificate.
const NAMES_MAX: usize = 100;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address; IPv4 in its own form even on an IPv6 socket.
    pub address: IpAddr,
    /// By what its certificate can be named; empty without mutual TLS. The chain was verified
    /// before this was read.
    pub certificate: Vec<CertificateName>,
}

/// One way to name a certificate: `sha256:` and 64 hexadecimal digits (colons allowed) for the
/// certificate itself, `dns:` or `uri:` for a subject alternative name (RFC 5280 section 4.2.1.6),
/// `cn:` for the subject's common name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateName {
    /// The SHA-256 digest of the whole certificate in DER.
    Sha256([u8; 32]),
    /// A DNS name, in lower case.
    Dns(String),
    /// A URI, as written.
    Uri(String),
    /// The common name, as written.
    CommonName(String),
}

/// Why a text names no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateNameError {
    /// It does not start with a known kind.
    #[error("not a certificate name; write sha256:, dns:, uri: or cn: and the name")]
    Kind,
    /// The fingerprint is not 64 hexadecimal digits.
    #[error("the fingerprint after sha256: is not 64 hexadecimal digits")]
    Fingerprint,
    /// There is nothing after the kind, or a wildcard.
    #[error("the name after {kind}: is empty or has a wildcard; write one name in full")]
    Name {
        /// The kind.
        kind: &'static str,
    },
}

/// All names of a peer's leaf certificate. A certificate whose contents cannot be read still has
/// its fingerprint.
pub fn certificate_names(leaf: &CertificateDer<'_>) -> Vec<CertificateName> {
    let mut names = vec![CertificateName::Sha256(fingerprint(leaf))];
    let Ok((_, certificate)) = parse_x509_certificate(leaf) else {
        return names;
    };
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        names.extend(alternative.value.general_names.iter().filter_map(general));
    }
    let common = certificate.subject().iter_common_name();
    names.extend(
        common
            .filter_map(|name| name.as_str().ok())
            .map(|name| CertificateName::CommonName(name.to_owned())),
    );
    names.truncate(NAMES_MAX);
    names
}

fn fingerprint(leaf: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, leaf);
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    bytes
}

fn general(name: &GeneralName<'_>) -> Option<CertificateName> {
    if let GeneralName::DNSName(name) = name {
        Some(CertificateName::Dns(name.to_ascii_lowercase()))
    } else if let GeneralName::URI(uri) = name {
        Some(CertificateName::Uri((*uri).to_owned()))
    } else {
        None
    }
}

impl FromStr for CertificateName {
    type Err = CertificateNameError;

    fn from_str(text: &str) -> Result<Self, CertificateNameError> {
        let (kind, name) = text.split_once(':').ok_or(CertificateNameError::Kind)?;
        let whole = |kind: &'static str| {
            let usable = !name.is_empty() && !name.contains('*');
            usable
                .then(|| name.to_owned())
                .ok_or(CertificateNameError::Name { kind })
        };
        match kind {
            "sha256" => read_fingerprint(name).map(Self::Sha256),
            "dns" => whole("dns").map(|name| Self::Dns(name.to_ascii_lowercase())),
            "uri" => whole("uri").map(Self::Uri),
            "cn" => whole("cn").map(Self::CommonName),
            _ => Err(CertificateNameError::Kind),
        }
    }
}

fn read_fingerprint(text: &str) -> Result<[u8; 32], CertificateNameError> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|&character| character != ':')
        .map(|character| {
            character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()
        .ok_or(CertificateNameError::Fingerprint)?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return Err(CertificateNameError::Fingerprint);
    }
    let mut bytes = [0; 32];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (high << 4) | low;
    }
    Ok(bytes)
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(bytes) => {
                f.write_str("sha256:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
            Self::CommonName(name) => write!(f, "cn:{name}"),
        }
    }
}

impl<'de> Deserialize<'de> for CertificateName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_what_they_write() {
        let digits = "0a".repeat(32);
        for text in ["dns:ehr.example.org", "uri:urn:oid:2.999", "cn:EHR"] {
            assert_eq!(text.parse::<CertificateName>().unwrap().to_string(), text);
        }
        let colons = format!("sha256:{}", vec!["0A"; 32].join(":"));
        let name: CertificateName = colons.parse().unwrap();
        assert_eq!(name.to_string(), format!("sha256:{digits}"));
    }

    #[test]
    fn what_names_no_certificate_is_refused() {
        let error = |text: &str| text.parse::<CertificateName>().unwrap_err();
        assert_eq!(error("ehr.example.org"), CertificateNameError::Kind);
        assert_eq!(error("sha256:0a0b"), CertificateNameError::Fingerprint);
        assert_eq!(
            error("dns:*.example.org"),
            CertificateNameError::Name { kind: "dns" }
        );
        assert_eq!(error("cn:"), CertificateNameError::Name { kind: "cn" });
    }
}
