//! Character sets as senders declare them, decoded strictly. Texts are invented.
//! What the parser makes of the result is tested in `message`.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use std::borrow::Cow;

use isthmus_hl7v2::charset::{Charset, CharsetError, declared, decode, encode};
use isthmus_hl7v2::charset_rules::{CharsetRules, Declared, Malformed};
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

/// One character, or a few, of every set that is supported, as their standards have it.
const GOLDEN: [(&str, &[u8], &str); 26] = [
    ("ASCII", b"~", "~"),
    ("8859/1", b"\xE9", "\u{E9}"),
    ("8859/2", b"\xB1", "\u{105}"),
    ("8859/3", b"\xA1", "\u{126}"),
    ("8859/4", b"\xA1", "\u{104}"),
    ("8859/5", b"\xD8", "\u{438}"),
    ("8859/6", b"\xC7", "\u{627}"),
    ("8859/7", b"\xE1", "\u{3B1}"),
    ("8859/8", b"\xE0", "\u{5D0}"),
    ("8859/9", b"\xFD", "\u{131}"),
    ("8859/10", b"\xA2", "\u{112}"),
    ("8859/11", b"\xA1", "\u{E01}"),
    ("8859/13", b"\xA5", "\u{201E}"),
    ("8859/14", b"\xA1", "\u{1E02}"),
    ("8859/15", b"\xA4", "\u{20AC}"),
    ("8859/16", b"\xA4", "\u{20AC}"),
    ("UNICODE UTF-8", b"\xC3\xA9", "\u{E9}"),
    (
        "UNICODE UTF-16",
        b"\x00\xE9\xD8\x3D\xDE\x00",
        "\u{E9}\u{1F600}",
    ),
    ("ISO IR87", b"\x1B$B;3ED\x1B(B", "\u{5C71}\u{7530}"),
    ("ISO IR14", b"\x1B(J\\\x1B(B", "\u{A5}"),
    (
        "GB 18030-2000",
        b"\xC4\xE3\x94\x39\xFC\x36",
        "\u{4F60}\u{1F600}",
    ),
    ("BIG-5", b"\xA7\x41", "\u{4F60}"),
    ("KS X 1001", b"\xB1\xE8\xC8\xF1", "\u{AE40}\u{D76C}"),
    ("Shift_JIS", b"\x8E\x52\x93\x63", "\u{5C71}\u{7530}"),
    ("EUC-JP", b"\xBB\xB3\xC5\xC4", "\u{5C71}\u{7530}"),
    ("windows-1251", b"\xE8", "\u{438}"),
];

#[test]
fn every_set_is_decoded_and_encoded_as_its_standard_has_it() {
    for (name, bytes, text) in GOLDEN {
        let charset = Charset::named(name).unwrap();
        assert_eq!(decode(bytes, charset).unwrap(), text, "{name}");
        assert_eq!(encode(text, charset).as_ref(), bytes, "{name}");
        let lower = Charset::named(&name.to_ascii_lowercase());
        assert_eq!(lower, Some(charset), "{name}");
    }
}

fn rules(malformed: Malformed) -> CharsetRules {
    CharsetRules {
        default: Charset::UTF_8,
        overriding: None,
        malformed,
    }
}

#[test]
fn the_overriding_set_wins_over_msh_18_and_what_the_bytes_show_over_both() {
    let own = CharsetRules {
        overriding: Charset::named("8859/15"),
        ..rules(Malformed::Reject)
    };
    for wrong in ["UNICODE UTF-8", "KLINGON", ""] {
        let mut bytes = header(wrong);
        bytes.extend(b"PID|1||7||\xA4\r");
        let decoded = own.decode(&bytes).unwrap();
        assert!(decoded.text.ends_with("PID|1||7||\u{20AC}\r"), "{wrong}");
        assert_eq!(decoded.charset.name(), "ISO-8859-15");
    }
    let marked = [b"\xEF\xBB\xBF", header("8859/1").as_slice()].concat();
    assert_eq!(own.choose(&Declared::of(&marked)), Ok(Charset::UTF_8));
    let chosen = |name| rules(Malformed::Reject).choose(&Declared::of(&header(name)));
    assert_eq!(chosen(""), Ok(Charset::UTF_8));
    assert_eq!(chosen("8859/1").unwrap().name(), "windows-1252");
    assert_eq!(chosen("KLINGON"), Err(CharsetError::Unknown));
}

#[test]
fn what_is_replaced_is_counted_and_what_follows_stays() {
    let cases: [(&str, &[u8], &str, usize); 7] = [
        ("ASCII", b"a\xC3\xA9|b", "a\u{FFFD}\u{FFFD}|b", 2),
        (
            "UNICODE UTF-8",
            b"\xE9|b\xF0\x9F|",
            "\u{FFFD}|b\u{FFFD}|",
            2,
        ),
        ("8859/3", b"\xA5|b", "\u{FFFD}|b", 1),
        ("Shift_JIS", b"\x83 |\xFF|", "\u{FFFD} |\u{FFFD}|", 2),
        ("BIG-5", b"\xA4 |b", "\u{FFFD} |b", 1),
        ("KS X 1001", b"\xB1|b", "\u{FFFD}|b", 1),
        ("GB 18030-2000", b"\x81 |b\x81", "\u{FFFD} |b\u{FFFD}", 2),
    ];
    for (name, bytes, text, replaced) in cases {
        let strict = CharsetRules {
            overriding: Charset::named(name),
            ..rules(Malformed::Reject)
        };
        assert!(strict.decode(bytes).is_err(), "{name}");
        let replacing = CharsetRules {
            malformed: Malformed::Replace,
            ..strict
        };
        let decoded = replacing.decode(bytes).unwrap();
        assert_eq!(decoded.text, text, "{name}");
        assert_eq!(decoded.replaced, replaced, "{name}");
    }
    let whole = rules(Malformed::Replace).decode(b"MSH|^~\\&|A").unwrap();
    assert_eq!(whole.replaced, 0);
    assert!(matches!(whole.text, Cow::Borrowed(_)));
    let shown = format!("{whole:?}");
    assert_eq!(shown, "Decoded(10 bytes, UTF-8, 0 replaced)");
}
