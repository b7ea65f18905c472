//! What patients said, scripted word by word; what follows from it is in `before_sending`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{
    Consent, ConsentChoice, ConsentStore, ConsentUnavailable, ConsentView,
};
use isthmus_core::hold::Hold;
use isthmus_core::id::SubjectKey;

/// What a patient says when asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    /// Yes, in the word of this version.
    Yes(u64),
    No,
    /// It cannot be read.
    Unreadable,
    /// Asked for a hold, there is this one.
    Held(Hold),
}

/// What patients say each time they are asked, in order; `Yes(4)` when nothing is left.
#[derive(Default)]
pub(crate) struct Patients {
    said: Mutex<BTreeMap<u8, VecDeque<Says>>>,
    /// How long ago what is known of them was known.
    behind: Duration,
}

impl Patients {
    pub(crate) fn saying(said: &[(u8, &[Says])]) -> Self {
        let said = said
            .iter()
            .map(|(patient, said)| (*patient, said.iter().copied().collect()));
        Self {
            said: Mutex::new(said.collect()),
            behind: Duration::ZERO,
        }
    }

    /// What is known of them is this old.
    pub(crate) fn known_before(behind: Duration) -> Self {
        Self {
            behind,
            ..Self::default()
        }
    }
}

impl ConsentStore for Patients {
    fn view(&self) -> Box<dyn ConsentView + '_> {
        Box::new(self)
    }
}

impl ConsentView for Patients {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        let behind = i64::try_from(self.behind.as_millis()).unwrap();
        Timestamp::from_unix_millis(now.unix_millis() - behind)
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        let mut patients = self.said.lock().unwrap();
        let said = patients.get_mut(subject.as_bytes().first().unwrap());
        if let Some(said) = said
            && let Some(Says::Held(hold)) = said.front().copied()
        {
            said.pop_front();
            return Ok(Some(hold));
        }
        Ok(None)
    }

    fn is_suppressed(&self, _: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        Ok(false)
    }

    fn consent(
        &self,
        subject: &SubjectKey,
        _category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let mut patients = self.said.lock().unwrap();
        let patient = subject.as_bytes().first().unwrap();
        let said = patients.get_mut(patient).and_then(VecDeque::pop_front);
        let (choice, version) = match said.unwrap_or(Says::Yes(4)) {
            Says::Yes(version) => (ConsentChoice::OptIn, version),
            Says::No => (ConsentChoice::OptOut, 5),
            Says::Held(_) => panic!("asked for a consent before the hold"),
            Says::Unreadable => return Err(ConsentUnavailable::Now("busy".to_owned())),
        };
        Ok(Some(Consent {
            choice,
            version,
            recorded_at: Timestamp::from_unix_millis(0),
        }))
    }
}
