//! Switches of the character set inside a value: `\C..\` and `\M..\`, and the text behind them
//! (HL7 v2.5.1 chapter 2, sections 2.7.2 and 2.15.9.20). ISO 2022 with its own escape bytes is a
//! character set of the whole message and is decoded in `charset`.

use encoding_rs::Encoding;

use crate::charset::{Charset, encode_or};
use crate::delimiters::Delimiters;
use crate::escape_sequence::{Outcome, Piece, delimiter, hex_bytes, is_sequence, pieces, resolve};

/// A switch: the repertoire that bytes below 0x80 (G0), or those above (G1), are of from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Switch {
    half: Half,
    repertoire: Repertoire,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Low,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repertoire {
    Ascii,
    /// JIS X 0201, letters.
    Roman,
    /// JIS X 0201, half-width katakana.
    Katakana,
    /// The upper half of an ISO 8859 set.
    Single(&'static Encoding),
    /// Two bytes a character: the set that has them with both high bits set, behind these bytes.
    Double(&'static Encoding, &'static [u8]),
}

/// The upper halves that can be switched to, by the last byte of their ISO 2022 escape sequence.
const UPPER_HALVES: [(&str, &Encoding); 15] = [
    ("41", encoding_rs::WINDOWS_1252),
    ("42", encoding_rs::ISO_8859_2),
    ("43", encoding_rs::ISO_8859_3),
    ("44", encoding_rs::ISO_8859_4),
    ("4C", encoding_rs::ISO_8859_5),
    ("47", encoding_rs::ISO_8859_6),
    ("46", encoding_rs::ISO_8859_7),
    ("48", encoding_rs::ISO_8859_8),
    ("4D", encoding_rs::WINDOWS_1254),
    ("56", encoding_rs::ISO_8859_10),
    ("54", encoding_rs::WINDOWS_874),
    ("59", encoding_rs::ISO_8859_13),
    ("5F", encoding_rs::ISO_8859_14),
    ("62", encoding_rs::ISO_8859_15),
    ("66", encoding_rs::ISO_8859_16),
];

impl Switch {
    /// The switch of a sequence; none when it is no switch, or to a set that is not known here.
    fn read(sequence: &str) -> Option<Self> {
        let (half, repertoire) = match sequence {
            "C2842" => (Half::Low, Repertoire::Ascii),
            "C284A" => (Half::Low, Repertoire::Roman),
            "C2849" => (Half::Low, Repertoire::Katakana),
            "C2949" => (Half::High, Repertoire::Katakana),
            "M2440" | "M2442" | "M242842" => {
                (Half::Low, Repertoire::Double(encoding_rs::EUC_JP, b""))
            }
            "M242844" => (Half::Low, Repertoire::Double(encoding_rs::EUC_JP, b"\x8F")),
            "M2441" | "M242841" => (Half::Low, Repertoire::Double(encoding_rs::GBK, b"")),
            "M242941" => (Half::High, Repertoire::Double(encoding_rs::GBK, b"")),
            "M242843" => (Half::Low, Repertoire::Double(encoding_rs::EUC_KR, b"")),
            "M242943" => (Half::High, Repertoire::Double(encoding_rs::EUC_KR, b"")),
            _ => {
                let last = sequence.strip_prefix("C2D")?;
                let (_, upper) = UPPER_HALVES.iter().find(|(byte, _)| *byte == last)?;
                (Half::High, Repertoire::Single(upper))
            }
        };
        Some(Self { half, repertoire })
    }
}

/// Whether a sequence switches to a set that is known here.
pub(crate) fn is_switch(sequence: &str) -> bool {
    Switch::read(sequence).is_some()
}

/// Writes the rest of a value, which begins with a switch. What is not text of the set that it is
/// said to be in stays as it is, together with its switch, so that nothing is lost; at the end of
/// a value the message's own set is back.
pub(crate) fn resolve_switched(
    rest: &str,
    delimiters: Delimiters,
    charset: Charset,
    text: &mut String,
) {
    let mark = char::from(delimiters.escape);
    let mut sets = Sets {
        low: Repertoire::Ascii,
        high: None,
        delimiters,
        charset,
    };
    let mut run: Vec<Piece<'_>> = Vec::new();
    let mut opened = "";
    let mut is_kept = false;
    let mut close = |sets: &Sets, run: &mut Vec<Piece<'_>>, opened: &str| {
        let found = sets.read(run);
        // The switch back to ASCII ends what had to be kept, and is kept with it.
        let ends_kept = is_kept && sets.low == Repertoire::Ascii;
        if !opened.is_empty() && (found.is_none() || ends_kept) {
            text.extend([mark]);
            text.push_str(opened);
            text.push(mark);
        }
        is_kept = found.is_none();
        match found {
            Some(found) => text.push_str(&found),
            None => run.iter().for_each(|piece| push_raw(*piece, mark, text)),
        }
        run.clear();
    };
    // Bytes that are no text of the message's set may be text of the one that is switched to.
    let known = |sequence: &str| {
        let hex = sequence.strip_prefix('X').and_then(hex_bytes);
        hex.is_some() || is_sequence(sequence, delimiters, charset)
    };
    for piece in pieces(rest, delimiters.escape, known) {
        match piece {
            Piece::Sequence(sequence) if let Some(switch) = Switch::read(sequence) => {
                close(&sets, &mut run, opened);
                opened = sequence;
                match switch.half {
                    Half::Low => sets.low = switch.repertoire,
                    Half::High => sets.high = Some(switch.repertoire),
                }
            }
            Piece::Plain(_) | Piece::Sequence(_) | Piece::Mark => run.push(piece),
        }
    }
    close(&sets, &mut run, opened);
}

