//! Functions of codes: tables and yes or no.
//! How a table is read and what its columns mean is in `table`.

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};
use crate::table::Lookup;

/// The table's `to` column.
pub fn table<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let Some(table) = given.table else {
        return Err(Fault::Nothing);
    };
    match table.look_up(value) {
        Lookup::Code(code) => Outcome::plain(code.to_owned()),
        Lookup::Keep => Outcome::plain(value.clone()),
        Lookup::Nothing => Err(Fault::Nothing),
        Lookup::Default { code, warn } => Ok(Outcome {
            value: code.to_owned().into(),
            warning: warn.then_some(codes::UNMAPPED),
        }),
        Lookup::Unmapped => Err(Fault::Failure(codes::UNMAPPED)),
    }
}

/// The table's `system` column.
pub fn table_system<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    column(given.table.and_then(|table| table.system(value)))
}

/// The table's `display` column.
pub fn table_display<'v>(
    value: &Value<'v>,
    given: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    column(given.table.and_then(|table| table.display(value)))
}

fn column<'v>(found: Option<&str>) -> Result<Outcome<'v>, Fault> {
    match found {
        Some(text) => Outcome::plain(text.to_owned()),
        None => Err(Fault::Nothing),
    }
}

/// HL7 table 0136 and the words people use for it.
pub fn yes_no<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let answers = [
        ("Y", "true"),
        ("YES", "true"),
        ("TRUE", "true"),
        ("1", "true"),
        ("N", "false"),
        ("NO", "false"),
        ("FALSE", "false"),
        ("0", "false"),
    ];
    let found = answers
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(value.trim()));
    match found {
        Some((_, answer)) => Outcome::plain(*answer),
        None => Err(Fault::Problem(codes::NOT_YES_NO)),
    }
}

/// The opposite.
pub fn negate<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match value.as_ref() {
        "true" => Outcome::plain("false"),
        "false" => Outcome::plain("true"),
        _ => Err(Fault::Problem(codes::NOT_YES_NO)),
    }
}
