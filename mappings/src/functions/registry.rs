//! The list of all functions; the one place that knows them by name.
//! What each does is in its family's file.

use crate::functions::call::{Body, FunctionDefinition, Kind, Parameters};
use crate::functions::{codes, dates, identity, instants, numbers, text};

const fn function(
    name: &'static str,
    parameters: Parameters,
    output: Kind,
    body: Body,
    summary: &'static str,
) -> FunctionDefinition {
    FunctionDefinition {
        name,
        parameters,
        output,
        body,
        summary,
    }
}

/// Every function, by family.
pub const ALL: &[FunctionDefinition] = &[
    function(
        "table",
        Parameters::Table,
        Kind::Text,
        Body::Single(codes::table),
        "the code that a table gives for the value",
    ),
    function(
        "table-system",
        Parameters::Table,
        Kind::Text,
        Body::Single(codes::table_system),
        "the `system` column of a table for the value",
    ),
    function(
        "table-display",
        Parameters::Table,
        Kind::Text,
        Body::Single(codes::table_display),
        "the `display` column of a table for the value",
    ),
    function(
        "yes-no",
        Parameters::None,
        Kind::Boolean,
        Body::Single(codes::yes_no),
        "Y or N (also yes, no, true, false, 1, 0) as a boolean",
    ),
    function(
        "negate",
        Parameters::None,
        Kind::Boolean,
        Body::Single(codes::negate),
        "true becomes false and false true",
    ),
    function(
        "date",
        Parameters::None,
        Kind::Date,
        Body::Single(dates::date),
        "a v2 date or time as a FHIR date, its precision kept, the time left out",
    ),
    function(
        "datetime",
        Parameters::None,
        Kind::DateTime,
        Body::Single(instants::datetime),
        "a v2 date or time as a FHIR dateTime, its precision kept",
    ),
    function(
        "instant",
        Parameters::None,
        Kind::Instant,
        Body::Single(instants::instant),
        "a v2 time of at least minutes as a FHIR instant",
    ),
    function(
        "time",
        Parameters::None,
        Kind::Time,
        Body::Single(dates::time),
        "a v2 time of day as a FHIR time",
    ),
    function(
        "ts",
        Parameters::None,
        Kind::Text,
        Body::Single(dates::ts),
        "a FHIR date or time as a v2 time stamp",
    ),
    function(
        "month",
        Parameters::None,
        Kind::Date,
        Body::Single(dates::month),
        "year and month of a date, YYYY-MM",
    ),
    function(
        "year",
        Parameters::None,
        Kind::Date,
        Body::Single(dates::year),
        "the year of a date, YYYY",
    ),
    function(
        "is-date",
        Parameters::None,
        Kind::Boolean,
        Body::Question(dates::is_date),
        "in conditions: whether the value is a v2 date or time",
    ),
    function(
        "decimal",
        Parameters::None,
        Kind::Decimal,
        Body::Single(numbers::decimal),
        "a decimal number, its digits kept",
    ),
    function(
        "integer",
        Parameters::None,
        Kind::Integer,
        Body::Single(numbers::integer),
        "a whole number",
    ),
    function(
        "is-decimal",
        Parameters::None,
        Kind::Boolean,
        Body::Question(numbers::is_decimal),
        "in conditions: whether the value is a decimal number",
    ),
    function(
        "digits",
        Parameters::None,
        Kind::Text,
        Body::Single(text::digits),
        "the digits of the value, everything else left out",
    ),
    function(
        "lower",
        Parameters::None,
        Kind::Text,
        Body::Single(text::lower),
        "in small letters",
    ),
    function(
        "upper",
        Parameters::None,
        Kind::Text,
        Body::Single(text::upper),
        "in capital letters",
    ),
    function(
        "trim",
        Parameters::None,
        Kind::Text,
        Body::Single(text::trim),
        "without white space at both ends",
    ),
    function(
        "prefix",
        Parameters::Text,
        Kind::Text,
        Body::Single(text::prefix),
        "the text of the parentheses, then the value",
    ),
    function(
        "left",
        Parameters::Number,
        Kind::Text,
        Body::Single(text::left),
        "the first characters of the value",
    ),
    function(
        "split",
        Parameters::Text,
        Kind::Text,
        Body::Spread(text::split),
        "several values, cut at the text of the parentheses",
    ),
    function(
        "join",
        Parameters::Text,
        Kind::Text,
        Body::Gather(text::join),
        "all values in one, the text of the parentheses between them",
    ),
    function(
        "lines",
        Parameters::None,
        Kind::Text,
        Body::Gather(text::lines),
        "all values in one, each on its line",
    ),
    function(
        "uuid5",
        Parameters::Text,
        Kind::Text,
        Body::GatherArguments(identity::uuid5),
        "a stable id made of the arguments, within the name space of the parentheses",
    ),
    function(
        "hmac",
        Parameters::Key,
        Kind::Text,
        Body::GatherArguments(identity::hmac),
        "a keyed pseudonym made of the arguments, 64 hexadecimal digits",
    ),
    function(
        "e164",
        Parameters::Text,
        Kind::Text,
        Body::Single(identity::e164),
        "a telephone number as +1..., read as a number of the country of the parentheses",
    ),
];

/// The function of this name.
pub fn find(name: &str) -> Option<&'static FunctionDefinition> {
    ALL.iter().find(|function| function.name == name)
}
