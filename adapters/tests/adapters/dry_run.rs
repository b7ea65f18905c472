//! What a dry run shows: the calls as they would be made, without a value of a record or a proof.

use isthmus_adapters::adapter::{Adapter, Call, Judgement, Manifest, Reply};
use isthmus_adapters::dry_run::{available, plan};
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::webhook::destination::Webhook;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;
use serde_json::json;

use crate::brokered::amqp;
use crate::dropped::{files, json_files};
use crate::mllp_peer::{mllp, update};
use crate::released::{NOON, outbound};
use crate::scripted_transport::webhook;

#[test]
fn a_request_is_shown_without_values() {
    let webhook = webhook("https://crm.example/hook");
    let shown = serde_json::to_value(plan(&webhook, &[outbound(2)], NOON)).unwrap();
    assert_eq!(shown[0]["call"], "http");
    assert_eq!(shown[0]["method"], "POST");
    assert_eq!(shown[0]["url"], "https://crm.example/hook");
    assert_eq!(shown[0]["records"], 1);
    assert_eq!(
        shown[0]["body"]["data"],
        json!({"kind": "person", "action": "upsert", "version": 42,
               "record": {"resourceType": "<text>", "gender": "<text>"}})
    );
    assert_eq!(shown[0]["body"]["type"], "isthmus.person.upsert.v1");
    let headers = shown[0]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({"name": "webhook-signature", "value": "<masked>"})));
    assert!(headers.contains(&json!({"name": "webhook-timestamp", "value": "1773144000"})));
    assert!(!shown.to_string().contains("female"));
}

#[test]
fn a_message_is_shown_with_what_the_broker_sees_and_without_values() {
    let sealed = amqp(r#""routing_keys": {"person": "crm.person"}"#);
    let shown = serde_json::to_value(plan(&sealed, &[outbound(2)], NOON)).unwrap();
    assert_eq!(shown[0]["call"], "amqp");
    assert_eq!(shown[0]["exchange"], "crm");
    assert_eq!(shown[0]["routing_key"], "crm.person");
    assert_eq!(shown[0]["sealed_under"], "2026-03");
    let properties = shown[0]["properties"].as_array().unwrap();
    for (name, value) in [
        ("message-id", "02020202020202020202020202020202"),
        ("content-type", "application/jose"),
        ("type", "isthmus.person.upsert.v1"),
        ("timestamp", "1773144000"),
        ("app-id", "isthmus"),
        ("delivery-mode", "2"),
    ] {
        let property = json!({"name": name, "value": value});
        assert!(properties.contains(&property), "{name}");
    }
    assert_eq!(shown[0]["body"]["data"]["record"]["gender"], "<text>");
    assert_eq!(shown[0]["body"]["purpose"], "TREAT");
    assert!(!shown.to_string().contains("female"));
}

#[test]
fn a_message_of_hl7_is_shown_with_its_header_and_without_values() {
    let batch = [update(2, "Marlow"), outbound(3)];
    let shown = serde_json::to_value(plan(&mllp(""), &batch, NOON)).unwrap();
    assert_eq!(shown[0]["call"], "mllp");
    let segments = shown[0]["segments"].as_array().unwrap();
    let head = segments[0].as_str().unwrap();
    assert!(
        head.starts_with("MSH|^~\\&|ISTHMUS|GATEWAY|LAB|NORTH|"),
        "{head}"
    );
    assert_eq!(segments[1], "EVN||<text>");
    assert_eq!(segments[2], "PID|||<text>||<text>");
    assert_eq!(segments.len(), 3);
    // What is no message would be refused, and nothing of it is shown.
    assert_eq!(
        shown[1],
        json!({"call": "refused", "code": "record-header", "records": 1})
    );
    assert!(!shown.to_string().contains("Marlow"));
}

#[test]
fn files_are_shown_by_name_and_without_values() {
    for terminator in ["cr", "lf", "crlf"] {
        let members = format!(r#""terminator": "{terminator}""#);
        let batch = [update(2, "Marlow"), outbound(3)];
        let shown = serde_json::to_value(plan(&files(&members), &batch, NOON)).unwrap();
        assert_eq!(shown[0]["call"], "file");
        assert_eq!(
            shown[0]["file"],
            "0000000000000042-02020202020202020202020202020202.hl7"
        );
        let segments = shown[0]["segments"].as_array().unwrap();
        assert_eq!(segments[1..], ["EVN||<text>", "PID|||<text>||<text>"]);
        assert_eq!(shown[1]["code"], "record-header");
        assert!(!shown.to_string().contains("Marlow"));
    }
    let shown = serde_json::to_value(plan(&json_files(), &[outbound(3)], NOON)).unwrap();
    assert_eq!(shown[0]["body"]["record"]["gender"], "<text>");
    assert_eq!(shown[0]["body"]["purpose"], "TREAT");
}

#[test]
fn lines_are_shown_without_values() {
    let shown = plan(&NdjsonFolder, &[outbound(1), outbound(2)], NOON);
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!(shown[0]["file"], "2026-03-10.ndjson");
    assert_eq!(shown[0]["records"], 2);
    assert_eq!(shown[0]["lines"][1]["record"]["gender"], "<text>");
    assert_eq!(shown[0]["lines"][1]["purpose"], "TREAT");
}

/// A webhook that says its record stands elsewhere.
struct Elsewhere(Webhook);

impl Adapter for Elsewhere {
    fn manifest(&self) -> Manifest {
        Manifest {
            record_at: &["data", "fields"],
            ..self.0.manifest()
        }
    }

    fn plan(&self, batch: &[Outbound], now: Timestamp) -> Vec<Call> {
        self.0.plan(batch, now)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        self.0.judge(call, reply)
    }
}

#[test]
fn where_the_record_is_not_found_nothing_is_shown() {
    let adapter = Elsewhere(webhook("https://crm.example/hook"));
    let shown = serde_json::to_value(plan(&adapter, &[outbound(2)], NOON)).unwrap();
    assert_eq!(shown[0]["body"]["purpose"], "<text>");
    assert_eq!(shown[0]["body"]["data"]["version"], "<number>");
}

#[test]
fn the_adapters_are_listed() {
    let listed = serde_json::to_value(available()).unwrap();
    assert_eq!(listed[0]["name"], "amqp");
    assert_eq!(listed[0]["takes_signals"], false);
    assert_eq!(listed[1]["name"], "files");
    assert_eq!(listed[1]["batch_limit"], 1);
    assert_eq!(listed[2]["name"], "mllp");
    assert_eq!(listed[2]["at_once"], 1);
    assert_eq!(listed[3]["name"], "ndjson-folder");
    assert_eq!(listed[3]["consecutive"], true);
    assert_eq!(listed[4]["name"], "webhook");
    assert_eq!(listed[4]["at_once"], 16);
    assert_eq!(listed[4]["takes_signals"], true);
}
