//! Escape sequences whose meaning hangs on character sets: hexadecimal text in the message's own
//! set, and switches inside a value. Sequences that mean the same everywhere are tested in
//! `escape`.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use std::borrow::Cow;

use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::escape::{unescape, unescape_in};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

fn read(raw: &str, charset: &str) -> String {
    let charset = Charset::named(charset).unwrap();
    unescape_in(raw, &Delimiters::default(), charset).into_owned()
}

#[test]
fn hexadecimal_text_is_utf_8_or_of_the_messages_own_set() {
    for (charset, raw, text) in [
        ("ASCII", r"\XC3A9\", "\u{E9}"),
        ("UNICODE UTF-8", r"\XC3A9\", "\u{E9}"),
        ("8859/1", r"\XC3A9\", "\u{E9}"),
        ("8859/1", r"caf\XE9\s", "caf\u{E9}s"),
        ("8859/2", r"\XB1\", "\u{105}"),
        ("8859/15", r"\XA4\", "\u{20AC}"),
        ("Shift_JIS", r"\X8E529363\", "\u{5C71}\u{7530}"),
        ("EUC-JP", r"\XBBB3C5C4\", "\u{5C71}\u{7530}"),
        ("ISO IR87", r"\X1B24423B331B2842\", "\u{5C71}"),
        ("ISO IR87", r"\XC3A9\", "\u{E9}"),
        ("GB 18030-2000", r"\XC4E3\", "\u{4F60}"),
        // These two bytes are UTF-8, too.
        ("GB 18030-2000", r"\XC2B7\", "\u{8DEF}"),
        ("BIG-5", r"\XA741\", "\u{4F60}"),
        ("KS X 1001", r"\XB1E8C8F1\", "\u{AE40}\u{D76C}"),
        ("UNICODE UTF-16", r"\X00E9\", "\u{E9}"),
        ("KS X 1001", r"a\X0D0A\b", "a\r\nb"),
        // What is in no set stays as it is.
        ("ASCII", r"\XE9\", r"\XE9\"),
        ("UNICODE UTF-8", r"\XE9\", r"\XE9\"),
        ("8859/3", r"\XA5\", r"\XA5\"),
        ("GB 18030-2000", r"\XFF\", r"\XFF\"),
        ("8859/1", r"\XE\ \XGG\ \X", r"\XE\ \XGG\ \X"),
    ] {
        assert_eq!(read(raw, charset), text, "{charset} {raw}");
    }
}

#[test]
fn switches_change_the_set_up_to_the_next_or_the_end_of_the_value() {
    for (raw, text) in [
        // JIS X 0208, as bytes below 0x80 that are letters to everybody else.
        (r"\M2442\;3ED\C2842\^A", "\u{5C71}\u{7530}^A"),
        (
            r"\M2442\;3ED\C2842\ \M242842\B@O:",
            "\u{5C71}\u{7530} \u{592A}\u{90CE}",
        ),
        // A byte that is a delimiter is escaped inside the text.
        (r"\M2442\%\S\%@\C2842\x", "\u{30DE}\u{30C0}x"),
        (r"\M2442\\X3B33\ED\C2842\", "\u{5C71}\u{7530}"),
        (r"\M2442\;3\.br\ED \H\;3\N\", "\u{5C71}\n\u{7530} \u{5C71}"),
        // JIS X 0212, JIS X 0201.
        (r"\M242844\0!\C2842\", "\u{4E02}"),
        (r"\C2949\\XD4CFC0DE\", "\u{FF94}\u{FF8F}\u{FF80}\u{FF9E}"),
        (r"\C2849\TO\C2842\TO", "\u{FF94}\u{FF8F}TO"),
        (r"\C284A\\E\100", "\u{A5}100"),
        // Upper halves.
        (r"\C2D42\\XB1\", "\u{105}"),
        (r"\C2D4C\a\XD8\b", "a\u{438}b"),
        (r"\C2D46\\XE1\\C2D62\\XA4\", "\u{3B1}\u{20AC}"),
        (r"\M242943\\XB1E8\ \XC8F1\", "\u{AE40} \u{D76C}"),
        (r"\M242843\1h\C2842\1h", "\u{AE40}1h"),
        (r"\M242941\\XCDF5\", "\u{738B}"),
        (r"\M242841\Mu\C2842\", "\u{738B}"),
        // Nothing is switched by a switch to ASCII.
        (r"a\C2842\b", "ab"),
        // Text that is not of the set stays, with its switches.
        (r"\M2442\;3E\C2842\x", r"\M2442\;3E\C2842\x"),
        (r"\M2442\)!\C2842\x", r"\M2442\)!\C2842\x"),
        (
            r"\M2442\;3\M242843\~~\C2842\",
            "\u{5C71}\\M242843\\~~\\C2842\\",
        ),
        // Sets that are not known, and what is no switch.
        (r"\M2442\;3\M242844\\ZA\0!", "\u{5C71}\\ZA\\\u{4E02}"),
        (r"\MA3B2C1\x \C2D99\x", r"\MA3B2C1\x \C2D99\x"),
        (r"\M2442x", r"\M2442x"),
        // In a message in Unicode what is not ASCII stands for itself.
        ("\\C2D42\\\u{E9}\\XB1\\", "\u{E9}\u{105}"),
    ] {
        assert_eq!(unescape(raw, &Delimiters::default()), text, "{raw}");
    }
    // In one of single bytes it stands for its byte.
    assert_eq!(read("\u{B1}\\C2D42\\\u{B1}", "8859/1"), "\u{B1}\u{105}");
}

#[test]
fn a_message_knows_what_it_came_in() {
    let text = "MSH|^~\\&|A\rPID|1||7||M\\XFC\\ller^J\\XF6\\rg\r";
    let surname = |message: &Message| {
        let patient = message.first(SegmentName::new(b"PID").unwrap()).unwrap();
        patient.field(5).component(1).value().unwrap().into_owned()
    };
    let plain = Message::parse(text).unwrap();
    assert_eq!(surname(&plain), "M\\XFC\\ller");
    let latin = plain.came_in(Charset::named("8859/1").unwrap());
    assert_eq!(surname(&latin), "M\u{FC}ller");
    assert_eq!(latin.charset().name(), "windows-1252");
    assert_eq!(latin.text(), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_value_makes_it_panic_and_plain_text_is_borrowed(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                r"\M2442\", r"\M242943\", r"\C2D42\", r"\C2842\", r"\C2949\", r"\XB1E8\", r"\XE9\",
                r"\S\", r"\", ";3", "E", "~", "\u{E9}", r"\.br\", r"\Zx\", " ",
            ]),
            0..12,
        ),
        text in any::<String>(),
    ) {
        let raw = pieces.concat() + &text;
        for charset in ["ASCII", "8859/1", "Shift_JIS", "UNICODE UTF-16"] {
            let read = unescape_in(&raw, &Delimiters::default(), Charset::named(charset).unwrap());
            let is_plain = !raw.contains('\\');
            prop_assert_eq!(matches!(read, Cow::Borrowed(_)), is_plain);
        }
    }
}
