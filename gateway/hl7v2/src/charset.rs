//! Character sets: which one a message declares in MSH-18, and strict decoding to UTF-8 before the
//! message is parsed. Which set counts for a sender is in `charset_rules`, how messages are encoded
//! in `encoding`, and hexadecimal text inside values is resolved in `escape`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::ControlFlow;

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

/// What the standard calls its sets, and some names that senders have for them.
const TABLE_0211: [(&str, &Encoding); 25] = [
    ("UNICODE UTF-8", encoding_rs::UTF_8),
    ("UNICODE", encoding_rs::UTF_8),
    ("UTF8", encoding_rs::UTF_8),
    ("UNICODE UTF-16", encoding_rs::UTF_16BE),
    ("8859/1", encoding_rs::WINDOWS_1252),
    ("8859/2", encoding_rs::ISO_8859_2),
    ("8859/3", encoding_rs::ISO_8859_3),
    ("8859/4", encoding_rs::ISO_8859_4),
    ("8859/5", encoding_rs::ISO_8859_5),
    ("8859/6", encoding_rs::ISO_8859_6),
    ("8859/7", encoding_rs::ISO_8859_7),
    ("8859/8", encoding_rs::ISO_8859_8),
    ("8859/9", encoding_rs::WINDOWS_1254),
    ("8859/10", encoding_rs::ISO_8859_10),
    ("8859/11", encoding_rs::WINDOWS_874),
    ("8859/13", encoding_rs::ISO_8859_13),
    ("8859/14", encoding_rs::ISO_8859_14),
    ("8859/15", encoding_rs::ISO_8859_15),
    ("8859/16", encoding_rs::ISO_8859_16),
    ("ISO IR14", encoding_rs::ISO_2022_JP),
    ("ISO IR87", encoding_rs::ISO_2022_JP),
    ("GB 18030-2000", encoding_rs::GB18030),
    ("GB18030-2000", encoding_rs::GB18030),
    ("BIG-5", encoding_rs::BIG5),
    ("KS X 1001", encoding_rs::EUC_KR),
];

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
    /// ISO 8859-1, 8859-9 and 8859-11 are read as their Windows supersets, as senders mean them.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        let is_one_of = |names: &[&str]| names.iter().any(|own| own.eq_ignore_ascii_case(name));
        if is_one_of(&["", "ASCII", "US-ASCII", "ISO IR6"]) {
            return Some(Self::ASCII);
        }
        let mut table = TABLE_0211.iter();
        let encoding = match table.find(|(code, _)| code.eq_ignore_ascii_case(name)) {
            Some((_, encoding)) => *encoding,
            None => Encoding::for_label_no_replacement(name.as_bytes())?,
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

    /// Whether a character may take two bytes, the second of which may look like another
    /// character, or like a delimiter.
    pub(crate) fn is_double_byte(self) -> bool {
        let Kind::Other(encoding) = self.0 else {
            return false;
        };
        let is_unicode = encoding == encoding_rs::UTF_8 || !encoding.is_ascii_compatible();
        !encoding.is_single_byte() && (!is_unicode || encoding == encoding_rs::ISO_2022_JP)
    }

    /// Text of a few bytes; none when they are not of this set, and for ASCII.
    pub(crate) fn text_of(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self.0 {
            Kind::Ascii => None,
            Kind::Other(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            }
        }
    }

    /// The encoding of every set but ASCII.
    pub(crate) fn encoding(self) -> Option<&'static Encoding> {
        match self.0 {
            Kind::Ascii => None,
            Kind::Other(encoding) => Some(encoding),
        }
    }

    /// The set of that encoding.
    pub(crate) const fn of(encoding: &'static Encoding) -> Self {
        Self(Kind::Other(encoding))
    }
}

/// What the first bytes say: a byte order mark, or the zero bytes of UTF-16 in `MS`.
pub(crate) fn marked(bytes: &[u8]) -> Option<Charset> {
    let encoding = match bytes {
        [0xFF, 0xFE, ..] | [b'M', 0, b'S', 0, ..] => encoding_rs::UTF_16LE,
        [0xFE, 0xFF, ..] | [0, b'M', 0, b'S', ..] => encoding_rs::UTF_16BE,
        [0xEF, 0xBB, 0xBF, ..] => encoding_rs::UTF_8,
        _ => return None,
    };
    Some(Charset(Kind::Other(encoding)))
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
    if let Some(charset) = marked(bytes) {
        return Ok(Some(charset));
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
    let body = without_mark(bytes, encoding);
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

/// The bytes behind the byte order mark of that encoding.
pub(crate) fn without_mark<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> &'b [u8] {
    let mark: &[u8] = match encoding {
        one if one == encoding_rs::UTF_8 => b"\xEF\xBB\xBF",
        one if one == encoding_rs::UTF_16LE => b"\xFF\xFE",
        one if one == encoding_rs::UTF_16BE => b"\xFE\xFF",
        _ => b"",
    };
    bytes.strip_prefix(mark).unwrap_or(bytes)
}

/// Encodes text that is sent back to a peer. Characters the set does not have become `?`: an
/// acknowledgment carries codes and the peer's own header, never patient data.
pub fn encode(text: &str, charset: Charset) -> Cow<'_, [u8]> {
    let instead = |_character, _offset, bytes: &mut Vec<u8>| {
        bytes.push(b'?');
        ControlFlow::<Infallible>::Continue(())
    };
    let ControlFlow::Continue(bytes) = encode_or(text, charset, instead);
    bytes
}

/// Encodes text; `instead` is asked for every character that the set does not have, with its
/// place, and writes ASCII in its stead or ends it.
pub(crate) fn encode_or<E>(
    text: &str,
    charset: Charset,
    mut instead: impl FnMut(char, usize, &mut Vec<u8>) -> ControlFlow<E>,
) -> ControlFlow<E, Cow<'_, [u8]>> {
    let encoding = match charset.0 {
        Kind::Other(encoding)
            if encoding != encoding_rs::UTF_8
                && (!text.is_ascii() || !encoding.is_ascii_compatible()) =>
        {
            encoding
        }
        Kind::Ascii if !text.is_ascii() => {
            let mut bytes = Vec::with_capacity(text.len());
            for (offset, character) in text.char_indices() {
                match u8::try_from(character).ok().filter(u8::is_ascii) {
                    Some(byte) => bytes.push(byte),
                    None => instead(character, offset, &mut bytes)?,
                }
            }
            return ControlFlow::Continue(Cow::Owned(bytes));
        }
        Kind::Ascii | Kind::Other(_) => {
            return ControlFlow::Continue(Cow::Borrowed(text.as_bytes()));
        }
    };
    // The Encoding Standard has no UTF-16 encoder.
    if encoding == encoding_rs::UTF_16LE {
        let bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        return ControlFlow::Continue(Cow::Owned(bytes));
    }
    if encoding == encoding_rs::UTF_16BE {
        let bytes = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        return ControlFlow::Continue(Cow::Owned(bytes));
    }
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::new();
    let mut done: usize = 0;
    loop {
        let rest = text.get(done..).unwrap_or_default();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        bytes.reserve(room.unwrap_or_default());
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        done = done.saturating_add(read);
        match result {
            EncoderResult::Unmappable(character) => {
                let offset = done.saturating_sub(character.len_utf8());
                instead(character, offset, &mut bytes)?;
            }
            EncoderResult::InputEmpty | EncoderResult::OutputFull => {
                return ControlFlow::Continue(Cow::Owned(bytes));
            }
        }
    }
}
