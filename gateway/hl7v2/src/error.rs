//! `ParseError`, why bytes are not an HL7 v2 message, with a place and never a piece of the text.
//! Errors of paths, charsets and frames stand beside the code that finds them.

use thiserror::Error;

/// Why a message could not be read.
///
/// `ordinal` counts the segments from 0, `offset` the bytes of what was given to the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseError {
    /// More bytes than the limit.
    #[error("the message is longer than the limit of {limit} bytes; raise the limit or split it")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("byte {offset} is not UTF-8; decode the message from its character set (MSH-18) first")]
    NotUtf8 {
        /// Where the first bad byte is.
        offset: u32,
    },
    /// The first segment is not `MSH`.
    #[error("no MSH segment at byte {offset}; a message starts with its header")]
    NoHeader {
        /// Where the header was expected.
        offset: u32,
    },
    /// `MSH` ends before its delimiters.
    #[error("MSH ends at byte {offset} before its delimiters; MSH-1 and MSH-2 need 5 characters")]
    HeaderTooShort {
        /// Where it ends.
        offset: u32,
    },
    /// MSH-1 or MSH-2 holds a character that cannot be a delimiter.
    #[error("the delimiter at byte {offset} (MSH-1 or MSH-2) {problem}")]
    Delimiter {
        /// Where the delimiter is.
        offset: u32,
        /// What is wrong with it.
        problem: DelimiterProblem,
    },
    /// A line that is not a segment.
    #[error(
        "segment {ordinal} at byte {offset} has no segment name; expected three upper-case \
         characters and then the field separator"
    )]
    NotASegment {
        /// The segment, counted from 0.
        ordinal: u32,
        /// Where it starts.
        offset: u32,
    },
    /// More segments than the limit.
    #[error("segment {ordinal} at byte {offset} is beyond the limit of {limit} segments")]
    TooManySegments {
        /// The segment, counted from 0.
        ordinal: u32,
        /// Where it starts.
        offset: u32,
        /// The limit.
        limit: usize,
    },
    /// More fields in one segment than the limit.
    #[error("segment {ordinal} at byte {offset} has more fields than the limit of {limit}")]
    TooManyFields {
        /// The segment, counted from 0.
        ordinal: u32,
        /// Where it starts.
        offset: u32,
        /// The limit, for each segment.
        limit: usize,
    },
}

/// What is wrong with a character in MSH-1 or MSH-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DelimiterProblem {
    /// The same character stands for two things.
    #[error("is used twice; each delimiter needs a character of its own")]
    Repeated,
    /// A letter or digit.
    #[error("is a letter or a digit; use punctuation")]
    Alphanumeric,
    /// A control character, a space, a quotation mark or not ASCII.
    #[error("is not printable ASCII punctuation; use a character such as | ^ ~ \\ &")]
    NotPunctuation,
    /// MSH-2 has more than five characters.
    #[error("is one too many; MSH-2 holds four characters, or five from version 2.7 on")]
    TooMany,
}

impl ParseError {
    /// The byte at fault, in what was given to the parser; the limit when the message is too long.
    pub fn offset(&self) -> usize {
        match *self {
            Self::TooLong { limit } => limit,
            Self::NotUtf8 { offset }
            | Self::NoHeader { offset }
            | Self::HeaderTooShort { offset }
            | Self::Delimiter { offset, .. }
            | Self::NotASegment { offset, .. }
            | Self::TooManySegments { offset, .. }
            | Self::TooManyFields { offset, .. } => offset as usize,
        }
    }

    /// The segment at fault, counted from 0, when it is known.
    pub fn ordinal(&self) -> Option<u32> {
        match *self {
            Self::TooLong { .. } | Self::NotUtf8 { .. } => None,
            Self::NoHeader { .. } | Self::HeaderTooShort { .. } | Self::Delimiter { .. } => Some(0),
            Self::NotASegment { ordinal, .. }
            | Self::TooManySegments { ordinal, .. }
            | Self::TooManyFields { ordinal, .. } => Some(ordinal),
        }
    }
}
