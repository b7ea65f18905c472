//! What operators record of patients: consents, holds and suppressed addresses, and that nothing
//! decided upon before is still on its way; what follows is decided in the privacy gate.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::delivery_queue::{DeliveryQueue, HandOut, Whose};
use isthmus_core::executor::Executor;
use isthmus_core::hold::Hold;
use isthmus_core::id::{FlowId, RecipientId, SubjectKey};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::subject::SubjectIdentifier;
use isthmus_store::store::Store;
use isthmus_store::store_paths::StorePaths;

use crate::admin::answer::{ConsentRow, Recorded, Suppressed};
use crate::admin::request::{Address, Patient};
use crate::failure::Failure;

/// How long an answer waits for what is on its way; longer than any hand-over may take.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(150);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Records words of and on patients.
pub(crate) struct PatientWords<'d> {
    pub(crate) store: &'d Store,
    /// The queue of a running gateway.
    pub(crate) queue: Option<&'d Arc<dyn DeliveryQueue>>,
    /// Where the store is, when it was opened by a command: a gateway may run on it all the same.
    pub(crate) beside: Option<&'d StorePaths>,
    /// The policies; None when they do not load.
    pub(crate) policies: Option<Arc<PolicySet>>,
    pub(crate) clock: &'d dyn Clock,
    pub(crate) executor: &'d dyn Executor,
}

impl PatientWords<'_> {
    fn subjects(&self, patients: &[Patient]) -> Vec<SubjectKey> {
        let digester = self.store.digester();
        let subject = |patient| digester.subject(&SubjectIdentifier::from(patient));
        patients.iter().map(subject).collect()
    }

    /// Records what patients said.
    pub(crate) async fn set_consent(
        &self,
        patients: &[Patient],
        category: &str,
        choice: ConsentChoice,
        evidence: &str,
    ) -> Result<Recorded, Failure> {
        let takes_back = match choice {
            ConsentChoice::OptOut => self.flows_of(category),
            ConsentChoice::OptIn => Vec::new(),
        };
        let subjects = self.subjects(patients);
        let (consents, now) = (self.store.consents(), self.clock.now());
        for subject in &subjects {
            consents
                .set_consent(subject, category, choice, now, evidence, &takes_back)
                .map_err(Failure::run)?;
        }
        self.wake();
        let gone = match choice {
            ConsentChoice::OptOut => {
                self.nothing_on_its_way(subjects.iter().map(Whose::Subject))
                    .await?
            }
            ConsentChoice::OptIn => true,
        };
        Ok(Recorded {
            patients: patients.len(),
            nothing_on_its_way: gone,
        })
    }

    /// The flows that send nothing without a consent of this category.
    fn flows_of(&self, category: &str) -> Vec<(RecipientId, FlowId)> {
        let policies = self.policies.iter();
        let flows = policies.flat_map(|policies| policies.flows());
        let depends = flows.filter(|flow| {
            let categories = &flow.terms().consent.categories;
            categories.iter().any(|one| one == category)
        });
        depends
            .map(|flow| (flow.recipient().id.clone(), flow.terms().id.clone()))
            .collect()
    }

    /// Waits until no worker has anything of these that was decided upon before. False: something
    /// was still on its way after the longest wait, or a gateway that could not be asked may have
    /// it.
    async fn nothing_on_its_way(
        &self,
        of: impl Iterator<Item = Whose<'_>>,
    ) -> Result<bool, Failure> {
        if let Some(paths) = self.beside {
            // Asked after the word was committed: one that starts later reads it.
            return Ok(!paths.is_in_use().map_err(Failure::run)?);
        }
        let Some(queue) = self.queue else {
            return Ok(true);
        };
        let in_hand: Vec<HandOut> = of.flat_map(|whose| queue.in_hand(whose)).collect();
        let start = self.executor.monotonic();
        for one in &in_hand {
            while queue.is_in_hand(one) {
                if self.executor.monotonic().saturating_sub(start) > ON_ITS_WAY_MAX {
                    return Ok(false);
                }
                self.executor.sleep(LOOK_EVERY).await;
            }
        }
        Ok(true)
    }

    /// Every word of patients.
    pub(crate) fn consents(&self, patients: &[Patient]) -> Result<Vec<ConsentRow>, Failure> {
        let mut rows = Vec::new();
        for (index, subject) in self.subjects(patients).iter().enumerate() {
            let recorded = self.store.consents().consents(subject);
            let recorded = recorded.map_err(Failure::run)?.into_iter();
            rows.extend(recorded.map(|one| ConsentRow {
                patient: index + 1,
                category: one.category,
                choice: one.consent.choice.code().to_owned(),
                version: one.consent.version,
                recorded_at: one.consent.recorded_at.to_string(),
                evidence: one.evidence.into_revealed(),
            }));
        }
        Ok(rows)
    }

    /// Holds back what is about patients, or lets it go again.
    pub(crate) async fn hold(
        &self,
        patients: &[Patient],
        kind: Option<String>,
    ) -> Result<Recorded, Failure> {
        let hold = kind.map(|kind| {
            Hold::parse(&kind)
                .ok_or_else(|| Failure::Usage("a hold is review or restriction".into()))
        });
        let hold = hold.transpose()?;
        let subjects = self.subjects(patients);
        let (consents, now) = (self.store.consents(), self.clock.now());
        for subject in &subjects {
            consents
                .set_hold(subject, hold, now)
                .map_err(Failure::run)?;
        }
        self.wake();
        Ok(Recorded {
            patients: patients.len(),
            nothing_on_its_way: hold.is_none()
                || self
                    .nothing_on_its_way(subjects.iter().map(Whose::Subject))
                    .await?,
        })
    }

    /// Lets no marketing go to addresses.
    pub(crate) async fn suppress(
        &self,
        addresses: &[Address],
        source: &str,
    ) -> Result<Suppressed, Failure> {
        let digester = self.store.digester();
        let (consents, now) = (self.store.consents(), self.clock.now());
        let digests = addresses.iter();
        let digests: Vec<_> = digests.map(|Address(one)| digester.address(one)).collect();
        let mut new = 0;
        for address in &digests {
            let suppressed = consents.suppress(address, now, source);
            new += usize::from(suppressed.map_err(Failure::run)?);
        }
        self.wake();
        Ok(Suppressed {
            addresses: addresses.len(),
            new,
            nothing_on_its_way: self
                .nothing_on_its_way(digests.iter().map(Whose::Address))
                .await?,
        })
    }

    /// Tells the workers that deliveries changed.
    pub(crate) fn wake(&self) {
        if let (Some(queue), Some(policies)) = (self.queue, &self.policies) {
            for recipient in policies.recipients() {
                queue.committed(&recipient.id);
            }
        }
    }
}
