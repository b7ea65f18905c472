//! Character sets: which one a message declares in MSH-18, and strict decoding to UTF-8 before the
//! message is parsed. Hexadecimal text inside values is resolved in `escape`.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, EncoderResult, Encoding};
use thiserror::Error;

/// A character set of table 0211 (HL7 v2.5.1 chapter 2, section 2.15.9.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ascii,
    Other(&'static Encoding),
}

/// Why bytes could not be decoded. It never holds a piece of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CharsetError {
    /// MSH-18 holds a name the gateway does not know.
    #[error(
        "MSH-18 names a character set that is not supported (table 0211); agree on one such as \
         UNICODE UTF-8 or set the sender's character set in the configuration"
    )]
    Unknown,
    /// A byte that the character set does not have.
    #[error("byte {offset} is not {charset}; correct MSH-18 or the sender's character set")]
    Malformed {
        /// Where the byte is, counted from 0.
        offset: usize,
        /// The name of the character set that was tried.
        charset: &'static str,
    },
}

impl Charset {
    /// Seven-bit ASCII, the standard's default.
    pub const ASCII: Self = Self(Kind::Ascii);
    /// UTF-8.
    pub const UTF_8: Self = Self(Kind::Other(encoding_rs::UTF_8));

    /// The character set of that name: a code of table 0211, or a label of the WHATWG Encoding
    /// Standard (`windows-1252`), which senders use as well. None when it is neither, or not
    /// supported: `UNICODE UTF-32`, `CNS 11643-1992`, `ISO IR159`.
    ///
    /// ISO 8859-1 and 8859-9 are read as their Windows supersets, as senders mean them.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        let encoding = match name.to_ascii_uppercase().as_str() {
            "" | "ASCII" | "US-ASCII" | "ISO IR6" => return Some(Self::ASCII),
            "UNICODE UTF-8" | "UNICODE" | "UTF8" => encoding_rs::UTF_8,
            "UNICODE UTF-16" => encoding_rs::UTF_16BE,
            "ISO IR14" | "ISO IR87" => encoding_rs::ISO_2022_JP,
            "GB 18030-2000" | "GB18030-2000" => encoding_rs::GB18030,
            "BIG-5" => encoding_rs::BIG5,
            "KS X 1001" => encoding_rs::EUC_KR,
            upper => match upper.strip_prefix("8859/") {
                Some(part) => Encoding::for_label(format!("iso-8859-{part}").as_bytes())?,
                None => Encoding::for_label_no_replacement(name.as_bytes())?,
            },
        };
        (encoding != encoding_rs::X_USER_DEFINED).then_some(Self(Kind::Other(encoding)))
    }

    /// The name, as the WHATWG Encoding Standard writes it; `ASCII` for ASCII.
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Ascii => "ASCII",
            Kind::Other(encoding) => encoding.name(),
        }
    }
}

/// The character set a message declares: a byte order mark or the zero bytes of UTF-16, else
/// MSH-18. None when nothing is declared; then the sender's configuration decides.
///
/// When MSH-18 repeats, the first set counts, but any Japanese one that is switched to in the text
/// (ISO 2022) takes the whole message with it.
///
/// # Errors
/// [`CharsetError::Unknown`].
pub fn declared(bytes: &[u8]) -> Result<Option<Charset>, CharsetError> {
    match bytes {
        [0xFF, 0xFE, ..] | [b'M', 0, b'S', 0, ..] => {
            return Ok(Some(Charset(Kind::Other(encoding_rs::UTF_16LE))));
        }
        [0xFE, 0xFF, ..] | [0, b'M', 0, b'S', ..] => {
            return Ok(Some(Charset(Kind::Other(encoding_rs::UTF_16BE))));
        }
        [0xEF, 0xBB, 0xBF, ..] => return Ok(Some(Charset::UTF_8)),
        _ => {}
    }
    let Some((names, repetition)) = character_sets(bytes) else {
        return Ok(None);
    };
    let mut first = None;
    for name in names.split(|&byte| byte == repetition) {
        let name = std::str::from_utf8(name).map_err(|_not_ascii| CharsetError::Unknown)?;
        let charset = Charset::named(name).ok_or(CharsetError::Unknown)?;
        if charset.0 == Kind::Other(encoding_rs::ISO_2022_JP) {
            return Ok(Some(charset));
        }
        first = first.or(Some(charset));
    }
    Ok(first)
}

