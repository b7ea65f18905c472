//! `Journal`, the seam over durable units: what is committed together and when it may be told;
//! how units are grouped and synced is the store's business.

use crate::address::AddressDigest;
use crate::application_answer::{AnswerPlace, ApplicationAnswer};
use crate::clock::Timestamp;
use crate::envelope::{Envelope, RawMessage};
use crate::future::BoxFuture;
use crate::id::{DeliveryId, FlowId, MessageId, RecipientId, SenderId, Sequence, SubjectKey};
use crate::intake::{Accepted, Numbered};
use crate::ledger::{LeafHash, LedgerEntry};
use crate::link::{LinkOrder, LinkState};
use crate::privacy::sealed_disclosure::SealedDisclosure;
use crate::refusal::{Reason, Refusal};

/// What became of one accepted message; committed once, together with all that it gave.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// The message, by its place in the journal.
    pub sequence: Sequence,
    /// When it was concluded.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// What the gate said, one entry a flow.
    pub decisions: Vec<Decision>,
    /// What shall be delivered.
    pub deliveries: Vec<NewDelivery>,
    /// What the ledger keeps of the decisions.
    pub entries: Vec<DecisionEntry>,
    /// What its sender is told of it, when it asked. Only the first conclusion of a message is
    /// answered: one that a person had tried again was answered before.
    pub answer: Option<ApplicationAnswer>,
}

/// What the ledger keeps of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionEntry {
    /// The delivery that the decision gave. One that was given before is not given again, and the
    /// ledger keeps nothing of it then.
    pub delivery: Option<DeliveryId>,
    /// The entry.
    pub entry: LedgerEntry,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was translated by this map (`name version`) and decided upon.
    Translated {
        /// The map.
        map: String,
        /// How many rows could not carry something that was not required.
        warnings: u32,
    },
    /// It waits for a person.
    Parked(Refusal),
}

/// What the gate said about one message and one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The recipient.
    pub recipient: RecipientId,
    /// The flow.
    pub flow: FlowId,
    /// The flow's version.
    pub flow_version: u32,
    /// What was said.
    pub verdict: Verdict,
}

/// Released, withheld or stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This many records leave.
    Released(u32),
    /// Nothing leaves, for this reason code (`consent`, `expired`, `nothing-granted`, ...).
    Withheld(&'static str),
    /// What was granted could not be shaped; it waits for a person.
    Parked(Refusal),
}

/// One record for one recipient, sealed.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its id, stable over retries.
    pub id: DeliveryId,
    /// The patient; orders deliveries.
    pub subject: SubjectKey,
    /// How the patient can be written to; empty for a flow that no suppression stops.
    pub addresses: Vec<AddressDigest>,
    /// As in [`crate::delivery_queue::Delivery::urgent`].
    pub urgent: bool,
    /// The record.
    pub sealed: SealedDisclosure,
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which delivery.
    pub id: DeliveryId,
    /// When.
    pub at: Timestamp,
    /// What follows.
    pub step: Step,
    /// What the ledger keeps of it.
    pub entries: Vec<LedgerEntry>,
}

/// What follows an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The recipient has it; the payload is disposed of.
    Delivered,
    /// Try again, not before this time; the patient's later deliveries wait behind it.
    Retry {
        /// The earliest time of the next attempt.
        not_before: Timestamp,
        /// Why this one failed.
        code: String,
    },
    /// What was sealed is not what may leave now: this takes its place, and is asked about again.
    Rebuilt {
        /// The record.
        sealed: SealedDisclosure,
        /// As in [`NewDelivery::addresses`].
        addresses: Vec<AddressDigest>,
    },
    /// It waits for a person; the patient's later deliveries to this recipient wait behind it.
    Park(Reason),
    /// It is never sent, for this reason code; the payload is disposed of, and the patient's
    /// next delivery may go.
    Withheld(&'static str),
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParkedItem {
    /// A delivery; its patient's later ones to this recipient wait behind it.
    Delivery(DeliveryId),
    /// A message that was not translated, or a part of one that could not be shaped.
    Message(Sequence),
}

/// What a person says of something parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkedAction {
    /// Try again: a delivery at once, a message from its translation on.
    Retry,
    /// Give it up: its payload is disposed of, and what waits behind it may go. A message stays
    /// as it came until its retention ends.
    Drop,
}

/// A person's word on something parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRuling {
    /// On what.
    pub item: ParkedItem,
    /// What.
    pub action: ParkedAction,
    /// When.
    pub at: Timestamp,
    /// What the ledger keeps of it.
    pub entry: LedgerEntry,
}

/// A signed statement of what the ledger was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries it covers.
    pub size: u64,
    /// The root of the tree over them.
    pub root: LeafHash,
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
}

/// One durable unit.
#[derive(Debug)]
pub enum Unit {
    /// A message that came in.
    Intake(Envelope<RawMessage>),
    /// One with a number of its sender's link, which is compared and kept in the same unit.
    Numbered(Envelope<RawMessage>, u64),
    /// What a sender asks of its link.
    Link(SenderId, LinkOrder),
    /// What became of messages, and what they gave.
    Conclusions(Vec<Conclusion>),
    /// How attempts ended.
    Settlements(Vec<Settlement>),
    /// What persons said of what is parked.
    Rulings(Vec<ParkedRuling>),
    /// A statement of what the ledger is.
    Checkpoint(Checkpoint),
    /// Application acknowledgements that are owed no longer. One that is not there is passed over.
    Acknowledged(Vec<AnswerPlace>),
}

/// What a commit gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The answer to [`Unit::Intake`].
    Intake(Accepted),
    /// The answer to [`Unit::Numbered`].
    Numbered(Numbered),
    /// The answer to [`Unit::Link`].
    Link(LinkState),
    /// The answer to [`Unit::Rulings`]: how many of the items were parked. The others are left as
    /// they are, and the ledger keeps nothing of them.
    Ruled(usize),
    /// The answer to the others.
    Done,
}

/// Why a unit was not committed; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk is full, or the store's bound is reached; may end by itself.
    #[error("the store is full")]
    Full,
    /// A sync failed: nothing more is acknowledged, the process must end and recover.
    #[error("the store failed to sync, nothing more is acknowledged: {0}")]
    Failed(String),
    /// The keys cannot be used.
    #[error("the message cannot be sealed: {0}")]
    Keys(#[from] crate::key_ring::KeyError),
    /// The gateway is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Commits units. Units that wait together are synced together.
pub trait Journal: Send + Sync {
    /// Returns `Ok` only after the unit is synced to stable storage.
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>>;
}

/// An accepted message without an outcome.
#[derive(Debug)]
pub struct OpenIntake {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// Which message it is.
    pub id: MessageId,
    /// The message, or why it cannot be opened.
    pub message: Result<Envelope<RawMessage>, Refusal>,
}

/// Reads what still has to be translated; in the order of the journal.
pub trait Backlog: Send + Sync {
    /// The first messages that have no outcome and are not among those `in_work`, up to `limit`.
    /// Blocking: a page is one read.
    fn open_intakes(
        &self,
        limit: usize,
        in_work: &[Sequence],
    ) -> Result<Vec<OpenIntake>, JournalError>;

    /// A message, with or without an outcome; None when it is not kept any more.
    fn message(&self, sequence: Sequence) -> Result<Option<OpenIntake>, JournalError>;

    /// Completes when a message was committed after this was called, or at once when one came
    /// since the last page was read.
    fn arrived(&self) -> BoxFuture<'_, ()>;
}
