//! Functions of numbers; the digits of a number are never changed.
//! How numbers are written to JSON is the FHIR crate's business.

use isthmus_fhir::number::Number;
use isthmus_hl7v2::value::numeric::Numeric;

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
    let number = Numeric::read(value).and_then(|number| i32::try_from(number.integer()?).ok());
    match number {
        Some(number) => Outcome::plain(number.to_string()),
        None => Err(Fault::Problem(codes::NOT_A_NUMBER)),
    }
}

/// Whether `decimal` would accept it.
pub fn is_decimal(value: &str, _: Surroundings<'_>) -> bool {
    Numeric::read(value).is_some()
}

/// A v2 number in JSON's form.
fn canonical(value: &str) -> Option<String> {
    let number = Numeric::read(value)?;
    let sign = if number.is_negative() { "-" } else { "" };
    let (whole, fraction) = (number.whole(), number.fraction());
    let point = if fraction.is_some() { "." } else { "" };
    let fraction = fraction.unwrap_or_default();
    Some(format!("{sign}{whole}{point}{fraction}"))
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
        ] {
            assert_eq!(canonical(written).as_deref(), read, "{written}");
        }
    }
}
