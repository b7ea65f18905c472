//! What a store answers to an operator, which is also the `--json` document of the commands; no
//! message and no value of a patient but the evidence of consents.

use isthmus_ledger::view::EntryView;
use isthmus_store::message_trail::MessageTrail;
use isthmus_store::parked_list::Parked;
use isthmus_store::summary::Counts;
use serde::{Deserialize, Serialize};

/// How much a store holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) intakes: u64,
    pub(crate) open: u64,
    pub(crate) outcomes: Vec<OutcomeRow>,
    pub(crate) decisions: Vec<DecisionRow>,
    pub(crate) deliveries: Vec<DeliveryRow>,
    /// Application acknowledgements that senders have not heard yet.
    #[serde(default)]
    pub(crate) owed_acknowledgements: Vec<OwedRow>,
    /// At most 50, oldest first.
    pub(crate) parked: Vec<ParkedRow>,
}

/// How many messages ended so.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OutcomeRow {
    pub(crate) kind: String,
    pub(crate) reason: Option<String>,
    pub(crate) count: u64,
}

/// How many times the gate said so.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DecisionRow {
    pub(crate) recipient: String,
    pub(crate) flow: String,
    pub(crate) verdict: String,
    pub(crate) reason: Option<String>,
    pub(crate) count: u64,
}

/// How many deliveries stand so.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryRow {
    pub(crate) recipient: String,
    pub(crate) state: String,
    pub(crate) count: u64,
}

/// How many application acknowledgements a sender has not heard yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OwedRow {
    pub(crate) sender: String,
    pub(crate) count: u64,
    pub(crate) oldest: String,
}

/// What waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ParkedRow {
    /// What `parked retry` and `parked drop` take: the delivery's id, or the message's place.
    pub(crate) item: String,
    pub(crate) message: u64,
    pub(crate) sender: Option<String>,
    pub(crate) at: String,
    pub(crate) recipient: Option<String>,
    pub(crate) reason: String,
    pub(crate) location: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) attempts: u32,
    /// Deliveries of the same patient that wait behind it.
    pub(crate) behind: u32,
}

/// What was recorded for patients.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) patients: usize,
    /// Nothing of theirs that left before was still on its way when this was answered.
    pub(crate) nothing_on_its_way: bool,
}

/// One word of a patient; `patient` is the line of the input, from 1.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConsentRow {
    pub(crate) patient: usize,
    pub(crate) category: String,
    pub(crate) choice: String,
    pub(crate) version: u64,
    pub(crate) recorded_at: String,
    pub(crate) evidence: String,
}

/// How many addresses are suppressed now and were not before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Suppressed {
    pub(crate) addresses: usize,
    pub(crate) new: usize,
    /// Nothing that was decided upon before was still on its way when this was answered.
    pub(crate) nothing_on_its_way: bool,
}

/// What a ruling did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ruled {
    /// How many items were ruled on.
    pub(crate) ruled: usize,
    /// Those that are not parked, and those that were refused with their reason.
    pub(crate) refused: Vec<Refused>,
}

/// An item that was not ruled on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) item: String,
    pub(crate) why: String,
}

/// What became of one message.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trail {
    pub(crate) message: u64,
    pub(crate) sender: String,
    pub(crate) received_at: String,
    /// None while it waits for translation.
    pub(crate) outcome: Option<TrailOutcome>,
    pub(crate) decisions: Vec<TrailDecision>,
    pub(crate) deliveries: Vec<TrailDelivery>,
    /// Decisions and attempts as the ledger has them, in order.
    pub(crate) ledger: Vec<EntryView>,
}

/// The outcome of a message.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TrailOutcome {
    pub(crate) at: String,
    pub(crate) kind: String,
    pub(crate) map: Option<String>,
    pub(crate) warnings: Option<u32>,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) rule: Option<String>,
}

/// What the gate said of it and a flow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TrailDecision {
    pub(crate) recipient: String,
    pub(crate) flow: String,
    pub(crate) flow_version: u32,
    pub(crate) verdict: String,
    pub(crate) records: Option<u32>,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) rule: Option<String>,
}

