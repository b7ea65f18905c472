//! What a webhook's recipient tells: verified on the bytes, tolerant of what is not known.

use bytes::Bytes;
use isthmus_adapters::adapter::Adapter;
use isthmus_adapters::inbound::{InboundRejection, InboundRequest, Signal, SignalKind};
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::standard_webhooks::{SignatureFault, SigningSecret, sign};
use isthmus_core::clock::Timestamp;
use isthmus_core::phi::Phi;

use crate::released::NOON;
use crate::scripted_transport::{SECRET, webhook};

fn request(body: &str) -> InboundRequest {
    let seconds = NOON.unix_millis() / 1000;
    let secret = SigningSecret::parse(SECRET).unwrap();
    let signature = sign(&[secret], "evt-1", seconds, body.as_bytes());
    let headers = [
        ("Webhook-Id", "evt-1".to_owned()),
        ("Webhook-Timestamp", seconds.to_string()),
        ("Webhook-Signature", signature),
    ];
    InboundRequest {
        headers: headers
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
        body: Phi::new(Bytes::from(body.to_owned())),
    }
}

fn event(kind: &str, more: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"7","source":"urn:crm","type":"{kind}"{more}}}"#)
}

fn taken(request: &InboundRequest) -> Result<Vec<Signal>, InboundRejection> {
    webhook("https://crm.example/hook").inbound(request, NOON)
}

#[test]
fn the_three_kinds_become_signals() {
    let more = r#","time":"2026-03-10T11:00:00Z","data":{"address":" a@example.org ","x":1}"#;
    for (name, kind) in [
        ("unsubscribed", SignalKind::Unsubscribed),
        ("bounced", SignalKind::Bounced),
        ("complained", SignalKind::Complained),
    ] {
        let body = event(&format!("isthmus.contact.{name}.v1"), more);
        let signal = Signal {
            kind,
            address: Phi::new("a@example.org".to_owned()),
            at: Timestamp::from_unix_millis(NOON.unix_millis() - 3_600_000),
            id: "evt-1".to_owned(),
        };
        assert_eq!(taken(&request(&body)), Ok(vec![signal]), "{name}");
    }
}

#[test]
fn a_time_that_is_missing_or_ahead_is_that_of_the_sending() {
    for time in ["", r#","time":"2027-01-01T00:00:00Z""#] {
        let more = format!(r#"{time},"data":{{"address":"+1 617 555 0100"}}"#);
        let body = event("isthmus.contact.bounced.v1", &more);
        assert_eq!(taken(&request(&body)).unwrap()[0].at, NOON);
    }
}

#[test]
fn types_that_are_not_known_give_no_signal() {
    for kind in [
        "isthmus.contact.unsubscribed.v2",
        "isthmus.person.upsert.v1",
        "x",
    ] {
        let body = event(kind, r#","data":[1,2]"#);
        assert_eq!(taken(&request(&body)), Ok(Vec::new()), "{kind}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_at_its_place() {
    let unsubscribed = |more: &str| event("isthmus.contact.unsubscribed.v1", more);
    for (body, place) in [
        ("[]".to_owned(), "the event"),
        ("{".to_owned(), "the event"),
        (event("x", "").replace("1.0", "0.3"), "specversion"),
        (event("x", "").replace("\"id\":\"7\",", ""), "the event"),
        (unsubscribed(""), "data.address"),
        (unsubscribed(r#","data":{}"#), "data.address"),
        (
            unsubscribed(r#","data":{"address":"nobody"}"#),
            "data.address",
        ),
        (
            unsubscribed(r#","data":{"address":"a@b.c\u0000"}"#),
            "data.address",
        ),
        (
            unsubscribed(r#","time":"noon","data":{"address":"a@b.c"}"#),
            "time",
        ),
    ] {
        let found = taken(&request(&body));
        assert_eq!(found, Err(InboundRejection::Unreadable(place)), "{body}");
    }
}

#[test]
fn nothing_is_read_before_it_is_verified() {
    let good = event(
        "isthmus.contact.bounced.v1",
        r#","data":{"address":"a@b.c"}"#,
    );
    let not = |fault| Err(InboundRejection::NotAuthentic(fault));
    let mut other = request(&good);
    other.body = Phi::new(Bytes::from(good.replace("a@b.c", "b@b.c")));
    assert_eq!(taken(&other), not(SignatureFault::Wrong));
    let mut unsigned = request(&good);
    unsigned.headers.remove(2);
    assert_eq!(taken(&unsigned), not(SignatureFault::Unsigned));
    let mut repeated = request(&good);
    repeated.headers.push(repeated.headers[0].clone());
    assert_eq!(taken(&repeated), not(SignatureFault::Unsigned));
    let late = Timestamp::from_unix_millis(NOON.unix_millis() + 301_000);
    let found = webhook("https://crm.example/hook").inbound(&request(&good), late);
    assert_eq!(found, not(SignatureFault::Untimely));
    assert_eq!(found.unwrap_err().status(), 401);
}

#[test]
fn bodies_are_bounded_and_other_adapters_take_nothing_in() {
    let more = format!(r#","data":"{}""#, "x".repeat(64 * 1024));
    let found = taken(&request(&event("x", &more)));
    assert_eq!(found, Err(InboundRejection::TooLarge));
    let found = NdjsonFolder.inbound(&request("{}"), NOON);
    assert_eq!(found, Err(InboundRejection::NotOffered));
}
