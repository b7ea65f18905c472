//! How a delivery becomes a request: `CloudEvents` 1.0 in structured JSON with the headers of
//! Standard Webhooks; pure.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, Header, HttpCall};
use crate::json_text::quoted;
use crate::standard_webhooks::{ID, SIGNATURE, SigningSecret, TIMESTAMP, sign};

/// The media type of a `CloudEvent` in structured JSON (`CloudEvents` JSON format, section 3).
const MEDIA_TYPE: &str = "application/cloudevents+json";

/// What is the same in every request to one recipient.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) url: Arc<str>,
    /// The newest first.
    pub(crate) secrets: Vec<SigningSecret>,
    /// The members of the data classification extension, as JSON, each with a comma behind it.
    classification: String,
}

impl Template {
    pub(crate) fn new(
        url: &str,
        secrets: Vec<SigningSecret>,
        [classification, regulation, category]: [&str; 3],
    ) -> Self {
        let classification = format!(
            "\"dataclassification\":{},\"dataregulation\":{},\"datacategory\":{},",
            quoted(classification),
            quoted(regulation),
            quoted(category),
        );
        Self {
            url: url.into(),
            secrets,
            classification,
        }
    }
}

/// One call a record.
pub(crate) fn plan(template: &Template, batch: &[Outbound], now: Timestamp) -> Vec<Call> {
    let call = |outbound: &Outbound| Call::Http(call(template, outbound, now));
    batch.iter().map(call).collect()
}

fn call(template: &Template, outbound: &Outbound, now: Timestamp) -> HttpCall {
    let id = outbound.id.to_string();
    let body = event(template, outbound, &id);
    let seconds = now.unix_millis().div_euclid(1000);
    let signature = sign(&template.secrets, &id, seconds, &body);
    HttpCall {
        method: "POST",
        url: Arc::clone(&template.url),
        headers: vec![
            Header::shown("content-type", MEDIA_TYPE),
            Header::shown("user-agent", "isthmus"),
            Header::shown(ID, id),
            Header::shown(TIMESTAMP, seconds.to_string()),
            Header::masked(SIGNATURE, signature),
        ],
        body: Phi::new(Bytes::from(body)),
        records: vec![outbound.id],
    }
}

/// The event: context attributes first, then the record, whose bytes are taken as they are. It is
/// the same at every attempt.
fn event(template: &Template, outbound: &Outbound, id: &str) -> Vec<u8> {
    let grant = outbound.disclosure.grant();
    let record = outbound.disclosure.content().reveal();
    let kind = grant.record.as_str();
    let version = outbound.sequence.0;
    let head = format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":{source},\"type\":{type_},\
         \"time\":\"{time}\",\"datacontenttype\":\"application/json\",\"dataschema\":{schema},\
         \"sequence\":\"{version:020}\",\"purpose\":{purpose},\"flowversion\":{flow_version},\
         {classification}\"data\":{{\"kind\":{kind},\"action\":\"upsert\",\"version\":{version},\
         \"record\":",
        source = quoted(&format!("urn:isthmus:flow:{}", grant.flow)),
        type_ = quoted(&format!("isthmus.{kind}.upsert.v1")),
        time = outbound.created_at,
        schema = quoted(&format!("urn:isthmus:record:{kind}:1")),
        purpose = quoted(&grant.purpose),
        flow_version = grant.flow_version,
        classification = template.classification,
        kind = quoted(kind),
    );
    let mut event = Vec::with_capacity(head.len() + record.len() + 2);
    event.extend_from_slice(head.as_bytes());
    event.extend_from_slice(record);
    event.extend_from_slice(b"}}");
    event
}
