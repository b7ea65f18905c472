//! What patients allow, read from the simulated store every time, when it can be read; how people
//! say it is in `people`.

use std::sync::Arc;

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentStore, ConsentUnavailable, ConsentView};
use isthmus_core::hold::Hold;
use isthmus_core::id::SubjectKey;

use crate::disk::Disk;
use crate::machine::Machine;
use crate::weather::Weather;

/// The consents of a store.
pub(crate) struct Consents {
    pub(crate) machine: Arc<Machine>,
    pub(crate) weather: Arc<Weather>,
    pub(crate) disk: Arc<Disk>,
}

impl Consents {
    fn fail(&self) -> Result<(), ConsentUnavailable> {
        if self
            .weather
            .strikes(&self.machine, self.weather.consents, 15)
        {
            self.weather.count("consents unreadable");
            return Err(ConsentUnavailable::Now("busy".to_owned()));
        }
        Ok(())
    }
}

impl ConsentStore for Consents {
    fn view(&self) -> Box<dyn ConsentView + '_> {
        Box::new(self)
    }
}

impl ConsentView for Consents {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        self.fail()?;
        Ok(self.disk.tables().holds.get(subject).copied())
    }

    fn is_suppressed(&self, _: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        self.fail()?;
        Ok(false)
    }

    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        self.fail()?;
        Ok(self.disk.tables().newest_word(*subject, category))
    }
}
