//! Numbers as the text they were sent in, so that 1.00 stays 1.00; arithmetic is left to whoever
//! knows what the number measures.

use std::fmt;

/// A JSON number (RFC 8259, section 6) kept as its text.
///
/// FHIR R4 requires decimals to keep their precision (2.24.0.1,
/// <https://hl7.org/fhir/R4/datatypes.html#decimal>), so two numbers are equal only if their texts
/// are. `Debug` is masked: a result value is patient data.
#[derive(Clone, PartialEq, Eq)]
pub struct Number(Box<str>);

impl Number {
    /// The number with this text, or nothing if the text is not a JSON number.
    pub fn from_text(text: &str) -> Option<Self> {
        (number_length(text.as_bytes()) == Some(text.len())).then(|| Self(text.into()))
    }

    /// The text, exactly as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::from(i64::from(value))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(..)")
    }
}

/// Bytes of the number at the start of `bytes`; nothing if there is none. `01` gives one byte, so
/// the reader then refuses what follows.
pub(crate) fn number_length(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(bytes, at);
    if whole == 0 {
        return None;
    }
    at += if bytes.get(at) == Some(&b'0') {
        1
    } else {
        whole
    };
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(bytes, at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes
        .iter()
        .skip(from)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_numbers_are_numbers() {
        for text in [
            "0",
            "-0",
            "1.00",
            "1e9",
            "-12.50E-3",
            "123456789012345678901234567890",
        ] {
            assert_eq!(Number::from_text(text).unwrap().as_str(), text);
        }
        for text in [
            "", "-", "01", "+1", "1.", ".5", "1e", "1e+", "NaN", "1 ", "0x1",
        ] {
            assert_eq!(Number::from_text(text), None, "{text}");
        }
    }
}
