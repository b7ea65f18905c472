//! Invented entries, and a ring with one key a patient that can be destroyed; no promise is tested
//! here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, FlowId, RecipientId, Sequence, SubjectKey};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing, SealingKey};
use isthmus_core::ledger::{
    LedgerEntry, LedgerEvent, LedgerFact, LedgerSubject, LedgerTerms, Ruling,
};

/// Every third entry is about the same patient.
pub(crate) fn patient(place: u64) -> SubjectKey {
    SubjectKey::from_bytes([u8::try_from(place % 3).unwrap(); 16])
}

/// The key of a patient has the number 100 and the first byte of the patient's key.
fn key_id(subject: &SubjectKey) -> KeyId {
    KeyId(100 + u64::from(subject.as_bytes()[0]))
}

fn sealing(id: KeyId) -> SealingKey {
    SealingKey::new(id, &[u8::try_from(id.0).unwrap(); 32]).unwrap()
}

/// Decisions about three patients, to two recipients in turn; the fifth of each ten is a person's
/// ruling, which is about nobody.
pub(crate) fn line(place: u64) -> String {
    let at = Timestamp::from_unix_millis(1_790_000_000_000 + i64::try_from(place).unwrap());
    if place % 10 == 4 {
        let by = String::from("an operator");
        let why = String::from("the \"clinic\" sent it twice");
        let fact = LedgerFact {
            at,
            event: LedgerEvent::Ruling,
            outcome: String::from("dropped"),
            reason: None,
            attempt: None,
            ruling: Some(Ruling { by, why }),
            terms: None,
            subject: None,
        };
        return LedgerEntry::without_subject(&fact).at(place);
    }
    let recipient = if place.is_multiple_of(2) {
        "crm"
    } else {
        "marketing"
    };
    let subject = patient(place);
    let fact = LedgerFact {
        at,
        event: LedgerEvent::Decision,
        outcome: String::from("released"),
        reason: None,
        attempt: None,
        ruling: None,
        terms: Some(LedgerTerms {
            recipient: RecipientId::new(recipient),
            flow: FlowId::new("contacts"),
            flow_version: 2,
            purpose: String::from("HOPERAT"),
            policy_hash: [1; 32],
            consent_version: Some(3),
        }),
        subject: Some(LedgerSubject {
            subject,
            message: Sequence(2),
            delivery: Some(DeliveryId::from_bytes([3; 16])),
            released: vec![String::from("person_id")].into(),
            withheld: vec![String::from("Patient.address")].into(),
            digest: Some([4; 32]),
        }),
    };
    let key = sealing(key_id(&subject));
    LedgerEntry::seal(&fact, &key).unwrap().at(place)
}

/// The keys of the patients.
#[derive(Default)]
pub(crate) struct Ring {
    destroyed: Mutex<BTreeSet<KeyId>>,
}

impl Ring {
    pub(crate) fn destroy(&self, subject: &SubjectKey) {
        self.destroyed.lock().unwrap().insert(key_id(subject));
    }
}

impl KeyRing for Ring {
    fn sealing_key(
        &self,
        _owner: &KeyOwner,
        _class: KeyClass,
        _at: Timestamp,
    ) -> Result<Arc<SealingKey>, KeyError> {
        Err(KeyError::Unavailable(String::from(
            "nothing is sealed here",
        )))
    }

    fn opening_key(&self, id: KeyId) -> Result<Arc<SealingKey>, KeyError> {
        if self.destroyed.lock().unwrap().contains(&id) {
            return Err(KeyError::Destroyed);
        }
        Ok(Arc::new(sealing(id)))
    }
}
