//! The event in which a record travels: `CloudEvents` 1.0 in structured JSON, the same whatever
//! carries it and at every attempt; pure. How it is carried is the adapters' business.

use isthmus_core::destination::Outbound;

use crate::json_text::quoted;

/// The media type of a `CloudEvent` in structured JSON (`CloudEvents` JSON format, section 3).
pub(crate) const MEDIA_TYPE: &str = "application/cloudevents+json";

/// What is the same in every event to one recipient.
#[derive(Debug)]
pub(crate) struct EventTemplate {
    /// The members of the data classification extension, as JSON, each with a comma behind it.
    classification: String,
}

impl EventTemplate {
    /// A template with these labels: classification, regulation, category.
    pub(crate) fn new([classification, regulation, category]: [&str; 3]) -> Self {
        let classification = format!(
            "\"dataclassification\":{},\"dataregulation\":{},\"datacategory\":{},",
            quoted(classification),
            quoted(regulation),
            quoted(category),
        );
        Self { classification }
    }

    /// The event: context attributes first, then the record, whose bytes are taken as they are.
    pub(crate) fn event(&self, outbound: &Outbound) -> Vec<u8> {
        let grant = outbound.disclosure.grant();
        let record = outbound.disclosure.content().reveal();
        let kind = grant.record.as_str();
        let version = outbound.sequence.0;
        let head = format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":{source},\"type\":{type_},\
             \"time\":\"{time}\",\"datacontenttype\":\"application/json\",\
             \"dataschema\":{schema},\"sequence\":\"{version:020}\",\"purpose\":{purpose},\
             \"flowversion\":{flow_version},{classification}\"data\":{{\"kind\":{kind},\
             \"action\":\"upsert\",\"version\":{version},\"record\":",
            id = outbound.id,
            source = quoted(&format!("urn:isthmus:flow:{}", grant.flow)),
            type_ = quoted(&event_type(kind)),
            time = outbound.created_at,
            schema = quoted(&format!("urn:isthmus:record:{kind}:1")),
            purpose = quoted(&grant.purpose),
            flow_version = grant.flow_version,
            classification = self.classification,
            kind = quoted(kind),
        );
        let mut event = Vec::with_capacity(head.len() + record.len() + 2);
        event.extend_from_slice(head.as_bytes());
        event.extend_from_slice(record);
        event.extend_from_slice(b"}}");
        event
    }
}

/// The type of the event that carries a record of this kind.
pub(crate) fn event_type(kind: &str) -> String {
    format!("isthmus.{kind}.upsert.v1")
}
