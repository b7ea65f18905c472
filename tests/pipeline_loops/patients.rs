//! What patients said, scripted word by word; what follows from it is in `before_sending`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentStore, ConsentUnavailable};
use isthmus_core::id::SubjectKey;

/// What a patient says when asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    /// Yes, in the word of this version.
    Yes(u64),
    No,
    /// It cannot be read.
    Unreadable,
}

/// What patients say each time they are asked, in order; `Yes(4)` when nothing is left.
#[derive(Default)]
pub(crate) struct Patients(pub(crate) Mutex<BTreeMap<u8, VecDeque<Says>>>);

impl Patients {
    pub(crate) fn saying(said: &[(u8, &[Says])]) -> Self {
        let said = said
            .iter()
            .map(|(patient, said)| (*patient, said.iter().copied().collect()));
        Self(Mutex::new(said.collect()))
    }
}

impl ConsentStore for Patients {
    fn consent(
        &self,
        subject: &SubjectKey,
        _category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let mut patients = self.0.lock().unwrap();
        let patient = subject.as_bytes().first().unwrap();
        let said = patients.get_mut(patient).and_then(VecDeque::pop_front);
        let (choice, version) = match said.unwrap_or(Says::Yes(4)) {
            Says::Yes(version) => (ConsentChoice::OptIn, version),
            Says::No => (ConsentChoice::OptOut, 5),
            Says::Unreadable => return Err(ConsentUnavailable("busy".to_owned())),
        };
        Ok(Some(Consent {
            choice,
            version,
            recorded_at: Timestamp::from_unix_millis(0),
        }))
    }
}