/// MSH-18 and the repetition delimiter, found without decoding.
fn character_sets(bytes: &[u8]) -> Option<(&[u8], u8)> {
    let blank = bytes
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let header = bytes.get(blank..)?.strip_prefix(b"MSH")?;
    let end = memchr::memchr2(b'\r', b'\n', header).unwrap_or(header.len());
    let line = header.get(..end)?;
    let (&separator, rest) = line.split_first()?;
    // MSH-2 is the first piece after MSH-1, so MSH-18 is the seventeenth.
    let repetition = *rest.get(1)?;
    let names = Pieces {
        rest: Some(rest),
        separator,
    }
    .nth(16)?;
    (!names.is_empty() && names != b"\"\"").then_some((names, repetition))
}

/// The pieces of a line between separators; inside ISO 2022 multi-byte text (`ESC $` to `ESC (`)
/// a separator is half of a character.
struct Pieces<'b> {
    rest: Option<&'b [u8]>,
    separator: u8,
}

impl<'b> Iterator for Pieces<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        let rest = self.rest?;
        let mut is_wide = false;
        let end = rest.iter().enumerate().position(|(place, &byte)| {
            if byte == 0x1B {
                is_wide = rest.get(place.saturating_add(1)) == Some(&b'$');
            }
            byte == self.separator && !is_wide
        });
        let (piece, rest) = match end.and_then(|end| rest.split_at_checked(end)) {
            Some((piece, rest)) => (piece, rest.get(1..)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(piece)
    }
}

/// Decodes a whole message to UTF-8, borrowing when nothing has to change. A byte order mark is
/// left out. Nothing is ever replaced or dropped.
///
/// # Errors
/// [`CharsetError::Malformed`] at the first byte that the character set does not have.
pub fn decode(bytes: &[u8], charset: Charset) -> Result<Cow<'_, str>, CharsetError> {
    let malformed = |offset| CharsetError::Malformed {
        offset,
        charset: charset.name(),
    };
    let encoding = match charset.0 {
        Kind::Ascii => {
            let offset = bytes.iter().position(|byte| !byte.is_ascii());
            let text = std::str::from_utf8(bytes);
            return match (offset, text) {
                (None, Ok(text)) => Ok(Cow::Borrowed(text)),
                (offset, _) => Err(malformed(offset.unwrap_or_default())),
            };
        }
        Kind::Other(encoding) => encoding,
    };
    let mark: &[u8] = match encoding {
        one if one == encoding_rs::UTF_8 => b"\xEF\xBB\xBF",
        one if one == encoding_rs::UTF_16LE => b"\xFF\xFE",
        one if one == encoding_rs::UTF_16BE => b"\xFE\xFF",
        _ => b"",
    };
    let body = bytes.strip_prefix(mark).unwrap_or(bytes);
    let skipped = bytes.len().saturating_sub(body.len());
    if encoding == encoding_rs::UTF_8 {
        return match std::str::from_utf8(body) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(malformed(skipped.saturating_add(error.valid_up_to()))),
        };
    }
    if encoding.is_ascii_compatible() && body.is_ascii() {
        return match std::str::from_utf8(body) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(malformed(skipped)),
        };
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(body.len());
    let mut text = String::with_capacity(room.unwrap_or_default());
    match decoder.decode_to_string_without_replacement(body, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text)),
        (DecoderResult::OutputFull, read) => Err(malformed(skipped.saturating_add(read))),
        (DecoderResult::Malformed(bad, after), read) => {
            let back = usize::from(bad).saturating_add(usize::from(after));
            Err(malformed(skipped.saturating_add(read).saturating_sub(back)))
        }
    }
}

/// Encodes text that is sent back to a peer. Characters the set does not have become `?`: an
/// acknowledgment carries codes and the peer's own header, never patient data.
pub fn encode(text: &str, charset: Charset) -> Cow<'_, [u8]> {
    let encoding = match charset.0 {
        Kind::Other(encoding) if !text.is_ascii() || !encoding.is_ascii_compatible() => encoding,
        Kind::Ascii | Kind::Other(_) => {
            return if text.is_ascii() {
                Cow::Borrowed(text.as_bytes())
            } else {
                let ascii = |character: char| match u8::try_from(character) {
                    Ok(byte) if byte.is_ascii() => byte,
                    Ok(_) | Err(_) => b'?',
                };
                Cow::Owned(text.chars().map(ascii).collect())
            };
        }
    };
    // The Encoding Standard has no UTF-16 encoder.
    if encoding == encoding_rs::UTF_16LE {
        return Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    if encoding == encoding_rs::UTF_16BE {
        return Cow::Owned(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        bytes.reserve(room.unwrap_or_default());
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
            EncoderResult::InputEmpty | EncoderResult::OutputFull => return Cow::Owned(bytes),
        }
    }
}
