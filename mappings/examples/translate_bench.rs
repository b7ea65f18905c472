//! Measures how many messages a second the maps of this folder translate on one thread, from bytes
//! to resources and warnings. No promise is tested here, and no figure is a gate.
//!
//! `cargo run --release -p isthmus-mappings --example translate_bench -- FILE [ROUNDS]`; the file
//! holds messages, each beginning at a line that opens with `MSH`. Where a machine is shared,
//! count instructions: the difference between two runs is that of their rounds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement may be blunt"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_mappings::context::NamedKeys;
use isthmus_mappings::library::Library;
use isthmus_mappings::message_translator::MessageTranslator;
use isthmus_mappings::sender_terms::SenderTerms;
use jiff::tz::TimeZone;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap();
    let rounds: usize = arguments.next().map_or(20, |text| text.parse().unwrap());
    let text = std::fs::read_to_string(file).unwrap();
    let messages = messages(&text);
    let sender = SenderId::new("bench");
    let translator = translator(&sender);
    let received_at = Timestamp::from_unix_millis(0);
    let start = Instant::now();
    for _ in 0..rounds {
        for message in &messages {
            let bytes = message.as_bytes();
            drop(black_box(translator.resources(
                &sender,
                received_at,
                bytes,
                None,
            )));
        }
    }
    let count = (rounds * messages.len()) as f64;
    println!("{:.0}", count / start.elapsed().as_secs_f64());
}

fn translator(sender: &SenderId) -> MessageTranslator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
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
    let senders = BTreeMap::from([(sender.clone(), terms)]);
    let library = Library::load(folder, None).unwrap();
    MessageTranslator::new(Arc::new(library), senders, NamedKeys::default())
}

fn messages(text: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        if line.starts_with("MSH") {
            messages.push(String::new());
        }
        if let Some(message) = messages.last_mut() {
            message.push_str(line);
            message.push('\r');
        }
    }
    messages
}
