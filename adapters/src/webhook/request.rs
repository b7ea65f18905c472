//! How a delivery becomes a request: its event with the headers of Standard Webhooks; pure. The
//! event is made in `cloud_event`.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, Header, HttpCall};
use crate::cloud_event::{EventTemplate, MEDIA_TYPE};
use crate::standard_webhooks::{ID, SIGNATURE, SigningSecret, TIMESTAMP, sign};

/// What is the same in every request to one recipient.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) url: Arc<str>,
    /// The newest first.
    pub(crate) secrets: Vec<SigningSecret>,
    event: EventTemplate,
}

impl Template {
    pub(crate) fn new(url: &str, secrets: Vec<SigningSecret>, labels: [&str; 3]) -> Self {
        Self {
            url: url.into(),
            secrets,
            event: EventTemplate::new(labels),
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
    let body = template.event.event(outbound);
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
