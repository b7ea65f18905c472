//! The request that a webhook sends, byte by byte.

use isthmus_adapters::adapter::{Adapter, Call, HttpCall};
use isthmus_adapters::standard_webhooks::{SignedHeaders, SigningSecret, verify};
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;

use crate::released::{NOON, outbound};
use crate::scripted_transport::{SECRET, webhook};

fn call(outbound: Outbound, now: Timestamp) -> HttpCall {
    let webhook = webhook("https://crm.example/hook");
    match webhook.plan(&[outbound], now).remove(0) {
        Call::Http(call) => call,
        Call::Append { .. }
        | Call::Amqp(_)
        | Call::Mllp(_)
        | Call::File(_)
        | Call::Unsendable(_) => {
            panic!("a webhook sends requests")
        }
    }
}

fn header<'c>(call: &'c HttpCall, name: &str) -> &'c str {
    let found = call.headers.iter().find(|header| header.name == name);
    &found.unwrap().value
}

#[test]
fn a_record_becomes_an_event() {
    let call = call(outbound(2), NOON);
    assert_eq!(
        (call.method, &*call.url),
        ("POST", "https://crm.example/hook")
    );
    assert_eq!(call.records, [outbound(2).id]);
    assert_eq!(
        header(&call, "content-type"),
        "application/cloudevents+json"
    );
    let body = String::from_utf8(call.body.reveal().to_vec()).unwrap();
    assert_eq!(
        body,
        "{\"specversion\":\"1.0\",\"id\":\"02020202020202020202020202020202\",\
         \"source\":\"urn:isthmus:flow:clinic-patient\",\"type\":\"isthmus.person.upsert.v1\",\
         \"time\":\"2026-03-10T12:00:00.000Z\",\"datacontenttype\":\"application/json\",\
         \"dataschema\":\"urn:isthmus:record:person:1\",\"sequence\":\"00000000000000000042\",\
         \"purpose\":\"TREAT\",\"flowversion\":1,\"dataclassification\":\"restricted\",\
         \"dataregulation\":\"HIPAA\",\"datacategory\":\"phi\",\
         \"data\":{\"kind\":\"person\",\"action\":\"upsert\",\"version\":42,\
         \"record\":{\"resourceType\":\"Patient\",\"gender\":\"female\"}}}"
    );
    let event: serde_json::Value = serde_json::from_str(&body).unwrap();
    for (name, value) in event.as_object().unwrap() {
        let is_attribute = name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(is_attribute, "{name}");
        assert!(
            name == "data" || value.is_string() || value.is_i64(),
            "{name}"
        );
    }
}

#[test]
fn an_attempt_later_differs_in_its_time_and_signature_alone() {
    let later = Timestamp::from_unix_millis(NOON.unix_millis() + 90_500);
    let first = call(outbound(2), NOON);
    let second = call(
        Outbound {
            attempt: 2,
            recovered: true,
            ..outbound(2)
        },
        later,
    );
    assert_eq!(first.body, second.body);
    assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
    assert_eq!(header(&first, "webhook-timestamp"), "1773144000");
    assert_eq!(header(&second, "webhook-timestamp"), "1773144090");
    for (call, now) in [(&first, NOON), (&second, later)] {
        let headers = SignedHeaders {
            id: header(call, "webhook-id"),
            timestamp: header(call, "webhook-timestamp"),
            signature: header(call, "webhook-signature"),
        };
        let secret = SigningSecret::parse(SECRET).unwrap();
        assert!(verify(&[secret], &headers, call.body.reveal(), now).is_ok());
    }
}

#[test]
fn a_call_shown_by_a_program_shows_no_secret_and_no_record() {
    let shown = format!("{:?}", call(outbound(2), NOON));
    assert!(shown.contains("webhook-signature: .."), "{shown}");
    assert!(
        !shown.contains("v1,") && !shown.contains("female"),
        "{shown}"
    );
}
