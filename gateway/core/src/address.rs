//! `AddressDigest`, how an e-mail address or telephone number is known without being kept; who may
//! not be written to there is kept by the store and asked by the privacy gate.

use std::fmt;

use isthmus_fhir::element::Element;
use isthmus_fhir::resource::Resource;

/// The longest address that is looked at, in bytes; longer ones are none.
const LENGTH_MAX: usize = 320;

/// A keyed digest of one address, made by [`crate::subject::Digester::address`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressDigest([u8; 16]);

impl AddressDigest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AddressDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressDigest(..)")
    }
}

/// An address in the one form in which it is compared: an e-mail address trimmed and in small
/// letters, a telephone number as its last ten digits, because senders write the country code or
/// not. None when it is neither. Two numbers that differ in the country alone count as one: in
/// doubt nobody is written to.
pub fn normalised(address: &str) -> Option<String> {
    let address = address.trim();
    if address.len() > LENGTH_MAX {
        return None;
    }
    if address.contains('@') {
        let address = address.strip_prefix("mailto:").unwrap_or(address);
        return Some(address.to_lowercase());
    }
    let is_number = |c: char| c.is_ascii_digit() || " +-().:/telxTELX".contains(c);
    let digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 7 || !address.chars().all(is_number) {
        return None;
    }
    let last = digits.len().saturating_sub(10);
    digits.get(last..).map(|digits| digits.iter().collect())
}

/// The addresses of the patients among these resources (`Patient.telecom.value`), each in its one
/// form and once.
pub fn addresses(resources: &[Resource]) -> Vec<String> {
    let patients = resources.iter();
    let patients = patients.filter(|one| one.resource_type() == "Patient");
    let telecoms = patients.filter_map(|patient| patient.object().get("telecom"));
    let mut found: Vec<String> = telecoms
        .flat_map(Element::as_list)
        .filter_map(|telecom| telecom.get("value"))
        .filter_map(Element::as_str)
        .filter_map(normalised)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(
            normalised(" A.B@Example.ORG "),
            Some("a.b@example.org".into())
        );
        let phone = Some("6175550100".to_owned());
        assert_eq!(normalised("+1 (617) 555-0100"), phone);
        assert_eq!(normalised("617.555.0100"), phone);
        assert_eq!(normalised("extension 12"), None);
        assert_eq!(normalised("12345"), None);
    }
}