fn push_raw(piece: Piece<'_>, mark: char, text: &mut String) {
    match piece {
        Piece::Plain(plain) => text.push_str(plain),
        Piece::Mark => text.push(mark),
        Piece::Sequence(sequence) => {
            text.push(mark);
            text.push_str(sequence);
            text.push(mark);
        }
    }
}

/// The sets in force, and how the message is written around them.
struct Sets {
    low: Repertoire,
    high: Option<Repertoire>,
    delimiters: Delimiters,
    charset: Charset,
}

impl Sets {
    /// The text of what stands between two switches; none when it is not of the sets in force.
    fn read(&self, run: &[Piece<'_>]) -> Option<String> {
        let mut text = String::new();
        let mut bytes = Vec::new();
        for &piece in run {
            match piece {
                Piece::Plain(plain) => {
                    for character in plain.chars() {
                        self.take(character, &mut bytes, &mut text)?;
                    }
                }
                Piece::Mark => bytes.push(self.delimiters.escape),
                Piece::Sequence(sequence) => self.take_sequence(sequence, &mut bytes, &mut text)?,
            }
        }
        self.flush(&mut bytes, &mut text)?;
        Some(text)
    }

    /// A character of the message is a byte of the run: ASCII, or the byte that the message's own
    /// set had for it. In a message in Unicode what is not ASCII stands for itself.
    fn take(&self, character: char, bytes: &mut Vec<u8>, text: &mut String) -> Option<()> {
        let byte = if character.is_ascii() {
            u8::try_from(character).ok()
        } else {
            self.high.and_then(|_| self.own_byte(character))
        };
        if let Some(byte) = byte {
            bytes.push(byte);
        } else {
            self.flush(bytes, text)?;
            text.push(character);
        }
        Some(())
    }

    fn own_byte(&self, character: char) -> Option<u8> {
        let is_single = self
            .charset
            .encoding()
            .is_some_and(Encoding::is_single_byte);
        if !is_single {
            return None;
        }
        let mut room = [0; 4];
        let none = |_character, _offset, _bytes: &mut Vec<u8>| std::ops::ControlFlow::Break(());
        let encoded = encode_or(character.encode_utf8(&mut room), self.charset, none);
        encoded.continue_value()?.first().copied()
    }

    fn take_sequence(&self, sequence: &str, bytes: &mut Vec<u8>, text: &mut String) -> Option<()> {
        if let Some(delimiter) = delimiter(sequence, self.delimiters) {
            bytes.push(delimiter);
            return Some(());
        }
        let hex = sequence.strip_prefix('X').and_then(hex_bytes);
        if let Some(hex) = hex.filter(|hex| self.high.is_some() || hex.is_ascii()) {
            bytes.extend(hex);
            return Some(());
        }
        self.flush(bytes, text)?;
        let outcome = resolve(sequence, self.delimiters, self.charset, text);
        if !matches!(outcome, Outcome::Resolved) {
            push_raw(
                Piece::Sequence(sequence),
                char::from(self.delimiters.escape),
                text,
            );
        }
        Some(())
    }

    /// Writes the text of the bytes of a run; none when they are not of the sets in force.
    fn flush(&self, bytes: &mut Vec<u8>, text: &mut String) -> Option<()> {
        let mut rest = bytes.as_slice();
        while let Some((&first, after)) = rest.split_first() {
            let is_low = first.is_ascii();
            // Controls and the space are no part of a graphic set.
            let is_graphic = !matches!(first, 0..=0x20 | 0x7F);
            rest = after;
            if is_low && (!is_graphic || self.low == Repertoire::Ascii) {
                text.push(char::from(first));
                continue;
            }
            let repertoire = if is_low { self.low } else { self.high? };
            let high = first | 0x80;
            match repertoire {
                Repertoire::Ascii => return None,
                Repertoire::Roman => text.push(match first {
                    b'\\' => '\u{A5}',
                    b'~' => '\u{203E}',
                    other => char::from(other),
                }),
                Repertoire::Katakana => {
                    let place = Some(high).filter(|byte| (0xA1..=0xDF).contains(byte))?;
                    text.push(char::from_u32(0xFF61 + u32::from(place) - 0xA1)?);
                }
                Repertoire::Single(encoding) => {
                    text.push_str(&Charset::of(encoding).text_of(&[first])?);
                }
                Repertoire::Double(encoding, prefix) => {
                    let (&second, after) = after.split_first()?;
                    rest = after;
                    let is_pair = second.is_ascii() == is_low && (second | 0x80) > 0xA0;
                    let pair = is_pair.then_some([high, second | 0x80])?;
                    let pair = [prefix, &pair].concat();
                    text.push_str(&Charset::of(encoding).text_of(&pair)?);
                }
            }
        }
        bytes.clear();
        Some(())
    }
}
