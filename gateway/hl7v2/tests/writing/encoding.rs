//! Messages in another character set than they came in.

use std::borrow::Cow;

use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::encoding::{Unencodable, encode, encode_message};
use isthmus_hl7v2::message::Message;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use crate::any_message::any_message;
use crate::leaves::leaves;

#[test]
fn a_message_in_another_set_loses_nothing_or_says_where() {
    let text = "MSH|^~\\&|A\rPID|1||7||M\u{FC}ller^\u{30BD}\\F\\a\\\u{1F600}\r";
    let message = Message::parse(text).unwrap();
    let encoded = |name| encode_message(&message, Charset::named(name).unwrap());
    let unchanged = encoded("UNICODE UTF-8").unwrap();
    assert!(matches!(unchanged, Cow::Borrowed(_)));
    let latin = b"MSH|^~\\&|A\rPID|1||7||M\xFCller^\\XE382BD\\\\F\\a\\E\\\\XF09F9880\\\r";
    assert_eq!(encoded("8859/1").unwrap().as_ref(), latin);
    let ascii = b"MSH|^~\\&|A\rPID|1||7||M\\XC3BC\\ller^\\XE382BD\\\\F\\a\\E\\\\XF09F9880\\\r";
    assert_eq!(encoded("ASCII").unwrap().as_ref(), ascii);
    // In Shift_JIS these bytes are two other characters.
    let error = encoded("Shift_JIS").unwrap_err();
    assert_eq!(error.to_string().matches("Shift_JIS").count(), 1);
    let reported = encode("a\u{30BD}", Charset::named("8859/1").unwrap());
    let charset = "windows-1252";
    assert_eq!(reported, Err(Unencodable { offset: 1, charset }));
    // Encoders would write a delimiter for the yen sign, and wide katakana for narrow ones.
    for (set, text) in [
        ("Shift_JIS", "a\u{A5}"),
        ("EUC-JP", "a\u{203E}"),
        ("ISO IR87", "a\u{FF71}"),
    ] {
        let charset = Charset::named(set).unwrap();
        let reported = encode(text, charset).unwrap_err();
        assert_eq!(reported.offset, 1, "{set}");
    }
}

#[test]
fn hexadecimal_text_of_one_set_is_not_taken_for_that_of_another() {
    let latin = Charset::named("8859/1").unwrap();
    let message = Message::parse("MSH|^~\\&|A\\XE9\\\\X0D\\b\r")
        .unwrap()
        .came_in(latin);
    let encoded = encode_message(&message, Charset::UTF_8).unwrap();
    let expected = "MSH|^~\\&|A\u{E9}\\X0D\\b\r";
    assert_eq!(encoded.as_ref(), expected.as_bytes());
    let same = encode_message(&message, latin).unwrap();
    assert_eq!(same.as_ref(), message.bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn every_value_survives_another_set(text in any_message(), set in 0_usize..8) {
        let sets = [
            "ASCII", "8859/1", "8859/2", "UNICODE UTF-8", "UNICODE UTF-16", "ISO IR87",
            "GB 18030-2000", "Shift_JIS",
        ];
        let charset = Charset::named(sets[set]).unwrap();
        for from in [Charset::UTF_8, Charset::named("8859/1").unwrap()] {
            let message = Message::parse(text.as_str()).unwrap().came_in(from);
            let Ok(bytes) = encode_message(&message, charset) else {
                prop_assert_eq!(sets[set], "Shift_JIS");
                continue;
            };
            let rules = CharsetRules {
                default: charset,
                overriding: Some(charset),
                malformed: Malformed::Reject,
            };
            let decoded = rules.decode(&bytes).unwrap();
            let again = Message::parse(decoded.text.into_owned()).unwrap().came_in(charset);
            prop_assert_eq!(leaves(&message), leaves(&again));
        }
    }
}
