//! `Broker`, the seam over what carries sealed deliveries to the workers; RabbitMQ is behind it in
//! `rabbitmq`, and a simulation may be.

use isthmus_core::clock::Timestamp;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;

/// What is published of a delivery. Only sealed bytes tell of its patient; the patient's key
/// chooses the lane and is not sent.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Chooses the lane: a patient's deliveries go by one.
    pub subject: SubjectKey,
    /// It goes by the lane that is drained first.
    pub urgent: bool,
    /// When it was committed.
    pub created_at: Timestamp,
    /// The record.
    pub sealed: SealedDisclosure,
}

/// By which an arrival is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The lane on which it came.
    pub lane: usize,
    /// Which arrival of the lane, counted from 1 on each channel.
    pub number: u64,
}

/// A message that the broker handed to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// By which it is acknowledged.
    pub tag: Tag,
    /// Which delivery; None when it is none of ours.
    pub delivery: Option<DeliveryId>,
    /// The sealed bytes.
    pub body: Vec<u8>,
}

/// Why the broker cannot carry anything now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// It cannot be reached, or the connection broke. Ends by itself.
    #[error("the broker is not there: {0}")]
    Away(String),
    /// It refuses us, or what is there is not what we need. Somebody has to mend it.
    #[error("{0}")]
    Refused(String),
}

/// Why a parcel is not in a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// It was returned: no queue is bound for it. Such a message is acknowledged, too.
    #[error("the broker returned a delivery: no queue is bound for it ({0})")]
    Returned(String),
    /// The broker could not keep it.
    #[error("the broker did not keep a delivery")]
    Nacked,
    /// The connection broke before the broker said anything; it may be in a queue.
    #[error("the broker went away before it confirmed: {0}")]
    Lost(String),
}

/// Carries parcels of all recipients.
pub trait Broker: Send + Sync {
    /// Makes sure that what carries the deliveries of a recipient is there and is what it has to
    /// be; what its queues hold begins to arrive.
    fn open<'a>(
        &'a self,
        recipient: &'a RecipientId,
    ) -> BoxFuture<'a, Result<Box<dyn BrokerChannel>, BrokerError>>;
}

/// The way to the workers of one recipient and back, until the connection breaks. What was not
/// acknowledged then arrives again on the next one.
pub trait BrokerChannel: Send + Sync {
    /// Sends a parcel. Completes with `Ok` only when it is in a queue on stable storage. Parcels
    /// are sent in the order in which the futures are first polled.
    fn publish(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), NotConfirmed>>;

    /// The next arrivals, at least one. Nothing is lost when the future is dropped.
    fn arrivals(&self) -> BoxFuture<'_, Result<Vec<Arrival>, BrokerError>>;

    /// The broker may forget this arrival, or all of its lane up to and with it.
    fn acknowledge(&self, tag: Tag, all_before: bool) -> BoxFuture<'_, Result<(), BrokerError>>;

    /// Sets an arrival aside, where a person finds it.
    fn set_aside(&self, tag: Tag) -> BoxFuture<'_, Result<(), BrokerError>>;

    /// Whether the broker takes nothing for now (`connection.blocked`: it is short of memory or
    /// disk).
    fn is_blocked(&self) -> bool;
}
