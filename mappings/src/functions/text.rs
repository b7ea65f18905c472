//! Functions of plain text.
//! Numbers, dates and codes have files of their own.

use std::borrow::Cow;

use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};

/// Keeps only digits; a value without any gives nothing.
pub fn digits<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Outcome::plain(value.clone());
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        Err(Fault::Nothing)
    } else {
        Outcome::plain(digits)
    }
}

/// Small letters.
pub fn lower<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    Outcome::plain(value.to_lowercase())
}

/// Capital letters.
pub fn upper<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    Outcome::plain(value.to_uppercase())
}

/// Without white space at both ends.
pub fn trim<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Err(Fault::Nothing);
    }
    if trimmed.len() == value.len() {
        return Outcome::plain(value.clone());
    }
    Outcome::plain(trimmed.to_owned())
}

/// A text before the value.
pub fn prefix<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    Outcome::plain(format!("{}{value}", given.text))
}

/// The first characters.
pub fn left<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match value.char_indices().nth(given.number) {
        None => Outcome::plain(value.clone()),
        Some((end, _)) => Outcome::plain(value.get(..end).unwrap_or_default().to_owned()),
    }
}

/// Cuts a value; pieces without content are left out.
pub fn split<'v>(value: &Value<'v>, given: Given<'_>) -> Vec<Value<'v>> {
    let pieces = value
        .split(given.text)
        .map(str::trim)
        .filter(|piece| !piece.is_empty());
    pieces.map(|piece| Cow::Owned(piece.to_owned())).collect()
}

/// All values in one.
pub fn join<'v>(
    values: &[Value<'v>],
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Value<'v>, Fault> {
    Ok(joined(values, given.text))
}

/// All values, each on its line.
pub fn lines<'v>(
    values: &[Value<'v>],
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Value<'v>, Fault> {
    Ok(joined(values, "\n"))
}

fn joined<'v>(values: &[Value<'v>], between: &str) -> Value<'v> {
    let filled: Vec<&str> = values
        .iter()
        .map(AsRef::as_ref)
        .filter(|value| !value.is_empty())
        .collect();
    Cow::Owned(filled.join(between))
}
