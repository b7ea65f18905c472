//! Standard Webhooks: signatures against one that a published implementation made, and what does
//! not verify.

use isthmus_adapters::standard_webhooks::{
    SecretFault, SignatureFault, SignedHeaders, SigningSecret, sign, verify,
};
use isthmus_core::clock::Timestamp;

use crate::scripted_transport::SECRET;

const OTHER: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const ID: &str = "msg_00000000000000000000000001";
const AT: i64 = 1_700_000_000;
const BODY: &[u8] = b"{\"type\":\"consent.changed\",\"timestamp\":\"2023-11-14T22:13:20Z\",\
    \"data\":{\"subject\":\"c0ffee\"}}";
const SIGNATURE: &str = "v1,2JVgctPfS0KLdmWXC1Z3C5C7N624Rl8azTDiFnzBU4A=";

fn secret(text: &str) -> SigningSecret {
    SigningSecret::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1000)
}

fn headers<'r>(id: &'r str, timestamp: &'r str, signature: &'r str) -> SignedHeaders<'r> {
    SignedHeaders {
        id,
        timestamp,
        signature,
    }
}

fn check(headers: &SignedHeaders<'_>, body: &[u8], now: i64) -> Result<Timestamp, SignatureFault> {
    verify(&[secret(SECRET)], headers, body, at(now))
}

#[test]
fn the_published_vector_is_made_and_verified() {
    assert_eq!(sign(&[secret(SECRET)], ID, AT, BODY), SIGNATURE);
    let found = check(&headers(ID, "1700000000", SIGNATURE), BODY, AT);
    assert_eq!(found, Ok(at(AT)));
}

#[test]
fn every_flipped_byte_is_found() {
    let signed = headers(ID, "1700000000", SIGNATURE);
    for place in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[place] ^= 1;
        assert_eq!(
            check(&signed, &body, AT),
            Err(SignatureFault::Wrong),
            "{place}"
        );
    }
    for place in 3..SIGNATURE.len() {
        let mut signature = SIGNATURE.as_bytes().to_vec();
        signature[place] ^= 1;
        let signature = String::from_utf8(signature).unwrap();
        let signed = headers(ID, "1700000000", &signature);
        assert_eq!(
            check(&signed, BODY, AT),
            Err(SignatureFault::Wrong),
            "{place}"
        );
    }
    for other in [
        "v1a,",
        "v1,",
        "",
        "v2,2JVgctPfS0KLdmWXC1Z3C5C7N624Rl8azTDiFnzBU4A=",
    ] {
        let signed = headers(ID, "1700000000", other);
        assert_eq!(
            check(&signed, BODY, AT),
            Err(SignatureFault::Wrong),
            "{other}"
        );
    }
    let signed = headers("msg_2", "1700000000", SIGNATURE);
    assert_eq!(check(&signed, BODY, AT), Err(SignatureFault::Wrong));
    let signed = headers(ID, "1700000001", SIGNATURE);
    assert_eq!(check(&signed, BODY, AT), Err(SignatureFault::Wrong));
}

#[test]
fn old_and_future_times_are_refused() {
    let signed = headers(ID, "1700000000", SIGNATURE);
    for now in [AT - 300, AT, AT + 300] {
        assert!(check(&signed, BODY, now).is_ok(), "{now}");
    }
    for now in [AT - 301, AT + 301, AT - 86_400, AT + 86_400] {
        assert_eq!(
            check(&signed, BODY, now),
            Err(SignatureFault::Untimely),
            "{now}"
        );
    }
}

#[test]
fn either_of_two_secrets_verifies() {
    let (new, old) = (secret(OTHER), secret(SECRET));
    let both = sign(&[new.clone(), old.clone()], ID, AT, BODY);
    let parts: Vec<&str> = both.split(' ').collect();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[1], SIGNATURE);
    let signed = headers(ID, "1700000000", &both);
    for known in [vec![new.clone()], vec![old.clone()], vec![old, new.clone()]] {
        assert!(verify(&known, &signed, BODY, at(AT)).is_ok());
    }
    // A receiver that changed first: it knows both, and is sent the old one alone.
    let signed = headers(ID, "1700000000", SIGNATURE);
    assert!(verify(&[new, secret(SECRET)], &signed, BODY, at(AT)).is_ok());
    assert!(verify(&[], &signed, BODY, at(AT)).is_err());
}

#[test]
fn headers_of_another_form_are_not_signed() {
    for (id, timestamp) in [
        ("", "1700000000"),
        ("a.b", "1700000000"),
        ("a b", "1700000000"),
        (ID, ""),
        (ID, "+1700000000"),
        (ID, "1700000000.5"),
        (ID, "99999999999999999999"),
    ] {
        let signed = headers(id, timestamp, SIGNATURE);
        assert_eq!(
            check(&signed, BODY, AT),
            Err(SignatureFault::Unsigned),
            "{id} {timestamp}"
        );
    }
}

#[test]
fn what_is_no_secret_is_refused() {
    for (text, fault) in [
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", SecretFault::Prefix),
        ("whsec_not base64", SecretFault::Base64),
        (
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=",
            SecretFault::Length,
        ),
    ] {
        assert_eq!(SigningSecret::parse(text).unwrap_err(), fault, "{text}");
    }
    let long = format!("whsec_{}", "AAAA".repeat(22));
    assert_eq!(
        SigningSecret::parse(&long).unwrap_err(),
        SecretFault::Length
    );
    assert_eq!(format!("{:?}", secret(SECRET)), "SigningSecret(..)");
}
