//! One escape sequence at a time: what it stands for (HL7 v2.5.1 chapter 2, section 2.7). Finding
//! them in a value is done in `escape`, switches of the character set in `character_switch`.

use crate::charset::Charset;
use crate::delimiter_search::find;
use crate::delimiters::Delimiters;

/// How many spaces or lines one formatting command may ask for.
const FORMAT_COUNT_MAX: usize = 100;

/// What became of a sequence.
pub(crate) enum Outcome {
    /// What it stands for was written.
    Resolved,
    /// It is one, and stands for nothing that could be written: keep it as it is.
    Kept,
    /// It is none; the escape character before it stands for itself.
    NoSequence,
}

/// Writes what a sequence stands for; `sequence` is what stands between the escape characters.
pub(crate) fn resolve(
    sequence: &str,
    delimiters: Delimiters,
    charset: Charset,
    text: &mut String,
) -> Outcome {
    match delimiter(sequence, delimiters) {
        Some(delimiter) => text.push(char::from(delimiter)),
        None if matches!(sequence, "H" | "N") => {}
        None => return resolve_longer(sequence, charset, text),
    }
    Outcome::Resolved
}

/// The delimiter that a sequence of one letter stands for.
pub(crate) fn delimiter(sequence: &str, delimiters: Delimiters) -> Option<u8> {
    Some(match sequence {
        "F" => delimiters.field,
        "S" => delimiters.component,
        "R" => delimiters.repetition,
        "T" => delimiters.subcomponent,
        "E" => delimiters.escape,
        "P" => delimiters.truncation.unwrap_or(b'#'),
        _ => return None,
    })
}

fn resolve_longer(sequence: &str, charset: Charset, text: &mut String) -> Outcome {
    if let Some(command) = sequence.strip_prefix('.') {
        return format(command, text);
    }
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut characters = sequence.chars();
    let kind = characters.next();
    let rest = characters.as_str();
    match kind {
        Some('X') => match hex_bytes(rest).and_then(|bytes| hex_text(bytes, charset)) {
            Some(decoded) => {
                text.push_str(&decoded);
                Outcome::Resolved
            }
            None => Outcome::NoSequence,
        },
        Some('C') if rest.len() == 4 && is_hex(rest) => Outcome::Kept,
        Some('M') if matches!(rest.len(), 4 | 6) && is_hex(rest) => Outcome::Kept,
        Some('Z') if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Outcome::Kept
        }
        _ => Outcome::NoSequence,
    }
}

/// Formatting commands (HL7 v2.5.1 chapter 2, section 2.7.6).
fn format(command: &str, text: &mut String) -> Outcome {
    let name = command.get(..2).unwrap_or_default();
    let count = command
        .get(2..)
        .unwrap_or_default()
        .trim_start_matches(['+', ' ']);
    let count = match count {
        "" => None,
        digits => match digits.parse::<usize>() {
            Ok(count) => Some(count.min(FORMAT_COUNT_MAX)),
            Err(_) => return Outcome::NoSequence,
        },
    };
    let (piece, times) = match name {
        "br" | "ce" => ("\n", 1),
        "sp" => ("\n", count.unwrap_or(1)),
        "sk" => (" ", count.unwrap_or(1)),
        "in" | "ti" => (" ", count.unwrap_or(0)),
        "fi" | "nf" => ("", 0),
        _ => return Outcome::NoSequence,
    };
    text.extend(std::iter::repeat_n(piece, times));
    Outcome::Resolved
}

/// The bytes that pairs of hexadecimal digits stand for; none when there is anything else, or
/// nothing.
pub(crate) fn hex_bytes(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let (pairs, left) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !left.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(pairs.len());
    for &[high, low] in pairs {
        bytes.push((value(high)? << 4) | value(low)?);
    }
    Some(bytes)
}

/// The text of bytes that stand in hexadecimal digits in a message of that set: UTF-8 when they
/// are that, else text of the set. In a set of single bytes nearly all bytes are text, so that
/// text in UTF-8 would hardly ever be meant otherwise; in a set of double bytes two of them may
/// well be both, and there the message's own set comes first.
pub(crate) fn hex_text(bytes: Vec<u8>, charset: Charset) -> Option<String> {
    if charset.is_double_byte()
        && let Some(text) = charset.text_of(&bytes)
    {
        return Some(text.into_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => Some(charset.text_of(error.as_bytes())?.into_owned()),
    }
}

/// A piece of a value that was not resolved yet.
#[derive(Clone, Copy)]
pub(crate) enum Piece<'r> {
    /// Text without an escape character.
    Plain(&'r str),
    /// A sequence, its escape characters left out.
    Sequence(&'r str),
    /// An escape character that begins no sequence.
    Mark,
}

/// Whether an escape character and this begin a sequence, resolved or kept.
pub(crate) fn is_sequence(sequence: &str, delimiters: Delimiters, charset: Charset) -> bool {
    let outcome = resolve(sequence, delimiters, charset, &mut String::new());
    !matches!(outcome, Outcome::NoSequence)
}

/// Takes a value apart; `is_sequence` is asked what stands between two escape characters.
pub(crate) fn pieces(
    raw: &str,
    escape: u8,
    is_sequence: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = find(rest, escape).unwrap_or(rest.len());
        if start > 0 {
            let (plain, tail) = rest.split_at_checked(start)?;
            rest = tail;
            return Some(Piece::Plain(plain));
        }
        let body = rest.get(1..)?;
        let sequence = find(body, escape).and_then(|end| body.get(..end));
        let Some(sequence) = sequence.filter(|sequence| is_sequence(sequence)) else {
            rest = body;
            return Some(Piece::Mark);
        };
        rest = body.get(sequence.len().saturating_add(1)..)?;
        Some(Piece::Sequence(sequence))
    })
}
