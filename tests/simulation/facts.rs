//! What the world saw in a run: what was sent and acknowledged, what left and what arrived. It
//! finds at once what must never happen; the rest is judged in `invariants`.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_core::id::{DeliveryId, MessageId, Sequence};

use crate::messages::{Message, Name, RecordName};
use crate::site::FlowPlan;

/// What a run must never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// An acknowledged message is lost.
    Loss,
    /// A record has two effects, or what nobody sent has one.
    Duplicate,
    /// First sightings for one patient go backwards.
    Order,
    /// What was withdrawn or held leaves.
    Withdrawal,
    /// A sender is not told what it asked, or is told more.
    Answer,
    /// The gateway stands still, or a loop ends that must not.
    Standstill,
}

/// One breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) of: Invariant,
    pub(crate) how: String,
}

/// A message as its sender knows it; times are polls.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) message: Message,
    pub(crate) first: u64,
    pub(crate) acknowledged: Option<u64>,
}

/// The first effect of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) flow: FlowPlan,
    pub(crate) id: DeliveryId,
    pub(crate) record: RecordName,
    pub(crate) sequence: Sequence,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) sent: BTreeMap<Name, Sent>,
    pub(crate) sightings: Vec<Sighting>,
    /// By flow and delivery: the sink applies a delivery once.
    applied: BTreeMap<(&'static str, DeliveryId), RecordName>,
    /// Of whom nothing that asks for consent may leave.
    pub(crate) withdrawn: BTreeSet<u8>,
    /// Of whom nothing may leave.
    pub(crate) held: BTreeSet<u8>,
    /// Until when a patient had not consented; for ever when they have not.
    pub(crate) lacked_until: BTreeMap<u8, u64>,
    /// Messages that a person had tried again: what they give is behind what came later.
    pub(crate) reopened: BTreeSet<u64>,
    /// What senders heard of the content of their messages, by the answer's control id.
    pub(crate) heard: BTreeMap<MessageId, BTreeMap<String, bool>>,
    pub(crate) breaches: Vec<Breach>,
}

impl Facts {
    pub(crate) fn breach(&mut self, of: Invariant, how: String) {
        self.breaches.push(Breach { of, how });
    }

    pub(crate) fn send(&mut self, message: &Message, now: u64) {
        let sent = self.sent.entry(message.name);
        sent.or_insert_with(|| Sent {
            message: message.clone(),
            first: now,
            acknowledged: None,
        });
    }

    pub(crate) fn acknowledge(&mut self, name: Name, now: u64) {
        if let Some(sent) = self.sent.get_mut(&name) {
            sent.acknowledged.get_or_insert(now);
        }
    }

    /// A sender hears how a message fared.
    pub(crate) fn hear(&mut self, message: MessageId, control_id: String, is_success: bool) {
        let heard = self.heard.entry(message).or_default();
        heard.insert(control_id, is_success);
    }

    /// A record leaves the gateway.
    pub(crate) fn leave(&mut self, flow: FlowPlan, record: RecordName) {
        let patient = record.patient;
        if flow.asks && self.withdrawn.contains(&patient) {
            let how = format!("{record:?} left by {} after a withdrawal", flow.id);
            self.breach(Invariant::Withdrawal, how);
        }
        if self.held.contains(&patient) {
            let how = format!("{record:?} left by {} while held", flow.id);
            self.breach(Invariant::Withdrawal, how);
        }
    }

    /// A record arrives. True when its delivery is seen for the first time.
    pub(crate) fn arrive(&mut self, sighting: Sighting) -> bool {
        let key = (sighting.flow.id, sighting.id);
        if let Some(before) = self.applied.get(&key) {
            if *before != sighting.record {
                let how = format!("{:?} and {before:?} have one id", sighting.record);
                self.breach(Invariant::Duplicate, how);
            }
            return false;
        }
        self.applied.insert(key, sighting.record);
        self.sightings.push(sighting);
        true
    }
}
