//! What the pipeline has the ledger keep: decisions at release and before sending, and attempts.
//! The form of an entry is in `isthmus_core::ledger`, the committing is the store's.

use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::destination::DeliveryOutcome;
use isthmus_core::id::SubjectKey;
use isthmus_core::journal::Step;
use isthmus_core::key_ring::{KeyClass, KeyError, KeyOwner, KeyRing, SealingKey};
use isthmus_core::ledger::{
    LedgerEntry, LedgerEvent, LedgerFact, LedgerSubject, LedgerTerms, sha256,
};
use isthmus_core::name_lists::{NameLists, Names};
use isthmus_core::privacy::disclosure::Disclosure;

/// The patient's ledger key at a time.
pub fn ledger_key(
    keys: &dyn KeyRing,
    subject: SubjectKey,
    at: Timestamp,
) -> Result<Arc<SealingKey>, KeyError> {
    keys.sealing_key(&KeyOwner::Subject(subject), KeyClass::Ledger, at)
}

/// Seals a fact. What cannot be sealed stays in the entry without its patient's part: that
/// something happened must be kept, and never openly about whom.
pub fn entry(fact: &LedgerFact, key: &SealingKey) -> LedgerEntry {
    LedgerEntry::seal(fact, key).unwrap_or_else(|error| {
        tracing::error!(%error, "what the ledger keeps of a patient could not be sealed");
        LedgerEntry::without_subject(fact)
    })
}

/// A fact of the gate, without what is particular to it.
pub fn decision(
    at: Timestamp,
    outcome: &str,
    reason: Option<&str>,
    terms: LedgerTerms,
    subject: LedgerSubject,
) -> LedgerFact {
    LedgerFact {
        at,
        event: LedgerEvent::Decision,
        outcome: outcome.to_owned(),
        reason: reason.map(str::to_owned),
        attempt: None,
        ruling: None,
        terms: Some(terms),
        subject: Some(subject),
    }
}

/// What is kept of a record that is about to be handed over, until it is known how it fared.
#[derive(Debug)]
pub struct AttemptNote {
    terms: LedgerTerms,
    subject: LedgerSubject,
    key: Arc<SealingKey>,
    attempt: u32,
}

impl AttemptNote {
    /// Notes a delivery; its record is there when it could be opened.
    pub fn new(
        delivery: &Delivery,
        disclosure: Option<&Disclosure>,
        key: Arc<SealingKey>,
        names: &NameLists,
    ) -> Self {
        let content = disclosure.map(|disclosure| disclosure.content().reveal());
        Self {
            terms: LedgerTerms::from(delivery.sealed.grant()),
            subject: LedgerSubject {
                subject: delivery.subject,
                message: delivery.sequence,
                delivery: Some(delivery.id),
                released: content
                    .map(|content| names.of_record(content))
                    .unwrap_or_default(),
                withheld: Names::default(),
                digest: content.map(|content| sha256(content)),
            },
            key,
            attempt: delivery.attempt,
        }
    }
    /// The entry of an attempt that ended so.
    pub fn attempted(self, at: Timestamp, outcome: &DeliveryOutcome, step: &Step) -> LedgerEntry {
        let (word, code) = match outcome {
            DeliveryOutcome::Delivered => ("delivered", None),
            DeliveryOutcome::Retry { code, .. } => ("not-taken", Some(code)),
            DeliveryOutcome::NotTried { code } => ("not-tried", Some(code)),
            DeliveryOutcome::Refused { code } => ("refused", Some(code)),
            DeliveryOutcome::Unknown { code } => ("unknown", Some(code)),
        };
        let parked = match step {
            Step::Park(reason) => Some(format!("parked:{reason}")),
            Step::Delivered | Step::Retry { .. } | Step::Rebuilt { .. } | Step::Withheld(_) => None,
        };
        let reasons: Vec<&str> = code
            .into_iter()
            .chain(&parked)
            .map(String::as_str)
            .collect();
        let fact = LedgerFact {
            at,
            event: LedgerEvent::Attempt,
            outcome: word.to_owned(),
            reason: (!reasons.is_empty()).then(|| reasons.join(" ")),
            attempt: Some(self.attempt),
            ruling: None,
            terms: Some(self.terms),
            subject: Some(self.subject),
        };
        entry(&fact, &self.key)
    }

    /// The entry of a delivery that was not sent, by the second decision.
    pub fn not_sent(&self, at: Timestamp, outcome: &str, reason: &str) -> LedgerEntry {
        let (terms, subject) = (self.terms.clone(), self.subject.clone());
        let fact = decision(at, outcome, Some(reason), terms, subject);
        entry(&fact, &self.key)
    }
}
