//! A message of very many parts is parked before it is translated: what a value takes in a resource
//! is many times what it takes in the message.

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

use crate::scenario::files;

/// How many names the patient of a message with this PID-5 has, or why it is parked.
fn names(names: &str) -> Result<usize, Refusal> {
    let sender = SenderId::new("ehr");
    let terms = SenderTerms {
        zone: TimeZone::UTC,
        structures: Arc::default(),
        charsets: CharsetRules {
            default: Charset::ASCII,
            overriding: None,
            malformed: Malformed::Reject,
        },
        settings: BTreeMap::new(),
    };
    let map = "resource Patient per PID\n  name[] <- PID-5 : XPN\n\
               type XPN to HumanName\n  family <- .1.1\n";
    let library = Library::of(&files("ADT^A08", map), None);
    assert!(library.diagnostics().iter().all(|one| !one.is_error()));
    let senders = BTreeMap::from([(sender.clone(), terms)]);
    let translator = MessageTranslator::new(Arc::new(library), senders, NamedKeys::default());
    let message = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.5.1\rPID|1||1||{names}\r");
    let at = Timestamp::from_unix_millis(0);
    let translated = translator.resources(&sender, at, message.as_bytes(), None)?;
    let translation = translated.translation;
    let patient = translation.resources.into_iter().next().expect("a patient");
    let list = patient.into_object().remove("name").expect("names");
    Ok(list.as_list().len())
}

#[test]
fn a_message_of_very_many_parts_is_parked() {
    assert_eq!(names(&vec!["A"; 1_000].join("~")), Ok(1_000));
    let refused = names(&vec!["A"; 250_000].join("~")).unwrap_err();
    assert_eq!(refused.reason, Reason::Unmappable);
    assert_eq!(refused.rule.as_deref(), Some("R140"));
    // A long value is no part: an embedded document is one.
    assert_eq!(names(&"A".repeat(1_000_000)), Ok(1));
}
