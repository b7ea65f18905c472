//! `Destination`, the seam to whoever receives: it can only be handed a `Disclosure`; the
//! adapters implement it.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::future::BoxFuture;
use crate::id::{DeliveryId, RecipientId};
use crate::privacy::disclosure::Disclosure;

/// One record on its way out.
#[derive(Debug)]
pub struct Outbound {
    /// The id that the recipient sees, the same at every attempt.
    pub id: DeliveryId,
    /// When the delivery was committed.
    pub created_at: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// An attempt of an earlier run may have reached the recipient.
    pub recovered: bool,
    /// What it may see.
    pub disclosure: Disclosure,
}

/// How one record fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The recipient has it.
    Delivered,
    /// It may work later.
    Retry {
        /// What has to wait.
        scope: RetryScope,
        /// How long the recipient asked us to wait.
        after: Option<Duration>,
    },
    /// The recipient will never take it; the code is the recipient's, without values.
    Refused {
        /// The code.
        code: String,
    },
    /// It may or may not have arrived.
    Unknown,
}

/// What a temporary failure holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryScope {
    /// This patient's deliveries.
    Record,
    /// All deliveries to this recipient.
    Recipient,
}

/// A recipient's door.
pub trait Destination: Send + Sync {
    /// Who is behind it.
    fn recipient(&self) -> &RecipientId;

    /// The largest batch it takes, and whether a batch is taken whole and in order.
    fn batch(&self) -> crate::delivery_queue::Draw;

    /// Hands a batch over and tells how each record fared: one outcome for each, in order.
    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>>;
}
