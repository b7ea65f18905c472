//! `DeliveryQueue`, the seam over committed deliveries on their way to the workers; retry times
//! and parking are committed through the journal's settlements.

use crate::address::AddressDigest;
use crate::clock::Timestamp;
use crate::future::BoxFuture;
use crate::id::{DeliveryId, RecipientId, Sequence, SubjectKey};
use crate::journal::Settlement;
use crate::privacy::sealed_disclosure::SealedDisclosure;

/// A committed delivery that is due.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The patient.
    pub subject: SubjectKey,
    /// The place in the journal of the message that gave it.
    pub sequence: Sequence,
    /// How its patient can be written to, see [`crate::address::AddressDigest`]; empty for a flow
    /// that no suppression stops.
    pub addresses: Vec<AddressDigest>,
    /// When it was committed.
    pub created_at: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// It was committed by an earlier run of the gateway, so an attempt may have been made that
    /// was not settled.
    pub recovered: bool,
    /// It is handed out before what is not, see [`crate::privacy::flow_terms::FlowTerms::urgent`].
    pub urgent: bool,
    /// The record.
    pub sealed: SealedDisclosure,
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// At most this many.
    pub limit: usize,
    /// Whether consecutive deliveries of one patient may come in one batch, because the
    /// destination takes a batch whole and in order. Otherwise one a patient.
    pub consecutive: bool,
}

/// A delivery in the hands of a worker, who decides upon it once. The same delivery drawn again is
/// another hand-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOut {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Which hand-out of its recipient's, counted from 1 in each run of the gateway.
    pub turn: u64,
}

/// Whose deliveries are meant.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'w> {
    /// This patient's.
    Subject(&'w SubjectKey),
    /// Those of whoever has this address, for flows that a suppression stops.
    Address(&'w AddressDigest),
}

impl Whose<'_> {
    /// Whether a delivery about this patient, with these addresses, is meant.
    pub fn means(&self, subject: &SubjectKey, addresses: &[AddressDigest]) -> bool {
        match self {
            Self::Subject(one) => *one == subject,
            Self::Address(one) => addresses.contains(one),
        }
    }
}

/// The queue cannot be read or settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the delivery queue cannot be used: {0}")]
pub struct QueueError(pub String);

/// Relays committed deliveries to workers, in order for each patient and recipient.
pub trait DeliveryQueue: Send + Sync {
    /// Waits for deliveries that are due. A patient's next delivery comes only after the one
    /// before it is settled as delivered or withheld.
    fn next<'a>(
        &'a self,
        recipient: &'a RecipientId,
        draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>>;

    /// Commits how attempts ended and frees what waited behind them. Waits while the store is
    /// full: what was sent must not be forgotten.
    fn settle<'a>(
        &'a self,
        recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Gives deliveries back untried: the destination as a whole is not there, or what has to
    /// be known before sending cannot be read now.
    fn give_back(&self, recipient: &RecipientId, ids: &[DeliveryId]);

    /// Tells the queue that the deliveries of this recipient changed: some were committed, ruled on
    /// or taken back.
    fn committed(&self, recipient: &RecipientId);

    /// What workers have now of these: it may be on its way out.
    fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut>;

    /// Whether a worker still has it.
    fn is_in_hand(&self, one: &HandOut) -> bool;
}
