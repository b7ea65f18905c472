//! `Destination`, the seam to whoever receives: it can only be handed a `Disclosure`; the
//! adapters implement it.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::delivery_queue::Draw;
use crate::future::BoxFuture;
use crate::id::{DeliveryId, RecipientId, Sequence};
use crate::privacy::disclosure::Disclosure;

/// One record on its way out.
#[derive(Debug)]
pub struct Outbound {
    /// The id that the recipient sees, the same at every attempt.
    pub id: DeliveryId,
    /// The place of its message in the journal: for one patient it rises from record to record, so
    /// that a recipient can tell the newer of two.
    pub sequence: Sequence,
    /// When the delivery was committed.
    pub created_at: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// An attempt of an earlier run may have reached the recipient.
    pub recovered: bool,
    /// What it may see.
    pub disclosure: Disclosure,
}

/// How one record fared. Codes are short words of the adapter or numbers of the recipient's
/// protocol (`http-503`, `connect`, `timeout`), never a value of a record or a text of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The recipient has it.
    Delivered,
    /// It was not taken, and it may be later.
    Retry {
        /// What has to wait.
        scope: RetryScope,
        /// How long the recipient asked us to wait.
        after: Option<Duration>,
        /// Why.
        code: String,
    },
    /// It was not sent, because the recipient is left alone for the moment: no attempt was made.
    NotTried {
        /// Why.
        code: String,
    },
    /// The recipient will never take it.
    Refused {
        /// Why.
        code: String,
    },
    /// It may or may not have arrived: the connection was lost, or the answer did not come, after
    /// the record was sent.
    Unknown {
        /// Why.
        code: String,
    },
}

/// What a temporary failure holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryScope {
    /// This patient's deliveries.
    Record,
    /// All deliveries to this recipient.
    Recipient,
}

/// What a destination takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// How much one hand-over may hold, and whether it is taken whole and in order.
    pub batch: Draw,
    /// How many hand-overs may be under way at once; at least 1.
    pub at_once: usize,
}

/// A recipient's door.
pub trait Destination: Send + Sync {
    /// Who is behind it.
    fn recipient(&self) -> &RecipientId;

    /// What it takes.
    fn takes(&self) -> Takes;

    /// Completes when it takes deliveries: its rate allows it and it is not given up for the
    /// moment. Tells how many hand-overs may begin now, at least 1. To ask takes nothing up.
    fn ready(&self) -> BoxFuture<'_, usize>;

    /// Hands a batch over and tells how each record fared: one outcome for each, in order.
    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>>;
}
