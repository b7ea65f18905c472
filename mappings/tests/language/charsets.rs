//! A message is translated in the charset of its sender's rules; what was replaced on the way is a
//! warning, and no id is made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::SenderId;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_mappings::context::NamedKeys;
use isthmus_mappings::library::Library;
use isthmus_mappings::message_translator::MessageTranslator;
use isthmus_mappings::sender_terms::SenderTerms;
use jiff::tz::TimeZone;

use crate::scenario::{files, texts, warnings};

const UTF_8: CharsetRules = CharsetRules {
    default: Charset::UTF_8,
    overriding: None,
    malformed: Malformed::Reject,
};

/// The patients of a message with this PID, and the warnings.
fn translated(charsets: CharsetRules, pid: &[u8]) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let sender = SenderId::new("ehr");
    let terms = SenderTerms {
        zone: TimeZone::UTC,
        charsets,
        structures: Arc::default(),
        settings: BTreeMap::new(),
    };
    let map = "resource Patient per PID\n  id <- PID-3.1 | uuid5(\"p\")\n  \
               language <- PID-15\n";
    let library = Library::of(&files("ADT^A08", map), None);
    assert!(library.diagnostics().iter().all(|one| !one.is_error()));
    let senders = BTreeMap::from([(sender.clone(), terms)]);
    let translator = MessageTranslator::new(Arc::new(library), senders, NamedKeys::default());
    let header = b"MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||";
    let message = [&header[..], pid].concat();
    let at = Timestamp::from_unix_millis(0);
    let translation = translator
        .resources(&sender, at, &message, None)?
        .translation;
    Ok((texts(&translation), warnings(&translation)))
}

#[test]
fn hexadecimal_text_is_of_the_charset_that_the_sender_really_uses() {
    let own = CharsetRules {
        overriding: Charset::named("8859/15"),
        ..UTF_8
    };
    let (patients, warnings) = translated(own, b"7||||||||||||\xA4\\XE9\\").unwrap();
    assert!(patients[0].contains("\"\u{20AC}\u{E9}\""), "{patients:?}");
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn what_was_replaced_is_a_warning_with_its_count() {
    let strict = translated(UTF_8, b"7||||||||||||\xA4\xA4").unwrap_err();
    assert_eq!(strict.reason, Reason::Charset);
    let replacing = CharsetRules {
        malformed: Malformed::Replace,
        ..UTF_8
    };
    let (patients, warnings) = translated(replacing, b"7||||||||||||\xA4\xA4").unwrap();
    assert!(patients[0].contains("\u{FFFD}\u{FFFD}"), "{patients:?}");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("R131"), "{warnings:?}");
    let (_, warnings) = translated(replacing, b"7\xA4||||||||||||de").unwrap();
    let codes: Vec<bool> = ["R131", "R114"]
        .map(|code| warnings.iter().any(|warning| warning.contains(code)))
        .to_vec();
    assert_eq!(codes, [true, true], "{warnings:?}");
}
