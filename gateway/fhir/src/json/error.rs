//! Why a JSON text was refused and where; never with a value of it, which may be patient data.

use std::fmt;
use thiserror::Error;

/// Refusal of a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("JSON line {line}, column {column}: {code}")]
pub struct JsonError {
    /// What is wrong.
    pub code: JsonErrorCode,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What can be wrong with a JSON text (RFC 8259, and the reader's own limits).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorCode {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text ends too early.
    UnexpectedEnd,
    /// Something else should stand here.
    Expected(&'static str),
    /// A number is not written as JSON wants it.
    InvalidNumber,
    /// A backslash is not followed by one of JSON's escapes.
    InvalidEscape,
    /// A `\u` escape is half of a surrogate pair.
    LoneSurrogate,
    /// A control character stands unescaped in a string.
    ControlCharacter,
    /// An object has a member twice; its name is given if it is one of FHIR's.
    DuplicateMember(Option<&'static str>),
    /// More objects and arrays inside each other than allowed.
    TooDeep(usize),
    /// More bytes than allowed.
    TooManyBytes(usize),
    /// More members and array elements than allowed.
    TooManyMembers(usize),
    /// Something follows the end of the value.
    TrailingText,
}

impl fmt::Display for JsonErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("not UTF-8; send JSON as UTF-8"),
            Self::UnexpectedEnd => f.write_str("the text ends too early; send it whole"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::InvalidNumber => f.write_str("not a JSON number; write it like -12.50 or 1e3"),
            Self::InvalidEscape => f.write_str("unknown escape; double the backslash"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair; send both or UTF-8"),
            Self::ControlCharacter => f.write_str("control character in a string; escape it"),
            Self::DuplicateMember(Some(name)) => {
                write!(f, "member {name} stands twice in one object; send it once")
            }
            Self::DuplicateMember(None) => {
                f.write_str("a member stands twice in one object; send it once")
            }
            Self::TooDeep(limit) => write!(f, "more than {limit} levels; nest less"),
            Self::TooManyBytes(limit) => write!(f, "more than {limit} bytes; send less at once"),
            Self::TooManyMembers(limit) => {
                write!(
                    f,
                    "more than {limit} members and elements; send less at once"
                )
            }
            Self::TrailingText => f.write_str("text after the end of the value; remove it"),
        }
    }
}
