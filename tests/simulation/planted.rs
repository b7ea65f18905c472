//! Planted faults, as wrappers around the parts of a run: each breaks one promise, and the
//! simulation must find it. What is right is in the product, never here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentStore, ConsentUnavailable};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, Takes};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::hold::Hold;
use isthmus_core::id::{DeliveryId, RecipientId, Sequence, SubjectKey};
use isthmus_core::intake::Accepted;
use isthmus_core::journal::{Committed, Journal, JournalError, Unit};

use crate::machine::Process;
use crate::plan::Planted;

/// Answers for a message before it is synced.
pub(crate) struct Hasty {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) process: Arc<Process>,
}

impl Journal for Hasty {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        if !matches!(unit, Unit::Intake(_)) {
            return self.journal.commit(unit);
        }
        let journal = Arc::clone(&self.journal);
        let task = async move {
            let _nobody_waits = journal.commit(unit).await;
        };
        self.process.spawn("hasty", Box::pin(task));
        let accepted = Accepted {
            sequence: Sequence(0),
            repeat: false,
            control_id_reused: false,
        };
        Box::pin(async move { Ok(Committed::Intake(accepted)) })
    }
}

/// A door that tells the recipient another id in each run, or takes silence for a yes.
pub(crate) struct WrongDoor {
    pub(crate) door: Arc<dyn Destination>,
    pub(crate) planted: Planted,
    pub(crate) run: u8,
}

impl WrongDoor {
    async fn hand_over(&self, mut batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
        if self.planted == Planted::UnstableIds {
            for outbound in &mut batch {
                let mut bytes = *outbound.id.as_bytes();
                bytes[0] = self.run;
                outbound.id = DeliveryId::from_bytes(bytes);
            }
        }
        let mut outcomes = self.door.deliver(batch).await;
        if self.planted == Planted::LostMeansDelivered {
            for outcome in &mut outcomes {
                if matches!(outcome, DeliveryOutcome::Unknown { .. }) {
                    *outcome = DeliveryOutcome::Delivered;
                }
            }
        }
        outcomes
    }
}

impl Destination for WrongDoor {
    fn recipient(&self) -> &RecipientId {
        self.door.recipient()
    }

    fn takes(&self) -> Takes {
        self.door.takes()
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        self.door.ready()
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(self.hand_over(batch))
    }
}

/// Remembers the first answer about a patient.
pub(crate) struct OldConsents {
    pub(crate) consents: Arc<dyn ConsentStore>,
    pub(crate) remembered: Mutex<BTreeMap<SubjectKey, Option<Consent>>>,
}

impl ConsentStore for OldConsents {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        self.consents.hold(subject)
    }

    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        self.consents.is_suppressed(addresses)
    }

    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let mut remembered = self.remembered.lock().unwrap();
        if let Some(consent) = remembered.get(subject) {
            return Ok(*consent);
        }
        let consent = self.consents.consent(subject, category)?;
        remembered.insert(*subject, consent);
        Ok(consent)
    }
}
