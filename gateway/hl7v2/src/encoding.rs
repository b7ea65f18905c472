//! Encoding a message that is to be sent in another character set: what the set does not have is
//! escaped or reported, never lost. Decoding is done in `charset` and `charset_rules`.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use thiserror::Error;

use crate::charset::{Charset, encode_or};
use crate::delimiters::Delimiters;
use crate::escape::{escape, unescape_in};
use crate::escape_sequence::{Piece, hex_text, is_sequence, pieces};
use crate::message::{Message, Segment};
use crate::segment_name::SegmentName;

/// A character that the character set does not have. It does not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a character at or behind byte {offset} is not in {charset}; send the text in UTF-8")]
pub struct Unencodable {
    /// Where it is, in bytes of the text in UTF-8; of a message, where its value begins.
    pub offset: usize,
    /// The name of the set.
    pub charset: &'static str,
}

/// Encodes text as it is.
///
/// # Errors
/// At the first character that the set does not have. Some encoders write another character for
/// one: in `Shift_JIS` the yen sign would become a reverse solidus, which is a delimiter.
pub fn encode(text: &str, charset: Charset) -> Result<Cow<'_, [u8]>, Unencodable> {
    let report = |_character, offset, _bytes: &mut Vec<u8>| ControlFlow::Break(offset);
    let offset = match encode_or(text, charset, report) {
        ControlFlow::Continue(bytes) if !charset.is_double_byte() => return Ok(bytes),
        ControlFlow::Continue(bytes) => match first_change(text, &bytes, charset) {
            None => return Ok(bytes),
            Some(offset) => offset,
        },
        ControlFlow::Break(offset) => offset,
    };
    let charset = charset.name();
    Err(Unencodable { offset, charset })
}

/// Where the bytes are first another text than they were made of.
fn first_change(text: &str, bytes: &[u8], charset: Charset) -> Option<usize> {
    let again = charset.text_of(bytes).unwrap_or_default();
    if again == text {
        return None;
    }
    let mut pairs = text.char_indices().zip(again.chars());
    let changed = pairs.find(|((_, before), after)| before != after);
    changed.map_or(Some(again.len()), |((offset, _), _)| Some(offset))
}

/// Encodes a message. A character that the set does not have becomes `\X..\` with its bytes in
/// UTF-8, and every value is what it was when it is read again. MSH-18 stays as it is: let it name
/// the set.
///
/// # Errors
/// At a character that cannot be escaped, for its bytes would be read as others: some are, in sets
/// of double bytes.
pub fn encode_message(message: &Message, charset: Charset) -> Result<Cow<'_, [u8]>, Unencodable> {
    let text = message.text();
    let delimiters = message.delimiters();
    let (from, to) = (message.charset(), charset);
    let mark = char::from(delimiters.escape);
    let sequences = |letters: &str, text: &str| {
        let begins = |letter: char| text.contains(String::from_iter([mark, letter]).as_str());
        letters.chars().any(begins)
    };
    if (from == to || !sequences("XCM", text))
        && let Ok(bytes) = encode(text, to)
    {
        return Ok(bytes);
    }
    let mut escaped = String::with_capacity(text.len().saturating_add(64));
    let mut offset: usize = 0;
    let mut literals = message
        .segments()
        .filter_map(|one| literal(&one))
        .peekable();
    for piece in text.split_inclusive(|character| ends_value(character, delimiters)) {
        while literals.next_if(|literal| literal.end <= offset).is_some() {}
        if literals
            .peek()
            .is_some_and(|literal| literal.start <= offset)
        {
            if encode(piece, to).is_err() {
                let charset = to.name();
                return Err(Unencodable { offset, charset });
            }
            escaped.push_str(piece);
            offset = offset.saturating_add(piece.len());
            continue;
        }
        let value = piece.trim_end_matches(|character| ends_value(character, delimiters));
        let read = unescape_in(value, &delimiters, from);
        // Behind a switch hexadecimal text would be of the set that is switched to.
        let stays = read == unescape_in(value, &delimiters, to)
            && (encode(value, to).is_ok() || !sequences("CM", value));
        let value_anew = if stays {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(escape(&read, &delimiters).into_owned())
        };
        if encode(&value_anew, to).is_ok() {
            escaped.push_str(&value_anew);
        } else if push_escaped(&value_anew, delimiters, to, &mut escaped).is_none() {
            let charset = to.name();
            return Err(Unencodable { offset, charset });
        }
        escaped.push_str(piece.get(value.len()..).unwrap_or_default());
        offset = offset.saturating_add(piece.len());
    }
    let bytes = encode(&escaped, to)?;
    Ok(Cow::Owned(bytes.into_owned()))
}

/// Where MSH-2 lies, which is never escaped.
fn literal(segment: &Segment<'_>) -> Option<Range<usize>> {
    let is_header = segment.name() == SegmentName::MSH;
    let start = (segment.offset() as usize).saturating_add(4);
    is_header.then(|| start..start.saturating_add(segment.field(2).raw().len()))
}

fn ends_value(character: char, delimiters: Delimiters) -> bool {
    u8::try_from(character).is_ok_and(|byte| {
        matches!(byte, b'\r' | b'\n')
            || byte == delimiters.field
            || byte == delimiters.repetition
            || byte == delimiters.component
            || byte == delimiters.subcomponent
    })
}

/// Writes a value so that the set has all of it; none when it cannot. An escape character that
/// begins no sequence is written as one: otherwise it could begin one together with what is put
/// behind it.
fn push_escaped(
    value: &str,
    delimiters: Delimiters,
    charset: Charset,
    escaped: &mut String,
) -> Option<()> {
    let mark = char::from(delimiters.escape);
    let known = |sequence: &str| is_sequence(sequence, delimiters, charset);
    for piece in pieces(value, delimiters.escape, known) {
        match piece {
            Piece::Mark => escaped.extend([mark, 'E', mark]),
            Piece::Sequence(sequence) => {
                escaped.push(mark);
                escaped.push_str(sequence);
                escaped.push(mark);
            }
            Piece::Plain(plain) => {
                for character in plain.chars() {
                    push_character(character, charset, mark, escaped)?;
                }
            }
        }
    }
    Some(())
}

/// Writes a character, or its escape sequence; none when that would be read as another.
fn push_character(
    character: char,
    charset: Charset,
    mark: char,
    escaped: &mut String,
) -> Option<()> {
    let mut room = [0; 4];
    let text: &str = character.encode_utf8(&mut room);
    if encode(text, charset).is_ok() {
        escaped.push(character);
        return Some(());
    }
    let reads_back = hex_text(text.as_bytes().to_vec(), charset)?;
    if reads_back != text {
        return None;
    }
    escaped.extend([mark, 'X']);
    for byte in text.bytes() {
        for digit in [byte >> 4, byte & 0xF] {
            let digit = char::from_digit(u32::from(digit), 16)?;
            escaped.push(digit.to_ascii_uppercase());
        }
    }
    escaped.push(mark);
    Some(())
}
