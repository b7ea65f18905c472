//! `CharsetRules`, which character set counts for the messages of one sender, and what becomes of
//! bytes that are not of it. The sets themselves are in `charset`.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding};

use crate::charset::{Charset, CharsetError, declared, decode, marked, without_mark};

/// How the messages of a sender are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharsetRules {
    /// The set of messages that declare none.
    pub default: Charset,
    /// The set of all its messages, whatever MSH-18 says: for senders that say something wrong.
    pub overriding: Option<Charset>,
    /// What becomes of bytes that are not of the set.
    pub malformed: Malformed,
}

/// What becomes of bytes that are not of the character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Malformed {
    /// The message is an error.
    #[default]
    Reject,
    /// Each is replaced by U+FFFD, and counted.
    Replace,
}

/// What a message says of its character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// A byte order mark, or the zero bytes of UTF-16.
    shown: Option<Charset>,
    /// MSH-18.
    named: Result<Option<Charset>, CharsetError>,
}

impl Declared {
    /// What these bytes say.
    pub fn of(bytes: &[u8]) -> Self {
        let shown = marked(bytes);
        let named = match shown {
            Some(_) => Ok(None),
            None => declared(bytes),
        };
        Self { shown, named }
    }
}

/// A message in UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct Decoded<'b> {
    /// The text; borrowed when nothing had to change.
    pub text: Cow<'b, str>,
    /// The set that it was in.
    pub charset: Charset,
    /// How many times U+FFFD stands for bytes that were not of the set: what was there is lost.
    pub replaced: usize,
}

impl std::fmt::Debug for Decoded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            text,
            charset,
            replaced,
        } = self;
        let (bytes, charset) = (text.len(), charset.name());
        write!(f, "Decoded({bytes} bytes, {charset}, {replaced} replaced)")
    }
}

impl CharsetRules {
    /// The set of a message: what a byte order mark or the zero bytes of UTF-16 show, else the
    /// overriding one, else MSH-18, else the default.
    ///
    /// # Errors
    /// [`CharsetError::Unknown`] when MSH-18 decides and names no supported set.
    pub fn choose(&self, declared: &Declared) -> Result<Charset, CharsetError> {
        match declared.shown.or(self.overriding) {
            Some(charset) => Ok(charset),
            None => Ok(declared.named?.unwrap_or(self.default)),
        }
    }

    /// Decodes a message to UTF-8.
    ///
    /// # Errors
    /// As [`CharsetRules::choose`], and [`CharsetError::Malformed`] unless such bytes are replaced.
    pub fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Decoded<'b>, CharsetError> {
        let charset = self.choose(&Declared::of(bytes))?;
        self.malformed.decode(bytes, charset)
    }
}

impl Malformed {
    /// Decodes a message of that set to UTF-8.
    ///
    /// # Errors
    /// [`CharsetError::Malformed`] unless such bytes are replaced.
    pub fn decode(self, bytes: &[u8], charset: Charset) -> Result<Decoded<'_>, CharsetError> {
        let (text, replaced) = match (decode(bytes, charset), self) {
            (Ok(text), _) => (text, 0),
            (Err(error), Malformed::Reject) => return Err(error),
            (Err(_), Malformed::Replace) => {
                let (text, replaced) = replacing(bytes, charset);
                (Cow::Owned(text), replaced)
            }
        };
        Ok(Decoded {
            text,
            charset,
            replaced,
        })
    }
}

/// The text with U+FFFD for what is not of the set, and how many of them.
fn replacing(bytes: &[u8], charset: Charset) -> (String, usize) {
    match charset.encoding() {
        None => {
            let mut text = String::with_capacity(bytes.len());
            let mut replaced: usize = 0;
            for &byte in bytes {
                let is_ascii = byte.is_ascii();
                replaced = replaced.saturating_add(usize::from(!is_ascii));
                text.push(if is_ascii {
                    char::from(byte)
                } else {
                    char::REPLACEMENT_CHARACTER
                });
            }
            (text, replaced)
        }
        Some(encoding) => replacing_in(without_mark(bytes, encoding), encoding),
    }
}

fn replacing_in(bytes: &[u8], encoding: &'static Encoding) -> (String, usize) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or_default());
    let mut rest = bytes;
    let mut replaced: usize = 0;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return (text, replaced),
            DecoderResult::Malformed(..) => {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced = replaced.saturating_add(1);
            }
            // Each replacement took room that was meant for the rest.
            DecoderResult::OutputFull => {}
        }
        let room = decoder.max_utf8_buffer_length_without_replacement(rest.len());
        text.reserve(room.unwrap_or_default());
    }
}
