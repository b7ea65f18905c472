//! How a delivery becomes a message: its event, where it goes and its properties; pure. The event
//! is made in `cloud_event`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::Call;
use crate::amqp_message::{AmqpCall, MessageBody};
use crate::cloud_event::{EventTemplate, event_type};
use crate::jwe::MessageKey;

/// What is the same in every message to one recipient.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) exchange: Arc<str>,
    pub(crate) routing_key: Arc<str>,
    /// By the kind of record.
    pub(crate) routing_keys: BTreeMap<String, Arc<str>>,
    pub(crate) event: EventTemplate,
    /// None for bodies that leave as they are.
    pub(crate) seal: Option<Arc<MessageKey>>,
}

/// One message a record. Every attempt is the same message, so no time of it is asked.
pub(crate) fn plan(template: &Template, batch: &[Outbound]) -> Vec<Call> {
    let call = |outbound: &Outbound| Call::Amqp(call(template, outbound));
    batch.iter().map(call).collect()
}

fn call(template: &Template, outbound: &Outbound) -> AmqpCall {
    let kind = outbound.disclosure.grant().record.as_str();
    let routing_key = template.routing_keys.get(kind);
    let seconds = outbound.created_at.unix_millis().div_euclid(1000);
    AmqpCall {
        exchange: Arc::clone(&template.exchange),
        routing_key: Arc::clone(routing_key.unwrap_or(&template.routing_key)),
        message_id: outbound.id.to_string(),
        event_type: event_type(kind),
        timestamp: u64::try_from(seconds).unwrap_or(0),
        body: MessageBody {
            event: Phi::new(Bytes::from(template.event.event(outbound))),
            sealed_under: template.seal.clone(),
        },
        record: outbound.id,
    }
}