/// How a delivery of it stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TrailDelivery {
    pub(crate) id: String,
    pub(crate) recipient: String,
    pub(crate) flow: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    pub(crate) at: Option<String>,
    pub(crate) reason: Option<String>,
}

/// Entries of the ledger, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LedgerPage {
    /// How many entries the ledger has.
    pub(crate) size: u64,
    pub(crate) entries: Vec<EntryView>,
}

/// The newest checkpoint; None while the ledger is empty.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CheckpointNote {
    pub(crate) note: Option<String>,
}

impl Status {
    pub(crate) fn new(counts: Counts, parked: Vec<Parked>) -> Self {
        let outcomes = counts.outcomes.into_iter().map(|one| OutcomeRow {
            kind: one.kind,
            reason: one.reason,
            count: one.count,
        });
        let decisions = counts.decisions.into_iter().map(|one| DecisionRow {
            recipient: one.recipient,
            flow: one.flow,
            verdict: one.verdict,
            reason: one.reason,
            count: one.count,
        });
        let owed = counts.owed.into_iter().map(|one| OwedRow {
            sender: one.sender,
            count: one.count,
            oldest: one.oldest.to_string(),
        });
        let deliveries = counts.deliveries.into_iter().map(|one| DeliveryRow {
            recipient: one.recipient,
            state: one.state,
            count: one.count,
        });
        Self {
            intakes: counts.intakes,
            open: counts.open,
            outcomes: outcomes.collect(),
            decisions: decisions.collect(),
            deliveries: deliveries.collect(),
            owed_acknowledgements: owed.collect(),
            parked: parked.into_iter().map(ParkedRow::from).collect(),
        }
    }
}

impl From<Parked> for ParkedRow {
    fn from(parked: Parked) -> Self {
        let place = parked.sequence.0;
        Self {
            item: parked
                .delivery
                .map_or_else(|| place.to_string(), |id| id.to_string()),
            message: place,
            sender: parked.sender,
            at: parked.at.to_string(),
            recipient: parked.recipient,
            reason: parked.reason,
            location: parked.location,
            rule: parked.rule,
            attempts: parked.attempts,
            behind: parked.behind,
        }
    }
}

impl Trail {
    /// A trail as far as a recipient is asked about, with its entries of the ledger.
    pub(crate) fn new(
        trail: MessageTrail,
        ledger: Vec<EntryView>,
        recipient: Option<&str>,
    ) -> Self {
        let asked = |one: &str| recipient.is_none_or(|wanted| wanted == one);
        let decisions = trail.decisions.into_iter();
        let decisions = decisions.filter(|one| asked(&one.recipient));
        let deliveries = trail.deliveries.into_iter();
        let deliveries = deliveries.filter(|one| asked(&one.recipient));
        let told = |one: &EntryView| one.recipient.as_deref().is_none_or(asked);
        Self {
            message: trail.sequence.0,
            sender: trail.sender,
            received_at: trail.received_at.to_string(),
            outcome: trail.outcome.map(|one| TrailOutcome {
                at: one.at.to_string(),
                kind: one.kind,
                map: one.map,
                warnings: one.warnings,
                reason: one.reason,
                location: one.location,
                rule: one.rule,
            }),
            decisions: decisions
                .map(|one| TrailDecision {
                    recipient: one.recipient,
                    flow: one.flow,
                    flow_version: one.flow_version,
                    verdict: one.verdict,
                    records: one.records,
                    reason: one.reason,
                    location: one.location,
                    rule: one.rule,
                })
                .collect(),
            deliveries: deliveries
                .map(|one| TrailDelivery {
                    id: one.id.to_string(),
                    recipient: one.recipient,
                    flow: one.flow,
                    state: one.state,
                    attempts: one.attempts,
                    at: one.at.map(|at| at.to_string()),
                    reason: one.reason,
                })
                .collect(),
            ledger: ledger.into_iter().filter(told).collect(),
        }
    }
}
