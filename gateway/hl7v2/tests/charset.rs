//! Character sets as senders declare them, decoded strictly. Texts are invented.
//! What the parser makes of the result is tested in `message`.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use std::borrow::Cow;

use isthmus_hl7v2::charset::{Charset, CharsetError, declared, decode, encode};
use isthmus_hl7v2::message::Message;

fn header(charset: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5.1||||||{charset}\rPID|1\r").into_bytes()
}

#[test]
fn the_declared_character_set_is_found() {
    for (name, expected) in [
        ("ASCII", "ASCII"),
        ("UNICODE UTF-8", "UTF-8"),
        ("UTF-8~UNICODE", "UTF-8"),
        ("UNICODE", "UTF-8"),
        ("8859/1", "windows-1252"),
        ("8859/15", "ISO-8859-15"),
        ("GB 18030-2000", "gb18030"),
        ("BIG-5", "Big5"),
        ("KS X 1001", "EUC-KR"),
        ("~ISO IR87", "ISO-2022-JP"),
        ("ISO IR6~ISO IR87", "ISO-2022-JP"),
        ("Shift_JIS", "Shift_JIS"),
    ] {
        assert_eq!(
            declared(&header(name)).unwrap().unwrap().name(),
            expected,
            "{name}"
        );
    }
    assert_eq!(declared(&header("")), Ok(None));
    assert_eq!(declared(b"MSH|^~\\&|A\rPID|1"), Ok(None));
    assert_eq!(declared(b"nothing"), Ok(None));
    for unknown in ["KLINGON", "UNICODE UTF-32", "8859/99", "CNS 11643-1992"] {
        assert_eq!(
            declared(&header(unknown)),
            Err(CharsetError::Unknown),
            "{unknown}"
        );
    }
}

#[test]
fn a_shift_jis_trail_byte_is_no_delimiter() {
    // The second byte of the katakana SO is 0x5C, that of PO is 0x7C: escape and field separator.
    let mut bytes = header("Shift_JIS");
    bytes.extend(b"PID|1||7||\x83\x5C\x83\x7C^A\r");
    let text = decode(&bytes, declared(&bytes).unwrap().unwrap()).unwrap();
    let message = Message::parse(text.into_owned()).unwrap();
    let name = message.segment(2).unwrap().field(5);
    assert_eq!(name.component(1).value().unwrap(), "\u{30BD}\u{30DD}");
    assert_eq!(name.component(2).raw(), "A");
}

#[test]
fn iso_2022_text_in_the_header_does_not_hide_msh_18() {
    let bytes = b"MSH|^~\\&|A|\x1B$B%]%|\x1B(B|C|D|20260101||ADT^A01|1|P|2.5.1||||||~ISO IR87\r";
    assert_eq!(declared(bytes).unwrap().unwrap().name(), "ISO-2022-JP");
}

#[test]
fn utf_16_and_byte_order_marks_are_seen() {
    let text = "MSH|^~\\&|A\rPID|\u{e9}";
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xFF\xFE"[..], &little].concat();
    let utf_8 = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    for bytes in [big, little, marked, utf_8] {
        assert_eq!(
            decode(&bytes, declared(&bytes).unwrap().unwrap()).unwrap(),
            text
        );
    }
}

#[test]
fn decoding_is_strict_and_says_where() {
    let offset = |bytes: &[u8], name: &str| match decode(bytes, Charset::named(name).unwrap())
        .unwrap_err()
    {
        CharsetError::Malformed { offset, .. } => offset,
        CharsetError::Unknown => usize::MAX,
    };
    assert_eq!(offset(b"ab\xE9c", "ASCII"), 2);
    assert_eq!(offset(b"ab\xE9c", "UNICODE UTF-8"), 2);
    assert_eq!(offset(b"ab\xFFc", "Shift_JIS"), 2);
    assert_eq!(offset(b"ab\xA4\x20", "BIG-5"), 2);
    assert!(matches!(
        decode(b"plain", Charset::ASCII),
        Ok(Cow::Borrowed("plain"))
    ));
    assert_eq!(
        decode(b"caf\xE9", Charset::named("8859/1").unwrap()).unwrap(),
        "caf\u{e9}"
    );
}

#[test]
fn answers_are_encoded_for_the_peer() {
    let latin = Charset::named("8859/1").unwrap();
    assert_eq!(encode("caf\u{e9} \u{30BD}!", latin).as_ref(), b"caf\xE9 ?!");
    assert_eq!(encode("plain", Charset::ASCII).as_ref(), b"plain");
    assert_eq!(
        encode("\u{e9}", Charset::UTF_8).as_ref(),
        "\u{e9}".as_bytes()
    );
    assert_eq!(
        encode("A", Charset::named("UTF-16LE").unwrap()).as_ref(),
        b"A\0"
    );
}
