//! Functions of numbers; the digits of a number are never changed.
//! How numbers are written to JSON is the FHIR crate's business.

use isthmus_fhir::number::Number;

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};

/// A decimal as FHIR and JSON write it; `+5`, `.5` and `007` lose what JSON does not allow.
pub fn decimal<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    if Number::from_text(value).is_some() {
        return Outcome::plain(value.clone());
    }
    match canonical(value) {
        Some(text) => Outcome::plain(text),
        None => Err(Fault::Problem(codes::NOT_A_NUMBER)),
    }
}

/// A whole number.
pub fn integer<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let number = canonical(value).and_then(|text| text.parse::<i32>().ok());
    match number {
        Some(number) => Outcome::plain(number.to_string()),
        None => Err(Fault::Problem(codes::NOT_A_NUMBER)),
    }
}

/// Whether `decimal` would accept it.
pub fn is_decimal(value: &str, _: Surroundings<'_>) -> bool {
    canonical(value).is_some()
}

/// HL7 v2 NM (chapter 2A, section 2A.3.40): optional sign, digits, optional point and digits.
fn canonical(value: &str) -> Option<String> {
    let value = value.trim();
    let (sign, digits) = match value.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", value.strip_prefix('+').unwrap_or(value)),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.filter(|fraction| !fraction.is_empty());
    if !numeric(whole) || !numeric(fraction.unwrap_or_default()) {
        return None;
    }
    if whole.is_empty() && fraction.is_none() {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_some() { "." } else { "" };
    Some(format!(
        "{sign}{whole}{point}{}",
        fraction.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept() {
        for (written, read) in [
            ("98.00", Some("98.00")),
            ("007", Some("7")),
            (".5", Some("0.5")),
            ("+5.", Some("5")),
            ("-0.10", Some("-0.10")),
            ("<15", None),
            ("", None),
            (".", None),
            ("1e5", None),
            ("1,5", None),
        ] {
            assert_eq!(canonical(written).as_deref(), read, "{written}");
        }
    }
}
