//! What is wrong with the keys that the configurations of several adapters have: bounds, networks,
//! our own certificate, the labels of events; and what they say when nothing is stated.

use std::path::{Path, PathBuf};

use crate::adapter::Problem;
use crate::connection::address_filter::AddressFilter;
use crate::connection::certificates::{ClientIdentity, TlsFiles};
use crate::network::Network;

/// The longest that a record can be tried, in hours: a month.
pub(crate) const RETRY_MAX_AGE_H_MAX: u64 = 744;
/// The longest label of the data classification.
const LABEL_LENGTH_MAX: usize = 64;

/// How long a record is tried, in hours, unless stated.
pub(crate) const fn retry_max_age_h() -> u64 {
    72
}

/// HIPAA has no labels of its own, so one of the four that the extension recommends.
pub(crate) fn classification() -> String {
    "restricted".to_owned()
}

/// The regulation of every event unless stated.
pub(crate) fn regulation() -> String {
    "HIPAA".to_owned()
}

/// The category of every event unless stated.
pub(crate) fn category() -> String {
    "phi".to_owned()
}

/// Numbers that are not between 1 and their most.
pub(crate) fn number_problems(numbers: &[(&'static str, u64, u64)], problems: &mut Vec<Problem>) {
    for (key, value, most) in numbers {
        if !(1..=*most).contains(value) {
            let text = format!("{value} is not between 1 and {most}");
            problems.push(Problem::new(key, text, "state a number between them"));
        }
    }
}

/// Networks that are none.
pub(crate) fn network_problems(networks: &[String], problems: &mut Vec<Problem>) {
    for network in networks {
        if let Err(fault) = network.parse::<Network>() {
            let text = format!("\"{network}\": {fault}");
            let mend = "write it as the first address, a slash and the length";
            problems.push(Problem::new("allow_networks", text, mend));
        }
    }
}

/// The filter that lets connections go to these networks too.
pub(crate) fn address_filter(networks: &[String]) -> AddressFilter {
    let networks = networks.iter();
    AddressFilter::new(networks.filter_map(|one| one.parse().ok()).collect())
}

/// A certificate of our own without its key, or a key alone.
pub(crate) fn identity_problems(
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
    problems: &mut Vec<Problem>,
) {
    if certificate.is_some() == key.is_some() {
        return;
    }
    let (key, text) = if key.is_some() {
        ("client_key", "there is a key without its certificate")
    } else {
        (
            "client_certificate",
            "there is a certificate without its key",
        )
    };
    let mend = "state both client_certificate and client_key, or neither";
    problems.push(Problem::new(key, text, mend));
}

/// The files of TLS, counted from the configuration's folder.
pub(crate) fn tls_files(
    folder: &Path,
    authorities: Option<&PathBuf>,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> TlsFiles {
    let path = |path: &PathBuf| folder.join(path);
    let identity = certificate.zip(key);
    TlsFiles {
        authorities: authorities.map(path),
        identity: identity.map(|(certificate, key)| ClientIdentity {
            certificate: path(certificate),
            key: path(key),
        }),
    }
}

/// Labels that are none: classification, regulation, category. See
/// `cloudevents/extensions/data-classification.md` of the `CloudEvents` specification.
pub(crate) fn label_problems(labels: [&str; 3], problems: &mut Vec<Problem>) {
    let keys = ["classification", "regulation", "category"];
    for (key, label) in keys.into_iter().zip(labels) {
        let is_label = !label.is_empty()
            && label.len() <= LABEL_LENGTH_MAX
            && label.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_label {
            let text = "it is no label: empty, too long, or with spaces";
            let mend = "use letters, digits and hyphens, as in \"restricted\"";
            problems.push(Problem::new(key, text, mend));
        }
    }
}
