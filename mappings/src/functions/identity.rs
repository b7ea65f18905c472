//! Functions that make ids, pseudonyms and telephone numbers.
//! Which keys there are is the run context's business.

use std::fmt::Write as _;

use aws_lc_rs::hmac::sign;
use uuid::Uuid;

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};

/// A name-based UUID (RFC 9562, section 5.5). The name space is itself such a UUID, of the URL
/// `urn:isthmus:` and the literal; each argument is preceded by its length, so that no two lists
/// of arguments read the same.
pub fn uuid5<'v>(
    values: &[Value<'v>],
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Value<'v>, Fault> {
    let name = unambiguous(values)?;
    let id = Uuid::new_v5(&given.space, name.as_bytes()).hyphenated();
    let mut buffer = Uuid::encode_buffer();
    Ok(id.encode_lower(&mut buffer).to_owned().into())
}

/// The name space that a literal names.
pub fn name_space(literal: &str) -> Uuid {
    let url = format!("urn:isthmus:{literal}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, url.as_bytes())
}

/// HMAC-SHA-256 (RFC 2104) with the named key, over the arguments as `uuid5` writes them.
pub fn hmac<'v>(
    values: &[Value<'v>],
    given: Given<'_>,
    around: Surroundings<'_>,
) -> Result<Value<'v>, Fault> {
    let Some(key) = around.context.keys.get(given.text) else {
        return Err(Fault::Failure(codes::NAMED_KEY));
    };
    let tag = sign(key, unambiguous(values)?.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in tag.as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text.into())
}

fn unambiguous(values: &[Value<'_>]) -> Result<String, Fault> {
    if values
        .iter()
        .any(|value| value.contains(char::REPLACEMENT_CHARACTER))
    {
        return Err(Fault::Problem(codes::DAMAGED_ID));
    }
    let length: usize = values.iter().map(|value| value.len() + 4).sum();
    let mut text = String::with_capacity(length);
    for value in values {
        push_number(&mut text, value.len());
        text.push(':');
        text.push_str(value);
    }
    Ok(text)
}

fn push_number(text: &mut String, number: usize) {
    if number > 9 {
        push_number(text, number / 10);
    }
    let digit = u32::try_from(number % 10).ok();
    text.extend(digit.and_then(|digit| char::from_digit(digit, 10)));
}

/// Country codes and the digits of a national number, at least and at most (ITU-T E.164), with
/// the prefix that is dialled inside the country.
const COUNTRIES: [(&str, &str, usize, usize, &str); 12] = [
    ("US", "1", 10, 10, "1"),
    ("CA", "1", 10, 10, "1"),
    ("GB", "44", 9, 10, "0"),
    ("IE", "353", 7, 9, "0"),
    ("DE", "49", 6, 13, "0"),
    ("FR", "33", 9, 9, "0"),
    ("NL", "31", 9, 9, "0"),
    ("BE", "32", 8, 9, "0"),
    ("CH", "41", 9, 9, "0"),
    ("AT", "43", 4, 13, "0"),
    ("AU", "61", 9, 9, "0"),
    ("MX", "52", 10, 10, "01"),
];

/// The countries that `e164` knows.
pub fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.iter().map(|country| country.0)
}

/// A number of the country, or one written with `+` or `00`.
pub fn e164<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match international(value, given.text) {
        Some(number) => Outcome::plain(number),
        None => Err(Fault::Problem(codes::NOT_A_PHONE)),
    }
}

fn international(value: &str, country: &str) -> Option<String> {
    let value = value.trim();
    let permitted = |c: char| c.is_ascii_digit() || " -.()/+".contains(c);
    if !value.chars().all(permitted) {
        return None;
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let outside = if value.starts_with('+') {
        Some(digits.as_str())
    } else {
        None
    };
    let outside = outside.or_else(|| digits.strip_prefix("00"));
    if let Some(outside) = outside {
        let fits = (8..=15).contains(&outside.len()) && !outside.starts_with('0');
        return fits.then(|| format!("+{outside}"));
    }
    let (_, code, least, most, trunk) = COUNTRIES.iter().find(|known| known.0 == country)?;
    let fits = |national: &str| (*least..=*most).contains(&national.len());
    let national = digits.strip_prefix(trunk).filter(|national| fits(national));
    let national = national.or_else(|| Some(digits.as_str()).filter(|all| fits(all)))?;
    (!national.starts_with('0')).then(|| format!("+{code}{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers() {
        for (written, country, read) in [
            ("(555) 123-4567", "US", Some("+15551234567")),
            ("1-555-123-4567", "US", Some("+15551234567")),
            ("020 5368 1665", "GB", Some("+442053681665")),
            ("+44 20 5368 1665", "US", Some("+442053681665")),
            ("123-4567", "US", None),
            ("555 123 4567 x12", "US", None),
            ("5551234567", "XX", None),
        ] {
            assert_eq!(
                international(written, country).as_deref(),
                read,
                "{written}"
            );
        }
    }

    #[test]
    fn arguments_cannot_be_shifted() {
        let text = |values: &[Value<'_>]| unambiguous(values);
        assert_eq!(text(&["ab".into(), "".into()]).unwrap(), "2:ab0:");
        assert_eq!(text(&["1234567890".into()]).unwrap(), "10:1234567890");
        let damaged = text(&["8".into(), "7\u{FFFD}".into()]);
        assert_eq!(damaged, Err(Fault::Problem(codes::DAMAGED_ID)));
        assert_ne!(
            unambiguous(&["ab".into(), "c".into()]),
            unambiguous(&["a".into(), "bc".into()])
        );
    }
}
