//! Escape sequences: resolving them in text that was received and writing them into text that is
//! sent (HL7 v2.5.1 chapter 2, section 2.7). Splitting at delimiters comes before, in `field`; what
//! one sequence stands for is in `escape_sequence`.

use std::borrow::Cow;

use crate::character_switch::{is_switch, resolve_switched};
use crate::charset::Charset;
use crate::delimiter_search::find;
use crate::delimiters::Delimiters;
use crate::escape_sequence::{Outcome, resolve};

/// Resolves the escape sequences of `raw`, a value of a message that came in UTF-8.
///
/// Delimiters (`\F\ \S\ \R\ \T\ \E\ \P\`) and hexadecimal text (`\X..\`) become the characters
/// they stand for; formatting commands become newlines and spaces; highlighting (`\H\ \N\`) is
/// dropped; text behind a switch of the character set (`\C..\ \M..\`) is decoded. Local sequences,
/// hexadecimal bytes that are no text, switches to sets that are not known, text that is not of
/// the set it is said to be in, and whatever is no sequence at all stay as they are, so that
/// nothing is lost.
pub fn unescape<'m>(raw: &'m str, delimiters: &Delimiters) -> Cow<'m, str> {
    unescape_in(raw, delimiters, Charset::UTF_8)
}

/// The same for a message that came in another character set, which hexadecimal text may be in.
pub fn unescape_in<'m>(raw: &'m str, delimiters: &Delimiters, charset: Charset) -> Cow<'m, str> {
    let escape = delimiters.escape;
    let Some(first) = find(raw, escape) else {
        return Cow::Borrowed(raw);
    };
    let (before, mut rest) = raw.split_at_checked(first).unwrap_or((raw, ""));
    let mut text = String::with_capacity(raw.len());
    text.push_str(before);
    // Here `rest` starts at an escape character.
    while let Some(body) = rest.get(1..) {
        let Some(end) = find(body, escape) else {
            text.push_str(rest);
            return Cow::Owned(text);
        };
        let sequence = body.get(..end).unwrap_or_default();
        let whole = end.saturating_add(2);
        let used = match resolve(sequence, *delimiters, charset, &mut text) {
            Outcome::Kept if is_switch(sequence) => {
                resolve_switched(rest, *delimiters, charset, &mut text);
                return Cow::Owned(text);
            }
            Outcome::Resolved => whole,
            Outcome::Kept => {
                text.push_str(rest.get(..whole).unwrap_or_default());
                whole
            }
            Outcome::NoSequence => {
                text.push(char::from(escape));
                1
            }
        };
        let after = rest.get(used..).unwrap_or_default();
        let next = find(after, escape).unwrap_or(after.len());
        let (plain, tail) = after.split_at_checked(next).unwrap_or((after, ""));
        text.push_str(plain);
        rest = tail;
    }
    Cow::Owned(text)
}

/// Writes `text` so that no character of it can be taken for a delimiter or end the segment:
/// `unescape(&escape(text, d), d)` is `text` again.
///
/// A newline becomes `\.br\`, or `\X0A\` where the point is a delimiter, and a carriage return
/// `\X0D\`. Text that is exactly two quotation marks
/// would be read as null, so its first mark is written in hexadecimal.
pub fn escape<'t>(text: &'t str, delimiters: &Delimiters) -> Cow<'t, str> {
    let own = [
        delimiters.field,
        delimiters.component,
        delimiters.repetition,
        delimiters.escape,
        delimiters.subcomponent,
    ];
    let is_dot_plain = !own.contains(&b'.') && delimiters.truncation != Some(b'.');
    let letter = |byte: u8| {
        Some(match byte {
            b'\n' if is_dot_plain => ".br",
            b'\n' => "X0A",
            b'\r' => "X0D",
            byte if byte == delimiters.field => "F",
            byte if byte == delimiters.component => "S",
            byte if byte == delimiters.repetition => "R",
            byte if byte == delimiters.subcomponent => "T",
            byte if byte == delimiters.escape => "E",
            byte if Some(byte) == delimiters.truncation => "P",
            _ => return None,
        })
    };
    let mark = char::from(delimiters.escape);
    if text == "\"\"" {
        return Cow::Owned(format!("{mark}X22{mark}\""));
    }
    if !text.bytes().any(|byte| letter(byte).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut raw = String::with_capacity(text.len().saturating_add(16));
    for character in text.chars() {
        match u8::try_from(character)
            .ok()
            .filter(u8::is_ascii)
            .and_then(letter)
        {
            Some(sequence) => {
                raw.push(mark);
                raw.push_str(sequence);
                raw.push(mark);
            }
            None => raw.push(character),
        }
    }
    Cow::Owned(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_sequence_has_its_meaning() {
        let cases = [
            ("a\\F\\b\\S\\c\\R\\d\\T\\e\\E\\f\\P\\g", "a|b^c~d&e\\f#g"),
            (
                "one\\.br\\two\\.sp2\\three\\.ce\\four",
                "one\ntwo\n\nthree\nfour",
            ),
            (
                "\\.in4\\a\\.sk3\\b\\.fi\\\\.nf\\c\\.ti+2\\d",
                "    a   bc  d",
            ),
            ("\\H\\loud\\N\\ quiet", "loud quiet"),
            ("\\XC3A9\\t\\X0D\\", "\u{e9}t\r"),
            ("\\XFF\\ \\X4\\ \\X\\", "\\XFF\\ \\X4\\ \\X\\"),
            (
                "\\C2D99\\ \\MA3B2C1\\ \\Z1a\\",
                "\\C2D99\\ \\MA3B2C1\\ \\Z1a\\",
            ),
            ("a\\ text", "a\\ text"),
            ("c:\\dir\\F\\x", "c:\\dir|x"),
            ("\\", "\\"),
            ("\\\\", "\\\\"),
            ("\\.sp9999999\\x", &format!("{}x", "\n".repeat(100))),
        ];
        for (raw, text) in cases {
            assert_eq!(unescape(raw, &Delimiters::default()), text, "{raw}");
        }
    }

    #[test]
    fn text_that_would_be_null_is_not() {
        let raw = escape("\"\"", &Delimiters::default());
        assert_ne!(raw, "\"\"");
        assert_eq!(unescape(&raw, &Delimiters::default()), "\"\"");
    }

    #[test]
    fn no_sequence_holds_a_delimiter() {
        let dotted = Delimiters {
            subcomponent: b'.',
            ..Delimiters::default()
        };
        let raw = escape("a.b\nc", &dotted);
        assert_eq!(raw, "a\\T\\b\\X0A\\c");
        assert_eq!(unescape(&raw, &dotted), "a.b\nc");
    }
}
