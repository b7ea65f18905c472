//! Destinations behind a broker, as small as they can be; no broker is here.

use isthmus_adapters::amqp::config::{AmqpConfig, Payload};
use isthmus_adapters::amqp::destination::Amqp;
use isthmus_adapters::jwe::MessageKey;

/// 32 bytes in hexadecimal.
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A sound configuration with these members beside or instead of its own.
pub(crate) fn config(members: &str) -> AmqpConfig {
    let sound = r#"{"recipient": "clinic", "url": "amqps://broker.example/crm", "user": "isthmus",
        "password": "reference", "exchange": "crm", "routing_key": "crm.records",
        "seal_key": "reference", "seal_key_id": "2026-03"}"#;
    let mut all: serde_json::Value = serde_json::from_str(sound).unwrap();
    let members: serde_json::Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
    let members = members.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    serde_json::from_value(all).unwrap()
}

/// Its adapter.
pub(crate) fn amqp(members: &str) -> Amqp {
    let config = config(members);
    let key = (config.payload == Payload::Sealed).then(|| MessageKey::parse("2026-03", KEY));
    Amqp::new(&config, key.map(Result::unwrap)).unwrap()
}

/// What makes a configuration plain.
pub(crate) const PLAIN: &str = r#""payload": "plain", "seal_key": null, "seal_key_id": null"#;
