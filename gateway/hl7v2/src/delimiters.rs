//! `Delimiters`, the characters a message declares in MSH-1 and MSH-2.
//! Splitting at them is done in `field`, escaping them in `escape`.

use crate::error::{DelimiterProblem, ParseError};

/// The delimiters of one message (HL7 v2.5.1 chapter 2, section 2.5.4); each is one ASCII
/// punctuation character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields, MSH-1; `|` by custom.
    pub field: u8,
    /// Between components; `^` by custom.
    pub component: u8,
    /// Between repetitions; `~` by custom.
    pub repetition: u8,
    /// Around escape sequences; `\` by custom.
    pub escape: u8,
    /// Between subcomponents; `&` by custom.
    pub subcomponent: u8,
    /// Marks a truncated value, from version 2.7 on; `#` by custom.
    pub truncation: Option<u8>,
}

impl Default for Delimiters {
    /// The customary `|^~\&`.
    fn default() -> Self {
        Self {
            field: b'|',
            component: b'^',
            repetition: b'~',
            escape: b'\\',
            subcomponent: b'&',
            truncation: None,
        }
    }
}

impl Delimiters {
    /// Reads MSH-1 and MSH-2 from `text`, the bytes from `MSH` on; `start` is where they lie in the
    /// message, for the error.
    pub(crate) fn read(text: &[u8], start: u32) -> Result<Self, ParseError> {
        let Some((name, rest)) = text.split_at_checked(3) else {
            return Err(ParseError::NoHeader { offset: start });
        };
        if name != b"MSH" {
            return Err(ParseError::NoHeader { offset: start });
        }
        let line_end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..line_end).unwrap_or_default();
        let too_short = || ParseError::HeaderTooShort {
            offset: start.saturating_add(3).saturating_add(to_u32(line_end)),
        };
        let (&field, rest) = line.split_first().ok_or_else(too_short)?;
        let encoding_end = memchr::memchr(field, rest).unwrap_or(rest.len());
        let encoding = rest.get(..encoding_end).unwrap_or_default();
        check(field, &[], start.saturating_add(3))?;
        let mut seen = vec![field];
        for (place, &byte) in (4_u32..).zip(encoding) {
            let offset = start.saturating_add(place);
            if seen.len() > 5 {
                let problem = DelimiterProblem::TooMany;
                return Err(ParseError::Delimiter { offset, problem });
            }
            check(byte, &seen, offset)?;
            seen.push(byte);
        }
        let (&[component, repetition, escape, subcomponent], rest) = encoding
            .split_first_chunk::<4>()
            .ok_or_else(|| ParseError::HeaderTooShort {
                offset: start.saturating_add(4).saturating_add(to_u32(encoding_end)),
            })?;
        let truncation = rest.first().copied();
        Ok(Self {
            field,
            component,
            repetition,
            escape,
            subcomponent,
            truncation,
        })
    }

    /// MSH-2: the delimiters without the field separator.
    pub fn encoding_characters(&self) -> String {
        [
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
        ]
        .into_iter()
        .chain(self.truncation)
        .map(char::from)
        .collect()
    }
}

fn check(byte: u8, seen: &[u8], offset: u32) -> Result<(), ParseError> {
    let problem = if byte.is_ascii_alphanumeric() {
        DelimiterProblem::Alphanumeric
    } else if !byte.is_ascii_punctuation() || byte == b'"' {
        DelimiterProblem::NotPunctuation
    } else if seen.contains(&byte) {
        DelimiterProblem::Repeated
    } else {
        return Ok(());
    };
    Err(ParseError::Delimiter { offset, problem })
}

fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_custom_and_unusual_delimiters_are_read() {
        assert_eq!(
            Delimiters::read(b"MSH|^~\\&|A", 0),
            Ok(Delimiters::default())
        );
        let own = Delimiters::read(b"MSH#!@%*?#A", 0).unwrap();
        assert_eq!(
            (own.field, own.subcomponent, own.truncation),
            (b'#', b'*', Some(b'?'))
        );
        assert_eq!(own.encoding_characters(), "!@%*?");
    }

    #[test]
    fn bad_delimiters_are_refused_with_their_place() {
        let offset = |text: &[u8]| Delimiters::read(text, 10).unwrap_err().offset();
        assert_eq!(offset(b"PID|1"), 10);
        assert_eq!(offset(b"MSH"), 13);
        assert_eq!(offset(b"MSH|^~|A"), 16);
        assert_eq!(offset(b"MSH|^~\\^|A"), 17);
        assert_eq!(offset(b"MSHA^~\\&AB"), 13);
        assert_eq!(offset(b"MSH|^\t\\&|A"), 15);
        assert_eq!(offset(b"MSH|^~\\&#!|A"), 19);
        assert_eq!(offset(b"MSH|^~\xc3\xa9|A"), 16);
    }
}
