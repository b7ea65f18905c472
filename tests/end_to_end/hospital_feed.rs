//! A simulated hospital's feed of 600 messages, by our own client over TLS and by another
//! project's client: every message is answered, and the counts add up.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use isthmus_tests::shared_data::shared_data;
use serde_json::Value;

use crate::gateway::{Site, root};

/// The feed: 352 ORU^R01, 245 ADT^A01, 2 MDM and 1 ADT^A34, version 2.3, MSH-15 AL.
pub(crate) fn feed() -> Option<PathBuf> {
    Some(shared_data()?.join("hl7v2/feeds/simhospital/messages-first600.hl7"))
}

/// The number that a list of counts gives for a key.
fn count(counts: &Value, matching: &[(&str, &str)]) -> u64 {
    let fits = |one: &&Value| matching.iter().all(|(key, value)| one[*key] == *value);
    let counts = counts.as_array().unwrap().iter().filter(fits);
    counts.map(|one| one["count"].as_u64().unwrap()).sum()
}

/// Intake, outcomes, decisions, deliveries and files agree.
fn check(site: &Site) {
    let status = site.settled();
    assert_eq!(status["intakes"], 600, "{status}");
    let outcomes = &status["outcomes"];
    assert_eq!(count(outcomes, &[("kind", "translated")]), 597, "{status}");
    assert_eq!(
        count(outcomes, &[("kind", "parked"), ("reason", "not-mapped")]),
        3,
        "{status}"
    );
    assert_eq!(outcomes.as_array().unwrap().len(), 2, "{status}");
    let crm = [("recipient", "crm")];
    assert_eq!(
        count(&status["decisions"], &crm),
        597,
        "one decision a message: {status}"
    );
    let released = count(&status["decisions"], &[crm[0], ("verdict", "released")]);
    assert_eq!(released, 597, "{status}");
    assert_eq!(
        count(&status["deliveries"], &[crm[0], ("state", "delivered")]),
        released
    );
    let records = site.outbox("crm");
    assert_eq!(records.len() as u64, released);
    let withheld = [
        ("recipient", "marketing"),
        ("verdict", "withheld"),
        ("reason", "consent"),
    ];
    assert_eq!(count(&status["decisions"], &withheld), 597, "{status}");
    assert!(site.outbox("marketing").is_empty());
    let mut ids: Vec<&str> = records
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), records.len(), "a delivery id came twice");
}

#[test]
fn the_feed_over_tls_by_our_own_client() {
    let Some(feed) = feed() else { return };
    let site = Site::example();
    let gateway = site.start();
    let ca = site.path("data/certificates/ca.pem");
    let address = gateway.tls.to_string();
    let arguments = [
        "send",
        &address,
        feed.to_str().unwrap(),
        "--tls",
        "--ca",
        ca.to_str().unwrap(),
    ];
    let sent = site.json(&arguments, "");
    assert_eq!(sent["codes"], serde_json::json!({ "CA": 600 }), "{sent}");
    check(&site);
}

#[test]
fn the_feed_by_the_python_client() {
    let Some(feed) = feed() else { return };
    let site = Site::example();
    let gateway = site.start();
    let client = root().join("target/hl7-client/bin/mllp_send");
    assert!(
        client.exists(),
        "mllp_send is missing; tests/run installs it"
    );
    let port = gateway.plain.port().to_string();
    let status = Command::new(client)
        .args([
            "--loose",
            "--port",
            &port,
            "--file",
            feed.to_str().unwrap(),
            "127.0.0.1",
        ])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    check(&site);
}
