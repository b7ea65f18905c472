//! `AmqpCall`, one message for a broker as it is planned: where it goes, its properties and its
//! body; and what the broker says to it. How it is published is in `amqp_client`.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;

use crate::cloud_event;
use crate::jwe::{self, MessageKey, SealFault};

/// One message. Nothing but the body holds a value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmqpCall {
    /// The exchange; empty for the default one.
    pub exchange: Arc<str>,
    /// The routing key: a constant of the configuration.
    pub routing_key: Arc<str>,
    /// The property `message-id`: the delivery, the same at every attempt.
    pub message_id: String,
    /// The property `type`: the event's.
    pub event_type: String,
    /// The property `timestamp`: when the delivery was committed, in seconds since 1970.
    pub timestamp: u64,
    /// What is sent.
    pub body: MessageBody,
    /// The delivery that it holds.
    pub record: DeliveryId,
}

/// The property `app-id` of every message.
pub const APP_ID: &str = "isthmus";

/// What a broker says to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerReply {
    /// It has the message in every queue that it belongs in.
    Confirmed,
    /// No queue is bound for the message, so it gave it back, with this code.
    Returned(u16),
    /// It could not store the message.
    NotStored,
    /// It closed the channel over the message, with this code.
    Denied(u16),
}

/// The body of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageBody {
    /// The event.
    pub event: Phi<Bytes>,
    /// The key that it is sealed under before it leaves; none for an event that leaves as it is.
    pub sealed_under: Option<Arc<MessageKey>>,
}

impl MessageBody {
    /// The property `content-type`.
    pub fn content_type(&self) -> &'static str {
        match self.sealed_under {
            Some(_) => jwe::MEDIA_TYPE,
            None => cloud_event::MEDIA_TYPE,
        }
    }

    /// The bytes that leave, the same every time.
    ///
    /// # Errors
    /// An event that is too large to be sealed.
    pub fn on_the_wire(&self) -> Result<Phi<Bytes>, SealFault> {
        let Some(key) = &self.sealed_under else {
            return Ok(self.event.clone());
        };
        let media_type = cloud_event::MEDIA_TYPE;
        let name = media_type
            .strip_prefix("application/")
            .unwrap_or(media_type);
        let sealed = key.seal(name, self.event.reveal())?;
        Ok(Phi::new(Bytes::from(sealed)))
    }
}
