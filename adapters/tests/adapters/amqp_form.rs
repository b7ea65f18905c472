//! The message that a broker is handed, property by property, and what is inside a sealed body.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use isthmus_adapters::adapter::{Adapter, Call};
use isthmus_adapters::amqp_message::AmqpCall;
use isthmus_adapters::jwe::{KeyFault, MessageKey};
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;
use serde_json::{Value, json};

use crate::brokered::{KEY, PLAIN, amqp};
use crate::released::{NOON, outbound};
use crate::scripted_transport::webhook;

fn call(members: &str, outbound: Outbound, now: Timestamp) -> AmqpCall {
    match amqp(members).plan(&[outbound], now).remove(0) {
        Call::Amqp(call) => call,
        Call::Append { .. }
        | Call::Http(_)
        | Call::Mllp(_)
        | Call::File(_)
        | Call::Unsendable(_) => {
            panic!("a broker is handed messages")
        }
    }
}

fn body(call: &AmqpCall) -> Vec<u8> {
    call.body.on_the_wire().unwrap().reveal().to_vec()
}

/// Opens a compact JWE as RFC 7516 section 5.2 says; the header and what is inside.
fn open(key: &str, sealed: &[u8]) -> Result<(Value, Vec<u8>), &'static str> {
    let text = std::str::from_utf8(sealed).unwrap();
    let parts: Vec<&str> = text.split('.').collect();
    let [header, "", iv, content, tag] = parts.as_slice() else {
        return Err("not five parts, or an encrypted key");
    };
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
    let key = HEXLOWER.decode(key.as_bytes()).unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&decoded(iv)).unwrap();
    let mut inside = [decoded(content), decoded(tag)].concat();
    let opened = key.open_in_place(nonce, Aad::from(header.as_bytes()), &mut inside);
    let opened = opened.map_err(|_wrong| "it does not open")?.to_vec();
    Ok((serde_json::from_slice(&decoded(header)).unwrap(), opened))
}

#[test]
fn a_plain_message_carries_the_event_of_the_webhook() {
    let call = call(PLAIN, outbound(2), NOON);
    let Call::Http(request) = webhook("https://crm.example/")
        .plan(&[outbound(2)], NOON)
        .remove(0)
    else {
        panic!("a webhook sends requests")
    };
    assert_eq!(body(&call), request.body.reveal().to_vec());
    assert_eq!(call.body.content_type(), "application/cloudevents+json");
    let to = (&*call.exchange, &*call.routing_key);
    assert_eq!(to, ("crm", "crm.records"));
    assert_eq!(call.message_id, outbound(2).id.to_string());
    assert_eq!(call.event_type, "isthmus.person.upsert.v1");
    assert_eq!(call.timestamp, 1_773_144_000);
    assert_eq!(call.record, outbound(2).id);
}

#[test]
fn a_kind_of_record_may_have_a_routing_key_of_its_own() {
    let key = |members: &str| call(members, outbound(2), NOON).routing_key;
    let own = r#""routing_keys": {"person": "crm.person", "appointment": "crm.appointment"}"#;
    assert_eq!(&*key(own), "crm.person");
    let others = r#""routing_keys": {"appointment": "crm.appointment"}"#;
    assert_eq!(&*key(others), "crm.records");
}

#[test]
fn a_sealed_body_opens_with_its_key_alone() {
    let call = call("", outbound(2), NOON);
    assert_eq!(call.body.content_type(), "application/jose");
    let sealed = body(&call);
    let (header, inside) = open(KEY, &sealed).unwrap();
    assert_eq!(
        header,
        json!({"alg": "dir", "enc": "A256GCM", "kid": "2026-03", "cty": "cloudevents+json"})
    );
    assert_eq!(inside, call.body.event.reveal().to_vec());
    assert!(open(&KEY.replace('f', "e"), &sealed).is_err());
    // Every part is proved: header, nonce, content and tag.
    let text = String::from_utf8(sealed).unwrap();
    let starts = text
        .match_indices('.')
        .map(|(at, _)| at + 1)
        .filter(|at| text.as_bytes()[*at] != b'.');
    for at in starts {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(open(KEY, &changed).is_err(), "{at}");
    }
    let other = BASE64URL_NOPAD.encode(header.to_string().replace("03", "04").as_bytes());
    let rest = text.split_once('.').unwrap().1;
    assert!(open(KEY, format!("{other}.{rest}").as_bytes()).is_err());
}

#[test]
fn a_repeat_is_the_same_bytes_and_another_body_has_another_nonce() {
    let later = Timestamp::from_unix_millis(NOON.unix_millis() + 90_500);
    let repeat = Outbound {
        attempt: 2,
        recovered: true,
        ..outbound(2)
    };
    let first = call("", outbound(2), NOON);
    let second = call("", repeat, later);
    assert_eq!(first, second);
    assert_eq!(body(&first), body(&second));
    let key = MessageKey::parse("2026-03", KEY).unwrap();
    let nonces: std::collections::BTreeSet<String> = (0..2000)
        .map(|number| {
            let sealed = key.seal("json", number.to_string().as_bytes()).unwrap();
            let sealed = String::from_utf8(sealed).unwrap();
            sealed.split('.').nth(2).unwrap().to_owned()
        })
        .collect();
    assert_eq!(nonces.len(), 2000);
    // The same body under another type is another message too.
    let of = |media_type| key.seal(media_type, b"body").unwrap();
    assert_ne!(of("json"), of("text"));
}

#[test]
fn what_is_no_key_is_refused_without_being_told() {
    for text in ["", "00", &KEY[2..], &format!("{KEY}00"), "zz"] {
        let fault = MessageKey::parse("a", text).unwrap_err();
        assert_eq!(fault, KeyFault::Form);
    }
    let key = MessageKey::parse("a", &format!("{}\n", KEY.to_uppercase())).unwrap();
    assert_eq!(format!("{key:?}"), "MessageKey(a)");
}

#[test]
fn nothing_that_a_program_shows_holds_a_record_or_a_key() {
    for members in ["", PLAIN] {
        let shown = format!("{:?}", call(members, outbound(2), NOON));
        assert!(!shown.contains("female"), "{shown}");
        assert!(!shown.contains(&KEY[..16]), "{shown}");
    }
}
